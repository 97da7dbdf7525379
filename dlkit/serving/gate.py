"""Turns requests away before they cost anything, when too many are in work."""

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Message = MutableMapping[str, Any]
AsgiApp = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]
_BODY = b'{"error":"The server is busy; send fewer requests at once"}'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(_BODY))]


class Gate:
    """Lets so many requests with a body into an application; others get 429 at once.

    Under more load than one event loop can read, the queue in front of the model stays short
    while requests wait in the loop itself: so they are counted here, before they are read.

    Args:
        app: An ASGI application.
        most: Requests in work at the same time.
    """

    def __init__(self, app: AsgiApp, most: int) -> None:
        self._app = app
        self._most = most
        self._in_work = 0

    async def __call__(
        self,
        scope: Message,
        receive: Callable[[], Awaitable[Message]],
        send: Callable[[Message], Awaitable[None]],
    ) -> None:
        """Serves one connection's request, or turns it away."""
        if scope.get("method") != "POST":
            await self._app(scope, receive, send)
        elif self._in_work >= self._most:
            await send({"type": "http.response.start", "status": 429, "headers": _HEADERS})
            await send({"type": "http.response.body", "body": _BODY})
        else:
            self._in_work += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._in_work -= 1
