"""Every source of the catalogue, asked through the security server and found in the journal."""

import asyncio
import dataclasses
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.intake.answers import AgencyAnswer, Outcome
from gateway.sandbox.organisations import foreign_document, organisations, work_of
from gateway.sandbox.people import TODAY
from tests.adapters.catalogue import CONTEXT, Catalogue, whole_catalogue

NOBODY = "10101201099999"
NO_INN = "00101201099999"


@pytest_asyncio.fixture
async def catalogue(database_url: str, tmp_path: Path) -> AsyncIterator[Catalogue]:
    async with whole_catalogue(database_url, tmp_path) as opened:
        yield opened


def a_worker(catalogue: Catalogue):
    return next(one for one in catalogue.people.people if work_of(catalogue.people, one))


def a_foreigner(catalogue: Catalogue):
    return catalogue.people.roles["foreign_child"]


def questions(catalogue: Catalogue, *, known: bool = True):
    """One question to each service whose contract is known, about somebody or about nobody."""
    ports, people = catalogue.agencies, catalogue.people
    adult = people.roles["adult"].pin if known else NOBODY
    inn = organisations(people)[2].inn if known else NO_INN
    document = foreign_document(a_foreigner(catalogue)) if known else "FA9999999"
    return {
        "minjust/minjust-service": lambda: ports.organisations.organisation(inn, context=CONTEXT),
        "infocom/asb-service": lambda: ports.addresses.registered_address(adult, context=CONTEXT),
        "infocom/foreign-service": lambda: ports.foreigners.by_document(
            document, country="UZB", context=CONTEXT
        ),
        "infocom/zags-service": lambda: ports.civil_acts.death_act(
            people.roles["deceased"].pin if known else NOBODY, context=CONTEXT
        ),
        "social_fund/settlements-service": lambda: ports.employment.work_periods(
            a_worker(catalogue).pin if known else NOBODY, context=CONTEXT
        ),
        "tax/gns-service": lambda: ports.taxpayers.taxpayer(inn, context=CONTEXT),
        "sanaripaymak/sanaripaymak-service": lambda: ports.households.actual_address(adult, context=CONTEXT),
    }


async def ask_all(catalogue: Catalogue, *, known: bool = True) -> dict[str, AgencyAnswer]:
    asked = questions(catalogue, known=known)
    answers = await asyncio.gather(*(question() for question in asked.values()))
    return dict(zip(asked, answers, strict=True))


async def test_every_source_finds_whom_it_knows(catalogue: Catalogue) -> None:
    """Each answer carries the values the source holds, and the exchange that proves it."""
    people, answers = catalogue.people, await ask_all(catalogue)
    assert {name: answer.outcome for name, answer in answers.items()} == dict.fromkeys(answers, Outcome.FOUND)
    assert {name: dict(answer.notes) for name, answer in answers.items()} == {name: {} for name in answers}
    school = organisations(people)[2]
    organisation = answers["minjust/minjust-service"].record
    assert (organisation.inn, organisation.name_ky, organisation.name_ru, organisation.okpo) == (
        school.inn, school.name_ky, school.name_ru, school.okpo,
    )  # fmt: skip
    assert organisation.registered_on == organisation.first_registered_on == school.registered_on
    assert organisation.head.startswith(school.head.surname)
    assert {one.name.split()[0] for one in organisation.founders} == {one.surname for one in school.founders}
    adult = people.roles["adult"]
    address = answers["infocom/asb-service"].record
    assert adult.address.street in address.text
    assert dict(address.codes)["houseTxt"] == adult.address.house
    assert len(address.place_code) == 13
    foreigner, child = answers["infocom/foreign-service"].record, a_foreigner(catalogue)
    assert (foreigner.surname, foreigner.birth_date, foreigner.sex, foreigner.citizenship, foreigner.pin) == (
        child.surname.upper(), child.birth_date, child.sex, "UZB", None,
    )  # fmt: skip
    assert foreigner.stays_until is None
    act, dead = answers["infocom/zags-service"].record, people.roles["deceased"]
    assert (act.death_date, act.birth_date) == (dead.death_date, dead.birth_date)
    assert act.act_date == dead.death_date + timedelta(days=3)
    worker = a_worker(catalogue)
    periods = answers["social_fund/settlements-service"].record.periods
    assert [(one.employer_inn, one.since, one.until) for one in periods] == [
        (one.employer.inn, one.since, one.until) for one in work_of(people, worker)
    ]
    assert answers["tax/gns-service"].record.name == school.name_ru
    assert adult.address.house in answers["sanaripaymak/sanaripaymak-service"].record.text


