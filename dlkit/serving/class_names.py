"""The names of the classes beside a SavedModel, whose probabilities are bare numbers."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

CLASSES_FILE = Path("assets.extra") / "classes.json"
"""In the folder of a version: names in the order of the last axis, by the name of the answer."""


def write_class_names(version: Path, classes: Mapping[str, Sequence[str]]) -> None:
    """Writes names in the order of the last axis of each answer, by the name of the answer."""
    path = version / CLASSES_FILE
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(classes, ensure_ascii=False, indent=1), encoding="utf-8")


def read_class_names(version: Path) -> dict[str, list[str]]:
    """Reads what `write_class_names` has written; an empty object where there is none."""
    path = version / CLASSES_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
