"""A server for one machine that speaks TensorFlow Serving's REST API."""

import gc
import socket
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from dlkit.errors import InputError
from dlkit.serving.command import Serve

if TYPE_CHECKING:
    from starlette.routing import Route

    from dlkit.serving.versions import Version

_GRACE_SECONDS = 30


def run_server(
    name: str,
    folder: Path,
    options: Serve,
    routes: "Callable[[Version], Sequence[Route]] | None" = None,
) -> None:
    """Loads the versions of a model and answers until SIGINT or SIGTERM.

    Args:
        name: The model is served as `/v1/models/<name>`.
        folder: Holds the versions.
        options: Where to listen, and the bounds.
        routes: Gets the newest version and returns what is served beside it.

    Raises:
        InputError: There is no model, or the address cannot be listened on.
    """
    with _bind(options.host, options.port) as listener:
        from dlkit.serving.versions import load_versions
        from dlkit.serving.web_app import web_app

        versions = load_versions(folder, count=options.versions)
        beside = routes(versions[max(versions)]) if routes else ()
        app = web_app(name, versions, options, beside)
        config = uvicorn.Config(
            app,
            loop="asyncio",  # uvloop takes one new connection a turn: under load they starve
            http="httptools",
            log_level="warning",
            access_log=False,
            ws="none",
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        numbers = ", ".join(map(str, versions))
        gc.collect()
        gc.freeze()  # the loaded model is no garbage: looking through it takes 150 ms each time
        _Server(config, f"{name} {numbers}: http://{shown}:{port}").run(sockets=[listener])


class _Server(uvicorn.Server):
    """Says where it is once it answers."""

    def __init__(self, config: uvicorn.Config, greeting: str) -> None:
        super().__init__(config)
        self._greeting = greeting

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        print(self._greeting, flush=True)  # noqa: T201


def _bind(host: str, port: int) -> socket.socket:
    """Takes the address before the slow start; nobody can connect yet."""
    listener = None
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        family, kind, protocol, _, address = found[0]
        # asyncio answers without delay (TCP_NODELAY) only where it sees that this is TCP
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        if listener:
            listener.close()
        msg = "`--host` and `--port` must be an address that is free."
        raise InputError(f"{msg} Received: {host} {port} ({error.strerror}).") from error
    return listener
