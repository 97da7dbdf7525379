"""Alerts on the terminal."""

from typing import Any

from rich.console import Console
from rich.text import Text

from apps.sentiment.monitor.sinks.base import Sink
from apps.sentiment.monitor.sinks.wording import facts, headline, quotes

_STYLES = {"start": "bold red", "peak": "red", "end": "green"}


class Terminal(Sink):
    """Prints alerts; nothing in a text is read as markup or as a control code."""

    def __init__(self, console: Console) -> None:
        super().__init__("terminal")
        self._console = console

    def send(self, alert: dict[str, Any]) -> None:
        """Prints one alert."""
        self._console.print(Text(headline(alert), _STYLES[alert["kind"]]))
        self._console.print(Text(f"  {facts(alert)}"))
        for quote in quotes(alert):
            self._console.print(Text(f"  {quote}", "dim"), overflow="ellipsis", no_wrap=True)
