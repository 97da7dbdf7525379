import numpy as np
import pytest

from dlkit.data.image_corrections import correct_image_labels
from dlkit.data.images import LabelledImages
from dlkit.errors import InputError
from tests.made_rows import write_rows

ROWS = LabelledImages(
    np.zeros((4, 2, 2, 1), np.uint8),
    ["x", "y", "x", None],
    ["a.png", "b.png", "c.png", "d.png"],
    [],
)


def row(image, label, corrected):
    return {"image": image, "label": label, "corrected": corrected}


def corrected(tmp_path, *rows):
    return correct_image_labels(ROWS, write_rows(tmp_path / "corrections.jsonl", rows))


def test_images_with_the_name_and_the_label_change_and_no_others(tmp_path):
    rows, note = corrected(
        tmp_path, row("a.png", "x", "z"), row("b.png", "x", "z"), row("d.png", "x", "z")
    )
    assert rows.labels == ["z", "y", "x", None]
    assert (rows.names, rows.pixels is ROWS.pixels) == (ROWS.names, True)
    assert note == "The labels of 1 row were corrected as `--corrections` says."


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([row("e.png", "x", "z")], "none has image and label of theirs"),
        ([row("a.png", "x", "z"), row("a.png", "x", "y")], "two for 'a.png' in row 2"),
        ([{"text": "a.png", "label": "x", "corrected": "z"}], "image"),
    ],
)
def test_bad_files(tmp_path, rows, message):
    with pytest.raises(InputError, match=message):
        corrected(tmp_path, *rows)
