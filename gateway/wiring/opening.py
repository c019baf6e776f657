"""Open the gateway: database and journal, the adapters, the pipeline put together, closed in the opposite order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta

import psycopg

from gateway.access.door import Door, open_door
from gateway.access.keys import read_access_keys
from gateway.api.dependencies import ApiDependencies
from gateway.console import ConsoleDependencies
from gateway.crypto.digest import digest_algorithm
from gateway.crypto.keys import read_secret
from gateway.disclosure.agreements import Agreements
from gateway.disclosure.notice_post import Sender, XroadNoticePost, parse_service
from gateway.exchange.keys import JournalKeys
from gateway.exchange.outbound import RecordedCalls
from gateway.exchange.seal import Sealer
from gateway.exchange.tracing import TracedJournal
from gateway.exchange.writer import JournalWriter
from gateway.foundation.database import Database
from gateway.foundation.errors import KopuroError
from gateway.foundation.settings import Settings
from gateway.foundation.tracing import Tracing, open_tracing
from gateway.intake.answer_memory import AnswerMemory, Freshness, remembered
from gateway.intake.guarded_asker import Guards
from gateway.intake.ports import Agencies
from gateway.operations.replay_rules import rules_of
from gateway.operations.replay_sending import Resender, Towards
from gateway.operations.watch.watcher import Watcher
from gateway.portal import Desk
from gateway.services.endpoint import Endpoint
from gateway.services.traced import TracedEndpoint
from gateway.wiring.keys import read_keys, read_signer
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
