"""What can be recommended: ids, texts and other columns."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dlkit.data.messages import shown
from dlkit.data.table_rows import column_names
from dlkit.data.tables import TFDS, read_tables
from dlkit.data.validation import check_numbers
from dlkit.errors import InputError

_TEXTS, _TAGS = ("title", "description"), ("tags",)


class Items(NamedTuple):
    """Items in the order of their numbers.

    Args:
        ids: Names of the items, `(items,)`.
        titles: What a reader is shown, `(items,)`; the id where there is no title.
        texts: All their texts, joined, `(items,)`; may be empty.
        tags: Their whole values, such as authors or genres, `(items,)` of tuples.
        categories: The value that quotas count, `(items,)`; empty where there is none.
        features: Their other columns, such as a price, `(items,)` of tuples of numbers.
    """

    ids: list[str]
    titles: list[str]
    texts: list[str]
    tags: list[tuple[str, ...]]
    categories: list[str]
    features: list[tuple[float, ...]]

    def category_numbers(self) -> np.ndarray:
        """Returns a number for the category of each item, int32 `(items,)`, 0 for none."""
        numbers = {name: place for place, name in enumerate(sorted({"", *self.categories}))}
        return np.array([numbers[name] for name in self.categories], np.int32)

    def take(self, numbers: np.ndarray) -> Items:
        """Returns some items."""
        return Items(*([part[number] for number in numbers] for part in self))

    def followed_by(self, other: Items) -> Items:
        """Returns these items and then others."""
        return Items(*(getattr(self, name) + getattr(other, name) for name in self._fields))


def read_items(
    sources: Sequence[str | Path],
    *,
    item_column: str,
    text_columns: Sequence[str],
    tag_columns: Sequence[str] = (),
    category_column: str | None = None,
    feature_columns: Sequence[str] = (),
) -> Items:
    """Reads items.

    Args:
        sources: Files, or `tfds:` names.
        item_column: Column of the ids; each may be there once.
        text_columns: Columns of texts; the first is the title. A value may be missing. Without
            any, `title` and `description`, if they are there.
        tag_columns: Columns of values that are separated by commas, semicolons or bars. Without
            any, `tags`, if it is there.
        category_column: Column of the category; without it, the first of the tags.
        feature_columns: Columns of numbers; a missing one is the mean of its column.

    Returns:
        The items in the order of the rows.

    Raises:
        InputError: A file cannot be read, a column lacks, an id is missing or there twice, or a
            feature is no number.
    """
    columns = {"item": item_column}
    columns |= {f"text_{place}": name for place, name in enumerate(text_columns or _TEXTS)}
    columns |= {f"tag_{place}": name for place, name in enumerate(tag_columns or _TAGS)}
    columns |= {f"feature_{place}": name for place, name in enumerate(feature_columns)}
    options = {name: f"--{name.split('_')[0]}-columns" for name in columns if name != "item"}
    if category_column is not None:
        columns["category"] = category_column
        options["category"] = "--category-column"
    named = {*text_columns, *tag_columns, *feature_columns, category_column}
    table = read_tables(
        sources, columns, optional=[name for name in columns if name != "item"], options=options
    )
    given = {columns[name]: option for name, option in options.items() if columns[name] in named}
    _check_columns(sources, given)
    ids = table["item"].to_pylist()
    _check_unique(ids, table)
    tags = list(zip(*_values(table, "tag_"), strict=True)) or [()] * len(ids)
    split = [tuple(tag for value in values for tag in _split(value)) for values in tags]
    texts = list(zip(*_values(table, "text_"), strict=True)) or [()] * len(ids)
    categories = table["category"].to_pylist() if category_column is not None else None
    return Items(
        ids,
        [
            (values[0] if values and values[0] else name)
            for name, values in zip(ids, texts, strict=True)
        ],
        [" \n".join(filter(None, values)) for values in texts],
        split,
        [value or "" for value in categories] if categories else [(*t, "")[0] for t in split],
        _features(table, feature_columns),
    )


def _features(table: pa.Table, names: Sequence[str]) -> list[tuple[float, ...]]:
    features = np.zeros((len(table), len(names)))
    for place in range(len(names)):
        given = np.asarray(pc.is_valid(table[f"feature_{place}"]))
        there = table.filter(pa.array(given))
        values = there[f"feature_{place}"].to_pylist()
        numbers = check_numbers(values, name="--feature-columns", source="", table=there)
        features[:, place] = numbers.mean() if len(numbers) else 0.0
        features[given, place] = numbers
    return [tuple(row) for row in features.tolist()]


def _values(table: pa.Table, prefix: str) -> list[list[str | None]]:
    return [table[name].to_pylist() for name in table.column_names if name.startswith(prefix)]


def _split(value: str | None) -> list[str]:
    for separator in ";|，、":
        value = (value or "").replace(separator, ",")
    return [tag.strip() for tag in (value or "").split(",") if tag.strip()]


def _check_columns(sources: Sequence[str | Path], wanted: dict[str, str]) -> None:
    """Each file may lack a column, but not all of them: that is a misspelled name."""
    if any(str(source).startswith(TFDS) for source in sources):
        return
    found = {name for source in sources for name in column_names(str(source))}
    for name, option in wanted.items():
        if name not in found:
            listed = ", ".join(f"`{shown(other)}`" for other in sorted(found)[:20])
            msg = f"`{option}` must name columns of the items. Received: {name}; there are "
            raise InputError(f"{msg}{listed}. Name some of them.")


def _check_unique(ids: Sequence[str], table: pa.Table) -> None:
    seen: dict[str, int] = {}
    for place, name in enumerate(ids):
        if name in seen:
            first, second = (table.slice(row, 1).to_pylist()[0] for row in (seen[name], place))
            raise InputError(
                f"`{second['file']}`: an item must be there once, but row {second['row']} has "
                f"`{shown(name)}`, as row {first['row']} of `{first['file']}` has; remove one."
            )
        seen[name] = place


def item_numbers(items: Items, names: pa.ChunkedArray) -> np.ndarray:
    """Returns the number of each name, int64 `(rows,)`, -1 where there is no such item."""
    return np.asarray(pc.fill_null(pc.index_in(names, pa.array(items.ids)), -1), np.int64)
