"""What a search found, as `search.json` keeps it and page and terminal show it."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from dlkit.tuning.importance import importances
from dlkit.tuning.retraining import Retrained, summarize
from dlkit.tuning.search import DEFAULTS, Search


class Table(NamedTuple):
    """Cells to show under their columns."""

    title: str
    columns: list[str]
    rows: list[list[str]]


def search_summary(search: Search, retrained: Retrained) -> dict[str, Any]:
    """Collects what a search found.

    Returns:
        An object that JSON can hold: the trials, the finalists with their scores, the winner, the
        importances and the numbers of the retrainings.
    """
    standings = search.standings()
    trials = [{k: v for k, v in r.items() if k != "history"} for r in search.trials]
    done = [record for record in trials if record["status"] == "completed"]
    return {
        "seconds": round(search.seconds, 1),
        "trials": trials,
        "finalists": standings,
        "winner": standings[0]["trial"],
        "pareto": [record["trial"] for record in pareto(done)],
        "importances": importances(
            search.space.hyperparameters, done, seed=search.space.settings.seed
        ),
        "retrainings": {"seeds": retrained.seeds, **summarize(retrained.metrics)},
    }


def pareto(records: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Returns the trials that no other beats in objective and cost, the cheapest first."""
    if any(record["cost"] is None for record in records):
        return []
    best: list[Mapping[str, Any]] = []
    for record in sorted(records, key=lambda r: (r["cost"], -r["objective"])):
        if not best or record["objective"] > best[-1]["objective"]:
            best.append(record)
    return best


def summary_tables(summary: Mapping[str, Any], *, objective: str, cost: str) -> list[Table]:
    """Returns the tables of the page and the terminal."""
    tables = [
        _trial_table("trials, best first", summary["trials"], summary, objective, cost),
        _finalist_table(summary),
    ]
    if summary["pareto"]:
        chosen = [r for r in summary["trials"] if r["trial"] in summary["pareto"]]
        chosen.sort(key=lambda record: record["cost"])
        title = f"Pareto front of {objective} and {cost}, cheapest first"
        tables.append(_trial_table(title, chosen, summary, objective, cost, in_order=True))
    if summary["importances"]:
        rows = [[name, f"{share:.1%}"] for name, share in summary["importances"].items() if share]
        tables.append(Table("importance of each hyperparameter", ["name", "share"], rows))
    return [*tables, _retraining_table(summary["retrainings"])]


def _trial_table(
    title: str,
    records: Sequence[Mapping[str, Any]],
    summary: Mapping[str, Any],
    objective: str,
    cost: str,
    *,
    in_order: bool = False,
) -> Table:
    if not in_order:
        records = sorted(records, key=lambda r: -r.get("score", float("-inf")))
    defaults: Mapping[str, Any] = next(
        (r["values"] for r in summary["trials"] if r["trial"] == DEFAULTS), {}
    )
    with_cost = cost != "none"
    rows = []
    for record in records:
        done = record["status"] == "completed"
        cells = [_marked(record["trial"], summary["winner"])]
        cells.append(f"{abs(record['objective']):.4f}" if done else record["status"])
        if with_cost:
            cells += [f"{record['cost']:.2f}", f"{record['score']:.4f}"] if done else ["", ""]
        cells.append(f"{record['seconds']:.0f}")
        cells.append(described(record["values"], defaults) if done else record["message"])
        rows.append(cells)
    unit = {"latency": "ms", "size": "MB"}.get(cost, "")
    extra = [unit, "score"] if with_cost else []
    return Table(title, ["trial", objective, *extra, "seconds", "other than the defaults"], rows)


def _finalist_table(summary: Mapping[str, Any]) -> Table:
    rows = [
        [
            _marked(row["trial"], summary["winner"]),
            f"{row['score']:.4f}",
            "  ".join(f"{score:.4f}" for score in row["scores"]),
        ]
        for row in summary["finalists"]
    ]
    return Table("finalists, on several splits", ["trial", "mean score", "scores"], rows)


def _retraining_table(retrainings: Mapping[str, Any]) -> Table:
    parts = {part: found for part, found in retrainings.items() if part != "seeds"}
    rows = []
    for part, found in parts.items():
        flat = "mean" in next(iter(found.values()))
        heads = {"": found} if flat else found
        for head, numbers in heads.items():
            for name, value in numbers.items():
                spread = "" if value["spread"] is None else f" ± {value['spread']:.4f}"
                label = " ".join(filter(None, [part, head, name])).replace("_", " ")
                rows.append([label, f"{value['mean']:.4f}{spread}"])
    count = len(retrainings["seeds"])
    return Table(f"the winner with {count} seeds", ["metric", "mean ± spread"], rows)


def described(values: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    """Names the values that differ from the defaults; of Hyperband's own, the epochs."""
    shown = {name.replace("tuner/epochs", "epochs"): v for name, v in values.items()}
    different = {
        name: v
        for name, v in shown.items()
        if defaults.get(name) != v and not name.startswith("tuner/")
    }
    parts = [f"{name} {short(value)}" for name, value in different.items()]
    return ", ".join(parts) or "the defaults"


def short(value: Any) -> str:
    """Writes a value of a hyperparameter."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _marked(trial: str, winner: str) -> str:
    name = str(int(trial))
    return f"{name} *" if trial == winner else name
