"""Scores of texts by an exported model with the heads topic and sentiment."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from apps.sentiment.monitor.scores import Scores
from dlkit.errors import InputError
from dlkit.serving.versions import load_versions

_SHOWN_CLASSES = 5


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
        heads = ("topic", "sentiment")
        names = [f"{head}_probabilities" for head in heads]
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
        """Scores at least one text, all in one call."""
        encoded = np.array([text.encode("utf-8", "replace") for text in texts], object)
        answers = self._call({"text": encoded})
        topic, sentiment = answers["topic_probabilities"], answers["sentiment_probabilities"]
        details = zip(_named(topic, self.topics), _named(sentiment, self.sentiments), strict=True)
        return Scores(
            [self.topics[place] for place in topic.argmax(axis=1)],
            [self.sentiments[place] for place in sentiment.argmax(axis=1)],
            sentiment[:, self._negative],
            [{"topic": one, "sentiment": other} for one, other in details],
        )


def _named(probabilities: np.ndarray, classes: list[str]) -> list[dict[str, float]]:
    best = np.argsort(-probabilities, axis=1, kind="stable")[:, :_SHOWN_CLASSES]
    values = np.take_along_axis(probabilities, best, axis=1).astype(float).round(4).tolist()
    return [
        {classes[place]: value for place, value in zip(row, shares, strict=True)}
        for row, shares in zip(best.tolist(), values, strict=True)
    ]
