"""The verbs of recommendations."""

import functools
from collections.abc import Mapping

from apps.recommender.verbs import (
    Evaluate,
    Export,
    Recommend,
    Similar,
    evaluate,
    export,
    recommend,
    similar,
    train,
    tune,
)
from dlkit.app import App, Verb
from dlkit.serving.command import Serve, serve
from dlkit.training.retrieval.settings import RetrievalTraining
from dlkit.tuning.options import RankingSearch, tune_options


def _verbs(app: App) -> Mapping[str, Verb]:
    return {
        "train": Verb(RetrievalTraining, train),
        "tune": Verb(tune_options(RetrievalTraining, RankingSearch), tune),
        "evaluate": Verb(Evaluate, evaluate),
        "recommend": Verb(Recommend, recommend),
        "similar": Verb(Similar, similar),
        "export": Verb(Export, export),
        "serve": Verb(Serve, functools.partial(serve, app.name)),
    }


APP = App(
    name="recommender",
    description="Recommendations: from the texts of items and from what users did.",
    verbs=_verbs,
)
