"""The state that a killed training of a policy goes on from."""

import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from dlkit.data.messages import shown
from dlkit.errors import InputError
from dlkit.training.decision.learner import QLearner
from dlkit.training.decision.replay import Replay
from dlkit.training.run_folder import write_atomically

_FILE = "checkpoint.npz"


class Progress:
    """How far a training has come, and the best policy so far.

    Args:
        learner: Its network and optimizer are saved and restored.
        replay: So is all that it holds.
        random: And the state of this generator.
    """

    def __init__(self, learner: QLearner, replay: Replay, random: np.random.Generator) -> None:
        self._learner, self._replay, self._random = learner, replay, random
        self.steps = 0
        self.epochs = 0
        self.best = -np.inf
        self.best_epoch = 0
        self.best_weights = learner.network.get_weights()
        self.history: dict[str, list[float]] = {}

    def end_epoch(self, values: dict[str, float]) -> None:
        """Records an epoch, and its policy if it is as good in validation as any before."""
        for name, value in values.items():
            self.history.setdefault(name, []).append(value)
        self.epochs += 1
        if values["val_return"] >= self.best:
            improved = values["val_return"] > self.best
            self.best, self.best_weights = values["val_return"], self._learner.network.get_weights()
            self.best_epoch = self.epochs if improved else self.best_epoch

    def save(self, folder: Path, observation: np.ndarray) -> None:
        """Writes one file, atomically.

        Args:
            folder: The run folder.
            observation: What was seen last, `(environments, ...)`.
        """
        facts = {name: getattr(self, name) for name in ("steps", "epochs", "best", "best_epoch")}
        facts |= {"history": self.history, "random": self._random.bit_generator.state}
        arrays: dict[str, Any] = {"facts": np.array(json.dumps(facts)), "observation": observation}
        arrays |= {f"replay_{name}": array for name, array in self._replay.state().items()}
        arrays |= {f"best_{i}": array for i, array in enumerate(self.best_weights)}
        arrays |= {f"variable_{i}": each.numpy() for i, each in enumerate(self._variables())}
        write_atomically(folder / _FILE, lambda temporary: np.savez(temporary, **arrays))

    def restore(self, folder: Path) -> None:
        """Takes what `save` has written, if it has.

        The environments themselves are not saved: their episodes end here.

        Raises:
            InputError: The file is broken, or the state of another model.
        """
        path = folder / _FILE
        if not path.exists():
            return
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as state:
                self._take(state)
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            msg = (
                f"`--resume` needs the state of this model. Received: {path}, which cannot be "
                f"loaded ({shown(error, 200)}). Train without --resume."
            )
            raise InputError(msg) from error

    def _take(self, state: Any) -> None:
        facts = json.loads(str(state["facts"]))
        for index, variable in enumerate(self._variables()):
            variable.assign(state[f"variable_{index}"])
        self.best_weights = [state[f"best_{i}"] for i in range(len(self.best_weights))]
        names = [name for name in state if name.startswith("replay_")]
        self._replay.restore({name.removeprefix("replay_"): state[name] for name in names})
        self._replay.cut(state["observation"])
        self._random.bit_generator.state = facts.pop("random")
        for name, value in facts.items():
            setattr(self, name, value)

    def _variables(self) -> list[Any]:
        return [*self._learner.network.variables, *self._learner.optimizer.variables]
