"""The verb `contrasts`: its options, and what it does with them."""

import dataclasses
from pathlib import Path

from dlkit.errors import InputError

_MOST = 100_000


@dataclasses.dataclass(frozen=True)
class Contrasts:
    """Write sentences that differ in what decides their sentiment, to learn from beside your own.

    English and Chinese: negation, losses that narrow or widen, numbers that go up and down,
    questions, boilerplate, and plain statements. `train --training-data FILE` learns from them.
    """

    output: Path = Path("contrasts.jsonl")
    """File of the rows: text, sentiment (positive, neutral or negative), kind and language. Rows of
    --data need the same names of columns and sentiments."""

    rows: int = 20_000
    """How many."""

    seed: int = 0
    """The same seed gives the same sentences."""

    def __post_init__(self) -> None:
        if not 1 <= self.rows <= _MOST:
            raise InputError(f"`--rows` must be from 1 to {_MOST}. Received: {self.rows}.")
        if self.seed < 0:
            raise InputError(f"`--seed` must be 0 or more. Received: {self.seed}.")
        if not self.output.parent.is_dir():
            msg = f"`--output` must lie in a folder that exists. Received: {self.output}."
            raise InputError(f"{msg} Make {self.output.parent} first.")


def write_contrasts(options: Contrasts) -> None:
    """Writes the rows; the path is the last line printed."""
    from apps.sentiment.contrasts.grammar import contrasts, read_grammars
    from dlkit.training.run_folder import write_rows

    rows = contrasts(options.rows, options.seed, read_grammars())
    write_rows(options.output, (row._asdict() for row in rows))
    print(options.output)  # noqa: T201
