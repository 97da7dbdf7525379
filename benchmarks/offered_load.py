"""Offers HTTP requests at a rate that does not depend on the answers."""

import asyncio
import dataclasses
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

_TICK_SECONDS = 0.001
_MOST_CONNECTIONS = 1024
_PATIENCE_SECONDS = 10


@dataclasses.dataclass
class Answers:
    """What came of the requests."""

    seconds: float
    """For which requests were offered."""

    offered: int = 0
    """Requests that were due."""

    unsent: int = 0
    """Of them: not sent, because all connections that may be opened waited for an answer."""

    got: list[tuple[int, float]] = dataclasses.field(default_factory=list)
    """Status of each response, and seconds since its request was due."""


def offer(url: str, bodies: Sequence[str], rate: float, seconds: float) -> Answers:
    """Sends requests evenly spaced, each on a connection that is free.

    Args:
        url: Takes the bodies by POST.
        bodies: Sent in turn.
        rate: Requests a second.
        seconds: How long.

    Returns:
        What came back until some seconds after the last request.
    """
    return asyncio.run(_offer(url, bodies, rate, seconds))


async def _offer(url: str, bodies: Sequence[str], rate: float, seconds: float) -> Answers:
    parts = urlsplit(url)
    host, port = str(parts.hostname), int(parts.port or 80)
    messages = [_message(parts.netloc, parts.path, body.encode()) for body in bodies]
    answers, idle, opening = Answers(seconds), list[_Connection](), set[asyncio.Task]()
    connections = 0
    loop = asyncio.get_running_loop()

    async def send_on_new(message: bytes, due: float) -> None:
        _, connection = await loop.create_connection(lambda: _Connection(answers, idle), host, port)
        connection.send(message, due)

    start = time.monotonic()
    while (now := time.monotonic() - start) < seconds:
        while answers.offered < int(now * rate):
            due = start + answers.offered / rate
            message = messages[answers.offered % len(messages)]
            answers.offered += 1
            if idle:
                idle.pop().send(message, due)
            elif connections < _MOST_CONNECTIONS:
                connections += 1
                task = asyncio.create_task(send_on_new(message, due))
                opening.add(task)
                task.add_done_callback(opening.discard)
            else:
                answers.unsent += 1
        await asyncio.sleep(_TICK_SECONDS)
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while len(answers.got) < answers.offered - answers.unsent and time.monotonic() < deadline:
        await asyncio.sleep(0.01)
    return answers


class _Connection(asyncio.Protocol):
    """One request after the other; goes back to the idle ones with each response."""

    def __init__(self, answers: Answers, idle: "list[_Connection]") -> None:
        self._answers, self._idle = answers, idle
        self._received, self._due = b"", 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def connection_lost(self, _: Exception | None) -> None:
        if self in self._idle:  # the server closes what was idle for long
            self._idle.remove(self)

    def send(self, message: bytes, due: float) -> None:
        self._due = due
        self._transport.write(message)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) >= length:
            self._answers.got.append((int(head[9:12]), time.monotonic() - self._due))
            self._received = b""
            self._idle.append(self)


def _message(host: str, path: str, body: bytes) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\n"
    return head.encode() + f"Content-Length: {len(body)}\r\n\r\n".encode() + body
