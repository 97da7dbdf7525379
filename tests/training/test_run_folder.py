import csv
import os

import pytest

from dlkit.errors import InputError
from dlkit.training.run_folder import (
    create_run,
    discard_run,
    find_run,
    new_run,
    read_json,
    write_atomically,
    write_history,
    write_json,
)


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_write_that_fails_leaves_the_old_file(tmp_path):
    path = tmp_path / "model.bin"
    path.write_text("old")

    def fail(temporary):
        temporary.write_text("half of the ne")
        assert temporary.suffix == path.suffix
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, fail)
    assert path.read_text() == "old"
    assert files(tmp_path) == ["model.bin"]


def test_a_first_write_that_fails_leaves_nothing(tmp_path):
    def fail(_):
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  (the one from above)
        write_atomically(tmp_path / "model.bin", fail)
    assert files(tmp_path) == []


def test_what_a_kill_left_is_replaced(tmp_path):
    path = tmp_path / "model.bin"
    seen = []
    write_atomically(path, lambda temporary: (seen.append(temporary), temporary.write_text("1")))
    seen[0].write_text("half of a write that was killed")
    write_atomically(path, lambda temporary: temporary.write_text("2"))
    assert path.read_text() == "2"
    assert files(tmp_path) == ["model.bin"]


def test_json_keeps_every_script(tmp_path):
    value = {"name": "情感", "numbers": [1, 0.5], "none": None}
    write_json(tmp_path / "a.json", value)
    assert read_json(tmp_path / "a.json") == value
    assert "情感" in (tmp_path / "a.json").read_text(encoding="utf-8")


@pytest.mark.parametrize("content", [None, b"", b'{"a": 1', b"[1, 2]", b"\xff\xfe{}"])
def test_broken_json(tmp_path, content):
    path = tmp_path / "config.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"`config.json` of the run cannot be read: .* Train the"):
        read_json(path)


def test_history_has_a_line_an_epoch(tmp_path):
    write_history(tmp_path / "history.csv", {"loss": [2.0, 1.0], "val_loss": [3.0, 2.5]})
    with (tmp_path / "history.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.DictReader(file)) == [
            {"epoch": "1", "loss": "2.0", "val_loss": "3.0"},
            {"epoch": "2", "loss": "1.0", "val_loss": "2.5"},
        ]


def test_latest_is_the_newest_run(tmp_path):
    root = tmp_path / "runs" / "app"
    folders = [new_run(root, "my.module:builder") for _ in range(3)]
    assert len(set(folders)) == 3
    assert all(folder.parent == root and ":" not in folder.name for folder in folders)
    assert (root / "latest").resolve() == folders[-1].resolve()
    assert not os.path.isabs(os.readlink(root / "latest")), "the folder cannot be moved"
    assert len(files(root)) == 4


def test_find_run_follows_latest(tmp_path):
    folder = new_run(tmp_path, "cnn")
    with pytest.raises(InputError, match="`--run` must be the folder of a run, with a config"):
        find_run(tmp_path / "latest")
    write_json(folder / "config.json", {})
    assert find_run(tmp_path / "latest") == folder.resolve()
    with pytest.raises(InputError, match=r"`--run-dir` must .* Received: .*nowhere\. Train first"):
        find_run(tmp_path / "nowhere", option="--run-dir")


def test_a_named_folder_holds_one_run(tmp_path):
    folder = create_run(tmp_path / "deep" / "run")
    assert create_run(folder) == folder
    write_json(folder / "config.json", {})
    with pytest.raises(InputError, match=r"`--run-dir` must be a new folder.*Add --resume"):
        create_run(folder)


def test_a_file_is_no_folder_of_a_run(tmp_path):
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(InputError, match=r"`--run-dir` must be a folder that can be written"):
            create_run(folder)


def test_a_run_that_learned_nothing_is_discarded(tmp_path):
    good, bad = new_run(tmp_path, "good"), new_run(tmp_path, "bad")
    for folder in (good, bad):
        write_json(folder / "config.json", {})
    discard_run(bad)
    assert files(tmp_path) == [good.name, "latest"]
    assert (tmp_path / "latest").resolve() == good.resolve()
    discard_run(good)
    assert files(tmp_path) == []


def test_what_was_learned_is_kept(tmp_path):
    folder = new_run(tmp_path, "cnn")
    for name in ("config.json", "checkpoint.npz"):
        (folder / name).touch()
    discard_run(folder)
    assert files(folder) == ["checkpoint.npz", "config.json"]


def test_foreign_files_of_a_discarded_run_are_kept(tmp_path):
    (tmp_path / "notes.txt").touch()
    write_json(create_run(tmp_path) / "config.json", {})
    discard_run(tmp_path)
    assert files(tmp_path) == ["notes.txt"]
