"""Builders that a user names: found, and called with arguments that they take."""

import importlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any

import keras

from dlkit.errors import InputError


def import_builder(
    network: str, known: Iterable[str]
) -> tuple[Callable[..., keras.Model], ModuleType]:
    """Imports `MODULE:BUILDER`.

    Args:
        network: What the user named.
        known: Names that would have been right too.

    Returns:
        The builder and its module.

    Raises:
        InputError: There is none.
    """
    module_name, _, builder = network.partition(":")
    try:
        if not builder:
            raise ImportError("it is no known name")
        module = importlib.import_module(module_name)
        return getattr(module, builder), module
    except (ImportError, AttributeError) as error:
        msg = (
            f"`--network` must be one of {', '.join(known)}, or MODULE:BUILDER. "
            f"Received: {network} ({error})."
        )
        raise InputError(msg) from error


def call_builder(
    network: str, build: Callable[..., keras.Model], arguments: Mapping[str, Any]
) -> keras.Model:
    """Calls a builder.

    Raises:
        InputError: It has no such argument.
    """
    known = inspect.signature(build).parameters
    if unknown := [name for name in arguments if name not in known]:
        msg = (
            f"`--network-arguments` of {network} must be among {', '.join(known)}. "
            f"Received: {', '.join(unknown)}."
        )
        raise InputError(msg)
    return build(**arguments)
