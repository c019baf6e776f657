"""Carry a message: by e-mail through the configured server, or to a webhook under our HMAC."""

import asyncio
import hashlib
import hmac
import json
import smtplib
import ssl
import time
from email.message import EmailMessage
from pathlib import Path
from uuid import UUID

import aiohttp

from gateway.crypto.keys import read_secret
from gateway.foundation.errors import KopuroError, SettingsError
from gateway.foundation.operations_settings import Operations
from gateway.foundation.settings import Settings
from gateway.foundation.tls import is_loopback
from gateway.operations.alert_messages import News, body_text, payload, subject_line

SIGNATURE = "Kopuro-Signature"
DELIVERY = "Kopuro-Delivery"
_UNSET = Path()


class NotDelivered(KopuroError):
    """A message did not arrive; `code` says on which step, without what the other side wrote."""

    permanent = False

    def __init__(self, code: str) -> None:
        """Keep the code."""
        super().__init__(f"not delivered: {code}")
        self.code = code


class Carriers:
    """The ways out for alerts."""

    def __init__(self, settings: Settings) -> None:
        """Read what is needed; raises SettingsError for a missing key file."""
        chosen = settings.operations
        own = chosen.webhook_key_file != _UNSET
        file = chosen.webhook_key_file if own else settings.journal.subject_key_file
        master = read_secret(settings.path(file))
        self._key = hmac.digest(master, b"kopuro webhook", "sha256")
        self._chosen = chosen
        self._settings = settings

    def channel_key(self, channel_id: UUID) -> bytes:
        """Give the key under which one channel's webhooks are signed; its receiver needs it, nobody else."""
        return hmac.digest(self._key, channel_id.bytes, "sha256")

    async def mail(self, address: str, news: News, *, language: str) -> None:
        """Send an e-mail; raises NotDelivered. A second sending has the same Message-ID."""
        if not self._chosen.smtp_host:
            raise NotDelivered("no_smtp_host")
        message = EmailMessage()
        message["From"], message["To"] = self._chosen.smtp_sender, address
        message["Subject"] = subject_line(news, language)
        message["Message-ID"] = f"<{news.delivery_id}@kopuro>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(body_text(news, language))
        try:
            await asyncio.to_thread(self._send, message)
        except smtplib.SMTPResponseException as error:
            raise NotDelivered(f"smtp_{error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused:
            raise NotDelivered("smtp_recipient_refused") from None
        except (smtplib.SMTPException, OSError) as error:
            raise NotDelivered(type(error).__name__) from None

    def _send(self, message: EmailMessage) -> None:
        with _connect(self._chosen, self._context()) as server:
            if self._chosen.smtp_user:
                password = self._settings.path(self._chosen.smtp_password_file).read_text().strip()
                server.login(self._chosen.smtp_user, password)
            server.send_message(message)

    def _context(self) -> ssl.SSLContext | None:
        if self._chosen.smtp_tls == "none":
            if not is_loopback(self._chosen.smtp_host):
                raise SettingsError(
                    "operations.smtp_tls may be none for a mail server on this machine only: set starttls or tls"
                )
            return None
        file = self._chosen.smtp_ca_file
        return ssl.create_default_context(cafile=str(self._settings.path(file)) if file != _UNSET else None)

    async def post(self, address: str, news: News, *, key: bytes) -> None:
        """Post a webhook; raises NotDelivered for anything but an answer in the two hundreds."""
        body = json.dumps(payload(news), ensure_ascii=False, sort_keys=True).encode()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "kopuro",
            DELIVERY: str(news.delivery_id),
            SIGNATURE: sign_webhook(key, body, at=int(time.time())),
        }
        timeout = aiohttp.ClientTimeout(total=self._chosen.delivery_seconds)
        try:
            async with (
                aiohttp.ClientSession(
                    timeout=timeout, trust_env=False, cookie_jar=aiohttp.DummyCookieJar()
                ) as http,
                http.post(address, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise NotDelivered(type(error).__name__) from None
        if not 200 <= status < 300:
            raise NotDelivered(f"http_{status}")


def _connect(chosen: Operations, context: ssl.SSLContext | None) -> smtplib.SMTP:
    """Connect, encrypted unless there is no context."""
    seconds = chosen.delivery_seconds
    if chosen.smtp_tls == "tls" and context is not None:
        return smtplib.SMTP_SSL(chosen.smtp_host, chosen.smtp_port, timeout=seconds, context=context)
    server = smtplib.SMTP(chosen.smtp_host, chosen.smtp_port, timeout=seconds)
    if context is not None:
        server.starttls(context=context)
    return server


def sign_webhook(key: bytes, body: bytes, *, at: int) -> str:
    """Sign a webhook: HMAC-SHA256 over `<seconds since 1970>.<body>`, so that an old one cannot be replayed."""
    made = hmac.new(key, f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={made}"
