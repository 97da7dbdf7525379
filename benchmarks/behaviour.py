r"""What a sentiment model makes of negation, narrowing losses, numbers, questions and boilerplate.

`behaviour.csv` has pairs of texts in English and Chinese that differ in what matters, or only in
boilerplate. A pair is right if both of its texts get their sentiment. The models learn from the
training rows of twitter_fin_sentiment, from all of zh_fin_news_dated, which knows no neutral
headline, and from the bundled posts; then once more with the rows of `apps.sentiment contrasts`
besides, which share phrases with the pairs but no text. No pair is learned from or chosen on. The
last lines are the accuracies on the real rows that were held out for validation.

    python benchmarks/behaviour.py --data-folder DATA --folder behaviour-benchmark \
        --models wide_and_deep --models "bert --pretrained minilm"

What is trained is kept in the folder: a second call only asks again.
"""

import csv
import dataclasses
import hashlib
import json
import os
import shlex
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Annotated

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.json as pa_json
import pyarrow.parquet as pq
import tyro

_TWITTER = {"0": "negative", "1": "positive", "2": "neutral"}
_CHINESE = {"0": "negative", "1": "positive"}
_POSTS = Path(__file__).parents[1] / "apps" / "sentiment" / "sample"
_SVC = "LinearSVC"
_CONTRASTS = "contrasts.jsonl"


@dataclasses.dataclass(frozen=True)
class Options:
    """Ask models about pairs of texts."""

    data_folder: Path
    """Folder of the data sets."""

    folder: Path
    """Where rows and runs are kept."""

    models: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = (
        "sentence_encoder --pretrained multilingual --epochs 2",
    )
    """A network and more options of `train`; give it several times."""


def main(options: Options) -> None:
    """Trains what is not in the folder yet, then prints the table."""
    options.folder.mkdir(parents=True, exist_ok=True)
    rows = _write_rows(options)
    with (Path(__file__).parent / "behaviour.csv").open(encoding="utf-8", newline="") as file:
        pairs = list(csv.DictReader(file))
    texts = [pair[column] for pair in pairs for column in ("text", "other_text")]
    _call(options, ["contrasts", "--output", _CONTRASTS])
    digest = hashlib.sha256((options.folder / _CONTRASTS).read_bytes()).hexdigest()
    named = f"contrasts-{digest[:8]}.jsonl"  # a run is told by what it learned
    (options.folder / _CONTRASTS).replace(options.folder / named)
    made = pa_json.read_json(options.folder / named).select(["text", "sentiment"])
    learned = pq.read_table(rows)
    answers = {
        _SVC: _linear(learned, texts),
        f"{_SVC}, contrasts": _linear(pa.concat_tables([learned, made]), texts),
    }
    taught = {f"{model}, contrasts": f"{model} --training-data {named}" for model in options.models}
    ours = {model: model for model in options.models} | taught
    for name, model in ours.items():
        answers[name] = _ours(options, rows, model, texts)
    print(_table(pairs, answers))
    for name, model in ours.items():
        print(f"{name}: {_validation_accuracy(options, model):.1%} of the validation rows")


def _write_rows(options: Options) -> Path:
    twitter = _read(options.data_folder / "twitter_fin_sentiment" / "train.csv.gz")
    chinese = _read(options.data_folder / "zh_fin_news_dated" / "news_seed.csv.gz")
    posts = pa.concat_tables([pa_json.read_json(path) for path in sorted(_POSTS.glob("*.jsonl"))])
    parts = [
        (twitter["text"], [_TWITTER[label] for label in twitter["label"].to_pylist()]),
        (chinese["title"], [_CHINESE[label] for label in chinese["label"].to_pylist()]),
        (posts["text"], posts["sentiment"]),
    ]
    tables = [pa.table({"text": texts, "sentiment": labels}) for texts, labels in parts]
    path = (options.folder / "rows.parquet").resolve()
    pq.write_table(pa.concat_tables(tables), path)
    return path


def _read(path: Path) -> pa.Table:
    names = ("text", "title", "label")
    convert = pa_csv.ConvertOptions(column_types={name: pa.string() for name in names})
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    return pa_csv.read_csv(path, convert_options=convert, parse_options=parse)


def _linear(rows: pa.Table, texts: list[str]) -> list[str]:
    from dlkit.evaluation.baselines import TfidfBaseline

    table = rows.to_pydict()
    return TfidfBaseline("svc").fit(table["text"], table["sentiment"]).predict(texts).tolist()


def _ours(options: Options, rows: Path, model: str, texts: list[str]) -> list[str]:
    network, *arguments = shlex.split(model)
    run = _run(model)
    if not (options.folder / run / "report.html").exists():
        named = ["--data", str(rows), "--network", network, *arguments, "--run-dir", run]
        _call(options, ["train", *named, "--test-fraction", "0", "--no-baseline"])
    asked = "".join(json.dumps({"text": text}) + "\n" for text in texts)
    (options.folder / "asked.jsonl").write_text(asked, encoding="utf-8")
    found = _call(options, ["predict", "--run", run, "--input", "asked.jsonl"])
    answers = [json.loads(line) for line in found.splitlines()]
    return [answer.get("sentiment_label", answer.get("label")) for answer in answers]


def _run(model: str) -> str:
    return "-".join(shlex.split(model)).replace("--", "").replace("/", "-")


def _validation_accuracy(options: Options, model: str) -> float:
    metrics = json.loads((options.folder / _run(model) / "metrics.json").read_text())
    return float(metrics["validation"]["accuracy"])


def _call(options: Options, arguments: list[str]) -> str:
    root = Path(__file__).resolve().parents[1]
    paths = os.pathsep.join(filter(None, [str(root), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "apps.sentiment", *arguments]
    environment = {**os.environ, "PYTHONPATH": paths}
    return subprocess.run(
        command, check=True, cwd=options.folder, env=environment, stdout=subprocess.PIPE, text=True
    ).stdout


def _table(pairs: list[dict[str, str]], answers: dict[str, list[str]]) -> str:
    """Formats the share of right pairs by kind and language as Markdown."""
    groups: dict[str, list[int]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        for group in (f"{pair['kind']}, {pair['language']}", pair["language"], "all"):
            groups[group].append(place)
    lines = ["| pairs | " + " | ".join(answers) + " |", "|---" * (len(answers) + 1) + "|"]
    for group, places in groups.items():
        shares = [
            sum(_is_right(pairs[place], found[2 * place : 2 * place + 2]) for place in places)
            for found in answers.values()
        ]
        cells = [f"{100 * share / len(places):.0f} %" for share in shares]
        lines.append(f"| {group} ({len(places)}) | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _is_right(pair: dict[str, str], found: list[str]) -> bool:
    return found == [pair["sentiment"], pair["other_sentiment"]]


if __name__ == "__main__":
    main(tyro.cli(Options))
