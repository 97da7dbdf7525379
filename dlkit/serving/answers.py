"""Answers of a model to a stream of texts, as objects that JSON can hold."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import keras
import numpy as np

from dlkit.tasks import Answers, answer_batches


def answer_texts(
    model: keras.Model, texts: Iterable[str], *, batch_size: int, top: int
) -> Iterator[dict[str, Any]]:
    """Answers texts one by one in bounded memory, through one compiled function.

    Args:
        model: A text model, as a run saves it.
        texts: Any number of texts.
        batch_size: Texts that are answered together.
        top: How many of the most probable classes to name.

    Yields:
        For each text the text and its named answers. Probabilities become an object of the `top`
        most probable classes.
    """
    for batch, answers in answer_batches(model, texts, batch_size=batch_size):
        for text, named in zip(batch, named_answers(model, answers, top=top), strict=True):
            yield {"text": text} | named


def named_answers(
    model: keras.Model, answers: Mapping[str, np.ndarray], *, top: int
) -> Iterator[dict[str, Any]]:
    """Turns arrays of answers `(rows, ...)` into an object a row, as `answer_texts` yields them."""
    classes = class_names(model.get_layer("answers"))
    for row in range(len(next(iter(answers.values())))):
        yield {
            name: _named(value[row], classes[name], top) if name in classes else _plain(value[row])
            for name, value in answers.items()
        }


def class_names(answers: Answers) -> dict[str, tuple[str, ...]]:
    """Returns the classes in the order of the last axis, by the name of the answer."""
    return {
        answers.answer_name(task, "probabilities"): task.classes
        for task in answers.tasks
        if hasattr(task, "classes")
    }


def _named(probabilities: np.ndarray, classes: tuple[str, ...], top: int) -> dict[str, float]:
    best = np.argsort(-probabilities, kind="stable")[:top]
    return {classes[i]: round(float(probabilities[i]), 6) for i in best}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode()
    if isinstance(value, np.floating):
        return round(float(value), 6)
    return value.tolist()
