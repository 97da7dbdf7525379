"""A BERT with random weights, written as the Hugging Face hub has them, and its arithmetic."""

import json
import math

import numpy as np
from safetensors.numpy import save_file

SIZES = {"vocabulary_size": 23, "positions": 16, "units": 32, "layers": 2, "heads": 2}
CONFIG = {
    "model_type": "bert",
    "vocab_size": 23,
    "max_position_embeddings": 16,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 12,
    "type_vocab_size": 2,
    "hidden_act": "gelu",
    "layer_norm_eps": 1e-12,
}
VOCABULARY = [
    *("[PAD]", "[UNK]", "[CLS]", "[SEP]", "copper", "yield", "wafer", "falls", "rises", "the"),
    *("market", "day", "report", "says", "of", "in", "after", "early", "late", "week"),
    *("##s", "##ing", "!"),
]


def random_weights(seed=0):
    draw, units, inner = np.random.default_rng(seed), 32, 12
    shapes = {
        "embeddings.word_embeddings.weight": (23, units),
        "embeddings.position_embeddings.weight": (16, units),
        "embeddings.token_type_embeddings.weight": (2, units),
        "embeddings.LayerNorm": units,
    }
    for number in range(2):
        key = f"encoder.layer.{number}"
        for part in ("self.query", "self.key", "self.value", "output.dense"):
            shapes[f"{key}.attention.{part}"] = (units, units)
        shapes[f"{key}.attention.output.LayerNorm"] = units
        shapes[f"{key}.intermediate.dense"] = (inner, units)
        shapes[f"{key}.output.dense"] = (units, inner)
        shapes[f"{key}.output.LayerNorm"] = units
    weights = {}
    for name, shape in shapes.items():
        if name.endswith(".weight"):
            weights[name] = draw.normal(size=shape)
        else:
            is_norm = name.endswith("LayerNorm")
            weights[f"{name}.weight"] = draw.normal(is_norm, 0.2, size=shape)
            weights[f"{name}.bias"] = draw.normal(0, 0.2, size=np.atleast_1d(shape)[0])
    return {name: value.astype("float32") for name, value in weights.items()}


def write_bert(folder, *, prefix="", mean=True, weights=None, **changes):
    """Writes a folder; `prefix` stands before every name of a weight, as in some files."""
    folder.mkdir(exist_ok=True)
    weights = random_weights() if weights is None else weights
    save_file({prefix + key: value for key, value in weights.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG | changes))
    (folder / "vocab.txt").write_text("\n".join(VOCABULARY) + "\n")
    if mean:
        (folder / "1_Pooling").mkdir(exist_ok=True)
        pooling = {"pooling_mode_mean_tokens": True, "pooling_mode_cls_token": False}
        (folder / "1_Pooling" / "config.json").write_text(json.dumps(pooling))
    return folder


def forward(weights, ids):
    """Computes the last steps of one sequence `(steps,)` of ids: float64 `(steps, 32)`."""

    def dense(x, key):
        return x @ weights[f"{key}.weight"].astype(float).T + weights[f"{key}.bias"]

    def norm(x, key):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * weights[f"{key}.weight"] + weights[f"{key}.bias"]

    x = weights["embeddings.word_embeddings.weight"][ids].astype(float)
    x += weights["embeddings.position_embeddings.weight"][: len(ids)]
    x += weights["embeddings.token_type_embeddings.weight"][0]
    x = norm(x, "embeddings.LayerNorm")
    for number in range(2):
        key = f"encoder.layer.{number}"
        heads = []
        for head in (slice(0, 16), slice(16, 32)):
            query, seen, value = (
                dense(x, f"{key}.attention.self.{part}")[:, head]
                for part in ("query", "key", "value")
            )
            scores = np.exp(query @ seen.T / 4)
            heads.append(scores / scores.sum(-1, keepdims=True) @ value)
        attended = dense(np.concatenate(heads, -1), f"{key}.attention.output.dense")
        x = norm(x + attended, f"{key}.attention.output.LayerNorm")
        inner = dense(x, f"{key}.intermediate.dense")
        inner = inner * (1 + np.vectorize(math.erf)(inner / math.sqrt(2))) / 2
        x = norm(x + dense(inner, f"{key}.output.dense"), f"{key}.output.LayerNorm")
    return x
