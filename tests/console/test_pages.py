"""The console's pages over HTTP: who sees what masked, reveals, exports, views, and never a PIN in an address."""

import hashlib
import io
import json
import re
import zipfile
from datetime import timedelta
from uuid import UUID, uuid4

import aiohttp
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.x509 import load_pem_x509_certificate
from openpyxl import load_workbook
from sqlalchemy import select, text

from gateway.access.model import AccessAct
from gateway.disclosure.exports.model import ExportRecord
from gateway.evidence.hash_chain import Branch, climb, step_hash
from gateway.exchange.figures_model import ExchangeTrace
from gateway.exchange.stored import SHA256
from gateway.foundation.clock import utc_now
from gateway.foundation.queue import defer
from gateway.operations.incident_feeding import feed_incidents
from gateway.operations.incident_tables import IncidentExchange
from tests.browsing import Site
from tests.console.world import PIN, answer, ask, seal, some_traffic
from tests.pages.test_guard import ask as visit


async def page(http: aiohttp.ClientSession, site: Site, name: str, path: str) -> str:
    response = await visit(http, site, "GET", path, cookies=await site.cookies(name))
    assert response.status == 200, (path, response.status)
    return await response.text()


@pytest.mark.requirement("D-8")
async def test_bodies_are_masked_until_a_reason_is_given_and_only_in_that_session(site: Site) -> None:
    """Names and PIN are hidden; a reason opens them for this session alone, and stands in the trace."""
    exchange = await ask(site)
    path = f"/console/exchanges/{exchange}/messages"
    async with aiohttp.ClientSession() as http:
        for view in ("pretty", "raw", "header"):
            masked = await page(http, site, "auditor", f"{path}?view={view}")
            assert "Токтогулова" not in masked
            assert PIN not in masked
        assert "z:surname" in await page(http, site, "operator", path)
        cookies = await site.cookies("auditor")
        reveal = path.replace("messages", "reveal")
        refused = await visit(http, site, "POST", reveal, cookies=cookies, form={"reason": "short"})
        assert "bad:exchange.reveal_reason" in str(refused.headers.getall("Set-Cookie"))
        assert "Токтогулова" not in await (await visit(http, site, "GET", path, cookies=cookies)).text()
        reason = "the fund asks about a wrong name"
        await visit(http, site, "POST", reveal, cookies=cookies, form={"reason": reason})
        shown = await (await visit(http, site, "GET", path, cookies=cookies)).text()
        assert "Токтогулова" in shown
        assert PIN in shown
        for other in ("auditor", "operator"):
            assert "Токтогулова" not in await page(http, site, other, path)
        assert reason in await page(http, site, "special", f"/console/exchanges/{exchange}/audit")
    async with site.world.database.transaction() as session:
        acts = await session.execute(select(AccessAct.detail).where(AccessAct.act == "REVEAL"))
        assert [row.detail for row in acts] == [{"reason": reason}]


async def test_a_reveal_ends(site: Site) -> None:
    """After its minutes nothing is shown any more."""
    exchange = await ask(site)
    path = f"/console/exchanges/{exchange}"
    async with aiohttp.ClientSession() as http:
        cookies = await site.cookies("auditor")
        await visit(
            http, site, "POST", f"{path}/reveal", cookies=cookies, form={"reason": "a reason of words"}
        )
        async with site.world.database.transaction() as session:
            await session.execute(text("alter table exchange_reveal disable trigger all"))
            await session.execute(text("update exchange_reveal set until_at = now() - interval '1 second'"))
        shown = await visit(http, site, "GET", f"{path}/messages", cookies=cookies)
        assert "Токтогулова" not in await shown.text()


async def test_a_purged_body_is_said_to_be_purged(site: Site) -> None:
    """Where retention took the bodies, the page says so and the proof holds."""
    exchange = await ask(site)
    await seal(site)
    async with site.world.database.transaction() as session:
        await session.execute(text("delete from journal_body"))
    async with aiohttp.ClientSession() as http:
        assert "was purged" in await page(http, site, "operator", f"/console/exchanges/{exchange}/messages")
        assert "Verified just now" in await page(
            http, site, "operator", f"/console/exchanges/{exchange}/evidence"
        )


