"""The doctor asks what we may ask: the security servers' own lists, or, where wished, the services themselves."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta

from gateway.cli.doctor.finding import Finding, bad, good, warning
from gateway.cli.doctor.metaservice import (
    ALLOWED,
    LISTED,
    header_of,
    provider_of,
    read_services,
    write_question,
)
from gateway.exchange.outbound import OutboundCall, Patience, RecordedCalls, Trust
from gateway.exchange.writer import JournalWriter
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyRefused, AgencyUnavailable, ContractError
from gateway.foundation.settings import Settings
from gateway.wiring.keys import read_keys
from gateway.wiring.outward import open_client
from gateway.xroad.client import Client
from gateway.xroad.envelope import FaultMessage, read_message
from gateway.xroad.fault_codes import is_security_servers, normalise
from gateway.xroad.faults import error_of
from gateway.xroad.identifiers import ServiceId, SubsystemId

Wanted = dict[SubsystemId, tuple[str, ...]]
EMPTY_QUESTION = "urn:kopuro:doctor:1"


def wanted_services(settings: Settings) -> Wanted:
    """Give the SOAP services the configuration names, as `code/version`, by the subsystem that serves them.

    A security server lists REST services elsewhere and tells no right of theirs by SOAP: they are left out.
    """
    wanted: Wanted = {}
    for agency in settings.agencies.values():
        for services in agency.subsystems.values():
            if agency.enabled and services.binding == "soap":
                provider = provider_of(settings, agency, services)
                wanted[provider] = (*wanted.get(provider, ()), *services.services.values())
    return wanted


def check_rights(settings: Settings) -> list[Finding]:
    """Ask every agency's security server for its lists; nothing is asked about anybody."""
    return asyncio.run(_compare(settings))


async def _compare(settings: Settings) -> list[Finding]:
    client = open_client(settings)
    try:
        return [
            finding
            for provider, services in wanted_services(settings).items()
            for finding in await _compare_one(settings, client, provider, services)
        ]
    finally:
        await client.close()


async def _compare_one(
    settings: Settings, client: Client, provider: SubsystemId, services: tuple[str, ...]
) -> list[Finding]:
    try:
        allowed = await _list(settings, client, provider, ALLOWED)
        listed = allowed if allowed.issuperset(services) else await _list(settings, client, provider, LISTED)
    except AgencyRefused as error:
        return [_not_listed(provider, error.code)]
    except AgencyUnavailable as error:
        return [warning("rights_unavailable", provider=provider, fault=error.code)]
    except ContractError as error:
        return [warning("rights_unreadable", provider=provider, reason=error)]
    return [_right(f"{provider}/{service}", service, allowed, listed) for service in services]


def _right(name: str, service: str, allowed: set[str], listed: set[str]) -> Finding:
    if service in allowed:
        return good("right_good", service=name)
    if service in listed:
        return bad("right_missing", service=name)
    return bad("service_unknown", service=name, known=", ".join(sorted(listed)) or "–")


def _not_listed(provider: SubsystemId, code: str) -> Finding:
    if normalise(code).endswith("unknown_member"):
        return bad("member_unknown", provider=provider)
    return warning("rights_not_told", provider=provider, fault=code)


async def _list(settings: Settings, client: Client, provider: SubsystemId, metaservice: str) -> set[str]:
    deadline = timedelta(seconds=settings.security_server.exchange_deadline_seconds)
    raw = await client.post(write_question(settings, provider, metaservice), deadline=deadline)
    answer = read_message(raw.content, raw.content_type)
    if isinstance(answer, FaultMessage):
        raise error_of(answer)
    return set(read_services(answer))


def ask_services(settings: Settings, url: str) -> Iterator[Finding]:
    """Ask each service an empty question, recorded in the journal like any other; a refusal tells what is missing."""
    yield from asyncio.run(_ask_all(settings, url))


async def _ask_all(settings: Settings, url: str) -> list[Finding]:
    async with _recorded(settings, url) as calls:
        return [
            await _ask_one(settings, calls, provider, service)
            for provider, services in wanted_services(settings).items()
            for service in services
        ]


@asynccontextmanager
async def _recorded(settings: Settings, url: str) -> AsyncIterator[RecordedCalls]:
    server, database, client = settings.security_server, Database(url), open_client(settings)
    journal = JournalWriter(database, read_keys(settings))
    deadline = timedelta(seconds=server.exchange_deadline_seconds)
    try:
        await journal.start()
        yield RecordedCalls(client, journal, patience=Patience(attempts=1, deadline=deadline))
    finally:
        await client.close()
        await journal.close()
        await database.close()


async def _ask_one(settings: Settings, calls: RecordedCalls, provider: SubsystemId, service: str) -> Finding:
    code, _, version = service.partition("/")
    called = ServiceId(provider=provider, service_code=code, service_version=version)
    content = f'<d:{code} xmlns:d="{EMPTY_QUESTION}"></d:{code}>'.encode()
    try:
        await calls.call(OutboundCall(header=header_of(settings, called), content=content), Trust())
    except AgencyRefused as error:
        return _refused(called, error.code)
    except AgencyUnavailable as error:
        return warning("service_down", service=called, fault=error.code)
    except ContractError as error:
        return warning("service_unreadable", service=called, reason=error)
    return good("service_reached", service=called)


def _refused(called: ServiceId, code: str) -> Finding:
    """Take a fault of the service's own as proof of the way there; a security server's says what is missing."""
    last = normalise(code).split(".")[-1]
    if not is_security_servers(code):
        return good("service_reached", service=called)
    if last == "access_denied":
        return bad("right_missing", service=called)
    if last == "unknown_service":
        return bad("service_unknown", service=called, known="–")
    return bad("service_refused", service=called, fault=code)
