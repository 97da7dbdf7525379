"""Answers concurrent requests together, within a latency bound and a bounded queue."""

import asyncio
import dataclasses
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from dlkit.serving.rest.error import RestError

Arrays = dict[str, np.ndarray]
Call = Callable[[Arrays], Arrays]


@dataclasses.dataclass(frozen=True)
class _Task:
    call: Call
    inputs: Arrays
    rows: int
    key: Hashable
    answered: "asyncio.Future[Arrays]"
    arrived: float


class Batcher:
    """One thread that calls models, fed by an event loop.

    Requests to the same function whose rows have the same shape are answered in one call. The
    thread takes what waits as soon as it is free; fewer rows than `batch_size` wait for others
    at most `timeout` after the first came. A failing batch is answered again one by one, so that
    nobody pays for the request of another.

    Args:
        batch_size: Rows in one call; a request that has more is called alone. 1 never joins.
        timeout: Seconds.
        queue_size: Rows that may wait.
    """

    def __init__(self, *, batch_size: int, timeout: float, queue_size: int) -> None:
        self._batch_size = batch_size
        self._timeout = timeout
        self._queue_size = queue_size
        self._queue: deque[_Task] = deque()
        self._rows = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._work, name="batcher", daemon=True)
        self._thread.start()

    async def answer(self, call: Call, inputs: Arrays, *, joins: bool) -> Arrays:
        """Calls a function with the inputs of this request, perhaps beside those of others.

        Args:
            call: Maps named arrays to named arrays; runs in the thread of the batcher.
            inputs: Arrays `(batch, ...)`, or any if `joins` is false.
            joins: Whether all inputs and outputs have the same first axis, the batch.

        Returns:
            The outputs of these rows.

        Raises:
            RestError: With status 429 if the queue is full.
        """
        rows = len(next(iter(inputs.values()))) if joins else 1
        loop = asyncio.get_running_loop()
        shapes = tuple(value.shape[1:] for value in inputs.values()) if joins else object()
        task = _Task(call, inputs, rows, (call, shapes), loop.create_future(), time.monotonic())
        with self._changed:
            if self._closed:
                raise RestError("The server is stopping", status=503)
            if self._queue and self._rows + rows > self._queue_size:
                raise RestError("The queue is full; send fewer requests at once", status=429)
            self._queue.append(task)
            self._rows += rows
            if len(self._queue) == 1 or self._rows >= self._batch_size:
                self._changed.notify()
        return await task.answered

    def close(self) -> None:
        """Answers what waits and ends the thread."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _work(self) -> None:
        while tasks := self._next_batch():
            answers = self._call(tasks)
            loop = tasks[0].answered.get_loop()
            loop.call_soon_threadsafe(_deliver, tasks, answers)

    def _next_batch(self) -> list[_Task]:
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closed)
            if not self._queue:
                return []
            left = self._queue[0].arrived + self._timeout - time.monotonic()
            if left > 0:
                self._changed.wait_for(
                    lambda: self._rows >= self._batch_size or self._closed, timeout=left
                )
            return self._take()

    def _take(self) -> list[_Task]:
        first = self._queue.popleft()
        tasks, rows, others = [first], first.rows, deque[_Task]()
        for task in self._queue:
            if task.key == first.key and rows + task.rows <= self._batch_size:
                tasks.append(task)
                rows += task.rows
            else:
                others.append(task)
        self._queue = others
        self._rows -= rows
        return tasks

    def _call(self, tasks: Sequence[_Task]) -> list[Arrays | Exception]:
        try:
            if len(tasks) == 1:
                return [tasks[0].call(tasks[0].inputs)]
            names = tasks[0].inputs
            joined = {name: np.concatenate([task.inputs[name] for task in tasks]) for name in names}
            return _split(tasks[0].call(joined), [task.rows for task in tasks])
        except Exception as error:  # goes to the callers
            if len(tasks) == 1:
                return [error]
            return [answer for task in tasks for answer in self._call([task])]


def _split(outputs: Arrays, rows: Sequence[int]) -> list[Arrays | Exception]:
    ends = np.cumsum(rows)
    for name, value in outputs.items():
        if len(value) != ends[-1]:
            raise ValueError(f"Output {name} has {len(value)} rows for a batch of {ends[-1]}")
    return [
        {name: value[end - size : end] for name, value in outputs.items()}
        for size, end in zip(rows, ends, strict=True)
    ]


def _deliver(tasks: Sequence[_Task], answers: Sequence[Arrays | Exception]) -> None:
    for task, answer in zip(tasks, answers, strict=True):
        if task.answered.done():  # its caller has gone
            continue
        if isinstance(answer, Exception):
            task.answered.set_exception(answer)
        else:
            task.answered.set_result(answer)
