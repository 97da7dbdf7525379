"""A picture of what a generator makes of the same noise, after each epoch."""

from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlkit.training.generation.images import image_grid, make_images, write_png

_COLUMNS = 8
_ROWS = 8


class SampleGrid(keras.callbacks.Callback):
    """Writes `epoch-001.png` and so on; by class, a row of images for each.

    Args:
        folder: Where to.
        classes: How many classes there are, 0 for none.
        seed: Seeds the noise, the same each epoch.
    """

    def __init__(self, folder: Path, *, classes: int, seed: int) -> None:
        super().__init__()
        self._folder, self._seed = folder, seed
        self._classes = np.repeat(np.arange(classes), _COLUMNS) if classes else None

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Writes the picture."""
        self._folder.mkdir(exist_ok=True)
        count = _ROWS * _COLUMNS if self._classes is None else len(self._classes)
        images = make_images(self.model.averaged, count, seed=self._seed, classes=self._classes)
        write_png(self._folder / f"epoch-{epoch + 1:03d}.png", image_grid(images, columns=_COLUMNS))