async def test_a_pin_goes_by_post_and_comes_back_as_a_pseudonym(site: Site) -> None:
    """The address after a search by PIN holds its keyed hash; a PIN in an address is refused and not repeated."""
    exchange = await ask(site)
    async with aiohttp.ClientSession() as http:
        cookies = await site.cookies("operator")
        for form in ({"q": f"subject:{PIN}"}, {"pin": PIN}, {"q": "status:ok", "pin": PIN}):
            response = await visit(http, site, "POST", "/console/exchanges", cookies=cookies, form=form)
            address = response.headers["Location"]
            assert PIN not in address
            assert site.keys.subject_of(PIN).hex() in address
            assert str(exchange) in await page(http, site, "operator", address)
        refused = await visit(http, site, "GET", f"/console/exchanges?q=subject:{PIN}", cookies=cookies)
        assert refused.status == 400
        assert PIN not in await refused.text()
    async with site.world.database.transaction() as session:
        for table in ("access_act", "exchange_view"):
            rows = await session.execute(text(f"select count(*) from {table} t where t::text like '%{PIN}%'"))
            assert rows.scalar_one() == 0


async def test_an_export_is_marked_recorded_and_runs_no_formula(site: Site) -> None:
    """A file says who took it and why, holds no pseudonym, and no cell of it is a formula; the record is kept."""
    await answer(site, client="=CMD()/GOV/+1/x")
    await some_traffic(site)
    async with aiohttp.ClientSession() as http:
        cookies = await site.cookies("operator")
        form = {"reason": "a list for the agency's own logs", "q": "", "form": "xlsx"}
        response = await visit(http, site, "POST", "/console/exchanges/export", cookies=cookies, form=form)
        assert response.status == 200
        sheet = load_workbook(io.BytesIO(await response.read())).active
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value]
        assert "operator" in cells[0].value
        assert form["reason"] in cells[0].value
        assert {cell.data_type for cell in cells} == {"s"}
        response = await visit(
            http, site, "POST", "/console/exchanges/export", cookies=cookies, form=form | {"form": "csv"}
        )
        content = (await response.read()).decode("utf-8-sig")
        assert "'=CMD()" in content
        assert site.keys.subject_of(PIN).hex()[:8] not in content
        refused = await visit(
            http, site, "POST", "/console/exchanges/export", cookies=cookies, form=form | {"reason": ""}
        )
        assert refused.status == 303
    async with site.world.database.transaction() as session:
        kept = (await session.execute(select(ExportRecord))).scalars().all()
        acts = await session.execute(select(AccessAct.object_id).where(AccessAct.act == "EXPORT"))
        assert [str(record.export_id) for record in kept] == list(acts.scalars())
        assert len(kept) == 2


async def test_views_are_ones_own_or_shared_and_never_about_a_person(site: Site) -> None:
    """A shared view is seen by others and removed only by its maker; a query about a person is not kept."""
    async with aiohttp.ClientSession() as http:
        cookies = await site.cookies("operator")
        for name, more in (("mine", {}), ("ours", {"shared": "yes"})):
            form = {"name": name, "q": "status:failed", "columns": "time,outcome", **more}
            await visit(http, site, "POST", "/console/exchanges/views", cookies=cookies, form=form)
        form = {"name": "person", "q": f"subject:{'ab' * 32}"}
        await visit(http, site, "POST", "/console/exchanges/views", cookies=cookies, form=form)
        own = await page(http, site, "operator", "/console/exchanges")
        others = await page(http, site, "auditor", "/console/exchanges")
        assert (">mine" in own, ">ours" in own, ">person" in own) == (True, True, False)
        assert (">mine" in others, ">ours" in others) == (False, True)
        view_id = re.search(r"views/([0-9a-f-]{36})/remove", own)
        assert view_id
        path = f"/console/exchanges/views/{view_id[1]}/remove"
        refused = await visit(http, site, "POST", path, cookies=await site.cookies("auditor"))
        assert refused.status == 404
        assert (await visit(http, site, "POST", path, cookies=cookies)).status == 303


async def test_evidence_names_what_was_changed_and_the_bundle_proves_without_us(site: Site) -> None:
    """A row changed under its seal is told; each proof of the bundle climbs to the signed root."""
    exchange = await ask(site)
    await seal(site)
    async with aiohttp.ClientSession() as http:
        cookies = await site.cookies("auditor")
        response = await visit(http, site, "GET", f"/console/exchanges/{exchange}/proof.zip", cookies=cookies)
        _check_bundle(await response.read())
        async with site.world.database.transaction() as session:
            await session.execute(text("alter table journal_entry disable trigger all"))
            await session.execute(text("update journal_entry set outcome = 'x' where kind = 'ANSWERED'"))
        assert "The proof is broken" in await page(
            http, site, "auditor", f"/console/exchanges/{exchange}/evidence"
        )


