"""Candidate classes among texts that have no label."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import keras
import numpy as np
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE

from dlkit.errors import InputError
from dlkit.evaluation.discovery import CandidateGroup
from dlkit.tasks import Classification, answer_batches
from dlkit.tasks.clustering import LEAST_ROWS, Clusters, Method, cluster
from dlkit.tasks.features import text_features
from dlkit.text.telling_terms import telling_terms

MOST_TEXTS = 20_000
"""So many texts are grouped; of more, as many are drawn. They show what people ask as well."""

_MOST_POINTS = 2000
_COMPONENTS = 50
_BATCH = 256


class Discovery(NamedTuple):
    """What was found.

    Args:
        groups: The candidate classes, the largest first.
        clusters: The group of each of the `texts`.
        texts: The texts that were grouped.
        points: int64 `(points,)`, the texts that are on the map.
        places: float32 `(points, 2)`, where they are there.
    """

    groups: list[CandidateGroup]
    clusters: Clusters
    texts: list[str]
    points: np.ndarray
    places: np.ndarray


def discover_groups(
    model: keras.Model,
    task: Classification,
    texts: Sequence[str],
    *,
    groups: int,
    method: Method,
    rejected_only: bool,
    seed: int,
    progress: Callable[[str], object],
) -> Discovery:
    """Groups texts by what a model makes of them, and names and describes the groups.

    Args:
        model: The answering model of a run.
        task: Its classification.
        texts: The texts; copies count once.
        groups: How many groups; 0 chooses by itself.
        method: See `cluster`.
        rejected_only: Leaves out texts that the model has an answer for.
        seed: Seeds what is random.
        progress: Gets a few words before each step.

    Returns:
        The groups.

    Raises:
        InputError: There are too few texts.
    """
    progress("answering the texts")
    distinct = np.array(list(dict.fromkeys(texts)), object)
    chosen = np.random.default_rng(seed).permutation(len(distinct))[:MOST_TEXTS]
    distinct = distinct[np.sort(chosen)]
    answers = _answers(model, distinct.tolist())
    if rejected_only:
        rejected = answers["out_of_scope"]
        distinct = distinct[rejected]
        answers = {name: value[rejected] for name, value in answers.items()}
    kept = distinct.tolist()
    if len(kept) < LEAST_ROWS:
        what = "different texts that the run rejects" if rejected_only else "different texts"
        msg = f"`--input` must have at least {LEAST_ROWS} {what}. Received: {len(kept)}."
        raise InputError(msg + " Give more rows.")
    progress("describing the texts")
    features = text_features(model, task, kept)
    progress("grouping the texts")
    found = cluster(features, groups=groups, method=method, seed=seed)
    progress("drawing the map")
    points = np.sort(np.random.default_rng(seed).permutation(len(kept))[:_MOST_POINTS])
    places = _map(features[points], seed)
    described = _described(task, kept, answers, found)
    return Discovery(described, found, kept, points, places)


def _answers(model: keras.Model, texts: Sequence[str]) -> dict[str, np.ndarray]:
    parts = [answers for _, answers in answer_batches(model, texts, batch_size=_BATCH)]
    names = ("label", "confidence", "out_of_scope")
    return {name: np.concatenate([part[name] for part in parts]) for name in names} if parts else {}


def _described(
    task: Classification,
    texts: Sequence[str],
    answers: dict[str, np.ndarray],
    found: Clusters,
) -> list[CandidateGroup]:
    members = [_clearest_first(found, number) for number in range(found.labels.max() + 1)]
    terms = telling_terms([[texts[row] for row in rows] for rows in members])
    taken, groups = set(task.classes), []
    for number, (rows, words) in enumerate(zip(members, terms, strict=True)):
        name = _name(words, number, taken)
        taken.add(name)
        [(nearest, share)] = Counter(answers["label"][rows].tolist()).most_common(1)
        group = CandidateGroup(
            name=name,
            terms=words,
            texts=[texts[row] for row in rows],
            nearest=nearest.decode(),
            nearest_share=share / len(rows),
            confidence=float(answers["confidence"][rows].mean()),
            rejected=float(answers["out_of_scope"][rows].mean()),
        )
        groups.append(group)
    return groups


def _clearest_first(found: Clusters, number: int) -> np.ndarray:
    rows = np.flatnonzero(found.labels == number)
    return rows[np.argsort(-found.strengths[rows], kind="stable")]


def _name(terms: Sequence[str], number: int, taken: set[str]) -> str:
    """Joins the most telling terms to a name that no class has."""
    name = "_".join(terms[:2]).replace(" ", "_") or f"group_{number + 1}"
    return name if name not in taken else f"{name}_{number + 1}"


def _map(features: np.ndarray, seed: int) -> np.ndarray:
    """Draws rows on a plane (van der Maaten and Hinton, 2008): float32 `(rows, 2)`."""
    reduced = PCA(min(_COMPONENTS, *features.shape), random_state=seed).fit_transform(features)
    perplexity = min(30.0, (len(features) - 1) / 3)
    return TSNE(2, perplexity=perplexity, init="pca", random_state=seed).fit_transform(reduced)
