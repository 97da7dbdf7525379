"""The vector of a text, by which texts of like meaning are found."""

import keras
from keras import ops

EMBEDDING = "embedding"
"""Name of the vector among the answers."""

_ENCODING = "encoding"


@keras.saving.register_keras_serializable("dlkit")
class UnitLength(keras.layers.Layer):
    """Scales vectors `(batch, size)` to length 1, in float32 under mixed precision too."""

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})

    def call(self, vectors: keras.KerasTensor) -> keras.KerasTensor:
        """Returns float32 `(batch, size)`; zeros stay zeros."""
        return ops.normalize(vectors, axis=-1)


def with_embedding(model: keras.Model) -> keras.Model:
    """Adds to the answers of a text model the vector of each text.

    That is what a frozen encoder says, which knows more than the classes; or else the features
    that the heads read.

    Args:
        model: From strings `(batch,)` to named answers, as a run saves it.

    Returns:
        The same model, with `embedding` float32 `(batch, size)` of length 1.
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
    outputs = {**model.output, EMBEDDING: UnitLength(name=EMBEDDING)(vectors)}
    return keras.Model(model.input, outputs, name="answering_and_embedding")
