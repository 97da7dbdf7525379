"""Policies learned by Double DQN: how good, how fast, and what a support desk gains from one.

    python benchmarks/decision.py play --environment CartPole-v1 --seeds 0 1 2
    python benchmarks/decision.py speed                      # needs stable-baselines3 and torch
    python benchmarks/decision.py desk --conversations FILE  # see `apps.decision conversations`

`play` trains with the defaults, 100,000 steps, and plays 100 test episodes a seed. `speed` lets
this and stable-baselines3's DQN act and learn in turn, with the same environment, number of
environments, network, batch, updates and threads. `desk` compares policies of three seeds with
thresholds tuned on the same training conversations, on the same test shifts.
"""

import argparse
import dataclasses
import json
import os
import tempfile
import time
from pathlib import Path

_EVERY, _UPDATES, _BATCH, _ENVIRONMENTS = 256, 128, 64, 8
_SEVERE = (
    "card_payment_not_recognised",
    "cancel_transfer",
    "cash_withdrawal_not_recognised",
    "compromised_card",
    "direct_debit_payment_not_recognised",
    "lost_or_stolen_card",
    "lost_or_stolen_phone",
    "terminate_account",
    "transaction_charged_twice",
)
_CUSTOMERS = 20
_TUNING_SHIFTS = 400


