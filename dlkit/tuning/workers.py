"""Trials in this process, or in several at a time.

KerasTuner's own way to several processes is not used: its messages round every number to 32 bits,
lose why a trial failed, and a worker that dies leaves the others waiting for ever. Here the oracle
stays in one process, and workers only train.
"""

import collections
import contextlib
import multiprocessing
import os
import threading
from multiprocessing.connection import Connection, wait
from typing import Any, NamedTuple

from dlkit.errors import InputError
from dlkit.settings import Training
from dlkit.tuning.options import Budget


class Request(NamedTuple):
    """What every worker needs to know."""

    subject: Any
    settings: Training
    options: Budget


class InProcess:
    """Runs one job at a time, when its result is asked for.

    Args:
        rows: The rows of the search.
        options: Its options.
    """

    def __init__(self, rows: Any, options: Budget) -> None:
        self.rows, self.options = rows, options
        self._waiting: collections.deque = collections.deque()

    @property
    def free(self) -> int:
        """How many more jobs can be given."""
        return 1 - len(self._waiting)

    def give(self, job: Any) -> None:
        """Takes a job."""
        self._waiting.append(job)

    def result(self) -> tuple[Any, dict[str, Any]]:
        """Returns a job and what came of it; call it only if one was given."""
        job = self._waiting.popleft()
        return job, self.rows.run(job, self.options)

    def close(self) -> None:
        """Ends nothing."""


class Processes:
    """Runs jobs in processes of their own; one that dies fails its trial and is replaced.

    Args:
        request: What every worker needs to know.
        count: How many.
    """

    def __init__(self, request: Request, count: int) -> None:
        self._request = request
        self._threads = max(1, (os.cpu_count() or 1) // count)
        self._idle = [self._start() for _ in range(count)]
        self._busy: dict[Connection, tuple[Any, Any]] = {}

    @property
    def free(self) -> int:
        """How many more jobs can be given."""
        return len(self._idle)

    def give(self, job: Any) -> None:
        """Takes a job."""
        process, connection = self._idle.pop()
        with contextlib.suppress(OSError):  # it died idle: `result` finds out
            connection.send(job)
        self._busy[connection] = (job, process)

    def result(self) -> tuple[Any, dict[str, Any]]:
        """Waits for a job to end and returns it and what came of it."""
        connection: Any = wait(list(self._busy))[0]
        job, process = self._busy.pop(connection)
        try:
            record = connection.recv()
        except (EOFError, OSError):
            process.join()
            self._idle.append(self._start())
            message = f"its process ended with code {process.exitcode}"
            return job, {"status": "failed", "message": message, "seconds": 0.0}
        self._idle.append((process, connection))
        if isinstance(record, InputError):
            raise record
        return job, record

    def close(self) -> None:
        """Ends all workers."""
        busy = [(process, connection) for connection, (_, process) in self._busy.items()]
        for process, connection in [*self._idle, *busy]:
            connection.close()
            process.terminate()
            process.join()
        self._idle, self._busy = [], {}

    def _start(self) -> tuple[Any, Connection]:
        context = multiprocessing.get_context("spawn")  # TensorFlow does not survive a fork
        here, there = context.Pipe()
        process = context.Process(target=_work, args=(there, self._request, self._threads))
        process.start()
        there.close()
        return process, here


def _work(connection: Connection, request: Request, threads: int) -> None:
    """Answers jobs until the connection or the process at its other end is gone."""
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
        os.environ[name] = str(threads)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    rows = None
    with contextlib.suppress(EOFError, KeyboardInterrupt):
        while True:
            job = connection.recv()
            try:
                rows = rows or request.subject.rows(request.settings)
                connection.send(rows.run(job, request.options))
            except InputError as error:
                connection.send(InputError(str(error)))


def _end_with_parent() -> None:
    """Ends this process when its parent does, killed or not."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
