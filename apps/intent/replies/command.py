"""The verbs `reply` and `serve` of customer service."""

import dataclasses
import datetime
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import tyro

from apps.intent.replies.answer_base import read_answer_base
from apps.intent.replies.message import Message, parse_line
from dlkit.app import TextApp
from dlkit.errors import InputError
from dlkit.runs import existing_run, saved_settings
from dlkit.serving.command import Serve
from dlkit.serving.command import serve as serve_model
from dlkit.text_verbs import load_text_model

if TYPE_CHECKING:
    from starlette.routing import Route

    from dlkit.serving.versions import Version

_SAMPLE = Path(__file__).parents[1] / "sample"
SAMPLE_REPLIES = (str(_SAMPLE / "replies_en.jsonl"), str(_SAMPLE / "replies_zh.jsonl"))


@dataclasses.dataclass(frozen=True)
class Reply:
    """Reply from an answer base, ask back, or hand over to a person: one JSON object a line."""

    texts: tyro.conf.Positional[tuple[str, ...]] = ()
    """The messages; "-" reads one a line from standard input, each a text or a JSON object with
    text, and where wanted conversation, language and slots."""

    audio: Path | None = None
    """A spoken message in English, a wav file (pip install "dlkit[voice]")."""

    replies: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """The answer base: a file with the column reply, and label or question, and where wanted
    title, language, valid_from and valid_until. Without it, the bundled sample."""

    run: Path | None = None
    """Folder of the run; without it runs/APP/latest."""

    least_confidence: float = 0.4
    """A question or an intent that is found with less confidence goes to a person."""

    def __post_init__(self) -> None:
        check_confidence(self.least_confidence)


@dataclasses.dataclass(frozen=True)
class ServeWithReplies(Serve):
    """Answer over HTTP as TensorFlow Serving does, with a page to try it; reply at /replies."""

    replies: Annotated[tuple[str, ...], tyro.conf.UseAppendAction] = ()
    """The answer base, see `reply --help`; without it, /replies is not served."""

    least_confidence: float = 0.4
    """A question or an intent that is found with less confidence goes to a person."""

    def __post_init__(self) -> None:
        super().__post_init__()
        check_confidence(self.least_confidence)


def check_confidence(value: float) -> None:
    """Raises InputError where `--least-confidence` is no share."""
    if not 0 <= value <= 1:
        raise InputError(f"`--least-confidence` must be from 0 to 1. Received: {value}.")


def reply(app: TextApp, options: Reply) -> None:
    """Replies to the messages, one after the other."""
    messages = _messages(options)
    folder = existing_run(app.name, options.run)
    settings = saved_settings(app.name, app.settings, folder)
    entries = read_answer_base(options.replies or SAMPLE_REPLIES)
    import tensorflow as tf

    from apps.intent.replies.replier import Replier
    from dlkit.tasks import compiled_answers, with_embedding

    model = load_text_model(app, folder, settings)
    compiled = compiled_answers(with_embedding(model))

    def answer(texts: list[str]) -> Mapping[str, Any]:
        return {name: value.numpy() for name, value in compiled(tf.constant(texts)).items()}

    [task] = model.get_layer("answers").tasks
    replier = Replier(
        entries,
        answer,
        least_confidence=options.least_confidence,
        question_cost=task.question_cost,
    )
    for message in messages:
        found = replier.reply(message, datetime.date.today())
        print(json.dumps(found, ensure_ascii=False), flush=True)  # noqa: T201


def serve(app: TextApp, options: ServeWithReplies) -> None:
    """Serves the model, and the replies beside it."""
    if not options.replies:
        serve_model(app.name, options)
        return
    entries = read_answer_base(options.replies)

    def routes(version: "Version") -> "Sequence[Route]":
        from apps.intent.replies.endpoint import reply_routes
        from apps.intent.replies.replier import Replier

        signature = version.signatures.get("embedding")
        if signature is None:
            msg = "`--model` must have the signature embedding for --replies. Received: version "
            raise InputError(f"{msg}{version.number} without it. Export the run again.")

        def answer(texts: list[str]) -> Mapping[str, Any]:
            import numpy as np

            return signature({"text": np.array([text.encode() for text in texts], object)})

        replier = Replier(entries, answer, least_confidence=options.least_confidence)
        return reply_routes(replier, max_body=options.max_body)

    serve_model(app.name, options, routes)


def _messages(options: Reply) -> Iterator[Message]:
    if options.audio is not None:
        if options.texts:
            msg = "`TEXTS` and `--audio` must not be given both. Received: "
            raise InputError(f"{msg}{len(options.texts)} texts and {options.audio}.")
        from apps.intent.replies.speech import Moonshine, recognize_file

        return iter([Message(recognize_file(options.audio, Moonshine()))])
    if options.texts == ("-",) or not (options.texts or sys.stdin.isatty()):
        return _lines()
    if not options.texts:
        msg = "`TEXTS` must be given, or `--audio FILE`, or `-` for standard input. "
        raise InputError(msg + "Received none.")
    return iter([Message(text) for text in options.texts])


def _lines() -> Iterator[Message]:
    for line in sys.stdin.buffer:
        if text := line.decode("utf-8", errors="replace").strip():
            yield parse_line(text)
