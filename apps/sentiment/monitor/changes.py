"""Tells the page that the store has changed."""


class Changes:
    """Counts changes; read and written from several threads."""

    def __init__(self) -> None:
        self.count = 0

    def notify(self) -> None:
        """Hears of a change, from the one thread that makes them."""
        self.count += 1
