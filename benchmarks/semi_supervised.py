"""Few labels and many rows without: banking77 with five labels for each class, encoder frozen.

Three ways to learn, with the same labelled rows, encoder, network and recipe: from the labelled
rows alone; with `--unlabelled`, which gives rows the labels of their neighbours; and with a
discriminator of K + 1 classes, which also learns to tell unlabelled rows from made ones (Salimans
et al., "Improved techniques for training GANs", 2016; Croce et al., "GAN-BERT", 2020). Test rows
are scored once.

    python benchmarks/semi_supervised.py --data-folder DATA --folder RESULTS

A second call goes on after the last finished draw.
"""

import dataclasses
import json
import os
from pathlib import Path
from statistics import mean, stdev
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import tyro

HELD_OUT_EVERY = 10  # of the labelled rows, for validation: as many as `train` holds out


@dataclasses.dataclass(frozen=True)
class Options:
    """Learn from few labels."""

    data_folder: Path
    """Folder of the data sets."""

    folder: Path
    """Gets encodings and results."""

    draws: int = 3
    """How often labelled rows are drawn."""

    labels: int = 5
    """Labelled rows for each class."""


def main(options: Options) -> None:
    """Prints the test accuracy of each draw, then mean and spread."""
    options.folder.mkdir(parents=True, exist_ok=True)
    path = options.folder / f"results-{options.labels}.json"
    results: list[dict[str, float]] = json.loads(path.read_text()) if path.exists() else []
    trainer = None
    for draw in range(len(results), options.draws):
        trainer = trainer or Trainer(options)
        results.append(trainer.draw(draw))
        path.write_text(json.dumps(results))
        print(f"draw {draw}: {results[-1]}", flush=True)
    base = [result["labelled rows alone"] for result in results]
    print(
        "\n| learned from | accuracy | spread | more than labelled rows alone |\n|---|---|---|---|"
    )
    for name in results[0]:
        values = [result[name] for result in results]
        gains = ", ".join(f"{v - b:+.1f}" for v, b in zip(values, base, strict=True))
        spread = stdev(values) if len(values) > 1 else 0.0
        print(f"| {name} | {mean(values):.2f} | {spread:.2f} | {gains} |")


class Trainer:
    """Reads the rows; encodes each text once, over all calls."""

    def __init__(self, options: Options) -> None:
        from dlkit.settings import TextTraining
        from dlkit.tasks import Classification
        from dlkit.training.devices import prepare_devices

        self.settings = TextTraining(
            network="bert", pretrained="minilm", freeze_encoder=True, unlabelled=("train",)
        )
        self.strategy = prepare_devices(seed=0, deterministic=False, mixed_precision=False)
        self.options = options
        self.train, self.test = (self._read(part) for part in ("train", "test"))
        self.task = Classification(name="label")
        self.task.adapt(self.train["label"].to_pylist())
        self._cache = options.folder / "encodings.npz"
        self.encodings: dict[bytes, np.ndarray] = {}
        if self._cache.exists():
            with np.load(self._cache) as saved:
                lengths = np.cumsum(saved["lengths"])[:-1]
                keys = [part.tobytes() for part in np.split(saved["pieces"], lengths)]
                self.encodings = dict(zip(keys, saved["encodings"], strict=True))

    def draw(self, seed: int) -> dict[str, float]:
        """Returns the test accuracy of each way to learn, in percent."""
        from dlkit.training.unlabelled import UnlabelledTexts

        data = self._data(seed)
        settings = dataclasses.replace(self.settings, seed=seed)
        path = self.options.folder / "unlabelled.parquet"
        pq.write_table(self.train.select(["text"]), path)
        others = UnlabelledTexts(dataclasses.replace(settings, unlabelled=(str(path),)), data)
        others.encodings = self.encodings
        nobody = UnlabelledTexts(dataclasses.replace(settings, unlabelled=()), data)
        scores = {
            "labelled rows alone": self._accuracy(settings, data, nobody),
            "with --unlabelled": self._accuracy(settings, data, others),
            "with a discriminator of K + 1 classes": self._discriminator(settings, data, others),
        }
        self._save()
        return {name: round(100 * score, 2) for name, score in scores.items()}

    def _read(self, part: str) -> pa.Table:
        parse = pa_csv.ParseOptions(newlines_in_values=True)
        path = self.options.data_folder / "banking77" / f"{part}.csv.gz"
        return pa_csv.read_csv(path, parse_options=parse).rename_columns(["text", "label"])

    def _data(self, seed: int) -> Any:
        """Draws labelled rows, of which some are for validation."""
        from dlkit.data.text_rows import take
        from dlkit.training.text_data import TextData

        labels = np.array(self.train["label"].to_pylist())
        order = np.random.default_rng(seed).permutation(len(labels))
        chosen = np.concatenate(
            [order[labels[order] == name][: self.options.labels] for name in self.task.classes]
        )
        chosen = np.random.default_rng(seed).permutation(chosen)
        held_out = np.arange(len(chosen)) % HELD_OUT_EVERY == 0
        train, validation = (
            take(self.train, chosen[part], ["label"]) for part in (~held_out, held_out)
        )
        return TextData(train, validation, take(self.test, None, ["label"]), [])

    def _accuracy(self, settings: Any, data: Any, others: Any) -> float:
        """Does what `train` does, and scores the test rows."""
        from dlkit.training.fit import outputs_of
        from dlkit.training.heads import refit_heads, train_heads

        options = {"strategy": self.strategy, "folder": None}
        prepared = self._prepared(others.labelled(data), settings)
        trained = train_heads(settings, [self.task], prepared, **options)
        learned = others.labelled(data.with_validation_learned())
        prepared = self._prepared(learned._replace(validation=data.test), settings)
        heads = refit_heads(settings, [self.task], prepared, epochs=trained.epochs, **options)
        test = prepared.validation(heads.input, [self.task])
        outputs = outputs_of(heads, test, batch_size=256)["label"]
        logits = outputs["logits"] if isinstance(outputs, dict) else outputs
        return float(np.mean(logits.argmax(1) == test.targets["label"]))

    def _discriminator(self, settings: Any, data: Any, others: Any) -> float:
        """Learns from all labelled rows and the unlabelled ones, and scores the test rows."""
        learned = data.with_validation_learned()
        labelled, unlabelled, test = (
            self._encoded(settings, rows)
            for rows in (learned.train.texts, others.texts, data.test.texts)
        )
        targets = self.task.encode(learned.train.labels["label"])
        model = discriminator_of_classes(
            labelled, targets, unlabelled, classes=len(self.task.classes), seed=settings.seed
        )
        found = model.predict(test, batch_size=256, verbose=0).argmax(1)
        return float(np.mean(found == self.task.encode(data.test.labels["label"])))

    def _encoded(self, settings: Any, texts: list[str]) -> np.ndarray:
        """Returns encodings of unit length `(texts, columns)`."""
        from sklearn.preprocessing import normalize

        from dlkit.data.text_rows import LabelledTexts
        from dlkit.training.text_data import TextData

        none = LabelledTexts([], {"label": []})
        rows = LabelledTexts(texts, {"label": [None] * len(texts)})
        prepared = self._prepared(TextData(rows, none, None, []), settings)
        encoding = prepared.training(["encoding"], [self.task]).features["encoding"]
        return normalize(encoding.to_tensor().numpy())

    def _prepared(self, data: Any, settings: Any) -> Any:
        from dlkit.training.prepared import PreparedTexts

        return PreparedTexts(data, settings, encodings=self.encodings)

    def _save(self) -> None:
        pieces = [np.frombuffer(key, np.int32) for key in self.encodings]
        np.savez(
            self._cache,
            pieces=np.concatenate(pieces),
            lengths=[len(part) for part in pieces],
            encodings=np.stack(list(self.encodings.values())),
        )


