"""Latency and throughput of an exported text model, beside scikit-learn's pipeline and fastText.

All models learn from the same rows and answer the same texts in the same process, one after the
other: in turns, each call would find the caches and threads that another model left.

    python -m apps.intent train --data banking77/train.csv.gz --label-column category ...
    python -m apps.intent export
    python benchmarks/inference.py --model saved_models/intent/1 --train banking77/train.csv.gz \
        --test banking77/test.csv.gz --label-column category
"""

import dataclasses
import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tyro


@dataclasses.dataclass(frozen=True)
class Options:
    """Compare the time of answers."""

    model: Path
    """Folder of a version that `export` wrote."""

    train: Path
    """Rows that the peers learn from."""

    test: Path
    """Rows that all models answer."""

    text_column: str = "text"
    """Column of the texts."""

    label_column: str = "label"
    """Column of the labels."""

    repeats: int = 500
    """Timed calls of each model and batch size."""

    threads: int = 2
    """Threads of every library."""


def main(options: Options) -> None:
    """Prints medians, 99th percentiles and ratios."""
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[variable] = str(options.threads)
    from dlkit.data.tables import read_table

    columns = {"text": options.text_column, "label": options.label_column}
    train, test = read_table(options.train, columns), read_table(options.test, columns)
    texts = test["text"].to_pylist()
    models = {
        "exported model": _exported(options.model),
        "scikit-learn pipeline": _linear(train["text"].to_pylist(), train["label"].to_pylist()),
        "fastText": _fasttext(train["text"].to_pylist(), train["label"].to_pylist()),
    }
    print("| model | texts in a call | median ms | p99 ms | texts a second | to the export |")
    print("|---|---|---|---|---|---|")
    for size in (1, 64):
        rng = np.random.default_rng(0)
        batches = [
            [texts[i] for i in rng.integers(len(texts), size=size)] for _ in range(options.repeats)
        ]
        seconds = _timed(models, batches)
        export = np.median(seconds["exported model"])
        for name, values in seconds.items():
            median, p99 = np.median(values), np.percentile(values, 99)
            print(
                f"| {name} | {size} | {1e3 * median:.3f} | {1e3 * p99:.3f} | "
                f"{size / median:,.0f} | {median / export:.2f}x |"
            )


def _timed(models: dict[str, Callable], batches: list[list[str]]) -> dict[str, np.ndarray]:
    """Times every model on every batch, a model at a time and warm, as one is served."""
    seconds = {}
    for name, answer in models.items():
        for batch in batches[:20]:
            answer(batch)
        times = []
        for batch in batches:
            start = time.perf_counter()
            answer(batch)
            times.append(time.perf_counter() - start)
        seconds[name] = np.array(times)
    return seconds


def _exported(folder: Path) -> Callable[[list[str]], object]:
    import tensorflow as tf

    serve = tf.saved_model.load(str(folder)).signatures["serving_default"]
    return lambda batch: {k: v.numpy() for k, v in serve(text=tf.constant(batch)).items()}


def _linear(texts: list[str], labels: list[str]) -> Callable[[list[str]], object]:
    from dlkit.evaluation.baselines import TfidfBaseline

    return TfidfBaseline("logreg").fit(texts, labels).predict


def _fasttext(texts: list[str], labels: list[str]) -> Callable[[list[str]], object]:
    from fasttext_peer import train_fasttext

    return train_fasttext(texts, labels).predict


if __name__ == "__main__":
    main(tyro.cli(Options))
