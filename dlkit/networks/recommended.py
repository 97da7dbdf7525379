"""Settings that suit a network, where the command line gives none."""

from typing import NamedTuple


class Recommended(NamedTuple):
    """How to fit a network; the words are those of the command line."""

    batch_size: int = 64
    """Rows in a step."""
    learning_rate: float = 2e-3
    """The highest rate."""
    steps: int = 1600
    """As many epochs as make so many steps, within bounds."""
    fitted_heads: bool = False
    """Whether heads start as linear models fitted to the features that the network gives untrained,
    which is of use where it is pretrained."""
    refit: bool = True
    """Whether what the rows of validation add is worth the time of a second training."""
