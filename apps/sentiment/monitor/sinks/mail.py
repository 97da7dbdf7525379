"""Alerts by e-mail."""

import smtplib
import ssl
from collections.abc import Sequence
from email.message import EmailMessage
from typing import Any
from urllib.parse import unquote, urlsplit

from apps.sentiment.monitor.sinks.base import Sink, SinkError
from apps.sentiment.monitor.sinks.wording import facts, headline, quotes
from dlkit.errors import InputError

_TIMEOUT_SECONDS = 20
_FOR_GOOD = 500
_PORTS = {"smtp": 25, "smtps": 465}


class Mail(Sink):
    """Sends plain text, encrypted where the server offers it.

    Args:
        server: smtp://[USER@]HOST[:PORT] or smtps://.
        sender: Address.
        recipients: Addresses.
        password: Of the user.

    Raises:
        InputError: The server is not named so, or a user has no password.
    """

    def __init__(
        self, server: str, sender: str, recipients: Sequence[str], password: str | None
    ) -> None:
        super().__init__(f"mail {' '.join(recipients)}")
        parts = urlsplit(server)
        if parts.scheme not in _PORTS or not parts.hostname or parts.password:
            msg = "`--smtp` must be smtp://[USER@]HOST[:PORT] or smtps://, without a password."
            raise InputError(f"{msg} Received: {parts.scheme}://{parts.hostname}.")
        if parts.username and not password:
            msg = "`MONITOR_SMTP_PASSWORD` must hold the password of "
            raise InputError(f"{msg}{parts.username}. Received nothing. Set it.")
        self._scheme, self._host = parts.scheme, parts.hostname
        self._port = parts.port or _PORTS[parts.scheme]
        self._user = unquote(parts.username) if parts.username else None
        self._password = password or ""
        self._sender, self._recipients = sender, list(recipients)

    def send(self, alert: dict[str, Any]) -> None:
        """Sends one message."""
        message = EmailMessage()
        message["Subject"] = headline(alert)
        message["From"] = self._sender
        message["To"] = ", ".join(self._recipients)
        message["Message-ID"] = f"<{alert['id']}@dlkit-monitor>"
        message.set_content("\n\n".join([headline(alert), facts(alert), *quotes(alert)]) + "\n")
        try:
            with self._connect() as server:
                if self._user:
                    server.login(self._user, self._password)
                server.send_message(message)
        except smtplib.SMTPRecipientsRefused as error:
            codes = [code for code, _ in error.recipients.values()]
            raise SinkError(str(error), lasting=min(codes) >= _FOR_GOOD) from error
        except smtplib.SMTPResponseException as error:
            raise SinkError(str(error), lasting=error.smtp_code >= _FOR_GOOD) from error
        except (OSError, smtplib.SMTPException) as error:
            raise SinkError(str(error)) from error

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._scheme == "smtps":
            return smtplib.SMTP_SSL(
                self._host, self._port, timeout=_TIMEOUT_SECONDS, context=context
            )
        server = smtplib.SMTP(self._host, self._port, timeout=_TIMEOUT_SECONDS)
        try:
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif self._user:
                raise smtplib.SMTPException("the server does not encrypt, so no password is sent")
        except BaseException:
            server.close()
            raise
        return server
