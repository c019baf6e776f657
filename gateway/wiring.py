"""Names the concrete things: keys read, database and journal opened, adapters found, the pipeline put together."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from importlib.metadata import entry_points
from typing import Any

import psycopg

from gateway.access.door import Door, open_door
from gateway.access.keys import read_access_keys
from gateway.api.dependencies import ApiDependencies
from gateway.console import ConsoleDependencies
from gateway.crypto.certificates import read_certificate
from gateway.crypto.digest import digest_algorithm, signature_algorithm
from gateway.crypto.keys import FileSigner, read_secret
from gateway.crypto.signature import Accepted
from gateway.disclosure.agreements import Agreements
from gateway.disclosure.notice_post import Sender, XroadNoticePost, parse_service
from gateway.exchange.keys import JournalKeys, read_journal_keys
from gateway.exchange.outbound import Patience, RecordedCalls, Trust
from gateway.exchange.seal import Sealer
from gateway.exchange.tracing import TracedJournal
from gateway.exchange.writer import JournalWriter
from gateway.foundation import logging
from gateway.foundation.database import Database
from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.errors import KopuroError, SettingsError
from gateway.foundation.settings import Agency, Settings, load
from gateway.foundation.tls import outbound_tls
from gateway.foundation.tracing import Tracing, open_tracing
from gateway.intake.answer_memory import AnswerMemory, Freshness, remembered
from gateway.intake.guarded_asker import Guards
from gateway.intake.plugs import AdapterPlug, Asker
from gateway.intake.ports import Agencies
from gateway.intake.recorded_asker import RecordedAsker
from gateway.intake.traced_asker import TracedAsker
from gateway.migrations.upgrade import is_current, upgrade
from gateway.operations.replay_rules import rules_of
from gateway.operations.replay_sending import Resender, Towards
from gateway.operations.watch.watcher import Watcher
from gateway.portal import Desk
from gateway.registry.books.loading import load_packaged_books
from gateway.services.endpoint import Endpoint
from gateway.services.traced import TracedEndpoint
from gateway.xroad.client import Client, Limits
from gateway.xroad.contracts import Schema
from gateway.xroad.identifiers import SubsystemId
from gateway.xroad.security import Demands, Sealing

ADAPTERS = "kopuro.adapters"
COMMANDS = "kopuro.commands"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """An opened gateway: what the web application and the worker share."""

    settings: Settings
    database: Database
    keys: JournalKeys
    journal: JournalWriter
    agencies: Agencies
    resender: Resender
    endpoint: Endpoint
    door: Door
    api: ApiDependencies
    console: ConsoleDependencies
    desk: Desk
    watcher: Watcher
    notices: XroadNoticePost
    tracing: Tracing | None = None


def begin() -> Settings:
    """Read the settings and set the logs up: how every command begins."""
    settings = load()
    logging.configure(settings.logs.level)
    return settings


@contextmanager
def database_url(settings: Settings) -> Iterator[str]:
    """Give the configured database's address, or start (or join) the private one for as long as needed."""
    if settings.database.url:
        yield settings.database.url
        return
    with embedded_postgres(settings.path(settings.database.data_directory)) as url:
        yield url


def prepare_database(url: str) -> None:
    """Bring a database to the present revision and load the reference books that come with this version."""
    upgrade(url)
    asyncio.run(_load_books(url))


async def _load_books(url: str) -> None:
    database = Database(url)
    try:
        await load_packaged_books(database)
    finally:
        await database.close()


@contextmanager
def ready_database(settings: Settings) -> Iterator[Settings]:
    """Give settings that name a migrated database.

    The private one is migrated by itself; a server only by `kopuro migrate`, because its operator decides when.
    """
    with database_url(settings) as url:
        if not settings.database.url:
            prepare_database(url)
        elif not is_current(url):
            raise SettingsError("the database is not at this version's revision: run `kopuro migrate`")
        yield dataclasses.replace(settings, database=dataclasses.replace(settings.database, url=url))


def read_signer(settings: Settings) -> FileSigner:
    """Read our signing key; raises SettingsError."""
    signing = settings.signing
    return FileSigner(
        settings.path(signing.key_file),
        settings.path(signing.certificate_file),
        signature_algorithm(signing.signature_algorithm),
    )


