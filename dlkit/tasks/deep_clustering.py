"""Deep embedded clustering: a code in which rows draw near to the centre of their group."""

from collections.abc import Iterator

import keras
import numpy as np
from keras import ops

from dlkit.networks.autoencoder import autoencoder

_UNITS = (500,)
_CODE_UNITS = 10
_BATCH = 256
_RATE = 1e-3
_PRETRAINING_STEPS = 300
_MOST_ROUNDS = 40
_CHANGED = 0.001  # share of rows that still change their group, below which it is over


@keras.saving.register_keras_serializable("dlkit")
class CentreSimilarity(keras.layers.Layer):
    """Soft assignment to centres by the kernel of Student's t (van der Maaten and Hinton, 2008).

    Args:
        groups: How many centres there are.
    """

    def __init__(self, groups: int, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.groups = groups

    def build(self, codes_shape: tuple) -> None:
        """Makes the centres."""
        self.centres = self.add_weight(shape=(self.groups, codes_shape[-1]), name="centres")

    def call(self, codes: keras.KerasTensor) -> keras.KerasTensor:
        """Returns float `(batch, groups)` of sum 1 from codes `(batch, units)`."""
        apart = ops.sum(ops.square(codes[:, None] - self.centres[None]), -1)
        near = 1 / (1 + apart)
        return near / ops.sum(near, -1, keepdims=True)

    def get_config(self) -> dict[str, object]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "groups": self.groups}


def fit_deep_clusters(
    features: np.ndarray, *, start: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Learns a code and the centres of groups in it.

    An autoencoder learns the code, and then code and centres follow the assignments that are
    already clear (Xie, Girshick and Farhadi, "Unsupervised deep embedding for
    clustering analysis", 2016) while the code still has to reconstruct the features (Guo et al.,
    "Improved deep embedded clustering with local structure preservation", 2017).

    Args:
        features: float `(rows, columns)`.
        start: int `(rows,)`, a first group for each row, from 0 and without gaps. Groups that
            k-means finds in the features are better ones than those that it finds in the code.
        seed: Seeds the weights and the order.

    Returns:
        int64 `(rows,)`, the group of each row, and float32 `(rows,)`, its share there.
    """
    keras.utils.set_random_seed(seed)
    columns = (features - features.mean(0)) / max(float(features.std()), 1e-6)
    columns = columns.astype(np.float32)
    model = autoencoder(
        input_shape=columns.shape[1:], units=_UNITS, code_units=_CODE_UNITS, name="autoencoder"
    )
    model.compile(keras.optimizers.Adam(_RATE), "mse", jit_compile=False)
    draw = np.random.default_rng(seed)
    for rows in _batches(len(columns), _PRETRAINING_STEPS, draw):
        model.train_on_batch(columns[rows], columns[rows])

    code = model.get_layer("autoencoder_code").output
    codes = np.asarray(keras.Model(model.input, code)(columns))
    centres = np.stack([codes[start == group].mean(0) for group in range(start.max() + 1)])
    similarity = CentreSimilarity(len(centres), name="similarity")
    joined = keras.Model(model.input, [similarity(code), model.output])
    similarity.set_weights([centres])
    return _sharpened(joined, columns, draw)


def _sharpened(
    model: keras.Model, columns: np.ndarray, draw: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Trains towards sharper assignments until they rest."""
    losses = ["kl_divergence", "mse"]
    model.compile(keras.optimizers.Adam(_RATE), losses, jit_compile=False)
    before = np.full(len(columns), -1)
    for _ in range(_MOST_ROUNDS):
        shares, _ = model.predict_on_batch(columns)
        labels = shares.argmax(1)
        if np.mean(labels != before) < _CHANGED:
            break
        before, targets = labels, _sharper(shares)
        for rows in _batches(len(columns), -(-len(columns) // _BATCH), draw):
            model.train_on_batch(columns[rows], [targets[rows], columns[rows]])
    return labels, shares.max(1)


def _batches(rows: int, steps: int, draw: np.random.Generator) -> Iterator[np.ndarray]:
    """Draws row numbers, as many each time, so that a step is compiled once."""
    for _ in range(steps):
        yield draw.choice(rows, min(_BATCH, rows), replace=False)


def _sharper(shares: np.ndarray) -> np.ndarray:
    """Squares the shares, and divides by how large a group is so that none takes all."""
    weights = shares**2 / shares.sum(0)
    return weights / weights.sum(1, keepdims=True)
