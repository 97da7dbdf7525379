"""The search space of a training: its network, the network's arguments and its settings."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import keras_tuner

from dlkit.networks.text_search_space import register, text_search_space
from dlkit.settings import TextTraining
from dlkit.training.fit import Recipe

QUICK_NETWORKS = ("bag_of_ngrams", "cnn")
"""Networks beside the default one that train in seconds without a GPU."""

_EPOCH_SHARES = (0.25, 0.4, 0.6)
"""Of the automatic number of epochs, whose right part validation takes two trainings to find: the
defaults get them, every other trial is one training of so many."""


class SearchSpace:
    """What may change in the settings of a training, and how.

    Settings that differ from their defaults were given by somebody and are kept.

    Args:
        settings: Where the search starts from; its first trial.
        networks: Networks to choose among; () takes the one of the settings if it was given,
            else the default one and `QUICK_NETWORKS`.
        recipe: What the settings come to for these rows.
        longest: Words of the longest text: to cut texts at more than that changes nothing.
        search_epochs: Whether to search over them.
    """

    def __init__(
        self,
        settings: TextTraining,
        *,
        networks: Sequence[str] = (),
        recipe: Recipe,
        longest: int,
        search_epochs: bool = True,
    ) -> None:
        self.settings = settings
        self.recipe = recipe
        self._longest = longest
        default = type(settings)()
        self._free = {
            field.name
            for field in dataclasses.fields(settings)
            if getattr(settings, field.name) == getattr(default, field.name)
        }
        if not search_epochs:
            self._free.discard("epochs")
        self.networks = self._networks(networks)
        if self.networks and settings.network not in self.networks:
            network, _, deep = self.networks[0].partition("+")
            arguments = json.dumps({"deep": deep} if deep else {})
            self.settings = dataclasses.replace(
                settings, network=network, network_arguments=arguments
            )
        self.hyperparameters = keras_tuner.HyperParameters()
        if self.networks:
            register(self.hyperparameters, self.networks)
        self._changes(self.hyperparameters)

    @property
    def defaults(self) -> dict[str, Any]:
        """The values that stand for the settings as they are."""
        return dict(self.hyperparameters.values)

    def settings_of(self, values: Mapping[str, Any]) -> TextTraining:
        """Returns the settings that values of the hyperparameters stand for."""
        if all(values.get(name) == value for name, value in self.defaults.items()):
            changes: dict[str, Any] = {}
        else:
            hp = self.hyperparameters.copy()
            hp.values = dict(values)
            changes = self._changes(hp)
            if self.networks:
                network, arguments = text_search_space(hp, self.networks)
                changes |= {"network": network, "network_arguments": json.dumps(arguments)}
        if "tuner/epochs" in values:  # Hyperband's
            changes["epochs"] = values["tuner/epochs"]
        return dataclasses.replace(self.settings, **changes)

    def _networks(self, networks: Sequence[str]) -> list[str]:
        if "network_arguments" not in self._free:
            return []
        if self.settings.pretrained:  # what no other network takes
            return [self.settings.network]
        if networks:
            first = [self.settings.network] if self.settings.network in networks else []
            return list(dict.fromkeys([*first, *networks]))
        if "network" not in self._free:
            return [self.settings.network]
        return list(dict.fromkeys([self.settings.network, *QUICK_NETWORKS]))

    def _changes(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        """Declares the settings that are free, and returns their values."""
        now, most, rate = self.settings, self.recipe.epochs, self.recipe.learning_rate
        epochs = sorted({max(2, round(share * most)) for share in _EPOCH_SHARES})
        words = [count for count in (32, 64, 128) if count < self._longest]
        spaces = {
            "learning_rate": lambda name: hp.Float(
                name, 0.15 * rate, 5 * rate, sampling="log", default=rate
            ),
            "epochs": lambda name: hp.Choice(name, epochs, default=epochs[len(epochs) // 2]),
            "batch_size": lambda name: _choice(hp, name, [32, 64, 128], self.recipe.batch_size),
            "label_smoothing": lambda name: hp.Float(name, 0, 0.3, default=now.label_smoothing),
            "class_weights": lambda name: hp.Choice(
                name, ["none", "sqrt", "balanced"], default=now.class_weights
            ),
            "weight_decay": lambda name: _choice(hp, name, [0.0, 0.001, 0.01], now.weight_decay),
            "max_words": lambda name: _choice(hp, name, words, now.max_words),
        }
        return {name: declare(name) for name, declare in spaces.items() if name in self._free}


def _choice(hp: keras_tuner.HyperParameters, name: str, values: list, default: Any) -> Any:
    """Chooses among ordered values, with the default among them."""
    return hp.Choice(name, sorted({*values, default}), default=default)
