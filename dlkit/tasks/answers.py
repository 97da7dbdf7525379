"""From strings to named answers: the model that a run saves and an export serves."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from dlkit.tasks.base import Task

_BUCKET = 16


@keras.saving.register_keras_serializable("dlkit")
class Answers(keras.layers.Layer):
    """Decodes the outputs of all heads; several heads put their name before each answer.

    Args:
        tasks: The tasks whose outputs come in.
    """

    def __init__(self, *, tasks: Sequence[Task], name: str = "answers", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.tasks = list(tasks)

    def call(self, outputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Returns the named answers, each `(batch, ...)`."""
        answers = {}
        for task in self.tasks:
            for name, value in task.decode(outputs[task.name]).items():
                answers[self.answer_name(task, name)] = value
        return answers

    def answer_name(self, task: Task, name: str) -> str:
        """Returns the public name of an answer of a task."""
        return name if len(self.tasks) == 1 else f"{task.name}_{name}"

    def of_task(self, task: Task, answers: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Picks the answers of one task, under the names that it gave them."""
        if len(self.tasks) == 1:
            return answers
        prefix = f"{task.name}_"
        return {
            name.removeprefix(prefix): value
            for name, value in answers.items()
            if name.startswith(prefix)
        }

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        tasks = [keras.saving.serialize_keras_object(task) for task in self.tasks]
        return {**super().get_config(), "tasks": tasks}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Answers":
        """Makes the layer that `get_config` described."""
        tasks = [keras.saving.deserialize_keras_object(task) for task in config.pop("tasks")]
        return cls(tasks=tasks, **config)


def answering_model(
    tokenizer: keras.layers.Layer, heads: keras.Model, tasks: Sequence[Task]
) -> keras.Model:
    """Joins tokenizer, trained heads and decoding: the same graph trains and serves.

    Args:
        tokenizer: From strings `(batch,)` to named features.
        heads: From some of these features to `{task.name: outputs}`.
        tasks: The tasks, calibrated.

    Returns:
        A model from `text`, string `(batch,)`, to a dictionary of named answers.
    """
    text = keras.Input((), dtype="string", name="text")
    features = tokenizer(text)
    bare = keras.Model(heads.input, heads.output, name="heads")  # leaves the optimizer behind
    outputs = bare({name: features[name] for name in heads.input})
    return keras.Model(text, Answers(tasks=tasks)(outputs), name="answering")


def answer_by_length(model: keras.Model, texts: tf.Tensor) -> dict[str, tf.Tensor]:
    """Answers texts in buckets of similar length, which pad little, side by side.

    A call with one long text would otherwise pad all the others to its length.

    Args:
        model: From strings `(batch,)` to named answers.
        texts: string `(batch,)`.

    Returns:
        The named answers, each `(batch, ...)`, in the order of the texts.
    """
    order = tf.argsort(tf.strings.length(texts))
    ordered = tf.gather(texts, order)
    buckets = tf.maximum(-(-tf.size(texts) // _BUCKET), 1)
    arrays = {
        name: tf.TensorArray(
            answer.dtype, size=buckets, infer_shape=False, element_shape=answer.shape
        )
        for name, answer in model.output.items()
    }

    def one_bucket(bucket: tf.Tensor, arrays: dict) -> tuple[tf.Tensor, dict]:
        answers = model(ordered[bucket * _BUCKET : (bucket + 1) * _BUCKET], training=False)
        return bucket + 1, {name: arrays[name].write(bucket, answers[name]) for name in arrays}

    _, arrays = tf.while_loop(lambda bucket, _: bucket < buckets, one_bucket, (0, arrays))
    back = tf.math.invert_permutation(order)
    return {name: tf.gather(array.concat(), back) for name, array in arrays.items()}


def compiled_answers(model: keras.Model) -> Callable[[tf.Tensor], dict[str, tf.Tensor]]:
    """Compiles an answering model for any number of texts."""
    return tf.function(
        lambda text: answer_by_length(model, text),
        input_signature=[tf.TensorSpec([None], tf.string)],
    )


def answer_batches(
    model: keras.Model, texts: Iterable[str], *, batch_size: int
) -> Iterator[tuple[list[str], dict[str, np.ndarray]]]:
    """Answers any number of texts in bounded memory.

    Yields:
        A batch of texts and its named answers, arrays `(batch, ...)`.
    """
    compiled = compiled_answers(model)
    texts = iter(texts)
    while batch := list(islice(texts, batch_size)):
        yield batch, {k: v.numpy() for k, v in compiled(tf.constant(batch)).items()}