def discriminator_of_classes(
    labelled: np.ndarray,
    targets: np.ndarray,
    unlabelled: np.ndarray,
    *,
    classes: int,
    seed: int,
    steps: int = 1200,
    batch_size: int = 64,
    noise_units: int = 100,
) -> Any:
    """Trains a classifier whose further class is "made", of logit 0, against a generator.

    Args:
        labelled: float `(labelled rows, columns)` of unit length, as all others.
        targets: int `(labelled rows,)`.
        unlabelled: float `(unlabelled rows, columns)`.
        classes: How many classes there are.
        seed: Seeds everything.
        steps: Steps of training.
        batch_size: Labelled rows in a step, and as many unlabelled and made ones.
        noise_units: Size of the noise.

    Returns:
        A model from `(batch, columns)` to the logits of the classes `(batch, classes)`.
    """
    import keras
    import tensorflow as tf

    from dlkit.networks import TextSizes, text_network
    from dlkit.tasks.losses import ScopedCrossentropy

    keras.utils.set_random_seed(seed)
    columns = labelled.shape[1]
    body = text_network("bert", sizes=TextSizes(0, 0, 0, encoding=columns))
    features = body.output
    logits = keras.layers.Dense(classes, name="logits")(features)
    model = keras.Model(body.input["encoding"], [logits, features])
    generator = keras.Sequential(
        [
            keras.Input((noise_units,)),
            keras.layers.Dense(512, activation="leaky_relu"),
            keras.layers.Dropout(0.1),
            keras.layers.Dense(columns),
            keras.layers.UnitNormalization(),
        ]
    )
    optimizers = []
    for network in (model, generator):
        rate = keras.optimizers.schedules.CosineDecay(
            0.0, steps, warmup_target=1e-3, warmup_steps=steps // 20
        )
        optimizer = keras.optimizers.Adam(rate)
        optimizer.build(network.trainable_variables)
        optimizers.append((optimizer, network.trainable_variables))
    rows, others = tf.constant(labelled), tf.constant(unlabelled)
    crossentropy = ScopedCrossentropy(label_smoothing=0.1)

    @tf.function
    def step() -> None:
        chosen = tf.random.uniform([batch_size], 0, len(labelled), tf.int32)
        drawn = tf.random.uniform([batch_size], 0, len(unlabelled), tf.int32)
        with tf.GradientTape() as tape, tf.GradientTape() as generator_tape:
            made = generator(tf.random.normal([batch_size, noise_units]), training=True)
            shown = tf.concat([tf.gather(rows, chosen), tf.gather(others, drawn), made], 0)
            logits, features = model(shown, training=True)
            known, real, false = tf.split(logits, 3)
            _, real_features, false_features = tf.split(features, 3)
            real, false = (tf.reduce_logsumexp(part, 1) for part in (real, false))
            loss = crossentropy(tf.gather(targets, chosen), known) + tf.reduce_mean(
                tf.nn.softplus(-real) + tf.nn.softplus(false)
            )
            apart = tf.reduce_mean(real_features, 0) - tf.reduce_mean(false_features, 0)
            wanted = tf.reduce_sum(apart**2) + tf.reduce_mean(tf.nn.softplus(-false))
        for (optimizer, variables), each, value in zip(
            optimizers, (tape, generator_tape), (loss, wanted), strict=True
        ):
            optimizer.apply(each.gradient(value, variables), variables)

    for _ in range(steps):
        step()
    return keras.Model(model.input, model.output[0])


if __name__ == "__main__":
    main(tyro.cli(Options))
