"""Wrong labels of images found and corrected, beside cleanlab on the same network's probabilities.

A fifth of the labels of some training images of CIFAR-10 is flipped to another class, uniformly.
Our audit judges the images in two rounds of cross-validation. The peer, cleanlab as it comes, gets
the probabilities of the first round: those of the same network on the same folds; a line more gives
cleanlab the filter that our audit uses. Then every suspicious image gets the suggested label
where that is likelier than not, nobody reviews anything, and the network is trained again: all test
images are scored once each.

    TFDS_DATA_DIR=FOLDER python benchmarks/image_label_audit.py

A small residual network and few epochs, so that all of it takes minutes.
"""

import dataclasses
import json
import time
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING, Any

import numpy as np
import tyro

if TYPE_CHECKING:
    from dlkit.data.images import LabelledImages
    from dlkit.settings import ImageTraining


@dataclasses.dataclass(frozen=True)
class Options:
    """Flip labels, find them, correct them."""

    seeds: tuple[int, ...] = (0, 1, 2)
    """How labels are flipped, and all else that is random."""

    rows: int = 20_000
    """How many of the training images, drawn anew for each seed."""

    share: float = 0.2
    """Share of their labels that is flipped."""

    folds: int = 3
    """Folds of each cross-validation."""

    epochs: int = 8
    """Most epochs of each training."""

    filters: tuple[int, ...] = (16, 32, 64)
    """Filters of the network."""

    results: Path | None = None
    """Keeps the figures of each seed, so that a second call goes on where the first stopped."""


def main(options: Options) -> None:
    """Prints the figures of each seed, then mean and spread."""
    kept = options.results
    results = json.loads(kept.read_text()) if kept and kept.exists() else {}
    for seed in map(str, options.seeds):
        if seed not in results:
            results[seed] = _figures(options, int(seed))
            if kept:
                kept.write_text(json.dumps(results))
        for name, value in results[seed].items():
            print(f"seed {seed}: {name}: {value:.4g}", flush=True)
    print("\n| what | mean | spread |\n|---|---|---|")
    for name in results[str(options.seeds[0])]:
        values = [results[str(seed)][name] for seed in options.seeds]
        spread = stdev(values) if len(values) > 1 else 0.0
        print(f"| {name} | {mean(values):.4g} | {spread:.2g} |")


def _figures(options: Options, seed: int) -> dict[str, float]:
    from cleanlab.filter import find_label_issues

    from dlkit.data.images import read_images
    from dlkit.settings import ImageTraining
    from dlkit.tasks import Classification
    from dlkit.training.cross_validation import issues_in_rounds

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
    learner = _Remembering(settings, task, rows)
    start = time.process_time()
    how: dict[str, Any] = {"folds": options.folds, "seed": seed, "progress": print}
    _, found = issues_in_rounds(learner, given, **how)
    scores = {"CPU seconds, ours": time.process_time() - start}
    first = learner.first_round(len(given), options.folds)
    scores["accuracy of the first round, labels of the peer"] = np.mean(first.argmax(1) == right)
    scores |= _found("ours", found.rows, flipped)
    scores |= _found("peer", np.flatnonzero(find_label_issues(given, first)), flipped)
    ranked = find_label_issues(given, first, filter_by="low_self_confidence")
    scores |= _found("peer, filter as ours", np.flatnonzero(ranked), flipped)
    corrected = found.corrected(given)
    scores["share of right labels, corrected"] = np.mean(corrected == right)
    test = read_images(["tfds:cifar10:test"])
    for name, labels in (("clean", right), ("flipped", given), ("corrected", corrected)):
        scores[f"test accuracy, {name}"] = _accuracy(settings, task, rows, labels, test)
    return {name: float(value) for name, value in scores.items()}


def _found(name: str, rows: np.ndarray, flipped: np.ndarray) -> dict[str, float]:
    hits = flipped[rows].sum()
    return {f"precision, {name}": hits / len(rows), f"recall, {name}": hits / flipped.sum()}


def _accuracy(
    settings: "ImageTraining",
    task: Any,
    rows: "LabelledImages",
    labels: np.ndarray,
    test: "LabelledImages",
) -> float:
    """Trains on all rows, and scores the test images."""
    learner = _learner_of_both(settings, task, rows, test)
    answers = learner.judge(
        np.concatenate([labels, task.encode(test.labels)]),
        np.arange(len(labels) + len(test.labels)) >= len(labels),
    )
    return float(np.mean(answers.argmax(1) == task.encode(test.labels)))


def _learner_of_both(
    settings: "ImageTraining", task: Any, rows: "LabelledImages", test: "LabelledImages"
) -> Any:
    from dlkit.data.images import LabelledImages
    from dlkit.training.image_learner import ImageLearner

    both = LabelledImages(
        np.concatenate([rows.pixels, test.pixels]),
        [*rows.labels, *test.labels],
        [*rows.names, *test.names],
        [],
    )
    return ImageLearner(settings, task, both)  # trains as many epochs as the settings say


class _Remembering:
    """A learner that keeps what it answered."""

    def __init__(self, settings: "ImageTraining", task: Any, rows: "LabelledImages") -> None:
        from dlkit.training.image_learner import ImageLearner

        self._learner = ImageLearner(settings, task, rows)
        self._answers: list[tuple[np.ndarray, np.ndarray]] = []

    def choose(self, labels: np.ndarray) -> None:
        self._learner.choose(labels)

    def judge(self, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
        self._answers.append((held_out, self._learner.judge(labels, held_out)))
        return self._answers[-1][1]

    def first_round(self, rows: int, folds: int) -> np.ndarray:
        """Returns float32 `(rows, classes)`."""
        found = np.empty((rows, self._answers[0][1].shape[1]), np.float32)
        for held_out, answers in self._answers[:folds]:
            found[held_out] = answers
        return found


if __name__ == "__main__":
    main(tyro.cli(Options))