async def test_nobody_is_nobody_in_every_style(catalogue: Catalogue) -> None:
    """An empty answer, an error flag, a fault inside, a state, HTTP 204: each means NOT_FOUND and no record."""
    answers = await ask_all(catalogue, known=False)
    assert {name: answer.outcome for name, answer in answers.items()} == dict.fromkeys(
        answers, Outcome.NOT_FOUND
    )
    assert {answer.record for answer in answers.values()} == {None}


async def test_each_question_is_sent_and_answered_in_the_journal(catalogue: Catalogue) -> None:
    """One SENT and one ANSWERED row per question, under the exchange the answer names, without the PIN."""
    answers = await ask_all(catalogue)
    rows = await catalogue.journal()
    for name, answer in answers.items():
        mine = [row for row in rows if row.exchange_id == answer.exchange_id]
        assert [row.kind for row in mine] == ["SENT", "ANSWERED"], name
        assert {row.message_id for row in mine} == {answer.message_id}
        assert {(row.user_id, row.issue) for row in mine} == {(CONTEXT.user_id, CONTEXT.issue)}
        assert mine[1].succeeded
        assert name.split("/")[1] in mine[0].service
        about_person = (
            name.split("/")[0] in {"social_fund", "sanaripaymak"} or "asb" in name or "zags" in name
        )
        assert (mine[0].subject is not None) == about_person
    rest = [row for row in rows if "sanaripaymak" in row.service]
    assert {row.protocol_version for row in rest} == {"1"}
    pins = [one.pin for one in catalogue.people.people if one.pin]
    assert not any(pin in repr(row) for pin in pins for row in rows)


MODES = {
    "down": (Outcome.UNAVAILABLE, 3),
    "soap_fault": (Outcome.UNAVAILABLE, 3),
    "fault_in_content": (Outcome.PROVIDER_ERROR, 1),
    "garbage": (Outcome.PROVIDER_ERROR, 1),
    "missing_field": (Outcome.PROVIDER_ERROR, 1),
    "extra_field": (Outcome.FOUND, 1),
    "reordered": (Outcome.FOUND, 1),
    "drifted_dates": (Outcome.FOUND, 1),
}


async def test_a_fault_mode_has_its_outcome_and_its_attempts(catalogue: Catalogue) -> None:
    """Only what may pass is asked again; a broken answer is final, and drift that keeps the values is no error."""
    before, seen = await ask_all(catalogue), len(await catalogue.journal())
    for mode, (outcome, attempts) in MODES.items():
        for name in before:
            await catalogue.misbehave(name, mode)
        answers = await ask_all(catalogue)
        rows = (await catalogue.journal())[seen:]
        seen += len(rows)
        for name, answer in answers.items():
            assert answer.outcome is outcome, (mode, name)
            mine = [row for row in rows if name.split("/")[1] in row.service]
            assert [row.kind for row in mine] == ["SENT", "ANSWERED"] * attempts, (mode, name)
            assert [row.attempt for row in mine[::2]] == list(range(1, attempts + 1))
            assert len({row.request_sha256 for row in mine[::2]}) == 1
            if outcome is Outcome.FOUND:
                assert answer.record == before[name].record, (mode, name)
                told = answer.notes.get("unknown_fields")
                assert told == ("bloodGroup" if mode == "extra_field" else None), (mode, name)


async def test_an_answer_about_another_is_refused(catalogue: Catalogue) -> None:
    """Whoever answers about somebody else has not answered."""
    for name in ("minjust/minjust-service", "tax/gns-service"):
        await catalogue.misbehave(name, "wrong_person")
        answer = await questions(catalogue)[name]()
        assert (answer.outcome, answer.code) == (Outcome.PROVIDER_ERROR, "wrong_organisation")
    for name in ("social_fund/settlements-service", "sanaripaymak/sanaripaymak-service"):
        await catalogue.misbehave(name, "wrong_person")
        answer = await questions(catalogue)[name]()
        assert (answer.outcome, answer.code) == (Outcome.PROVIDER_ERROR, "wrong_person")
    for name in ("infocom/asb-service", "infocom/foreign-service", "infocom/zags-service"):
        await catalogue.misbehave(name, "wrong_person")
        assert (await questions(catalogue)[name]()).outcome in {Outcome.PROVIDER_ERROR, Outcome.NOT_FOUND}


