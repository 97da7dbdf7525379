"""What the two networks of a GAN want, from the scores of the discriminator."""

from collections.abc import Callable
from typing import Any, Literal

from keras import ops

GanLoss = Literal["hinge", "non_saturating"]


def hinge_discriminator(real: Any, made: Any) -> Any:
    """Scores above 1 for real and below -1 for made data (Lim and Ye, "Geometric GAN", 2017)."""
    return ops.mean(ops.relu(1 - real)) + ops.mean(ops.relu(1 + made))


def hinge_generator(made: Any) -> Any:
    """High scores."""
    return -ops.mean(made)


def non_saturating_discriminator(real: Any, made: Any) -> Any:
    """Cross-entropy of the scores (Goodfellow et al., "Generative adversarial nets", 2014)."""
    return ops.mean(ops.softplus(-real)) + ops.mean(ops.softplus(made))


def non_saturating_generator(made: Any) -> Any:
    """To be taken for real, with a gradient also where the discriminator is sure."""
    return ops.mean(ops.softplus(-made))


LOSSES: dict[GanLoss, tuple[Callable[[Any, Any], Any], Callable[[Any], Any]]] = {
    "hinge": (hinge_discriminator, hinge_generator),
    "non_saturating": (non_saturating_discriminator, non_saturating_generator),
}
"""The losses of discriminator and generator, from scores `(batch, 1)` to a number."""
