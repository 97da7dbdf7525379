"""Are made features of rare classes better to learn from than their few rows, repeated?

Some classes of banking77 keep five of their training rows, the others keep all; twenty more rows of
each class are for validation. Every text is a vector of a frozen encoder. For the rare classes rows
are then added until each has as many as the median class: the same rows again (over-sampling),
points between two rows of a class (SMOTE), draws from a normal distribution with the mean of the
rows and the covariance of the frequent classes nearest to them, or what a small GAN makes that has
learned the features of all classes. The same logistic regression learns from each of these. What
does not beat over-sampling on validation is not worth a place in the toolkit.

    python benchmarks/rare_classes.py --data-folder DATA --encodings FILE.npz
"""

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pyarrow.csv as pa_csv
import tyro

VALIDATION_ROWS = 20  # of each class
NEIGHBOURS = 3  # frequent classes whose covariance a rare one gets
NOISE, UNITS, STEPS, BATCH, RATE = 32, 256, 3000, 128, 5e-4


@dataclasses.dataclass(frozen=True)
class Options:
    """Make rare classes, and learn them."""

    data_folder: Path
    """Folder of the data sets."""

    encodings: Path
    """Keeps the vectors of all texts; made if need be."""

    draws: int = 3
    """How often rare classes are drawn."""

    rare: int = 15
    """How many classes are rare."""

    rows: int = 5
    """Rows of each of them."""


def main(options: Options) -> None:
    """Prints each draw, then mean and spread, and how often over-sampling was beaten."""
    parts = _encoded(options)
    results: dict[str, list[dict[str, float]]] = {}
    for seed in range(options.draws):
        for name, scores in _draw(parts, options, seed).items():
            results.setdefault(name, []).append(scores)
            print(f"draw {seed}: {name}: {scores}", flush=True)
    columns = list(results["nothing"][0])
    print("\n| added | " + " | ".join(columns) + " | draws better than over-sampling |")
    print("|---" * (len(columns) + 2) + "|")
    deciding = columns[0]
    for name, values in results.items():
        cells = [_spread([100 * scores[column] for scores in values]) for column in columns]
        pairs = zip(values, results["over-sampling"], strict=True)
        wins = sum(ours[deciding] > other[deciding] for ours, other in pairs)
        print(f"| {name} | {' | '.join(cells)} | {wins} of {options.draws} |")


def _draw(
    parts: dict[str, tuple[np.ndarray, np.ndarray]], options: Options, seed: int
) -> dict[str, dict[str, float]]:
    draw = np.random.default_rng(seed)
    features, labels = parts["train"]
    order = draw.permutation(len(labels))
    place = np.empty(len(labels), np.int64)  # of a row among those of its class
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        place[rows] = np.arange(len(rows))
    rare = draw.choice(labels.max() + 1, options.rare, replace=False)
    validation = place < VALIDATION_ROWS
    learned = ~validation & (~np.isin(labels, rare) | (place < VALIDATION_ROWS + options.rows))
    known, names = features[learned], labels[learned]
    wanted = int(np.median(np.bincount(names))) - options.rows
    scored = {"validation": (features[validation], labels[validation]), "test": parts["test"]}
    frequent = [known[names == label] for label in np.setdiff1d(names, rare)]
    makers: dict[str, Callable[[int], np.ndarray]] = {
        "over-sampling": lambda c: draw.choice(known[names == c], wanted),
        "SMOTE": lambda c: _between(known[names == c], wanted, draw),
        "normal distributions": lambda c: _drawn(known[names == c], frequent, wanted, draw),
        "GAN": _gan(known, names, wanted, seed),
    }
    scores = {"nothing": _scores(known, names, scored, rare)}
    for name, make in makers.items():
        made = np.concatenate([make(label) for label in rare])
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        more = np.concatenate([known, made]), np.concatenate([names, np.repeat(rare, wanted)])
        scores[name] = _scores(*more, scored, rare)
    return scores


def _between(rows: np.ndarray, count: int, draw: np.random.Generator) -> np.ndarray:
    """Chawla et al., "SMOTE: synthetic minority over-sampling technique", 2002."""
    pairs = np.array([draw.choice(len(rows), 2, replace=False) for _ in range(count)])
    share = draw.random((count, 1), np.float32)
    return share * rows[pairs[:, 0]] + (1 - share) * rows[pairs[:, 1]]


def _drawn(
    rows: np.ndarray, frequent: list[np.ndarray], count: int, draw: np.random.Generator
) -> np.ndarray:
    """Yang, Liu and Xu, "Free lunch for few-shot learning: distribution calibration", 2021."""
    own = rows.mean(0)
    apart = [((other.mean(0) - own) ** 2).sum() for other in frequent]
    nearest = [frequent[place] for place in np.argsort(apart)[:NEIGHBOURS]]
    deviations = np.concatenate([other - other.mean(0) for other in nearest])
    weights = draw.normal(size=(count, len(deviations))) / np.sqrt(len(deviations))
    return (own + weights @ deviations).astype(np.float32)


