"""Wrong labels of images found and corrected, beside cleanlab on the same network's probabilities.

A fifth of the labels of some training images of CIFAR-10 is flipped to another class, uniformly.
Our audit judges the images by cross-validation. The peer, cleanlab as it comes, gets the same
probabilities. Then every suspicious image gets the suggested label where that is likelier than
not, nobody reviews anything, and the network is trained again: all test images are scored once
each.

    TFDS_DATA_DIR=FOLDER python benchmarks/image_label_audit.py --folder FOLDER
    TFDS_DATA_DIR=FOLDER python benchmarks/image_label_audit.py --folder LARGER --rows 50000 \
        --filters 64 128 256 --seeds 0

The first call takes a small network and few images, so that all of it takes minutes; the second one
takes hours. What each training answered is kept in the folder, so that a call goes on where another
stopped.
"""

import dataclasses
import json
import time
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING

import numpy as np
import tyro

if TYPE_CHECKING:
    from dlkit.data.images import LabelledImages
    from dlkit.settings import ImageTraining
    from dlkit.tasks import Classification


@dataclasses.dataclass(frozen=True)
class Options:
    """Flip labels, find them, correct them."""

    folder: Path
    """Keeps what each training answered, by seed."""

    seeds: tuple[int, ...] = (0, 1, 2)
    """How labels are flipped, and all else that is random."""

    rows: int = 20_000
    """How many of the training images, drawn anew for each seed."""

    share: float = 0.2
    """Share of their labels that is flipped."""

    folds: int = 5
    """Folds of the cross-validation."""

    epochs: int = 8
    """Epochs of each training."""

    filters: tuple[int, ...] = (16, 32, 64)
    """Filters of the network."""


def main(options: Options) -> None:
    """Prints the figures of each seed, then mean and spread."""
    results = {seed: _figures(options, seed) for seed in options.seeds}
    print("\n| what | mean | spread |\n|---|---|---|")
    for name in results[options.seeds[0]]:
        values = [results[seed][name] for seed in options.seeds]
        spread = stdev(values) if len(values) > 1 else 0.0
        print(f"| {name} | {mean(values):.4g} | {spread:.2g} |")


def _figures(options: Options, seed: int) -> dict[str, float]:
    from cleanlab.filter import find_label_issues as cleanlab_issues

    from dlkit.data.images import read_images
    from dlkit.settings import ImageTraining
    from dlkit.tasks import Classification
    from dlkit.tasks.label_correction import find_label_issues
    from dlkit.training.cross_validation import out_of_sample_probabilities

    draw = np.random.default_rng(seed)
    every = read_images(["tfds:cifar10:train"])
    rows = every.take(draw.permutation(len(every.labels))[: options.rows])
    task = Classification(name="label", question_cost=0.5)
    task.adapt(rows.labels)
    right = task.encode(rows.labels)
    flipped = draw.random(len(right)) < options.share
    wrong = (right + draw.integers(1, len(task.classes), len(right))) % len(task.classes)
    given = np.where(flipped, wrong, right).astype(np.int32)
    settings = ImageTraining(
        network="resnet",
        network_arguments=json.dumps({"filters": options.filters}),
        flip=True,
        epochs=options.epochs,
        seed=seed,
        test_fraction=0.0,
    )
    judge = _Keeping(settings, task, rows, options.folder / f"seed-{seed}")
    found = out_of_sample_probabilities(
        judge, given, folds=options.folds, seed=seed, progress=print
    )
    issues = find_label_issues(found, given)
    corrected = issues.corrected(given)
    peer = np.flatnonzero(cleanlab_issues(given, found))
    scores = {
        "CPU minutes of the audit": judge.seconds / 60,
        "judged right": np.mean(found.argmax(1) == right),
        **_found("ours", issues.rows, flipped),
        **_found("peer", peer, flipped),
        "share of right labels, corrected": np.mean(corrected == right),
    }
    print(f"seed {seed}: {scores}", flush=True)
    test = read_images(["tfds:cifar10:test"])
    held_out = np.arange(len(rows.labels) + len(test.labels)) >= len(rows.labels)
    everything = _Keeping(settings, task, _joined(rows, test), judge.folder / "test")
    for name, labels in (("clean", right), ("corrected", corrected), ("flipped", given)):
        both = np.concatenate([labels, task.encode(test.labels)])
        answers = everything.judge(both, held_out).argmax(1)
        scores[f"test accuracy, {name}"] = np.mean(answers == both[held_out])
        print(f"seed {seed}: {name}: {scores[f'test accuracy, {name}']:.4f}", flush=True)
    return {name: float(value) for name, value in scores.items()}


def _found(name: str, rows: np.ndarray, flipped: np.ndarray) -> dict[str, float]:
    hits = flipped[rows].sum()
    return {f"precision, {name}": hits / len(rows), f"recall, {name}": hits / flipped.sum()}


def _joined(rows: "LabelledImages", test: "LabelledImages") -> "LabelledImages":
    from dlkit.data.images import LabelledImages

    pixels = np.concatenate([rows.pixels, test.pixels])
    return LabelledImages(pixels, [*rows.labels, *test.labels], [*rows.names, *test.names], [])


class _Keeping:
    """A judge that keeps what it answered in a folder, and what that took."""

    def __init__(
        self,
        settings: "ImageTraining",
        task: "Classification",
        rows: "LabelledImages",
        folder: Path,
    ) -> None:
        from dlkit.training.image_judge import ImageJudge

        self._judge = ImageJudge(settings, task, rows)
        self.folder = folder
        self.seconds = 0.0
        self._calls = 0

    def judge(self, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
        path = self.folder / f"{self._calls}.npz"
        self._calls += 1
        if not path.exists():
            start = time.process_time()
            answers = self._judge.judge(labels, held_out)
            path.parent.mkdir(parents=True, exist_ok=True)
            np.savez(path, answers=answers, seconds=time.process_time() - start)
        with np.load(path) as kept:
            self.seconds += float(kept["seconds"])
            return kept["answers"]


if __name__ == "__main__":
    main(tyro.cli(Options))
