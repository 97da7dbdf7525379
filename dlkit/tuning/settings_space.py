"""What may change in the settings of a training, whatever it learns from."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras_tuner

from dlkit.training.fit import Recipe


class SettingsSpace:
    """Changes to settings, as hyperparameters of KerasTuner.

    Settings that differ from their defaults were given by somebody and are kept. The learning rate,
    the epochs and the rows of a step are searched as multiples of those that suit the network, so
    that networks of all kinds may stand beside each other.

    Args:
        settings: Where the search starts from; its first trial.
        networks: Networks to choose among, the default one first; () keeps that of the settings.
        search_epochs: Whether to search over them.

    Attributes:
        settings: The first trial.
        networks: What there is to choose among.
        hyperparameters: All of them, with the values of the first trial.
    """

    def __init__(
        self, settings: Any, *, networks: Sequence[str] = (), search_epochs: bool = True
    ) -> None:
        default = type(settings)()
        self._free = {
            field.name
            for field in dataclasses.fields(settings)
            if getattr(settings, field.name) == getattr(default, field.name)
        }
        if not search_epochs:
            self._free.discard("epochs")
        self.networks = self._networks(settings, networks)
        self._start = self._first(settings)
        self.settings = self._tidy(self._start)
        self.hyperparameters = keras_tuner.HyperParameters()
        if self.networks:
            self._register(self.hyperparameters)
        self._changes(self.hyperparameters)

    @property
    def recipe(self) -> Recipe:
        """What the defaults come to for these rows."""
        return self._suited(self.settings)

    @property
    def defaults(self) -> dict[str, Any]:
        """The values that stand for the settings as they are."""
        return dict(self.hyperparameters.values)

    def settings_of(self, values: Mapping[str, Any]) -> Any:
        """Returns the settings that values of the hyperparameters stand for."""
        if all(values.get(name) == value for name, value in self.defaults.items()):
            changes: dict[str, Any] = {}
        else:
            hp = self.hyperparameters.copy()
            hp.values = dict(values)
            changes = self._changes(hp)
            if self.networks:
                network, arguments = self._network(hp)
                changes |= {"network": network, "network_arguments": json.dumps(arguments)}
            changes = self._absolute(changes)
        if "tuner/epochs" in values:  # Hyperband's
            changes["epochs"] = values["tuner/epochs"]
        return self._tidy(dataclasses.replace(self._start, **changes))

    def _networks(self, settings: Any, networks: Sequence[str]) -> list[str]:
        """Returns what to choose among; [] where somebody gave its arguments."""
        if "network_arguments" not in self._free:
            return []
        if networks:
            first = [settings.network] if settings.network in networks else []
            return list(dict.fromkeys([*first, *networks]))
        quick = self._quick_networks(settings) if "network" in self._free else ()
        return list(dict.fromkeys([settings.network, *quick]))

    def _quick_networks(self, settings: Any) -> Sequence[str]:
        """Returns what stands beside the default network where nobody has named networks."""
        return ()

    def _register(self, hp: keras_tuner.HyperParameters) -> None:
        """Makes the hyperparameters of all networks known, and leaves them at their defaults."""
        raise NotImplementedError

    def _network(self, hp: keras_tuner.HyperParameters) -> tuple[str, dict[str, Any]]:
        """Returns the name and the arguments of the chosen network."""
        raise NotImplementedError

    def _changes(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        """Declares the settings that are free, and returns their values, some of them relative."""
        raise NotImplementedError

    def _suited(self, settings: Any) -> Recipe:
        """Returns what the settings come to for these rows."""
        raise NotImplementedError

    def _first(self, settings: Any) -> Any:
        """Returns the settings with the first of the networks."""
        if self.networks and settings.network not in self.networks:
            return dataclasses.replace(settings, network=self.networks[0])
        return settings

    def _tidy(self, settings: Any) -> Any:
        """Removes settings that have no effect beside the others."""
        return settings

    def _absolute(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Multiplies what is relative by what suits the network of the changes."""
        network = {name: changes[name] for name in changes if name.startswith("network")}
        suited = self._suited(self._tidy(dataclasses.replace(self._start, **network)))
        absolute = {
            "learning_rate": lambda factor: suited.learning_rate * factor,
            "epochs": lambda factor: max(2, round(suited.epochs * factor)),
            "batch_size": lambda factor: max(1, round(suited.batch_size * factor)),
        }
        return changes | {
            name: of(changes[name]) for name, of in absolute.items() if name in changes
        }


def relative_choices(
    hp: keras_tuner.HyperParameters, *, epochs: Sequence[float]
) -> dict[str, Callable[[], Any]]:
    """Declares, once called, multiples of what suits the network.

    Args:
        hp: The hyperparameters.
        epochs: Shares of the epochs, the default one in the middle.
    """
    rates: dict[str, Any] = {"sampling": "log", "default": 1.0}
    middle = epochs[len(epochs) // 2]
    return {
        "learning_rate": lambda: hp.Float("relative_learning_rate", 0.15, 5, **rates),
        "epochs": lambda: hp.Choice("relative_epochs", list(epochs), default=middle),
        "batch_size": lambda: hp.Choice("relative_batch_size", [0.5, 1.0, 2.0], default=1.0),
    }


def ordered_choice(hp: keras_tuner.HyperParameters, name: str, values: list, default: Any) -> Any:
    """Chooses among ordered values, with the default among them."""
    return hp.Choice(name, sorted({*values, default}), default=default)
