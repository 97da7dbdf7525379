"""Rows from TensorFlow Datasets, as the same table that files give."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from dlkit.data.columns import Wanted
from dlkit.data.messages import closest, shown

_BATCH = 1024


def read_tfds(
    spec: str,
    columns: Mapping[str, str],
    optional: Collection[str] = (),
    *,
    options: Mapping[str, str] | None = None,
) -> pa.Table:
    """Reads one split; downloads and prepares the data set first where that is still to do.

    Bytes are read as UTF-8 and class numbers become the names of their classes (null where a
    split hides them). Data lies in the folder `TFDS_DATA_DIR`, else in `~/tensorflow_datasets`.

    Args:
        spec: `tfds:NAME[/config][:split]`; the split is `train` unless named, and may be a part
            such as `train[:10%]`.
        columns: wanted name -> feature name in the data set.
        optional: wanted names that may lack, or be empty in some rows.
        options: wanted name -> the command-line option to name in errors.

    Returns:
        Table (rows) of the wanted columns (string), `row` (int64, from 1) and `file` (the spec).

    Raises:
        InputError: no such data set, split or feature, or it cannot be prepared.

    Example:
        read_tfds("tfds:ag_news_subset:test", {"text": "description", "topic": "label"})
    """
    name, _, split = spec.removeprefix("tfds:").partition(":")
    wanted = Wanted(spec, columns, optional, options)
    builder = prepared_builder(name, wanted)
    features = builder.info.features
    found = wanted.pick(list(features) if hasattr(features, "keys") else [])
    for column in found.values():
        _check_flat(column, features[column], wanted)
    chunks: dict[str, list[pa.Array]] = {name: [] for name in found}
    rows = 0
    for batch in _batches(builder, split or "train", list(found.values()), wanted):
        for name, column in found.items():
            values = _values(batch[column], features[column])
            chunks[name].append(wanted.strings(name, values, rows + 1))
        rows += len(next(iter(batch.values())))
    table = {name: pa.chunked_array(arrays, pa.string()) for name, arrays in chunks.items()}
    return wanted.table(table, rows)


def prepared_builder(name: str, wanted: Wanted) -> Any:
    """Returns the builder of a data set that is on the disk, after preparing it if need be.

    Args:
        name: NAME or NAME/config.
        wanted: Words the errors.

    Raises:
        InputError: There is no such data set, or it cannot be prepared.
    """
    import tensorflow_datasets as tfds

    try:
        builder = tfds.builder(name, data_dir=os.environ.get("TFDS_DATA_DIR"))
    except tfds.core.DatasetNotFoundError as error:
        hint = closest(name.partition("/")[0], tfds.list_builders(with_community_datasets=False))
        raise wanted.error(f"there is no data set `{name}` in TensorFlow Datasets{hint}") from error
    except (ValueError, RuntimeError) as error:
        raise wanted.error(
            f"`{name}` must be NAME or NAME/config of TFDS ({shown(error, 300)})"
        ) from error
    try:
        builder.download_and_prepare()
    except Exception as error:  # whatever a download, an archive or a full disk may raise
        raise wanted.error(
            f"the data set must be prepared once with a network, but that failed "
            f"({type(error).__name__}: {shown(error, 300)}); prepare it where there is one, copy "
            "the folder and point TFDS_DATA_DIR to it"
        ) from error
    return builder


def _check_flat(column: str, feature: Any, wanted: Wanted) -> None:
    if getattr(feature, "shape", None) != ():
        raise wanted.error(
            f"the column `{column}` must hold plain values, but holds {type(feature).__name__}; "
            "choose a text, label or number feature"
        )


def _batches(builder: Any, split: str, columns: list[str], wanted: Wanted) -> Any:
    import tensorflow_datasets as tfds

    # Without a wanted column (all of them optional) every feature is read, to count the rows.
    decoders = tfds.decode.PartialDecoding(dict.fromkeys(columns, True)) if columns else None
    options = {"batch_size": _BATCH, "decoders": decoders}
    return tfds.as_numpy(rows_of_split(builder, split, wanted, **options))


def rows_of_split(builder: Any, split: str, wanted: Wanted, **options: Any) -> Any:
    """Returns a split, or a part of one, as a `tf.data.Dataset` in its order.

    Raises:
        InputError: There is no such split.
    """
    try:
        return builder.as_dataset(split=split, **options)
    except (ValueError, AssertionError) as error:
        splits = ", ".join(f"`{name}`" for name in sorted(builder.info.splits))
        raise wanted.error(f"there is no split `{split}`; the splits are {splits}") from error


def _values(values: np.ndarray, feature: Any) -> pa.Array:
    import tensorflow_datasets as tfds

    if isinstance(feature, tfds.features.ClassLabel):
        return pa.array(class_names(values, feature), pa.string())
    return pa.array(values)


def class_names(values: np.ndarray, feature: Any) -> list[str | None]:
    """Returns the names of class numbers `(rows,)`, None where a split hides them."""
    names = [feature.int2str(i) for i in range(feature.num_classes)]
    return [names[i] if i >= 0 else None for i in values]
