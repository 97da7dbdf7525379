"""The settings and the model of customer service."""

import dataclasses
import functools
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from apps.intent.replies.command import Reply, ServeWithReplies, reply, serve
from dlkit.app import TextApp, Verb
from dlkit.errors import InputError
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

    false_rejection_rate: float | None = None
    """Share of the questions with an intent that may be turned away as out of scope. Without it,
    validation rows out of scope decide by their cost; where there are none, it is 0.05."""

    out_of_scope_cost: float = 1.0
    """What it costs to answer a question out of scope, where turning away one in scope costs 1."""

    question_cost: float = 0.25
    """What it costs to ask "this or that?", where a wrong answer costs 1: it is asked where the
    runner-up is more probable than this. 0.5 never asks."""

    def __post_init__(self) -> None:
        super().__post_init__()
        rate = self.false_rejection_rate
        _check("false_rejection_rate", rate is None or 0 <= rate < 1, "from 0 to below 1", rate)
        cost = self.out_of_scope_cost
        _check("out_of_scope_cost", 0 < cost < math.inf, "above 0 and finite", cost)
        _check("question_cost", 0 <= self.question_cost <= 1, "from 0 to 1", self.question_cost)


def _check(name: str, right: bool, rule: str, received: object) -> None:
    if not right:
        option = f"--{name.replace('_', '-')}"
        raise InputError(f"`{option}` must be {rule}. Received: {received}.")


def _tasks(settings: IntentTraining) -> Sequence["Task"]:
    from dlkit.tasks import Classification

    return [
        Classification(
            name="label",
            out_of_scope_label=settings.out_of_scope_label,
            label_smoothing=settings.label_smoothing,
            class_weights=settings.class_weights,
            prior_correction=settings.prior_correction,
            false_rejection_rate=settings.false_rejection_rate,
            out_of_scope_cost=settings.out_of_scope_cost,
            question_cost=settings.question_cost,
        )
    ]


def _verbs(app: TextApp) -> Mapping[str, Verb]:
    return {
        **text_verbs(app),
        "reply": Verb(Reply, functools.partial(reply, app)),
        "serve": Verb(ServeWithReplies, functools.partial(serve, app)),
    }


APP = TextApp(
    name="intent",
    description="Customer service: the intent of a question, or that it has none.",
    verbs=_verbs,
    settings=IntentTraining,
    sample=(_SAMPLE / "questions_en.jsonl", _SAMPLE / "questions_zh.jsonl"),
    tasks=_tasks,
)
