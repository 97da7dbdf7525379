"""Checks of the machine: its processors, memory and clock."""

import os
import platform
import time
from pathlib import Path

import joblib
import psutil

import dlkit
from dlkit.doctor.finding import Finding

LEAST_MEMORY = 3 * 2**30
"""Bytes that the default network needs at most on the data sets of the README."""

THREAD_VARIABLES = ("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OMP_NUM_THREADS")
_CGROUP = Path("/sys/fs/cgroup")
_WANTED_FLAGS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16")


def check_machine() -> list[Finding]:
    """Checks processors, their threads, memory and clock."""
    cpus = joblib.cpu_count()
    return [
        Finding("system", platform.platform()),
        check_cpus(cpus),
        *(check_threads(variable, cpus) for variable in THREAD_VARIABLES),
        check_memory(available_memory()),
        check_clock(time.time()),
    ]


def check_cpus(cpus: int) -> Finding:
    """Says how many processors this process may use, and what they can do."""
    value = f"{cpus} of {os.cpu_count()}"
    if cpu_flags := _cpu_flags():
        value += ", " + " ".join(flag for flag in _WANTED_FLAGS if flag in cpu_flags)
    return Finding("CPUs", value)


def check_threads(variable: str, cpus: int) -> Finding:
    """Checks an environment variable that sets the number of threads."""
    value = os.environ.get(variable)
    if value is None:
        return Finding(variable, "not set (automatic)")
    fix = f"unset {variable}, or set it to {cpus} at most"
    if not value.isdecimal():
        return Finding(variable, value, "it is no number, and is ignored", fix)
    if int(value) > cpus:
        problem = f"more threads than the {cpus} CPUs of this process wait for each other"
        return Finding(variable, value, problem, fix)
    return Finding(variable, value)


def available_memory() -> int:
    """Returns the bytes that this process may still take, the limit of a container included."""
    available = psutil.virtual_memory().available
    try:
        limit = int((_CGROUP / "memory.max").read_text())  # "max" is no limit
        available = min(available, limit - int((_CGROUP / "memory.current").read_text()))
    except (OSError, ValueError):
        pass
    return available


def check_memory(available: int) -> Finding:
    """Checks that a training fits into memory."""
    value = f"{available / 2**30:.1f} GiB of {psutil.virtual_memory().total / 2**30:.1f} available"
    if available >= LEAST_MEMORY:
        return Finding("memory", value)
    problem = f"trainings take up to {LEAST_MEMORY / 2**30:.0f} GiB, and may be killed"
    fix = "end other programs, raise the limit of the container, or take a smaller --batch-size"
    return Finding("memory", value, problem, fix)


def check_clock(now: float) -> Finding:
    """Checks the clock, after which runs are named, against the files of this package."""
    value = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    written = Path(dlkit.__file__).stat().st_mtime
    if now > written:
        return Finding("clock", value)
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(written))
    problem = f"it is behind: dlkit was written at {since}, and runs are named by the time"
    return Finding("clock", value, problem, "set the clock, for instance by NTP")


def _cpu_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return set()
    return {flag for line in lines if line.startswith("flags") for flag in line.split()}
