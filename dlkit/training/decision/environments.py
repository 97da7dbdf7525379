"""Environments by name, checked before anything is learned."""

import functools
import warnings
from collections.abc import Callable, Mapping
from typing import Any

from dlkit.errors import InputError
from dlkit.tasks.decision import ObservationSpec


def environment_maker(name: str, arguments: Mapping[str, Any]) -> Callable[..., Any]:
    """Returns what makes a Gymnasium environment, having made one.

    Args:
        name: As `gymnasium.make` takes it.
        arguments: Of the environment.

    Raises:
        InputError: Gymnasium is missing, or there is no such environment, or it does not take
            these arguments, or its actions or observations are of another kind.
    """
    try:
        import gymnasium
    except ImportError as error:
        msg = '`--environment` needs Gymnasium. Install it: pip install "dlkit[decision]".'
        raise InputError(msg) from error
    make = functools.partial(gymnasium.make, name, **arguments)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # such as that there is a newer version
            environment = make()
    except (gymnasium.error.Error, ImportError) as error:
        msg = f"`--environment` must be one that Gymnasium can make. Received: {name} ({error})."
        raise InputError(msg) from error
    except TypeError as error:
        msg = f"`--environment-arguments` must be those of {name}. Received: {error}."
        raise InputError(msg) from error
    action_count(environment)
    observation_spec(environment)
    environment.close()
    return make


def action_count(environment: Any) -> int:
    """Returns how many actions there are.

    Raises:
        InputError: They are not numbered from 0.
    """
    import gymnasium

    space = environment.action_space
    if not isinstance(space, gymnasium.spaces.Discrete) or space.start != 0:
        msg = "`--environment` must have discrete actions, numbered from 0."
        raise InputError(f"{msg} Received: {environment.spec.id} with {space}.")
    return int(space.n)


def observation_spec(environment: Any) -> ObservationSpec:
    """Returns what its observations are.

    Raises:
        InputError: They are neither an array of numbers nor the number of a state.
    """
    import gymnasium

    space = environment.observation_space
    if isinstance(space, gymnasium.spaces.Box):
        return ObservationSpec(space.shape, space.dtype.name, low=space.low, high=space.high)
    if isinstance(space, gymnasium.spaces.Discrete) and space.start == 0:
        return ObservationSpec((), space.dtype.name, states=int(space.n))
    msg = "`--environment` must show an array of numbers (Box), or a state's number (Discrete)."
    raise InputError(f"{msg} Received: {environment.spec.id} with {space}.")
