"""How single answers of the catalogue are read, shape by shape."""

import asyncio
import json
from datetime import UTC, date, datetime
from uuid import uuid4

import pytest

from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Agency, AgencyServices, load
from gateway.intake.answers import Outcome
from gateway.intake.plugs import AskedReply, FetchedReply
from gateway.wiring.outward import found_adapters
from tests.adapters.bench import CONTEXT, HOME, element

PIN, OTHER, INN = "10101202012345", "10101202054321", "00503200110000"
XSI = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'


class Parrot:
    """An asker that was told what to answer."""

    def __init__(self, answer: str | bytes, status: int = 200) -> None:
        self.answer, self.status = answer, status

    async def ask(self, **_):
        return AskedReply(
            body=element(self.answer), exchange_id=uuid4(), message_id="m", answered_at=datetime.now(UTC)
        )

    async def fetch(self, **_):
        content = self.answer if isinstance(self.answer, bytes) else self.answer.encode()
        return FetchedReply(
            status=self.status,
            content_type="application/json",
            content=content,
            exchange_id=uuid4(),
            message_id="m",
            answered_at=datetime.now(UTC),
        )


AGENCIES = load(home=HOME, environment={}).agencies


def ports(name: str, answer: str | bytes, status: int = 200):
    return found_adapters()[name].open(
        AGENCIES[name], Parrot(answer, status), contracts=HOME / "wsdl", schemas=HOME / "schemas"
    )


def told(operation: str, response: str, *, echo: str = "") -> str:
    return f"<x:{operation}Response xmlns:x='urn:any' {XSI}>{echo}{response}</x:{operation}Response>"


# --- Инфоком -------------------------------------------------------------------------------------------------


def address(response: str):
    found = ports("infocom", told("asbAddress", f"<response>{response}</response>")).addresses
    return asyncio.run(found.registered_address(PIN, context=CONTEXT))


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        ("<error>false</error><address>БИШКЕК</address>", Outcome.FOUND),
        ("<error>0</error><address>БИШКЕК</address><addressArray i:nil='true'/>", Outcome.FOUND),
        ("<error>false</error><address/>", Outcome.NOT_FOUND),
        ("<error>true</error><address>Данные не найдены</address>", Outcome.NOT_FOUND),
        ("<error>true</error><address>Неверный ПИН</address>", Outcome.REJECTED),
        ("<error>true</error><address>Нет доступа</address>", Outcome.DENIED),
        ("<error>true</error><address>Сервис недоступен</address>", Outcome.PROVIDER_ERROR),
        ("<error>true</error><address/>", Outcome.PROVIDER_ERROR),
        ("<error i:nil='true'/><address>БИШКЕК</address>", Outcome.PROVIDER_ERROR),
        ("<address>БИШКЕК</address>", Outcome.PROVIDER_ERROR),
        ("<error>false</error>", Outcome.PROVIDER_ERROR),
        ("<error>maybe</error><address>БИШКЕК</address>", Outcome.PROVIDER_ERROR),
        ("<error>false</error><address>A</address><dateAction>вчера</dateAction>", Outcome.PROVIDER_ERROR),
    ],
)
def test_an_address_is_an_error_when_it_says_so(response, outcome):
    """The text of a failure stands where the address would: it never becomes one."""
    answer = address(response)
    assert answer.outcome is outcome
    assert (answer.record is not None) == (outcome is Outcome.FOUND)


def test_an_old_answer_without_codes_and_a_new_one_with_them():
    """The first version has a text only; the codes of the second are kept under their own names."""
    assert address("<error>false</error><address>A</address>").record.codes == ()
    parts = (
        "<addressArray><regionId>2</regionId><flatId/><code>4170820000001</code><gps>1</gps></addressArray>"
    )
    answer = address(f"<error>false</error><address>A</address><dateAction>12.04.2021</dateAction>{parts}")
    assert answer.record.codes == (("regionId", "2"),)
    assert (answer.record.place_code, answer.record.registered_on) == ("4170820000001", date(2021, 4, 12))
    assert answer.notes == {"unknown_fields": "gps"}


def foreigner(response: str, *, echo: str = ""):
    found = ports("infocom", told("foreignByDoc", f"<response>{response}</response>", echo=echo)).foreigners
    return asyncio.run(found.by_document("fa 001", country="uzb", context=CONTEXT))


PERSON = (
    "<surname>ҮЛГҮЕВ</surname><name>СЫНАК</name><patronymic i:nil='true'/><birthdate>2018-12-12</birthdate>"
    "<gender>2</gender><citizenship>Узбекистан</citizenship><docDateIssue>2022-05-04</docDateIssue>"
    "<docDateExpiration>2032-05-03</docDateExpiration><regDateFrom i:nil='true'/><regDateTo i:nil='true'/>"
)


