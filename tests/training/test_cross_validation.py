import sys

import numpy as np
import pytest
import tensorflow as tf

from dlkit.data.text_rows import LabelledTexts
from dlkit.errors import InputError
from dlkit.tasks import Classification
from dlkit.training.cross_validation import issues_in_rounds
from dlkit.training.prepared import PreparedTexts
from dlkit.training.text_data import TextData
from dlkit.training.text_learner import TextLearner
from tests.made_rows import TOPICS, made_rows, quick_settings

WRONG = {"metals": "rates", "rates": "chips", "chips": "metals"}


def part(rows):
    topics = [row["topic"] for row in rows]
    return LabelledTexts([row["text"] for row in rows], {"topic": topics})


def test_wrong_labels_are_found_by_models_that_did_not_learn_the_row():
    rows = made_rows(160)
    right = [row["topic"] for row in rows]
    for row in rows[::16]:  # one word more, so that who has learned the row knows its label
        row["text"] += f" word{len(row['text'])}"
        row["topic"] = WRONG[row["topic"]]
    task, settings = Classification(name="topic"), quick_settings(epochs=8)
    task.adapt(right)
    data = TextData(part(rows[:120]), part(rows[120:]), None, [])
    said = []
    prepared, strategy = PreparedTexts(data, settings), tf.distribute.get_strategy()
    found, issues = issues_in_rounds(
        TextLearner(settings, task, prepared, strategy=strategy),
        task.encode([row["topic"] for row in rows]),
        folds=3,
        seed=settings.seed,
        progress=said.append,
    )
    assert found.shape == (160, 3)
    np.testing.assert_allclose(found.sum(1), 1, rtol=1e-5)
    answers = [task.classes[answer] for answer in found.argmax(1)]
    assert np.mean([a == b for a, b in zip(answers, right, strict=True)]) > 0.95, "rows keep order"
    worst = issues.rows[:8].tolist()
    assert set(worst) <= set(range(0, 160, 16))
    assert len(issues.rows) <= 13
    suggested = [task.classes[label] for label in issues.suggested[:8]]
    assert suggested == [right[row] for row in worst]
    assert said[:2] == ["round 1: choosing the epochs", "round 1: fold 1 of 3"]
    assert said[-1] == "round 2: fold 3 of 3"
    assert data.train.labels["topic"] == [row["topic"] for row in rows[:120]], "nothing is changed"


def test_a_missing_package_is_named_before_anything_is_trained(monkeypatch):
    monkeypatch.setitem(sys.modules, "cleanlab", None)
    with pytest.raises(InputError, match="cleanlab"):
        issues_in_rounds(None, np.zeros(4, int), folds=2, seed=0, progress=pytest.fail)


def test_rows_are_split_again_without_being_read_again():
    rows, task = made_rows(20), Classification(name="topic", classes=list(TOPICS))
    settings = quick_settings()
    prepared = PreparedTexts(TextData(part(rows[:15]), part(rows[15:]), None, []), settings)
    names = ["tokens", "ngrams"]
    before = prepared.training(names, [task]), prepared.validation(names, [task])
    held_out = np.arange(20) % 4 == 3
    again = prepared.split_again(held_out)
    again.front = None  # who reads fails
    after = again.training(names, [task]), again.validation(names, [task])
    assert again.data.validation.texts == [rows[i]["text"] for i in np.flatnonzero(held_out)]
    both = tf.concat([part.features["ngrams"] for part in before], 0)
    for part_after, chosen in zip(after, (~held_out, held_out), strict=True):
        expected = tf.gather(both, np.flatnonzero(chosen)).to_list()
        assert part_after.features["ngrams"].to_list() == expected
        targets = task.encode([rows[i]["topic"] for i in np.flatnonzero(chosen)])
        assert part_after.targets["topic"].tolist() == targets.tolist()
