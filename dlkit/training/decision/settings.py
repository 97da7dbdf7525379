"""What the training of a policy is asked to do."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from dlkit.errors import InputError
from dlkit.settings import Training


@dataclasses.dataclass(frozen=True)
class PolicyTraining(Training):
    """Learn by acting which action to take."""

    environment: str = "CartPole-v1"
    """A Gymnasium environment with discrete actions, or MODULE:ENVIRONMENT to import first."""

    environment_arguments: str = "{}"
    """Arguments of the environment as a JSON object, such as '{"gravity": 3.7}'."""

    validation_arguments: str = "{}"
    """Those of its arguments that are others in validation, as a JSON object."""

    test_arguments: str = "{}"
    """Those of its arguments that are others in the test, as a JSON object."""

    steps: int = 100_000
    """Steps in the environments that are learned from, of all of them together."""

    environments: int = 8
    """Environments that act side by side."""

    network_arguments: str = '{"units": [256, 256], "dropout": 0}'
    """Arguments of the network as a JSON object."""

    epochs: int = 20
    """Parts of the training; each ends with the validation that chooses the policy."""

    batch_size: int = 64
    """Windows of steps in an update."""

    learning_rate: float = 1e-3
    """The highest rate: it decays to zero along a cosine."""

    patience: int = 20
    """Epochs without a better validation before training stops."""

    train_every: int = 256
    """Steps between two trainings; the target network is as old as the last one."""

    updates: int = 128
    """Updates in a training."""

    warmup: int = 1000
    """Steps before the first training."""

    replay_size: int = 100_000
    """Steps that are kept to learn from."""

    n_step: int = 3
    """Steps whose rewards count before the value of what follows is guessed."""

    discount: float = 0.99
    """What the reward of the next step counts, beside that of this one."""

    exploration_share: float = 0.16
    """Share of the steps over which random actions become fewer, from all to the last share."""

    exploration_last: float = 0.04
    """Share of the actions that stay random."""

    validation_episodes: int = 32
    """Episodes in a validation."""

    test_episodes: int = 100
    """Episodes in the test, on seeds of which training and validation have none."""

    mixed_precision: bool = False
    """Computes in float16 where a GPU is found."""

    run_dir: Path | None = None
    """Folder of this run; without it runs/APP/TIME-NETWORK, at which runs/APP/latest points."""

    def __post_init__(self) -> None:
        super().__post_init__()
        names = ("steps", "environments", "epochs", "train_every", "updates", "replay_size")
        for name in (*names, "n_step", "validation_episodes", "test_episodes"):
            _check(name, getattr(self, name) >= 1, "must be at least 1", getattr(self, name))
        _check("warmup", self.warmup >= 0, "must be 0 or more", self.warmup)
        for name in ("discount", "exploration_share", "exploration_last"):
            value = getattr(self, name)
            _check(name, 0 <= value <= 1, "must be from 0 to 1", value)
        for part in ("environment", "network", "validation", "test"):
            _json_object(f"{part}_arguments", getattr(self, f"{part}_arguments"))

    def arguments(self, part: str) -> dict[str, Any]:
        """Returns the arguments of the environment in "training", "validation" or "test"."""
        arguments = _json_object("environment_arguments", self.environment_arguments)
        if part == "training":
            return arguments
        return arguments | _json_object(f"{part}_arguments", getattr(self, f"{part}_arguments"))


def _json_object(name: str, text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    _check(name, isinstance(value, dict), "must be a JSON object", text)
    return value


def _check(name: str, right: bool, rule: str, received: object) -> None:
    if not right:
        raise InputError(f"`--{name.replace('_', '-')}` {rule}. Received: {received}.")
