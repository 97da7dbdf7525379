"""What a search of settings for images is asked to do.

No heavy import, so that `--help` is instant.
"""

import dataclasses
from typing import Annotated, ClassVar, Literal

import tyro

from dlkit.tuning.options import Budget


@dataclasses.dataclass(frozen=True)
class ImageSearch(Budget):
    """How to search, and what for."""

    networks: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A network to choose among; give it several times. Without it that of --network."""

    objective: Literal["macro_f1", "accuracy", "log_loss"] = "accuracy"
    """What to reach on the validation images."""

    cost: ClassVar[str] = "none"
