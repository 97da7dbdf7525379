"""From what the command line names to a source."""

from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

from apps.sentiment.monitor.sources.base import Source
from apps.sentiment.monitor.sources.files import Files
from apps.sentiment.monitor.sources.standard_input import StandardInput
from dlkit.errors import InputError

_GROUP = "dlkit-monitor"


def open_source(name: str, *, follow: bool, feed_seconds: float) -> Source:
    """Opens "-", a file, a folder, rss:URL or kafka://HOST:PORT/TOPIC.

    Args:
        name: As `--source` names it.
        follow: Whether to wait for more at its end.
        feed_seconds: Between two looks at a feed.

    Raises:
        InputError: It is none of these, does not exist, or a package is missing.
    """
    if name == "-":
        return StandardInput()
    if name.startswith("rss:"):
        return _feed(name.removeprefix("rss:"), follow, feed_seconds)
    if name.startswith("kafka:"):
        return _kafka(name, follow)
    path = Path(name)
    if not path.exists():
        msg = "`--source` must be -, a file or folder that exists, rss:URL or "
        raise InputError(f"{msg}kafka://HOST:PORT/TOPIC. Received: {name}.")
    return Files(path, follow=follow)


def _feed(url: str, follow: bool, seconds: float) -> Source:
    try:
        from apps.sentiment.monitor.sources.feed import Feed
    except ImportError as error:
        raise _missing("rss:", error) from error
    return Feed(url, follow=follow, seconds=seconds)


def _kafka(name: str, follow: bool) -> Source:
    parts = urlsplit(name)
    topic = parts.path.removeprefix("/")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    group = query.pop("group", _GROUP)
    if not parts.netloc or not topic or "/" in topic or query or not group:
        msg = f"`--source` kafka must be kafka://HOST:PORT/TOPIC[?group=NAME]. Received: {name}."
        raise InputError(msg + " Write kafka://localhost:9092/posts.")
    try:
        from apps.sentiment.monitor.sources.kafka import Kafka
    except ImportError as error:
        raise _missing("kafka:", error) from error
    return Kafka(parts.netloc, topic, group=group, follow=follow)


def _missing(what: str, error: ImportError) -> InputError:
    msg = f"`--source` {what} needs a package that is not installed: {error.name}."
    return InputError(msg + ' Call pip install "dlkit[monitor]".')
