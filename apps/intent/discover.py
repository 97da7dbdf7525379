"""The verb `discover`: questions without a label, grouped into candidate intents."""

import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dlkit.app import TextApp
from dlkit.errors import InputError
from dlkit.runs import existing_run, named_or_new_folder, saved_settings
from dlkit.text_verbs import load_text_model

if TYPE_CHECKING:
    from dlkit.training.discovery import Discovery


@dataclasses.dataclass(frozen=True)
class Discover:
    """Group questions without a label into candidate intents, as rows to learn from."""

    input: str
    """File of rows whose text column is grouped; labels in it are not looked at."""

    text_column: str | None = None
    """Column of the texts in --input; without it the one that the run was trained with."""

    run: Path | None = None
    """Folder of the run; without it runs/intent/latest."""

    rejected_only: bool = False
    """Leaves out what the run has an answer for: only questions out of scope are grouped."""

    groups: int = 0
    """How many groups; 0 takes as many as are best apart."""

    method: Literal["deep", "kmeans", "density"] = "deep"
    """Deep embedded clustering, k-means, or density clustering (HDBSCAN), which finds the number of
    groups by itself and leaves rows out."""

    seed: int = 0
    """Seeds what is random."""

    output: Path | None = None
    """Folder of what is written; without it runs/intent/discoveries/TIME-METHOD."""

    def __post_init__(self) -> None:
        if self.groups < 0 or self.groups == 1:
            msg = "`--groups` must be at least 2, or 0 to choose by itself. Received: "
            raise InputError(f"{msg}{self.groups}.")


def discover(app: TextApp, options: Discover) -> Path:
    """Groups the questions and returns the folder of what was written."""
    run = existing_run(app.name, options.run)
    settings = saved_settings(app.name, app.settings, run)
    from rich.console import Console

    from dlkit.data.tables import read_tables
    from dlkit.training.discovery import discover_groups

    column = options.text_column or settings.text_column
    texts = read_tables([options.input], {"text": column})["text"].to_pylist()
    model = load_text_model(app, run, settings)
    folder = named_or_new_folder(app.name, "discoveries", options.output, options.method)
    console = Console(stderr=True)
    with console.status("discovering") as status:
        found = discover_groups(
            model,
            model.get_layer("answers").tasks[0],
            texts,
            groups=options.groups,
            method=options.method,
            rejected_only=options.rejected_only,
            seed=options.seed,
            progress=status.update,
        )
    _write(folder, found, len(texts))
    _print(console, found, len(texts))
    for name in ("discovery.html", "discovered.jsonl"):
        print(f"{name.partition('.')[0]}: {folder / name}", flush=True)  # noqa: T201
    return folder


def _write(folder: Path, found: "Discovery", rows: int) -> None:
    from dlkit.evaluation.discovery import write_discovery_page
    from dlkit.training.run_folder import write_rows

    write_discovery_page(
        folder / "discovery.html",
        found.groups,
        title=f"Groups of {folder.name}",
        facts=_facts(found, rows),
        places=found.places,
        numbers=found.clusters.labels[found.points],
        texts=[found.texts[point] for point in found.points],
    )
    write_rows(
        folder / "discovered.jsonl",
        [
            {"text": text, "label": group.name, "group": number}
            for number, group in enumerate(found.groups, 1)
            for text in group.texts
        ],
    )


def _facts(found: "Discovery", rows: int) -> list[tuple[str, str]]:
    alone = int((found.clusters.labels < 0).sum())
    return [
        ("rows", f"{rows:,}"),
        ("texts grouped", f"{len(found.texts) - alone:,}"),
        ("groups", f"{len(found.groups)}"),
        ("silhouette", f"{found.clusters.quality:.2f}"),
    ]


def _print(console: Any, found: "Discovery", rows: int) -> None:
    from dlkit.evaluation.console import print_table

    columns = ["group", "rows", "rejected", "nearest known", "example"]
    shown = [
        [
            group.name,
            f"{len(group.texts):,}",
            f"{100 * group.rejected:.0f} %",
            f"{group.nearest} ({100 * group.nearest_share:.0f} %)",
            group.texts[0],
        ]
        for group in found.groups
    ]
    print_table(console, "candidate groups", columns, shown)
    for name, amount in _facts(found, rows):
        console.print(f"{name}: {amount}")
