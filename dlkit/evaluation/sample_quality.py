"""How near made data are to real data, in the space of some features."""

from collections.abc import Iterator

import numpy as np

_BLOCK = 1024  # rows whose distances to all others are in memory at a time


def sample_quality(real: np.ndarray, made: np.ndarray, *, nearest: int = 5) -> dict[str, float]:
    """Measures made data by all that this module knows.

    Args:
        real: float `(real rows, columns)`.
        made: float `(made rows, columns)`.
        nearest: See `nearest_measures`.

    Returns:
        `frechet_distance`, `kernel_distance`, `precision`, `recall`, `density` and `coverage`.
    """
    return {
        "frechet_distance": frechet_distance(real, made),
        "kernel_distance": kernel_distance(real, made),
        **nearest_measures(real, made, nearest=nearest),
    }


def frechet_distance(real: np.ndarray, made: np.ndarray) -> float:
    """Returns the Frechet distance of the normal distributions that suit the two best.

    Heusel et al., "GANs trained by a two time-scale update rule converge to a local Nash
    equilibrium", 2017. It has the unit of the features squared, and grows as rows get fewer.

    Args:
        real: float `(real rows, columns)`, two rows at least.
        made: float `(made rows, columns)`, two rows at least.
    """
    shift = real.mean(0, dtype=np.float64) - made.mean(0, dtype=np.float64)
    covariances = [np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (real, made)]
    root = _root(covariances[0])
    between = np.linalg.eigvalsh(root @ covariances[1] @ root)  # those of the product of the two
    traces = np.trace(covariances[0]) + np.trace(covariances[1])
    distance = shift @ shift + traces - 2 * np.sqrt(np.maximum(between, 0)).sum()
    return float(max(distance, 0.0))


def kernel_distance(real: np.ndarray, made: np.ndarray) -> float:
    """Returns the squared maximum mean discrepancy with a cubic kernel, without bias.

    Binkowski et al., "Demystifying MMD GANs", 2018. It is 0 on average for rows of one
    distribution, however few, so it may be a little below 0.

    Args:
        real: float `(real rows, columns)`, two rows at least.
        made: float `(made rows, columns)`, two rows at least.
    """
    within = sum(_mean_kernel(rows, rows, itself=True) for rows in (real, made))
    return float(within - 2 * _mean_kernel(real, made, itself=False))


def nearest_measures(real: np.ndarray, made: np.ndarray, *, nearest: int = 5) -> dict[str, float]:
    """Measures whether made rows look real, and whether all kinds of real rows are made.

    A row's neighbourhood is the ball that reaches to the nearest but so many of its own kind.

    - `precision`: share of the made rows in the neighbourhood of any real row; `recall`: share of
      the real rows in that of any made row (Kynkaanniemi et al., "Improved precision and recall
      metric for assessing generative models", 2019).
    - `density`: in how many neighbourhoods of real rows a made row lies, by the number expected,
      which single outliers change little; may be above 1; `coverage`: share of the real rows with a
      made row in their neighbourhood (Naeem et al., "Reliable fidelity and diversity metrics for
      generative models", 2020).

    Args:
        real: float `(real rows, columns)`, more rows than `nearest`.
        made: float `(made rows, columns)`, likewise.
        nearest: How many neighbours a neighbourhood has.

    Returns:
        The four measures by name.

    Raises:
        ValueError: There are too few rows.
    """
    if min(len(real), len(made)) <= nearest:
        msg = f"`nearest` must be below the number of rows. Received: {nearest}, with "
        raise ValueError(f"{msg}{len(real)} real and {len(made)} made rows.")
    real_reach, made_reach = (_reach(rows, nearest) for rows in (real, made))
    in_real = np.zeros(len(made), np.int64)  # neighbourhoods of real rows that a made row is in
    found, covered = 0, 0
    for rows, distances in _distances(real, made):
        inside = distances <= real_reach[rows, None]
        in_real += inside.sum(0)
        covered += int(inside.any(1).sum())
        found += int((distances <= made_reach).any(1).sum())
    return {
        "precision": float((in_real > 0).mean()),
        "recall": found / len(real),
        "density": float(in_real.mean() / nearest),
        "coverage": covered / len(real),
    }


def _root(covariance: np.ndarray) -> np.ndarray:
    """Returns the square root of a symmetric matrix without negative eigenvalues."""
    values, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T


def _mean_kernel(left: np.ndarray, right: np.ndarray, *, itself: bool) -> float:
    """Returns the mean of (x . y / columns + 1) ** 3 over pairs, not of a row with itself."""
    left, right = left.astype(np.float64), right.astype(np.float64)
    columns, total = left.shape[1], 0.0
    for start in range(0, len(left), _BLOCK):
        total += ((left[start : start + _BLOCK] @ right.T / columns + 1) ** 3).sum()
    if not itself:
        return total / (len(left) * len(right))
    alone = (((left * left).sum(1) / columns + 1) ** 3).sum()
    return (total - alone) / (len(left) * (len(left) - 1))


def _reach(rows: np.ndarray, nearest: int) -> np.ndarray:
    """Returns the squared distance of each row to its neighbour of that number, `(rows,)`."""
    parts = [
        np.partition(distances, nearest, axis=1)[:, nearest]  # the row itself is the first
        for _, distances in _distances(rows, rows)
    ]
    return np.concatenate(parts)


def _distances(left: np.ndarray, right: np.ndarray) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields some rows of the left, and their squared distances to all of the right."""
    squares = (right.astype(np.float64) ** 2).sum(1)
    for start in range(0, len(left), _BLOCK):
        rows = slice(start, start + _BLOCK)
        part = left[rows].astype(np.float64)
        distances = (part**2).sum(1)[:, None] + squares - 2 * (part @ right.T)
        yield rows, np.maximum(distances, 0)
