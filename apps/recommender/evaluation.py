"""How good the lists of a run are, as scored and as shown."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from apps.recommender.lists import Rules, make_list
from dlkit.data.event_splits import Cases
from dlkit.errors import InputError
from dlkit.evaluation.ranked_lists import RankedLists, list_qualities, measures
from dlkit.tasks.item_scores import ItemScores
from dlkit.training.retrieval.assembly import popularity_of, rank_cases, unit_vectors
from dlkit.training.retrieval.data import load_retrieval_data, read_cases
from dlkit.training.retrieval.settings import RetrievalTraining
from dlkit.training.same_data import began_with

_AT = 20
_BATCH = 256


def evaluate_run(
    folder: Path,
    settings: RetrievalTraining,
    sources: tuple[list[str], list[str]],
    model: keras.Model,
    *,
    events: Sequence[str],
    diversity: float,
) -> dict[str, Any]:
    """Measures the model of a run.

    Args:
        folder: The run folder.
        settings: Those of the run.
        sources: Files of items and events that the run has learned from.
        model: Its model.
        events: Files of events to find; without any, the test of the run.
        diversity: The dial of the shown lists.

    Returns:
        `test`, the items with the highest scores, and `shown`, the lists with the dial.

    Raises:
        InputError: A file breaks a rule, the run has learned from other rows, or it has no test.
    """
    data = load_retrieval_data(settings, *sources)
    if not began_with(folder, data.digest()):
        given = ", ".join([*sources[0], *sources[1]])
        msg = "`evaluate` needs the items and events that the run was trained with. Received: "
        raise InputError(f"{msg}{given}, which have changed. Train again.")
    cases = read_cases(settings, events, data.items, data.split.events) if events else data.test
    if cases is None:
        msg = f"`--events` must be given, as the run in {folder} has no test. Received none."
        raise InputError(msg)
    layer = model.get_layer("item_scores")
    learned = data.split.training(with_validation=settings.refit)
    popularity = popularity_of(learned, layer.items)
    vectors = unit_vectors(layer)
    ranked = layer.items if cases.candidates is None else len(cases.candidates)
    lists = {
        "test": rank_cases(layer, cases),
        "shown": diverse_lists(layer, cases, data.items.category_numbers(), diversity=diversity),
    }
    return {
        name: measures(found)
        | list_qualities(found, popularity=popularity, vectors=vectors, ranked=ranked)
        for name, found in lists.items()
    }


def diverse_lists(
    layer: ItemScores, cases: Cases, categories: np.ndarray, *, diversity: float
) -> RankedLists:
    """Makes the list of each case with the dial."""
    vectors, rules = unit_vectors(layer), Rules(diversity=diversity)
    if cases.candidates is not None:
        rules = rules._replace(allow=frozenset(cases.candidates.tolist()))
    score = tf.function(layer, input_signature=[tf.TensorSpec((None, None), tf.int32)])
    items = np.full((len(cases.users), _AT), -1)
    for start in range(0, len(items), _BATCH):
        rows = np.arange(start, min(start + _BATCH, len(items)))
        given = cases.given.take(rows)
        numbers = given.padded(max(layer.longest, int(given.lengths.max())))
        for row, scores in zip(rows, score(numbers).numpy(), strict=True):
            chosen = make_list(scores, vectors, categories, rules, size=_AT)
            items[row, : len(chosen)] = chosen
    wanted = cases.wanted.matrix(layer.items)
    places = np.arange(len(items))[:, None]
    hits = np.asarray(wanted[places, np.maximum(items, 0)].todense()) > 0
    return RankedLists(items, hits & (items >= 0), np.diff(wanted.indptr))
