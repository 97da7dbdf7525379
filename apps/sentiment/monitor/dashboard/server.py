"""Serves the page beside the monitor."""

import socket
import threading
from collections.abc import Mapping
from typing import Any

import uvicorn
from sqlalchemy import Engine

from apps.sentiment.monitor.changes import Changes
from apps.sentiment.monitor.dashboard.web_app import WebApp
from dlkit.errors import InputError

_END_SECONDS = 5
_LOCAL = ["127.0.0.1", "localhost", "[::1]"]


class Dashboard:
    """A web server in a thread of its own.

    Args:
        engine: The store.
        changes: Counts the changes of the store.
        page: What the page knows, see `WebApp`.
        address: Host and port; port 0 takes a free one.

    Raises:
        InputError: The address is not free.
    """

    def __init__(
        self, engine: Engine, changes: Changes, page: Mapping[str, Any], address: tuple[str, int]
    ) -> None:
        host, port = address
        try:
            family = socket.AF_INET6 if ":" in host else socket.AF_INET
            self._listener = socket.create_server((host, port), family=family)
        except OSError as error:
            msg = "`--host` and `--dashboard` must be an address that is free."
            raise InputError(f"{msg} Received: {host} {port} ({error.strerror}).") from error
        shown = f"[{host}]" if ":" in host else host
        self.url = f"http://{shown}:{self._listener.getsockname()[1]}"
        hosts = ["*"] if host in {"0.0.0.0", "::"} else [*_LOCAL, shown]
        self._web = WebApp(engine, changes, page, hosts)
        config = uvicorn.Config(
            self._web.app,
            loop="asyncio",
            http="httptools",
            log_level="warning",
            access_log=False,
            ws="none",
            lifespan="off",
            timeout_graceful_shutdown=_END_SECONDS,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Ends the server."""
        self._web.closing = True
        self._server.should_exit = True
        self._thread.join(2 * _END_SECONDS)
        self._listener.close()
