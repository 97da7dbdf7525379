"""The command line of every application."""

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import tyro

from dlkit.app import App, Verb
from dlkit.errors import InputError


def main(app: App, arguments: Sequence[str] | None = None) -> None:
    """Runs one verb; a user's mistake ends in one sentence and exit code 2."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    verbs = app.verbs(app)
    try:
        options = tyro.cli(
            _subcommands(verbs),
            prog=f"python -m apps.{app.name}",
            description=app.description,
            args=arguments,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
        )
        [verb] = [verb for verb in verbs.values() if type(options) is verb.options]
        verb.run(options)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell does
    except BrokenPipeError:  # the reader of the answers has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)


def _subcommands(verbs: Mapping[str, Verb]) -> Any:
    first, *others = [
        Annotated[verb.options, tyro.conf.subcommand(word, prefix_name=False)]
        for word, verb in verbs.items()
    ]
    union: Any = first
    for other in others:
        union = union | other
    return union
