"""Classes that a model never saw, found again among unlabelled rows, beside k-means on TF-IDF.

Twenty of the classes of banking77 are hidden, drawn anew each time. A model learns the others, as
`train` does with a frozen encoder, and the training rows of the hidden classes are grouped without
their labels: by deep embedded clustering and its references on the features of that model, and by
k-means on TF-IDF. All but density clustering are told that there are twenty groups; a line more
says what becomes of it where the number is chosen without labels.

    python benchmarks/discovery.py --data-folder DATA
"""

import copy
import dataclasses
import time
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import tyro


@dataclasses.dataclass(frozen=True)
class Options:
    """Hide classes and find them again."""

    data_folder: Path
    """Folder of the data sets."""

    draws: int = 3
    """How often classes are hidden."""

    hidden: int = 20
    """How many classes are hidden."""


def main(options: Options) -> None:
    """Prints the adjusted Rand index of each draw, then mean and spread."""
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    path = options.data_folder / "banking77" / "train.csv.gz"
    table = pa_csv.read_csv(path, parse_options=parse).rename_columns(["text", "label"])
    trainer = _Trainer(table)
    labels = np.array(table["label"].to_pylist())
    results: dict[str, list[float]] = {}
    for draw in range(options.draws):
        classes = np.unique(labels)
        chosen = np.random.default_rng(draw).choice(classes, options.hidden, replace=False)
        hidden = np.isin(labels, chosen)
        texts = table["text"].filter(pa.array(hidden)).to_pylist()
        features = trainer.features(texts, hidden, seed=draw)
        for name, value in _scores(texts, features, labels[hidden], options.hidden, draw).items():
            results.setdefault(name, []).append(value)
            print(f"draw {draw}: {name}: {value:.3f}", flush=True)
    print("\n| what | mean | spread |\n|---|---|---|")
    for name, values in results.items():
        spread = stdev(values) if len(values) > 1 else 0.0
        print(f"| {name} | {mean(values):.3f} | {spread:.3f} |")
    ratio = mean(results["deep"]) / mean(results["k-means on TF-IDF"])
    print(f"\ndeep / k-means on TF-IDF: {ratio:.2f}")


def _scores(
    texts: list[str], features: np.ndarray, right: np.ndarray, groups: int, seed: int
) -> dict[str, float]:
    from sklearn.cluster import KMeans
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.metrics import adjusted_rand_score

    from dlkit.tasks.clustering import cluster

    peer = KMeans(groups, n_init=10, random_state=seed)
    scores = {
        "k-means on TF-IDF": adjusted_rand_score(
            right, peer.fit_predict(TfidfVectorizer().fit_transform(texts))
        )
    }
    for method in ("kmeans", "density", "deep"):
        start = time.process_time()
        found = cluster(features, groups=groups, method=method, seed=seed)
        scores[method] = adjusted_rand_score(right, found.labels)
        scores[f"{method}, seconds"] = time.process_time() - start
    found = cluster(features, seed=seed)
    scores["deep, number of groups chosen"] = adjusted_rand_score(right, found.labels)
    scores["deep, the number chosen"] = found.labels.max() + 1
    return scores


class _Trainer:
    """Encodes all texts once, and then trains on some of the classes."""

    def __init__(self, table: pa.Table) -> None:
        from dlkit.data.text_rows import LabelledTexts, take
        from dlkit.settings import TextTraining
        from dlkit.training.devices import prepare_devices
        from dlkit.training.prepared import PreparedTexts
        from dlkit.training.text_data import TextData

        self.settings = TextTraining(
            network="bert", pretrained="minilm", freeze_encoder=True, test_fraction=0.0
        )
        self.strategy = prepare_devices(seed=0, deterministic=False, mixed_precision=False)
        self.table = table
        rows, none = take(table, None, ["label"]), LabelledTexts([], {"label": []})
        self.prepared = PreparedTexts(TextData(rows, none, None, []), self.settings)

    def features(self, texts: list[str], hidden: np.ndarray, *, seed: int) -> np.ndarray:
        """Learns the rows that are not hidden, and describes the texts."""
        from dlkit.tasks import Classification, answering_model
        from dlkit.tasks.features import text_features
        from dlkit.training.heads import train_heads

        task = Classification(name="label")
        task.adapt(self.table["label"].filter(pa.array(~hidden)).to_pylist())
        settings = dataclasses.replace(self.settings, seed=seed)
        prepared = self._known(hidden, task, seed)
        trained = train_heads(settings, [task], prepared, strategy=self.strategy, folder=None)
        model = answering_model(prepared.front.layer(), trained.heads, [task])
        return text_features(model, task, texts)

    def _known(self, hidden: np.ndarray, task: object, seed: int) -> "object":
        import tensorflow as tf

        from dlkit.data.text_rows import VALIDATION_ROWS, take
        from dlkit.training.text_front import ENCODING

        self.prepared.training([ENCODING], [task])  # encodes, the first time
        known = np.random.default_rng(seed).permutation(np.flatnonzero(~hidden))
        again, parts = copy.copy(self.prepared), []
        for rows in (known[VALIDATION_ROWS:], known[:VALIDATION_ROWS]):
            encoding = tf.gather(self.prepared._training[ENCODING], rows)
            parts.append((take(self.table, rows, ["label"]), {ENCODING: encoding}))
        (train, again._training), (validation, again._validation) = parts
        again.data = self.prepared.data._replace(train=train, validation=validation)
        return again


if __name__ == "__main__":
    main(tyro.cli(Options))
