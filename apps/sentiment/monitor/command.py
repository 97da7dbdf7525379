"""The verb `monitor`: its options, and what it does with them."""

import dataclasses
import datetime
import os
import re
from pathlib import Path
from typing import Annotated

import tyro

from apps.sentiment.surge.settings import SurgeSettings
from dlkit.errors import InputError

_UNITS = {"s": 1, "min": 60, "h": 3600, "d": 86400}
_DAY = _UNITS["d"]


@dataclasses.dataclass(frozen=True)
class Monitor:
    """Watch streams of texts: score, store, alert when negative ones on a topic surge."""

    model: Path = Path("saved_models/sentiment")
    """Folder of the versions that `export` wrote; the newest answers."""

    source: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Rows {"id", "text", "time"} as JSON lines: "-" (standard input), a file that grows, a folder
    of .jsonl files, rss:URL or kafka://HOST:PORT/TOPIC[?group=NAME]; may be given several times."""

    store: str = "sqlite:///monitor.db"
    """Database: sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME."""

    alerts: Path | None = None
    """File to which each alert is added as a line of JSON."""

    window: str = "15min"
    """Time over which texts are counted; it must divide a day, such as 30s, 15min, 1h."""

    lateness: str = "1s"
    """How long after its end a window waits for texts that come out of order. Those that come
    later are stored and counted as late. Feeds of news want about 30min."""

    duplicates: str = "1d"
    """A text that repeats or nearly repeats one of this long before is not counted again; 0s
    counts every text."""

    negative: str = "negative"
    """The class of the sentiments that alerts count."""

    surge: SurgeSettings = dataclasses.field(default_factory=SurgeSettings)
    """When negative texts are a surge."""

    follow: bool = True
    """Whether to wait for more at the end of files, folders, feeds and topics."""

    feed_seconds: float = 60.0
    """Seconds between two looks at a feed."""

    rejects: Path = Path("rejects.jsonl")
    """File to which rows that cannot be read are added, each with its place and the reason."""

    webhook: str | None = None
    """Address to which each alert is posted, signed with the key in MONITOR_WEBHOOK_KEY."""

    mail_to: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """Who gets each alert by e-mail; may be given several times."""

    mail_from: str = "monitor@localhost"
    """Sender of the e-mails."""

    smtp: str = "smtp://localhost:25"
    """Server of the e-mails: smtp://[USER@]HOST[:PORT] or smtps://; the password is that in
    MONITOR_SMTP_PASSWORD."""

    dashboard: int | None = None
    """Port of the page that shows it all; 0 takes a free one."""

    host: str = "127.0.0.1"
    """Address on which the page listens; 0.0.0.0 lets other machines in."""

    def __post_init__(self) -> None:
        if not self.source:
            raise InputError("`--source` must be given at least once. Received none.")
        if len(set(self.source)) < len(self.source):
            raise InputError(f"`--source` must name each only once. Received: {self.source}.")
        window = duration(self.window, "--window").total_seconds()
        if not 1 <= window <= _DAY or _DAY % window:
            msg = "`--window` must be at least 1s and divide a day. Received: "
            raise InputError(f"{msg}{self.window}. Take 15min or 1h.")
        duration(self.lateness, "--lateness")
        duration(self.duplicates, "--duplicates")
        if self.dashboard is not None and not 0 <= self.dashboard < 2**16:
            msg = f"`--dashboard` must be a port from 0 to 65535. Received: {self.dashboard}."
            raise InputError(msg)
        if self.feed_seconds <= 0:
            raise InputError(f"`--feed-seconds` must be above 0. Received: {self.feed_seconds}.")
        if self.webhook and not self.webhook.startswith(("http://", "https://")):
            raise InputError(f"`--webhook` must be an http(s) address. Received: {self.webhook}.")


def monitor(options: Monitor) -> None:
    """Watches the sources until they end or a signal comes.

    Raises:
        InputError: A source, the model, the store, a sink or the port is not as it must be.
    """
    # with texts of all lengths oneDNN's memory grows, as in `serve`
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
    try:
        from apps.sentiment.monitor.run import run
    except ImportError as error:
        msg = f"`monitor` needs a package that is not installed: {error.name}."
        raise InputError(msg + ' Call pip install "dlkit[monitor]".') from error
    run(options)


def duration(text: str, option: str) -> datetime.timedelta:
    """Reads a length of time such as 30s, 15min, 1h or 1d.

    Raises:
        InputError: It is none; the error names the option.
    """
    found = re.fullmatch(r"(\d{1,6})(s|min|h|d)", text)
    if not found:
        msg = f"`{option}` must be a whole number with s, min, h or d. Received: {text!r}."
        raise InputError(msg + " Write 15min.")
    return datetime.timedelta(seconds=int(found[1]) * _UNITS[found[2]])
