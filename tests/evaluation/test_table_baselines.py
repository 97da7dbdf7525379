import numpy as np
import pytest

from dlkit.evaluation.table_baselines import TableBaseline

COLUMNS = [("size", "number"), ("kind", "category"), ("day", "date"), ("note", "text")]
WORTH = {"a": 0.0, "b": 3.0}


def made(rows, seed):
    """Returns columns of which each counts, and the sum of what they say."""
    draw = np.random.default_rng(seed)
    size, day = draw.normal(size=rows).astype("float32"), draw.integers(1, 29, rows)
    kind, word = draw.choice(["a", "b"], rows), draw.choice(["cheap thing", "dear thing"], rows)
    target = size + np.array([WORTH[k] for k in kind]) + day / 10 + 4 * (word == "dear thing")
    values = {
        "size": np.where(draw.random(rows) < 0.05, np.nan, size).astype("float32"),
        "kind": kind.astype(object),
        "day": np.array([f"2024-01-{d:02}" for d in day], object),
        "note": word.astype(object),
    }
    return values, target


@pytest.mark.parametrize("model", ["boosting", "linear"])
def test_all_columns_count(model):
    train, target = made(150, 0)
    test, truth = made(100, 1)
    baseline = TableBaseline(model, COLUMNS, classes=False).fit(train, target)
    error = np.mean((baseline.answers(test)["value"] - truth) ** 2) / truth.var()
    assert error < 0.2
    assert baseline.seconds > 0


@pytest.mark.parametrize("model", ["boosting", "linear"])
def test_classes_and_what_was_never_seen(model):
    train, target = made(150, 0)
    classes = np.digitize(target, [3, 6])
    baseline = TableBaseline(model, COLUMNS, classes=True).fit(train, classes)
    new = {
        "size": np.array([np.nan], "float32"),
        "kind": np.array(["new"], object),
        "day": np.array(["2024-13-01"], object),
        "note": np.array([""], object),
    }
    probabilities = baseline.answers(new)["probabilities"]
    assert probabilities.shape == (1, 3)
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    right = baseline.answers(train)["probabilities"].argmax(1) == classes
    assert right.mean() > 0.85
