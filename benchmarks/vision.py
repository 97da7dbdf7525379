"""Image classification on CIFAR-10: how good, how fast, and beside PyTorch.

    TFDS_DATA_DIR=FOLDER python benchmarks/vision.py choose --results results.jsonl
    TFDS_DATA_DIR=FOLDER python benchmarks/vision.py classic --results results.jsonl
    TFDS_DATA_DIR=FOLDER python benchmarks/vision.py resnet --results results.jsonl
    TFDS_DATA_DIR=FOLDER python benchmarks/vision.py longer --results results.jsonl
    TFDS_DATA_DIR=FOLDER python benchmarks/vision.py speed --results results.jsonl   # needs torch

`choose` compares settings of the classic small network by validation rows alone, one seed. What is
best there is what `classic` trains, longer, with three seeds; each scores the test rows once, after
training. `resnet` is the recipe of the app. `speed` lets this and PyTorch train the classic network
in turn, an epoch each, with the same batch, optimizer and threads. Beside the seconds of the clock
stand those of the processor over the number of threads: what the clock would show on idle cores.

Finished trainings are kept in `--results`, so that a second call goes on where the first stopped;
`--runs` keeps their folders, so that one that was killed goes on from its last epoch.
"""

import argparse
import json
import os
import resource
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

_DATA = {"data": ("tfds:cifar10",), "test_data": "tfds:cifar10:test", "baseline": False}
_SPLIT = {"validation_fraction": 0.05, "split_seed": 0, "patience": 1000}
_VARIANTS: dict[str, dict[str, Any]] = {
    "flip": {"epochs": 30, "shift": 0.0, "flip": True},
    "flip-shift": {"epochs": 30, "shift": 0.0625, "flip": True},
    "regular": {
        **{"epochs": 30, "shift": 0.125, "flip": True},
        **{"label_smoothing": 0.1, "weight_decay": 0.05},
    },
}
_CLASSIC_EPOCHS = 60
_RESNET: dict[str, Any] = {
    "network": "resnet",
    "network_arguments": '{"filters": [64, 128, 256]}',
    "flip": True,
    "shift": 0.0625,
    "epochs": 10,
}
_LONGER = {**_RESNET, "network_arguments": '{"filters": [64, 256, 256]}', "epochs": 16}
_BATCH, _RATE = 64, 1e-3


