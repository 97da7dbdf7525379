import io
import json

import numpy as np
import pytest
from rich.console import Console

from dlkit.bench import Figure, as_json, made_up_rows, measure, print_table


@pytest.fixture(scope="module")
def figures():
    return {figure.name: figure for figure in measure(rows=1000, steps=2, calls=2)}


def test_every_figure_is_a_positive_number(figures):
    assert all(np.isfinite(figure.value) and figure.value > 0 for figure in figures.values())
    ways = {name.split(",")[0] for name in figures if name.endswith("p99")}
    assert ways == {"model(text)", "model.predict", "compiled function", "SavedModel"}


def test_figures_agree_with_each_other(figures):
    step = figures["training step of wide_and_deep"].value / 1e3
    flops = figures["products and convolutions of a step"].value
    rate = figures["product of float32 matrices of 2048"].value
    assert figures["share of the rate of matrices"].value == pytest.approx(
        100 * flops / step / rate
    )
    assert figures["rows learned from"].value == pytest.approx(64 / step)


def test_rows_are_the_same_each_time():
    texts, labels = made_up_rows(200)
    assert (texts, labels) == made_up_rows(200)
    assert len(set(labels)) == 50
    lengths = [len(text.split()) for text in texts]
    assert (min(lengths), max(lengths)) == (3, 20)


def test_forms():
    figures = [Figure("rate", 1234.5678, "GFLOP/s"), Figure("step", 0.01234, "ms")]
    text = io.StringIO()
    print_table(Console(file=text, width=60), figures)
    assert "1,235" in text.getvalue()
    assert "0.012" in text.getvalue()
    assert json.loads(as_json(figures))[1] == {"name": "step", "value": 0.01234, "unit": "ms"}
