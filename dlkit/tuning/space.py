"""The search space of a training: its network, the network's arguments and its settings."""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

import keras_tuner

from dlkit.errors import InputError
from dlkit.networks.text_search_space import register, text_search_space
from dlkit.settings import TextTraining
from dlkit.training.fit import Recipe
from dlkit.training.heads import recipe_of
from dlkit.training.text_front import without_unused_encoder

QUICK_NETWORKS = ("bag_of_ngrams", "cnn")
"""Networks beside the default one that train in seconds without a GPU."""

_EPOCHS = (0.25, 0.4, 0.6)
"""Shares of the automatic number of epochs, whose right part validation takes two trainings to
find: the defaults get them, every other trial is one training of so many."""


class SearchSpace:
    """What may change in the settings of a training, and how.

    Settings that differ from their defaults were given by somebody and are kept. The learning rate,
    the epochs and the rows of a step are searched as multiples of those that suit the network, so
    that an encoder which learns may stand beside networks that start from nothing.

    Args:
        settings: Where the search starts from; its first trial.
        networks: Networks to choose among; () takes the one of the settings if it was given,
            else the default one and `QUICK_NETWORKS`.
        rows: How many there are to learn from.
        longest: Words of the longest text: to cut texts at more than that changes nothing.
        search_epochs: Whether to search over them.

    Raises:
        InputError: No network takes the pretrained encoder.
    """

    def __init__(
        self,
        settings: TextTraining,
        *,
        networks: Sequence[str] = (),
        rows: int,
        longest: int,
        search_epochs: bool = True,
    ) -> None:
        self._rows, self._longest = rows, longest
        default = type(settings)()
        self._free = {
            field.name
            for field in dataclasses.fields(settings)
            if getattr(settings, field.name) == getattr(default, field.name)
        }
        if not search_epochs:
            self._free.discard("epochs")
        self.networks = self._networks(settings, networks)
        self._start = settings
        if self.networks and settings.network not in self.networks:
            network, arguments = _named(self.networks[0])
            self._start = dataclasses.replace(
                settings, network=network, network_arguments=json.dumps(arguments)
            )
        self._check_encoder()
        self.settings = without_unused_encoder(self._start)
        self.hyperparameters = keras_tuner.HyperParameters()
        if self.networks:
            register(self.hyperparameters, self.networks)
        self._changes(self.hyperparameters)

    @property
    def recipe(self) -> Recipe:
        """What the defaults come to for these rows."""
        return recipe_of(self.settings, self._rows)

    @property
    def epochs(self) -> int:
        """How many the defaults train for."""
        return self.recipe.epochs

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
            changes = self._absolute(changes)
        if "tuner/epochs" in values:  # Hyperband's
            changes["epochs"] = values["tuner/epochs"]
        return without_unused_encoder(dataclasses.replace(self._start, **changes))

    def _networks(self, settings: TextTraining, networks: Sequence[str]) -> list[str]:
        if "network_arguments" not in self._free:
            return []
        if networks:
            first = [settings.network] if settings.network in networks else []
            return list(dict.fromkeys([*first, *networks]))
        if "network" not in self._free or settings.pretrained:  # which no quick network takes
            return [settings.network]
        return list(dict.fromkeys([settings.network, *QUICK_NETWORKS]))

    def _check_encoder(self) -> None:
        start = self._start
        if not start.pretrained:
            return
        named = [_named(name) for name in self.networks]
        choices = [
            dataclasses.replace(start, network=network, network_arguments=json.dumps(arguments))
            for network, arguments in named
        ] or [start]
        if not any(without_unused_encoder(choice).pretrained for choice in choices):
            received = f"Received: {', '.join(self.networks) or start.network}."
            msg = f"`--pretrained` needs a network with an encoder. {received} "
            raise InputError(msg + "Add `--networks wide_and_deep+bert`, or leave it out.")

    def _changes(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        """Declares the settings that are free, and returns their values, some of them relative."""
        now = self.settings
        words = [count for count in (32, 64, 128) if count < self._longest]
        spaces = {
            "learning_rate": lambda: hp.Float(
                "relative_learning_rate", 0.15, 5, sampling="log", default=1.0
            ),
            "epochs": lambda: hp.Choice("relative_epochs", list(_EPOCHS), default=_EPOCHS[1]),
            "batch_size": lambda: hp.Choice("relative_batch_size", [0.5, 1.0, 2.0], default=1.0),
            "label_smoothing": lambda: hp.Float(
                "label_smoothing", 0, 0.3, default=now.label_smoothing
            ),
            "class_weights": lambda: hp.Choice(
                "class_weights", ["none", "sqrt", "balanced"], default=now.class_weights
            ),
            "prior_correction": lambda: hp.Float(
                "prior_correction", 0, 0.6, default=now.prior_correction
            ),
            "weight_decay": lambda: _choice(
                hp, "weight_decay", [0.0, 0.001, 0.01], now.weight_decay
            ),
            "max_words": lambda: _choice(hp, "max_words", words, now.max_words),
        }
        return {name: declare() for name, declare in spaces.items() if name in self._free}

    def _absolute(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Multiplies what is relative by what suits the network of the changes."""
        network = {name: changes[name] for name in changes if name.startswith("network")}
        named = without_unused_encoder(dataclasses.replace(self._start, **network))
        suited = recipe_of(named, self._rows)
        absolute = {
            "learning_rate": lambda factor: suited.learning_rate * factor,
            "epochs": lambda factor: max(2, round(suited.epochs * factor)),
            "batch_size": lambda factor: max(1, round(suited.batch_size * factor)),
        }
        return changes | {
            name: of(changes[name]) for name, of in absolute.items() if name in changes
        }


def _named(name: str) -> tuple[str, dict[str, str]]:
    """Returns the network and the arguments that a name such as "wide_and_deep+lstm" stands for."""
    network, _, deep = name.partition("+")
    return network, {"deep": deep} if deep else {}


def _choice(hp: keras_tuner.HyperParameters, name: str, values: list, default: Any) -> Any:
    """Chooses among ordered values, with the default among them."""
    return hp.Choice(name, sorted({*values, default}), default=default)
