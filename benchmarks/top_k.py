"""How fast the best items are found: exactly in the served graph, and by an approximate index.

First an exported recommender of 10,000 items with random weights, asked through its SavedModel for
the best 20 after a history of 50, one request at a time. Then 1,000,000 vectors: all of them
scored by NumPy beside an approximate index (pip install "dlkit[index]"), with the share of the
exact best 20 that the index finds. Times are wall times; the machine should have nothing else to
do.

    python benchmarks/top_k.py
"""

import dataclasses
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import tyro

_AT, _HISTORY = 20, 50


@dataclasses.dataclass(frozen=True)
class Options:
    """Measure the finding of the best items."""

    items: int = 10_000
    """Items of the exported model."""

    vectors: int = 1_000_000
    """Vectors of the index; 0 leaves that part out."""

    dim: int = 64
    """Size of the vectors of the index."""

    clusters: int = 20_000
    """Around so many points lie the vectors, as items of like kind do."""

    requests: int = 200
    """Requests that are timed."""

    index: Path | None = None
    """File that keeps the index, which takes long to build."""

    threads: int = 1
    """Threads of a request."""


def main(options: Options) -> None:
    """Prints the times."""
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[variable] = str(options.threads)
    _exact(options)
    if options.vectors:
        _approximate(options)


def _exact(options: Options) -> None:
    import tensorflow as tf

    from dlkit.networks.set_encoder import set_encoder
    from dlkit.serving.retrieval_export import export_retrieval
    from dlkit.tasks.item_scores import ItemScores, recommending_model

    draw = np.random.default_rng(0)
    ids = [f"item-{number}" for number in range(options.items)]
    layer = ItemScores(
        items=options.items,
        dim=128,
        neighbours=200,
        encoder=set_encoder(input_shape=(None, 128)),
        longest=100,
        name="item_scores",
    )
    layer.build()
    layer.vectors.assign(draw.normal(size=layer.vectors.shape))
    layer.neighbour_numbers.assign(draw.integers(options.items, size=(options.items, 200)))
    layer.neighbour_weights.assign(draw.normal(size=layer.neighbour_weights.shape))
    model = recommending_model(layer, ids, at=_AT)
    with tempfile.TemporaryDirectory() as folder:
        path = export_retrieval(model, Path(folder), version=1, ids=ids)
        serve = tf.saved_model.load(str(path)).signatures["serving_default"]
        histories = [tf.constant([draw.choice(ids, _HISTORY)]) for _ in range(options.requests)]
        milliseconds = _times(lambda history: serve(history=history), histories)
    _say(f"exact, {options.items:,} items in the graph", milliseconds)


def _approximate(options: Options) -> None:
    from dlkit.serving.item_index import ItemIndex

    draw = np.random.default_rng(0)
    centres = draw.normal(size=(options.clusters, options.dim)).astype(np.float32)
    vectors = centres[draw.integers(options.clusters, size=options.vectors)]
    vectors += 0.5 * draw.normal(size=vectors.shape).astype(np.float32)
    queries = vectors[draw.integers(options.vectors, size=options.requests)]
    queries = queries + 0.5 * draw.normal(size=queries.shape).astype(np.float32)
    if options.index is not None and options.index.exists():
        index = ItemIndex.load(options.index, options.dim)
    else:
        start = time.perf_counter()
        index = ItemIndex(options.dim)
        index.add(vectors)
        print(f"index built in {time.perf_counter() - start:.0f} s", flush=True)
        if options.index is not None:
            index.save(options.index)
    _say(
        f"exact, {options.vectors:,} vectors by NumPy",
        _times(lambda query: _best(vectors, query), queries[:20]),
    )
    for least in (0.9, 0.95, 0.98):
        recall = index.widen(vectors, queries, at=_AT, least=least)
        milliseconds = _times(lambda query: index.find(query[None], _AT), queries)
        _say(f"index, recall@{_AT} {recall:.4f}", milliseconds)


def _best(vectors: np.ndarray, query: np.ndarray) -> list[int]:
    return np.argpartition(-(vectors @ query), _AT)[:_AT].tolist()


def _times(answer: Callable[[Any], Any], questions: Any) -> list[float]:
    for question in questions[:5]:
        answer(question)
    milliseconds = []
    for question in questions:
        start = time.perf_counter()
        answer(question)
        milliseconds.append(1000 * (time.perf_counter() - start))
    return milliseconds


def _say(what: str, milliseconds: list[float]) -> None:
    slowest = np.quantile(milliseconds, 0.99)
    print(f"{what}: median {median(milliseconds):.2f} ms, 99 % {slowest:.2f} ms", flush=True)


if __name__ == "__main__":
    main(tyro.cli(Options))
