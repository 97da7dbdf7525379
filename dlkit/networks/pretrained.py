"""BERTs with pretrained weights, from folders as the Hugging Face hub has them."""

import json
from pathlib import Path
from typing import Any, Literal, NamedTuple

import keras
import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from dlkit.errors import InputError
from dlkit.networks.bert import bert
from dlkit.networks.pretrained_files import BERT_FILES, find_pretrained
from dlkit.networks.recommended import Recommended

RECOMMENDED = Recommended(
    batch_size=32, learning_rate=1.5e-4, steps=1400, fitted_heads=True, refit=False
)
"""Five epochs over 10,000 texts: about 100 CPU seconds each for a MiniLM and short texts."""


class Tokenizing(NamedTuple):
    """How the tokenizer of an encoder treats letters, and what the encoder can read."""

    lower_case: bool
    strip_accents: bool | None
    positions: int
    vocabulary_size: int


def read_tokenizing(folder: Path) -> Tokenizing:
    """Reads what the tokenizer of an encoder must do; BERT's default is lower case."""
    path = folder / "tokenizer_config.json"
    settings = _read(path) if path.is_file() else {}
    arguments = _arguments(folder, _read(folder / "config.json"))
    return Tokenizing(
        lower_case=bool(settings.get("do_lower_case", True)),
        strip_accents=settings.get("strip_accents"),
        positions=arguments["positions"],
        vocabulary_size=arguments["vocabulary_size"],
    )


def pretrained_bert(
    *,
    pretrained: str,
    pooling: Literal["mean", "first"] | None = None,
    dropout: float = 0.1,
    trainable_layers: int | None = None,
    layer_decay: float = 1.0,
    name: str = "bert",
) -> keras.Model:
    """Builds a BERT with pretrained weights.

    Args:
        pretrained: See `find_pretrained`.
        pooling: How the steps become one vector. None does as `1_Pooling/config.json` says, which
            sentence encoders have; without it the first step is taken.
        dropout: See `bert`.
        trainable_layers: See `bert`.
        layer_decay: Each block learns at the rate of the one above it, times this: what lies deep
            is more general and needs less change (Howard and Ruder, "Universal language model
            fine-tuning for text classification", 2018).
        name: Names the model.

    Returns:
        A model from `pieces` int `(batch, steps)` to features `(batch, hidden)`.

    Raises:
        InputError: The folder holds another kind of network, or weights are missing, or
            `layer_decay` is not above 0.

    Example:
    ```python
    encoder = pretrained_bert(pretrained="minilm", trainable_layers=2)
    ```
    """
    if not 0 < layer_decay <= 1:
        msg = "`layer_decay` must be above 0 and at most 1. Received: "
        raise InputError(f"{msg}{layer_decay}. Give another.")
    folder = find_pretrained(pretrained, BERT_FILES)
    arguments = _arguments(folder, _read(folder / "config.json"))
    model = bert(
        **arguments,
        pooling=pooling or _pooling(folder),
        dropout=dropout,
        trainable_layers=trainable_layers,
        name=name,
    )
    try:
        weights = _read_weights(folder / "model.safetensors")
        _assign(model, name, weights, layers=arguments["layers"])
    except (KeyError, ValueError, SafetensorError) as error:
        msg = f"`--pretrained` must hold the weights of its config.json. Received: {folder}"
        raise InputError(f"{msg} ({error}). Fetch the folder again.") from error
    _slow_down(model, name, layer_decay, layers=arguments["layers"])
    return model


def _slow_down(model: keras.Model, name: str, decay: float, *, layers: int) -> None:
    for number in range(layers):
        for layer in model.layers:
            if layer.name.startswith(f"{name}_{number}_"):
                for variable in layer.trainable_variables:
                    variable.rate_factor = decay ** (layers - 1 - number)  # read by TableAdam


def _read(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(value, dict):
            raise ValueError("it is no JSON object")
    except (OSError, ValueError) as error:
        msg = f"`--pretrained` must be a folder with a {path.name} that can be read. Received: "
        raise InputError(f"{msg}{path.parent} ({error}). Fetch it again.") from error
    return value


def _arguments(folder: Path, config: dict[str, Any]) -> dict[str, Any]:
    known = {"model_type": "bert", "position_embedding_type": "absolute"}
    for key, value in known.items():
        if config.get(key, value) != value:
            msg = f"`--pretrained` must be a BERT with {key} {value!r}. Received: {folder} with "
            raise InputError(f"{msg}{config[key]!r}. Name another.")
    try:
        return {
            "vocabulary_size": config["vocab_size"],
            "positions": config["max_position_embeddings"],
            "units": config["hidden_size"],
            "layers": config["num_hidden_layers"],
            "heads": config["num_attention_heads"],
            "inner_units": config["intermediate_size"],
            "activation": config.get("hidden_act", "gelu"),
            "epsilon": config.get("layer_norm_eps", 1e-12),
        }
    except KeyError as error:
        msg = f"`--pretrained` must have {error} in its config.json. Received: {folder}, without."
        raise InputError(msg + " Name another.") from error


def _pooling(folder: Path) -> Literal["mean", "first"]:
    path = folder / "1_Pooling" / "config.json"
    return "mean" if path.is_file() and _read(path).get("pooling_mode_mean_tokens") else "first"


def _read_weights(path: Path) -> dict[str, np.ndarray]:
    """Reads arrays by name; some files put a prefix before, and old ones name norms otherwise."""
    return {
        key.removeprefix("bert.").replace("gamma", "weight").replace("beta", "bias"): value
        for key, value in load_file(path).items()
    }


def _assign(model: keras.Model, name: str, weights: dict[str, np.ndarray], *, layers: int) -> None:
    words, positions, kinds = (
        weights[f"embeddings.{kind}_embeddings.weight"]
        for kind in ("word", "position", "token_type")
    )
    # A single text is all of the first kind, so that its vector belongs to every position.
    model.get_layer(f"{name}_words").set_weights([words])
    model.get_layer(f"{name}_positions").set_weights([positions + kinds[0]])
    _assign_norm(model.get_layer(f"{name}_norm"), weights, "embeddings.LayerNorm")
    for number in range(layers):
        _assign_block(model, f"{name}_{number}", weights, f"encoder.layer.{number}")


def _assign_block(model: keras.Model, layer: str, weights: dict[str, np.ndarray], key: str) -> None:
    attention = [f"{key}.attention.self.{part}" for part in ("query", "key", "value")]
    output = f"{key}.attention.output"
    model.get_layer(f"{layer}_attention").set_weights(
        [
            np.concatenate([weights[f"{part}.weight"].T for part in attention], 1),
            np.concatenate([weights[f"{part}.bias"] for part in attention]),
            weights[f"{output}.dense.weight"].T,
            weights[f"{output}.dense.bias"],
        ]
    )
    _assign_norm(model.get_layer(f"{layer}_attention_norm"), weights, f"{output}.LayerNorm")
    for part, source in (("inner", f"{key}.intermediate"), ("outer", f"{key}.output")):
        values = [weights[f"{source}.dense.weight"].T, weights[f"{source}.dense.bias"]]
        model.get_layer(f"{layer}_{part}").set_weights(values)
    _assign_norm(model.get_layer(f"{layer}_norm"), weights, f"{key}.output.LayerNorm")


def _assign_norm(layer: keras.layers.Layer, weights: dict[str, np.ndarray], key: str) -> None:
    layer.set_weights([weights[f"{key}.weight"], weights[f"{key}.bias"]])
