"""Requests of an outside agency, written and signed before the clock runs, each with an id of its own."""

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner
from gateway.foundation.clock import utc_now
from gateway.foundation.settings import Settings
from gateway.sandbox.agency import NAMESPACE, about_learner
from gateway.sandbox.people import SyntheticPerson
from gateway.wiring.outward import our_subsystem
from gateway.xroad.envelope import Shell, asking_shell
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, parse_subsystem
from gateway.xroad.namespaces import PROTOCOL_VERSION
from gateway.xroad.security import Sealing, sign_message

SERVICE = "getLearnerStatus"
_AGREEMENT = {True: ("social_fund", "SF_SURVIVOR"), False: ("state_portal", "BENEFIT_CASE")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """One agency that asks about learners in turn, signing or not; its key is read once."""

    settings: Settings
    about: Iterator[SyntheticPerson]
    signed: bool
    sealing: Sealing | None = None

    def requests(self, count: int) -> list[bytes]:
        """Write so many requests."""
        write: Callable[[], bytes] = self._signed if self.signed else self._unsigned
        return [write() for _ in range(count)]

    def shell(self) -> Shell:
        """Write the header of a new request."""
        name, _ = _AGREEMENT[self.signed]
        service = ServiceId(provider=our_subsystem(self.settings), service_code=SERVICE, service_version="v1")
        header = Header(
            client=parse_subsystem(self.settings.agreements[name].client),
            service=service,
            message_id=str(uuid4()),
            protocol_version=PROTOCOL_VERSION,
            user_id="KG-officer",
            issue="CASE/2026/000123",
        )
        return asking_shell(header)

    def content(self) -> bytes:
        """Write the question in canonical form."""
        name, purpose = _AGREEMENT[self.signed]
        learner = next(self.about)
        number = self.settings.agreements[name].number
        return (
            f'<isuo:{SERVICE} xmlns:isuo="{NAMESPACE}"><isuo:context><isuo:purposeCode>{purpose}</isuo:purposeCode>'
            f"<isuo:agreementNo>{number}</isuo:agreementNo><isuo:requestOrg>Agency</isuo:requestOrg>"
            "<isuo:requestPerson>Officer</isuo:requestPerson><isuo:caseRef>CASE/2026/000123</isuo:caseRef>"
            f"</isuo:context>{about_learner(learner.pin or '', learner.birth_date)}</isuo:{SERVICE}>"
        ).encode()

    def _signed(self) -> bytes:
        assert self.sealing
        return sign_message(self.shell(), self.content(), self.sealing, at=utc_now())

    def _unsigned(self) -> bytes:
        """Write it without an XML declaration: the peer's text search over the first tag finds no envelope behind one."""
        shell = self.shell()
        return shell.wrap(shell.body(self.content())).partition(b"\n")[2]


def asker(settings: Settings, learners: Iterable[SyntheticPerson], *, signed: bool) -> Asker:
    """Make an agency of the shipped configuration; its signatures last for the whole run."""
    about = itertools.cycle(learners)
    if not signed:
        return Asker(settings=settings, about=about, signed=False)
    certificate = settings.path(settings.agreements[_AGREEMENT[True][0]].certificate_files[0])
    signer = FileSigner(certificate.with_suffix(".key"), certificate, signature_algorithm("rsa-sha256"))
    sealing = Sealing(signer=signer, lifetime=timedelta(hours=4))
    return Asker(settings=settings, about=about, signed=True, sealing=sealing)
