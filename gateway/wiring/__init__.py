"""Names the concrete things: keys read, database and journal opened, adapters found, the pipeline put together."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import psycopg

from gateway.access.door import Door, open_door
from gateway.access.keys import read_access_keys
from gateway.api.dependencies import ApiDependencies
from gateway.console import ConsoleDependencies
from gateway.crypto.digest import digest_algorithm, signature_algorithm
from gateway.crypto.keys import FileSigner, read_secret
from gateway.disclosure.agreements import Agreements
from gateway.disclosure.notice_post import Sender, XroadNoticePost, parse_service
from gateway.exchange.keys import JournalKeys, read_journal_keys
from gateway.exchange.outbound import RecordedCalls
from gateway.exchange.seal import Sealer
from gateway.exchange.tracing import TracedJournal
from gateway.exchange.writer import JournalWriter
from gateway.foundation import logging
from gateway.foundation.database import Database
from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.errors import KopuroError, SettingsError
from gateway.foundation.settings import Settings, load
from gateway.foundation.tracing import Tracing, open_tracing
from gateway.intake.answer_memory import AnswerMemory, Freshness, remembered
from gateway.intake.guarded_asker import Guards
from gateway.intake.ports import Agencies
from gateway.migrations.upgrade import is_current, upgrade
from gateway.operations.replay_rules import rules_of
from gateway.operations.replay_sending import Resender, Towards
from gateway.operations.shipped_rules import ship_rules
from gateway.operations.watch.watcher import Watcher
from gateway.portal import Desk
from gateway.registry.books.loading import load_packaged_books
from gateway.services.endpoint import Endpoint
from gateway.services.traced import TracedEndpoint
from gateway.wiring.outward import (
    Askers,
    Trusts,
    demands_of,
    open_agencies,
    open_client,
    our_subsystem,
    patience_of,
    trusts_of,
)
from gateway.xroad.contracts import Schema
from gateway.xroad.security import Sealing

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
    """Bring a database to the present revision and load what comes with this version: reference books, alert rules."""
    upgrade(url)
    asyncio.run(_load(url))


async def _load(url: str) -> None:
    database = Database(url)
    try:
        await load_packaged_books(database)
        await ship_rules(database)
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


@asynccontextmanager
async def open_gateway(settings: Settings) -> AsyncIterator[Gateway]:
    """Open everything in order and close it in the opposite one; the database must be migrated.

    `settings.database.url` must be set: whoever owns the process decides where the database lives.
    """
    signer, keys = read_signer(settings), read_keys(settings)
    sealing = Sealing(signer=signer, digest=digest_algorithm(settings.signing.digest_algorithm))
    demands = demands_of(settings)
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
        calls = RecordedCalls(client, journal, patience=patience_of(settings))
        guards = Guards(database, settings.background)
        trusts = Trusts(sealing=sealing, demands=demands)
        agencies = open_agencies(settings, calls, keys, trusts, Askers(guards=guards, tracing=tracing))
        resender = Resender(
            database,
            calls,
            keys,
            rules=rules_of(settings),
            towards=Towards(
                trusts=trusts_of(settings, trusts), breakers=guards.breakers, ledger=guards.ledger
            ),
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
                database=database,
                agencies=for_forms,
                settings=settings,
                door=door,
                keys=keys,
                signer=signer,
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
