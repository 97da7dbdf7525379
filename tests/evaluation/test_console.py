import io

import numpy as np
from rich.console import Console

from dlkit.evaluation.predictions import ValuePredictions
from dlkit.evaluation.report import print_report
from tests.evaluation.made_up import four_rows, from_probabilities, many_rows

_METRICS = {"validation": {"accuracy": 0.9}, "baseline": {"accuracy": 0.8}, "train_seconds": 5}


def _printed(predictions, metrics=_METRICS, width=160):
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    print_report(console, metrics=metrics, predictions=predictions)
    return out.getvalue()


def test_summary_classes_and_mistakes():
    text = _printed([four_rows()])
    assert "0.9000" in text
    assert "0.8000" in text
    assert "training time: 5.0 s" in text
    assert "head: classes, worst first" in text
    assert "row 1" in text
    assert "row 0" not in text  # it was answered right


def test_many_classes_show_both_ends_and_five_mistakes():
    text = _printed([many_rows()])
    assert "worst classes" in text
    assert "best classes" in text
    assert text.count("row ") == 5


def test_markup_and_terminal_codes_are_text():
    hostile = "[bold red]hi[/] \x1b[2J [link=x]"
    head = from_probabilities([[0.9, 0.1]], [1], ("[red]a", "[/b]"), [hostile], "[i]name")
    text = _printed([head])
    assert "[bold red]hi[/]  [2J [link=x]" in text
    assert "\x1b[2J" not in text
    assert "[red]a" in text
    assert "[/b]" in text
    assert "[i]name" in text


def test_nothing_to_print():
    unlabelled = from_probabilities([[0.9, 0.1]], [-1])
    values = ValuePredictions("v", [np.nan], [1.0], ["x"])
    assert _printed([unlabelled, values], {}) == ""


def test_a_narrow_terminal_is_enough():
    assert "accuracy" in _printed([many_rows()], width=40)
