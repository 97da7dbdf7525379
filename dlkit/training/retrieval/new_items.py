"""Items that came after the training: they stand on their texts, without training again."""

from pathlib import Path

import keras
import numpy as np
import scipy.sparse as sp

from dlkit.data.items import Items
from dlkit.errors import InputError
from dlkit.tasks.item_scores import ItemScores
from dlkit.tasks.ranking import Ranking
from dlkit.training.retrieval.assembly import Deep, Mix, assemble, with_ranking
from dlkit.training.retrieval.item_text import ItemTerms, text_neighbours
from dlkit.training.retrieval.linear import ItemWeights
from dlkit.training.retrieval.ranking import RankingTables, ranking_of
from dlkit.training.retrieval.text_encodings import encode_texts
from dlkit.training.run_folder import write_atomically

_FILE = "tower.npz"
_ALIKE = 5


def write_text_part(folder: Path, terms: np.ndarray, projection: np.ndarray) -> None:
    """Writes what makes a vector from a text, see `ItemTower.text_part`."""
    write_atomically(
        folder / _FILE, lambda path: np.savez(path, terms=terms, projection=projection)
    )


def with_new_items(
    layer: ItemScores, items: Items, new: Items, folder: Path, *, pretrained: str | None
) -> tuple[ItemScores, Items]:
    """Adds items to a layer that scores.

    Args:
        layer: That of a run.
        items: Those that it scores.
        new: Those that are to be added; ones that it scores already are left as they are.
        folder: The run folder.
        pretrained: The encoder of the run, if it has one.

    Returns:
        A layer that scores all of them, and all of them.

    Raises:
        InputError: The run lacks what makes a vector from a text.
    """
    known = set(items.ids)
    new = new.take(np.flatnonzero([name not in known for name in new.ids]))
    if not new.ids:
        return layer, items
    try:
        with np.load(folder / _FILE) as saved:
            term_vectors, projection = saved["terms"], saved["projection"]
    except (OSError, KeyError, ValueError) as error:
        msg = f"`{_FILE}` of the run cannot be read: {error}. Train the run again."
        raise InputError(msg) from error
    vectorizer = ItemTerms.read(folder)
    old_terms, new_terms = vectorizer.matrix(items), vectorizer.matrix(new)
    vectors = new_terms @ term_vectors
    if len(projection):
        vectors += encode_texts(str(pretrained), new.texts, folder) @ projection
    numbers, cosines = text_neighbours(new_terms, old_terms, neighbours=_ALIKE)
    every = items.followed_by(new)
    popularity = np.append(_users_of(layer), np.zeros(len(new.ids)))
    together = assemble(
        _with_rows(layer, numbers, cosines),
        Deep(
            np.concatenate([layer.vectors.numpy(), vectors]),
            np.append(layer.bias.numpy(), np.zeros(len(new.ids))),
            keras.models.clone_model(layer.encoder),
        ),
        popularity,
        sp.vstack([old_terms, new_terms]).tocsr(),
        longest=layer.longest,
        mix=Mix(layer.mix, layer.decay, layer.temperature),
    )
    together.encoder.set_weights(layer.encoder.get_weights())
    if layer.ranking is not None:
        ranking = _with_items(layer.ranking, every, len(new.ids))
        together = with_ranking(together, ranking)
    return together, every


def _with_items(ranking: Ranking, items: Items, new: int) -> Ranking:
    """Adds new items, as usual as most for all that is known, to what a ranking stage knows."""
    known = ranking.columns.numpy()
    features = np.reshape(np.array(items.features[-new:], np.float32), (new, -1))
    usage = known[:, : ranking.item_columns - features.shape[1]].mean(0)
    columns = np.vstack([known, np.column_stack([np.tile(usage, (new, 1)), features])])
    tables = RankingTables(columns, items.category_numbers())
    return ranking_of(ranking.network, ranking.strengths, tables)


def _users_of(layer: ItemScores) -> np.ndarray:
    """Returns the popularity in its order: 0 for items that nobody used, 1 and more for others."""
    popularity = layer.popularity.numpy().astype(np.float64)
    used = np.ones(layer.items, bool)
    used[layer.new_numbers.numpy()] = False
    return np.where(used, np.expm1(popularity - popularity[used].min()) + 1, 0.0)


def _with_rows(layer: ItemScores, numbers: np.ndarray, cosines: np.ndarray) -> ItemWeights:
    """Gives new items, once they are in a history, the weights of those that are most like them."""
    width = layer.neighbours
    known_numbers = layer.neighbour_numbers.numpy()
    known_weights = layer.neighbour_weights.numpy()
    more_numbers = np.zeros((len(numbers), width), np.int32)
    more_weights = np.zeros((len(numbers), width), np.float32)
    shares = cosines / np.maximum(cosines.sum(1, keepdims=True), 1.0)
    for row, (alike, share) in enumerate(zip(numbers, shares, strict=True)):
        total = np.zeros(layer.items, np.float32)
        np.add.at(total, known_numbers[alike], known_weights[alike] * share[:, None])
        best = np.argpartition(-np.abs(total), width - 1)[:width]
        more_numbers[row], more_weights[row] = best, total[best]
    return ItemWeights(
        np.concatenate([known_numbers, more_numbers]),
        np.concatenate([known_weights, more_weights]),
    )
