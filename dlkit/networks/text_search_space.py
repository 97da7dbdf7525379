"""The search space of networks over text: that of each builder, and of how text enters it."""

from collections.abc import Callable, Sequence
from typing import Any

from dlkit.networks import bag_of_ngrams, wide_and_deep
from dlkit.networks.text import DEEP, find_network

_WIDE = "wide_and_deep"


def text_search_space(hp: Any, networks: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """Returns arguments for `text_network` from KerasTuner hyperparameters.

    Hyperparameters are named after their part, such as `cnn/filters`, and only active where a
    network has that part: what is learned of the bag of n-grams holds for "wide_and_deep" too.

    Args:
        hp: The hyperparameters.
        networks: Names as `text_network` takes them, the default first. "wide_and_deep+lstm" is
            "wide_and_deep" with another deep network.

    Returns:
        The name of the network and its arguments.

    Raises:
        InputError: There is no such network.
    """
    chosen = hp.Choice("network", list(networks))
    parts = {network: _parts(network) for network in networks}
    arguments: dict[str, Any] = {}
    for part in dict.fromkeys(part for found in parts.values() for part in found):
        owners = [network for network in networks if part in parts[network]]
        with hp.conditional_scope("network", owners), hp.name_scope(part):
            if chosen in owners:  # in other networks its hyperparameters have no values
                arguments |= parts[chosen][part](hp)
    name, _, deep = chosen.partition("+")
    return name, {**arguments, "deep": deep} if deep else arguments


def register(hp: Any, networks: Sequence[str]) -> None:
    """Makes the hyperparameters of all networks known, and leaves them at their defaults."""
    for network in [*networks[1:], networks[0]]:
        hp.values["network"] = network
        text_search_space(hp, networks)
    hp.ensure_active_values()


def _parts(network: str) -> dict[str, Callable[[Any], dict[str, Any]]]:
    """Returns the search spaces that make up the one of a network, by the name of the part."""
    if network.partition("+")[0] == _WIDE:
        deep = network.partition("+")[2] or DEEP
        return {"bag_of_ngrams": _wide, _WIDE: wide_and_deep.search_space, **_parts(deep)}
    entry = find_network(network)
    spaces = {network: entry.search_space}
    if entry.reads == "steps":
        return {"embedding": _embedding, "words": _words, **spaces}
    return {"embedding": _embedding, **spaces} if entry.reads == "vector" else spaces


def _wide(hp: Any) -> dict[str, Any]:
    return {f"wide_{name}": value for name, value in bag_of_ngrams.search_space(hp).items()}


def _embedding(hp: Any) -> dict[str, Any]:
    return {
        "embedding_units": hp.Choice("units", [64, 128, 256], default=128),
        "embedding_dropout": hp.Float("dropout", 0.0, 0.5, default=0.2),
    }


def _words(hp: Any) -> dict[str, Any]:
    return {"word_dropout": hp.Float("dropout", 0.0, 0.3, default=0.1)}
