"""Nobody's PIN or name is where it does not belong: not in a log, a printed line, a file, the journal or a job."""

import asyncio
import io
import json
import re
import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import aiohttp
import psycopg
import pytest
from psycopg import sql

from gateway.cli.batch import batch_file
from gateway.cli.stage import Ports, Stage, environment_of, stage
from gateway.foundation.database import Database, psycopg_conninfo
from gateway.foundation.embedded import embedded_postgres
from gateway.foundation.settings import Settings, load
from gateway.foundation.sockets import listen, port_of
from gateway.migrations.upgrade import upgrade
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.sandbox.people import Population, SyntheticPerson, population
from gateway.sandbox.pki import make_keys
from gateway.sandbox.seed import seed_registry
from gateway.xroad.envelope import CONTENT_TYPE
from tests.whole.processes import environment_in, short_folder

SEED, PEOPLE = 2026, 700
PIN_DIGITS = 14
_ESCAPE = re.compile(r"\\+u([0-9a-fA-F]{4})")
_WORD = re.compile(r"[^\W\d_]{4,}")
_DIGITS = re.compile(r"[0-9]{14,}")
_NUMBER = re.compile(r"(?<![0-9a-zA-Z])[0-9]{4,13}(?![0-9a-zA-Z])")
QUICK = {
    "KOPURO_WORK__STALLED_AFTER_SECONDS": "5",
    "KOPURO_SECURITY_SERVER__FIRST_BACKOFF_SECONDS": "0.05",
    "KOPURO_BACKGROUND__FILLING__CACHE_HOURS": "0",  # every form asks, whatever was answered before
}

# where people are kept on purpose; every other table knows them by ids, digests and pseudonyms only
REGISTRY = {
    "person", "person_identifier", "person_link", "assertion", "match_key", "education_document", "review_case",
    "review_candidate", "registry_version",
}  # fmt: skip


@dataclass
class Played:
    """The running product, and everything its processes said so far."""

    on: Stage
    ports: Ports
    settings: Settings
    people: Population
    http: aiohttp.ClientSession
    said: list[str]

    async def api(self, path: str, body: object = None, *, data: bytes | None = None) -> tuple[int, Any]:
        url = f"http://127.0.0.1:{self.ports.gateway}/api/v1{path}"
        headers = {
            "Authorization": f"Bearer {self.settings.server.api_token}",
            "Content-Type": "application/json",
        }
        content = data if data is not None else json.dumps(body).encode() if body else None
        async with self.http.request(
            "POST" if content else "GET", url, data=content, headers=headers
        ) as reply:
            return reply.status, await reply.json(content_type=None)

    async def soap(self, body: bytes, *, through: int, **headers: str) -> bytes:
        url = f"http://127.0.0.1:{through}/xroad"
        async with self.http.post(
            url, data=io.BytesIO(body), headers={"Content-Type": CONTENT_TYPE, **headers}
        ) as reply:
            return await reply.read()

    async def misbehave(self, subsystem: str, **wish: str) -> None:
        url = f"http://127.0.0.1:{self.ports.simulators}/control/infocom/{subsystem}"
        async with self.http.post(url, json=wish) as reply:
            assert reply.status == 200

    async def kopuro(self, *command: str) -> str:
        self.said.append(await asyncio.to_thread(self.on.run, *command))
        return self.said[-1]


@asynccontextmanager
async def playing(folder: Path) -> AsyncIterator[Played]:
    bound = [listen("127.0.0.1", 0) for _ in range(4)]
    ports = Ports(
        **dict(zip(("gateway", "consumer", "provider", "simulators"), map(port_of, bound), strict=True))
    )
    for each in bound:
        each.close()
    with embedded_postgres(folder) as url:
        environment = {
            **environment_in(folder),
            **environment_of(folder, ports),
            **QUICK,
            "DATABASE_URL": url,
        }
        settings = load(environment=environment)
        upgrade(url)
        make_keys(settings)
        people = population(SEED, PEOPLE)
        database = Database(url)
        await seed_registry(database, people, settings)
        await database.close()
        with stage(folder, environment) as on:
            on.start(
                "sandbox", "sandbox", "--people", str(PEOPLE), "--consumer-port", str(ports.consumer),
                "--provider-port", str(ports.provider), "--simulator-port", str(ports.simulators),
            )  # fmt: skip
            on.start("gateway", "serve")
            on.start("worker", "worker")
            for name, port in (("sandbox", ports.simulators), ("gateway", ports.gateway)):
                await asyncio.to_thread(on.wait_for, port, name)
            async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=60)) as http:
                yield Played(on=on, ports=ports, settings=settings, people=people, http=http, said=[])


