"""Tables that come with scikit-learn, as rows of strings."""

from typing import Any

import numpy as np
import pyarrow as pa

from dlkit.data.messages import closest
from dlkit.errors import InputError

PREFIX = "sklearn:"
NAMES = ("diabetes", "breast_cancer", "wine", "digits")
TARGET = "target"


def read_bundled(source: str) -> pa.Table:
    """Reads one of the tables; classes have their names.

    Args:
        source: `sklearn:NAME`.

    Returns:
        Table (rows) of string columns, the last of which is `target`.

    Raises:
        InputError: There is no such table.
    """
    name = source.removeprefix(PREFIX)
    if name not in NAMES:
        msg = f"`--data sklearn:NAME` must be one of {', '.join(NAMES)}. Received: {name}"
        raise InputError(f"{msg}{closest(name, NAMES)}. Name one of them.")
    from sklearn import datasets

    options: dict[str, Any] = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(datasets, f"load_{name}")(**options)
    columns = {
        str(column).replace(" ", "_"): _strings(values)
        for column, values in zip(bunch.feature_names, bunch.data.T, strict=True)
    }
    target = bunch.target if name == "diabetes" else bunch.target_names[bunch.target]
    return pa.table({**columns, TARGET: _strings(target)})


def _strings(values: np.ndarray) -> pa.Array:
    return pa.array([str(value) for value in values.tolist()], pa.string())
