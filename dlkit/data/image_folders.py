"""Images in folders: a sub-folder is a class."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

import numpy as np
import tensorflow as tf
from PIL import Image, UnidentifiedImageError

from dlkit.data.image_decoding import MOST_PIXELS, decode_image, resize_image
from dlkit.data.messages import count, shown
from dlkit.errors import InputError

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp")
MOST_BYTES = 2**25
"""Bytes of one file."""

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_GRAY_MODES = ("1", "L", "LA", "I", "I;16", "I;16B")
_BATCH = 256
_NAMED = 5
_SMALLEST = (1, 1, 3)


BrokenImages = Literal["refuse", "skip"]
"""What to do with files that are no images."""


class BrokenImage(NamedTuple):
    """A file that is no image, and why."""

    path: Path
    reason: str


def class_files(folder: Path) -> list[tuple[Path, str]]:
    """Returns all files in the sub-folders of a folder with the names of their classes, sorted.

    Hidden files are left out.

    Raises:
        InputError: There is no such folder, or it has no files in sub-folders.
    """
    if not folder.is_dir():
        msg = "`--data` must be a folder of images, tfds:NAME or sample. Received: "
        raise InputError(f"{msg}{folder}, which is no folder. Name another.")
    files = []
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        if path.is_file() and not any(part.startswith(".") for part in parts):
            files.append((path, parts[0] if len(parts) > 1 else ""))
    if not any(label for _, label in files):
        msg = "`--data` must be a folder with a sub-folder of images for each class. Received: "
        raise InputError(f"{msg}{folder}, without any. Put the images of CLASS into CLASS/.")
    return files


def image_shape(path: Path, *, inside: Path) -> tuple[int, int, int]:
    """Returns height, width and channels (1 or 3) of an image by its header.

    Raises:
        ValueError: The file is no image that can be read, or lies outside of the folder.
    """
    if not path.resolve().is_relative_to(inside.resolve()):
        raise ValueError("a link out of the folder")
    if path.suffix.lower() not in ENDINGS:
        raise ValueError(f"no image by its ending, which must be one of {', '.join(ENDINGS)}")
    if (size := path.stat().st_size) > MOST_BYTES:
        raise ValueError(f"{size:,} bytes are more than {MOST_BYTES:,}")
    try:
        with Image.open(path, formats=_FORMATS) as image:
            width, height, mode = *image.size, image.mode
    except (OSError, UnidentifiedImageError, Image.DecompressionBombError, SyntaxError) as error:
        raise ValueError(f"no image by its content ({shown(error, 100)})") from error
    if height * width > MOST_PIXELS:
        raise ValueError(f"{width} x {height} pixels are more than {MOST_PIXELS:,}")
    return height, width, 1 if mode in _GRAY_MODES else 3


def decode_files(
    paths: Sequence[Path], shape: tuple[int, int, int]
) -> Iterator[np.ndarray | BrokenImage]:
    """Decodes files by the graph that serves, in bounded memory.

    Args:
        paths: Images whose headers are right.
        shape: `(height, width, channels)` to resize to.

    Yields:
        For each file uint8 `(height, width, channels)`, or why there is none.
    """

    @tf.function(input_signature=[tf.TensorSpec([], tf.string)])
    def read(path: tf.Tensor) -> tf.Tensor:
        return resize_image(decode_image(tf.io.read_file(path)), shape)

    for start in range(0, len(paths), _BATCH):
        batch = paths[start : start + _BATCH]
        names = [str(path) for path in batch]
        data = tf.data.Dataset.from_tensor_slices(names).map(read, tf.data.AUTOTUNE)
        try:
            yield from list(data.as_numpy_iterator())
        except tf.errors.OpError:  # one by one, to find which is broken
            yield from (_decoded(read, path) for path in batch)


def _decoded(read: Callable[[tf.Tensor], tf.Tensor], path: Path) -> np.ndarray | BrokenImage:
    try:
        return read(tf.constant(str(path))).numpy()
    except tf.errors.OpError as error:
        return BrokenImage(path, f"no image by its content ({shown(error.message, 100)})")


def usable_images(
    paths: Sequence[Path], *, broken: BrokenImages
) -> tuple[list[Path], list[BrokenImage]]:
    """Finds the images among files and in folders.

    Returns:
        The files that are images throughout, and the others.

    Raises:
        InputError: A path is missing, or a file is no image and must be one.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise InputError(f"`IMAGES` must be files or folders. Received: {path}. Name others.")
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        found += [file for file in files if file.is_file() and not file.name.startswith(".")]
    bad = []
    for path in found:
        try:
            image_shape(path, inside=path.parent)
        except ValueError as error:
            bad.append(BrokenImage(path, str(error)))
    broken_paths = {image.path for image in bad}
    right = [path for path in found if path not in broken_paths]
    for result in decode_files(right, _SMALLEST):
        if isinstance(result, BrokenImage):
            bad.append(result)
            broken_paths.add(result.path)
    refuse_broken(bad, broken, option="IMAGES")
    return [path for path in right if path not in broken_paths], bad


def refuse_broken(bad: Sequence[BrokenImage], broken: BrokenImages, *, option: str) -> None:
    """Raises InputError, naming the option, where files are no images and must be."""
    if bad and broken == "refuse":
        msg = f"`{option}` must have images alone. Received: {broken_message(bad)}. Remove them, "
        raise InputError(f"{msg}or add --broken-images skip.")


def broken_message(broken: Sequence[BrokenImage]) -> str:
    """Says which files are no images, and why, of the first few."""
    named = "; ".join(f"{path}: {reason}" for path, reason in broken[:_NAMED])
    more = f"; and {len(broken) - _NAMED:,} more" if len(broken) > _NAMED else ""
    return f"{count(len(broken), 'file')}: {named}{more}"
