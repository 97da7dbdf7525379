"""An alert in words, for people."""

from typing import Any

_WHAT = {"start": "surge of negative texts", "peak": "surge at its peak", "end": "surge is over"}


def headline(alert: dict[str, Any]) -> str:
    """Returns one line: the topic and what happens to it."""
    return printable(f"{alert['topic']}: {_WHAT[alert['kind']]}")


def facts(alert: dict[str, Any]) -> str:
    """Returns one line of figures."""
    chance = "" if alert["p_value"] is None else f", p = {alert['p_value']:.2g}"
    return printable(
        f"{_span(alert['span_seconds'])} to {alert['window_end']}: {alert['observed']:g} negative, "
        f"{alert['expected']:.1f} expected{chance}, {alert['negative_share']:.0%} of all"
    )


def _span(seconds: float) -> str:
    for unit, size in (("days", 86400), ("hours", 3600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:g} seconds"


def quotes(alert: dict[str, Any]) -> list[str]:
    """Returns the texts that explain it, each on one line."""
    return [printable(f"{text['negative']:.2f}  {text['text']}") for text in alert["texts"]]


def printable(text: str) -> str:
    """Replaces what would steer a terminal or the direction of writing."""
    return "".join(character if character.isprintable() else " " for character in text)
