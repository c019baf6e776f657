"""The story of the demonstration: each step does the real thing over HTTP and says what came of it."""

import asyncio
import io
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
import typer
from sqlalchemy import text

from gateway.cli.batch import BATCH_ROWS, batch_file
from gateway.cli.stage import HOST, Ports, Stage
from gateway.foundation.database import Database
from gateway.foundation.errors import KopuroError
from gateway.foundation.settings import Settings
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.sandbox.people import Population, SyntheticPerson
from gateway.wiring.keys import read_signer
from gateway.xroad.envelope import CONTENT_TYPE, FaultMessage, Message, read_message
from gateway.xroad.security import Demands, verify_message

_CATCH_UP_SECONDS = 40.0
_SHORT_SURNAME = 4


class StepFailedError(KopuroError):
    """A step of the story did not come out as it must."""


@dataclass(slots=True, kw_only=True)
class Told:
    """How many steps came out right."""

    right: int = 0
    steps: int = 0

    @property
    def complete(self) -> bool:
        """Tell whether every step came out right."""
        return self.right == self.steps


@dataclass(slots=True, kw_only=True)
class Teller:
    """What the steps share: the processes, an HTTP client, the people, and a view into the database."""

    on: Stage
    ports: Ports
    settings: Settings
    people: Population
    http: aiohttp.ClientSession
    database: Database
    numbers: dict[str, str] = field(default_factory=dict)

    async def api(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        """Call the registry's API and give its answer."""
        url = f"http://{HOST}:{self.ports.gateway}/api/v1{path}"
        headers = {"Authorization": f"Bearer {self.settings.server.api_token}"}
        async with self.http.request("POST" if body else "GET", url, json=body, headers=headers) as reply:
            answer = await reply.json()
            if not reply.ok:
                raise StepFailedError(f"the API answered {reply.status}: {answer}")
            return dict(answer)

    async def ask(self, request: bytes) -> tuple[bytes, Message | FaultMessage]:
        """Send a request as an outside agency through the provider's security server."""
        url = f"http://{HOST}:{self.ports.provider}/"
        async with self.http.post(
            url, data=io.BytesIO(request), headers={"Content-Type": CONTENT_TYPE}
        ) as reply:
            body = await reply.read()
        return body, read_message(body, reply.headers["Content-Type"])

    async def count(self, statement: str) -> int:
        """Count something in the database."""
        async with self.database.transaction() as session:
            return int((await session.execute(text(statement))).scalar_one())

    async def civil_registry(self, mode: str) -> None:
        """Switch the simulated civil registry on or off."""
        url = f"http://{HOST}:{self.ports.simulators}/control/infocom/zags-service"
        async with self.http.post(url, json={"mode": mode}) as reply:
            reply.raise_for_status()


def say(line: str) -> None:
    """Print a line of the story."""
    typer.echo(f"      {line}")


def expect(what: bool, sentence: str) -> None:  # noqa: FBT001 – reads like an assertion
    """Fail the step with a sentence unless it holds."""
    if not what:
        raise StepFailedError(sentence)


async def autofill_from_two_agencies(at: Teller) -> None:
    """Fill a form from a PIN and a passport."""
    adult = at.people.roles["adult"]
    passport = adult.passport
    expect(passport is not None, "the synthetic adult has no passport")
    document = {"series": passport.series, "number": passport.number} if passport else None
    started = time.monotonic()
    form = await at.api("/autofill", {"pin": adult.pin, "document": document})
    filled = [each for each in form["fields"] if each["value"]]
    for each in filled:
        say(f"{each['name']:<20} {each['value']:<28} {each['source']:<9} {each['status']}")
    sources = {each["source"] for each in filled}
    seconds = time.monotonic() - started
    say(f"{len(filled)} fields from {' and '.join(sorted(sources))} in {seconds:.2f} s, 14 digits typed")
    expect(
        {"ZAGS", "PASSPORT"} <= sources and len(filled) >= 8, "fewer than 8 fields, or a source is missing"
    )


async def the_same_child_twice(at: Teller) -> None:
    """Admit a child, then the same child as another school tells it."""
    child = at.people.roles["child"]
    first = await at.api("/learners", _application(child, "KG-SCHOOL-001", "school-1/1"))
    say(f"school 1: {first['result']} {first['isuo_no']}, identity {first['verification']}")
    again = _application(child, "KG-SCHOOL-002", "school-2/1") | {"pin": None}
    again["surname"] = _mistyped(again["surname"])
    second = await at.api("/learners", {name: value for name, value in again.items() if value})
    say(f"school 2: {second['result']} {second['isuo_no']}")
    for line in second["explanation"]:
        say(f"  {line}")
    for reason in second["reasons"]:
        say(f"  case {reason['code']}: {reason['message']}")
    at.numbers["child"] = first["isuo_no"]
    expect(first["result"] == "CREATED", "the child was not created")
    expect(second["isuo_no"] == first["isuo_no"], "the child was created twice")


async def a_twin_kept_apart(at: Teller) -> None:
    """Admit a twin, then the other without documents."""
    one = await at.api("/learners", _application(at.people.roles["twin_1"], "KG-SCHOOL-001", "school-1/2"))
    twin = _application(at.people.roles["twin_2"], "KG-SCHOOL-001", "school-1/3")
    twin.pop("birth_certificate", None)
    twin.pop("pin", None)
    other = await at.api("/learners", twin)
    say(f"{one['result']} {one['isuo_no']}, then without documents {other['result']} {other['isuo_no']}")
    expect(one["isuo_no"] != other["isuo_no"], "the twins became one person")


async def a_batch(at: Teller) -> None:
    """Import a file as schools send it."""
    file = at.on.directory / "batch.csv"
    file.write_text(batch_file(at.people), encoding="utf-8")
    report = await asyncio.to_thread(at.on.run, "import", str(file), "--wait", "--language", "en")
    lines = [line.split("\t", 1) for line in report.splitlines() if "\t" in line]
    counts = {name: int(count) for name, count in lines if name.isupper() and count.isdigit()}
    say(", ".join(f"{name.lower()} {count}" for name, count in counts.items()))
    for line, problem in [line for line in lines if line[0].isdigit()][:4]:
        say(f"line {line}: {problem}")
    expect(sum(counts.values()) == BATCH_ROWS, "rows were lost")
    expect(
        all(counts.get(name) for name in ("CREATED", "MATCHED", "CASE", "REJECTED")), "an outcome is missing"
    )


async def an_agency_asks(at: Teller) -> None:
    """Ask as an outside agency and verify the answer."""
    request = _request(at)
    body, answer = await at.ask(request)
    expect(isinstance(answer, Message), "a fault came instead of an answer")
    if isinstance(answer, Message):
        verify_message(answer.root, [read_signer(at.settings).certificate], Demands())
        found = {
            each.tag.rpartition("}")[2]: each.text
            for each in answer.content.iter()
            if isinstance(each.tag, str)
        }
        say(f"resultCode {found['resultCode']}, studying {found.get('studying')}, level {found.get('level')}")
        there = "there" if answer.header.request_hash else "missing"
        say(f"our signature verified, requestHash {there}, {len(body)} bytes")
        expect(found["resultCode"] == "OK" and found.get("studying") == "true", "the learner was not found")


async def forgeries_and_repeats(at: Teller) -> None:
    """Send what must be refused, and what must be repeated."""
    request = _request(at, message_id="demo-message-1")
    first, _ = await at.ask(request)
    disclosed = await at.count("select count(*) from disclosure")
    again, _ = await at.ask(request)
    say(f"same bytes again: {'the same answer' if first == again else 'another answer'}")
    expect(first == again, "the repeated message got another answer")
    expect(await at.count("select count(*) from disclosure") == disclosed, "the repeat had a second effect")
    for name, bad in (
        ("other bytes under the same id", _request(at, message_id="demo-message-1")),
        ("another PIN put into a signed request", _forged(at)),
    ):
        _, answer = await at.ask(bad)
        expect(isinstance(answer, FaultMessage), f"{name}: not refused")
        if isinstance(answer, FaultMessage):
            say(f"{name}: {answer.code.rpartition(':')[2]} – {answer.string}")


async def an_outage(at: Teller) -> None:
    """Admit a child while its source is down, then bring it back."""
    child = at.people.roles["uulu_child"]
    await at.civil_registry("down")
    saved = await at.api("/learners", _application(child, "KG-SCHOOL-002", "school-2/2"))
    say(f"while it is down: {saved['result']} {saved['isuo_no']}, identity {saved['verification']}")
    expect(saved["verification"] != "NOT_FOUND_AT_SOURCE", "service down became not found")
    expect(await _identity(at, saved["isuo_no"]) not in _VERIFIED, "verified although the source was down")
    await at.civil_registry("ok")
    started = time.monotonic()
    while await _identity(at, saved["isuo_no"]) not in _VERIFIED:
        expect(time.monotonic() - started < _CATCH_UP_SECONDS, "the worker did not catch up")
        await asyncio.sleep(0.3)
    say(
        f"back again: identity {await _identity(at, saved['isuo_no'])} after {time.monotonic() - started:.1f} s"
    )


async def the_journal(at: Teller) -> None:
    """Wait for the last seal and verify."""
    await asyncio.sleep(2 * at.settings.journal.seal_interval_seconds)
    line = (await asyncio.to_thread(at.on.run, "journal", "verify")).strip().splitlines()[-1]
    say(line)
    expect(line.endswith(" 0 problems"), "the journal has problems")


STEPS: tuple[tuple[str, Callable[[Teller], Awaitable[None]]], ...] = (
    ("a PIN typed → form filled from two agencies, each value with its source", autofill_from_two_agencies),
    (
        "the same child entered again from a second school, with a typo and without PIN → not created twice",
        the_same_child_twice,
    ),
    ("a twin is kept apart from the registered one", a_twin_kept_apart),
    ("a batch of 200 records is reconciled", a_batch),
    ("an outside agency asks getLearnerStatus through the security server, signed both ways", an_agency_asks),
    (
        "a forged request and a reused id are refused; the same bytes are answered again without a second effect",
        forgeries_and_repeats,
    ),
    (
        "the civil registry is switched off → saved as unverified, and caught up by the worker when it returns",
        an_outage,
    ),
    ("the journal is verified", the_journal),
)
_VERIFIED = frozenset({"FILLED_BY_SOURCE", "MATCHED_WITH_SOURCE"})


async def tell(on: Stage, ports: Ports, settings: Settings, people: Population) -> Told:
    """Tell the whole story and count the steps that came out right."""
    told = Told(steps=len(STEPS))
    database = Database(settings.database.url, pool_size=2)
    timeout = aiohttp.ClientTimeout(total=60)
    async with aiohttp.ClientSession(timeout=timeout, trust_env=False) as http:
        at = Teller(on=on, ports=ports, settings=settings, people=people, http=http, database=database)
        for number, (title, step) in enumerate(STEPS, 1):
            typer.echo(f"[{number}/{len(STEPS)}] {title}")
            try:
                await step(at)
            except (KopuroError, aiohttp.ClientError, OSError) as error:
                typer.echo(f"      FAILED: {error}")
            else:
                told.right += 1
                typer.echo("      ok")
    await database.close()
    typer.echo(f"demo: {told.right} of {told.steps} steps ok")
    return told


def _application(person: SyntheticPerson, school: str, key: str) -> dict[str, Any]:
    act = person.birth_act
    given = {
        "surname": person.surname,
        "given_name": person.given_name,
        "patronymic": person.patronymic,
        "sex": person.sex,
        "birth_date": person.birth_date.isoformat(),
        "pin": person.pin,
        "birth_certificate": f"{act.certificate_series} {act.certificate_number}" if act else None,
        "citizenship": person.citizenship,
        "organisation_code": school,
        "grade": "1",
        "level": "PRIMARY",
        "form": "FULL_TIME",
        "start_on": "2026-09-01",
        "source_record_key": key,
    }
    return {name: value for name, value in given.items() if value}


def _mistyped(surname: str) -> str:
    """Leave a letter out, as a hurried hand does."""
    return surname[:2] + surname[3:] if len(surname) > _SHORT_SURNAME else surname


def _request(at: Teller, *, message_id: str = "") -> bytes:
    child = at.people.roles["child"]
    wish = Wish(service_code="getLearnerStatus", about=about_learner(child.pin or "", child.birth_date))
    return write_request(at.settings, replace(wish, message_id=message_id), signed=True)


def _forged(at: Teller) -> bytes:
    child, twin = at.people.roles["child"], at.people.roles["twin_1"]
    return _request(at).replace((child.pin or "").encode(), (twin.pin or "").encode())


async def _identity(at: Teller, isuo_no: str) -> str:
    card = await at.api(f"/learners/{isuo_no}")
    return next((str(each["status"]) for each in card["fields"] if each["name"] == "pin"), "")
