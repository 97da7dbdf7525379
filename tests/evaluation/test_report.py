import base64
import dataclasses
import html.parser
import io
import itertools
import json
import re

import numpy as np
import pytest
from PIL import Image

from dlkit.evaluation import page as page_module
from dlkit.evaluation.predictions import ValuePredictions
from dlkit.evaluation.report import write_report
from tests.evaluation.made_up import HOSTILE, four_rows, from_probabilities, many_rows

_METRICS = {
    "validation": {"accuracy": 0.9},
    "test": {"accuracy": 0.85},
    "baseline": {"accuracy": 0.8},
    "train_seconds": 5.0,
    "peak_memory_mb": 900.0,
}
_HISTORY = {"loss": [1.0, 0.5], "val_loss": [1.1, 0.6]}


class _Page(html.parser.HTMLParser):
    """What a browser would find: tags, attributes, text of scripts and the rest."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self.text, self._script = [], [], "", False
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self._script = tag == "script"
        if self._script:
            self.scripts.append("")

    def handle_endtag(self, tag):
        self._script = self._script and tag != "script"

    def handle_data(self, data):
        if self._script:
            self.scripts[-1] += data
        else:
            self.text += data

    def count(self, tag):
        return sum(name == tag for name, _ in self.tags)


@pytest.fixture(autouse=True)
def _small_plotly(monkeypatch):
    """Stands in for five megabytes of script in every page."""
    monkeypatch.setattr(page_module, "get_plotlyjs", lambda: "var Plotly = 1;\r\n")


def _write(path, **given):
    options = {
        "title": "A run",
        "settings": {"epochs": 2},
        "metrics": _METRICS,
        "history": _HISTORY,
        "predictions": [four_rows()],
        "notes": ["A note."],
    }
    write_report(path, **options | given)
    return _Page(path.read_text("utf-8"))


def test_the_page_has_all_its_parts(tmp_path):
    page = _write(tmp_path / "report.html")
    for part in ("A run", "A note.", "0.8500", "Training", "Classes", "row 1", "epochs", "900 MB"):
        assert part in page.text
    for part in (
        "Confusion",
        "Reliability",
        "calibration error 0.4333",
        "right and wrong",
        "In scope",
    ):
        assert part in page.text
    assert "In scope or not" in page.text
    charts = [found for _, found in page.tags if "data-figure" in found]
    assert [found["data-figure"] for found in charts] == ["0", "1", "2", "3", "4"]
    assert len(json.loads(page.scripts[0])) == 5


def test_headings_and_tables_are_accessible(tmp_path):
    page = _write(tmp_path / "report.html")
    names = [tag for tag, _ in page.tags]
    levels = [int(tag[1]) for tag in names if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
    assert page.count("caption") == page.count("table") > 0
    assert all("scope" in found for tag, found in page.tags if tag == "th")
    assert dict(page.tags)["html"] == {"lang": "en"}
    ids = [found["id"] for _, found in page.tags if "id" in found]
    assert len(ids) == len(set(ids))


def test_the_page_needs_no_network(tmp_path):
    page = _write(tmp_path / "report.html")
    for _, found in page.tags:
        assert "src" not in found
        assert found.get("href", "#").startswith("#")
    assert page.count("link") == 0


def test_hostile_text_stays_text(tmp_path):
    head = from_probabilities([[0.9, 0.1]], [1], (HOSTILE, f"b{HOSTILE}"), [HOSTILE], HOSTILE)
    values = ValuePredictions(HOSTILE, [1.0, 2.0], [1.5, 2.5], [HOSTILE, HOSTILE])
    page = _write(
        tmp_path / "report.html",
        title=HOSTILE,
        settings={HOSTILE: HOSTILE},
        metrics={"validation": {HOSTILE: {HOSTILE: HOSTILE}}, "baseline": {HOSTILE: {"a": 1.0}}},
        history={HOSTILE: [1.0]},
        predictions=[head, values],
        notes=[HOSTILE],
    )
    assert page.count("img") == 0
    assert page.count("script") == 3  # the figures, plotly and ours
    assert not [name for _, found in page.tags for name in found if name.startswith("on")]
    assert page.text.count(HOSTILE) > 10
    assert not re.search("[<>&]", page.scripts[0])
    drawn = json.dumps(json.loads(page.scripts[0]))
    assert "<img" not in drawn
    assert "<script" not in drawn


def test_only_our_scripts_may_run(tmp_path):
    page = _write(tmp_path / "report.html")
    (policy,) = [found["content"] for _, found in page.tags if "http-equiv" in found]
    assert "default-src 'none'" in policy
    for script in page.scripts[1:]:
        assert page_module._content_hash(script) in policy
    scripts_allowed = policy.partition("script-src")[2]
    assert "unsafe" not in scripts_allowed


def test_mistakes_are_shown_as_pictures(tmp_path):
    pixels = np.arange(4 * 12, dtype=np.uint8).reshape(4, 2, 2, 3)
    head = dataclasses.replace(four_rows(), pictures=pixels)
    page = _write(tmp_path / "report.html", predictions=[head])
    [address] = [found["src"] for tag, found in page.tags if tag == "img"]
    assert address.startswith("data:image/png;base64,")
    shown = Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))
    np.testing.assert_array_equal(np.asarray(shown), pixels[1])  # wrong and sure
    gray = dataclasses.replace(four_rows(), pictures=pixels[..., :1])
    assert _write(tmp_path / "report.html", predictions=[gray]).count("img") == 1


def test_several_heads_are_linked(tmp_path):
    values = ValuePredictions("price", [1.0, 4.0], [1.5, 2.0], ["row near", "row far"])
    page = _write(tmp_path / "report.html", predictions=[many_rows(), values])
    assert {"#head-1", "#head-2"} <= {found.get("href") for _, found in page.tags}
    assert page.text.index("row far") < page.text.index("row near")  # the largest error first
    assert len(json.loads(page.scripts[0])) == 5


def test_sections_without_rows(tmp_path):
    unlabelled = from_probabilities([[0.9, 0.1]], [-1])
    values = ValuePredictions("price", [np.nan], [1.5], ["x"])
    page = _write(
        tmp_path / "report.html",
        predictions=[unlabelled, values],
        metrics={},
        history={},
        notes=[],
        settings={},
    )
    assert page.text.count("No row has a label.") == 2
    assert "No numbers." in page.text
    assert json.loads(page.scripts[0]) == []


def test_long_texts_are_cut(tmp_path):
    head = from_probabilities([[0.9, 0.1]], [1], texts=["x" * 5000])
    page = _write(tmp_path / "report.html", predictions=[head])
    assert "x" * 399 + "…" in page.text
    assert "x" * 400 not in page.text


def test_broken_unicode_is_written(tmp_path):
    assert "A ? run" in _write(tmp_path / "report.html", title="A \ud800 run").text


def test_a_failed_write_keeps_the_old_page(tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("old")

    def fail(*_):
        raise OSError("disk full")

    monkeypatch.setattr(page_module.os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        _write(path)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]


def test_the_whole_of_plotly_is_embedded(tmp_path, monkeypatch):
    monkeypatch.undo()
    _write_path = tmp_path / "report.html"
    write_report(
        _write_path,
        title="A run",
        settings={},
        metrics=_METRICS,
        history=_HISTORY,
        predictions=[],
        notes=[],
    )
    text = _write_path.read_text("utf-8")
    assert text.count("plotly.js v") == 1
    assert len(text) > 1_000_000
