"""What a run remembers of items and users: their texts, and what was done."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from dlkit.data.histories import Histories
from dlkit.data.items import Items
from dlkit.errors import InputError
from dlkit.training.run_folder import write_atomically

_ITEMS, _USERS = "items.parquet", "users.parquet"


def write_catalogue(
    folder: Path, items: Items, histories: Histories, user_ids: Sequence[str]
) -> None:
    """Writes items, and the history of each user, oldest first."""
    table = pa.table({name: [*column] for name, column in items._asdict().items()})
    write_atomically(folder / _ITEMS, lambda path: pq.write_table(table, path))
    starts = pa.array(histories.starts, pa.int32())
    lists = pa.ListArray.from_arrays(starts, pa.array(histories.items, pa.int32()))
    users = pa.table({"user": [*user_ids], "items": lists})
    write_atomically(folder / _USERS, lambda path: pq.write_table(users, path))


def read_items_of_run(folder: Path) -> Items:
    """Reads the items that a run has learned about.

    Raises:
        InputError: The run has none.
    """
    columns = _read(folder / _ITEMS).to_pydict()
    for name in ("tags", "features"):
        columns[name] = [tuple(values) for values in columns[name]]
    return Items(**columns)


def read_user(folder: Path, user: str) -> list[int] | None:
    """Returns the item numbers of a user of the run, oldest first; None for an unknown one."""
    table = _read(folder / _USERS)
    found = np.flatnonzero(np.asarray(pa.compute.equal(table["user"], user)))
    return table["items"][int(found[0])].as_py() if len(found) else None


def _read(path: Path) -> pa.Table:
    try:
        return pq.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        msg = f"`{path.name}` of the run cannot be read: {error}. Train the run again."
        raise InputError(msg) from error
