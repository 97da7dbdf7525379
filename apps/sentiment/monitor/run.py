"""Puts the monitor together and runs it."""

import contextlib
import os
import signal
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from sqlalchemy import Engine

from apps.sentiment.monitor.changes import Changes
from apps.sentiment.monitor.command import Monitor, duration
from apps.sentiment.monitor.dashboard.server import Dashboard
from apps.sentiment.monitor.pipeline import Lengths, Pipeline
from apps.sentiment.monitor.rejects import Rejects
from apps.sentiment.monitor.scoring import Scorer
from apps.sentiment.monitor.sinks.base import Sink
from apps.sentiment.monitor.sinks.file import JsonLines
from apps.sentiment.monitor.sinks.mail import Mail
from apps.sentiment.monitor.sinks.outbox import Outbox
from apps.sentiment.monitor.sinks.terminal import Terminal
from apps.sentiment.monitor.sinks.webhook import Webhook
from apps.sentiment.monitor.sources.opening import open_source
from apps.sentiment.monitor.store.engine import open_engine
from apps.sentiment.monitor.store.reader import counts_by_source
from apps.sentiment.monitor.store.writer import Writer
from apps.sentiment.monitor.stream import Stream
from apps.sentiment.monitor.watch import watch
from apps.sentiment.surge.detector import SurgeDetector
from dlkit.errors import InputError

_CLOSE_SECONDS = 10


def run(options: Monitor) -> None:
    """Watches the sources until they end or a signal comes.

    Raises:
        InputError: A source, the model, the store, a sink or the port is not as it must be.
    """
    console = Console()
    engine = open_engine(options.store)
    try:
        _watch(options, engine, console)
        for source, kinds in counts_by_source(engine).items():
            shown = ", ".join(f"{count:,} {kind}" for kind, count in kinds.items())
            console.print(f"{source}: {shown}", soft_wrap=True, markup=False, highlight=False)
    finally:
        engine.dispose()


def _watch(options: Monitor, engine: Engine, console: Console) -> None:
    sources = [
        open_source(name, follow=options.follow, feed_seconds=options.feed_seconds)
        for name in options.source
    ]
    sinks = _sinks(options, console)
    scorer = Scorer(options.model, options.negative)
    writer = Writer(engine)
    pipeline = _pipeline(options, writer, scorer, [source.name for source in sources], sinks)
    changes = Changes()
    with contextlib.ExitStack() as stack:
        if options.dashboard is not None:
            dashboard = Dashboard(
                engine,
                changes,
                {
                    "topics": scorer.topics,
                    "negative": options.negative,
                    "window": _milliseconds(options.window, "--window"),
                },
                (options.host, options.dashboard),
            )
            stack.callback(dashboard.close)
            console.print(f"dashboard: {dashboard.url}", soft_wrap=True)
        outboxes = [Outbox(engine, sink) for sink in sinks]
        for outbox in outboxes:
            stack.callback(outbox.close, _CLOSE_SECONDS)
        stream = Stream(sources, writer.positions)
        stack.enter_context(_at_signals(stream.stop))
        console.print(
            f"monitor: model {options.model}/{scorer.version}, {options.store}", soft_wrap=True
        )

        def changed(alerts: int) -> None:
            changes.notify()
            if alerts:
                for outbox in outboxes:
                    outbox.notify()

        watch(stream, pipeline, Rejects(options.rejects), changed)


def _sinks(options: Monitor, console: Console) -> list[Sink]:
    sinks: list[Sink] = [Terminal(console)]
    if options.alerts:
        sinks.append(JsonLines(options.alerts))
    if options.webhook:
        key = os.environ.get("MONITOR_WEBHOOK_KEY")
        sinks.append(Webhook(options.webhook, key.encode() if key else None))
    if options.mail_to:
        password = os.environ.get("MONITOR_SMTP_PASSWORD")
        sinks.append(Mail(options.smtp, options.mail_from, options.mail_to, password))
    return sinks


def _pipeline(
    options: Monitor,
    writer: Writer,
    scorer: Scorer,
    sources: Sequence[str],
    sinks: Sequence[Sink],
) -> Pipeline:
    lengths = Lengths(
        _milliseconds(options.window, "--window"),
        _milliseconds(options.lateness, "--lateness"),
        _milliseconds(options.duplicates, "--duplicates"),
    )
    stored = writer.claim_window(lengths.window)
    if stored != lengths.window:
        msg = f"`--window` must be that of the store, {stored / 1000:g}s. Received: "
        raise InputError(f"{msg}{options.window}. Name another store.")
    window, settings = duration(options.window, "--window"), options.surge
    state = writer.state("detector")
    return Pipeline(
        writer,
        scorer,
        SurgeDetector(settings, window)
        if state is None
        else SurgeDetector.from_json(settings, window, state),
        lengths,
        negative=options.negative,
        sources=sources,
        sinks=[sink.name for sink in sinks],
    )


@contextlib.contextmanager
def _at_signals(stop: Callable[[], None]) -> Iterator[None]:
    """Ends in order, with what is in work stored, where SIGINT or SIGTERM comes."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda *_: stop()) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)


def _milliseconds(text: str, option: str) -> int:
    return round(1000 * duration(text, option).total_seconds())
