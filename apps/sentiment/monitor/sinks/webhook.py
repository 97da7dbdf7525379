"""Alerts posted to an address."""

import hashlib
import hmac
import json
import time
from typing import Any

import requests

from apps.sentiment.monitor.sinks.base import Sink, SinkError

_TIMEOUT_SECONDS = 10
_LATER = {408, 425, 429}
_REDIRECTS = 300  # leads a signed message astray


class Webhook(Sink):
    """Posts JSON. The header `X-Signature-256` is `sha256=` with HMAC-SHA256 in hexadecimal.

    What is signed is the header `X-Timestamp`, a full stop and the body; who checks both cannot
    be fooled by a foreign or an old message.

    Args:
        url: Where to.
        key: What the receiver knows too; None signs nothing.
    """

    def __init__(self, url: str, key: bytes | None) -> None:
        super().__init__(f"webhook {url}")
        self._url = url
        self._key = key

    def send(self, alert: dict[str, Any]) -> None:
        """Posts one alert."""
        body = json.dumps(alert, ensure_ascii=False).encode()
        moment = str(int(time.time()))
        headers = {"Content-Type": "application/json", "X-Alert-Id": alert["id"]}
        if self._key is not None:
            headers["X-Timestamp"] = moment
            headers["X-Signature-256"] = f"sha256={signature(self._key, moment, body)}"
        try:
            response = requests.post(
                self._url,
                body,
                headers=headers,
                timeout=_TIMEOUT_SECONDS,
                allow_redirects=False,
            )
        except requests.RequestException as error:
            raise SinkError(str(error)) from error
        if response.status_code >= _REDIRECTS:
            lasting = response.status_code < 500 and response.status_code not in _LATER
            raise SinkError(f"answered {response.status_code}", lasting=lasting)


def signature(key: bytes, moment: str, body: bytes) -> str:
    """Returns HMAC-SHA256 of time and body, hexadecimal."""
    return hmac.new(key, moment.encode() + b"." + body, hashlib.sha256).hexdigest()
