"""A sentence encoder of word pieces and their n-grams, as for many languages at once."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from dlkit.networks.arguments import check_count, check_counts, check_dropout
from dlkit.networks.pooling import MaskedMeanPooling1D
from dlkit.networks.quantized_embedding import QuantizedEmbedding

_EPSILON = 1e-12


@keras.saving.register_keras_serializable("dlkit")
class BeforePadding(keras.layers.Layer):
    """Tells steps from the zeros behind the last id that is none; the first one is always a step.

    A zero before that is an id like others: SentencePiece has it for unknown pieces.
    """

    def call(self, ids: Any) -> Any:
        """Returns bool `(batch, steps)` from int `(batch, steps)`."""
        positions = ops.arange(ops.shape(ids)[1])
        last = ops.max(ops.where(ops.not_equal(ids, 0), positions, 0), axis=1, keepdims=True)
        return ops.less_equal(positions, last)


@keras.saving.register_keras_serializable("dlkit")
class HideSteps(keras.layers.Layer):
    """Makes the steps that are not valid zeros, which is what is beyond a sequence."""

    def call(self, steps: Any, valid: Any) -> Any:
        """Returns `(batch, steps, channels)`; `valid` is bool `(batch, steps)`."""
        return ops.where(valid[..., None], steps, ops.zeros_like(steps))

    def compute_output_shape(self, steps_shape: tuple, valid_shape: tuple) -> tuple:
        """Returns the shape of the steps."""
        return steps_shape


@keras.saving.register_keras_serializable("dlkit")
class SplitChannels(keras.layers.Layer):
    """Splits the last axis into equal parts.

    Args:
        parts: How many.
    """

    def __init__(self, parts: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parts = parts

    def call(self, steps: Any) -> list[Any]:
        """Returns `parts` times `(batch, ..., channels / parts)`."""
        return ops.split(steps, self.parts, axis=-1)

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "parts": self.parts}


@keras.saving.register_keras_serializable("dlkit")
class TimesRootOfLength(keras.layers.Layer):
    """Multiplies what a sequence has become by the square root of its number of steps."""

    def call(self, vectors: Any, valid: Any) -> Any:
        """Returns `(batch, units)`; `valid` is bool `(batch, steps)`."""
        return vectors * ops.sqrt(ops.sum(ops.cast(valid, vectors.dtype), 1, keepdims=True))

    def compute_output_shape(self, vectors_shape: tuple, valid_shape: tuple) -> tuple:
        """Returns the shape of the vectors."""
        return vectors_shape


def sentence_encoder(
    *,
    vocabulary_size: int,
    units: int = 512,
    orders: Sequence[int] = (2, 3, 5),
    filters: int = 256,
    hidden_units: int = 320,
    dropout: float = 0.1,
    name: str = "sentence_encoder",
) -> keras.Model:
    """Averages word pieces and their n-grams, and puts a residual network over that.

    Yang et al., "Multilingual universal sentence encoder for semantic retrieval", 2020. The vectors
    of pieces are bytes and do not learn.

    Args:
        vocabulary_size: Ids of pieces; zeros at the end of a row are padding.
        units: Size of the vectors of pieces, and of the features.
        orders: Sizes of the n-grams, each read by two convolutions.
        filters: Channels of each convolution.
        hidden_units: Size of the inner layers of the residual network.
        dropout: Share of the channels of a step that training leaves out before the average.
        name: Names the model.

    Returns:
        A model from `pieces` int `(batch, steps)` to features `(batch, units)` of length 1.

    Raises:
        InputError: If an argument is out of range.
    """
    check_count(vocabulary_size=vocabulary_size, units=units, filters=filters)
    check_count(hidden_units=hidden_units)
    check_counts(orders=orders)
    check_dropout(dropout)

    ids = keras.Input((None,), dtype="int32", name="pieces")

    valid = BeforePadding(name=f"{name}_valid")(ids)
    pieces = QuantizedEmbedding(vocabulary_size, units, name=f"{name}_pieces")(ids)
    x = keras.layers.Dense(len(orders) * filters, name=f"{name}_projection")(pieces)
    x = _norm(x, name=f"{name}_projection_norm")
    parts = SplitChannels(len(orders), name=f"{name}_parts")(x)
    grams = [
        _ngrams(part, valid, order=order, name=f"{name}_{order}")
        for order, part in zip(orders, parts, strict=True)
    ]
    x = keras.layers.Concatenate(name=f"{name}_steps")([pieces, *grams])
    x = _norm(x, name=f"{name}_norm")
    x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
    x = MaskedMeanPooling1D(name=f"{name}_mean")(x, mask=valid)
    x = keras.layers.Dense(units, name=f"{name}_average")(x)
    x = TimesRootOfLength(name=f"{name}_sum")(x, valid)
    x = _residual(x, hidden_units, hidden_units, activation="relu", name=f"{name}_first")
    x = _residual(x, units, units, activation="tanh", name=f"{name}_second")
    features = keras.layers.UnitNormalization(name=f"{name}_unit")(x)

    return keras.Model({"pieces": ids}, features, name=name)


def _ngrams(x: Any, valid: Any, *, order: int, name: str) -> Any:
    for number in range(2):
        hidden = HideSteps(name=f"{name}_hidden_{number}")(x, valid)
        convolution = keras.layers.Conv1D(
            x.shape[-1], order, padding="same", activation="relu", name=f"{name}_{number}"
        )
        x = keras.layers.Add(name=f"{name}_sum_{number}")([convolution(hidden), x])
    return x


def _residual(x: Any, inner_units: int, units: int, *, activation: str, name: str) -> Any:
    inner = keras.layers.Dense(
        inner_units, activation="relu", use_bias=False, name=f"{name}_inner"
    )(x)
    outer = keras.layers.Dense(units, use_bias=False, name=f"{name}_outer")(inner)
    past = keras.layers.Dense(units, use_bias=False, name=f"{name}_past")(x)
    x = keras.layers.Add(name=f"{name}_sum")([outer, past])
    return keras.layers.Activation(activation, name=f"{name}_{activation}")(x)


def _norm(x: Any, *, name: str) -> Any:
    return keras.layers.LayerNormalization(epsilon=_EPSILON, name=name)(x)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `sentence_encoder` from KerasTuner hyperparameters."""
    return {"dropout": hp.Float("dropout", 0.0, 0.3, default=0.1)}
