"""An outside agency: writes requests to our published services the way its own system would."""

from dataclasses import dataclass
from datetime import date
from uuid import uuid4
from xml.sax.saxutils import escape

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner
from gateway.foundation.clock import utc_now
from gateway.foundation.errors import SettingsError
from gateway.foundation.policy_settings import Agreement
from gateway.foundation.settings import Settings
from gateway.xroad.envelope import asking_shell
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId, parse_subsystem
from gateway.xroad.namespaces import PROTOCOL_VERSION
from gateway.xroad.security import Sealing, sign_message

NAMESPACE = "urn:kg:isuo:producer:v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What the agency wants to know: a service, and the element that says about whom."""

    service_code: str
    about: str
    service_version: str = "v1"
    purpose: str = ""
    message_id: str = ""


def about_learner(pin: str, birth_date: date) -> str:
    """Write the subject of getLearnerStatus."""
    return (
        f"<isuo:subject><isuo:pin>{escape(pin)}</isuo:pin><isuo:control><isuo:birthDate>{birth_date}"
        "</isuo:birthDate></isuo:control></isuo:subject>"
    )


def about_document(kind: str, series: str, number: str, *, birth_date: date) -> str:
    """Write document and holder of verifyEducationDocument."""
    return (
        f"<isuo:document><isuo:type>{escape(kind)}</isuo:type><isuo:series>{escape(series)}</isuo:series>"
        f"<isuo:number>{escape(number)}</isuo:number></isuo:document>"
        f"<isuo:holder><isuo:birthDate>{birth_date}</isuo:birthDate></isuo:holder>"
    )


def write_request(settings: Settings, wish: Wish, *, signed: bool) -> bytes:
    """Write a request under the first agreement that allows it; raises SettingsError when there is none.

    The key of a signing agency lies beside its certificate, as `kopuro sandbox` makes it.
    """
    agreement = _agreement(settings, wish, signed=signed)
    ours = SubsystemId(
        xroad_instance=settings.identity.xroad_instance,
        member_class=settings.identity.member_class,
        member_code=settings.identity.member_code,
        subsystem_code=settings.identity.subsystem_code,
    )
    header = Header(
        client=parse_subsystem(agreement.client),
        service=ServiceId(
            provider=ours, service_code=wish.service_code, service_version=wish.service_version
        ),
        message_id=wish.message_id or str(uuid4()),
        protocol_version=PROTOCOL_VERSION,
        user_id="KG-sandbox-officer",
        issue="CASE/2026/000123",
    )
    shell, content = asking_shell(header), _content(settings, wish, agreement)
    if not signed:
        return shell.wrap(shell.body(content))
    return sign_message(shell, content, Sealing(signer=_signer(settings, agreement)), at=utc_now())


def _agreement(settings: Settings, wish: Wish, *, signed: bool) -> Agreement:
    service = f"{wish.service_code}/{wish.service_version}"
    for agreement in settings.agreements.values():
        if service in agreement.services and agreement.must_sign == signed:
            return agreement
    how = "signed" if signed else "unsigned"
    raise SettingsError(f"no agreement in config/agreements.toml allows {how} requests to {service}")


def _content(settings: Settings, wish: Wish, agreement: Agreement) -> bytes:
    purpose = wish.purpose or next(
        code
        for code in agreement.purposes
        if any(
            settings.profiles[name].service == wish.service_code for name in settings.purposes[code].profiles
        )
    )
    context = (
        f"<isuo:context><isuo:purposeCode>{purpose}</isuo:purposeCode>"
        f"<isuo:agreementNo>{escape(agreement.number)}</isuo:agreementNo>"
        "<isuo:requestOrg>Sandbox agency</isuo:requestOrg><isuo:requestPerson>Officer 1</isuo:requestPerson>"
        "<isuo:caseRef>CASE/2026/000123</isuo:caseRef></isuo:context>"
    )
    name = wish.service_code
    return f'<isuo:{name} xmlns:isuo="{NAMESPACE}">{context}{wish.about}</isuo:{name}>'.encode()


def _signer(settings: Settings, agreement: Agreement) -> FileSigner:
    certificate = settings.path(agreement.certificate_files[0])
    return FileSigner(certificate.with_suffix(".key"), certificate, signature_algorithm("rsa-sha256"))
