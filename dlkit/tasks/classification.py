"""One of several classes, or none of them."""

import collections
import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import keras
import numpy as np
import tensorflow as tf

from dlkit.evaluation.calibration import fit_temperature
from dlkit.evaluation.out_of_scope import fit_rejection
from dlkit.evaluation.predictions import ClassPredictions
from dlkit.tasks.base import Task
from dlkit.tasks.losses import ScopedAccuracy, ScopedCrossentropy
from dlkit.tasks.scope_scores import scope_scores

ClassWeights = Literal["none", "sqrt", "balanced"]
_POWERS = {"none": 0.0, "sqrt": 0.5, "balanced": 1.0}

OUT_OF_SCOPE = -1
"""The target of rows that belong to none of the classes."""

ANSWER, CLARIFY, REFUSE = "answer", "clarify", "out_of_scope"
"""What the decision about a row can be: the answer can be given; the row could as well mean the
runner-up, which a question would clarify; or the row has none of the classes."""


@keras.saving.register_keras_serializable("dlkit")
class Classification(Task):
    """Softmax over classes, with a calibrated confidence and a decision what to do with it.

    Args:
        name: See `Task`.
        classes: The labels; `adapt` sets them where none are given.
        out_of_scope_label: The label of rows that belong to no class: they teach the network to
            be unsure and set the threshold, but are no class of their own.
        label_smoothing: See `ScopedCrossentropy`.
        class_weights: "balanced" weighs a row by the inverse frequency of its class, "sqrt" by
            the square root of that, "none" not.
        prior_correction: How far answers lean to rare classes. 0 answers with the most probable
            class, 1 with the one that were it if all classes were equally frequent (Menon et al.,
            "Long-tail learning via logit adjustment", 2021); the best macro-F1 lies between.
        false_rejection_rate: See `fit_rejection`.
        out_of_scope_cost: See `fit_rejection`.
        question_cost: What it costs to ask "this or that?", where a wrong answer costs 1. With
            probabilities that can be believed, it pays to ask where that of the runner-up is
            higher; from 0.5 on, never.
        log_priors: Logarithm of the share of rows that each class has; `adapt` sets it.
        temperature: Divides the logits (Guo et al., "On calibration of modern neural networks",
            2017); `calibrate` sets it.
        score_weights: Weights of the `scope_scores` whose sum says how much a row looks in scope;
            `calibrate` sets them.
        threshold: Rows with a lower sum are out of scope; `calibrate` sets it.

    Example:
    ```python
    task = Classification(name="label", classes=["refund", "delivery"])
    outputs = task.head(keras.Input((64,)))  # (batch, 2) logits
    ```
    """

    def __init__(
        self,
        *,
        name: str,
        classes: Sequence[str] = (),
        out_of_scope_label: str | None = None,
        label_smoothing: float = 0.1,
        class_weights: ClassWeights = "none",
        prior_correction: float = 0.0,
        false_rejection_rate: float | None = None,
        out_of_scope_cost: float = 1.0,
        question_cost: float = 0.25,
        log_priors: Sequence[float] = (),
        temperature: float = 1.0,
        score_weights: Mapping[str, float] | None = None,
        threshold: float = 0.0,
    ) -> None:
        super().__init__(name=name)
        self.classes = tuple(classes)
        self.out_of_scope_label = out_of_scope_label
        self.label_smoothing = label_smoothing
        self.class_weights = class_weights
        self.prior_correction = prior_correction
        self.log_priors = tuple(log_priors)
        self.false_rejection_rate = false_rejection_rate
        self.out_of_scope_cost = out_of_scope_cost
        self.question_cost = question_cost
        self.temperature = temperature
        self.score_weights = dict(score_weights or {"top_probability": 1.0})
        self.threshold = threshold
        self._calibration: dict[str, Any] = {}

    def adapt(self, values: Sequence[str | None]) -> None:
        """Takes the classes from a column of labels, in sorted order, and how frequent they are."""
        counts = collections.Counter(
            v for v in values if v is not None and v != self.out_of_scope_label
        )
        self.classes = tuple(sorted(counts))
        self.log_priors = tuple(math.log(counts[name] / counts.total()) for name in self.classes)

    def encode(self, values: Sequence[str | None]) -> np.ndarray:
        """Returns int32 `(rows,)`: the index of the class, or -1 for rows out of scope."""
        index = {label: i for i, label in enumerate(self.classes)}
        return np.array([index.get(value or "", OUT_OF_SCOPE) for value in values], np.int32)

    def head(self, features: keras.KerasTensor) -> keras.KerasTensor:
        """Returns logits `(batch, classes)`, in float32 under mixed precision too."""
        dense = keras.layers.Dense(len(self.classes), dtype="float32", name=f"{self.name}_logits")
        return dense(features)

    @property
    def loss(self) -> keras.losses.Loss:
        """Cross-entropy with label smoothing."""
        return ScopedCrossentropy(label_smoothing=self.label_smoothing)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """The accuracy over rows that have a class."""
        return [ScopedAccuracy()]

    def weights(self, targets: np.ndarray) -> np.ndarray:
        """Returns a power of the inverse frequency of each row's class, with mean 1."""
        weights = np.ones(len(targets), np.float32)
        known = targets >= 0
        if known.any():
            frequency = np.bincount(targets[known])[targets[known]].astype(np.float32)
            rare = frequency ** -_POWERS[self.class_weights]
            weights[known] = rare / rare.mean()
        return weights

    def calibrate(self, outputs: Any, targets: np.ndarray) -> None:
        """Sets temperature and decision from the outputs of a head on validation rows.

        Args:
            outputs: Logits `(rows, classes)`, or a dictionary of them and of the `similarity`
                `(rows,)` to the nearest class centroid.
            targets: int `(rows,)`; -1 is out of scope.
        """
        known = targets >= 0
        logits, similarity = _parts(outputs)
        self.temperature = fit_temperature(logits[known], targets[known])
        scores = scope_scores(tf.cast(logits, tf.float32) / self.temperature, similarity)
        rejection = fit_rejection(
            {name: np.asarray(score) for name, score in scores.items()},
            ~known,
            false_rejection_rate=self.false_rejection_rate,
            out_of_scope_cost=self.out_of_scope_cost,
        )
        self.score_weights, self.threshold = rejection.weights, rejection.threshold
        self._calibration = {
            "temperature": self.temperature,
            "out_of_scope_score": rejection.name,
            "threshold": self.threshold,
            "auroc": rejection.auroc,
        }

    @property
    def calibration(self) -> dict[str, Any]:
        """The temperature, the chosen score, its threshold, and the area of each score compared."""
        return self._calibration

    def decode(self, outputs: Any) -> dict[str, Any]:
        """Returns named answers `(batch,)` and probabilities `(batch, classes)`.

        Args:
            outputs: As for `calibrate`.
        """
        logits, similarity = _parts(outputs)
        logits = tf.cast(logits, tf.float32) / self.temperature
        probabilities = tf.nn.softmax(logits)
        scores = scope_scores(logits, similarity)
        score = tf.add_n([weight * scores[name] for name, weight in self.score_weights.items()])
        out_of_scope = score < self.threshold
        best = tf.math.top_k(logits + self._leaning, min(2, len(self.classes))).indices
        names = tf.gather(tf.constant(self.classes), best)  # (batch, 2)
        confidence = tf.gather(probabilities, best, batch_dims=1)
        # with a single class, it is its own runner-up
        is_unclear = (confidence[:, -1] > self.question_cost) & (len(self.classes) > 1)
        answered = tf.where(is_unclear, CLARIFY, ANSWER)
        return {
            "label": names[:, 0],
            "confidence": confidence[:, 0],
            "out_of_scope": out_of_scope,
            "decision": tf.where(out_of_scope, REFUSE, answered),
            "runner_up": names[:, -1],
            "scope_score": score,
            "probabilities": probabilities,
        }

    def predictions(
        self, answers: dict[str, np.ndarray], targets: np.ndarray, texts: Sequence[str]
    ) -> ClassPredictions:
        """Returns the predictions with logits from the calibrated probabilities."""
        logits = np.log(np.maximum(answers["probabilities"], np.finfo(np.float32).tiny))
        return ClassPredictions(
            self.name,
            self.classes,
            targets.astype(np.int64),
            logits,
            texts,
            scope=answers.get("scope_score"),
            answered=(logits + self._leaning).argmax(axis=1),
        )

    @property
    def _leaning(self) -> np.ndarray:
        """What is added to logits for answers to lean to rare classes, float32 `(classes,)`."""
        priors = self.log_priors or np.zeros(len(self.classes))
        return -self.prior_correction * np.asarray(priors, np.float32)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal task."""
        return {
            **super().get_config(),
            "classes": list(self.classes),
            "out_of_scope_label": self.out_of_scope_label,
            "label_smoothing": self.label_smoothing,
            "class_weights": self.class_weights,
            "prior_correction": self.prior_correction,
            "log_priors": list(self.log_priors),
            "false_rejection_rate": self.false_rejection_rate,
            "out_of_scope_cost": self.out_of_scope_cost,
            "question_cost": self.question_cost,
            "temperature": float(self.temperature),
            "score_weights": {name: float(value) for name, value in self.score_weights.items()},
            "threshold": float(self.threshold),
        }


def _parts(outputs: Any) -> tuple[Any, Any]:
    """Returns logits, and similarities where a model gives them."""
    if isinstance(outputs, Mapping):
        return outputs["logits"], outputs["similarity"]
    return outputs, None
