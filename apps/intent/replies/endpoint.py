"""Replies over HTTP."""

import asyncio
import datetime
import json
import threading

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.intent.replies.message import Message, parse_message
from apps.intent.replies.replier import Replier
from dlkit.errors import InputError
from dlkit.serving.rest.error import RestError
from dlkit.serving.rest_api import error_response, read_body


def reply_routes(replier: Replier, *, max_body: int) -> list[Route]:
    """Returns the route `/replies`, to which one message is posted as a JSON object.

    Args:
        replier: Replies; conversations live as long as it does.
        max_body: Bytes in a request.
    """
    one_at_a_time = threading.Lock()  # a conversation is one after the other

    def say(message: Message) -> bytes:
        with one_at_a_time:
            return orjson.dumps(replier.reply(message, datetime.date.today()))

    async def respond(request: Request) -> Response:
        try:
            message = parse_message(json.loads(await read_body(request, max_body)))
            said = await asyncio.to_thread(say, message)
        except RestError as error:
            return error_response(str(error), error.status)
        except (InputError, ValueError, RecursionError) as error:
            return error_response(str(error), 400)
        return Response(said, media_type="application/json")

    return [Route("/replies", respond, methods=["POST"])]