async def test_a_slow_source_is_found_within_the_deadline_only(database_url: str, tmp_path: Path) -> None:
    """Slowness alone changes nothing; past the exchange's deadline it is UNAVAILABLE, by either binding."""
    async with whole_catalogue(
        database_url, tmp_path, KOPURO_SECURITY_SERVER__EXCHANGE_DEADLINE_SECONDS="1"
    ) as catalogue:
        for seconds, outcome in ((0.2, Outcome.FOUND), (1.6, Outcome.UNAVAILABLE)):
            for name in ("tax/gns-service", "sanaripaymak/sanaripaymak-service"):
                await catalogue.misbehave(name, "slow", seconds=seconds)
                answer = await questions(catalogue)[name]()
                assert answer.outcome is outcome
        assert answer.code == "timeout"
        for name in ("tax/gns-service", "sanaripaymak/sanaripaymak-service"):
            await catalogue.misbehave(name)


async def test_nothing_of_a_person_is_logged_not_even_an_address(
    catalogue: Catalogue, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    """With every source failing, the logs at DEBUG hold no PIN, no name and no address with a PIN in it."""
    with caplog.at_level(logging.DEBUG):
        for mode in ("ok", "soap_fault", "garbage"):
            for name in questions(catalogue):
                await catalogue.misbehave(name, mode)
            await ask_all(catalogue)
    printed = capfd.readouterr()
    ours = [record.getMessage() for record in caplog.records if record.name != "uvicorn.access"]
    told = " ".join([*ours, printed.out, printed.err])  # the doubles' listeners are not the product's
    assert "agency_call_failed" in told
    adult, dead = catalogue.people.roles["adult"], catalogue.people.roles["deceased"]
    for word in (adult.pin, dead.pin, a_worker(catalogue).pin, adult.surname.upper(), "address-fact/"):
        assert word not in told


async def test_ethnicity_marital_status_and_contacts_leave_no_mapping(catalogue: Catalogue) -> None:
    """What the sources tell too much is on the wire, and in no record, no note and no column of the journal."""
    people, ports = catalogue.people, catalogue.agencies
    adult = next(one for one in people.people if one.passport and one.ethnicity == "орус")
    child = next(one for one in people.people if one.mother_pin and one.ethnicity == "орус")
    told = [
        await ports.civil_registry.person_by_pin(adult.pin, context=CONTEXT),
        await ports.passports.passport(
            adult.pin, series=adult.passport.series, number=adult.passport.number, context=CONTEXT
        ),
        await ports.civil_registry.birth_act(child.pin, context=CONTEXT),
        *(await ask_all(catalogue)).values(),
        await ports.households.members(adult.pin, context=CONTEXT),
        *[
            page.answer
            async for page in ports.organisations.changes(TODAY, TODAY + timedelta(days=1), context=CONTEXT)
        ],
    ]
    assert all(answer.outcome is Outcome.FOUND for answer in told)
    seen = repr(told).casefold() + repr(await catalogue.journal()).casefold()
    school = organisations(people)[0]
    for word in ("орус'", "в браке", "school@example.org", "0312000000", "vatpayer", school.head.pin):
        assert word.casefold() not in seen


async def test_the_feed_is_walked_by_days_and_its_cursor_never_passes_a_gap(catalogue: Catalogue) -> None:
    """A page a day, empty days told apart from failures, and nothing behind a page that was not answered."""
    port = catalogue.agencies.organisations
    since, until = TODAY - timedelta(days=3), TODAY + timedelta(days=2)
    pages = [page async for page in port.changes(since, until, context=CONTEXT)]
    assert [(page.since, page.until) for page in pages] == [
        (since + timedelta(days=day), since + timedelta(days=day + 1)) for day in range(5)
    ]
    assert [page.answer.outcome for page in pages] == [Outcome.FOUND] * 4 + [Outcome.NOT_FOUND]
    told = [change for page in pages for change in (page.answer.record.changes if page.answer.record else ())]
    wanted = [one for one in organisations(catalogue.people) if since <= one.updated_on < until]
    assert sorted(change.organisation.inn for change in told) == sorted(one.inn for one in wanted)
    assert len(pages[3].answer.record.changes) == 2  # two on the same day
    assert all(change.key.isdigit() and change.updated for change in told)
    for mode, outcome in (("down", Outcome.UNAVAILABLE), ("fault_in_content", Outcome.PROVIDER_ERROR)):
        await catalogue.misbehave("minjust/minjust-inn-services", mode)
        pages = [page async for page in port.changes(since, until, context=CONTEXT)]
        assert [(page.since, page.answer.outcome) for page in pages] == [(since, outcome)]
    await catalogue.misbehave("minjust/minjust-inn-services")
    assert [page async for page in port.changes(until, since, context=CONTEXT)] == []


async def test_one_bad_record_of_the_feed_stops_no_other(catalogue: Catalogue) -> None:
    """A record that cannot be understood is named by its key; drift that keeps the values is no error."""
    port, day = catalogue.agencies.organisations, TODAY
    (page,) = [one async for one in port.changes(day, day + timedelta(days=1), context=CONTEXT)]
    both = page.answer.record.changes
    for mode in ("reordered", "drifted_dates", "extra_field"):
        await catalogue.misbehave("minjust/minjust-inn-services", mode)
        (page,) = [one async for one in port.changes(day, day + timedelta(days=1), context=CONTEXT)]
        assert {one.key: one.organisation for one in page.answer.record.changes} == {
            one.key: one.organisation for one in both
        }
        assert page.answer.notes.get("unknown_fields") == ("licence" if mode == "extra_field" else None)
    await catalogue.misbehave("minjust/minjust-inn-services", "missing_field")
    (page,) = [one async for one in port.changes(day, day + timedelta(days=1), context=CONTEXT)]
    assert (page.answer.outcome, len(page.answer.record.changes)) == (Outcome.FOUND, 1)
    assert page.answer.record.unreadable == (both[0].key,)


async def test_the_household_is_known_by_number_only(catalogue: Catalogue) -> None:
    """Of the others in a household only PIN and relation are taken; one alone, and nobody, are NOT_FOUND."""
    port, people = catalogue.agencies.households, catalogue.people
    child = people.roles["child"]
    answer = await port.members(child.pin, context=CONTEXT)
    assert {one.pin for one in answer.record} == {people.roles["father"].pin, people.roles["mother"].pin}
    assert {field.name for field in dataclasses.fields(answer.record[0])} == {"pin", "relation"}
    assert (await port.members(NOBODY, context=CONTEXT)).outcome is Outcome.NOT_FOUND


async def test_what_is_no_number_is_never_asked(catalogue: Catalogue) -> None:
    """A text that is no PIN and no ИНН is refused before anything is sent."""
    ports = catalogue.agencies
    for bad in ("", "123", "1010120101234a", "../../etc", "１０１０１２０１０１２３４５"):
        for question in (
            ports.organisations.organisation(bad, context=CONTEXT),
            ports.taxpayers.taxpayer(bad, context=CONTEXT),
            ports.addresses.registered_address(bad, context=CONTEXT),
            ports.civil_acts.death_act(bad, context=CONTEXT),
            ports.employment.work_periods(bad, context=CONTEXT),
            ports.households.actual_address(bad, context=CONTEXT),
            ports.households.members(bad, context=CONTEXT),
        ):
            assert (await question).outcome is Outcome.REJECTED
    assert (
        await ports.foreigners.by_document(" ", country="UZB", context=CONTEXT)
    ).outcome is Outcome.REJECTED
    assert await catalogue.journal() == []


async def test_an_unknown_contract_is_refused_and_nothing_is_sent(database_url: str, tmp_path: Path) -> None:
    """Where only a service's name is known the port says so, and the journal stays empty."""
    async with whole_catalogue(
        database_url,
        tmp_path,
        KOPURO_AGENCIES__INFOCOM__SUBSYSTEMS__PASSPORT_REGISTER__SUBSYSTEM_CODE="passport-service",
        KOPURO_AGENCIES__INFOCOM__SUBSYSTEMS__PASSPORT_REGISTER__SERVICES__STATUS="passportStatus/v1",
    ) as catalogue:
        ports, pin = catalogue.agencies, catalogue.people.roles["adult"].pin
        answers = [
            await ports.civil_acts.name_changes(pin, context=CONTEXT),
            await ports.civil_acts.children(pin, context=CONTEXT),
            await ports.passport_register.status(series="ID", number="0000001", context=CONTEXT),
            await ports.passport_register.lost_passports(year=2026, month=8, context=CONTEXT),
            *[await ports.awaited.ask(name, pin, context=CONTEXT) for name in ports.awaited.sources],
        ]
        assert {(one.outcome, one.code) for one in answers} == {(Outcome.REJECTED, "contract_unknown")}
        assert all(one.notes["missing"] for one in answers[4:])
        assert await catalogue.journal() == []
        with pytest.raises(KeyError):
            await ports.awaited.ask("nothing", pin, context=CONTEXT)


async def test_by_default_only_known_contracts_are_switched_on(database_url: str, tmp_path: Path) -> None:
    """The shipped configuration opens what is known, and leaves shut what is assumed or unknown."""
    off = {f"KOPURO_AGENCIES__{name}__ENABLED": "false" for name in ("SANARIPAYMAK", "AWAITED")}
    async with whole_catalogue(database_url, tmp_path, **off) as catalogue:
        ports = catalogue.agencies
        opened = {field.name for field in dataclasses.fields(ports) if getattr(ports, field.name)}
        assert opened == {
            "civil_registry", "civil_acts", "passports", "addresses", "foreigners", "organisations",
            "taxpayers", "employment",
        }  # fmt: skip
