"""A monitor with the made model, in a process that tests may kill."""

import sys

from apps.sentiment.monitor.rejects import Rejects
from apps.sentiment.monitor.sources.opening import open_source
from apps.sentiment.monitor.stream import Stream
from apps.sentiment.monitor.watch import watch
from tests.apps.monitor.made import make_pipeline


def main(url, rejects, *names):
    """Reads all sources to their ends, or until it is killed."""
    from pathlib import Path

    sources = [open_source(name, follow=False, feed_seconds=60) for name in names]
    pipeline, _, writer = make_pipeline(url, sources=names, lateness=5000)
    print("ready", flush=True)  # noqa: T201
    watch(Stream(sources, writer.positions), pipeline, Rejects(Path(rejects)), lambda _: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
