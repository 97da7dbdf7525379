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


class AnswersByRound:
    """A learner that is right about every row in one round, and about half of them in the other."""

    def __init__(self, right, good_round):
        self.right, self.good_round, self.round = right, good_round, 0

    def choose(self, labels):
        self.round += 1

    def judge(self, labels, held_out):
        rows = np.flatnonzero(held_out)
        said = self.right[rows].copy()
        if self.round != self.good_round:
            said[::2] = (said[::2] + 1) % 3
        return np.where(np.arange(3) == said[:, None], 0.9, 0.05).astype(np.float32)


@pytest.mark.parametrize("good_round", [1, 2])
def test_the_round_counts_that_agrees_with_more_labels(good_round):
    right = np.arange(90) % 3
    labels = right.copy()
    labels[[4, 50, 77]] = (labels[[4, 50, 77]] + 1) % 3
    learner = AnswersByRound(right, good_round)
    found, issues = issues_in_rounds(learner, labels, folds=3, seed=0, progress=lambda words: None)
    assert (found.argmax(1) == right).all()
    assert sorted(issues.rows) == [4, 50, 77]
    assert (issues.suggested == right[issues.rows]).all()


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