def test_a_foreigner_stands_in_the_message():
    """Somebody, nobody, a refusal in words, and an unknown country: each as it is."""
    found = foreigner(f"<error>false</error><message>{PERSON}</message>")
    assert (found.record.surname, found.record.sex, found.record.citizenship) == ("ҮЛГҮЕВ", "M", "UZB")
    assert (found.record.document_number, found.record.registered_address) == ("FA 001", None)
    strange = foreigner(f"<error>false</error><message>{PERSON.replace('Узбекистан', 'Нигде')}</message>")
    assert (strange.record.citizenship, strange.notes) == (None, {"unknown_citizenship": "Нигде"})
    for response, outcome in (
        ("<error>true</error>", Outcome.NOT_FOUND),
        ("<error>true</error><message i:nil='true'/>", Outcome.NOT_FOUND),
        ("<error>false</error><message i:nil='true'/>", Outcome.NOT_FOUND),
        ("<error>true</error><message>Внутренняя ошибка</message>", Outcome.PROVIDER_ERROR),
        ("<error>true</error><message>Неверный формат</message>", Outcome.REJECTED),
        ("<error>false</error><message><surname>A</surname></message>", Outcome.PROVIDER_ERROR),
        (f"<error>false</error><message>{PERSON.replace('>2<', '>3<')}</message>", Outcome.PROVIDER_ERROR),
    ):
        assert foreigner(response).outcome is outcome, response


def test_the_echo_tells_another_document():
    """The answer does not name the document; an echo of another one makes it another's answer."""
    echo = "<request><doc>FB 002</doc><code>UZB</code></request>"
    answer = foreigner(f"<error>false</error><message>{PERSON}</message>", echo=echo)
    assert (answer.outcome, answer.code) == (Outcome.PROVIDER_ERROR, "wrong_person")


def death(dates: str, *, pin: str = PIN):
    act = (
        f"<pin>{pin}</pin><surname>ҮЛГҮ КЫЗЫ</surname><firstName>СЫНАК</firstName><patronymic/>"
        f"<actDate>23-02-2026</actDate><actNumber>7</actNumber><actGovUnit>А</actGovUnit>{dates}"
    )
    found = ports("infocom", told("zagsDeathActByPin", f"<response>{act}</response>")).civil_acts
    return asyncio.run(found.death_act(PIN, context=CONTEXT))


def test_the_day_of_death_is_found_in_either_form():
    """A dated deathTime is the day, and dfrom the birth date; a time of day leaves dfrom to be the day."""
    day, born = date(2026, 2, 20), date(2020, 1, 1)
    for dates, died, birth in (
        ("<dfrom>01-01-2020</dfrom><deathTime>20-02-2026</deathTime>", day, born),
        ("<dfrom>01-01-2020</dfrom><deathTime>2026-02-20T14:30:00</deathTime>", day, born),
        ("<dfrom>20-02-2026</dfrom><deathTime>14:30</deathTime>", day, None),
        ("<dfrom>20-02-2026</dfrom><deathTime/>", day, None),
        ("<deathTime>20.02.2026</deathTime>", day, None),
    ):
        answer = death(dates)
        assert (answer.record.death_date, answer.record.birth_date) == (died, birth), dates
        assert answer.notes == {}
    other = death("<isDuplicate>true</isDuplicate><dfrom>02-01-2020</dfrom><deathTime>20-02-2026</deathTime>")
    assert other.notes == {"duplicate_certificate": "yes", "pin_disagrees": "birth_date"}
    for dates, code in (
        ("<deathTime/>", "malformed_answer"),
        ("<deathTime>вчера</deathTime>", "unknown_date_form"),
        ("<dfrom>20-02-2026</dfrom><deathTime>01-01-2020</deathTime>", "impossible_dates"),
        ("", "malformed_answer"),
    ):
        assert (death(dates).outcome, death(dates).code) == (Outcome.PROVIDER_ERROR, code)
    assert death("<deathTime>20-02-2026</deathTime>", pin=OTHER).code == "wrong_person"


# --- Минюст --------------------------------------------------------------------------------------------------


def organisation(response: str):
    found = ports("minjust", told("getSubjectByTin", response)).organisations
    return asyncio.run(found.organisation(INN, context=CONTEXT))


