"""A GAN on Fashion-MNIST, without classes and by class: how near its images are to real ones.

Distances are in the feature space of a classifier trained here on real images, so they compare
with each other but not with figures from other feature spaces; the same measures between training
and test images say what is the best to reach. The use of images by class is measured by a
classifier that learns from 60,000 of them and nothing else, and is tested on real ones.

    python benchmarks/generative.py --data-folder DATA --folder RUNS

A second call goes on where the first was stopped. CPU seconds count all threads.
"""

import dataclasses
import gzip
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tyro

CLASSES, SIDE, MEASURED, MADE = 10, 28, 10_000, 60_000


@dataclasses.dataclass(frozen=True)
class Options:
    """Train, make images, measure."""

    data_folder: Path
    """Folder of the data sets."""

    folder: Path
    """Where the state and the pictures of both trainings land."""

    epochs: int = 12
    """Epochs of each GAN."""

    seed: int = 0
    """Seeds everything."""


def main(options: Options) -> None:
    """Prints a table of the measures, the accuracies, and the CPU seconds."""
    options.folder.mkdir(parents=True, exist_ok=True)
    train, test = (read(options.data_folder / "fashion_mnist", part) for part in ("train", "t10k"))
    notes = Notes(options.folder / "notes.json")
    gans = {
        name: notes.timed(
            f"gan {name}", lambda n=name: trained_gan(options, train, n), goes_on=True
        )
        for name in ("by class", "without classes")
    }
    made_classes = np.random.default_rng(options.seed).permutation(np.arange(MADE) % CLASSES)
    made = {name: made_by(gan, made_classes, name) for name, gan in gans.items()}
    real_model = notes.timed("classifier of real images", lambda: classifier(train, options.seed))
    learned = (made["by class"], made_classes)
    made_model = notes.timed("classifier of made images", lambda: classifier(learned, options.seed))
    report(features_of(real_model), train, test, made)
    print(f"accuracy on real test images: learned from real ones {accuracy(real_model, test):.4f}")
    print(f"accuracy on real test images: learned from made ones {accuracy(made_model, test):.4f}")
    print(f"CPU seconds: {notes.values}, together {sum(notes.values.values()):.0f}")


class Notes:
    """The CPU seconds of each part, kept over calls."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.values: dict[str, float] = json.loads(path.read_text()) if path.exists() else {}

    def timed(self, name: str, work: Callable[[], Any], *, goes_on: bool = False) -> Any:
        """Does the work; the seconds of earlier calls count where it goes on with theirs."""
        start = time.process_time()
        result = work()
        earlier = self.values.get(name, 0.0) if goes_on else 0.0
        self.values[name] = round(earlier + time.process_time() - start, 1)
        self._path.write_text(json.dumps(self.values))
        print(f"{name}: {self.values[name]:.0f} CPU seconds", flush=True)
        return result


def read(folder: Path, part: str) -> tuple[np.ndarray, np.ndarray]:
    """Returns images uint8 `(images, 28, 28, 1)` and classes int32 `(images,)`."""
    with gzip.open(folder / f"{part}-images-idx3-ubyte.gz") as file:
        images = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, SIDE, SIDE, 1)
    with gzip.open(folder / f"{part}-labels-idx1-ubyte.gz") as file:
        return images, np.frombuffer(file.read(), np.uint8, offset=8).astype(np.int32)


def trained_gan(options: Options, train: tuple[np.ndarray, np.ndarray], name: str) -> Any:
    """Trains a GAN, or goes on with it."""
    import keras

    from dlkit.networks.gan import discriminator, generator
    from dlkit.training.generation.gan import Gan
    from dlkit.training.generation.train import train_gan

    keras.utils.set_random_seed(options.seed)
    by_class = name == "by class"
    shape = {"image_shape": (SIDE, SIDE, 1), "classes": CLASSES if by_class else 0}
    gan = Gan(
        generator(**shape, filters=(128, 64)),
        discriminator(**shape, filters=(32, 64)),
        seed=options.seed,
    )
    folder = options.folder / name.replace(" ", "-")
    folder.mkdir(exist_ok=True)
    train_gan(
        gan,
        train[0],
        train[1] if by_class else None,
        epochs=options.epochs,
        batch_size=64,
        learning_rate=3e-4,
        seed=options.seed,
        folder=folder,
        resume=True,
    )
    return gan


def made_by(gan: Any, classes: np.ndarray, name: str) -> np.ndarray:
    """Makes one image for each of the classes, uint8 `(images, 28, 28, 1)`."""
    from dlkit.training.generation.images import make_images

    wanted = classes if name == "by class" else None
    return make_images(gan.averaged, len(classes), seed=1, classes=wanted)


def classifier(rows: tuple[np.ndarray, np.ndarray], seed: int) -> Any:
    """Trains a small convolutional network for three epochs."""
    import keras

    from dlkit.networks.cnn import image_cnn

    keras.utils.set_random_seed(seed)
    body = image_cnn(
        input_shape=(SIDE, SIDE, 1), filters=(16, 32), kernel_size=5, dense_units=(120, 84)
    )
    pixels = keras.Input((SIDE, SIDE, 1), dtype="uint8", name="pixels")
    features = body(keras.layers.Rescaling(1 / 127.5, offset=-1)(pixels))
    outputs = keras.layers.Dense(CLASSES, name="logits")(features)
    model = keras.Model(pixels, outputs)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(1e-3), loss, metrics=["accuracy"], jit_compile=False)
    model.fit(*rows, batch_size=128, epochs=3, verbose=0)
    return model


def accuracy(model: Any, rows: tuple[np.ndarray, np.ndarray]) -> float:
    """Returns the share of images whose class is found."""
    return float(np.mean(model.predict(rows[0], verbose=0).argmax(1) == rows[1]))


def features_of(model: Any) -> Callable[[np.ndarray], np.ndarray]:
    """Returns what maps images to the input of the last layer."""
    import keras

    body = keras.Model(model.input, model.get_layer("logits").input)
    return lambda images: body.predict(images, batch_size=256, verbose=0)


def report(
    features: Callable[[np.ndarray], np.ndarray],
    train: tuple[np.ndarray, np.ndarray],
    test: tuple[np.ndarray, np.ndarray],
    made: dict[str, np.ndarray],
) -> None:
    """Prints how near training images and made images are to the test images."""
    from dlkit.evaluation.sample_quality import sample_quality

    chosen = np.random.default_rng(0).permutation(len(train[0]))[:MEASURED]
    real, compared = features(test[0]), {"training images": train[0][chosen]}
    compared |= {f"made {name}": images[:MEASURED] for name, images in made.items()}
    names: list[str] = []
    for name, images in compared.items():
        values = sample_quality(real, features(images))
        if not names:
            names = list(values)
            print("| compared with test images | " + " | ".join(names) + " |")
            print("|---" * (len(names) + 1) + "|")
        print(f"| {name} | " + " | ".join(f"{value:.4f}" for value in values.values()) + " |")


if __name__ == "__main__":
    main(tyro.cli(Options))
