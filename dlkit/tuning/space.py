"""The search space of a training on texts: its network, the network's arguments, its settings."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

import keras_tuner

from dlkit.errors import InputError
from dlkit.networks.text_search_space import register, text_search_space
from dlkit.settings import TextTraining
from dlkit.training.fit import Recipe
from dlkit.training.heads import recipe_of
from dlkit.training.text_front import without_unused_encoder
from dlkit.tuning.settings_space import SettingsSpace, ordered_choice, relative_choices

QUICK_NETWORKS = ("bag_of_ngrams", "cnn")
"""Networks beside the default one that train in seconds without a GPU."""

_EPOCHS = (0.25, 0.4, 0.6)
"""Shares of the automatic number of epochs, whose right part validation takes two trainings to
find: the defaults get them, every other trial is one training of so many."""


class SearchSpace(SettingsSpace):
    """What may change in the settings of a training on texts, and how.

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
        super().__init__(settings, networks=networks, search_epochs=search_epochs)

    def _quick_networks(self, settings: TextTraining) -> Sequence[str]:
        return () if settings.pretrained else QUICK_NETWORKS  # which take no encoder

    def _register(self, hp: keras_tuner.HyperParameters) -> None:
        register(hp, self.networks)

    def _network(self, hp: keras_tuner.HyperParameters) -> tuple[str, dict[str, Any]]:
        return text_search_space(hp, self.networks)

    def _suited(self, settings: TextTraining) -> Recipe:
        return recipe_of(settings, self._rows)

    def _tidy(self, settings: TextTraining) -> TextTraining:
        return without_unused_encoder(settings)

    def _first(self, settings: TextTraining) -> TextTraining:
        start = settings
        if self.networks and settings.network not in self.networks:
            network, arguments = _named(self.networks[0])
            arguments_of = json.dumps(arguments)
            start = dataclasses.replace(settings, network=network, network_arguments=arguments_of)
        self._check_encoder(start)
        return start

    def _check_encoder(self, start: TextTraining) -> None:
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
        now = self.settings
        words = [count for count in (32, 64, 128) if count < self._longest]
        spaces = {
            **relative_choices(hp, epochs=_EPOCHS),
            "label_smoothing": lambda: hp.Float(
                "label_smoothing", 0, 0.3, default=now.label_smoothing
            ),
            "class_weights": lambda: hp.Choice(
                "class_weights", ["none", "sqrt", "balanced"], default=now.class_weights
            ),
            "prior_correction": lambda: hp.Float(
                "prior_correction", 0, 0.6, default=now.prior_correction
            ),
            "weight_decay": lambda: ordered_choice(
                hp, "weight_decay", [0.0, 0.001, 0.01], now.weight_decay
            ),
            "max_words": lambda: ordered_choice(hp, "max_words", words, now.max_words),
        }
        return {name: declare() for name, declare in spaces.items() if name in self._free}


def _named(name: str) -> tuple[str, dict[str, str]]:
    """Returns the network and the arguments that a name such as "wide_and_deep+lstm" stands for."""
    network, _, deep = name.partition("+")
    return network, {"deep": deep} if deep else {}
