"""The road of a recommender: items and events in, a run folder with a measured model out."""

import dataclasses
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np

from dlkit.data.event_splits import Cases
from dlkit.data.histories import Histories, histories_of
from dlkit.evaluation.ranked_lists import measures
from dlkit.evaluation.report import write_report
from dlkit.tasks.item_scores import ItemScores, recommending_model
from dlkit.training.devices import prepare_devices
from dlkit.training.fit import best_epoch
from dlkit.training.memory import peak_memory_mb
from dlkit.training.retrieval.assembly import (
    Deep,
    Mix,
    assemble,
    choose_mix,
    popularity_of,
    rank_cases,
    unit_vectors,
    with_ranking,
)
from dlkit.training.retrieval.catalogue import write_catalogue
from dlkit.training.retrieval.data import RetrievalData, load_retrieval_data
from dlkit.training.retrieval.fit import (
    ItemFeatures,
    build_retrieval,
    deep_part,
    fit_retrieval,
    network_of,
    recipe_of,
)
from dlkit.training.retrieval.item_text import ItemTerms
from dlkit.training.retrieval.linear import (
    ItemWeights,
    Penalties,
    choose_penalties,
    learn_item_weights,
)
from dlkit.training.retrieval.measuring import Shown, baselines, measured
from dlkit.training.retrieval.new_items import write_text_part
from dlkit.training.retrieval.ranking import (
    RankingTables,
    learn_ranking,
    ranking_of,
    ranking_tables,
)
from dlkit.training.retrieval.settings import RetrievalTraining
from dlkit.training.retrieval.temperature import choose_temperature
from dlkit.training.retrieval.text_encodings import encode_texts
from dlkit.training.run_folder import write_atomically, write_json
from dlkit.training.same_data import check_same_data

AT = 20
"""Length of the lists that a saved model gives."""


class TrainedRetrieval(NamedTuple):
    """What a training leaves: the answering model, how it was, and where it was written."""

    model: keras.Model
    metrics: dict[str, Any]
    history: dict[str, list[float]]
    folder: Path


def train_retrieval(
    settings: RetrievalTraining,
    item_sources: Sequence[str],
    event_sources: Sequence[str],
    folder: Path,
) -> TrainedRetrieval:
    """Trains, saves and measures a recommender.

    Args:
        settings: What to do.
        item_sources: Files of items.
        event_sources: Files of events.
        folder: The run folder, made if need be. With `settings.resume` its checkpoint is
            continued.

    Returns:
        The trained model, which `folder/model.keras` holds too, and its metrics.

    Raises:
        InputError: The data or the settings break a rule.
    """
    return learn_from(settings, load_retrieval_data(settings, item_sources, event_sources), folder)


