"""A support desk: answer a customer, ask back, or hand over to a person."""

import functools
import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import pyarrow.parquet as pq

from dlkit.errors import InputError

ANSWER, ASK, HAND_OVER = range(3)
CONFIDENCE, ASKED = 0, 8
"""Columns of an observation: the highest probability, and whether the customer was asked back."""

_COLUMNS = 12
_LINE_SCALE = 10.0
_LONGEST_LINE_AT_FIRST = 8


class Conversations(NamedTuple):
    """Customers' questions as a model sees them.

    Args:
        probabilities: float64 `(questions, classes)`.
        labels: int64 `(questions,)`, their true classes.
        classes: Names of the classes.
        others: For each class, the questions that have it.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    classes: tuple[str, ...]
    others: tuple[np.ndarray, ...]


class SupportDesk(gymnasium.Env):
    """Shifts at a support desk whose model knows what a question is about, more or less.

    Each customer has a question, drawn from those that a model has not learned from. The desk
    answers what the model thinks most probable, or asks back once and reads a second question of
    the same meaning beside the first, or hands over to people, who have a line in front of them.
    The reward is what it costs, negative. The model's probabilities are those of a calibrated
    model; those of two questions are multiplied, as if independent given the class.

    An observation, float32 `(12,)`: the three highest probabilities, the entropy, the cost to
    expect of the answer and the probability that a wrong one is severe, both over the classes, the
    cost if the likeliest class is answered wrongly, whether the highest probability is of the same
    class as before asking back, whether it was asked, the highest probability before that, the
    length of the line, and the share of the shift that is over.

    Args:
        conversations: Parquet file as the verb `conversations` writes it.
        part: Which of its parts to draw from.
        wrong: Cost of a wrong answer.
        severe: Cost of a wrong answer to a question of one of the severe classes.
        severe_labels: Names of these classes.
        ask: Cost of asking back.
        hand_over: Cost of handing over to people with nobody in line.
        waiting: Added to it for each one in line.
        arrivals: Mean number of others who join the line during a conversation.
        served: Mean number of those in line who are served during a conversation.
        customers: Conversations in a shift, which is an episode.
    """

    metadata = {"render_modes": []}  # noqa: RUF012  (as Gymnasium has it)

    def __init__(
        self,
        *,
        conversations: str = "",
        part: str = "train",
        wrong: float = 2.0,
        severe: float = 20.0,
        severe_labels: Sequence[str] = (),
        ask: float = 0.5,
        hand_over: float = 0.2,
        waiting: float = 0.2,
        arrivals: float = 0.9,
        served: float = 1.0,
        customers: int = 20,
        render_mode: str | None = None,
    ) -> None:
        self._questions = read_conversations(conversations, part)
        classes = self._questions.classes
        if unknown := sorted(set(severe_labels) - set(classes)):
            msg = f"`severe_labels` must be among the classes. Received: {', '.join(unknown)}."
            raise InputError(f"{msg} The classes are: {', '.join(classes)}.")
        is_severe = np.isin(classes, list(severe_labels))
        self._wrong = np.where(is_severe, severe, wrong)
        self._severe = is_severe.astype(float)
        self._ask, self._hand_over, self._waiting = ask, hand_over, waiting
        self._arrivals, self._served, self._customers = arrivals, served, customers
        self._scale = max(wrong, severe)
        self.render_mode = render_mode
        self.action_space = gymnasium.spaces.Discrete(3)
        self.observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (_COLUMNS,), np.float32)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Begins a shift: all that does not depend on the actions is drawn now."""
        super().reset(seed=seed)
        random, questions = self.np_random, self._questions
        self._first = random.integers(0, len(questions.labels), self._customers)
        self._second = np.array([self._other(question) for question in self._first])
        self._joined = random.poisson(self._arrivals, self._customers)
        self._left = random.poisson(self._served, self._customers)
        self._line = int(random.integers(0, _LONGEST_LINE_AT_FIRST))
        self._customer = 0
        self._greet()
        return self._observation(), {}

    def step(self, action: int) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """Acts; asking back a second time counts as handing over."""
        if action == ASK and not self._asked:
            self._hear_again()
            return self._observation(), -self._ask, False, False, {}
        label = int(self._questions.labels[self._first[self._customer]])
        if action == ANSWER:
            cost = 0.0 if self._likeliest == label else float(self._wrong[label])
        else:
            cost = self._hand_over + self._waiting * self._line
            self._line += 1
        self._line += int(self._joined[self._customer] - self._left[self._customer])
        self._line = max(self._line, 0)
        self._customer += 1
        over = self._customer == self._customers
        if not over:
            self._greet()
        return self._observation(), -cost, over, False, {}

    def _other(self, question: int) -> int:
        """Draws another question of the same class, the same if there is no other."""
        same = self._questions.others[self._questions.labels[question]]
        place = int(np.searchsorted(same, question))
        drawn = int(self.np_random.integers(0, max(len(same) - 1, 1)))
        return int(same[drawn + (drawn >= place)]) if len(same) > 1 else question

    def _greet(self) -> None:
        self._asked = False
        self._probabilities = self._questions.probabilities[self._first[self._customer]]
        self._likeliest = int(self._probabilities.argmax())
        self._confidence = self._probabilities[self._likeliest]
        self._same = True

    def _hear_again(self) -> None:
        second = self._questions.probabilities[self._second[self._customer]]
        self._confidence, before = self._probabilities[self._likeliest], self._likeliest
        joint = self._probabilities * second + 1e-12
        self._probabilities = joint / joint.sum()
        self._likeliest = int(self._probabilities.argmax())
        self._asked, self._same = True, self._likeliest == before

    def _observation(self) -> np.ndarray:
        p, likeliest = self._probabilities, self._likeliest
        expected = p @ self._wrong - p[likeliest] * self._wrong[likeliest]
        highest = np.sort(np.partition(p, -3)[-3:])[::-1]
        entropy = -(p * np.log(p + 1e-12)).sum()
        severe = p @ self._severe
        return np.array(
            [
                *highest,
                entropy,
                expected,
                severe,
                self._wrong[likeliest] / self._scale,
                self._same,
                self._asked,
                self._confidence,
                self._line / _LINE_SCALE,
                self._customer / self._customers,
            ],
            np.float32,
        )


@functools.cache
def read_conversations(path: str, part: str) -> Conversations:
    """Reads one part of what the verb `conversations` has written.

    Raises:
        InputError: There is no such file or part.
    """
    if not path:
        msg = "`conversations` must be given in `--environment-arguments`. Received none."
        raise InputError(msg + " Make the file with `python -m apps.decision conversations`.")
    try:
        table = pq.read_table(path)
        classes = tuple(json.loads(table.schema.metadata[b"classes"]))
        rows = table.filter(np.array(table["part"].to_pylist()) == part)
        labels = np.array(rows["label"].to_pylist(), np.int64)
        probabilities = np.array(rows["probabilities"].to_pylist(), np.float64)
        if not len(labels) or probabilities.shape[1] != len(classes):
            raise ValueError(f"it has no part {part}")
    except (OSError, KeyError, TypeError, ValueError) as error:
        msg = "`conversations` must be a file that `python -m apps.decision conversations` wrote."
        raise InputError(f"{msg} Received: {path} ({error}).") from error
    others = tuple(np.flatnonzero(labels == number) for number in range(len(classes)))
    return Conversations(probabilities, labels, classes, others)
