"""The loop of the monitor."""

from collections.abc import Callable

from apps.sentiment.monitor.pipeline import Pipeline
from apps.sentiment.monitor.rejects import Rejects
from apps.sentiment.monitor.stream import Stream


def watch(
    stream: Stream, pipeline: Pipeline, rejects: Rejects, changed: Callable[[int], None]
) -> None:
    """Takes batch by batch until the stream ends.

    Args:
        stream: What comes.
        pipeline: What happens to it.
        rejects: Takes the rows that cannot be read.
        changed: Hears after each change of the store how many alerts it brought.
    """
    clock = pipeline.clock
    for event in stream.batches():
        if event is not None:
            source, batch = event
            if batch is None:
                clock.finished(source.name)
            elif not (batch.rows or batch.bad or batch.positions):
                clock.caught_up(source.name)
            else:
                rejects.add(source.name, batch.bad)
                alerts = pipeline.process(source.name, batch)
                source.committed(batch.positions)
                changed(alerts)
                continue
        if alerts := pipeline.pass_time():
            changed(alerts)
