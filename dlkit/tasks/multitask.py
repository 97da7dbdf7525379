"""Several tasks over one body, each with the rows that carry its label."""

from collections.abc import Mapping, Sequence

import keras
import numpy as np

from dlkit.tasks.base import Task


def join_heads(network: keras.Model, tasks: Sequence[Task]) -> keras.Model:
    """Puts the heads of all tasks on a network.

    Args:
        network: From its inputs to features `(batch, feature_dim)`.
        tasks: One or more, with different names.

    Returns:
        A model from the inputs of the network to `{task.name: outputs}`, compiled by nobody yet.
    """
    outputs = {task.name: task.head(network.output) for task in tasks}
    return keras.Model(network.input, outputs, name="heads")


def encode_targets(
    tasks: Sequence[Task], columns: Mapping[str, Sequence[str | None]]
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Encodes the labels of all tasks.

    Args:
        tasks: The tasks.
        columns: Labels by the name of the task, None where a row has none.

    Returns:
        Targets `(rows,)` and float32 weights `(rows,)` by the name of the task. A row without a
        label weighs 0.
    """
    targets, weights = {}, {}
    for task in tasks:
        column = columns[task.name]
        present = np.array([value is not None for value in column], np.float32)
        targets[task.name] = task.encode(column)
        weights[task.name] = task.weights(targets[task.name]) * present
    return targets, weights
