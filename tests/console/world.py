"""Exchanges in the journal of a world: asked and answered, failed, retried, unanswered, hostile; synthetic all."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

from gateway.crypto.digest import signature_algorithm
from gateway.crypto.keys import FileSigner
from gateway.exchange.entry import Entry, Kind
from gateway.exchange.seal import Sealer
from gateway.exchange.writer import JournalWriter
from gateway.foundation.clock import utc_now
from tests.browsing import Site

PIN = "12301200112345"
US = "KG/GOV/70000025/isuo-gateway"
ZAGS = "KG/GOV/70000005/zags-service/zagsDataByPin/v1"
OURS = f"{US}/getLearnerStatus/v1"
FUND = "KG/GOV/70000021/social-fund"
REQUEST = """<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" \
xmlns:xro="http://x-road.eu/xsd/xroad.xsd" xmlns:iden="http://x-road.eu/xsd/identifiers"><soapenv:Header>\
<xro:client iden:objectType="SUBSYSTEM"><iden:memberCode>70000025</iden:memberCode></xro:client>\
<xro:id>m-1</xro:id><xro:userId>clerk-7</xro:userId></soapenv:Header><soapenv:Body>\
<z:zagsDataByPin xmlns:z="urn:z"><z:pin>{pin}</z:pin></z:zagsDataByPin></soapenv:Body></soapenv:Envelope>"""
RESPONSE = """<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>\
<z:answer xmlns:z="urn:z"><z:surname>{surname}</z:surname><z:name>Айпери</z:name></z:answer>\
</soapenv:Body></soapenv:Envelope>"""


async def ask(
    site: Site,
    *,
    ok: bool | None = True,
    ago: float = 60,
    code: str = "server.clientproxy.network_error",
    attempts: int = 1,
    milliseconds: float = 180,
    service: str = ZAGS,
    surname: str = "Токтогулова",
    message_id: str = "",
    request: bytes | None = None,
    issue: str = "admission-1",
) -> UUID:
    """Write an outbound exchange, with failed attempts before its last."""
    exchange_id, journal = uuid4(), JournalWriter(site.world.database, site.keys)
    body = request or REQUEST.format(pin=PIN).encode()
    await journal.start()
    for number in range(1, attempts + 1):
        at = utc_now() - timedelta(seconds=ago - number)
        sent = Entry(
            entry_id=uuid4(),
            exchange_id=exchange_id,
            kind=Kind.SENT,
            client=US,
            service=service,
            message_id=message_id or f"m-{exchange_id.hex[:8]}",
            user_id="clerk-7",
            issue=issue,
            request_in_ts=at,
            request_out_ts=at,
            subject=site.keys.subject_of(PIN),
            attempt=number,
        )
        await journal.record(sent, request=body)
        if ok is None and number == attempts:
            break
        is_last = number == attempts and ok
        answer = RESPONSE.format(surname=surname).encode() if is_last else None
        done = at + timedelta(milliseconds=milliseconds)
        answered = replace(
            sent,
            entry_id=uuid4(),
            kind=Kind.ANSWERED,
            response_in_ts=done,
            response_out_ts=done,
            succeeded=bool(is_last),
            outcome="OK" if is_last else "AgencyUnavailable",
            fault_code="" if is_last else code,
        )
        await journal.record(answered, response=answer)
    await journal.close()
    return exchange_id


async def answer(site: Site, *, ok: bool = True, ago: float = 90, client: str = FUND) -> UUID:
    """Write an inbound exchange."""
    exchange_id, journal = uuid4(), JournalWriter(site.world.database, site.keys)
    at = utc_now() - timedelta(seconds=ago)
    await journal.start()
    entry = Entry(
        entry_id=exchange_id,
        exchange_id=exchange_id,
        kind=Kind.RECEIVED,
        client=client,
        service=OURS,
        message_id=f"in-{exchange_id.hex[:8]}",
        user_id="fund-clerk",
        request_in_ts=at,
        response_out_ts=at + timedelta(milliseconds=23),
        succeeded=ok,
        outcome="OK" if ok else "FAULT",
        fault_code="" if ok else "Client.PURPOSE_NOT_AGREED",
        purpose="BENEFIT",
        agreement="17-1",
        signature="signed",
    )
    await journal.record(
        entry, request=REQUEST.format(pin=PIN).encode(), response=RESPONSE.format(surname="Асанов").encode()
    )
    await journal.close()
    return exchange_id


async def seal(site: Site) -> None:
    """Seal what was written."""
    signing = site.settings.signing
    signer = FileSigner(
        Path(site.settings.path(signing.key_file)),
        Path(site.settings.path(signing.certificate_file)),
        signature_algorithm(signing.signature_algorithm),
    )
    sealer = Sealer(
        site.world.database, signer, site.settings.path(site.settings.journal.anchor_file), interval_seconds=1
    )
    await sealer.seal_once()
    await sealer.close()


async def some_traffic(site: Site) -> dict[str, UUID]:
    """Write a little of everything."""
    return {
        "ok": await ask(site, ago=30),
        "failed": await ask(site, ok=False, ago=300),
        "retried": await ask(site, ago=600, attempts=3, milliseconds=2400),
        "open": await ask(site, ok=None, ago=20),
        "refused": await ask(site, ok=False, ago=4000, code="Server.ServerProxy.AccessDenied"),
        "inbound": await answer(site),
        "wrong": await answer(site, ok=False, ago=7200),
    }
