import pyarrow as pa
import pytest

from dlkit.data.corrections import correct_labels, correction_notes
from dlkit.errors import InputError
from tests.made_rows import write_rows

ROWS = pa.table(
    {
        "text": ["a", "a", "b", "b"],
        "topic": ["x", "y", "x", None],
        "mood": ["x", "x", "x", "x"],
    }
)


def corrected(tmp_path, *rows, labels=("topic",)):
    path = write_rows(tmp_path / "corrections.jsonl", rows)
    return correct_labels(ROWS, path, labels)


def row(text, label, new, **others):
    return {"text": text, "label": label, "corrected": new, **others}


def test_rows_with_the_text_and_the_label_change_and_no_others(tmp_path):
    table = corrected(tmp_path, row("a", "x", "z"), row("a", "y", "x"), row("gone", "x", "y"))
    assert table["topic"].to_pylist() == ["z", "x", "x", None]
    assert table["corrected"].to_pylist() == [True, True, False, False]
    assert table.drop_columns(["topic", "corrected"]).equals(ROWS.drop_columns(["topic"]))
    assert correction_notes(table) == [
        "The labels of 2 rows were corrected as `--corrections` says."
    ]
    assert correction_notes(ROWS) == []


def test_one_of_several_labels(tmp_path):
    table = corrected(tmp_path, row("b", "x", "z", task="mood"), labels=("topic", "mood"))
    assert table["mood"].to_pylist() == ["x", "x", "z", "z"]
    assert table["topic"].equals(ROWS["topic"])


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        ([row("c", "x", "z")], ("topic",), "none has text and label of theirs"),
        ([row("a", "x", "z"), row("a", "x", "y")], ("topic",), "two for 'a' in row 2"),
        ([row("a", "x", "z")], ("topic", "mood"), "`task` .* one of topic, mood.*None in row 1"),
        ([row("a", "x", "z", task="size")], ("topic",), "Received: size"),
    ],
)
def test_bad_files(tmp_path, rows, labels, message):
    with pytest.raises(InputError, match=message):
        corrected(tmp_path, *rows, labels=labels)
