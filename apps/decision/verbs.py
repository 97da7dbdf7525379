"""What the verbs of decisions do."""

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from apps.decision.environments import DESK, register_environments
from dlkit.errors import InputError
from dlkit.runs import existing_run, load_model, saved_settings, start_run
from dlkit.training.decision.settings import PolicyTraining

if TYPE_CHECKING:
    import keras

    from dlkit.training.decision.episodes import Policy

_APP = "decision"
_PROBES = 32
_TUNING_SHIFTS = 200


@dataclasses.dataclass(frozen=True)
class Evaluate:
    """Play test episodes with the policy of a run and print mean and spread as JSON."""

    run: Path | None = None
    """Folder of the run; without it runs/decision/latest."""

    episodes: int = 100
    """How many, on seeds that no training has."""

    seed: int = 0
    """Chooses the episodes."""

    def __post_init__(self) -> None:
        _check_episodes(self.episodes)


@dataclasses.dataclass(frozen=True)
class Play:
    """Play single episodes with the policy of a run: one JSON object an episode."""

    run: Path | None = None
    """Folder of the run; without it runs/decision/latest."""

    episodes: int = 1
    """How many."""

    seed: int = 0
    """Chooses the episodes; those of the test."""

    render: Literal["none", "human"] = "none"
    """Opens a window, where the environment can (pip install "gymnasium[classic-control]")."""

    def __post_init__(self) -> None:
        _check_episodes(self.episodes)


@dataclasses.dataclass(frozen=True)
class Export:
    """Write a SavedModel for TensorFlow Serving; the last line printed is its path."""

    run: Path | None = None
    """Folder of the run; without it runs/decision/latest."""

    output: Path = Path("saved_models")
    """Where OUTPUT/decision/VERSION is written."""

    version: int | None = None
    """A new positive number; without it the next one."""


def train(settings: PolicyTraining) -> Path:
    """Trains a policy and returns its run folder."""
    register_environments()
    folder, settings = start_run(_APP, settings)
    from dlkit.training.decision.policy import train_policy
    from dlkit.training.run_folder import discard_run

    try:
        baseline, note = _baseline(settings)
        trained = train_policy(settings, folder, baseline=baseline, notes=[note])
    except InputError:
        if not settings.resume:
            discard_run(folder)
        raise
    _print_report(trained.metrics)
    _say(f"run: {folder}\nreport: {folder / 'report.html'}")
    return folder


def evaluate(options: Evaluate) -> None:
    """Plays test episodes and prints the metrics as JSON."""
    from dlkit.training.decision.episodes import episode_seeds, play_episodes

    policy, make, _ = _load(options.run)
    seeds = episode_seeds("test", options.episodes, seed=options.seed)
    metrics = play_episodes(policy, make, seeds).metrics()
    _print_report({"test": metrics})
    _say(json.dumps(metrics))


def play(options: Play) -> None:
    """Plays episodes one by one and prints what was done in each."""
    from dlkit.training.decision.episodes import episode_seeds

    policy, make, _ = _load(options.run)
    arguments = {} if options.render == "none" else {"render_mode": options.render}
    try:
        environment = make(**arguments)
    except Exception as error:
        if not arguments:
            raise
        msg = f"`--render` must be one that the environment knows. Received: {options.render}"
        raise InputError(f"{msg} ({error}).") from error
    for seed in episode_seeds("test", options.episodes, seed=options.seed):
        _say(json.dumps(_played(policy, environment, seed)))
    environment.close()


def export(options: Export) -> None:
    """Writes a SavedModel and prints its path."""
    from dlkit.serving.policy_export import export_policy

    _, make, model = _load(options.run)
    probes = _observations(make)
    folder = options.output / _APP
    _say(str(export_policy(model, folder, version=options.version, probes=probes)))


def _load(run: Path | None) -> "tuple[Policy, Callable[..., Any], keras.Model]":
    """Returns the policy of a run, what makes its test environment, and its model."""
    register_environments()
    folder = existing_run(_APP, run)
    settings = saved_settings(_APP, PolicyTraining, folder)
    import tensorflow as tf

    from dlkit.networks import find_network
    from dlkit.training.decision.environments import environment_maker

    make = environment_maker(settings.environment, settings.arguments("test"))
    find_network(settings.network)  # imports what the user has of their own
    model = load_model(folder)
    [symbol] = model.inputs
    act = tf.function(
        lambda observation: model(observation, training=False)["action"],
        input_signature=[tf.TensorSpec(symbol.shape, symbol.dtype)],
    )
    return lambda observations: act(observations).numpy(), make, model


def _baseline(settings: PolicyTraining) -> "tuple[Policy, str]":
    """Returns what a policy has to beat, and a sentence about it."""
    import numpy as np

    from dlkit.training.decision.environments import action_count, environment_maker
    from dlkit.training.decision.episodes import episode_seeds

    make = environment_maker(settings.environment, settings.arguments("training"))
    if settings.environment == DESK:
        from apps.decision.thresholds import best_thresholds

        seeds = episode_seeds("training", _TUNING_SHIFTS, seed=settings.seed)
        rule = best_thresholds(make, seeds, asks=True)
        return rule, f"The baseline has thresholds that suit the training best: {rule}."
    random, actions = np.random.default_rng(settings.seed), action_count(make())
    note = "The baseline acts at random."
    return lambda observations: random.integers(0, actions, len(observations)), note


def _played(policy: "Policy", environment: Any, seed: int) -> dict[str, Any]:
    observation, _ = environment.reset(seed=seed)
    actions, total, over = [], 0.0, False
    while not over:
        action = int(policy(observation[None])[0])
        observation, reward, terminated, truncated, _ = environment.step(action)
        actions.append(action)
        total += float(reward)
        over = terminated or truncated
    return {"seed": seed, "return": total, "steps": len(actions), "actions": actions}


def _observations(make: Callable[..., Any]) -> Any:
    """Returns what is seen in a few episodes of random actions."""
    import numpy as np

    environment = make()
    environment.action_space.seed(0)
    seen: list[Any] = []
    while len(seen) < _PROBES:
        observation, _ = environment.reset(seed=len(seen))
        over = False
        while not over and len(seen) < _PROBES:
            seen.append(np.asarray(observation))
            step = environment.step(environment.action_space.sample())
            observation, over = step[0], step[2] or step[3]
    environment.close()
    return np.stack(seen)


def _check_episodes(episodes: int) -> None:
    if episodes < 1:
        raise InputError(f"`--episodes` must be at least 1. Received: {episodes}.")


def _print_report(metrics: dict[str, Any]) -> None:
    from rich.console import Console

    from dlkit.evaluation.report import print_report

    print_report(Console(stderr=True), metrics=metrics, predictions=[])


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201
