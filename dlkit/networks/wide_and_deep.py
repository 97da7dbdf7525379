"""A bag of n-grams and a network over the sequence, side by side."""

import keras


def wide_and_deep(
    *, wide: keras.Model, deep: keras.Model, name: str = "wide_and_deep"
) -> keras.Model:
    """Joins two networks by their features.

    The wide one remembers which n-grams speak for what, the deep one generalizes over order and
    parts of words (Cheng et al., "Wide & deep learning for recommender systems", 2016).

    Args:
        wide: From its named inputs to features `(batch, n)`.
        deep: From its named inputs to features `(batch, m)`.
        name: Names the model.

    Returns:
        A model from the inputs of both to features `(batch, n + m)`.
    """
    features = keras.layers.Concatenate(name=f"{name}_features")([wide.output, deep.output])
    return keras.Model({**wide.input, **deep.input}, features, name=name)
