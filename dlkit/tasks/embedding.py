"""The vector of a text, by which texts of like meaning are found."""

from typing import Any

import keras
from keras import ops

EMBEDDING = "embedding"
"""Name of the vector among the answers."""

_ENCODING = "encoding"
_PRETRAINED = {_ENCODING, "pieces"}


@keras.saving.register_keras_serializable("dlkit")
class TextVector(keras.layers.Layer):
    """Scales vectors to length 1, and says where they come from.

    Args:
        is_pretrained: Whether an encoder made them that knows more than the training rows.
    """

    def __init__(self, is_pretrained: bool, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})  # under mixed precision too
        self.is_pretrained = is_pretrained

    def call(self, vectors: Any) -> dict[str, Any]:
        """Returns float32 `(batch, size)` and bool `(batch,)`; zeros stay zeros."""
        return {
            EMBEDDING: ops.normalize(vectors, axis=-1),
            f"{EMBEDDING}_is_pretrained": ops.full(
                ops.shape(vectors)[:1], self.is_pretrained, "bool"
            ),
        }

    def get_config(self) -> dict[str, Any]:
        """Returns the arguments that make an equal layer."""
        return {**super().get_config(), "is_pretrained": self.is_pretrained}


def with_embedding(model: keras.Model) -> keras.Model:
    """Adds to the answers of a text model the vector of each text.

    That is what a frozen encoder says, which knows more than the classes; or else the features
    that the heads read.

    Args:
        model: From strings `(batch,)` to named answers, as a run saves it.

    Returns:
        The same model, with `embedding` float32 `(batch, size)` of length 1, and
        `embedding_is_pretrained` bool `(batch,)`: like texts of every kind have like vectors where
        it is true, else only those of a kind that the run has learned.
    """
    answers, heads = model.get_layer("answers"), model.get_layer("heads")
    [front] = [
        layer
        for layer in model.layers
        if layer not in (answers, heads) and not isinstance(layer, keras.layers.InputLayer)
    ]
    features = front(model.input)
    vectors = features.get(_ENCODING)
    if vectors is None:
        output, *_ = keras.tree.flatten(heads.output[answers.tasks[0].name])
        head = output._keras_history.operation
        network = keras.Model(heads.input, head.input, name="features")
        vectors = network({name: features[name] for name in heads.input})
    is_pretrained = bool(_PRETRAINED & set(heads.input))
    vector = TextVector(is_pretrained, name=EMBEDDING)(vectors)
    return keras.Model(model.input, {**model.output, **vector}, name="answering_and_embedding")
