"""Requests a second and latency of the local server, with batching and without, and overloaded.

wrk keeps a number of connections busy, each with one text at a time. Then more requests are
offered than the server sustains, on a schedule that does not wait for answers; latency counts
from the moment at which a request was due. Load generator and server share the machine.

    apt-get install wrk
    python -m apps.intent train && python -m apps.intent export
    python benchmarks/server.py --model saved_models/intent
"""

import contextlib
import dataclasses
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import tyro
from offered_load import Answers, offer

_SCRIPT = """\
local bodies = {%s}
local sent = 0
request = function()
  sent = sent + 1
  return wrk.format("POST", nil, nil, bodies[sent %% #bodies + 1])
end
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '\\n{"requests": %%d, "seconds": %%f, "p50": %%f, "p99": %%f, "max": %%f, "lost": %%d}\\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3, latency.max / 1e3,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status))
end
"""


@dataclasses.dataclass(frozen=True)
class Options:
    """Measure the local server."""

    model: Path
    """Folder of the versions of a text model that `export` wrote."""

    data: Path = Path("apps/intent/sample/questions_en.jsonl")
    """Rows whose texts are asked."""

    text_column: str = "text"
    """Column of the texts."""

    seconds: int = 60
    """Of each measurement."""

    connections: int = 32
    """Kept busy by wrk."""

    overload: float = 1.5
    """Offered in the last measurement, as a multiple of what was sustained."""


def main(options: Options) -> None:
    """Prints both tables."""
    if shutil.which("wrk") is None:
        sys.exit("error: `wrk` must be installed. Call apt-get install wrk.")
    bodies = _bodies(options)
    print("| batching | requests/s | p50 ms | p99 ms | max ms | lost | to batching off |")
    print("|---|---|---|---|---|---|---|")
    rates = {}
    for batching in ("off", "on"):
        with _server(options.model, batching) as (_, url):
            _wrk(url, bodies, 2, options.connections)
            found = _wrk(url, bodies, options.seconds, options.connections)
        rates[batching] = found["requests"] / found["seconds"]
        print(
            f"| {batching} | {rates[batching]:,.0f} | {found['p50']:.1f} | {found['p99']:.1f} | "
            f"{found['max']:.1f} | {found['lost']:.0f} | {rates[batching] / rates['off']:.2f}x |",
            flush=True,
        )
    rate = options.overload * rates["on"]
    columns = "offered/s | answered/s | p50 ms | p99 ms | 429 | unsent | lost | server MB"
    print(f"\n| {columns} before, after |")
    print("|---|---|---|---|---|---|---|---|")
    with _server(options.model, "on") as (process, url):
        _wrk(url, bodies, 2, options.connections)
        before = _megabytes(process.pid)
        _print_overload(offer(url, bodies, rate, options.seconds), before, _megabytes(process.pid))


def _print_overload(answers: Answers, before: float, after: float) -> None:
    statuses = np.array([status for status, _ in answers.got])
    accepted = np.array([latency for status, latency in answers.got if status == 200])
    lost = (
        answers.offered
        - answers.unsent
        - len(statuses)
        + int((~np.isin(statuses, (200, 429))).sum())
    )
    p50, p99 = 1e3 * np.percentile(accepted, [50, 99])
    print(
        f"| {answers.offered / answers.seconds:,.0f} | {len(accepted) / answers.seconds:,.0f} | "
        f"{p50:.1f} | {p99:.1f} | {(statuses == 429).mean():.1%} | {answers.unsent} | {lost} | "
        f"{before:.0f}, {after:.0f} |"
    )


def _bodies(options: Options) -> list[str]:
    from dlkit.data.tables import read_tables

    texts = read_tables([options.data], {"text": options.text_column})["text"].to_pylist()
    return [json.dumps({"instances": [text]}) for text in texts]


@contextlib.contextmanager
def _server(model: Path, batching: str) -> Iterator[tuple[subprocess.Popen, str]]:
    """Starts `serve`; yields the process and the address of predict."""
    flag = "--batching" if batching == "on" else "--no-batching"
    command = [sys.executable, "-m", "apps.intent", "serve", "--port", "0", flag, "--model", model]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        line = process.stdout.readline() if process.stdout else ""
        if "http://" not in line:
            sys.exit(f"error: the server has not started: {line}")
        try:
            yield process, f"{line.rsplit(' ', 1)[1].strip()}/v1/models/intent:predict"
        finally:
            process.terminate()


def _wrk(url: str, bodies: list[str], seconds: int, connections: int) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder, "post.lua")
        script.write_text(_SCRIPT % ", ".join(f"[==[{body}]==]" for body in bodies))
        load = [f"-c{connections}", "-t1", f"-d{seconds}s", "--timeout", "10s"]
        command = ["wrk", *load, "-s", str(script), url]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return json.loads(output.strip().splitlines()[-1])


def _megabytes(pid: int) -> float:
    """Returns the memory that a process holds (Linux)."""
    status = Path(f"/proc/{pid}/status").read_text()
    [kilobytes] = [line.split()[1] for line in status.splitlines() if line.startswith("VmRSS")]
    return int(kilobytes) / 1024


if __name__ == "__main__":
    main(tyro.cli(Options))