def read_keys(settings: Settings) -> JournalKeys:
    """Read the journal's keys; raises SettingsError."""
    journal = settings.journal
    return read_journal_keys(
        settings.path(journal.body_key_file),
        settings.path(journal.mac_key_file),
        settings.path(journal.subject_key_file),
    )


def our_subsystem(settings: Settings) -> SubsystemId:
    """Give the subsystem under which we ask and answer."""
    return SubsystemId(**dataclasses.asdict(settings.identity))


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[Gateway]:
    """Open everything in order and close it in the opposite one; the database must be migrated.

    `settings.database.url` must be set: whoever owns the process decides where the database lives.
    """
    signer, keys = read_signer(settings), read_keys(settings)
    sealing = Sealing(signer=signer, digest=digest_algorithm(settings.signing.digest_algorithm))
    demands = _demands(settings)
    database = Database(settings.database.url, pool_size=settings.database.pool_size)
    tracing = open_tracing(settings.observability)
    writer = TracedJournal if tracing else JournalWriter
    journal = writer(database, keys, group_window_ms=settings.journal.group_window_ms)
    sealer = Sealer(
        database,
        signer,
        settings.path(settings.journal.anchor_file),
        interval_seconds=settings.journal.seal_interval_seconds,
    )
    client = open_client(settings)
    sealing_work: asyncio.Task[None] | None = None
    try:
        await database.ping()
        await journal.start()
        sealing_work = asyncio.create_task(sealer.run(), name="sealer")
        calls = RecordedCalls(client, journal, patience=_patience(settings))
        guards = Guards(database, settings.background)
        trusts = _Trusts(sealing=sealing, demands=demands)
        agencies = _open_agencies(settings, calls, keys, trusts, _Askers(guards=guards, tracing=tracing))
        resender = Resender(
            database,
            calls,
            keys,
            rules=rules_of(settings),
            towards=Towards(trusts=_trusts(settings, trusts), breakers=guards.breakers, ledger=guards.ledger),
        )
        endpoint = Endpoint(
            ours=our_subsystem(settings),
            agreements=Agreements(settings),
            schema=Schema(settings.schemas / "isuo" / "isuo.xsd"),
            sealing=sealing,
            demands=demands,
            database=database,
            journal=journal,
            keys=keys,
        )
        door = open_door(database, read_access_keys(settings), settings)
        watcher = Watcher(database, settings)
        sender = Sender(ours=our_subsystem(settings), sealing=sealing, signed=_signed_notices(settings))
        for_forms = _for_forms(settings, database, keys, agencies)
        yield Gateway(
            notices=XroadNoticePost(calls, guards.breakers, sender, schemas=settings.schemas),
            settings=settings,
            database=database,
            keys=keys,
            journal=journal,
            agencies=agencies,
            resender=resender,
            endpoint=TracedEndpoint.of(endpoint, tracing) if tracing else endpoint,
            watcher=watcher,
            tracing=tracing,
            door=door,
            api=ApiDependencies(
                database=database, agencies=for_forms, settings=settings, door=door, keys=keys
            ),
            console=ConsoleDependencies(database=database, keys=keys, settings=settings, watcher=watcher),
            desk=Desk(
                database=database,
                agencies=for_forms,
                settings=settings,
                door=door,
                import_key=read_secret(settings.path(settings.journal.body_key_file)),
            ),
        )
    finally:
        await client.close()
        await journal.close()
        await _stop_sealing(sealer, sealing_work)
        await database.close()
        if tracing:
            await asyncio.to_thread(tracing.close)


def _signed_notices(settings: Settings) -> frozenset[str]:
    """Give the agreements whose notices we sign; raises SettingsError for a service that cannot take notices."""
    for agreement in settings.agreements.values():
        if agreement.correction_service:
            parse_service(agreement.correction_service)
    return frozenset(agreement.number for agreement in settings.agreements.values() if agreement.must_sign)


def _for_forms(settings: Settings, database: Database, keys: JournalKeys, agencies: Agencies) -> Agencies:
    """Let forms be filled from answers that are still fresh, where that is switched on."""
    most = timedelta(hours=settings.background.filling.cache_hours)
    if not most:
        return agencies
    freshness = Freshness(policies=settings.fields, most=most)
    return remembered(agencies, AnswerMemory(database, keys, freshness))


