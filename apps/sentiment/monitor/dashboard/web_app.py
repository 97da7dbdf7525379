"""The page, its files, and the questions that it asks."""

import asyncio
import gzip
import json
import math
import time
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from plotly.offline import get_plotlyjs
from sqlalchemy import Engine
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from apps.sentiment.monitor.changes import Changes
from apps.sentiment.monitor.store import reader

_FILES = Path(__file__).parent / "files"
_HEADERS = {
    # plotly writes the style of its charts into the page; all texts come as JSON and are shown
    # as text, so that none can be a style or a script
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self'; img-src data: blob:; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}
_SSE_SECONDS = 0.5
_SSE_SILENCE = 30  # times _SSE_SECONDS, then a sign of life
_MOST_LISTENERS = 50
_LATEST = 2**53


class WebApp:
    """Answers from the store alone, so that it shows the same as another reader would.

    Args:
        engine: The store.
        changes: Counts the changes of the store.
        page: What the page knows: `topics`, the class `negative`, `window` in
            milliseconds.
        hosts: Names under which browsers may ask; others could be made to lead here.
    """

    def __init__(
        self, engine: Engine, changes: Changes, page: Mapping[str, Any], hosts: list[str]
    ) -> None:
        self._engine = engine
        self._changes = changes
        self._page = page
        self._listeners = 0
        self.closing = False
        """Set when the server is to end, which listeners would otherwise hold up."""
        plotly = gzip.compress(get_plotlyjs().encode(), 6)
        self.app = Starlette(
            routes=[
                *(_file(path, *content) for path, content in self._files().items()),
                _file("/plotly.js", plotly, "text/javascript", {"Content-Encoding": "gzip"}),
                Route("/api/status", self._answers(self._status)),
                Route("/api/series", self._answers(self._series)),
                Route("/api/episodes", self._answers(self._episodes)),
                Route("/api/texts", self._answers(self._texts)),
                Route("/api/texts/{number:int}", self._answers(self._text)),
                Route("/api/changes", self._listen),
            ],
            middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
            exception_handlers={HTTPException: _refuse},
        )

    def _files(self) -> dict[str, tuple[bytes, str]]:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(_FILES),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
        )
        page = environment.get_template("dashboard.html.jinja").render(page=dict(self._page))
        return {
            "/": (page.encode(), "text/html"),
            "/dashboard.css": ((_FILES / "dashboard.css").read_bytes(), "text/css"),
            "/dashboard.js": ((_FILES / "dashboard.js").read_bytes(), "text/javascript"),
            "/charts.js": ((_FILES / "charts.js").read_bytes(), "text/javascript"),
        }

    def _answers(self, ask: Callable[[Request], Any]) -> Callable[[Request], Any]:
        async def answer(request: Request) -> Response:
            found = await run_in_threadpool(ask, request)
            return JSONResponse(found, headers={"Cache-Control": "no-store"})

        return answer

    def _status(self, _: Request) -> Any:
        newest = reader.newest_window(self._engine)
        return {
            "sources": reader.counts_by_source(self._engine),
            "until": None if newest is None else newest + self._page["window"],
        }

    def _series(self, request: Request) -> Any:
        length, points = reader.series(self._engine, _chosen(request), self._page["window"])
        return {"length": length, "points": points}

    def _episodes(self, request: Request) -> Any:
        return reader.episodes(self._engine, _chosen(request))

    def _texts(self, request: Request) -> Any:
        before = request.query_params.get("before")
        parts = [_number(part) for part in before.split(".")] if before else []
        if len(parts) not in {0, 2}:
            raise HTTPException(400, "`before` must be TIME.NUMBER")
        place = (parts[0], parts[1]) if parts else None
        found, more = reader.texts(self._engine, _chosen(request), place)
        return {"texts": found, "before": more and f"{more[0]}.{more[1]}"}

    def _text(self, request: Request) -> Any:
        found = reader.text(self._engine, min(request.path_params["number"], _LATEST))
        if found is None:
            raise HTTPException(404, "There is no such text")
        return found

    async def _listen(self, _: Request) -> Response:
        if self._listeners >= _MOST_LISTENERS:
            raise HTTPException(503, "Too many pages are open")
        headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
        return StreamingResponse(self._events(), media_type="text/event-stream", headers=headers)

    async def _events(self) -> AsyncIterator[str]:
        self._listeners += 1
        try:
            told, silence = -1, 0
            while not self.closing:
                silence += 1
                if (count := self._changes.count) != told:
                    told, silence = count, 0
                    yield f"event: change\ndata: {json.dumps({'count': count})}\n\n"
                elif silence >= _SSE_SILENCE:
                    silence = 0
                    yield ": still here\n\n"
                await asyncio.sleep(_SSE_SECONDS)
        finally:
            self._listeners -= 1


def _chosen(request: Request) -> reader.Chosen:
    values = request.query_params
    return reader.Chosen(
        _number(values.get("from", "0")),
        _number(values.get("to", str(_LATEST))),
        values.get("topic") or None,
        values.get("language") or None,
    )


def _number(text: str) -> int:
    try:
        value = float(text)
        if not math.isfinite(value) or abs(value) > _LATEST:
            raise ValueError
    except ValueError:
        raise HTTPException(400, "Times are milliseconds since 1970") from None
    return int(value)


def _file(
    path: str, content: bytes, media_type: str, headers: Mapping[str, str] | None = None
) -> Route:
    started = f'"{time.time_ns():x}"'

    async def answer(request: Request) -> Response:
        shown = {**_HEADERS, **(headers or {}), "ETag": started}
        if request.headers.get("if-none-match") == started:
            return Response(status_code=304, headers=shown)
        return Response(content, media_type=media_type, headers=shown)

    return Route(path, answer)


async def _refuse(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return JSONResponse({"error": error.detail}, error.status_code)
