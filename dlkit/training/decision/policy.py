"""The road of a policy: an environment in, a run folder with a measured model out."""

import inspect
import json
import math
import time
from pathlib import Path
from typing import Any, NamedTuple

import keras

from dlkit.errors import InputError
from dlkit.evaluation.report import write_report
from dlkit.networks import find_network
from dlkit.settings import to_json
from dlkit.tasks.decision import ObservationSpec, policy_model, q_network
from dlkit.training.decision.environments import action_count, environment_maker, observation_spec
from dlkit.training.decision.episodes import Policy, episode_seeds, play_episodes
from dlkit.training.decision.learner import QLearner
from dlkit.training.decision.loop import PolicyLoop
from dlkit.training.decision.settings import PolicyTraining
from dlkit.training.devices import prepare_devices
from dlkit.training.memory import peak_memory_mb
from dlkit.training.run_folder import write_atomically, write_json

_LARGEST_GRADIENT = 10.0


class TrainedPolicy(NamedTuple):
    """What a training leaves: the policy, its measurement and where it was written."""

    model: keras.Model
    metrics: dict[str, Any]
    folder: Path


def train_policy(
    settings: PolicyTraining, folder: Path, *, baseline: Policy, notes: list[str]
) -> TrainedPolicy:
    """Trains, chooses, saves and measures a policy.

    Training, validation and test play on seeds of their own. The policy that is kept is the one
    of the epoch whose validation episodes had the highest mean return; test episodes are played
    once, with that.

    Args:
        settings: What to do.
        folder: The run folder. With `settings.resume` its checkpoint is continued.
        baseline: Plays the same test episodes, for comparison.
        notes: Sentences for the top of the report.

    Returns:
        The policy, which `folder/model.keras` holds too, and its metrics.

    Raises:
        InputError: The environment or the settings break a rule.
    """
    start = time.monotonic()
    prepare_devices(
        seed=settings.seed,
        deterministic=settings.deterministic,
        mixed_precision=settings.mixed_precision,
    )
    makers = {
        part: environment_maker(settings.environment, settings.arguments(part))
        for part in ("training", "validation", "test")
    }
    learner, spec = _learner(settings, makers["training"]())
    progress = PolicyLoop(settings, learner, spec, makers).run(folder)
    learner.network.set_weights(progress.best_weights)
    model = policy_model(learner.network)
    write_atomically(folder / "model.keras", model.save)
    seeds = episode_seeds("test", settings.test_episodes, seed=settings.seed)
    metrics: dict[str, Any] = {
        "validation": {"mean_return": progress.best, "episodes": settings.validation_episodes},
        "test": play_episodes(learner.act, makers["test"], seeds).metrics(),
        "baseline": play_episodes(baseline, makers["test"], seeds).metrics(),
        "train_seconds": round(time.monotonic() - start, 1),
        "peak_memory_mb": peak_memory_mb(),
        "environment_steps": progress.steps,
    }
    write_json(folder / "metrics.json", metrics)
    write_report(
        folder / "report.html",
        title=folder.name,
        settings=to_json(settings),
        metrics=metrics,
        history=progress.history,
        predictions=[],
        notes=notes,
    )
    return TrainedPolicy(model, metrics, folder)


def _learner(settings: PolicyTraining, environment: Any) -> tuple[QLearner, ObservationSpec]:
    spec, actions = observation_spec(environment), action_count(environment)
    environment.close()
    columns = spec.states or math.prod(spec.shape)
    network = q_network(spec, _body(settings, columns), actions=actions)
    trainings = settings.steps / settings.train_every
    schedule = keras.optimizers.schedules.CosineDecay(
        settings.learning_rate, max(int(trainings * settings.updates), 1)
    )
    optimizer = keras.optimizers.AdamW(
        schedule, weight_decay=settings.weight_decay, global_clipnorm=_LARGEST_GRADIENT
    )
    return QLearner(network, spec, optimizer), spec


def _body(settings: PolicyTraining, columns: int) -> keras.Model:
    build = find_network(settings.network).build
    arguments = json.loads(settings.network_arguments)
    known = inspect.signature(build).parameters
    if unknown := [name for name in arguments if name not in known]:
        msg = f"`--network-arguments` of {settings.network} must be among {', '.join(known)}."
        raise InputError(f"{msg} Received: {', '.join(unknown)}.")
    return build(input_shape=(columns,), **arguments)
