"""An honest client of the running gateway: a connection, a deadline, and an agency's identity to write under."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.sandbox.people import SyntheticPerson, population
from gateway.xroad.envelope import CONTENT_TYPE, Message, canonical, read_message
from gateway.xroad.header import Header
from tests.hostile.served import Served
from tests.hostile.wire import HOST
from tests.running import PEOPLE, SEED

DEADLINE_SECONDS = 10.0


@dataclass(kw_only=True)
class Caller:
    """Posts to one gateway, over one connection as long as that stands."""

    port: int
    deadline: float = DEADLINE_SECONDS
    _connection: http.client.HTTPConnection | None = field(default=None)

    def post(self, body: bytes, content_type: str = CONTENT_TYPE) -> tuple[int, bytes]:
        """Give status and body; a TimeoutError means that the gateway hangs.

        A connection that stood idle for too long may have been closed meanwhile: then a new one is tried once.
        """
        is_fresh = self._connection is None
        try:
            return self._post(body, content_type)
        except (http.client.RemoteDisconnected, ConnectionError):
            if is_fresh:
                raise
            return self._post(body, content_type)

    def _post(self, body: bytes, content_type: str) -> tuple[int, bytes]:
        if self._connection is None:
            self._connection = http.client.HTTPConnection(HOST, self.port, timeout=self.deadline)
        try:
            self._connection.request("POST", "/xroad", body, {"Content-Type": content_type.encode("latin-1")})
            answer = self._connection.getresponse()
            status, content, closes = answer.status, answer.read(), answer.will_close
        except (http.client.HTTPException, ConnectionError):
            self.close()
            raise
        if closes:
            self.close()
        return status, content

    def close(self) -> None:
        """End the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def student() -> SyntheticPerson:
    """Give the one person the registry knows."""
    return population(SEED, PEOPLE).roles["adult"]


def question(gateway: Served, *, signed: bool, **wish: str) -> bytes:
    """Write a legal question about the student."""
    person = student()
    purpose = {} if signed else {"purpose": "BENEFIT_CASE"}
    about = about_learner(person.pin or "", person.birth_date)
    made: Mapping[str, str] = {"service_code": "getLearnerStatus", "about": about, **purpose, **wish}
    return write_request(gateway.settings, Wish(**made), signed=signed)


def parts_of(message: bytes) -> tuple[Header, bytes]:
    """Give a question's header and its content in canonical bytes."""
    read = read_message(message, CONTENT_TYPE)
    assert isinstance(read, Message)
    return read.header, canonical(read.content)


def signer_of(gateway: Served) -> FileSigner:
    """Give the key of the agency that must sign."""
    agreement = gateway.settings.agreements["social_fund"]
    certificate = gateway.settings.path(agreement.certificate_files[0])
    return FileSigner(certificate.with_suffix(".key"), certificate, signature_algorithm("rsa-sha256"))
