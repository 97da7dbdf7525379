"""A bag of n-grams and a network over the sequence, side by side."""

from typing import Any

import keras

from dlkit.networks.branch_dropout import BranchDropout


def wide_and_deep(
    *,
    wide: keras.Model,
    deep: keras.Model,
    branch_dropout: float = 0.0,
    name: str = "wide_and_deep",
) -> keras.Model:
    """Joins two networks by their features.

    The wide one remembers which n-grams speak for what, the deep one generalizes over order and
    parts of words (Cheng et al., "Wide & deep learning for recommender systems", 2016).

    Args:
        wide: From its named inputs to features `(batch, n)`.
        deep: From its named inputs to features `(batch, m)`.
        branch_dropout: Share of the rows that training shows to one of the two alone.
        name: Names the model.

    Returns:
        A model from the inputs of both to features `(batch, n + m)`.

    Raises:
        ValueError: `branch_dropout` is not from 0 to 1.
    """
    inputs = {**deep.input, **wide.input}

    features_of_deep = deep({name: inputs[name] for name in deep.input})
    join = BranchDropout(branch_dropout, name=f"{name}_features")
    features = join([wide.output, features_of_deep])

    return keras.Model(inputs, features, name=name)


def search_space(hp: Any) -> dict[str, Any]:
    """Returns arguments for `wide_and_deep` from KerasTuner hyperparameters."""
    return {"branch_dropout": hp.Float("branch_dropout", 0.0, 0.5, default=0.0)}