async def _stop_sealing(sealer: Sealer, work: asyncio.Task[None] | None) -> None:
    """End the sealer's round and seal what was written last, so that a graceful stop leaves nothing open."""
    if work is None:
        return
    work.cancel()
    with suppress(asyncio.CancelledError):
        await work
    with suppress(psycopg.Error, OSError, KopuroError):
        await sealer.seal_once()
    await sealer.close()


def found_adapters() -> dict[str, AdapterPlug[Any]]:
    """Find every installed adapter by its entry point."""
    return {found.name: found.load() for found in entry_points(group=ADAPTERS)}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Trusts:
    sealing: Sealing
    demands: Demands


@dataclass(frozen=True, slots=True, kw_only=True)
class _Askers:
    """What stands around every question to an agency: breaker and ledger outside, the trace within."""

    guards: Guards
    tracing: Tracing | None

    def around(self, asker: RecordedAsker, name: str) -> Asker:
        return self.guards.guard(TracedAsker(asker, self.tracing) if self.tracing else asker, name)


def _open_agencies(
    settings: Settings, calls: RecordedCalls, keys: JournalKeys, trusts: _Trusts, askers: _Askers
) -> Agencies:
    """Open the adapters that are switched on and put their ports together."""
    plugs = found_adapters()
    opened: dict[str, Any] = {}
    for name, agency in settings.agencies.items():
        if not agency.enabled:
            continue
        if agency.adapter not in plugs:
            raise SettingsError(f"agencies.{name}: there is no adapter {agency.adapter!r}; run make setup")
        asker = RecordedAsker(
            agency,
            our_subsystem(settings),
            calls=calls,
            keys=keys,
            trust=_trust(settings, agency, trusts.sealing, trusts.demands),
        )
        ports = plugs[agency.adapter].open(
            agency, askers.around(asker, name), contracts=settings.contracts, schemas=settings.schemas
        )
        opened |= {
            field.name: port for field in dataclasses.fields(ports) if (port := getattr(ports, field.name))
        }
    return Agencies(**opened)


def _trusts(settings: Settings, trusts: _Trusts) -> dict[str, Trust]:
    """Give the trust towards every member that is asked, by its class and code."""
    return {
        f"{agency.member_class}/{agency.member_code}": _trust(
            settings, agency, trusts.sealing, trusts.demands
        )
        for agency in settings.agencies.values()
        if agency.enabled
    }


def _trust(settings: Settings, agency: Agency, sealing: Sealing, demands: Demands) -> Trust:
    """Sign and verify towards an agency only where the configuration says so."""
    certificates = (
        (read_certificate(settings.path(agency.certificate_file)),) if agency.verify_answers else ()
    )
    return Trust(
        sealing=sealing if agency.sign_requests else None,
        certificates=certificates,
        demands=demands if agency.verify_answers else None,
    )


def _demands(settings: Settings) -> Demands:
    signing = settings.signing
    for name in signing.accepted_signature_algorithms:
        signature_algorithm(name)
    for name in signing.accepted_digest_algorithms:
        digest_algorithm(name)
    return Demands(
        accepted=Accepted(
            signatures=signing.accepted_signature_algorithms, digests=signing.accepted_digest_algorithms
        ),
        maximum_age=timedelta(seconds=signing.maximum_age_seconds),
        clock_skew=timedelta(seconds=signing.clock_skew_seconds),
    )


def open_client(settings: Settings) -> Client:
    """Prepare the way to our security server; nothing is connected yet. Raises SettingsError."""
    server = settings.security_server
    limits = Limits(
        connect=timedelta(seconds=server.connect_timeout_seconds),
        bytes=server.answer_limit_bytes,
        request_bytes=server.loggable_limit_bytes,
    )
    return Client(server.url, limits, tls=outbound_tls(settings))


def _patience(settings: Settings) -> Patience:
    server = settings.security_server
    return Patience(
        attempts=server.attempts,
        first_backoff=timedelta(seconds=server.first_backoff_seconds),
        deadline=timedelta(seconds=server.exchange_deadline_seconds),
    )
