"""Lists over HTTP."""

import asyncio
import json
from typing import Any, NamedTuple

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from apps.recommender.recommender import Recommender
from apps.recommender.rules import DIVERSITY, Rules
from dlkit.data.messages import shown
from dlkit.errors import InputError
from dlkit.serving.rest.error import RestError
from dlkit.serving.rest_api import error_response, read_body

_MOST = 1000


class ListRequest(NamedTuple):
    """What a list is asked for.

    Attributes:
        history: Ids of items, oldest first.
        k: Most items of the list.
        diversity: See `Rules`.
        quota: See `Rules`.
        allow: Ids of the only items that may be in it; None lets all.
        deny: Ids of items that must not be in it.
    """

    history: list[str]
    k: int = 20
    diversity: float = DIVERSITY
    quota: int | None = None
    allow: list[str] | None = None
    deny: list[str] | None = None


def parse_request(document: Any) -> ListRequest:
    """Checks an object with `history`, and perhaps the other fields of `ListRequest`.

    Raises:
        InputError: It breaks a rule.
    """
    if not isinstance(document, dict) or "history" not in document:
        raise _error("be an object with `history`", document)
    if unknown := set(document) - set(ListRequest._fields):
        raise _error(f"have no other keys than {', '.join(ListRequest._fields)}", sorted(unknown))
    request = ListRequest(**document)
    for name in ("history", "allow", "deny"):
        ids = getattr(request, name)
        is_given = ids is not None or name == "history"
        if is_given and not (isinstance(ids, list) and all(isinstance(one, str) for one in ids)):
            raise _error(f"have a list of strings as `{name}`", ids)
    for name in ("k", "quota"):
        number = getattr(request, name)
        is_given = number is not None or name == "k"
        if is_given and (type(number) is not int or not 1 <= number <= _MOST):
            raise _error(f"have a whole number from 1 to {_MOST} as `{name}`", number)
    if type(request.diversity) not in (int, float) or not 0 <= request.diversity <= 1:
        raise _error("have a number from 0 to 1 as `diversity`", request.diversity)
    return request


def list_routes(recommender: Recommender, *, max_body: int) -> list[Route]:
    """Returns the route `/lists`, to which a `ListRequest` is posted as a JSON object.

    It answers `{"items": [...]}` with what the verb `recommend` prints. Ids of items that are not
    known are passed over, as the exported model does.

    Args:
        recommender: Makes the lists.
        max_body: Bytes in a request.
    """

    def made(request: ListRequest) -> bytes:
        history, allow, deny = (
            recommender.known(ids or ()) for ids in (request.history, request.allow, request.deny)
        )
        allowed = None if request.allow is None else frozenset(allow)
        rules = Rules(allowed, frozenset(deny), request.quota, request.diversity)
        return orjson.dumps({"items": recommender.recommend(history, rules, size=request.k)})

    async def respond(request: Request) -> Response:
        try:
            asked = parse_request(json.loads(await read_body(request, max_body)))
        except RestError as error:
            return error_response(str(error), error.status)
        except (InputError, ValueError, RecursionError) as error:
            return error_response(str(error), 400)
        return Response(await asyncio.to_thread(made, asked), media_type="application/json")

    return [Route("/lists", respond, methods=["POST"])]


def _error(rule: str, received: object) -> InputError:
    return InputError(f"`request` must {rule}. Received: {shown(received)}.")
