"""The settings and the model of customer service."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dlkit.app import TextApp, Verb
from dlkit.settings import TextTraining
from dlkit.text_verbs import text_verbs

if TYPE_CHECKING:
    from dlkit.tasks import Task

_SAMPLE = Path(__file__).parent / "sample"


@dataclasses.dataclass(frozen=True)
class IntentTraining(TextTraining):
    """Learn intents from questions."""

    label_column: str = "label"
    """Column of the intents."""

    out_of_scope_label: str = "out_of_scope"
    """The label of questions that have none of the intents: they set when to say so."""


def _tasks(settings: IntentTraining) -> Sequence["Task"]:
    from dlkit.tasks import Classification

    return [
        Classification(
            name="label",
            out_of_scope_label=settings.out_of_scope_label,
            label_smoothing=settings.label_smoothing,
            class_weights=settings.class_weights,
        )
    ]


def _verbs(app: TextApp) -> Mapping[str, Verb]:
    from apps.intent.audit import Audit, audit
    from apps.intent.discover import Discover, discover

    return {
        **text_verbs(app),
        "audit": Verb(Audit, functools.partial(audit, app)),
        "discover": Verb(Discover, functools.partial(discover, app)),
    }


APP = TextApp(
    name="intent",
    description="Customer service: the intent of a question, or that it has none.",
    verbs=_verbs,
    settings=IntentTraining,
    sample=(_SAMPLE / "questions_en.jsonl", _SAMPLE / "questions_zh.jsonl"),
    tasks=_tasks,
)