def test_an_organisation_needs_a_name_and_the_inn_asked_for():
    """An empty answer is nobody; a nameless, another's, or a failing answer is no answer."""
    named = f"<tin>{INN}</tin><fullNameOl>Школа</fullNameOl>"
    for response, outcome in (
        (f"<subject>{named}</subject>", Outcome.FOUND),
        ("", Outcome.NOT_FOUND),
        ("<subject i:nil='true'/>", Outcome.NOT_FOUND),
        ("<other/>", Outcome.PROVIDER_ERROR),
        ("<faultcode>1</faultcode>", Outcome.PROVIDER_ERROR),
        (f"<subject><tin>{INN}</tin></subject>", Outcome.PROVIDER_ERROR),
        (f"<subject>{named.replace(INN, PIN)}</subject>", Outcome.PROVIDER_ERROR),
        (f"<subject>{named}</subject><subject>{named}</subject>", Outcome.PROVIDER_ERROR),
    ):
        assert organisation(response).outcome is outcome, response


def feed(answer: str | bytes, status: int = 200):
    async def first():
        found = ports("minjust", answer, status).organisations
        day = date(2026, 8, 31)
        (page,) = [page async for page in found.changes(day, date(2026, 9, 1), context=CONTEXT)]
        return page.answer

    return asyncio.run(first())


@pytest.mark.parametrize(
    ("answer", "status", "outcome"),
    [
        ("Column is null", 200, Outcome.NOT_FOUND),
        ('"Column is null"', 200, Outcome.NOT_FOUND),
        ("[]", 200, Outcome.NOT_FOUND),
        ("", 204, Outcome.NOT_FOUND),
        ("", 200, Outcome.PROVIDER_ERROR),
        ("{}", 200, Outcome.PROVIDER_ERROR),
        ("[]", 404, Outcome.PROVIDER_ERROR),
        (b"\xff\xfe", 200, Outcome.PROVIDER_ERROR),
        ("<html/>", 200, Outcome.PROVIDER_ERROR),
        ("[" * 5000, 200, Outcome.PROVIDER_ERROR),
    ],
)
def test_an_empty_feed_is_told_from_a_broken_one(answer, status, outcome):
    """Only what says that nothing changed means so."""
    assert feed(answer, status).outcome is outcome


def test_every_bad_record_is_named_and_none_quotes_a_number():
    """Whatever is wrong with one record, the good one behind it is read."""
    good = {"id": 1, "updated": "2026-08-31T09:30:00", "tin": INN, "full_name_ol": "Школа"}
    bad = [
        {**good, "id": 2, "tin": "123"},
        {**good, "id": 3, "order_date": "вчера"},
        {**good, "id": 4, "full_name_ol": None},
        {**good, "id": 5, "founders": "никто"},
        {**good, "id": PIN, "tin": ""},
        {**good, "id": {"x": 1}},
        {key: value for key, value in good.items() if key != "id"},
        "text",
        None,
    ]
    answer = feed(json.dumps([*bad, good]))
    assert [change.key for change in answer.record.changes] == ["1"]
    assert answer.record.unreadable == ("2", "3", "4", "5", "?", "?", "?", "?", "?")
    twice = json.dumps([good]).replace('"id": 1', '"id": 1, "id": 2')
    assert feed(twice).record.unreadable == ("?",)


# --- Соцфонд, ГНС, Санарип аймак -------------------------------------------------------------------------------


def work(response: str):
    found = ports("social_fund", told("GetWorkPeriodInfo", response)).employment
    return asyncio.run(found.work_periods(PIN, context=CONTEXT))


def test_a_state_is_an_outcome_and_never_a_code_with_words():
    """Known words, words by their meaning, and what nobody understands."""
    for state, outcome, code in (
        ("PIN_NOTFOUND", Outcome.NOT_FOUND, "PIN_NOTFOUND"),
        ("pin_incorrect", Outcome.REJECTED, "PIN_INCORRECT"),
        ("INTERNAL_ERROR", Outcome.PROVIDER_ERROR, "INTERNAL_ERROR"),
        (f"Гражданин {PIN} не найден", Outcome.NOT_FOUND, ""),
        ("Нет прав", Outcome.DENIED, ""),
        ("Ката", Outcome.PROVIDER_ERROR, ""),
    ):
        answer = work(f"<State>{state}</State>")
        assert (answer.outcome, answer.code, answer.record) == (outcome, code, None), state