def learn_from(settings: RetrievalTraining, data: RetrievalData, folder: Path) -> TrainedRetrieval:
    """Trains on data that was read before, see `train_retrieval`."""
    start = time.monotonic()
    folder.mkdir(parents=True, exist_ok=True)
    prepare_devices(seed=settings.seed, deterministic=settings.deterministic, mixed_precision=False)
    check_same_data(folder, data.digest(), resume=settings.resume)
    item_terms = ItemTerms.of(data.items)
    item_terms.write(folder)
    encodings = None
    if settings.pretrained:
        encodings = encode_texts(settings.pretrained, data.items.texts, folder)
    features = ItemFeatures(item_terms.matrix(data.items), encodings)
    cases, learned = data.split.cases("validation"), data.split.training()
    penalties, plain = choose_penalties(
        learned,
        features.terms,
        cases,
        regularization=settings.regularization,
        text_weight=settings.text_weight,
        seed=settings.seed,
    )
    learner = _Learner(settings, data, features, folder)
    every = data.split.training(with_validation=True)
    # before anything else is held, as this takes the most memory
    linear = learner.linear(learned, penalties)
    final_linear = learner.linear(every, penalties) if settings.refit else linear
    scores, history = learner.learn(learned, cases, linear, mix=Mix(0.0, 1.0))
    mix = choose_mix(scores, cases, in_order=data.in_order)
    scores.mix, scores.decay, _ = mix
    scores.temperature = choose_temperature(scores, cases)
    mix = mix._replace(temperature=scores.temperature)
    metrics: dict[str, Any] = {"validation": measures(rank_cases(scores, cases))}
    ranking = None
    if settings.ranking:
        tables = learner.tables(with_validation=False)
        ranking, strengths, metrics["ranking"] = learn_ranking(
            scores, cases, tables, seed=settings.seed
        )
    if settings.refit:
        learned, epochs = every, best_epoch(history)
        scores, _ = learner.learn(learned, None, final_linear, mix=mix, epochs=epochs)
    if ranking is not None:
        tables = learner.tables(with_validation=settings.refit)
        scores = with_ranking(scores, ranking_of(ranking, strengths, tables))
    known = histories_of(
        data.split.events,
        np.flatnonzero(data.split.part <= (1 if settings.refit else 0)),
        np.arange(len(data.split.events.user_ids)),
    )
    write_catalogue(folder, data.items, known, data.split.events.user_ids)
    model = recommending_model(scores, data.items.ids, at=AT)
    write_atomically(folder / "model.keras", model.save)
    spent = {
        "train_seconds": round(time.monotonic() - start, 1),
        "peak_memory_mb": peak_memory_mb(),
    }
    metrics["chosen"] = {**penalties._asdict(), **mix._asdict()}
    if data.test is not None:
        shown = Shown(popularity_of(learned, len(data.items.ids)), unit_vectors(scores))
        metrics["test"] = measured(rank_cases(scores, data.test), shown, data.test)
        if settings.baseline:
            metrics["baselines"] = baselines(
                learned, data.test, shown, features.terms, plain.regularization
            )
    metrics |= spent
    write_json(folder / "metrics.json", metrics)
    _write_report(settings, data, metrics, history, folder)
    return TrainedRetrieval(model, metrics, history, folder)


class _Learner(NamedTuple):
    """Learns both parts from some of the events."""

    settings: RetrievalTraining
    data: RetrievalData
    features: ItemFeatures
    folder: Path

    def tables(self, *, with_validation: bool) -> RankingTables:
        split = self.data.split
        rows = np.flatnonzero(split.part <= (1 if with_validation else 0))
        return ranking_tables(self.data.items, split.events, rows)

    def linear(self, learned: Histories, penalties: Penalties) -> ItemWeights:
        return learn_item_weights(
            learned,
            self.features.terms,
            penalties,
            most_items=self.settings.linear_items,
            neighbours=self.settings.neighbours,
        )

    def learn(
        self,
        learned: Histories,
        cases: Cases | None,
        linear: ItemWeights,
        *,
        mix: Mix,
        epochs: int | None = None,
    ) -> tuple[ItemScores, dict[str, list[float]]]:
        settings, terms = self.settings, self.features.terms
        popularity = popularity_of(learned, terms.shape[0])
        keras.utils.set_random_seed(settings.seed)  # whatever was trained, or resumed, before
        network = network_of(settings, in_order=self.data.in_order)
        model = build_retrieval(settings, network, self.features, popularity)
        in_order = len(model.encoder.output.shape) == 3
        recipe = recipe_of(settings, len(learned), in_order=in_order)
        history = fit_retrieval(
            model,
            learned,
            cases,
            recipe=recipe._replace(epochs=epochs) if epochs else recipe,
            longest=settings.history,
            folder=self.folder if cases else self.folder / "refit",
            resume=settings.resume,
        )
        write_text_part(self.folder, *model.tower.text_part())
        scores = assemble(
            linear,
            Deep(*deep_part(model)),
            popularity,
            terms,
            longest=settings.history,
            mix=mix,
        )
        return scores, history


def _write_report(
    settings: RetrievalTraining,
    data: RetrievalData,
    metrics: dict[str, Any],
    history: dict[str, list[float]],
    folder: Path,
) -> None:
    write_report(
        folder / "report.html",
        title=folder.name,
        settings=dataclasses.asdict(settings),
        metrics={name: part for name, part in metrics.items() if name != "chosen"},
        history=history,
        predictions=[],
        notes=data.notes,
    )
