"""The verbs of decisions."""

import functools
from collections.abc import Mapping

from apps.decision.conversations import MakeConversations, make_conversations
from apps.decision.verbs import Evaluate, Export, Play, evaluate, export, play, train
from dlkit.app import App, Verb
from dlkit.serving.command import Serve, serve
from dlkit.training.decision.settings import PolicyTraining


def _verbs(app: App) -> Mapping[str, Verb]:
    return {
        "train": Verb(PolicyTraining, train),
        "evaluate": Verb(Evaluate, evaluate),
        "export": Verb(Export, export),
        "play": Verb(Play, play),
        "serve": Verb(Serve, functools.partial(serve, app.name)),
        "conversations": Verb(MakeConversations, make_conversations),
    }


APP = App(
    name="decision",
    description="Decisions: which action to take, learned by acting in an environment.",
    verbs=_verbs,
)