def test_periods_may_be_many_one_none_or_open():
    """Nil, empty and far ends; a period without an employer is no period; the order says nothing."""
    person = f"<State>OK</State><PIN>{PIN}</PIN><LastName>А</LastName>"
    one = "<WorkPeriod><INN>{}</INN><DateBegin>{}</DateBegin>{}</WorkPeriod>"
    for end in ("", "<DateEnd/>", "<DateEnd>31.12.9999</DateEnd>", "<DateEnd>0001-01-01T00:00:00</DateEnd>"):
        answer = work(f"{person}<WorkPeriods>{one.format(INN, '01.09.2020', end)}</WorkPeriods>")
        assert answer.record.periods[0].until is None
    many = (
        one.format("2", "01.09.2020", "") + "<WorkPeriod i:nil='true'/>" + one.format("1", "2019-09-01", "")
    )
    answer = work(f"{person}<WorkPeriods>{many}</WorkPeriods>")
    assert [period.employer_inn for period in answer.record.periods] == ["1", "2"]
    assert work(person).record.periods == work(f"{person}<WorkPeriods/>").record.periods == ()
    assert work(f"{person}<WorkPeriods><WorkPeriod/></WorkPeriods>").outcome is Outcome.PROVIDER_ERROR
    assert work(person.replace(PIN, OTHER)).code == "wrong_person"
    assert work("<State>OK</State>").outcome is Outcome.PROVIDER_ERROR


def taxpayer(response: str):
    operation = "tpDataByINNforBusinessActivity"
    found = ports("tax", told(operation, response, echo=f"<request><inn>{INN}</inn></request>")).taxpayers
    return asyncio.run(found.taxpayer(INN, context=CONTEXT))


def test_a_taxpayer_has_one_of_two_vocabularies():
    """Either spelling of name and address; a message beside a name is no failure, one alone is."""
    for names in (("fullName", "fullAddress"), ("companyName", "legalAddress")):
        body = (
            f"<inn>{INN}</inn><{names[0]}>Школа</{names[0]}><{names[1]}>Чүй</{names[1]}><message>OK</message>"
        )
        answer = taxpayer(f"<response>{body}<vatPayer>true</vatPayer></response>")
        assert (answer.record.name, answer.record.address, answer.notes) == ("Школа", "Чүй", {})
    for response, outcome in (
        ("<response i:nil='true'/>", Outcome.NOT_FOUND),
        ("", Outcome.NOT_FOUND),
        (f"<response><inn>{INN}</inn><message>Не найден</message></response>", Outcome.NOT_FOUND),
        ("<response><message>Ошибка</message></response>", Outcome.PROVIDER_ERROR),
        ("<response><faultcode>403</faultcode><faultstring/></response>", Outcome.DENIED),
        (f"<response><inn>{INN}</inn></response>", Outcome.PROVIDER_ERROR),
        (f"<response><inn>{PIN}</inn><fullName>Ш</fullName></response>", Outcome.PROVIDER_ERROR),
    ):
        assert taxpayer(response).outcome is outcome, response


@pytest.mark.parametrize(
    ("answer", "status", "outcome"),
    [
        ("", 204, Outcome.NOT_FOUND),
        ('{"code":405}', 200, Outcome.NOT_FOUND),
        ('{"code":"405"}', 405, Outcome.NOT_FOUND),
        ('{"code":404}', 404, Outcome.NOT_FOUND),
        ('{"code":400}', 400, Outcome.REJECTED),
        ('{"code":500}', 200, Outcome.PROVIDER_ERROR),
        ("nothing", 404, Outcome.PROVIDER_ERROR),
        ("[]", 200, Outcome.PROVIDER_ERROR),
        ('{"members":[]}', 200, Outcome.PROVIDER_ERROR),
        ('{"members":[{"pin":"12"}]}', 200, Outcome.PROVIDER_ERROR),
        (json.dumps({"members": [{"pin": OTHER, "relation": "эне", "name": "А"}]}), 200, Outcome.FOUND),
        (json.dumps({"members": {"pin": OTHER}}), 200, Outcome.FOUND),
    ],
)
def test_a_household_has_its_own_ways_to_say_nobody(answer, status, outcome):
    """204 and 405 are nobody, whether as status or inside; whatever is not understood is no answer."""
    found = asyncio.run(ports("sanaripaymak", answer, status).households.members(PIN, context=CONTEXT))
    assert found.outcome is outcome
    assert found.notes == {}


# --- settings --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["infocom", "minjust", "social_fund", "tax", "sanaripaymak"])
def test_a_subsystem_an_adapter_does_not_speak_stops_the_start(name: str):
    """A family nobody knows, and a family without its services, are sentences at the start."""
    agency: Agency = AGENCIES[name]
    family = next(iter(agency.subsystems))
    for subsystems, names in (
        ({**agency.subsystems, "nonsense": agency.subsystems[family]}, f"agencies.{name}.subsystems"),
        ({**agency.subsystems, family: AgencyServices(subsystem_code="x", services={})}, "is missing"),
    ):
        broken = Agency(
            adapter=name, member_class="GOV", member_code="1", source_code="X", subsystems=subsystems
        )
        with pytest.raises(SettingsError, match=names):
            found_adapters()[name].open(broken, Parrot(""), contracts=HOME / "wsdl", schemas=HOME / "schemas")
