"""The verb `serve`: its options, and what it does with them."""

import dataclasses
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlkit.errors import InputError

if TYPE_CHECKING:
    from starlette.routing import Route

    from dlkit.serving.versions import Version


@dataclasses.dataclass(frozen=True)
class Serve:
    """Answer over HTTP as TensorFlow Serving does, with a page to try the model by hand."""

    model: Path | None = None
    """Folder of the versions; without it saved_models/APP."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 lets other machines in."""

    port: int = 8501
    """Port to listen on; 0 takes a free one."""

    versions: int = 2
    """How many of the newest versions to load."""

    batching: bool = True
    """Whether to answer concurrent requests together."""

    batch_size: int = 32
    """Rows in one call of the model."""

    batch_timeout: float = 1.0
    """Milliseconds that a request waits for others to share its call."""

    queue_size: int = 64
    """Requests in work and rows that wait; who comes to more is told to come again (429)."""

    max_rows: int = 1024
    """Rows in one request."""

    max_body: int = 8 * 2**20
    """Bytes in one request."""

    def __post_init__(self) -> None:
        for name in ("versions", "batch_size", "queue_size", "max_rows", "max_body"):
            _check(name, getattr(self, name) >= 1, "must be at least 1", getattr(self, name))
        _check("port", 0 <= self.port < 2**16, "must be from 0 to 65535", self.port)
        _check(
            "batch_timeout",
            0 <= self.batch_timeout <= 10_000,
            "must be from 0 to 10000 milliseconds",
            self.batch_timeout,
        )


def serve(
    name: str,
    options: Serve,
    routes: "Callable[[Version], Sequence[Route]] | None" = None,
) -> None:
    """Serves a model under its name until it is told to stop.

    Args:
        name: Of the application.
        options: What to serve, and where.
        routes: Gets the newest version of the model and returns what is served beside it.

    Raises:
        InputError: There is no model, or the address cannot be listened on.
    """
    # oneDNN keeps kernels for every shape that a batch ever had: with texts of all lengths the
    # memory grows by half, and small batches are slower
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    from dlkit.serving.server import run_server

    run_server(name, options.model or Path("saved_models") / name, options, routes)


def _check(name: str, right: bool, rule: str, received: object) -> None:
    if not right:
        raise InputError(f"`--{name.replace('_', '-')}` {rule}. Received: {received}.")
