"""A sentence encoder with random weights, written as its package has them, and its arithmetic."""

import numpy as np

from tests.text.tiny_sentencepiece import sentencepiece_model

ORDERS, UNITS, FILTERS, HIDDEN = (2, 3, 5), 8, 4, 6


def random_weights(seed=0):
    draw = np.random.default_rng(seed)
    shapes = {"lo": (17,), "scale": (17,), "ln_g": (20,), "ln_b": (20,), "cnn_W": (20, UNITS)}
    shapes |= {"cnn_b": (UNITS,), "d0": (UNITS, HIDDEN), "p1": (UNITS, HIDDEN)}
    shapes |= {"d1": (HIDDEN, HIDDEN), "d2": (HIDDEN, UNITS), "p3": (HIDDEN, UNITS)}
    shapes |= {"d3": (UNITS, UNITS)}
    for order in ORDERS:
        shapes |= {f"{key}{order}": (FILTERS,) for key in ("proj_b", "ln_g", "ln_b", "b1_", "b2_")}
        shapes |= {f"w{n}_{order}": (order * FILTERS, FILTERS) for n in (1, 2)}
        shapes[f"proj{order}"] = (UNITS, FILTERS)
    weights = {name: draw.normal(0, 0.5, shape).astype("float32") for name, shape in shapes.items()}
    blocks = {f"q{n + 1}": draw.integers(0, 9, (2, UNITS), "uint8") for n in range(17)}
    return {**weights, **blocks}


def write_sentence_encoder(folder, *, weights=None):
    folder.mkdir(exist_ok=True)
    np.savez(folder / "weights.npz", **(random_weights() if weights is None else weights))
    (folder / "sp.model").write_bytes(sentencepiece_model())
    return folder


def forward(weights, ids):
    """Computes the vector of one text `(steps,)` of ids: float64 `(UNITS,)`."""

    def norm(x, scale, offset):
        x = (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-12)
        return x * scale + offset

    def convolve(x, kernel, bias, order):
        padded = np.pad(x, [((order - 1) // 2, order // 2), (0, 0)])
        windows = [padded[step : step + order].ravel() for step in range(len(x))]
        return np.maximum(np.stack(windows) @ kernel + bias, 0)

    w = {name: value.astype(float) for name, value in weights.items()}
    pieces = [w[f"q{n % 17 + 1}"][n // 17] * w["scale"][n % 17] + w["lo"][n % 17] for n in ids]
    pieces = np.stack(pieces)
    joined = [
        np.concatenate([w[f"{key}{order}"] for order in ORDERS], -1)
        for key in ("proj", "proj_b", "ln_g", "ln_b")
    ]
    x = norm(pieces @ joined[0] + joined[1], *joined[2:])
    steps = [pieces]
    for number, order in enumerate(ORDERS):
        part = x[:, number * FILTERS : (number + 1) * FILTERS]
        for layer in (1, 2):
            part = part + convolve(part, w[f"w{layer}_{order}"], w[f"b{layer}_{order}"], order)
        steps.append(part)
    steps = norm(np.concatenate(steps, -1), w["ln_g"], w["ln_b"])
    x = (steps @ w["cnn_W"] + w["cnn_b"]).sum(0) / np.sqrt(len(ids))
    x = np.maximum(x @ w["p1"] + np.maximum(x @ w["d0"], 0) @ w["d1"], 0)
    x = np.tanh(x @ w["p3"] + np.maximum(x @ w["d2"], 0) @ w["d3"])
    return x / np.linalg.norm(x)
