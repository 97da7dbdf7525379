"""News feeds: RSS and Atom."""

import calendar
import datetime
import html
import logging
import re
import threading
from collections.abc import Generator
from typing import Any

import feedparser
import requests

from apps.sentiment.monitor.rows import BadRow, RowError, make_row
from apps.sentiment.monitor.sources.base import Batch, Positions, Source
from dlkit.errors import InputError

_LOG = logging.getLogger(__name__)
_TIMEOUT_SECONDS = 20
_MOST_BYTES = 8 * 2**20
_SHOWN = 2000
_TAG = re.compile(r"<[^>]{0,2000}>")
_UNCHANGED = 304


class Feed(Source):
    """The entries of a feed, looked at again and again; title and summary are the text.

    Args:
        url: Its address, http or https.
        follow: Whether to look more than once.
        seconds: Between two looks.
    """

    def __init__(self, url: str, *, follow: bool, seconds: float) -> None:
        super().__init__(f"rss:{url}")
        if not url.startswith(("http://", "https://")):
            msg = f"`--source` rss: must be an http(s) address. Received: {url}."
            raise InputError(msg + " For a file of rows, give its path.")
        self._url = url
        self._follow = follow
        self._seconds = seconds

    def read(self, positions: Positions, stop: threading.Event) -> Generator[Batch]:
        """Yields all entries that the feed holds; entries that are known have known ids."""
        known = dict(positions.get("", {}))
        while True:
            try:
                content, known = self._fetch(known)
            except (OSError, ValueError) as error:  # requests' errors are OSErrors
                _LOG.warning("%s cannot be read: %s", self.name, error)
            else:
                yield _batch(content, known)
                yield Batch()
            if not self._follow or stop.wait(self._seconds):
                return

    def _fetch(self, known: dict[str, str]) -> tuple[bytes, dict[str, str]]:
        """Returns the feed, empty if it has not changed, and what asks for newer."""
        with requests.get(
            self._url, headers=known, timeout=_TIMEOUT_SECONDS, stream=True
        ) as response:
            if response.status_code == _UNCHANGED:
                return b"", known
            response.raise_for_status()
            content = b""
            for piece in response.iter_content(2**16):
                content += piece
                if len(content) > _MOST_BYTES:
                    raise ValueError(f"longer than {_MOST_BYTES} bytes")
            asks = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
            headers = response.headers
            return content, {asks[name]: headers[name] for name in asks if name in headers}


def _batch(content: bytes, known: dict[str, str]) -> Batch:
    rows, bad = [], []
    entries = feedparser.parse(content).entries if content else []
    for number, entry in enumerate(reversed(entries), start=1):  # the newest stands first
        try:
            rows.append(make_row(entry.get("id") or entry.get("link"), _text(entry), _time(entry)))
        except RowError as error:
            bad.append(BadRow(f"entry {number}", str(error), str(entry.get("title"))[:_SHOWN]))
    return Batch(rows, bad, {"": known})


def _text(entry: Any) -> str:
    """Joins title and summary, which is often HTML and often repeats the title."""
    title, summary = (
        " ".join(html.unescape(_TAG.sub(" ", entry.get(name, ""))).split())
        for name in ("title", "summary")
    )
    if not title or summary.startswith(title):
        return summary
    return f"{title}. {summary}" if summary else title


def _time(entry: Any) -> str | None:
    moment = entry.get("published_parsed") or entry.get("updated_parsed")
    if moment is None:
        return None
    try:
        seconds = calendar.timegm(moment)
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC).isoformat()
    except (ValueError, OverflowError, OSError):
        return None
