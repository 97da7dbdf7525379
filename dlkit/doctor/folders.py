"""Checks of the folders that runs and exports are written to."""

import fcntl
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from dlkit.doctor.finding import Finding

LEAST_DISK = 2**30
"""Bytes; a run with its checkpoint takes up to some hundred MB."""

_CLOCK_SECONDS = 60


def check_folders(*folders: Path) -> list[Finding]:
    """Checks encoding, and each folder, or the nearest one that exists above it."""
    findings = [check_encoding(sys.stdout.encoding)]
    for folder in folders:
        existing = _existing(folder)
        writing = check_writing(folder, existing)
        findings += [check_disk(folder, shutil.disk_usage(existing).free), writing]
        if not writing.problem:
            findings += [
                check_locks(folder, existing),
                check_links(folder, existing),
                check_file_times(folder, existing),
            ]
    return findings


def check_encoding(encoding: str | None) -> Finding:
    """Checks that answers in any language can be printed."""
    value = encoding or "unknown"
    if value.lower().replace("-", "") == "utf8":
        return Finding("output encoding", value)
    problem = "answers that are not ASCII cannot be printed"
    return Finding("output encoding", value, problem, "set PYTHONUTF8=1, or LANG=C.UTF-8")


def check_disk(folder: Path, free: int) -> Finding:
    """Checks the free disk under a folder."""
    name, value = f"{folder}/ disk", f"{free / 2**30:.1f} GiB free"
    if free >= LEAST_DISK:
        return Finding(name, value)
    problem = f"a run and its export need up to {LEAST_DISK / 2**30:.0f} GiB"
    return Finding(name, value, problem, "remove old runs, or name another disk by --run-dir")


def check_writing(folder: Path, existing: Path) -> Finding:
    """Checks that files can be made."""
    fix = f"chown or chmod {existing}, or start in a folder of your own"
    return _tried(f"{folder}/ writing", existing, lambda path: None, fix)


def check_locks(folder: Path, existing: Path) -> Finding:
    """Checks that files can be locked, as several processes of a search do."""

    def lock(path: Path) -> None:
        with path.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)

    fix = "mount the disk with locks, or start in a folder on a local one"
    return _tried(f"{folder}/ locks", existing, lock, fix)


def check_links(folder: Path, existing: Path) -> Finding:
    """Checks that links can be made and replaced, as `runs/APP/latest` is."""

    def link(path: Path) -> None:
        path.with_suffix(".link").symlink_to(path.name)
        path.with_suffix(".link").replace(path.with_suffix(".latest"))

    fix = "start in a folder on a disk with symbolic links"
    return _tried(f"{folder}/ links", existing, link, fix)


def check_file_times(folder: Path, existing: Path) -> Finding:
    """Checks that the clock of the disk, which may be a server's, agrees with ours."""
    with tempfile.NamedTemporaryFile(dir=existing) as file:
        behind = time.time() - Path(file.name).stat().st_mtime
    name, value = f"{folder}/ clock", f"{behind:+.1f} s from ours"
    if abs(behind) < _CLOCK_SECONDS:
        return Finding(name, value)
    problem = "the clocks of disk and machine disagree, and runs may be listed out of order"
    return Finding(name, value, problem, "set both clocks, for instance by NTP")


def _tried(name: str, existing: Path, action: Callable[[Path], None], fix: str) -> Finding:
    """Does something with a new file in a folder of its own, and leaves nothing."""
    try:
        with tempfile.TemporaryDirectory(prefix=".doctor-", dir=existing) as temporary:
            path = Path(temporary) / "file"
            path.write_bytes(b"0")
            action(path)
    except OSError as error:
        return Finding(name, str(existing.resolve()), str(error), fix)
    return Finding(name, "possible")


def _existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.resolve().parents) if path.exists())
