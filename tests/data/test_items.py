import json

import pytest

from dlkit.data.items import read_items
from dlkit.errors import InputError


def write(path, rows):
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n", encoding="utf-8")
    return [str(path)]


def test_reads_titles_texts_and_tags(tmp_path):
    rows = [
        {"item_id": "a", "title": "One", "description": "first", "tags": "x; y"},
        {"item_id": "b", "description": "second"},
    ]
    items = read_items(write(tmp_path / "i.jsonl", rows), item_column="item_id", text_columns=())
    assert items.ids == ["a", "b"]
    assert items.titles == ["One", "b"], "an item without a title is shown by its id"
    assert items.texts == ["One \nfirst", "second"]
    assert items.tags == [("x", "y"), ()]
    assert items.categories == ["x", ""]


def test_named_columns(tmp_path):
    rows = [{"id": "a", "name": "One", "by": "Ann|Bob", "shelf": "top"}]
    items = read_items(
        write(tmp_path / "i.jsonl", rows),
        item_column="id",
        text_columns=["name"],
        tag_columns=["by"],
        category_column="shelf",
    )
    assert (items.tags, items.categories) == ([("Ann", "Bob")], ["top"])


def test_a_misspelled_column_is_named(tmp_path):
    source = write(tmp_path / "i.jsonl", [{"item_id": "a", "title": "One"}])
    with pytest.raises(InputError, match=r"`--text-columns`.*Received: titel.*`title`"):
        read_items(source, item_column="item_id", text_columns=["titel"])


def test_an_item_twice_is_named_with_its_rows(tmp_path):
    source = write(tmp_path / "i.jsonl", [{"item_id": "a"}, {"item_id": "b"}, {"item_id": "a"}])
    with pytest.raises(InputError, match=r"`i.jsonl`.*row 3 has `a`, as row 1"):
        read_items(source, item_column="item_id", text_columns=())
