import re
from pathlib import Path

import pytest

import dlkit
from dlkit.doctor import machine
from dlkit.doctor.machine import (
    LEAST_MEMORY,
    available_memory,
    check_clock,
    check_cpus,
    check_machine,
    check_memory,
    check_threads,
)


def test_this_machine():
    names = [finding.name for finding in check_machine()]
    assert names[:2] == ["system", "CPUs"]
    assert names[-2:] == ["memory", "clock"]


def test_cpus(monkeypatch):
    monkeypatch.setattr(machine, "_cpu_flags", lambda: {"fma", "avx2", "sse"})
    assert re.fullmatch(r"1 of \d+, avx2 fma", check_cpus(1).value)


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ("3", "more threads than the 2 CPUs of this process"),
        ("many", "it is no number"),
        ("-1", "it is no number"),
        ("2", None),
        ("0", None),
    ],
)
def test_threads(monkeypatch, value, problem):
    monkeypatch.setenv("OMP_NUM_THREADS", value)
    finding = check_threads("OMP_NUM_THREADS", 2)
    assert finding.value == value
    assert finding.problem is problem or problem in finding.problem
    assert bool(finding.fix) == bool(problem)


def test_threads_that_nobody_set(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert check_threads("OMP_NUM_THREADS", 2).value == "not set (automatic)"


def test_too_little_memory():
    assert check_memory(LEAST_MEMORY).problem is None
    finding = check_memory(LEAST_MEMORY - 1)
    assert "may be killed" in finding.problem
    assert "--batch-size" in finding.fix


@pytest.mark.parametrize(("limit", "bound"), [("5000", 2000), ("max", None)])
def test_the_limit_of_a_container(tmp_path, monkeypatch, limit, bound):
    (tmp_path / "memory.max").write_text(limit + "\n")
    (tmp_path / "memory.current").write_text("3000\n")
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    assert (available_memory() == bound) if bound else (available_memory() > 10**6)


def test_a_clock_that_is_behind():
    written = Path(dlkit.__file__).stat().st_mtime
    assert check_clock(written + 1).problem is None
    finding = check_clock(0.0)
    assert finding.value == "1970-01-01 00:00:00 UTC"
    assert "it is behind" in finding.problem
    assert "NTP" in finding.fix