def _application(person: SyntheticPerson, school: str, key: str, **more: str) -> dict[str, str]:
    given = {
        "surname": person.surname, "given_name": person.given_name, "patronymic": person.patronymic,
        "sex": person.sex, "birth_date": person.birth_date.isoformat(), "pin": person.pin,
        "organisation_code": school, "level": "PRIMARY", "form": "FULL_TIME", "start_on": "2026-09-01",
        "source_record_key": key,
    }  # fmt: skip
    return {name: value for name, value in given.items() if value} | more


async def _clerks(at: Played) -> None:
    """Fill forms and admit learners, rightly and wrongly."""
    adult, child, twin = (at.people.roles[name] for name in ("adult", "child", "twin_1"))
    names = {"surname": child.surname, "given_name": child.given_name}
    passport = {"series": adult.passport.series, "number": adult.passport.number}
    assert (await at.api("/autofill", {"pin": adult.pin, "document": passport}))[0] == 200
    assert (await at.api("/autofill", {"pin": adult.pin, "names": names}))[0] == 200
    assert (await at.api("/autofill", {"pin": adult.pin[:-1]}))[0] == 422
    assert (await at.api("/autofill", {"pin": adult.pin, adult.surname: adult.pin}))[0] == 422
    assert (await at.api("/autofill", data=f'{{"pin": "{adult.pin}", {adult.surname}'.encode()))[0] == 422
    assert (await at.api(f"/learners/{adult.pin}"))[0] == 422
    assert (await at.api(f"/nothing?pin={adult.pin}&name={adult.surname}"))[0] == 404
    assert (await at.api("/learners", _application(child, "KG-SCHOOL-001", "s1/1")))[0] == 201
    await at.api("/learners", _application(child, "KG-SCHOOL-002", "s2/1", surname=child.surname[:-1]))
    await at.api("/learners", _application(twin, "KG-SCHOOL-001", "s1/2"))
    assert (await at.api("/learners", _application(twin, "NO-SCHOOL", "s1/3")))[0] >= 400
    assert (await at.api("/learners", _application(twin, "KG-SCHOOL-001", "s1/4", birth_date=twin.surname)))[
        0
    ] == 422
    assert (await at.api("/cases"))[0] == 200


async def _agencies(at: Played) -> None:
    """Ask over SOAP, rightly and wrongly, directly and through the security server."""
    child = at.people.roles["child"]
    pin, other = child.pin or "", at.people.roles["adult"].pin or ""

    def ask(about: str, *, signed: bool = True, message_id: str = "") -> bytes:
        wish = Wish(service_code="getLearnerStatus", about=about, message_id=message_id)
        return write_request(at.settings, wish, signed=signed)

    good = ask(about_learner(pin, child.birth_date))
    bodies = [
        good,
        good,
        ask(about_learner(pin, date(2001, 1, 1))),
        ask(about_learner(pin[:-1], child.birth_date)),
        ask(about_learner(f"{pin}x", child.birth_date), signed=False),
        ask(about_learner(pin, child.birth_date), signed=False),
        ask(about_learner(other, child.birth_date), message_id="reused"),
        ask(about_learner(pin, child.birth_date), message_id="reused"),
        ask(about_learner(pin, child.birth_date)).replace(pin.encode(), other.encode()),
        ask(about_learner(pin, child.birth_date), signed=False).replace(b"isuo:pin", child.surname.encode()),
        ask(about_learner(pin, child.birth_date), signed=False).replace(b"</isuo:pin>", b""),
        f"<!DOCTYPE x [<!ENTITY a '{pin} {child.surname}'>]><x/>".encode(),
        f"{pin} {child.surname}".encode(),
        b"",
    ]
    for body in bodies:
        for port in (at.ports.gateway, at.ports.provider):
            assert (await at.soap(body, through=port)).startswith(b"<?xml")
    await at.soap(good, through=at.ports.gateway, SOAPAction=f'"{pin}"', Referer=f"http://x/{pin}")
    await at.soap(good, through=at.ports.gateway, **{"Content-Type": f"text/{pin}"})


async def _troubles(at: Played) -> None:
    """Let the agencies fail in every way, personal data in their faults included, and come back."""
    adult, child = at.people.roles["adult"], at.people.roles["uulu_child"]
    text = f"{adult.pin} {adult.surname} {adult.given_name}"
    for number, (mode, code) in enumerate([
        ("soap_fault", f"Server.{text}"), ("soap_fault", f"Server.ServerProxy.{adult.pin}"),
        ("fault_in_content", adult.pin), ("garbage", ""), ("wrong_person", ""), ("extra_field", ""),
        ("missing_field", ""), ("down", ""),
    ]):  # fmt: skip
        await at.misbehave("zags-service", mode=mode, code=code or "", text=text)
        status, _ = await at.api("/autofill", {"pin": adult.pin})
        assert status == 200, mode
        await at.api("/learners", _application(child, "KG-SCHOOL-002", f"s2/{number}"))
    await at.misbehave("zags-service", mode="ok")


