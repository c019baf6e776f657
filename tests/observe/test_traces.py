"""Traces: exchange and trace find each other, a job's questions stand below it, and nobody is named."""

import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import pytest
from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from sqlalchemy import text

from gateway.exchange.tracing import TracedJournal, exchanges_of, trace_of
from gateway.foundation.database import Database
from gateway.foundation.errors import AgencyUnavailable, SettingsError
from gateway.foundation.observability_settings import Observability
from gateway.foundation.queue import defer
from gateway.foundation.tracing import Tracing, open_tracing
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.sandbox.people import population
from gateway.sandbox.seed import seed_registry
from gateway.wiring.opening import open_gateway
from gateway.xroad.envelope import CONTENT_TYPE
from sync.dependencies import WorkerDependencies
from sync.worker import _options, build_app
from tests.exchange.journal import PIN, Journal, make_entry
from tests.running import PEOPLE, SEED, TOKEN, make_settings, running


@dataclass
class Receiver:
    """A real OTLP/HTTP receiver: it parses what is posted and keeps the spans."""

    url: str = ""
    spans: list[Any] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for resource in sent.resource_spans:
            for scope in resource.scope_spans:
                self.spans += scope.spans
        return web.Response(content_type="application/x-protobuf")

    def named(self, name: str) -> list[Any]:
        return [span for span in self.spans if span.name == name]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/v1/traces", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1/traces"
    yield receiver
    await runner.cleanup()


def _told(span: Any) -> dict[str, str]:
    return {each.key: each.value.string_value or str(each.value.int_value) for each in span.attributes}


async def test_a_real_receiver_gets_traces_of_exchanges_and_jobs(database_url: str, tmp_path: Path) -> None:
    """Inbound, outbound and a worker's job are spans with X-Road ids, and the journal knows each one's trace."""
    people, database = population(SEED, PEOPLE), Database(database_url)
    child = people.roles["child"]
    async with receiving() as receiver:
        settings = make_settings(database_url, tmp_path, KOPURO_OBSERVABILITY__TRACES_URL=receiver.url)
        await seed_registry(database, people, settings)
        async with running(settings) as product, aiohttp.ClientSession() as http:
            wish = Wish(service_code="getLearnerStatus", about=about_learner(child.pin, child.birth_date))
            body = io.BytesIO(write_request(product.settings, wish, signed=True))
            url = f"{product.gateway}/xroad"
            async with http.post(url, data=body, headers={"Content-Type": CONTENT_TYPE}) as reply:
                assert reply.status == 200
            headers = {"Authorization": f"Bearer {TOKEN}"}
            url = f"{product.gateway}/api/v1/autofill"
            async with http.post(url, json={"pin": child.pin}, headers=headers) as reply:
                assert reply.status == 200
            await _work_once(database, product.settings)
    (answer,) = receiver.named("xroad answer")
    jobs = {span.span_id: span.trace_id for span in receiver.spans if span.name.startswith("job ")}
    assert receiver.named("job verify_person")
    asks = [span for span in receiver.spans if span.name.startswith("xroad ask")]
    below = [span for span in asks if span.parent_span_id]
    assert below
    assert all(jobs[span.parent_span_id] == span.trace_id for span in below)
    async with database.transaction() as session:
        for span in (answer, *asks):
            told = _told(span)
            assert told["xroad.message_id"]
            exchange_id = UUID(told["kopuro.exchange_id"])
            assert await trace_of(session, exchange_id) == span.trace_id.hex()
            assert exchange_id in await exchanges_of(session, span.trace_id.hex())
        recorded = await session.execute(text("select distinct exchange_id from journal_entry"))
        assert {UUID(_told(span)["kopuro.exchange_id"]) for span in (answer, *asks)} == set(
            recorded.scalars()
        )
    await database.close()
    said = " ".join(str(span) for span in receiver.spans)
    assert not [person for person in people.people if person.pin and person.pin in said]
    assert child.surname not in said


async def _work_once(database: Database, settings: Any) -> None:
    """Let a worker do one job: check a learner against the sources."""
    async with database.transaction() as session:
        found = await session.execute(text("select id from person order by created_at limit 1"))
        await defer(session, "verify_person", person_id=str(found.scalar_one()))
    async with open_gateway(settings) as gateway:
        dependencies = WorkerDependencies(
            database=gateway.database, agencies=gateway.agencies, settings=settings, tracing=gateway.tracing
        )
        app = build_app(dependencies)
        async with app.open_async():
            await app.run_worker_async(**_options(dependencies), wait=False)


async def test_an_error_is_told_by_its_kind_alone(journal: Journal) -> None:
    """A span that fails carries the error's class; no text, no event, no PIN from a stranger's message id."""
    exporter = InMemorySpanExporter()
    tracing = Tracing(SimpleSpanProcessor(exporter))
    writer = TracedJournal(journal.database, journal.keys)
    await writer.start()
    with pytest.raises(AgencyUnavailable), tracing.span("xroad ask x", "client", {}):
        entry = make_entry(message_id=f"id-{PIN}")
        await writer.record(entry, request=b"<ask/>", response=b"<told/>")
        raise AgencyUnavailable(f"{PIN} was not found", code="timeout")
    await writer.record(make_entry(), request=b"<ask/>", response=b"<told/>")
    await writer.close()
    tracing.close()
    (span,) = exporter.get_finished_spans()
    assert span.attributes["error.type"] == "AgencyUnavailable"
    assert span.attributes["xroad.message_id"] == "id-[pin]"
    assert not span.events
    assert PIN not in span.to_json()
    async with journal.database.transaction() as session:
        assert (await session.execute(text("select count(*) from exchange_trace"))).scalar_one() == 1


def test_traces_are_off_unless_configured() -> None:
    """Without an address nothing is made; a share beyond 0 and 1 stops the start with a sentence."""
    assert open_tracing(Observability()) is None
    with pytest.raises(SettingsError, match="traces_share"):
        open_tracing(Observability(traces_url="http://127.0.0.1:9/v1/traces", traces_share=2))
