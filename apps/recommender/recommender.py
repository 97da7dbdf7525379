"""A run, ready to recommend."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from apps.recommender.lists import make_list, reasons
from apps.recommender.rules import Rules
from dlkit.data.histories import histories_of_lists
from dlkit.data.messages import closest, shown
from dlkit.errors import InputError
from dlkit.tasks.item_scores import recommending_model
from dlkit.training.retrieval.assembly import unit_vectors
from dlkit.training.retrieval.catalogue import read_items_of_run, read_user
from dlkit.training.retrieval.data import load_items
from dlkit.training.retrieval.item_text import ItemTerms
from dlkit.training.retrieval.new_items import with_new_items
from dlkit.training.retrieval.settings import RetrievalTraining
from dlkit.training.retrieval.train import AT

_DECIMALS = 4


class Recommender:
    """Recommends from the model of a run.

    Args:
        folder: The run folder.
        model: Its model.
        settings: Its settings.
        new_items: Files of items that came after the training.

    Attributes:
        model: From histories to items, see `recommending_model`.
        items: What it recommends.
    """

    def __init__(
        self,
        folder: Path,
        model: keras.Model,
        settings: RetrievalTraining,
        new_items: Sequence[str] = (),
    ) -> None:
        self.model, self.items = model, read_items_of_run(folder)
        self._layer = model.get_layer("item_scores")
        if new_items:
            self._layer, self.items = with_new_items(
                self._layer,
                self.items,
                load_items(settings, new_items),
                folder,
                pretrained=settings.pretrained,
            )
            self.model = recommending_model(self._layer, self.items.ids, at=AT)
        self._folder = folder
        self._numbers = {name: number for number, name in enumerate(self.items.ids)}
        self._vectors = unit_vectors(self._layer)
        self._categories = self.items.category_numbers()
        self._scores = tf.function(
            self._layer, input_signature=[tf.TensorSpec((None, None), tf.int32)]
        )

    def known(self, names: Iterable[str]) -> list[int]:
        """Returns the numbers of items, those that are not known left out."""
        return [self._numbers[name] for name in names if name in self._numbers]

    def numbers(self, names: Sequence[str], *, option: str) -> list[int]:
        """Returns the numbers of items, empty names left out.

        Raises:
            InputError: There is no such item.
        """
        return [self.number(name, option=option) for name in names if name.strip()]

    def number(self, name: str, *, option: str) -> int:
        """Returns the number of an item.

        Raises:
            InputError: There is no such item.
        """
        number = self._numbers.get(name.strip())
        if number is None:
            hint = closest(name, self.items.ids)
            msg = f"`{option}` must name items of the run. Received: {shown(name)}{hint}. "
            raise InputError(f"{msg}Look into `--items` for their ids.")
        return number

    def history_of(self, user: str) -> list[int]:
        """Returns what a user of the run did, oldest first.

        Raises:
            InputError: The run does not know them.
        """
        history = read_user(self._folder, user)
        if history is None:
            msg = f"`--user` must be one of the run. Received: {shown(user)}. Give `--history`"
            raise InputError(f'{msg} with what they did, or `--history ""` for a new one.')
        return history

    def recommend(self, history: Sequence[int], rules: Rules, *, size: int) -> list[dict[str, Any]]:
        """Makes a list.

        Args:
            history: Numbers of items, oldest first.
            rules: What may be in the list.
            size: Most items of it.

        Returns:
            An object for each item, with the reason for it.
        """
        padded = histories_of_lists([history]).padded(max(self._layer.longest, len(history)))
        scores = self._scores(tf.constant(padded)).numpy()[0]
        chosen = make_list(scores, self._vectors, self._categories, rules, size=size)
        read = history[-self._layer.longest :]
        why = reasons(chosen, read, self._vectors, self._linear(read))
        lines = []
        for item, reason in zip(chosen, why, strict=True):
            line = {**self._shown(item), "score": round(float(scores[item]), _DECIMALS)}
            line["reason"] = "popular" if reason is None else self._because(item, reason)
            lines.append(line)
        return lines

    def similar(self, item: int, *, size: int) -> list[dict[str, Any]]:
        """Names the items that are most like one: by who takes them, and by their texts."""
        terms = ItemTerms.read(self._folder).matrix(self.items)
        of_texts = (terms @ terms[item].T).toarray().ravel()
        likeness = (self._vectors @ self._vectors[item] + of_texts) / 2
        likeness[item] = -np.inf
        best = np.argsort(-likeness, kind="stable")[: min(size, len(likeness) - 1)]
        return [
            {**self._shown(int(other)), "similarity": round(float(likeness[other]), _DECIMALS)}
            for other in best
        ]

    def _linear(self, history: Sequence[int]) -> np.ndarray:
        """Returns what each item of a history says for others, `(history, items)`."""
        dense = np.zeros((len(history), len(self.items.ids)), np.float32)
        numbers = self._layer.neighbour_numbers.numpy()[list(history)]
        weights = self._layer.neighbour_weights.numpy()[list(history)]
        np.put_along_axis(dense, numbers, weights, 1)
        return dense

    def _shown(self, item: int) -> dict[str, Any]:
        return {"item": self.items.ids[item], "title": self.items.titles[item]}

    def _because(self, item: int, reason: int) -> dict[str, Any]:
        own = self.items.tags[item]
        shared = [tag for tag in self.items.tags[reason] if tag in own]
        return {**self._shown(reason), "shared": shared}