def main() -> None:
    """Runs one of the comparisons and prints its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["play", "speed", "desk"])
    parser.add_argument("--environment", default="CartPole-v1", help="of `play`")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--units", type=int, nargs="+", default=[256, 256])
    parser.add_argument("--rounds", type=int, default=5, help="of `speed`: turns of each")
    parser.add_argument("--steps", type=int, default=5120, help="of `speed`: steps in a turn")
    parser.add_argument("--conversations", type=Path, help="of `desk`")
    parser.add_argument("--waiting", type=float, default=0.2, help="of `desk`: cost of a place")
    parser.add_argument("--shifts", type=int, default=500, help="of `desk`: test shifts")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    {"play": play, "speed": speed, "desk": desk}[arguments.what](arguments)


def play(arguments: argparse.Namespace) -> None:
    """Prints the mean return of 100 test episodes a seed."""
    import numpy as np

    from dlkit.training.decision.settings import PolicyTraining

    means = []
    for seed in arguments.seeds:
        network = json.dumps({"units": arguments.units, "dropout": 0})
        metrics = _train(
            PolicyTraining(environment=arguments.environment, seed=seed, network_arguments=network)
        )
        means.append(metrics["test"]["mean_return"])
        print(f"seed {seed}: {metrics['test']}, {metrics['environment_steps']} steps", flush=True)
    print(f"mean {np.mean(means):.1f} +- {np.std(means):.1f} over {len(means)} seeds")


def speed(arguments: argparse.Namespace) -> None:
    """Prints steps per second of wall time and of processor time, in turn."""
    import numpy as np

    turns = {"dlkit": _ours(arguments.units), "stable-baselines3": _peer(arguments.units)}
    measured: dict[str, list[tuple[float, float]]] = {name: [] for name in turns}
    for turn in range(arguments.rounds + 1):
        for name, act_and_learn in turns.items():
            wall, processor = time.perf_counter(), time.process_time()
            steps = act_and_learn(arguments.steps)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            if turn:  # the first compiles and fills the replay
                measured[name].append((steps / wall, steps / processor))
    medians = {name: np.median(values, axis=0) for name, values in measured.items()}
    for name, (wall, processor) in medians.items():
        print(f"{name}: {wall:,.0f} steps/s, {processor:,.0f} steps a processor second")
    wall, processor = medians["dlkit"] / medians["stable-baselines3"]
    print(f"ratio: {wall:.2f} by the wall clock, {processor:.2f} by processor time")


def desk(arguments: argparse.Namespace) -> None:
    """Prints the cost per conversation of each rule and policy on the same test shifts."""
    from apps.decision.environments import DESK, register_environments
    from apps.decision.thresholds import Thresholds, best_thresholds
    from dlkit.training.decision.environments import environment_maker
    from dlkit.training.decision.episodes import episode_seeds
    from dlkit.training.decision.settings import PolicyTraining

    register_environments()
    given = {"conversations": str(arguments.conversations), "severe_labels": list(_SEVERE)}
    given |= {"waiting": arguments.waiting, "customers": _CUSTOMERS}
    makers = {part: environment_maker(DESK, {**given, "part": part}) for part in ("train", "test")}
    tuning = episode_seeds("training", _TUNING_SHIFTS, seed=0)
    test = episode_seeds("test", arguments.shifts, seed=0)
    rules = {
        "answers always": Thresholds(0.0, 1.01, 0.0),
        "one threshold": best_thresholds(makers["train"], tuning, asks=False),
        "thresholds, asks back": best_thresholds(makers["train"], tuning, asks=True),
    }
    costs = {name: _costs(rule, makers["test"], test) for name, rule in rules.items()}
    settings = PolicyTraining(
        environment=DESK,
        environment_arguments=json.dumps(given),
        validation_arguments='{"part": "validation"}',
        test_arguments='{"part": "test"}',
        network_arguments='{"units": [64, 64], "dropout": 0}',
        steps=150_000,
        epochs=15,
        n_step=1,
        discount=0.9,
        validation_episodes=200,
    )
    for seed in arguments.seeds:
        policy = _policy(dataclasses.replace(settings, seed=seed))
        costs[f"learned, seed {seed}"] = _costs(policy, makers["test"], test)
    _print_costs(costs, rules)


def _print_costs(costs: dict, rules: dict) -> None:
    best = min(costs[name].mean() for name in rules)
    for name, values in costs.items():
        error = values.std() / len(values) ** 0.5
        saved = 1 - values.mean() / best
        detail = rules.get(name, "")
        print(f"{name}: {values.mean():.4f} +- {error:.4f}, {saved:+.1%} less {detail}")
    learned = [values for name, values in costs.items() if name not in rules]
    mean = sum(values.mean() for values in learned) / len(learned)
    print(f"learned, mean of {len(learned)} seeds: {mean:.4f}, {1 - mean / best:+.1%} less")


def _costs(policy, make, seeds):  # noqa: ANN001, ANN202
    """Returns the cost per conversation of each shift."""
    from dlkit.training.decision.episodes import play_episodes

    return -play_episodes(policy, make, seeds).returns / _CUSTOMERS


def _train(settings):  # noqa: ANN001, ANN202
    return _trained(settings).metrics


def _policy(settings):  # noqa: ANN001, ANN202
    import numpy as np

    model = _trained(settings).model
    return lambda observations: np.asarray(model(observations)["action"])


def _trained(settings):  # noqa: ANN001, ANN202
    import numpy as np

    from dlkit.training.decision.policy import train_policy

    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        return train_policy(
            settings,
            Path(folder),
            baseline=lambda observations: random.integers(0, 2, len(observations)),
            notes=[],
        )


def _ours(units: list[int]):  # noqa: ANN202
    """Returns what acts and learns for a number of steps."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    import keras
    import numpy as np

    from dlkit.networks.mlp import mlp
    from dlkit.tasks.decision import q_network
    from dlkit.training.decision.actor import Actor
    from dlkit.training.decision.environments import environment_maker, observation_spec
    from dlkit.training.decision.learner import QLearner
    from dlkit.training.decision.replay import Replay

    make = environment_maker("CartPole-v1", {})
    spec, random = observation_spec(make()), np.random.default_rng(0)
    network = q_network(spec, mlp(input_shape=(4,), units=units, dropout=0), actions=2)
    learner = QLearner(network, spec, keras.optimizers.AdamW(1e-3, global_clipnorm=10.0))
    replay = Replay(
        size=100_000,
        environments=_ENVIRONMENTS,
        shape=spec.shape,
        dtype=spec.dtype,
        n_step=3,
        discount=0.99,
    )
    actor = Actor(make, seeds=range(_ENVIRONMENTS), replay=replay, random=random)

    def act_and_learn(steps: int) -> int:
        done = 0
        while done < steps:
            done += actor.act(learner.act, _EVERY, exploration=0.04)
            learner.learn(replay.sample((_UPDATES, _BATCH), random))
        return done

    return act_and_learn


def _peer(units: list[int]):  # noqa: ANN202
    """Returns what acts and learns for a number of steps."""
    import torch
    from stable_baselines3 import DQN
    from stable_baselines3.common.env_util import make_vec_env

    torch.set_num_threads(1)
    peer = DQN(
        "MlpPolicy",
        make_vec_env("CartPole-v1", n_envs=_ENVIRONMENTS, seed=0),
        learning_rate=1e-3,
        batch_size=_BATCH,
        buffer_size=100_000,
        learning_starts=0,
        train_freq=(_EVERY // _ENVIRONMENTS, "step"),
        gradient_steps=_UPDATES,
        target_update_interval=_EVERY,
        exploration_initial_eps=0.04,
        exploration_final_eps=0.04,
        policy_kwargs={"net_arch": units},
        device="cpu",
        seed=0,
    )

    def act_and_learn(steps: int) -> int:
        before = peer.num_timesteps
        peer.learn(steps, reset_num_timesteps=False)
        return peer.num_timesteps - before

    return act_and_learn


if __name__ == "__main__":
    main()