def main() -> None:
    """Runs one of the comparisons and prints its figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=["choose", "classic", "resnet", "longer", "speed"])
    parser.add_argument("--results", type=Path, required=True)
    parser.add_argument("--runs", type=Path, default=Path("vision-runs"))
    parser.add_argument("--seeds", type=int, nargs="+")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--epochs", type=int, help="in place of those of the recipe")
    parser.add_argument("--turns", type=int, default=3, help="of `speed`: epochs of each")
    options = parser.parse_args()
    for variable in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS"):
        os.environ[variable] = str(options.threads)
    if options.what == "speed":
        _speed(options)
        return
    changed = {"epochs": options.epochs} if options.epochs else {}
    seeds = options.seeds or ([0, 1, 2] if options.what == "classic" else [0])
    if options.what == "choose":
        trainings = {name: {**_DATA, **given} for name, given in _VARIANTS.items()}
        for given in trainings.values():
            given |= {"test_data": None, "test_fraction": 0.0}
    else:
        recipes = {"resnet": _RESNET, "longer": _LONGER}
        recipe = recipes.get(options.what) or _best_variant(options.results)
        trainings = {options.what: {**_DATA, **recipe}}
    for name, given in trainings.items():
        for seed in seeds:
            _train(options, f"{options.what} {name}", {**_SPLIT, **given, **changed, "seed": seed})
    _print(options.results, options.what)


def _best_variant(path: Path) -> dict[str, Any]:
    """Returns the settings with the highest validation accuracy."""
    scores = {
        result["name"].split()[1]: result["validation"]["accuracy"]
        for result in _read(path)
        if result["name"].startswith("choose")
    }
    if scores.keys() != _VARIANTS.keys():
        raise SystemExit("`classic` needs the results of `choose`: call that first.")
    best = max(scores, key=scores.__getitem__)
    print(f"best on validation: {best}", flush=True)
    return {**_VARIANTS[best], "epochs": _CLASSIC_EPOCHS}


def _train(options: argparse.Namespace, name: str, given: dict[str, Any]) -> None:
    key = {"name": name, "settings": json.loads(json.dumps(given))}
    if any({k: result.get(k) for k in key} == key for result in _read(options.results)):
        return
    from dlkit.settings import ImageTraining
    from dlkit.training.checkpoint import has_checkpoint
    from dlkit.training.images import train_image_model

    epochs, seed = given["epochs"], given["seed"]
    folder = options.runs / f"{name.replace(' ', '-')}-{epochs}-{seed}"
    resume = has_checkpoint(folder)
    clock, processor = time.perf_counter(), _processor_seconds()
    trained = train_image_model(ImageTraining(**given, resume=resume), folder)
    metrics = {
        part: trained.metrics[part] for part in ("validation", "test") if part in trained.metrics
    }
    result = {
        **key,
        **metrics,
        "threads": options.threads,
        "resumed": resume,
        "seconds": round(time.perf_counter() - clock, 1),
        "processor_seconds": round(_processor_seconds() - processor, 1),
        "parameters": trained.model.count_params(),
    }
    _append(options.results, result)


def _speed(options: argparse.Namespace) -> None:
    """Times epochs of both in turn; the first of each warms up."""
    try:
        import torch
    except ImportError:
        raise SystemExit("`speed` needs PyTorch: pip install torch") from None
    from dlkit.data.images import read_images

    torch.set_num_threads(options.threads)
    images = read_images(["tfds:cifar10"])
    classes = sorted(set(images.labels))
    labels = [classes.index(label) for label in images.labels]
    peers = {"keras": _keras_epochs(images.pixels, labels)}
    peers["torch"] = _torch_epochs(images.pixels, labels)
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in peers}
    for turn in range(1 + options.turns):
        for name, epochs in peers.items():
            clock, processor = time.perf_counter(), _processor_seconds()
            loss = next(epochs)
            took = time.perf_counter() - clock, _processor_seconds() - processor
            print(f"turn {turn} {name}: {took[0]:.1f} s, loss {loss:.3f}", flush=True)
            if turn:
                seconds[name].append(took)
    result = {"name": "speed", "threads": options.threads, "batch": _BATCH, "epochs": seconds}
    _append(options.results, result)
    _print(options.results, "speed")


def _keras_epochs(pixels: Any, labels: list[int]) -> Iterator[float]:
    import keras
    import numpy as np
    import tensorflow as tf

    from dlkit.data.pipeline import Rows, steps_per_epoch, training_batches
    from dlkit.networks.image import image_network

    scale = {"mean": [127.5] * 3, "variance": [127.5**2] * 3}
    body = image_network("cnn", input_shape=(32, 32, 3), **scale)
    logits = keras.layers.Dense(10, name="logits")(body.output)
    model = keras.Model(body.input, {"label": logits})
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(_RATE), {"label": loss}, jit_compile=False)
    targets = np.array(labels)
    rows = Rows(
        {"image": tf.constant(pixels)},
        {"label": targets},
        {"label": np.ones(len(targets), np.float32)},
        np.zeros(len(targets), np.int64),
    )
    steps, epoch = steps_per_epoch(rows, _BATCH), 0
    while True:
        batches = training_batches(
            rows, batch_size=_BATCH, epochs=epoch + 1, first_epoch=epoch, seed=0
        )
        options = {"steps_per_epoch": steps, "shuffle": False, "verbose": 0}
        yield model.fit(batches, **options).history["loss"][0]
        epoch += 1


def _torch_epochs(pixels: Any, labels: list[int]) -> Iterator[float]:
    import torch
    from torch import nn

    torch.manual_seed(0)
    model = nn.Sequential(
        *(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )
    images = torch.from_numpy(pixels).permute(0, 3, 1, 2).contiguous()
    targets, loss_of = torch.tensor(labels), nn.CrossEntropyLoss()
    optimizer = torch.optim.Adam(model.parameters(), _RATE, foreach=True)
    while True:
        total = torch.zeros(())
        for rows in torch.randperm(len(targets)).split(_BATCH):
            optimizer.zero_grad()
            loss = loss_of(model((images[rows].float() - 127.5) / 127.5), targets[rows])
            loss.backward()
            optimizer.step()
            total += loss.detach() * len(rows)
        yield float(total) / len(targets)


def _print(path: Path, what: str) -> None:
    results = [result for result in _read(path) if result["name"].split()[0] == what]
    if what == "speed":
        for result in results:
            threads = result["threads"]
            columns: dict[str, Callable[[tuple[float, float]], float]] = {
                "seconds": lambda pair: pair[0],
                "processor seconds / threads": lambda pair, n=threads: pair[1] / n,
            }
            for column, pick in columns.items():
                times = {k: median(map(pick, pairs)) for k, pairs in result["epochs"].items()}
                shown = ", ".join(f"{name} {value:.2f}" for name, value in times.items())
                ratio = times["torch"] / times["keras"]
                print(f"{column} an epoch, batch {result['batch']}: {shown}, ratio {ratio:.2f}")
        return
    print("| training | seeds | validation | test | seconds | processor seconds / threads |")
    print("|---|---|---|---|---|---|")
    keys = dict.fromkeys((r["name"], r["settings"]["epochs"]) for r in results)
    for name, epochs in keys:
        runs = [r for r in results if (r["name"], r["settings"]["epochs"]) == (name, epochs)]
        cells = [
            _spread([100 * run[part]["accuracy"] for run in runs if part in run])
            for part in ("validation", "test")
        ]
        cells.append(f"{mean(run['seconds'] for run in runs):.0f}")
        cells.append(f"{mean(run['processor_seconds'] / run['threads'] for run in runs):.0f}")
        print(f"| {name}, {epochs} epochs | {len(runs)} | {' | '.join(cells)} |")


def _spread(values: list[float]) -> str:
    if not values:
        return ""
    return f"{mean(values):.2f}" + (f" ± {stdev(values):.2f}" if len(values) > 1 else "")


def _processor_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _read(path: Path) -> list[dict[str, Any]]:
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _append(path: Path, result: dict[str, Any]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
