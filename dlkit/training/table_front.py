"""How the columns of a table enter a network."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import keras
import numpy as np
import tensorflow as tf

from dlkit.data.column_kinds import Column
from dlkit.data.pipeline import strip_padding
from dlkit.networks.table import TableSizes
from dlkit.table.categories import Categories
from dlkit.table.dates import Dates
from dlkit.table.numbers import Numbers
from dlkit.text.tokenizer import Tokenizer

_NGRAMS = 30_000
"""Most n-grams of a text column: each has a vector for each member."""
_READ_ROWS = 1024


class TableFront(NamedTuple):
    """From named columns `(batch,)` to what `table_network` reads, and how wide it is."""

    layer: keras.Model
    sizes: TableSizes

    def read(self, values: Mapping[str, np.ndarray]) -> dict[str, tf.Tensor | tf.RaggedTensor]:
        """Reads rows `(rows,)` by a compiled function; ids of texts come without padding."""
        compiled = tf.function(
            lambda columns: {
                name: strip_padding(value) if "_ngram" in name else value
                for name, value in self.layer(columns).items()
            },
            reduce_retracing=True,
        )
        rows = len(next(iter(values.values())))
        parts = [
            compiled({k: tf.constant(v[i : i + _READ_ROWS]) for k, v in values.items()})
            for i in range(0, rows, _READ_ROWS)
        ]
        return {name: tf.concat([part[name] for part in parts], 0) for name in parts[0]}


def table_front(columns: Sequence[Column], values: Mapping[str, np.ndarray]) -> TableFront:
    """Makes what reads the columns, adapted to the training rows.

    Args:
        columns: Names, kinds and inputs.
        values: The training rows `(rows,)` by the name of the input, as of `column_values`.

    Returns:
        The front.
    """
    inputs = {
        column.input: keras.Input(
            (), dtype="float32" if column.kind == "number" else "string", name=column.input
        )
        for column in columns
    }
    features: dict[str, keras.KerasTensor] = {}
    features |= _number_features(inputs, columns, values)
    names = [column.input for column in columns if column.kind == "category"]
    ids = 0
    if names:
        layer = Categories(len(names), name="read-categories")
        layer.adapt([values[name].tolist() for name in names])
        features["categories"] = layer([inputs[name] for name in names])
        ids = layer.count
    ngrams = {}
    for number, name in enumerate(c.input for c in columns if c.kind == "text"):
        text = f"text_{number}"
        tokenizer = Tokenizer(ngram_vocabulary_size=_NGRAMS, name=f"read-{text}")
        tokenizer.adapt(values[name].tolist())
        found = tokenizer(inputs[name])
        features |= {f"{text}_{part}": found[part] for part in ("ngrams", "ngram_weights")}
        ngrams[text] = tokenizer.ngram_count
    sizes = TableSizes(
        linear=features["linear"].shape[-1] if "linear" in features else 0,
        bins=features["bins"].shape[-1] if "bins" in features else 0,
        categories=len(names),
        category_count=ids,
        ngrams=ngrams,
    )
    return TableFront(keras.Model(inputs, features, name="read-columns"), sizes)


def _number_features(
    inputs: Mapping[str, keras.KerasTensor],
    columns: Sequence[Column],
    values: Mapping[str, np.ndarray],
) -> dict[str, keras.KerasTensor]:
    """Returns the features of numbers, and of dates as numbers."""
    numbers = [column.input for column in columns if column.kind == "number"]
    dates = [column.input for column in columns if column.kind == "date"]
    read = [inputs[name] for name in numbers]
    known = [values[name][:, None] for name in numbers]
    if dates:
        layer = Dates(name="read-dates")
        read.append(layer([inputs[name] for name in dates]))
        known.append(layer([tf.constant(values[name]) for name in dates]).numpy())
    if not read:
        return {}
    layer = Numbers(name="read-numbers")
    layer.adapt(np.concatenate(known, 1))
    features = layer(read)
    return {name: value for name, value in features.items() if value.shape[-1]}
