"""One SavedModel of recommendations: ids of a history in, ids and scores of items out."""

from collections.abc import Sequence
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from dlkit.serving.export import SERVING_DEFAULT, export_model
from dlkit.serving.item_index import ItemIndex
from dlkit.tasks.item_scores import ItemScores

EXACT_ITEMS = 200_000
"""Beyond so many items, an approximate index is written beside the model."""
STATE = "state"
"""The signature that asks for the vector of a user."""
_HISTORY = 50


def export_retrieval(
    model: keras.Model, folder: Path, *, version: int | None, ids: Sequence[str]
) -> Path:
    """Exports a recommender: the signature takes `history`, strings `(batch, n)`, padded with "".

    It answers `items`, strings `(batch, k)`, and `scores`, float32 `(batch, k)`. The signature
    `state` gives the vector `state`, float32 `(batch, dim + 1)`, whose dot product with those of
    the items is the deep part of their scores. Beyond 200,000 items, `assets.extra/items.hnsw` is
    an `ItemIndex` of them, in the order of `assets.extra/items.txt`.

    Args:
        model: See `recommending_model`.
        folder: See `export_model`.
        version: See `export_model`.
        ids: Names of the items, some of which are the probes.

    Returns:
        The folder of the version.

    Raises:
        InputError, ServingError: See `export_model`.
    """
    layer = model.get_layer("item_scores")
    numbers = keras.Model(model.input, model.get_layer("known_numbers").output)

    def state(inputs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        states = layer.states(layer.newest(numbers(inputs["history"])))
        return {"state": tf.pad(states, [(0, 0), (0, 1)], constant_values=1.0)}

    names = [name.encode() for name in ids[: 2 * _HISTORY]]
    probes = np.full((4, _HISTORY), b"", object)
    probes[1, :2] = [names[0], b"an unknown item"]
    probes[2, -len(names[:_HISTORY]) :] = names[:_HISTORY]
    probes[3, 3:4] = names[-1]
    path = export_model(
        model,
        folder,
        version=version,
        answers={
            SERVING_DEFAULT: lambda inputs: model(inputs["history"], training=False),
            STATE: state,
        },
        specs={"history": tf.TensorSpec([None, None], tf.string)},
        probes={"history": probes},
        expected=model(tf.constant(probes)),
    )
    if len(ids) > EXACT_ITEMS:
        _write_index(layer, path / "assets.extra", ids)
    return path


def _write_index(layer: ItemScores, folder: Path, ids: Sequence[str]) -> None:
    vectors = np.column_stack([layer.vectors.numpy(), layer.bias.numpy()])
    index = ItemIndex(vectors.shape[1])
    index.add(vectors)
    folder.mkdir(exist_ok=True)
    index.save(folder / "items.hnsw")
    (folder / "items.txt").write_text("".join(f"{name}\n" for name in ids), encoding="utf-8")
