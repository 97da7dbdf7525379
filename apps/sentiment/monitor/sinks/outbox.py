"""Hands alerts from the store to a sink until it has taken them."""

import logging
import threading

from sqlalchemy import Engine

from apps.sentiment.monitor.sinks.base import Sink, SinkError
from apps.sentiment.monitor.store.deliveries import delivered, pending

_LOG = logging.getLogger(__name__)
_FIRST_WAIT, _LONGEST_WAIT = 0.5, 300.0


class Outbox:
    """A thread that sends what the store holds for a sink, the oldest first.

    A sink that fails is tried again, each time after twice the wait, in this process or the
    next; what it refuses for good is logged and left out. Nobody else waits for it.

    Args:
        engine: The store.
        sink: Who takes the alerts.
    """

    def __init__(self, engine: Engine, sink: Sink) -> None:
        self._engine = engine
        self._sink = sink
        self._changed = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._work, name=sink.name, daemon=True)
        self._changed.set()  # what an earlier process has left
        self._thread.start()

    def notify(self) -> None:
        """Hears that there are new alerts."""
        self._changed.set()

    def close(self, seconds: float) -> None:
        """Sends what is left, once, in so many seconds at most."""
        self._closed.set()
        self._changed.set()
        self._thread.join(seconds)

    def _work(self) -> None:
        while not self._closed.is_set():
            self._changed.wait()
            self._changed.clear()
            wait = _FIRST_WAIT
            while not self._send_all():
                if self._closed.wait(wait):
                    return
                wait = min(2 * wait, _LONGEST_WAIT)

    def _send_all(self) -> bool:
        """Returns whether the sink works."""
        for alert in pending(self._engine, self._sink.name):
            try:
                self._sink.send(alert)
            except SinkError as error:
                _LOG.warning("%s did not take %s: %s", self._sink.name, alert["id"], error)
                if not error.lasting:
                    return False
            delivered(self._engine, self._sink.name, alert["id"])
        return True
