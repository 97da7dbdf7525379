"""The settings and the model of the finance monitor."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from apps.sentiment.backtest.command import Backtest, backtest
from apps.sentiment.contrasts.command import Contrasts, write_contrasts
from apps.sentiment.monitor.command import Monitor, monitor
from dlkit.app import TextApp, Verb
from dlkit.settings import TextTraining
from dlkit.text_verbs import text_verbs

if TYPE_CHECKING:
    from dlkit.tasks import Task

_SAMPLE = Path(__file__).parent / "sample"


@dataclasses.dataclass(frozen=True)
class SentimentTraining(TextTraining):
    """Learn topics, sentiments and their strength from texts; a file may hold some of them."""

    topic_column: str = "topic"
    """Column of the topics."""

    sentiment_column: str = "sentiment"
    """Column of the sentiments."""

    strength_column: str = "strength"
    """Column of numbers that say how strong the sentiment is, such as -1 to 1."""


def _tasks(settings: SentimentTraining) -> Sequence["Task"]:
    from dlkit.tasks import Classification, Regression

    classes = [
        Classification(
            name=name,
            label_smoothing=settings.label_smoothing,
            class_weights=settings.class_weights,
            prior_correction=settings.prior_correction,
        )
        for name in ("topic", "sentiment")
    ]
    return [*classes, Regression(name="strength")]


def _verbs(app: TextApp) -> Mapping[str, Verb]:
    return {
        **text_verbs(app),
        "monitor": Verb(Monitor, monitor),
        "backtest": Verb(Backtest, backtest),
        "contrasts": Verb(Contrasts, write_contrasts),
    }


APP = TextApp(
    name="sentiment",
    description="Finance monitor: topic and sentiment of each text.",
    verbs=_verbs,
    settings=SentimentTraining,
    sample=(_SAMPLE / "posts_en.jsonl", _SAMPLE / "posts_zh.jsonl"),
    tasks=_tasks,
)
