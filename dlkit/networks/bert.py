"""BERT: an encoder of word pieces that attend to each other."""

from typing import Any, Literal

import keras
from keras import ops

from dlkit.errors import InputError
from dlkit.networks.arguments import (
    check_activation,
    check_choice,
    check_count,
    check_dropout,
)
from dlkit.networks.attention import FlattenSteps, RestoreSteps, SelfAttention
from dlkit.networks.exact_gelu import exact_gelu
from dlkit.networks.pooling import MaskedMeanPooling1D


@keras.saving.register_keras_serializable("dlkit")
class PositionEmbedding(keras.layers.Layer):
    """Adds a learned vector to each step, by its position.

    Args:
        positions: How many there are; no sequence may be longer.
    """

    def __init__(self, positions: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.positions = positions

    def build(self, steps_shape: tuple) -> None:
        """Makes the table."""
        shape = (self.positions, steps_shape[-1])
        self.table = self.add_weight(shape=shape, initializer="uniform", name="table")

    def call(self, steps: Any) -> Any:
        """Returns float `(batch, steps, channels)`, as it came in but for the sum."""
        return steps + self.table[: ops.shape(steps)[1]]

    def compute_output_shape(self, steps_shape: tuple) -> tuple:
        """Returns the shape of the steps."""
        return steps_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "positions": self.positions}


@keras.saving.register_keras_serializable("dlkit")
class FirstStep(keras.layers.Layer):
    """Takes the first step, `[CLS]`, for the whole sequence."""

    def call(self, steps: Any) -> Any:
        """Returns `(batch, channels)` from `(batch, steps, channels)`."""
        return steps[:, 0]


@keras.saving.register_keras_serializable("dlkit")
class IsPiece(keras.layers.Layer):
    """Tells ids from the zeros that pad them."""

    def call(self, ids: Any) -> Any:
        """Returns bool `(batch, steps)` from int `(batch, steps)`."""
        return ops.not_equal(ids, 0)


def bert(
    *,
    vocabulary_size: int,
    positions: int = 512,
    units: int = 384,
    layers: int = 6,
    heads: int = 12,
    inner_units: int = 1536,
    activation: str = "gelu",
    epsilon: float = 1e-12,
    pooling: Literal["mean", "first"] = "mean",
    dropout: float = 0.1,
    trainable_layers: int | None = None,
    name: str = "bert",
) -> keras.Model:
    """Encodes word pieces and pools them.

    Devlin et al., "BERT: pre-training of deep bidirectional transformers for language
    understanding", 2019; mean pooling: Reimers and Gurevych, "Sentence-BERT", 2019.

    Args:
        vocabulary_size: Ids of pieces, with 0 for padding.
        positions: Most steps of a sequence.
        units: Size of the vectors, and of the features.
        layers: Blocks of attention and dense layers.
        heads: Heads of attention; divides `units`.
        inner_units: Size between the two dense layers of a block.
        activation: Name of a Keras activation between them; "gelu" is the exact one.
        epsilon: Added to the variance when normalizing.
        pooling: How the steps become one vector.
        dropout: Share of the values that training leaves out, everywhere.
        trainable_layers: So many of the last blocks learn, and nothing below them. None lets
            all blocks learn, but not the embeddings, which small data would only spoil.
        name: Names the model.

    Returns:
        A model from `pieces` int `(batch, steps)` to features `(batch, units)`.

    Raises:
        InputError: If an argument is out of range.
    """
    counts = {"positions": positions, "units": units, "layers": layers, "heads": heads}
    check_count(vocabulary_size=vocabulary_size, inner_units=inner_units, **counts)
    check_activation(activation)
    check_choice(("mean", "first"), pooling=pooling)
    check_dropout(dropout)
    learning = layers if trainable_layers is None else trainable_layers
    if units % heads or not 0 <= learning <= layers:
        msg = "`heads` must divide `units`, and `trainable_layers` be 0 to `layers`. Received: "
        raise InputError(f"{msg}{heads}, {units}, {learning} of {layers}. Change one of them.")

    ids = keras.Input((None,), dtype="int32", name="pieces")

    valid = IsPiece(name=f"{name}_valid")(ids)
    words = keras.layers.Embedding(vocabulary_size, units, trainable=False, name=f"{name}_words")
    x = words(ids)
    x = PositionEmbedding(positions, trainable=False, name=f"{name}_positions")(x)
    x = FlattenSteps(name=f"{name}_flat")(x)
    x = _norm(x, epsilon, trainable=learning == layers, name=f"{name}_norm")
    x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
    for number in range(layers):
        x = _block(
            x,
            valid,
            heads=heads,
            inner_units=inner_units,
            activation=activation,
            epsilon=epsilon,
            dropout=dropout,
            trainable=number >= layers - learning,
            name=f"{name}_{number}",
        )
    x = RestoreSteps(name=f"{name}_steps")(x, valid)
    if pooling == "mean":
        features = MaskedMeanPooling1D(name=f"{name}_mean")(x, mask=valid)
    else:
        features = FirstStep(name=f"{name}_first")(x)

    return keras.Model({"pieces": ids}, features, name=name)


def _block(
    x: Any,
    valid: Any,
    *,
    heads: int,
    inner_units: int,
    activation: str,
    epsilon: float,
    dropout: float,
    trainable: bool,
    name: str,
) -> Any:
    attention = SelfAttention(heads, dropout=dropout, trainable=trainable, name=f"{name}_attention")
    seen = keras.layers.Dropout(dropout, name=f"{name}_attention_dropout")(attention(x, valid))
    x = keras.layers.Add(name=f"{name}_attention_sum")([x, seen])
    x = _norm(x, epsilon, trainable=trainable, name=f"{name}_attention_norm")
    inner = keras.layers.Dense(
        inner_units,
        activation=exact_gelu if activation == "gelu" else activation,
        trainable=trainable,
        name=f"{name}_inner",
    )
    outer = keras.layers.Dense(x.shape[-1], trainable=trainable, name=f"{name}_outer")
    made = keras.layers.Dropout(dropout, name=f"{name}_dropout")(outer(inner(x)))
    x = keras.layers.Add(name=f"{name}_sum")([x, made])
    return _norm(x, epsilon, trainable=trainable, name=f"{name}_norm")


def _norm(x: Any, epsilon: float, *, trainable: bool, name: str) -> Any:
    norm = keras.layers.LayerNormalization(
        axis=1,  # the same as -1, with which Keras reshapes its weights in every call
        epsilon=epsilon,
        trainable=trainable,
        name=name,
    )
    return norm(x)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `bert` from KerasTuner hyperparameters."""
    return {"dropout": hp.Float("dropout", 0.0, 0.3, default=0.1)}
