"""Scores of texts by an exported model with the heads topic and sentiment."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from apps.sentiment.monitor.scores import Scores
from dlkit.errors import InputError
from dlkit.serving.versions import load_versions

_HEADS = ("topic", "sentiment")
_SHOWN_CLASSES = 5
_PART_BYTES = 2**16


class Scorer:
    """The newest version of an exported model.

    Args:
        folder: Holds the versions.
        negative: The class of the sentiments whose probability counts.

    Raises:
        InputError: There is no such model, or it has no such heads and class.
    """

    def __init__(self, folder: Path, negative: str) -> None:
        [version] = load_versions(folder, count=1).values()
        self._call = version.signatures["serving_default"]
        names = [f"{head}_probabilities" for head in _HEADS]
        if not all(name in version.classes and name in self._call.outputs for name in names):
            msg = "`--model` must have the heads topic and sentiment. Received: "
            msg += f"{folder}, with {', '.join(self._call.outputs)}."
            raise InputError(msg + " Export one that `python -m apps.sentiment train` made.")
        self.version = version.number
        self.topics, self.sentiments = (list(version.classes[name]) for name in names)
        if negative not in self.sentiments:
            msg = f"`--negative` must be one of {', '.join(self.sentiments)}. Received: {negative}."
            raise InputError(msg)
        self._negative = self.sentiments.index(negative)

    def __call__(self, texts: Sequence[str]) -> Scores:
        """Scores at least one text."""
        encoded = np.array([text.encode("utf-8", "replace") for text in texts], object)
        answers = self._answers(encoded)
        topic, sentiment = (answers[f"{head}_probabilities"] for head in _HEADS)
        details = zip(_named(topic, self.topics), _named(sentiment, self.sentiments), strict=True)
        topics, sentiments = (
            [label.decode() for label in answers[f"{head}_label"].tolist()] for head in _HEADS
        )
        return Scores(
            topics,
            sentiments,
            sentiment[:, self._negative],
            [{"topic": one, "sentiment": other} for one, other in details],
        )

    def _answers(self, texts: np.ndarray) -> dict[str, np.ndarray]:
        """Returns the labels, `(texts,)`, and the probabilities, `(texts, classes)`, by name."""
        parts = list(_parts(np.array([len(text) for text in texts])))
        answers = [self._call({"text": texts[part]}) for part in parts]
        back = np.argsort(np.concatenate(parts))
        names = [f"{head}_{what}" for head in _HEADS for what in ("label", "probabilities")]
        return {name: np.concatenate([answer[name] for answer in answers])[back] for name in names}


def _parts(lengths: np.ndarray) -> Iterator[np.ndarray]:
    """Yields the places of texts that go in one call, short ones with short ones.

    An encoder needs as much time and memory for each text of a call as for the longest.

    Args:
        lengths: Bytes, `(texts,)`.
    """
    order = np.argsort(lengths, kind="stable")
    start = 0
    for place, length in enumerate(lengths[order].tolist()):
        if place > start and (place - start + 1) * length > _PART_BYTES:
            yield order[start:place]
            start = place
    yield order[start:]


def _named(probabilities: np.ndarray, classes: list[str]) -> list[dict[str, float]]:
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :_SHOWN_CLASSES]
    values = np.take_along_axis(probabilities, best, axis=1).astype(float).round(4).tolist()
    return [
        {classes[place]: value for place, value in zip(row, shares, strict=True)}
        for row, shares in zip(best.tolist(), values, strict=True)
    ]
