"""The verbs of recommendations."""

from collections.abc import Mapping

from apps.recommender.verbs import (
    Evaluate,
    Export,
    Recommend,
    ServeWithLists,
    Similar,
    evaluate,
    export,
    recommend,
    serve,
    similar,
    train,
    tune,
)
from dlkit.app import App, Verb
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
        "serve": Verb(ServeWithLists, serve),
    }


APP = App(
    name="recommender",
    description="Recommendations: from the texts of items and from what users did.",
    verbs=_verbs,
)
