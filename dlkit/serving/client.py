"""Calls of a served model: of `python -m apps.APP serve` and of TensorFlow Serving alike."""

import base64
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from types import TracebackType
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

_LATER = (429, 503)


class RequestError(RuntimeError):
    """A request that got no answer.

    Args:
        message: What the server said, or why it could not be asked.
        status: The HTTP status; None if there was no response.
    """

    def __init__(self, message: str, status: int | None) -> None:
        super().__init__(message if status is None else f"{status}: {message}")
        self.status = status


class Client:
    """A model behind an address.

    A server that is too busy (429, 503) or not there yet is asked again, each time after twice
    the wait. Not for several threads at once: give each its own.

    Args:
        url: Such as `http://127.0.0.1:8501`.
        model: The name of the model.
        version: A number; None asks the newest.
        classes: Names in the order of the last axis, by the name of the answer, as `export`
            writes them to `assets.extra/classes.json`: then probabilities come by name.
        timeout: Seconds to wait for one response.
        retries: Most times to ask again.

    Example:
    ```python
    with Client("http://127.0.0.1:8501", "topics") as client:
        for answer in client.predict(["copper rises", "铜价上涨"]):
            print(answer["label"], answer["confidence"])
    ```
    """

    def __init__(
        self,
        url: str,
        model: str,
        *,
        version: int | None = None,
        classes: Mapping[str, Sequence[str]] | None = None,
        timeout: float = 30.0,
        retries: int = 6,
    ) -> None:
        chosen = "" if version is None else f"/versions/{version}"
        self._model = f"{url.rstrip('/')}/v1/models/{requests.utils.quote(model, safe='')}{chosen}"
        self._classes = classes or {}
        self._timeout = timeout
        self._session = requests.Session()
        retry = Retry(
            total=retries,
            backoff_factor=0.05,
            status_forcelist=_LATER,
            allowed_methods=None,  # a prediction changes nothing, so POST may be repeated too
            raise_on_status=False,
        )
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(max_retries=retry))

    def predict(
        self, rows: Iterable[Any], *, batch_size: int = 32, signature: str | None = None
    ) -> Iterator[Any]:
        """Answers any number of rows in their order.

        Args:
            rows: A text (or bytes, a number, nested lists) where the model has one input, else
                an object by the name of the input.
            batch_size: Rows in one request.
            signature: None asks `serving_default`.

        Yields:
            The answer to each row: an object by the name of the output, or a bare value where
            the model has one. Binary values are bytes.

        Raises:
            RequestError: The server refuses, or cannot be reached.
        """
        rows = iter(rows)
        chosen = {} if signature is None else {"signature_name": signature}
        while batch := list(islice(rows, batch_size)):
            body = json.dumps({**chosen, "instances": batch}, default=_encode)
            answer = self._send("POST", ":predict", body.encode())
            yield from map(self._named, answer["predictions"])

    def status(self) -> list[dict[str, Any]]:
        """Returns `version` and `state` of the version, or of all."""
        return self._send("GET", "")["model_version_status"]

    def metadata(self) -> dict[str, Any]:
        """Returns the signatures by name, with types and shapes of inputs and outputs."""
        return self._send("GET", "/metadata")["metadata"]["signature_def"]["signature_def"]

    def close(self) -> None:
        """Closes the connections."""
        self._session.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _send(self, method: str, path: str, body: bytes | None = None) -> Any:
        try:
            response = self._session.request(
                method,
                self._model + path,
                data=body,
                headers={"Content-Type": "application/json"},
                timeout=self._timeout,
            )
        except requests.RequestException as error:
            raise RequestError(f"{self._model} cannot be reached: {error}", None) from error
        try:
            answer = json.loads(response.content, object_hook=_decode)
        except ValueError as error:
            msg = f"no JSON, but: {response.text[:200]}"
            raise RequestError(msg, response.status_code) from error
        if response.status_code != requests.codes.ok:
            said = answer.get("error", answer) if isinstance(answer, dict) else answer
            raise RequestError(str(said), response.status_code)
        return answer

    def _named(self, answer: Any) -> Any:
        if not isinstance(answer, dict):
            return answer
        return {
            name: dict(zip(self._classes[name], value, strict=True))
            if name in self._classes
            else value
            for name, value in answer.items()
        }


def _encode(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"b64": base64.b64encode(value).decode()}
    if hasattr(value, "tolist"):  # an array
        return value.tolist()
    raise TypeError(f"`rows` must be what JSON can hold, bytes or arrays. Received: {type(value)}.")


def _decode(value: dict[str, Any]) -> Any:
    if value.keys() == {"b64"}:
        return base64.b64decode(value["b64"])
    return value
