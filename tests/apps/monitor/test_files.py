"""Files that grow, are replaced or are added: each line once, whatever happens to them."""

import os
import threading

from apps.sentiment.monitor.sources.files import Files
from apps.sentiment.monitor.sources.lines import Lines
from apps.sentiment.monitor.sources.standard_input import StandardInput
from tests.apps.monitor.made import lines, row


class Reading:
    """Reads a source that follows, batch by batch."""

    def __init__(self, path, positions=None):
        self.positions = dict(positions or {})
        self._stop = threading.Event()
        self._batches = Files(path, follow=True).read(self.positions, self._stop)
        self.bad = []

    def ids(self):
        """Returns what is new until the source has caught up."""
        found = []
        for batch in self._batches:
            if not batch.positions:
                return found
            found += [row.id for row in batch.rows]
            self.bad += batch.bad
            self.positions |= batch.positions
        return found


def read_once(path, positions=None):
    batches = Files(path, follow=False).read(positions or {}, threading.Event())
    return [row.id for batch in batches for row in batch.rows]


def add(path, data):
    with path.open("ab") as file:
        file.write(data)


def test_a_file_that_grows(tmp_path):
    path = tmp_path / "posts.jsonl"
    path.write_bytes(lines([row(0)]))
    reading = Reading(path)
    assert reading.ids() == ["r0"]
    half, rest = lines([row(1)])[:20], lines([row(1)])[20:]
    add(path, half)
    assert reading.ids() == []
    add(path, rest + lines([row(2)]))
    assert reading.ids() == ["r1", "r2"]
    assert Reading(path, reading.positions).ids() == []
    add(path, lines([row(3)]))
    assert Reading(path, reading.positions).ids() == ["r3"]


def test_from_any_position_comes_the_rest(tmp_path):
    path = tmp_path / "posts.jsonl"
    path.write_bytes(lines(row(number) for number in range(4000)))
    batches = list(Files(path, follow=False).read({}, threading.Event()))
    assert len(batches) > 2
    ids = [f"r{number}" for number in range(4000)]
    done = 0
    for batch in batches:
        done += len(batch.rows)
        assert read_once(path, batch.positions) == ids[done:]


def test_a_file_that_is_rotated_is_read_to_its_end(tmp_path):
    path = tmp_path / "posts.jsonl"
    path.write_bytes(lines([row(0)]))
    reading = Reading(path)
    reading.ids()
    add(path, lines([row(1)]))
    path.rename(tmp_path / "old")
    path.write_bytes(lines([row(2), row(3)]))
    assert reading.ids() == ["r1", "r2", "r3"]


def test_a_file_that_is_emptied_and_filled_again(tmp_path):
    path = tmp_path / "posts.jsonl"
    path.write_bytes(lines([row(0), row(1)]))
    reading = Reading(path)
    reading.ids()
    os.truncate(path, 0)
    assert reading.ids() == []
    add(path, lines([row(2)]))
    assert reading.ids() == ["r2"]


def test_another_file_of_the_same_name(tmp_path):
    path = tmp_path / "posts.jsonl"
    path.write_bytes(lines([row(0)]))
    reading = Reading(path)
    reading.ids()
    path.unlink()
    path.write_bytes(lines([row(number) for number in (7, 8, 9)]))
    assert Reading(path, reading.positions).ids() == ["r7", "r8", "r9"]


def test_a_folder_to_which_files_are_added(tmp_path):
    (tmp_path / "b.jsonl").write_bytes(lines([row(1)]))
    (tmp_path / "a.jsonl").write_bytes(lines([row(0)]))
    (tmp_path / "notes.txt").write_bytes(b"no rows")
    reading = Reading(tmp_path)
    assert reading.ids() == ["r0", "r1"]
    (tmp_path / "0.jsonl").write_bytes(lines([row(2)]) + b"broken\n")
    add(tmp_path / "a.jsonl", lines([row(3)]))
    assert reading.ids() == ["r2", "r3"]
    assert [bad.place for bad in reading.bad] == ["0.jsonl line 2"]
    assert Reading(tmp_path, reading.positions).ids() == []


def test_a_bad_line_is_named_with_its_number_after_a_restart_too(tmp_path):
    path = tmp_path / "posts.jsonl"
    path.write_bytes(b"\n" + lines([row(0)]))
    first = Reading(path)
    first.ids()
    add(path, b"{}\n")
    second = Reading(path, first.positions)
    second.ids()
    assert [bad.place for bad in second.bad] == ["line 3"]


def test_the_last_line_needs_no_end_where_nothing_follows(tmp_path):
    path = tmp_path / "posts.jsonl"
    path.write_bytes(lines([row(0), row(1)])[:-1])
    assert read_once(path) == ["r0", "r1"]
    assert Reading(path).ids() == ["r0"]


def test_a_line_without_end_takes_bounded_memory():
    found = Lines()
    for _ in range(40):
        assert found.feed(b"x" * 2**17) == []
    assert len(found._pending) <= 2**20 + 1
    [(number, line), (after, ok)] = found.feed(b"x\nok\n")
    assert (number, after, ok) == (1, 2, b"ok")
    assert 2**20 < len(line) < 2**21
    assert found.size == 40 * 2**17 + 5


def test_standard_input():
    reading, writing = os.pipe()
    batches = StandardInput(reading).read({}, threading.Event())
    assert next(batches).rows == ()
    os.write(writing, lines([row(0)]) + b"broken\n" + lines([row(1)])[:-1])
    batch = next(batches)
    assert [row.id for row in batch.rows] == ["r0"]
    assert [bad.place for bad in batch.bad] == ["line 2"]
    os.close(writing)
    assert [row.id for batch in batches for row in batch.rows] == ["r1"]
    os.close(reading)
