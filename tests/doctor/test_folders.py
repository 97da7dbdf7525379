import errno
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from dlkit.doctor import folders
from dlkit.doctor.folders import (
    LEAST_DISK,
    check_disk,
    check_encoding,
    check_file_times,
    check_folders,
    check_links,
    check_locks,
    check_writing,
)

RUNS = Path("runs")


def test_a_good_folder_stays_as_it_was(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    findings = check_folders(RUNS, tmp_path)
    assert len(findings) == 1 + 2 * 5
    assert not any(finding.problem for finding in findings[1:])
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("encoding", "wrong"), [("utf-8", False), ("UTF8", False), ("ascii", True)]
)
def test_encoding(encoding, wrong):
    finding = check_encoding(encoding)
    assert bool(finding.problem) == wrong
    assert ("PYTHONUTF8" in finding.fix) == wrong


def test_a_full_disk():
    assert check_disk(RUNS, LEAST_DISK).problem is None
    finding = check_disk(RUNS, LEAST_DISK - 1)
    assert (finding.name, finding.value) == ("runs/ disk", "1.0 GiB free")
    assert "--run-dir" in finding.fix


def test_a_folder_that_cannot_be_written(tmp_path):
    (tmp_path / "runs").write_text("a file stands where the folder should be")
    finding = check_writing(RUNS, tmp_path / "runs")
    assert "Not a directory" in finding.problem
    assert "chmod" in finding.fix
    names = [finding.name for finding in check_folders(tmp_path / "runs")]
    assert names[-1].endswith("writing")  # the others would say the same


def test_a_folder_that_is_read_only(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path))

    monkeypatch.setattr(folders.tempfile, "TemporaryDirectory", refuse)
    assert "Permission denied" in check_writing(RUNS, tmp_path).problem


def test_a_disk_without_locks(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(folders.fcntl, "flock", refuse)
    finding = check_locks(RUNS, tmp_path)
    assert "No locks available" in finding.problem
    assert "locks" in finding.fix
    assert os.listdir(tmp_path) == []


def test_a_disk_without_links(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(Path, "symlink_to", refuse)
    finding = check_links(RUNS, tmp_path)
    assert "Operation not permitted" in finding.problem
    assert "symbolic links" in finding.fix


@pytest.mark.parametrize(("ahead", "wrong"), [(-3600, True), (3600, True), (5, False)])
def test_the_clock_of_a_disk(tmp_path, monkeypatch, ahead, wrong):
    now = folders.time.time()
    monkeypatch.setattr(folders, "time", SimpleNamespace(time=lambda: now + ahead))
    finding = check_file_times(RUNS, tmp_path)
    assert bool(finding.problem) == wrong
    assert ("NTP" in finding.fix) == wrong
