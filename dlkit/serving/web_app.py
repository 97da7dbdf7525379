"""All paths of the local server: the REST API, its health, and the page to try the model."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Mapping, Sequence

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dlkit.serving.batching import Batcher
from dlkit.serving.command import Serve
from dlkit.serving.gate import Gate
from dlkit.serving.page import page_routes
from dlkit.serving.rest_api import RestApi, error_response
from dlkit.serving.versions import Version

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_LOG = logging.getLogger(__name__)


def web_app(
    name: str, versions: Mapping[int, Version], options: Serve, routes: Sequence[Route] = ()
) -> Gate:
    """Builds the application; when it ends, it answers what it has accepted.

    Args:
        name: The model is served as `/v1/models/<name>`.
        versions: By number; the largest is the default.
        options: The bounds, and how to batch.
        routes: What an application serves beside its model.
    """
    batcher = Batcher(
        batch_size=options.batch_size if options.batching else 1,
        timeout=options.batch_timeout / 1000 if options.batching else 0,
        queue_size=options.queue_size,
    )
    api = RestApi(name, versions, batcher, max_rows=options.max_rows, max_body=options.max_body)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(batcher.close)

    app = Starlette(
        routes=[
            Route("/v1/{path:path}", api.respond, methods=_METHODS),
            Route("/healthz", _health),
            *routes,
            *page_routes(name, versions[max(versions)]),
        ],
        exception_handlers={HTTPException: _refuse, Exception: _fail},
        lifespan=lifespan,
    )
    return Gate(app, options.queue_size)


async def _health(_: Request) -> Response:
    return Response('{"status": "ok"}', media_type="application/json")


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    response = error_response(error.detail, error.status_code)
    response.headers.update(error.headers or {})
    return response


async def _fail(request: Request, error: Exception) -> Response:
    _LOG.error("%s %s failed", request.method, request.url.path, exc_info=error)
    return error_response("Internal error; the log of the server says more", 500)
