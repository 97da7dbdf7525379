"""Early stopping, and the state that a killed training goes on from."""

import json
import math
import time
import zipfile
from pathlib import Path
from typing import Any

import keras
import numpy as np

from dlkit.data.messages import shown
from dlkit.errors import InputError
from dlkit.training.run_folder import write_atomically, write_history

_FILE = "checkpoint.npz"
_PAUSE = 9
"""A save is followed by so many times its seconds without one: it costs a tenth of the time."""


def has_checkpoint(folder: Path) -> bool:
    """Returns whether a training has left its state in the folder."""
    return (folder / _FILE).exists()


class BestWeights(keras.callbacks.Callback):
    """Keeps the best weights and the history, and stops when they no longer improve.

    Args:
        patience: Epochs without a lower validation loss before training stops; None trains all, and
            takes the last for the best.
    """

    def __init__(self, *, patience: int | None) -> None:
        super().__init__()
        self.patience = patience
        self.best: float | None = None
        self.best_epoch = 0
        self.best_weights: list[np.ndarray] = []
        self.history: dict[str, list[float]] = {}
        self.epochs_done = 0
        self.finished = False

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Records the epoch, and stops training when patience is over."""
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(float(value))
        value = -float(epoch) if self.patience is None else self.history["val_loss"][-1]
        value = math.inf if math.isnan(value) else value
        if self.best is None or value < self.best:
            self.best, self.best_epoch = value, epoch
            self.best_weights = _kept_weights(self.model)
        self.epochs_done = epoch + 1
        self.finished = self.patience is not None and epoch - self.best_epoch >= self.patience
        self.model.stop_training = self.finished

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """Goes back to the best weights."""
        self.model.set_weights(self.best_weights)


class Checkpoint(BestWeights):
    """Saves all state after the first epoch, the last, and as often between as costs little.

    The state is one file, written atomically: every variable of the model (the states of its
    random generators too) and of its optimizer, the best weights, and the history.

    Args:
        folder: The run folder; gets `checkpoint.npz` and `history.csv`.
        patience: See `BestWeights`.
    """

    def __init__(self, folder: Path, *, patience: int | None) -> None:
        super().__init__(patience=patience)
        self.path = folder / _FILE
        self.history_path = folder / "history.csv"
        self._next_save = 0.0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Records the epoch, and saves if it is time to."""
        super().on_epoch_end(epoch, logs)
        start = time.monotonic()
        is_last = self.finished or self.epochs_done == self.params["epochs"]
        if is_last or start >= self._next_save:
            self._save()
            saved = time.monotonic()
            self._next_save = saved + _PAUSE * (saved - start)
        write_history(self.history_path, self.history)

    def restore(self, model: keras.Model) -> bool:
        """Puts a saved state into a compiled model whose optimizer is built.

        Returns:
            Whether there was one.

        Raises:
            InputError: The file is broken, or the state of another model.
        """
        if not self.path.exists():
            return False
        try:
            facts = self._load(model)
        except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
            msg = (
                f"`--resume` needs the state of this model. Received: {self.path}, which cannot "
                f"be loaded ({shown(error, 200)}). Train without --resume."
            )
            raise InputError(msg) from error
        self.best, self.best_epoch = facts["best"], facts["best_epoch"]
        self.history, self.epochs_done = facts["history"], facts["epochs_done"]
        self.finished = facts["finished"]
        write_history(self.history_path, self.history)  # the file may be behind, or ahead
        return True

    def is_over(self, epochs: int) -> bool:
        """Returns whether training has stopped early or done all epochs."""
        return self.finished or self.epochs_done >= epochs

    def _load(self, model: keras.Model) -> dict[str, Any]:
        with self.path.open("rb") as file, np.load(file, allow_pickle=False) as state:
            facts = json.loads(str(state["facts"]))
            for index, variable in enumerate(_variables(model)):
                variable.assign(state[f"variable_{index}"])
            self.best_weights = [state[f"best_{i}"] for i in range(len(model.get_weights()))]
        return facts

    def _save(self) -> None:
        facts = {
            "best": self.best,
            "best_epoch": self.best_epoch,
            "history": self.history,
            "epochs_done": self.epochs_done,
            "finished": self.finished,
        }
        arrays: dict[str, Any] = {"facts": np.array(json.dumps(facts))}
        for index, variable in enumerate(_variables(self.model)):
            arrays[f"variable_{index}"] = variable.numpy()
        arrays |= {f"best_{index}": value for index, value in enumerate(self.best_weights)}
        write_atomically(self.path, lambda temporary: np.savez(temporary, **arrays))


def _kept_weights(model: keras.Model) -> list[np.ndarray]:
    """Returns the weights of a model, with the moving average where its optimizer has one."""
    # float16 wraps the optimizer
    optimizer = getattr(model.optimizer, "inner_optimizer", model.optimizer)
    if not optimizer.use_ema:
        return model.get_weights()
    pairs = zip(model.trainable_variables, optimizer._model_variables_moving_average, strict=True)
    averages = {variable.path: average for variable, average in pairs}
    return [averages.get(weight.path, weight).numpy() for weight in model.weights]


def _variables(model: keras.Model) -> list[Any]:
    optimizers = getattr(model, "optimizers", [model.optimizer])  # a model may have several
    return [*model.variables, *(value for each in optimizers for value in each.variables)]