async def _caught_up(at: Played) -> None:
    """Wait until the worker has done what waited for the agency."""
    for _ in range(300):
        with psycopg.connect(at.settings.database.url) as connection:
            query = "select count(*) from procrastinate_jobs where status in ('todo', 'doing') and scheduled_at < now()"
            if connection.execute(query).fetchone() == (0,):
                return
        await asyncio.sleep(0.1)
    raise AssertionError("the worker did not come to an end")


def _batch(people: Population) -> str:
    """Write a file with new children, the same children spelled otherwise, and the broken rows."""
    lines = batch_file(people).splitlines()
    return "\n".join(lines[:21] + lines[141:151] + lines[-12:])


def _canaries(people: Iterable[SyntheticPerson]) -> set[str]:
    """Give every PIN, every word of a name and every document's number, in small letters."""
    found: set[str] = set()
    for person in people:
        names = f"{person.surname} {person.given_name} {person.patronymic or ''}".lower().split()
        found |= {person.pin or "", *names} - {"уулу", "кызы"}
        found |= {person.passport.number} if person.passport else set()
        found |= {person.birth_act.certificate_number} if person.birth_act else set()
    return {word for word in found if len(word) > 3}


def _readings(content: bytes) -> Iterable[str]:
    """Read bytes in every way in which a program may have written a text down."""
    text = content.decode(errors="replace")
    yield text
    yield _ESCAPE.sub(lambda found: chr(int(found[1], 16)), text)
    yield content.decode("cp1251", "replace")
    yield content.decode("utf-16-le", "replace")


def _words(content: bytes) -> Iterable[str]:
    """Give the words of a text, its numbers, and whatever could be a PIN inside a longer number.

    A document's number inside a hexadecimal one is chance.
    """
    for text in _readings(content):
        yield from _WORD.findall(text.lower())
        yield from _NUMBER.findall(text)
        for digits in _DIGITS.findall(text):
            yield from (digits[at : at + PIN_DIGITS] for at in range(len(digits) - PIN_DIGITS + 1))


def _files(folder: Path) -> Iterable[Path]:
    """List what the processes left, without the database's own files (its log counts) and the keys."""
    for file in folder.rglob("*"):
        parts = file.relative_to(folder).parts
        if file.is_file() and parts[0] != "keys" and (parts[0] != "pg" or file.name.startswith("log")):
            yield file


def _rows(url: str) -> Iterable[tuple[str, str]]:
    """Give every row of every table outside the registry as text."""
    with psycopg.connect(psycopg_conninfo(url)) as connection:
        tables = connection.execute("select tablename from pg_tables where schemaname = 'public'").fetchall()
        for (table,) in sorted(tables):
            if table not in REGISTRY:
                for (row,) in connection.execute(
                    sql.SQL("select t::text from {} t").format(sql.Identifier(table))
                ):
                    yield table, row


@pytest.mark.requirement("R-003")
async def test_no_personal_data_outside_the_registry() -> None:
    """After a day of right and wrong use nobody's PIN, name or document stands in any log, file, journal or job."""
    with short_folder() as folder, short_folder() as desk:
        async with playing(folder) as at:
            await _clerks(at)
            await _agencies(at)
            file = desk / f"{secrets.token_hex(4)}.csv"
            await asyncio.to_thread(file.write_text, _batch(at.people), "utf-8")
            report = await at.kopuro("import", str(file), "--wait", "--language", "ru")
            assert "REJECTED\t12" in report
            await _troubles(at)
            await _caught_up(at)
            assert len((await at.kopuro("journal", "find", "--failed", "--limit", "200")).splitlines()) > 20
            assert (await at.kopuro("journal", "verify")).rstrip().endswith(" 0 problems")
            rows = await asyncio.to_thread(lambda: list(_rows(at.settings.database.url)))
        words = _canaries(at.people.people)
        assert len(words) > PEOPLE
        places = [(f"table {table}", row.encode()) for table, row in rows]
        places += [("printed", text.encode()) for text in at.said]
        places += [(str(file.relative_to(folder)), file.read_bytes()) for file in _files(folder)]
    _assert_searched(places)
    assert _found(words, [("itself", _batch(at.people).encode("cp1251", "replace"))])
    hits = _found(words, places)
    assert hits == [], hits


def _assert_searched(places: list[tuple[str, bytes]]) -> None:
    """Make sure that the search would have seen something: every kind of place is there and is not empty."""
    names = {name for name, content in places if content.strip()}
    wanted = {"table journal_entry", "table journal_claim", "table procrastinate_jobs", "table import_batch"}
    wanted |= {"table import_row", "table disclosure", "printed"}
    wanted |= {"gateway.log", "worker.log", "sandbox.log", "journal.seals", "pg/log"}
    assert wanted <= names, wanted - names


def _found(words: set[str], places: list[tuple[str, bytes]]) -> list[tuple[str, str]]:
    return sorted({(name, word) for name, content in places for word in words.intersection(_words(content))})