def _check_bundle(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        folders = {name.partition("/")[0] for name in archive.namelist() if "/" in name}
        assert len(folders) == 2
        for folder in folders:
            row, proof = archive.read(f"{folder}/row.json"), json.loads(archive.read(f"{folder}/proof.json"))
            statement = archive.read(f"{folder}/statement.json")
            values = json.loads(row)
            written = f"{proof['seq']} {proof['xid']} ".encode() + row + bytes.fromhex(proof["mac"])
            digests = [hashlib.sha256(written).digest()] + [
                bytes.fromhex(values[name] or "00" * 32) for name in ("request_sha256", "response_sha256")
            ]
            leaf = step_hash(digests, SHA256)
            assert leaf.hex() == proof["leaf"]
            branches = [
                Branch(digest=bytes.fromhex(each["digest"]), on_left=each["on_left"])
                for each in proof["path"]
            ]
            assert climb(leaf, branches, SHA256).hex() == proof["root"] == json.loads(statement)["root"]
            certificate = load_pem_x509_certificate(archive.read(f"{folder}/certificate.pem"))
            certificate.public_key().verify(
                archive.read(f"{folder}/statement.sig"), statement, PKCS1v15(), hashes.SHA256()
            )


async def test_an_exchange_tells_its_incident_its_trace_and_the_work_that_waits(site: Site) -> None:
    """The list links the incident; the page has the trace and lets the next attempt be held, made or given up."""
    person = uuid4()
    made = await ask(site, ok=False, issue=f"verify-{person}")
    await feed_incidents(site.world.database)
    async with site.world.database.transaction() as session:
        job = await defer(
            session, "verify_person", scheduled_at=utc_now() + timedelta(hours=1), person_id=str(person)
        )
        session.add(ExchangeTrace(exchange_id=made, trace_id=bytes(16), span_id=bytes(8), begun_at=utc_now()))
        incident = (await session.execute(select(IncidentExchange.incident_id))).scalar_one()
    attempts, step = f"/console/exchanges/{made}/attempts", f"/console/background/jobs/{job}"
    async with aiohttp.ClientSession() as http:
        linked = f'href="/console/incidents/{incident}"'
        assert linked in await page(http, site, "operator", "/console/exchanges")
        assert linked not in await page(http, site, "special", "/console/exchanges")
        told = await page(http, site, "operator", f"/console/exchanges/{made}")
        assert bytes(16).hex() in told
        assert linked in told
        cookies = await site.cookies("operator")

        async def take(name: str, reason: str) -> tuple[str, str]:
            form = {"step": name, "reason": reason, "exchange": str(made)}
            done = await visit(http, site, "POST", step, cookies=cookies, form=form)
            assert done.headers["Location"] == attempts
            return done.cookies["kopuro-told"].value, await page(http, site, "operator", attempts)

        assert f'action="{step}"' in await page(http, site, "operator", attempts)
        assert step not in await page(http, site, "special", attempts)
        assert (await take("hold", ""))[0] == "bad:operations.reason.required"
        said, shown = await take("hold", "they mend it")
        assert said == "good:work.told_hold"
        assert "they mend it" in shown
        assert (await take("release", "mended"))[0] == "good:work.told_release"
        assert (await take("drop", "of no use"))[0] == "good:work.told_drop"
        assert (await take("retry", "after all"))[0] == "bad:operations.cannot"
    async with site.world.database.transaction() as session:
        asked = select(AccessAct.allowed, AccessAct.reason).where(AccessAct.object_id == str(job))
        acts = (await session.execute(asked.where(AccessAct.act.like("POST%")).order_by(AccessAct.seq))).all()
    assert [each.allowed for each in acts] == [False, True, True, True, False]
    assert acts[0].reason == "operations.reason.required"


async def test_live_rows_are_only_what_is_new(site: Site) -> None:
    """Without news a refresh is 204; with news it brings the rows and where to go on; refreshes leave no act."""
    await ask(site)
    async with aiohttp.ClientSession() as http:
        cookies = await site.cookies("operator")
        first = await (await visit(http, site, "GET", "/console/exchanges", cookies=cookies)).text()
        address = re.search(r'data-live="([^"]+)"', first)
        assert address
        live = address[1].replace("&amp;", "&")
        assert (await visit(http, site, "GET", live, cookies=cookies)).status == 204
        latest = await ask(site, ago=-3)
        news = await visit(http, site, "GET", live, cookies=cookies)
        assert [UUID(found) for found in re.findall(r'data-id="([^"]+)"', await news.text())] == [latest]
    async with site.world.database.transaction() as session:
        acts = await session.execute(select(AccessAct.act).where(AccessAct.act.like("%rows%")))
        assert acts.all() == []
