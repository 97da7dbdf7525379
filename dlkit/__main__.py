"""The verbs that need no application: `python -m dlkit doctor` and `bench`."""

import dataclasses
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import tyro

from dlkit.errors import InputError


@dataclasses.dataclass(frozen=True)
class Doctor:
    """Say what is installed, what the machine has, what is wrong and how to mend it.

    Exit code 0 says that nothing is wrong, 1 that something is.
    """

    json: bool = False
    """Prints JSON for a bug report in place of a table."""


@dataclasses.dataclass(frozen=True)
class Bench:
    """Measure this machine: matrix products, data, training steps and answers."""

    json: bool = False
    """Prints JSON in place of a table."""

    rows: int = 20_000
    """Made-up texts that are tokenized and batched."""

    steps: int = 60
    """Training steps of the default network that are timed."""

    calls: int = 100
    """Timed calls with one text, of each way to get an answer."""

    def __post_init__(self) -> None:
        for name, least in (("rows", 1000), ("steps", 1), ("calls", 1)):
            if getattr(self, name) < least:
                msg = f"`--{name}` must be at least {least}. Received: {getattr(self, name)}."
                raise InputError(msg)


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs one verb; a user's mistake ends in one sentence and exit code 2."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    verbs = (
        Annotated[Doctor, tyro.conf.subcommand("doctor", prefix_name=False)]
        | Annotated[Bench, tyro.conf.subcommand("bench", prefix_name=False)]
    )
    try:
        options = tyro.cli(
            verbs,
            prog="python -m dlkit",
            description="What this machine has, and what it can do.",
            args=arguments,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.OmitSubcommandPrefixes),
        )
        sys.exit(_doctor(options) if isinstance(options, Doctor) else _bench(options))
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell does


def _doctor(options: Doctor) -> int:
    from rich.console import Console

    from dlkit.doctor.report import as_json, examine, is_fine, print_table

    report = examine(Path("runs"), Path("saved_models"))
    if options.json:
        print(as_json(report))  # noqa: T201
    else:
        print_table(Console(), report)
    return 0 if is_fine(report) else 1


def _bench(options: Bench) -> int:
    from rich.console import Console

    from dlkit.bench import as_json, measure, print_table

    figures = measure(rows=options.rows, steps=options.steps, calls=options.calls)
    if options.json:
        print(as_json(figures))  # noqa: T201
    else:
        print_table(Console(), figures)
    return 0


if __name__ == "__main__":
    main()
