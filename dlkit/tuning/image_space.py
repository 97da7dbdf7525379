"""The search space of a training on images."""

from typing import Any

import keras_tuner

from dlkit.networks.image import find_image_network
from dlkit.settings import ImageTraining
from dlkit.training.fit import Recipe
from dlkit.training.image_heads import image_recipe
from dlkit.tuning.settings_space import SettingsSpace, ordered_choice, relative_choices

_EPOCHS = (0.5, 1.0, 1.5)


class ImageSearchSpace(SettingsSpace):
    """What may change in the settings of a training on images, and how.

    Whether images may be mirrored is not searched: it says what they show.
    """

    def _register(self, hp: keras_tuner.HyperParameters) -> None:
        for network in [*self.networks[1:], self.networks[0]]:
            hp.values["network"] = network
            self._network(hp)
        hp.ensure_active_values()

    def _network(self, hp: keras_tuner.HyperParameters) -> tuple[str, dict[str, Any]]:
        chosen = hp.Choice("network", self.networks)
        arguments: dict[str, Any] = {}
        for network in self.networks:
            with hp.conditional_scope("network", [network]), hp.name_scope(network):
                if chosen == network:  # those of others have no values
                    arguments = find_image_network(network).search_space(hp)
        return chosen, arguments

    def _suited(self, settings: ImageTraining) -> Recipe:
        return image_recipe(settings)

    def _changes(self, hp: keras_tuner.HyperParameters) -> dict[str, Any]:
        now = self.settings
        suited = find_image_network(now.network).recipe.label_smoothing
        spaces = {
            **relative_choices(hp, epochs=_EPOCHS),
            "label_smoothing": lambda: hp.Float("label_smoothing", 0, 0.3, default=suited),
            "shift": lambda: ordered_choice(hp, "shift", [0.0, 0.0625, 0.125], now.shift),
            "cutout": lambda: ordered_choice(hp, "cutout", [0.0, 0.25, 0.5], now.cutout),
        }
        return {name: declare() for name, declare in spaces.items() if name in self._free}
