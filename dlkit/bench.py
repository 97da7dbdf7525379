"""What this machine reaches: matrix products, data, training steps and answers."""

import json
import random
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
import tensorflow as tf
from rich import box
from rich.console import Console
from rich.table import Table

from dlkit.data.pipeline import Rows, steps_per_epoch, tokenize, tokenized_rows, training_batches
from dlkit.networks import TextSizes, text_network
from dlkit.networks.recommended import Recommended
from dlkit.serving.export import export_text_model
from dlkit.settings import TextTraining
from dlkit.tasks import (
    Classification,
    answering_model,
    compiled_answers,
    encode_targets,
    join_heads,
)
from dlkit.text.tokenizer import Tokenizer
from dlkit.training.devices import prepare_devices
from dlkit.training.flops import count_flops
from dlkit.training.optimizers import TableAdam

_MATRIX = 2048
_PRODUCTS = 20
_CLASSES = 50
_WORDS = 5000
_WARM_UP = 5


class Figure(NamedTuple):
    """One measurement."""

    name: str
    value: float
    unit: str


def measure(*, rows: int, steps: int, calls: int) -> list[Figure]:
    """Measures this machine with the default network of texts on made-up rows.

    Args:
        rows: Texts that are tokenized and batched.
        steps: Training steps that are timed.
        calls: Timed calls of each way to get an answer to one text.

    Returns:
        Rates and times. The floating-point operations of a training step are those of the matrix
        products and convolutions in its graph, forward and backward, read off their shapes.
    """
    settings, batch_size = TextTraining(), Recommended().batch_size
    prepare_devices(seed=0, deterministic=False, mixed_precision=False)
    rate = matrix_rate()
    texts, labels = made_up_rows(rows)
    task = Classification(name="label", classes=sorted(set(labels)))
    tokenizer = Tokenizer(max_words=settings.max_words)
    tokenizer.adapt(texts)
    sizes = TextSizes(tokenizer.token_count, tokenizer.subword_count, tokenizer.ngram_count)
    heads = join_heads(text_network(settings.network, sizes=sizes), [task])
    targets = encode_targets([task], {"label": labels})

    def read(batch: tf.Tensor) -> dict[str, tf.Tensor]:
        ids = tokenizer(batch)
        return {name: ids[name] for name in heads.input}

    start = time.perf_counter()
    data = tokenized_rows(tokenize(read, texts), *targets)
    tokenized = rows / (time.perf_counter() - start)
    heads.compile(TableAdam(1e-3), {"label": task.loss}, jit_compile=False)
    step, flops = step_time(heads, data, batch_size, steps)
    model = answering_model(tokenizer, heads, [task])
    return [
        Figure(f"product of float32 matrices of {_MATRIX}", rate / 1e9, "GFLOP/s"),
        Figure("tokenizing", tokenized, "rows/s"),
        Figure("shuffling, bucketing and batching", batch_rate(data, batch_size), "rows/s"),
        Figure(f"training step of {settings.network}", 1e3 * step, "ms"),
        Figure("rows learned from", batch_size / step, "rows/s"),
        Figure("products and convolutions of a step", flops / 1e9, "GFLOP"),
        Figure("share of the rate of matrices", 100 * flops / step / rate, "%"),
        *latencies(model, texts, calls),
    ]


def matrix_rate() -> float:
    """Returns the float32 operations a second of a product of square matrices."""
    matrix = tf.random.stateless_normal((_MATRIX, _MATRIX), seed=(0, 0))
    product = tf.function(lambda x: tf.reduce_sum(tf.matmul(x, x)))
    times = _times(lambda: product(matrix).numpy(), _PRODUCTS)  # read back: a GPU must be done
    return 2 * _MATRIX**3 / float(np.median(times))


def made_up_rows(count: int) -> tuple[list[str], list[str]]:
    """Returns texts of 3 to 20 made-up words, rare and frequent as in a language, and labels."""
    draw = random.Random(0)
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = ["".join(draw.choices(letters, k=draw.randint(2, 10))) for _ in range(_WORDS)]
    weights = [1 / rank for rank in range(1, _WORDS + 1)]
    texts = [" ".join(draw.choices(words, weights, k=draw.randint(3, 20))) for _ in range(count)]
    return texts, [f"class {number % _CLASSES}" for number in range(count)]


def batch_rate(rows: Rows, batch_size: int) -> float:
    """Returns the rows a second that an epoch of the input pipeline gives."""
    start = time.perf_counter()
    for _ in training_batches(rows, batch_size=batch_size, epochs=1, seed=0):
        pass
    return len(rows.lengths) / (time.perf_counter() - start)


def step_time(heads: keras.Model, rows: Rows, batch_size: int, steps: int) -> tuple[float, int]:
    """Times training steps on the batch of the middle length.

    Returns:
        The median in seconds, and the floating-point operations of one.
    """
    batches = training_batches(rows, batch_size=batch_size, epochs=1, seed=0)
    batches = batches.take(steps_per_epoch(rows, batch_size) - 1)  # the last may be smaller
    by_size = sorted(batches, key=lambda batch: sum(x.shape[1] for x in batch[0].values()))
    batch = by_size[len(by_size) // 2]
    heads.train_on_batch(*batch)  # makes optimizer and metrics
    step = tf.function(heads.train_step).get_concrete_function(batch)
    times = _times(lambda: [value.numpy() for value in tf.nest.flatten(step(batch))], steps)
    return float(np.median(times)), count_flops(step.graph)


def latencies(model: keras.Model, texts: Sequence[str], calls: int) -> list[Figure]:
    """Times each way to get the answers of a model to one text."""
    compiled = compiled_answers(model)
    with tempfile.TemporaryDirectory() as folder:
        path = export_text_model(model, Path(folder), version=1, probes=texts[:10])
        served = tf.saved_model.load(str(path)).signatures["serving_default"]
    ways: dict[str, Callable[[tf.Tensor], Any]] = {
        "model(text)": lambda text: model(text, training=False),
        "model.predict": lambda text: model.predict(text, verbose=0),
        "compiled function": compiled,
        "SavedModel": lambda text: served(text=text),
    }
    figures = []
    for name, answer in ways.items():
        times = _answer_times(answer, texts, calls)
        figures += [
            Figure(f"{name}, one text, p{part}", 1e3 * float(np.percentile(times, part)), "ms")
            for part in (50, 99)
        ]
    return figures


def print_table(console: Console, figures: Sequence[Figure]) -> None:
    """Prints the measurements."""
    table = Table(box=box.SIMPLE, show_header=False)
    for justify in ("left", "right", "left"):
        table.add_column(justify=justify)
    for figure in figures:
        table.add_row(figure.name, f"{figure.value:,.{_digits(figure.value)}f}", figure.unit)
    console.print(table)


def as_json(figures: Sequence[Figure]) -> str:
    """Returns the measurements as indented JSON."""
    return json.dumps([figure._asdict() for figure in figures], indent=2)


def _times(call: Callable[[], Any], count: int) -> list[float]:
    """Returns the seconds of each call, after some that warm up."""
    for _ in range(_WARM_UP):
        call()
    times = []
    for _ in range(count):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return times


def _answer_times(answer: Callable, texts: Sequence[str], calls: int) -> list[float]:
    inputs = iter([tf.constant([texts[i % len(texts)]]) for i in range(calls + _WARM_UP)])
    return _times(lambda: _read(answer(next(inputs))), calls)


def _read(answers: dict[str, Any]) -> list[np.ndarray]:
    return [np.asarray(value) for value in answers.values()]


def _digits(value: float) -> int:
    return max(0, 2 - int(np.log10(max(value, 1e-9))))
