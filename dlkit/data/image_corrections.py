"""Corrected labels of images, kept in a file of their own."""

import numpy as np

from dlkit.data.corrections import check_corrected, correction_note, read_corrections
from dlkit.data.images import LabelledImages

_TASK = "label"


def correct_image_labels(rows: LabelledImages, path: str) -> tuple[LabelledImages, str]:
    """Gives images the labels that a file of corrections says; no row is added or lost.

    Args:
        rows: The images.
        path: File with the columns `image` (as `rows.names`), `label` (the wrong one) and
            `corrected`.

    Returns:
        The images, and how many were corrected in a sentence.

    Raises:
        InputError: The file breaks a rule, contradicts itself, or matches no row at all.
    """
    corrections = read_corrections(path, [_TASK], subject="image")
    labels = [
        label if label is None else corrections.get((_TASK, name, label), label)
        for name, label in zip(rows.names, rows.labels, strict=True)
    ]
    changed = np.array([a != b for a, b in zip(rows.labels, labels, strict=True)])
    check_corrected(changed, path, subject="image")
    return rows._replace(labels=labels), correction_note(changed)
