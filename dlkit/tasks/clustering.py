"""Groups of rows that nobody has labelled, found in their features."""

from collections.abc import Iterable
from typing import Literal, NamedTuple, get_args

import numpy as np
from sklearn.cluster import HDBSCAN, KMeans
from sklearn.decomposition import PCA
from sklearn.metrics import silhouette_score
from sklearn.neighbors import NearestNeighbors
from sklearn.preprocessing import normalize

from dlkit.errors import InputError
from dlkit.tasks.deep_clustering import fit_deep_clusters

Method = Literal["deep", "kmeans", "density"]

_NEIGHBOURS = 15
_ROUNDS = 2
_STARTS = 10
_SCORED_ROWS = 2000
_MOST_GROUPS = 60
LEAST_ROWS = 8
"""Fewer rows have no groups to speak of."""

_COMPONENTS = 50


class Clusters(NamedTuple):
    """Which group each row is in.

    Args:
        labels: int64 `(rows,)`, from 0 and without gaps; -1 where a row is in none.
        strengths: float64 `(rows,)` from 0 to 1, how clearly a row belongs to its group.
        quality: Mean silhouette of the rows that are in a group, from -1 to 1.
    """

    labels: np.ndarray
    strengths: np.ndarray
    quality: float


def cluster(
    features: np.ndarray, *, groups: int = 0, method: Method = "deep", seed: int = 0
) -> Clusters:
    """Groups rows by their features, without any label.

    "deep" is deep embedded clustering (Xie, Girshick and Farhadi, "Unsupervised deep embedding for
    clustering analysis", 2016); "kmeans" (Lloyd, 1982) and "density", which leaves rows out that
    are in no dense place (Campello, Moulavi and Sander, HDBSCAN, 2013), are its references. All of
    them see features that were averaged over the neighbours of each row.

    Args:
        features: float `(rows, columns)`.
        groups: How many groups; 0 takes as many as `number_of_groups` finds. "density" finds them
            by itself.
        method: How to group.
        seed: Seeds what is random.

    Returns:
        The groups, the largest first.

    Raises:
        InputError: There are too few rows for so many groups.

    Example:
        >>> corners = np.random.default_rng(0).normal(size=(40, 5)) * 0.1
        >>> corners[20:] += 1
        >>> np.bincount(cluster(corners, groups=2, method="kmeans").labels).tolist()
        [20, 20]
    """
    _check(features, groups, method)
    smoothed = averaged_over_neighbours(features)
    if method == "density":
        labels, strengths = _density_clusters(smoothed)
    else:
        count = groups or number_of_groups(features, smoothed, seed=seed)
        start = KMeans(count, n_init=_STARTS, random_state=seed).fit(smoothed)
        labels, strengths = start.labels_, _softmin(start.transform(smoothed))
        if method == "deep":
            labels, strengths = fit_deep_clusters(smoothed, start=labels, seed=seed)
    quality = _silhouette(normalize(features), labels, seed)
    return Clusters(_by_size(labels), strengths, quality)


def averaged_over_neighbours(features: np.ndarray) -> np.ndarray:
    """Averages the directions of rows over their nearest neighbours, which draws groups together.

    The step of a graph convolution without weights (Wu et al., "Simplifying graph convolutional
    networks", 2019), on the graph of nearest neighbours by cosine.

    Args:
        features: float `(rows, columns)`.

    Returns:
        float32 `(rows, columns)` of unit length.
    """
    unit = normalize(features).astype(np.float32)
    neighbours = min(_NEIGHBOURS, 1 + round(np.sqrt(len(unit)) / 3))
    for _ in range(_ROUNDS):
        # the nearest one is the row itself
        graph = NearestNeighbors(n_neighbors=neighbours, algorithm="brute").fit(unit)
        unit = normalize(graph.kneighbors_graph(unit) @ unit).astype(np.float32)
    return unit


def number_of_groups(features: np.ndarray, smoothed: np.ndarray, *, seed: int = 0) -> int:
    """Chooses the number of groups with the best mean silhouette, by k-means and without labels.

    Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster
    analysis", 1987.

    Args:
        features: float `(rows, columns)`, by which groups are scored: averaged ones would always
            speak for more of them.
        smoothed: float `(rows, columns)`, the same averaged over neighbours, which are grouped.
        seed: Seeds the starts of k-means, and the draw of rows where there are many.

    Returns:
        From 2 to 60, and at most a group for each four rows.
    """
    unit, smoothed = normalize(features), _reduced(smoothed, seed)
    most = min(_MOST_GROUPS, len(features) // 4)
    scores: dict[int, float] = {}

    def best_of(tried: Iterable[int]) -> int:
        for groups in set(tried) - set(scores):
            labels = KMeans(groups, n_init=3, random_state=seed).fit_predict(smoothed)
            scores[groups] = _silhouette(unit, labels, seed)
        return max(scores, key=lambda groups: scores[groups])

    coarse = best_of(np.geomspace(2, most, num=16).round().astype(int).tolist())
    return best_of(range(max(2, coarse - 2), min(most, coarse + 2) + 1))


def _silhouette(features: np.ndarray, labels: np.ndarray, seed: int) -> float:
    """Returns the mean over at most 2,000 of the rows that are in a group."""
    kept = np.flatnonzero(labels >= 0)
    kept = np.random.default_rng(seed).permutation(kept)[:_SCORED_ROWS]
    if not 2 <= len(np.unique(labels[kept])) < len(kept):
        return 0.0
    return float(silhouette_score(features[kept], labels[kept]))


def _density_clusters(features: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    least = max(3, min(15, len(features) // 20))
    found = HDBSCAN(min_cluster_size=least, copy=True).fit(_reduced(features, 0))
    return found.labels_, found.probabilities_


def _reduced(features: np.ndarray, seed: int) -> np.ndarray:
    components = min(_COMPONENTS, *features.shape)
    return PCA(components, random_state=seed).fit_transform(features)


def _softmin(distances: np.ndarray) -> np.ndarray:
    """Returns the share of the nearest centre under Student's t, `(rows,)`."""
    nearness = 1 / (1 + distances**2)
    return nearness.max(1) / nearness.sum(1)


def _by_size(labels: np.ndarray) -> np.ndarray:
    """Numbers the groups from the largest on, without gaps; -1 stays."""
    names, sizes = np.unique(labels[labels >= 0], return_counts=True)
    numbers = {int(name): number for number, name in enumerate(names[np.argsort(-sizes)])}
    return np.array([numbers.get(int(label), -1) for label in labels], np.int64)


def _check(features: np.ndarray, groups: int, method: Method) -> None:
    if method not in get_args(Method):
        names = ", ".join(get_args(Method))
        raise InputError(f"`--method` must be one of {names}. Received: {method}.")
    if groups < 0 or groups == 1:
        msg = "`--groups` must be at least 2, or 0 to choose by itself. Received: "
        raise InputError(f"{msg}{groups}.")
    if len(features) < max(LEAST_ROWS, 2 * groups):
        least = max(LEAST_ROWS, 2 * groups)
        msg = f"`--input` must have at least {least} rows to group. Received: {len(features)}."
        raise InputError(msg + " Give more rows, or ask for fewer `--groups`.")
