"""The multilingual sentence encoder with pretrained weights."""

import zipfile
from pathlib import Path

import keras
import numpy as np

from dlkit.errors import InputError
from dlkit.networks.pretrained_files import SENTENCE_ENCODER_FILES, find_pretrained
from dlkit.networks.recommended import Recommended
from dlkit.networks.sentence_encoder import sentence_encoder

RECOMMENDED = Recommended(
    batch_size=32, learning_rate=5e-4, steps=1400, fitted_heads=True, refit=False
)

_ORDERS = (2, 3, 5)
_BLOCKS = 17
"""The rows of the table lie in so many blocks by turns, each with a scale and an offset."""


def pretrained_sentence_encoder(
    *, pretrained: str, dropout: float = 0.1, name: str = "sentence_encoder"
) -> keras.Model:
    """Builds a sentence encoder with pretrained weights.

    Args:
        pretrained: See `find_pretrained`.
        dropout: See `sentence_encoder`.
        name: Names the model.

    Returns:
        A model from `pieces` int `(batch, steps)` to features `(batch, units)`.

    Raises:
        InputError: The folder holds another kind of network, or weights are missing.

    Example:
    ```python
    encoder = pretrained_sentence_encoder(pretrained="multilingual")
    ```
    """
    path = find_pretrained(pretrained, SENTENCE_ENCODER_FILES) / "weights.npz"
    try:
        weights = _read_weights(path)
        rows, units = weights["table"].shape
        model = sentence_encoder(
            vocabulary_size=rows,
            units=units,
            orders=_ORDERS,
            filters=weights["proj2"].shape[1],
            hidden_units=weights["d0"].shape[1],
            dropout=dropout,
            name=name,
        )
        _assign(model, name, weights)
    except (OSError, KeyError, IndexError, ValueError, zipfile.BadZipFile) as error:
        msg = "`--pretrained` must hold the weights of a sentence encoder. Received: "
        raise InputError(f"{msg}{path.parent} ({error}). Install or fetch it again.") from error
    return model


def _read_weights(path: Path) -> dict[str, np.ndarray]:
    """Reads arrays by name; those of the table are put together."""
    with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        first = arrays["q1"]
        table = np.empty((_BLOCKS * len(first), first.shape[1]), np.uint8)
        for block in range(_BLOCKS):
            table[block::_BLOCKS] = arrays[f"q{block + 1}"]
        others = {name: arrays[name] for name in arrays.files if not name.startswith("q")}
    return {"table": table, **others}


def _assign(model: keras.Model, name: str, weights: dict[str, np.ndarray]) -> None:
    def assign(layer: str, *arrays: np.ndarray) -> None:
        model.get_layer(f"{name}_{layer}").set_weights(arrays)

    def joined(key: str) -> np.ndarray:
        return np.concatenate([weights[f"{key}{order}"] for order in _ORDERS], -1)

    table = weights["table"]
    block = np.arange(len(table)) % _BLOCKS
    assign("pieces", table, weights["scale"][block, None], weights["lo"][block, None])
    assign("projection", joined("proj"), joined("proj_b"))
    assign("projection_norm", joined("ln_g"), joined("ln_b"))
    for order in _ORDERS:
        for number in range(2):
            kernel = weights[f"w{number + 1}_{order}"]
            kernel = kernel.reshape(order, -1, kernel.shape[1])
            assign(f"{order}_{number}", kernel, weights[f"b{number + 1}_{order}"])
    assign("norm", weights["ln_g"], weights["ln_b"])
    assign("average", weights["cnn_W"], weights["cnn_b"])
    for layer, keys in (("first", ("d0", "d1", "p1")), ("second", ("d2", "d3", "p3"))):
        for part, key in zip(("inner", "outer", "past"), keys, strict=True):
            assign(f"{layer}_{part}", weights[key])
