"""Labelled images of every source, as arrays of one shape."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dlkit.data.image_decoding import resize_image
from dlkit.data.image_folders import (
    BrokenImage,
    BrokenImages,
    class_files,
    decode_files,
    image_shape,
    refuse_broken,
)
from dlkit.data.tables import TFDS
from dlkit.data.tfds_images import tfds_images
from dlkit.errors import InputError

SAMPLE = "sample"
"""The digits of scikit-learn: 1797 gray images of 8 x 8 pixels."""

MOST_BYTES = 2**32
"""Bytes of all images together, that fit into the memory of a small machine."""

_SIDE, _MOST_SIDE = 64, 256
"""Height and width of images that differ in theirs, or are larger."""

Shape = tuple[int, int, int]


class LabelledImages(NamedTuple):
    """Images of one shape.

    Args:
        pixels: uint8 `(rows, height, width, channels)`, with 1 channel (gray) or 3.
        labels: `(rows,)`, None where a row has none.
        names: `(rows,)`, where each image comes from.
        broken: Files that were skipped.
    """

    pixels: np.ndarray
    labels: list[str | None]
    names: list[str]
    broken: list[BrokenImage]

    def take(self, rows: np.ndarray) -> "LabelledImages":
        """Returns some rows."""
        labels, names = ([values[i] for i in rows] for values in (self.labels, self.names))
        return LabelledImages(self.pixels[rows], labels, names, self.broken)


class _Source(NamedTuple):
    """What is known of a source before its images are read."""

    rows: int
    shapes: set[tuple[int | None, int | None, int | None]]
    read: Callable[[Shape], LabelledImages]


def read_images(
    sources: Sequence[str],
    *,
    shape: Shape | None = None,
    image_size: int | None = None,
    broken: BrokenImages = "refuse",
) -> LabelledImages:
    """Reads images with their classes.

    Args:
        sources: Folders with a sub-folder for each class, tfds:NAME[/config][:split], or "sample".
        shape: `(height, width, channels)` of what is returned. Without it, `image_size` and as
            many channels as the images have.
        image_size: Height and width. Without it those of the images, or 64 where they differ or
            are larger than 256.
        broken: Whether files that are no images end the reading, or are left out and listed.

    Returns:
        The images of all sources, one after the other.

    Raises:
        InputError: A source is none, or holds files that are no images, or no images at all, or
            the images are too many for the memory.

    Example:
        digits = read_images(["sample"])
        digits.pixels.shape  # (1797, 8, 8, 1)
    """
    found = [_source(source, broken) for source in sources]
    shape = shape or _shape(set().union(*(source.shapes for source in found)), image_size)
    rows = sum(source.rows for source in found)
    if (size := rows * int(np.prod(shape))) > MOST_BYTES:
        msg = f"`--data` must fit into {MOST_BYTES:,} bytes of pixels. Received: {rows:,} images "
        raise InputError(f"{msg}that take {size:,}. Make `--image-size` smaller, or take fewer.")
    parts = [source.read(shape) for source in found]
    pixels = np.concatenate([part.pixels for part in parts])
    if not len(pixels):
        msg = "`--data` must have images. Received: "
        raise InputError(f"{msg}{', '.join(sources)}, without any. Name others.")
    labels, names, skipped = (
        [value for part in parts for value in part[column]] for column in range(1, 4)
    )
    return LabelledImages(pixels, labels, names, skipped)


def _shape(shapes: set[tuple[int | None, int | None, int | None]], size: int | None) -> Shape:
    sizes = {(height, width) for height, width, _ in shapes}
    height, width = sizes.pop() if len(sizes) == 1 else (None, None)
    channels = 1 if {channels for *_, channels in shapes} <= {1} else 3
    if size is None and height and width and max(height, width) <= _MOST_SIDE:
        return height, width, channels
    return size or _SIDE, size or _SIDE, channels


def _source(source: str, broken: BrokenImages) -> _Source:
    if source == SAMPLE:
        return _digits()
    if source.startswith(TFDS):
        return _tfds(source)
    return _folder(Path(source), broken)


def _digits() -> _Source:
    from sklearn.datasets import load_digits

    digits = load_digits()
    pixels = np.round(digits.images * (255 / 16)).astype(np.uint8)[..., None]
    labels = [str(label) for label in digits.target]
    names = [f"digit {number}" for number in range(1, len(labels) + 1)]

    def read(shape: Shape) -> LabelledImages:
        if shape == pixels.shape[1:]:
            return LabelledImages(pixels, labels, names, [])
        return LabelledImages(fitted_pixels(pixels, shape), labels, names, [])

    return _Source(len(pixels), {pixels.shape[1:]}, read)


def _tfds(spec: str) -> _Source:
    images = tfds_images(spec)

    def read(shape: Shape) -> LabelledImages:
        pixels, labels = images.read(shape)
        names = [f"{spec} {row}" for row in range(1, len(labels) + 1)]
        return LabelledImages(pixels, labels, names, [])

    return _Source(images.rows, {images.shape}, read)


def _folder(folder: Path, broken: BrokenImages) -> _Source:
    bad: list[BrokenImage] = []
    good: list[tuple[Path, str]] = []
    shapes = set()
    for path, label in class_files(folder):
        try:
            if not label:
                raise ValueError("in no sub-folder, so that its class is unknown")
            shapes.add(image_shape(path, inside=folder))
            good.append((path, label))
        except ValueError as error:
            bad.append(BrokenImage(path, str(error)))
    refuse_broken(bad, broken, option="--data")

    def read(shape: Shape) -> LabelledImages:
        results = list(decode_files([path for path, _ in good], shape))
        late = [result for result in results if isinstance(result, BrokenImage)]
        refuse_broken(late, broken, option="--data")
        kept = [i for i, result in enumerate(results) if not isinstance(result, BrokenImage)]
        pixels = np.array([results[i] for i in kept], np.uint8).reshape(-1, *shape)
        labels: list[str | None] = [good[i][1] for i in kept]
        return LabelledImages(pixels, labels, [str(good[i][0]) for i in kept], [*bad, *late])

    return _Source(len(good), shapes, read)


def fitted_pixels(pixels: np.ndarray, shape: Shape) -> np.ndarray:
    """Brings uint8 `(rows, height, width, channels)` to another shape, as images are served."""
    return np.stack([resize_image(image, shape).numpy() for image in pixels])