def _gan(
    features: np.ndarray, labels: np.ndarray, count: int, seed: int
) -> Callable[[int], np.ndarray]:
    """Trains a generator of features by class, and returns what makes rows of one."""
    import keras
    import tensorflow as tf

    from dlkit.training.generation.losses import LOSSES

    keras.utils.set_random_seed(seed)
    classes = int(labels.max()) + 1
    generator, discriminator = _networks(features.shape[1], classes)
    wants = LOSSES["hinge"]
    optimizers = [keras.optimizers.Adam(RATE, beta_1=0.5) for _ in range(2)]
    for optimizer, network in zip(optimizers, (generator, discriminator), strict=True):
        optimizer.build(network.trainable_variables)
    scale = float(features.std())
    rows = tf.data.Dataset.from_tensor_slices((features / scale, labels))
    rows = rows.shuffle(len(labels), seed=seed).repeat().batch(BATCH).take(STEPS)

    @tf.function
    def step(real: tf.Tensor, label: tf.Tensor) -> None:
        given = tf.one_hot(label, classes)
        noise = tf.random.normal((tf.shape(real)[0], NOISE))
        with tf.GradientTape() as tape:
            made = generator([noise, given], training=True)
            loss = wants[0](discriminator([real, given]), discriminator([made, given]))
        variables = discriminator.trainable_variables
        optimizers[1].apply(tape.gradient(loss, variables), variables)
        with tf.GradientTape() as tape:
            made = generator([noise, given], training=True)
            loss = wants[1](discriminator([made, given]))
        variables = generator.trainable_variables
        optimizers[0].apply(tape.gradient(loss, variables), variables)

    for real, label in rows:
        step(real, label)

    def make(label: int) -> np.ndarray:
        noise = tf.random.normal((count, NOISE), seed=seed)
        given = tf.one_hot(tf.fill((count,), label), classes)
        return np.asarray(generator([noise, given], training=False))

    return make


def _networks(columns: int, classes: int) -> tuple:
    import keras

    layers = keras.layers
    noise, label = keras.Input((NOISE,)), keras.Input((classes,))
    x = layers.Concatenate()([noise, layers.Dense(NOISE, use_bias=False)(label)])
    x = layers.Dense(UNITS, activation="relu")(x)
    x = layers.Dense(UNITS, activation="relu")(x)
    generator = keras.Model([noise, label], layers.Dense(columns)(x))

    row, label = keras.Input((columns,)), keras.Input((classes,))
    x = row
    for _ in range(2):
        x = layers.SpectralNormalization(layers.Dense(UNITS))(x)
        x = layers.LeakyReLU(0.2)(x)
    suits = layers.Dot(1)([x, layers.Dense(UNITS, use_bias=False)(label)])  # projection
    score = layers.Add()([layers.Dense(1)(x), suits])
    return generator, keras.Model([row, label], score)


def _scores(
    features: np.ndarray,
    labels: np.ndarray,
    scored: dict[str, tuple[np.ndarray, np.ndarray]],
    rare: np.ndarray,
) -> dict[str, float]:
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import f1_score

    model = LogisticRegression(C=10, max_iter=150, tol=1e-3).fit(features, labels)
    found = {}
    for part, (rows, right) in scored.items():
        answers = model.predict(rows)
        of_rare = np.isin(right, rare)
        found[f"{part}, macro-F1"] = float(f1_score(right, answers, average="macro"))
        found[f"{part}, recall of the rare"] = float(np.mean((answers == right)[of_rare]))
    return {name: round(value, 4) for name, value in found.items()}


def _spread(values: list[float]) -> str:
    return f"{mean(values):.1f}" + (f" ± {stdev(values):.1f}" if len(values) > 1 else "")


def _encoded(options: Options) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Returns vectors of unit length, float32 `(rows, columns)`, and classes by part."""
    parts = ("train", "test")
    tables = {part: _read(options.data_folder, part) for part in parts}
    if not options.encodings.exists():
        vectors = {part: _encode(texts) for part, (texts, _) in tables.items()}
        np.savez(options.encodings, **vectors)
    classes = sorted(set(tables["train"][1]))
    with np.load(options.encodings) as saved:
        rows = {part: saved[part] / np.linalg.norm(saved[part], axis=1)[:, None] for part in parts}
    labels = {part: np.array([classes.index(label) for label in tables[part][1]]) for part in parts}
    return {part: (rows[part].astype(np.float32), labels[part]) for part in parts}


def _encode(texts: list[str]) -> np.ndarray:
    from dlkit.data.text_rows import LabelledTexts
    from dlkit.settings import TextTraining
    from dlkit.training.prepared import PreparedTexts
    from dlkit.training.text_data import TextData
    from dlkit.training.text_front import ENCODING

    settings = TextTraining(network="bert", pretrained="minilm", freeze_encoder=True)
    rows = LabelledTexts(texts, {})
    prepared = PreparedTexts(TextData(rows, LabelledTexts([], {}), None, []), settings)
    return prepared.training([ENCODING], []).features[ENCODING].to_tensor().numpy()


def _read(folder: Path, part: str) -> tuple[list[str], list[str]]:
    parse = pa_csv.ParseOptions(newlines_in_values=True)
    table = pa_csv.read_csv(folder / "banking77" / f"{part}.csv.gz", parse_options=parse)
    text, label = table.rename_columns(["text", "label"]).columns
    return text.to_pylist(), label.to_pylist()


if __name__ == "__main__":
    main(tyro.cli(Options))
