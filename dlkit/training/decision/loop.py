"""Acting and learning in turn, with a validation after each epoch."""

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from dlkit.tasks.decision import ObservationSpec
from dlkit.training.decision.actor import Actor
from dlkit.training.decision.episodes import episode_seeds, play_episodes
from dlkit.training.decision.learner import QLearner
from dlkit.training.decision.replay import Replay
from dlkit.training.decision.settings import PolicyTraining
from dlkit.training.decision.state import Progress
from dlkit.training.progress import ProgressBar
from dlkit.training.run_folder import write_history


class PolicyLoop:
    """Learns a policy from what it does.

    Args:
        settings: What to do.
        learner: Chooses the actions, and learns.
        spec: What it sees.
        makers: What makes the environments of "training" and of "validation".
    """

    def __init__(
        self,
        settings: PolicyTraining,
        learner: QLearner,
        spec: ObservationSpec,
        makers: Mapping[str, Callable[[], Any]],
    ) -> None:
        self._settings, self._learner, self._makers = settings, learner, makers
        self._random = np.random.default_rng(settings.seed)
        self._replay = Replay(
            size=settings.replay_size,
            environments=settings.environments,
            shape=spec.shape,
            dtype=spec.dtype,
            n_step=settings.n_step,
            discount=settings.discount,
        )
        self._progress = Progress(learner, self._replay, self._random)

    def run(self, folder: Path) -> Progress:
        """Acts and learns until the epochs are done or patience is over.

        Args:
            folder: The run folder; gets `checkpoint.npz` and `history.csv`. With
                `settings.resume` its checkpoint is continued.
        """
        settings, progress = self._settings, self._progress
        if settings.resume:
            progress.restore(folder)
        seeds = episode_seeds(
            "training", settings.environments, seed=settings.seed + progress.epochs
        )
        actor = Actor(
            self._makers["training"], seeds=seeds, replay=self._replay, random=self._random
        )
        bar = ProgressBar(math.ceil(settings.steps / settings.epochs / settings.train_every))
        bar.set_params({"epochs": settings.epochs})
        with bar.progress:
            bar.on_train_begin()
            while not self._is_over():
                bar.on_epoch_begin(progress.epochs)
                values = self._epoch(actor, bar) | {"val_return": self._validation()}
                progress.end_epoch(values)
                bar.on_epoch_end(progress.epochs - 1, values)
                progress.save(folder, actor.observation)
                write_history(folder / "history.csv", progress.history)
        actor.close()
        return progress

    def _epoch(self, actor: Actor, bar: ProgressBar) -> dict[str, float]:
        """Acts and learns in turn; returns the values of the epoch for the history."""
        settings, progress = self._settings, self._progress
        end = settings.steps * (progress.epochs + 1) / settings.epochs
        losses = []
        while progress.steps < end:
            progress.steps += actor.act(
                self._learner.act, settings.train_every, exploration=self._exploration()
            )
            if progress.steps >= settings.warmup and self._replay.windows:
                shape = (settings.updates, settings.batch_size)
                losses.append(self._learner.learn(self._replay.sample(shape, self._random)))
            bar.on_train_batch_end(progress.steps)
        returns = actor.take_returns()
        return {
            "return": float(np.mean(returns)) if returns else math.nan,
            "loss": float(np.mean(losses)) if losses else math.nan,
            "exploration": self._exploration(),
        }

    def _validation(self) -> float:
        settings = self._settings
        seeds = episode_seeds("validation", settings.validation_episodes, seed=settings.seed)
        return float(
            play_episodes(self._learner.act, self._makers["validation"], seeds).returns.mean()
        )

    def _exploration(self) -> float:
        """Returns the share of random actions, which falls linearly."""
        settings = self._settings
        fall = self._progress.steps / max(settings.exploration_share * settings.steps, 1)
        return max(1 - fall * (1 - settings.exploration_last), settings.exploration_last)

    def _is_over(self) -> bool:
        waited = self._progress.epochs - self._progress.best_epoch
        return self._progress.epochs >= self._settings.epochs or waited >= self._settings.patience
