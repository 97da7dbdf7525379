"""A progress bar over the steps and epochs of a training, on standard error."""

from typing import Any

import keras
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


class ProgressBar(keras.callbacks.Callback):
    """One bar an epoch; what an epoch reached stays on the screen.

    Fit within `with bar.progress:`, which gives the terminal back however training ends.

    Args:
        steps: Steps of an epoch.
    """

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps
        self.progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} steps"),
            TimeRemainingColumn(),
            console=Console(stderr=True),
            transient=True,
        )

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Adds the bar."""
        self.bar = self.progress.add_task("", total=self.steps)

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Starts at zero."""
        self.progress.reset(self.bar, description=f"epoch {epoch + 1}/{self.params['epochs']}")

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Moves on by one step."""
        self.progress.advance(self.bar)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Prints a line of what the epoch reached."""
        values = "  ".join(f"{name} {float(value):.4f}" for name, value in (logs or {}).items())
        self.progress.console.print(f"epoch {epoch + 1:>3}  {values}", highlight=False)
