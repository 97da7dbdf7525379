"""All paths of the local server: the REST API, its health, and the page to try the model."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from dlkit.serving.batching import Batcher
from dlkit.serving.rest_api import RestApi, error_response

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_LOG = logging.getLogger(__name__)


def web_app(api: RestApi, batcher: Batcher, page: list[Route]) -> Starlette:
    """Builds the application; when it ends, it answers what it has accepted."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await asyncio.to_thread(batcher.close)

    async def rest(request: Request) -> Response:
        return await api(request)

    return Starlette(
        routes=[
            Route("/v1/{path:path}", rest, methods=_METHODS),
            Route("/healthz", _health),
            *page,
        ],
        exception_handlers={HTTPException: _refuse, Exception: _fail},
        lifespan=lifespan,
    )


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
