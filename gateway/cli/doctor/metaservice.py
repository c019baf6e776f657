"""X-Road's own questions: which services of a subsystem there are, and which of them we may ask."""

from collections.abc import Iterator
from uuid import uuid4

from gateway.foundation.settings import Agency, AgencyServices, Settings
from gateway.foundation.xml import element_children, text_of
from gateway.wiring.outward import our_subsystem
from gateway.xroad.envelope import Message, asking_shell
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.namespaces import IDENTIFIERS, PROTOCOL_VERSION, XROAD, q

ALLOWED, LISTED = "allowedMethods", "listMethods"
USER = "kopuro-doctor"
ISSUE = "kopuro doctor"


def provider_of(settings: Settings, agency: Agency, services: AgencyServices) -> SubsystemId:
    """Give the subsystem an agency serves a family of services under."""
    return SubsystemId(
        xroad_instance=settings.identity.xroad_instance,
        member_class=agency.member_class,
        member_code=agency.member_code,
        subsystem_code=services.subsystem_code,
    )


def first_provider(settings: Settings) -> SubsystemId:
    """Give the first subsystem we ask; without any, our own, which a security server knows too."""
    for agency in settings.agencies.values():
        for services in agency.subsystems.values():
            if agency.enabled:
                return provider_of(settings, agency, services)
    return our_subsystem(settings)


def header_of(settings: Settings, service: ServiceId) -> Header:
    """Write the header of a question of the doctor's."""
    return Header(
        client=our_subsystem(settings),
        service=service,
        message_id=str(uuid4()),
        protocol_version=PROTOCOL_VERSION,
        user_id=USER,
        issue=ISSUE,
    )


def write_question(settings: Settings, provider: SubsystemId, metaservice: str) -> bytes:
    """Write a metaservice's request; it is about nobody."""
    shell = asking_shell(header_of(settings, ServiceId(provider=provider, service_code=metaservice)))
    return shell.wrap(shell.body(f'<xrd:{metaservice} xmlns:xrd="{XROAD}"></xrd:{metaservice}>'.encode()))


def read_services(answer: Message) -> Iterator[str]:
    """Read the services of an answer as `code/version`, or `code` where there is no version."""
    for service in answer.content.iterfind(q(XROAD, "service")):
        named = {child.tag: text_of(child).strip() for child in element_children(service)}
        code, version = (named.get(q(IDENTIFIERS, name), "") for name in ("serviceCode", "serviceVersion"))
        yield f"{code}/{version}" if version else code
