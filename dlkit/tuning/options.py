"""What a search is asked to do, beside the settings of its trainings.

No heavy import, so that `--help` is instant.
"""

import dataclasses
from typing import Annotated, Any, ClassVar, Literal

import tyro

from dlkit.errors import InputError
from dlkit.settings import Training


@dataclasses.dataclass(frozen=True)
class Budget:
    """How long to search."""

    trials: int | None = None
    """Most trials; without it as many as --max-seconds lets in, or 20."""

    max_seconds: float | None = None
    """Seconds for the trials and the finalists; training the winner comes on top."""

    tuner: Literal["random", "bayesian", "hyperband"] = "random"
    """How the next trial is chosen. "hyperband" starts many with few epochs and goes on with the
    best."""

    finalists: int = 4
    """So many of the best trials, and the defaults, are trained again before one wins; fewer where
    --max-seconds leaves no time for them."""

    repeats: int = 2
    """How often the finalists are trained again, with other seeds, and other validation rows where
    that leaves the test rows as they are."""

    retrainings: int = 3
    """Seeds that the winner is trained with, as `train` does."""

    processes: int = 1
    """Trials that run at the same time on this machine."""

    def __post_init__(self) -> None:
        least = {"trials": 1, "finalists": 1, "repeats": 0, "retrainings": 1, "processes": 1}
        for name, bound in least.items():
            value = getattr(self, name)
            _check(name, value is None or value >= bound, f"must be at least {bound}", value)
        seconds = self.max_seconds
        _check("max_seconds", seconds is None or seconds > 0, "must be above 0", seconds)

    @property
    def most_trials(self) -> int | None:
        """The number of trials after which a search ends, None for no such bound."""
        return 20 if self.trials is None and self.max_seconds is None else self.trials


@dataclasses.dataclass(frozen=True)
class SearchOptions(Budget):
    """How to search, and what for."""

    networks: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """A network to choose among; give it several times. "wide_and_deep+lstm" is wide_and_deep with
    another deep network; with --pretrained, "bert" and "wide_and_deep+bert" may stand beside
    networks without an encoder. Without it --network, if given, else those that train in
    seconds."""

    objective: Literal["macro_f1", "accuracy", "log_loss"] = "macro_f1"
    """What to reach on the validation rows; of several heads the mean."""

    cost: Literal["none", "latency", "size"] = "none"
    """A second objective: milliseconds for one text, or megabytes of the saved model."""

    cost_weight: float = 0.0
    """What a millisecond or a megabyte is worth in units of the objective."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _check("cost_weight", self.cost_weight >= 0, "must be 0 or more", self.cost_weight)
        weighs = self.cost != "none" or not self.cost_weight
        _check("cost_weight", weighs, "needs `--cost latency` or `--cost size`", self.cost_weight)


@dataclasses.dataclass(frozen=True)
class RankingSearch(Budget):
    """How to search for what ranks best."""

    objective: Literal["ndcg@10", "recall@20", "hit_rate@10", "mrr"] = "ndcg@10"
    """What to reach in validation."""

    cost: ClassVar[str] = "none"


@dataclasses.dataclass(frozen=True)
class Tune:
    """Search for the network and the settings that answer best, and train with them.

    A setting that is given is kept, all others are searched. The defaults are the first trial.
    """

    settings: Any
    """The settings of the application."""

    search: Any
    """How to search."""


def tune_options(settings: type[Training], search: type[Budget] = SearchOptions) -> type[Tune]:
    """Returns the options of the verb `tune` for an application's settings."""
    fields = [("settings", settings), ("search", search)]
    options = dataclasses.make_dataclass("Tune", fields, bases=(Tune,), frozen=True)
    options.__doc__ = Tune.__doc__
    return options


def _check(name: str, right: bool, rule: str, received: object) -> None:
    if not right:
        raise InputError(f"`--{name.replace('_', '-')}` {rule}. Received: {received}.")
