"""The search space of a training on images: its network, the network's arguments, its settings."""

import dataclasses
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras_tuner

from dlkit.networks.image import find_image_network
from dlkit.settings import ImageTraining
from dlkit.training.image_heads import image_recipe


class ImageSpace:
    """What may change in the settings of a training on images, and how.

    Settings that differ from their defaults were given by somebody and are kept. Whether images may
    be mirrored is not searched: it says what they show.

    Args:
        settings: Where the search starts from; its first trial.
        networks: Networks to choose among; () takes the one of the settings.
        search_epochs: Whether to search over them.
    """

    def __init__(
        self, settings: ImageTraining, *, networks: Sequence[str] = (), search_epochs: bool = True
    ) -> None:
        default = type(settings)()
        self._free = {
            field.name
            for field in dataclasses.fields(settings)
            if getattr(settings, field.name) == getattr(default, field.name)
        }
        if not search_epochs:
            self._free.discard("epochs")
        first = [settings.network] if settings.network in networks or not networks else []
        self.networks = list(dict.fromkeys([*first, *networks]))
        if "network_arguments" not in self._free:
            self.networks = [settings.network]
        self.settings = dataclasses.replace(settings, network=self.networks[0])
        self.hyperparameters = keras_tuner.HyperParameters()
        for network in [*self.networks[1:], self.networks[0]]:  # each makes its own known
            self.hyperparameters.values["network"] = network
            self._changes(self.hyperparameters)
        self.hyperparameters.ensure_active_values()

    @property
    def epochs(self) -> int:
        """How many the defaults train for, at most."""
        return image_recipe(self.settings).epochs

    @property
    def defaults(self) -> dict[str, Any]:
        """The values that stand for the settings as they are."""
        return dict(self.hyperparameters.values)

    def settings_of(self, values: Mapping[str, Any]) -> ImageTraining:
        """Returns the settings that values of the hyperparameters stand for."""
        changes: dict[str, Any] = {}
        if any(values.get(name) != value for name, value in self.defaults.items()):
            hp = self.hyperparameters.copy()
            hp.values = dict(values)
            changes = self._changes(hp)
        if "tuner/epochs" in values:  # Hyperband's
            changes["epochs"] = values["tuner/epochs"]
        return dataclasses.replace(self.settings, **changes)

    def _changes(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        """Declares what is free, and returns the settings that come of it."""
        changes = self._network(hp)
        suited = image_recipe(dataclasses.replace(self.settings, **changes))
        smoothing = find_image_network(self.settings.network).recipe.label_smoothing

        def rate() -> float:
            factor = hp.Float("relative_learning_rate", 0.15, 5, sampling="log", default=1.0)
            return suited.learning_rate * factor

        def epochs() -> int:
            factor = hp.Choice("relative_epochs", [0.5, 1.0, 1.5], default=1.0)
            return max(1, round(suited.epochs * factor))

        def batch_size() -> int:
            factor = hp.Choice("relative_batch_size", [0.5, 1.0, 2.0], default=1.0)
            return max(1, round(suited.batch_size * factor))

        spaces: dict[str, Callable[[], Any]] = {
            "learning_rate": rate,
            "epochs": epochs,
            "batch_size": batch_size,
            "label_smoothing": lambda: hp.Float("label_smoothing", 0, 0.3, default=smoothing),
            "shift": lambda: hp.Choice("shift", [0.0, 0.0625, 0.125], default=0.0625),
            "cutout": lambda: hp.Choice("cutout", [0.0, 0.25, 0.5], default=0.0),
        }
        return changes | {name: declare() for name, declare in spaces.items() if name in self._free}

    def _network(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        if "network_arguments" not in self._free:
            return {}
        chosen = hp.Choice("network", self.networks)
        arguments: dict[str, Any] = {}
        for network in self.networks:
            with hp.conditional_scope("network", [network]), hp.name_scope(network):
                if chosen == network:  # those of others have no values
                    arguments = find_image_network(network).search_space(hp)
        return {"network": chosen, "network_arguments": json.dumps(arguments)}
