"""Groups among images whose labels nobody looks at, beside k-means on pixels and on codes.

The test images of Fashion-MNIST are grouped into ten groups. Deep embedded clustering gets the
pixels as they are, as rows of numbers. Its peers are k-means on the pixels and k-means on the codes
of an autoencoder, trained here on the same images; between them stands k-means on pixels averaged
over the nearest images, which is where deep clustering begins. A group counts as the class to which
the best assignment of groups to classes gives it.

    python benchmarks/image_clustering.py --data-folder DATA
"""

import dataclasses
import gzip
import time
from collections.abc import Callable
from pathlib import Path
from statistics import mean, stdev

import numpy as np
import tyro

GROUPS = 10
EPOCHS, BATCH = 20, 256


@dataclasses.dataclass(frozen=True)
class Options:
    """Group images without their labels."""

    data_folder: Path
    """Folder of the data sets."""

    seeds: int = 3
    """How often all methods run."""

    rows: int = 10_000
    """How many of the images."""


def main(options: Options) -> None:
    """Prints accuracy and mutual information of each seed, then mean and spread."""
    pixels, right = _read(options.data_folder / "fashion_mnist", options.rows)
    results: dict[str, list[tuple[float, float, float]]] = {}
    for seed in range(options.seeds):
        for name, group in _methods(pixels, seed).items():
            start = time.process_time()
            scores = (*_scores(right, group()), time.process_time() - start)
            results.setdefault(name, []).append(scores)
            print(f"seed {seed}: {name}: {scores[0]:.4f}, {scores[1]:.4f}", flush=True)
    print("\n| what | accuracy | mutual information | CPU seconds |\n|---|---|---|---|")
    for name, values in results.items():
        accuracy, information, seconds = zip(*values, strict=True)
        cells = f"{_spread(accuracy)} | {_spread(information)} | {mean(seconds):.0f}"
        print(f"| {name} | {cells} |")


def _methods(pixels: np.ndarray, seed: int) -> dict[str, Callable[[], np.ndarray]]:
    from sklearn.cluster import KMeans

    from dlkit.tasks.clustering import cluster

    kmeans = KMeans(GROUPS, n_init=10, random_state=seed)
    given = {"groups": GROUPS, "seed": seed}
    return {
        "k-means on pixels": lambda: kmeans.fit_predict(pixels),
        "k-means on autoencoder codes": lambda: kmeans.fit_predict(_codes(pixels, seed)),
        "k-means, averaged over neighbours": lambda: (
            cluster(pixels, method="kmeans", **given).labels
        ),
        "deep": lambda: cluster(pixels, method="deep", **given).labels,
    }


def _codes(pixels: np.ndarray, seed: int) -> np.ndarray:
    import keras

    from dlkit.networks.autoencoder import autoencoder

    keras.utils.set_random_seed(seed)
    model = autoencoder(input_shape=pixels.shape[1:], units=(500,), code_units=10, dropout=0.0)
    model.compile(keras.optimizers.Adam(1e-3), "mse", jit_compile=False)
    model.fit(pixels, pixels, batch_size=BATCH, epochs=EPOCHS, verbose=0)
    encoder = keras.Model(model.input, model.get_layer("autoencoder_code").output)
    return encoder.predict(pixels, batch_size=BATCH, verbose=0)


def _scores(right: np.ndarray, groups: np.ndarray) -> tuple[float, float]:
    """Returns the accuracy by the best assignment, and the normalized mutual information."""
    from scipy.optimize import linear_sum_assignment
    from sklearn.metrics import normalized_mutual_info_score

    counts = np.zeros((GROUPS, GROUPS), np.int64)
    np.add.at(counts, (groups, right), 1)
    found = counts[linear_sum_assignment(counts, maximize=True)].sum() / len(right)
    return float(found), float(normalized_mutual_info_score(right, groups))


def _spread(values: tuple[float, ...]) -> str:
    return f"{mean(values):.3f}" + (f" ± {stdev(values):.3f}" if len(values) > 1 else "")


def _read(folder: Path, rows: int) -> tuple[np.ndarray, np.ndarray]:
    with gzip.open(folder / "t10k-images-idx3-ubyte.gz") as file:
        pixels = np.frombuffer(file.read(), np.uint8, offset=16).reshape(-1, 28 * 28)
    with gzip.open(folder / "t10k-labels-idx1-ubyte.gz") as file:
        labels = np.frombuffer(file.read(), np.uint8, offset=8)
    return pixels[:rows].astype(np.float32) / 255, labels[:rows].astype(np.int64)


if __name__ == "__main__":
    main(tyro.cli(Options))
