"""TensorFlow Serving's REST API over the versions of one model."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import orjson
import tensorflow as tf
from starlette.requests import Request
from starlette.responses import Response

from dlkit.data.messages import shown
from dlkit.serving.batching import Batcher
from dlkit.serving.rest.error import RestError
from dlkit.serving.rest.request import parse_body, read_request, signature_name
from dlkit.serving.rest.response import write_response
from dlkit.serving.versions import Signature, Version

_MODEL = r"(?i)/v1/models(?:/([^/:]+))?(?:/versions/(\d+)|/labels/([^/:]+))?"
_GET = re.compile(_MODEL + r"(/metadata)?")
_POST = re.compile(_MODEL + r":(classify|regress|predict)")
_LARGEST_VERSION = 2**63 - 1
_LONGEST_ERROR = 1000


class RestApi:
    """Answers every path below `/v1/`.

    Args:
        name: The model is served as `/v1/models/<name>`.
        versions: By number; the largest is the default.
        batcher: Calls the model.
        max_rows: Rows in one request.
        max_body: Bytes in one request.
    """

    def __init__(
        self,
        name: str,
        versions: Mapping[int, Version],
        batcher: Batcher,
        *,
        max_rows: int,
        max_body: int,
    ) -> None:
        self._name = name
        self._versions = versions
        self._batcher = batcher
        self._max_rows = max_rows
        self._max_body = max_body

    async def respond(self, request: Request) -> Response:
        """Answers one request; what is wrong with it comes back as `{"error": message}`."""
        try:
            body = await self._answer(request)
        except RestError as error:
            return error_response(str(error), error.status)
        return Response(body, media_type="application/json")

    async def _answer(self, request: Request) -> bytes:
        path = request.url.path
        if request.method == "POST" and (match := _POST.fullmatch(path)):
            name, number, label, verb = match.groups()
            if name:
                body = await read_body(request, self._max_body)
                version = _number(number, label)
                if verb == "predict":
                    return await self._predict(name, version, body)
                return self._other_method(name, version, verb)
        elif request.method == "GET" and (match := _GET.fullmatch(path)):
            name, number, label, metadata = match.groups()
            if not name:
                raise RestError("Missing model name in request.")
            version = _number(number, label)
            answer = self._metadata(name, version) if metadata else self._status(name, version)
            return orjson.dumps(answer)
        raise RestError(f"Malformed request: {request.method} {path}")

    async def _predict(self, name: str, number: int | None, body: bytes) -> bytes:
        document = parse_body(body)
        chosen = signature_name(document)
        signature = self._find(name, number).signatures.get(chosen)
        if signature is None:
            raise RestError(f'Serving signature name: "{chosen}" not found in signature def')
        if not signature.inputs:
            raise RestError(f"Failed to get input map for signature: {chosen}")
        asked = read_request(document, signature.inputs)
        joins = signature.joins and self._rows(asked.inputs)
        outputs = await self._call(signature, asked.inputs, joins)
        return write_response(outputs, asked.format)

    def _rows(self, inputs: Mapping[str, np.ndarray]) -> bool:
        """Checks how many rows are asked; says whether all inputs have as many."""
        rows = {len(value) if value.ndim else 1 for value in inputs.values()}
        if max(rows) > self._max_rows:
            msg = f"A request may have at most {self._max_rows} rows, but got: {max(rows)}"
            raise RestError(msg)
        return len(rows) == 1

    async def _call(
        self, signature: Signature, inputs: dict[str, np.ndarray], joins: bool
    ) -> Mapping[str, np.ndarray]:
        try:
            return await self._batcher.answer(signature, inputs, joins=joins)
        except (tf.errors.InvalidArgumentError, tf.errors.FailedPreconditionError) as error:
            raise RestError(error.message) from error

    def _find(self, name: str, number: int | None) -> Version:
        if name == self._name and (number is None or number in self._versions):
            return self._versions[max(self._versions) if number is None else number]
        wanted = f"Latest({name})" if number is None else f"Specific({name}, {number})"
        raise RestError(f"Servable not found for request: {wanted}", status=404)

    def _status(self, name: str, number: int | None) -> dict[str, Any]:
        if name != self._name and number is None:
            raise RestError(f"Could not find any versions of model {name}", status=404)
        if name != self._name or number not in {None, *self._versions}:
            raise RestError(f"Could not find version {number} of model {name}", status=404)
        numbers = sorted(self._versions, reverse=True) if number is None else [number]
        fine = {"error_code": "OK", "error_message": ""}
        return {
            "model_version_status": [
                {"version": str(version), "state": "AVAILABLE", "status": fine}
                for version in numbers
            ]
        }

    def _metadata(self, name: str, number: int | None) -> dict[str, Any]:
        version = self._find(name, number)
        return {
            "model_spec": {"name": name, "signature_name": "", "version": str(version.number)},
            "metadata": {"signature_def": {"signature_def": version.signature_def}},
        }

    def _other_method(self, name: str, number: int | None, verb: str) -> bytes:
        method = self._find(name, number).signature_def["serving_default"]["method_name"]
        kind = {"classify": "classification", "regress": "regression"}[verb]
        msg = f"Expected {kind} signature method_name to be tensorflow/serving/{verb}."
        raise RestError(f"{msg} Was: {method}")


def error_response(message: str, status: int) -> Response:
    """Makes the body that TensorFlow Serving's users know."""
    message = message.encode("utf-8", "replace").decode()  # JSON may bring half a character
    body = orjson.dumps({"error": shown(message, _LONGEST_ERROR)})
    return Response(body, status, media_type="application/json")


def _number(version: str | None, label: str | None) -> int | None:
    if label:
        raise RestError(f"Unrecognized servable version label: {label}")
    if not version:
        return None
    if len(version) > 19 or int(version) > _LARGEST_VERSION:
        raise RestError(f"Failed to convert version: {version} to numeric.")
    return int(version)


async def read_body(request: Request, most: int) -> bytes:
    """Reads the body of a request.

    Raises:
        RestError: It has more bytes than `most`.
    """
    length = request.headers.get("content-length", "0")
    if int(length) > most:  # the server in front has checked that it is a number
        raise _too_long(most)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_long(most)
    return bytes(body)


def _too_long(most: int) -> RestError:
    return RestError(f"A request may have at most {most} bytes", status=413)
