import pickle

import numpy as np
import pytest

from dlkit.errors import InputError
from dlkit.evaluation.baselines import TfidfBaseline, baseline_metrics

_FRUIT = ["red apple pie", "green apple juice", "ripe pear tart", "sweet pear jam"]
_TOOLS = ["steel hammer", "claw hammer set", "hand saw blade", "rusty saw"]
_TEXTS = _FRUIT + _TOOLS
_LABELS = ["fruit"] * 4 + ["tool"] * 4


@pytest.mark.parametrize("model", ["svc", "logreg"])
def test_separable_texts_are_learned(model):
    baseline = TfidfBaseline(model).fit(_TEXTS, _LABELS)
    assert baseline.predict(["an apple", "a saw", "two hammers"]).tolist() == [
        "fruit",
        "tool",
        "tool",
    ]
    assert baseline.seconds > 0


@pytest.mark.parametrize("model", ["svc", "logreg"])
def test_more_than_two_classes(model):
    texts, labels = [*_TEXTS, "blue sky", "cloudy sky"], [*_LABELS, "sky", "sky"]
    assert TfidfBaseline(model).fit(texts, labels).predict(["sky"]).tolist() == ["sky"]


def test_each_han_character_is_a_word():
    baseline = TfidfBaseline().fit(["质量好", "ok 质量差"], ["good", "bad"])
    words = {
        name.removeprefix("words__")
        for name in baseline._features.get_feature_names_out()
        if name.startswith("words__")
    }
    assert words == {"质", "量", "好", "差", "ok", "质 量", "量 好", "量 差", "ok 质"}
    assert baseline.predict(["好", "差"]).tolist() == ["good", "bad"]


def test_megabytes_are_those_of_the_pickle():
    baseline = TfidfBaseline().fit(_TEXTS, _LABELS)
    stored = pickle.dumps((baseline._features, baseline._classifier), pickle.HIGHEST_PROTOCOL)
    assert baseline.megabytes == pytest.approx(len(stored) / 1e6, rel=1e-3)
    assert baseline._classifier.coef_.dtype == np.float32


def test_rare_characters_are_dropped_only_from_many_rows(monkeypatch):
    few = TfidfBaseline().fit(_TEXTS, _LABELS)
    monkeypatch.setattr("dlkit.evaluation.baselines._MANY_ROWS", 4)
    many = TfidfBaseline().fit(_TEXTS, _LABELS)
    assert many._classifier.coef_.shape[1] < few._classifier.coef_.shape[1]
    assert many.predict(["an apple", "a saw"]).tolist() == ["fruit", "tool"]


def test_metrics_leave_out_rows_without_a_label():
    scores = baseline_metrics(
        [*_TEXTS, "noise"], [0] * 4 + [1] * 4 + [-1], ["apple", "saw", "pear", "?"], [0, 1, 1, -1]
    )
    assert scores["accuracy"] == pytest.approx(2 / 3)
    assert scores["macro_f1"] == pytest.approx(2 / 3)
    assert set(scores) == {"accuracy", "macro_f1", "seconds", "megabytes"}


def test_metrics_of_no_test_rows_are_the_costs():
    assert set(baseline_metrics(_TEXTS, _LABELS, [], [])) == {"seconds", "megabytes"}
    assert TfidfBaseline().fit(_TEXTS, _LABELS).predict([]).shape == (0,)


def test_mistakes_of_the_user_are_named():
    with pytest.raises(InputError, match="`model` must be"):
        TfidfBaseline("forest")
    with pytest.raises(InputError, match=r"at least two classes. Got \['a'\]"):
        TfidfBaseline().fit(["x y", "y z"], ["a", "a"])
    with pytest.raises(InputError, match="`texts` must hold words"):
        TfidfBaseline().fit(["?", "!"], ["a", "b"])
