"""What comes next in a sequence: each step attends to those before it."""

from typing import Any

import keras
from keras import ops

from dlkit.networks.arguments import check_count, check_dropout, check_shape
from dlkit.networks.filled_steps import FilledSteps


@keras.saving.register_keras_serializable("dlkit")
class PlaceFromEnd(keras.layers.Layer):
    """Adds a learned vector for the distance of a step from the end.

    Args:
        longest: Distances that have a vector of their own; all larger ones share the last.
    """

    def __init__(self, longest: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.longest = longest

    def build(self, steps_shape: tuple) -> None:
        """Makes the vectors."""
        self.places = self.add_weight(
            shape=(self.longest, steps_shape[-1]),
            initializer=keras.initializers.RandomNormal(stddev=0.02),
            name="places",
        )

    def call(self, steps: Any) -> Any:
        """Returns float `(batch, steps, channels)`, as it gets."""
        back = ops.arange(ops.shape(steps)[1] - 1, -1, -1)
        return steps + ops.take(self.places, ops.minimum(back, self.longest - 1), axis=0)

    def compute_output_shape(self, steps_shape: tuple) -> tuple:
        """Returns the shape of the steps."""
        return steps_shape

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "longest": self.longest}


@keras.saving.register_keras_serializable("dlkit")
class CausalMask(keras.layers.Layer):
    """Says which steps a step sees: valid ones that do not come after it, and itself."""

    def call(self, valid: Any) -> Any:
        """Returns bool `(batch, steps, steps)` from bool `(batch, steps)`."""
        places = ops.arange(ops.shape(valid)[1])
        before = places[None, :] <= places[:, None]
        itself = ops.equal(places[None, :], places[:, None])
        return ops.logical_or(ops.logical_and(before[None], valid[:, None, :]), itself[None])

    def compute_output_shape(self, valid_shape: tuple) -> tuple:
        """Returns `(batch, steps, steps)`."""
        return (*valid_shape, valid_shape[1])


@keras.saving.register_keras_serializable("dlkit")
class LastStep(keras.layers.Layer):
    """The last step of each sequence."""

    def call(self, steps: Any) -> Any:
        """Returns `(batch, channels)` from `(batch, steps, channels)`."""
        return steps[:, -1]

    def compute_output_shape(self, steps_shape: tuple) -> tuple:
        """Returns `(batch, channels)`."""
        return (steps_shape[0], steps_shape[-1])


def causal_attention(
    *,
    input_shape: tuple[int | None, int],
    blocks: int = 2,
    heads: int = 1,
    units: int | None = None,
    dropout: float = 0.2,
    longest: int = 200,
    every_step: bool = False,
    name: str = "causal_attention",
) -> keras.Model:
    """Blocks of self-attention in which no step sees those that follow it.

    Kang and McAuley, "Self-attentive sequential recommendation", 2018, with normalization before
    each part.

    Args:
        input_shape: `(steps or None, channels)`.
        blocks: Pairs of attention and a dense layer.
        heads: Heads of each attention.
        units: Size of the dense layers; without it that of the channels.
        dropout: Share of the values that training leaves out after each part.
        longest: Steps that have a place of their own.
        every_step: Whether to return a vector for every step, as training needs.
        name: Names the model.

    Returns:
        A model from float `(batch, steps, channels)`, with zero vectors before the first step, to
        features `(batch, channels)`, or `(batch, steps, channels)`.

    Raises:
        InputError: If an argument is out of range.
    """
    check_shape(input_shape, axes=("steps", "channels"), free=1)
    check_count(blocks=blocks, heads=heads, longest=longest)
    check_dropout(dropout)
    channels = input_shape[-1]

    inputs = keras.Input(input_shape, name="steps")

    valid = FilledSteps(name=f"{name}_filled")(inputs)
    mask = CausalMask(name=f"{name}_causal_mask")(valid)
    x = PlaceFromEnd(longest, name=f"{name}_places")(inputs)
    x = keras.layers.Dropout(dropout, name=f"{name}_dropout")(x)
    for i in range(blocks):
        normal = keras.layers.LayerNormalization(epsilon=1e-6, name=f"{name}_attention_norm_{i}")(x)
        attended = keras.layers.MultiHeadAttention(
            heads, max(1, channels // heads), dropout=dropout, name=f"{name}_attention_{i}"
        )(normal, normal, attention_mask=mask)
        attended = keras.layers.Dropout(dropout, name=f"{name}_attention_dropout_{i}")(attended)
        x = keras.layers.Add(name=f"{name}_attention_residual_{i}")([x, attended])
        dense = keras.layers.LayerNormalization(epsilon=1e-6, name=f"{name}_dense_norm_{i}")(x)
        dense = keras.layers.Dense(units or channels, activation="gelu", name=f"{name}_dense_{i}")(
            dense
        )
        dense = keras.layers.Dense(channels, name=f"{name}_output_{i}")(dense)
        dense = keras.layers.Dropout(dropout, name=f"{name}_dense_dropout_{i}")(dense)
        x = keras.layers.Add(name=f"{name}_dense_residual_{i}")([x, dense])
    x = keras.layers.LayerNormalization(epsilon=1e-6, name=f"{name}_norm")(x)
    if not every_step:
        x = LastStep(name=f"{name}_last")(x)

    return keras.Model(inputs, x, name=name)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `causal_attention` from KerasTuner hyperparameters."""
    return {
        "blocks": hp.Int("blocks", 1, 3, default=2),
        "heads": hp.Choice("heads", [1, 2], default=1),
        "dropout": hp.Float("dropout", 0.0, 0.6, default=0.2),
    }
