"""Wrong labels found and corrected, beside cleanlab on TF-IDF with logistic regression.

A tenth of the training labels of banking77 is flipped to another class, uniformly. Our audit
(two rounds of cross-validation as `train` trains, with a frozen encoder) and the peer
look for them in the same rows. Then every suspicious row gets the suggested label where that is
likelier than not, nobody reviews anything, and the model is trained again as `train` does: test
rows are scored once each.

    python benchmarks/label_audit.py --data-folder DATA
"""

import copy
import dataclasses
import time
from pathlib import Path
from statistics import mean, stdev
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import tyro

if TYPE_CHECKING:
    from dlkit.training.prepared import PreparedTexts


@dataclasses.dataclass(frozen=True)
class Options:
    """Flip labels, find them, correct them."""

    data_folder: Path
    """Folder of the data sets."""

    seeds: int = 3
    """How often labels are flipped."""

    share: float = 0.1
    """Share of the training labels that are flipped."""

    folds: int = 5
    """Folds of both cross-validations."""


def main(options: Options) -> None:
    """Prints a line a seed, then mean and spread."""
    train, test = (_read(options.data_folder, part) for part in ("train", "test"))
    classes = sorted(set(train["label"].to_pylist()))
    right = np.array([classes.index(label) for label in train["label"].to_pylist()])
    trainer = _Trainer(train, test, classes)
    results: dict[str, list[float]] = {}
    for seed in range(options.seeds):
        draw = np.random.default_rng(seed)
        flipped = draw.random(len(right)) < options.share
        wrong = (right + draw.integers(1, len(classes), len(right))) % len(classes)
        given = np.where(flipped, wrong, right)
        scores = _audits(trainer, given, flipped, options.folds, seed)
        for name, labels in (("clean", right), ("flipped", given), ("corrected", trainer.fixed)):
            scores[f"accuracy, {name}"] = trainer.accuracy(labels, seed)
        for name, value in scores.items():
            results.setdefault(name, []).append(value)
            print(f"seed {seed}: {name}: {value:.4g}", flush=True)
    print("\n| what | mean | spread |\n|---|---|---|")
    for name, values in results.items():
        spread = stdev(values) if len(values) > 1 else 0.0
        print(f"| {name} | {mean(values):.4g} | {spread:.2g} |")


def _audits(
    trainer: "_Trainer",
    given: np.ndarray,
    flipped: np.ndarray,
    folds: int,
    seed: int,
) -> dict[str, float]:
    from cleanlab.filter import find_label_issues as cleanlab_issues

    start = time.process_time()
    rows, trainer.fixed = trainer.issues(given, folds, seed)
    scores = {"CPU seconds, ours": time.process_time() - start}
    scores |= _found("ours", rows, flipped)
    peer = _tfidf_probabilities(trainer.texts, given, folds, seed)
    scores |= _found("peer", np.flatnonzero(cleanlab_issues(given, peer)), flipped)
    ranked = cleanlab_issues(given, peer, filter_by="low_self_confidence")
    return scores | _found("peer, low_self_confidence", np.flatnonzero(ranked), flipped)


def _found(name: str, rows: np.ndarray, flipped: np.ndarray) -> dict[str, float]:
    hits = flipped[rows].sum()
    return {f"precision, {name}": hits / len(rows), f"recall, {name}": hits / flipped.sum()}


def _tfidf_probabilities(texts: list[str], given: np.ndarray, folds: int, seed: int) -> np.ndarray:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline

    model = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000))
    split = StratifiedKFold(folds, shuffle=True, random_state=seed)
    return cross_val_predict(model, texts, given, cv=split, method="predict_proba")


class _Trainer:
    """Encodes all texts once, and then trains with any labels."""

    def __init__(self, train: pa.Table, test: pa.Table, classes: list[str]) -> None:
        from dlkit.data.text_rows import split_rows, take
        from dlkit.settings import TextTraining
        from dlkit.tasks import Classification
        from dlkit.training.devices import prepare_devices
        from dlkit.training.prepared import PreparedTexts
        from dlkit.training.text_data import TextData

        self.settings = TextTraining(
            network="bert", pretrained="minilm", freeze_encoder=True, test_fraction=0.0
        )
        self.strategy = prepare_devices(seed=0, deterministic=False, mixed_precision=False)
        self.task = Classification(name="label", classes=classes)
        self.texts = train["text"].to_pylist()
        split = split_rows(train, ["label"], self.settings)
        self.order = np.concatenate([split.train, split.validation])
        parts = [take(train, rows, ["label"]) for rows in (split.train, split.validation)]
        self.prepared = PreparedTexts(TextData(*parts, None, []), self.settings)
        test_rows = take(test, None, ["label"])
        self.test = copy.copy(self.prepared)
        self.test.data = TextData(test_rows, test_rows, None, [])
        self.test._training = {}

    def issues(self, labels: np.ndarray, folds: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns the suspicious rows int `(issues,)`, and all labels `(rows,)`, corrected."""
        from dlkit.training.cross_validation import issues_in_rounds
        from dlkit.training.text_learner import TextLearner

        settings = dataclasses.replace(self.settings, seed=seed)
        _, found = issues_in_rounds(
            TextLearner(settings, self.task, self.prepared, strategy=self.strategy),
            labels[self.order].astype(np.int32),
            folds=folds,
            seed=seed,
            progress=lambda words: None,
        )
        fixed = np.empty_like(labels)
        fixed[self.order] = found.corrected(labels[self.order])
        return self.order[found.rows], fixed

    def accuracy(self, labels: np.ndarray, seed: int) -> float:
        """Trains as `train` does, and scores the test rows."""
        from dlkit.training.fit import outputs_of
        from dlkit.training.heads import refit_heads, train_heads

        settings = dataclasses.replace(self.settings, seed=seed)
        prepared, how = self._labelled(labels), {"strategy": self.strategy, "folder": None}
        trained = train_heads(settings, [self.task], prepared, **how)
        everything = prepared.split_again(np.zeros(len(labels), bool))
        heads = refit_heads(settings, [self.task], everything, epochs=trained.epochs, **how)
        rows = self.test.training(heads.input, [self.task])
        outputs = outputs_of(heads, rows, batch_size=256)["label"]
        answers = np.argmax(self.task.decode(outputs)["probabilities"], axis=1)
        return float(np.mean(answers == rows.targets["label"]))

    def _labelled(self, labels: np.ndarray) -> "PreparedTexts":
        names = [self.task.classes[label] for label in labels[self.order]]
        return self.prepared.labelled_again("label", names)


def _read(folder: Path, part: str) -> pa.Table:
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    table = pa_csv.read_csv(folder / "banking77" / f"{part}.csv.gz", parse_options=parse)
    return table.rename_columns(["text", "label"])


if __name__ == "__main__":
    main(tyro.cli(Options))
