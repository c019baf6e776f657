"""How single answers are read, shape by shape."""

import asyncio
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from adapters.infocom import plug
from gateway.foundation.errors import ContractError, SettingsError
from gateway.foundation.settings import Agency, AgencyServices
from gateway.intake.plugs import AskedReply
from gateway.intake.ports import Outcome, PersonRecord
from tests.adapters.bench import CONTEXT, HOME, element

PIN = "10101202012345"
OTHER = "10101202054321"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NS = f'xmlns:a="http://tunduk-seccurity-infocom.x-road.fi/producer" xmlns:i="{XSI}"'
PERSON = (
    "<pin>10101202012345</pin><pinGenerationDate>2020-01-09T00:00:00</pinGenerationDate>"
    "<surname>ҮЛГҮ КЫЗЫ</surname><name>СЫНАК</name><patronymic/><gender>1</gender>"
    "<dateOfBirth>2020-01-01T00:00:00</dateOfBirth><citizenship>Кыргызстан</citizenship>"
    "<pinBlocked>false</pinBlocked>"
)
RESPONSE = f"<response>{PERSON}</response>"


class Parrot:
    """An asker that was told what to answer."""

    def __init__(self, answer: str) -> None:
        self.answer = answer

    async def ask(self, **_):
        return AskedReply(
            body=element(self.answer), exchange_id=uuid4(), message_id="m", answered_at=datetime.now(UTC)
        )


def _agencies(agency: Agency, answer: str):
    return plug.open(agency, Parrot(answer), contracts=HOME / "wsdl", schemas=HOME / "schemas")


def _person(agency: Agency, answer: str):
    registry = _agencies(agency, answer).civil_registry
    return asyncio.run(registry.person_by_pin(PIN, context=CONTEXT))


def _framed(response: str, *, echo: str = f"<request><pin>{PIN}</pin></request>") -> str:
    return f"<a:zagsDataByPinResponse {NS}>{echo}<response>{response}</response></a:zagsDataByPinResponse>"


def test_prefix_and_qualification_do_not_matter(agency):
    """Unqualified, qualified under any prefix, and default-namespaced answers are the same answer."""
    plain = _framed(PERSON)
    default = plain.replace("a:zags", "zags").replace("xmlns:a=", "xmlns=")
    prefixed = plain
    for name in ("request", "response", "pin", "surname", "name", "patronymic", "gender", "dateOfBirth"):
        for edge in (">", "/>"):
            prefixed = prefixed.replace(f"<{name}{edge}", f"<a:{name}{edge}").replace(
                f"</{name}{edge}", f"</a:{name}{edge}"
            )
    answers = [_person(agency, text) for text in (plain, default, prefixed)]
    assert {answer.outcome for answer in answers} == {Outcome.FOUND}
    assert len({answer.record for answer in answers}) == 1
    assert answers[0].record.patronymic is None


@pytest.mark.parametrize(
    "patronymic", ["", "<patronymic/>", "<patronymic> \u00a0</patronymic>", '<patronymic i:nil="true"/>']
)
def test_absent_empty_blank_and_nil_are_one(agency, patronymic):
    """A value that was not given is None, however the source does not give it."""
    answer = _person(agency, _framed(PERSON.replace("<patronymic/>", patronymic)))
    assert answer.outcome is Outcome.FOUND
    assert answer.record.patronymic is None


def test_invisible_characters_are_trimmed_from_names(agency):
    """Odd spaces and direction marks never reach the registry; letters stay as they are."""
    dirty = PERSON.replace("ҮЛГҮ КЫЗЫ", "\u200bҮЛГҮ\u00a0\u2009 КЫЗЫ\ufeff").replace(
        "СЫНАК", " СЫ\u00adНАК\u200e"
    )
    record = _person(agency, _framed(dirty)).record
    assert (record.surname, record.given_name) == ("ҮЛГҮ КЫЗЫ", "СЫНАК")


def test_comments_never_cut_a_value(agency):
    """A comment inside a value is dropped and the value read whole."""
    answer = _person(agency, _framed(PERSON.replace("СЫНАК", "СЫ<!-- x -->НАК")))
    assert answer.record.given_name == "СЫНАК"


@pytest.mark.parametrize("field", ["pin", "surname", "name", "gender", "dateOfBirth"])
def test_a_known_field_that_vanished_is_an_error(agency, field):
    """A field the contract promises is never silently None when its element is gone."""
    start, end = PERSON.index(f"<{field}>"), PERSON.index(f"</{field}>") + len(f"</{field}>")
    answer = _person(agency, _framed(PERSON[:start] + PERSON[end:]))
    assert (answer.outcome, answer.code) == (Outcome.PROVIDER_ERROR, "malformed_answer")


@pytest.mark.parametrize(
    "response",
    [
        "",
        PERSON.replace("<name>СЫНАК</name>", "<name>СЫНАК</name><name>БАШКА</name>"),
        PERSON.replace("<name>СЫНАК</name>", "<name><first>СЫНАК</first></name>"),
        PERSON.replace("<gender>1<", "<gender>3<"),
        PERSON.replace("2020-01-01T00:00:00", "1 января 2020"),
        PERSON.replace("2020-01-01T00:00:00", "2020-02-30T00:00:00"),
        PERSON.replace(">false<", ">maybe<"),
        PERSON.replace("ҮЛГҮ КЫЗЫ", "").replace("СЫНАК", ""),
    ],
)
def test_what_cannot_be_understood_is_a_provider_error(agency, response):
    """Doubled, nested, unknown or empty content is refused whole, never read in part."""
    answer = _person(agency, _framed(response))
    assert (answer.outcome, answer.record) == (Outcome.PROVIDER_ERROR, None)


@pytest.mark.parametrize(
    "text",
    [
        f"<a:zagsPinBirthActResponse {NS}><response>{PERSON}</response></a:zagsPinBirthActResponse>",
        f"<a:zagsDataByPin {NS}><response>{PERSON}</response></a:zagsDataByPin>",
        f"<a:zagsDataByPinResponse {NS}><request><pin>{PIN}</pin></request></a:zagsDataByPinResponse>",
        f"<a:zagsDataByPinResponse {NS}>{2 * RESPONSE}</a:zagsDataByPinResponse>",
    ],
)
def test_another_frame_is_a_provider_error(agency, text):
    """The answer of another operation, no response, and two responses are all refused."""
    assert _person(agency, text).outcome is Outcome.PROVIDER_ERROR


def test_somebody_else_is_a_provider_error(agency):
    """A record, or an echo, of another PIN is never taken for an answer; not even for a "not found"."""
    other_record = _person(agency, _framed(PERSON.replace(PIN, OTHER)))
    crossed = f"<request><pin>{OTHER}</pin></request>"
    other_absence = _person(
        agency, _framed("<faultcode>404</faultcode><faultstring>ПИН не найден</faultstring>", echo=crossed)
    )
    assert other_record.code == other_absence.code == "wrong_person"
    assert other_record.outcome is other_absence.outcome is Outcome.PROVIDER_ERROR


def test_no_echo_is_tolerated(agency):
    """An answer without the echoed request is read all the same."""
    assert _person(agency, _framed(PERSON, echo="")).outcome is Outcome.FOUND


def test_a_nil_response_is_not_found(agency):
    """Tunduk's own samples say "no such person" by a nil response."""
    text = f'<a:zagsDataByPinResponse {NS}><response i:nil="true"/></a:zagsDataByPinResponse>'
    assert _person(agency, text).outcome is Outcome.NOT_FOUND


def test_a_fault_is_found_wherever_it_stands(agency):
    """A faultcode beside the response, inside a group, or in another case of letters is a fault."""
    inside = _framed("<fault><faultCode>9</faultCode><faultString>ПИН не найден</faultString></fault>")
    beside = (
        f"<a:zagsDataByPinResponse {NS}><a:faultcode>9</a:faultcode>"
        "<a:faultstring>ПИН не найден</a:faultstring></a:zagsDataByPinResponse>"
    )
    for text in (inside, beside):
        answer = _person(agency, text)
        assert (answer.outcome, answer.code) == (Outcome.NOT_FOUND, "9")


def test_an_empty_fault_beside_data_is_no_fault(agency):
    """Empty fault elements, or code 0 without a text, do not hide the person."""
    for empty in ("<faultcode/><faultstring/>", "<faultcode>0</faultcode>", '<faultcode i:nil="true"/>'):
        assert _person(agency, _framed(PERSON + empty)).outcome is Outcome.FOUND


def test_an_unknown_country_is_noted_not_guessed(agency):
    """A citizenship outside the table stays empty and its text is noted."""
    answer = _person(agency, _framed(PERSON.replace("Кыргызстан", "Нарния")))
    assert answer.record.citizenship is None
    assert answer.notes == {"unknown_citizenship": "Нарния"}


def test_no_error_quotes_a_value(agency):
    """What is wrong is told by the field's name; PINs and names stay out of codes and notes."""
    answer = _person(agency, _framed(PERSON.replace(PIN, OTHER)))
    assert OTHER not in answer.code + repr(answer.notes)
    assert PIN not in answer.code + repr(answer.notes)


def _pins(agency: Agency, response: str):
    text = f"<zagsPinsByNSPDateResponse><response>{response}</response></zagsPinsByNSPDateResponse>"
    person = PersonRecord(surname="А", given_name="Б", birth_date=datetime(2020, 1, 1, tzinfo=UTC).date())
    return asyncio.run(_agencies(agency, text).civil_registry.pins_by_name(person, context=CONTEXT))


def test_one_or_many_pins_are_read_alike(agency):
    """None, one, the same twice, and two are NOT_FOUND, FOUND, FOUND and AMBIGUOUS."""
    mine, other = f"<pin>{PIN}</pin>", f"<pin>{OTHER}</pin>"
    assert _pins(agency, "").outcome is Outcome.NOT_FOUND
    assert _pins(agency, f'<pin i:nil="true" xmlns:i="{XSI}"/>').outcome is (Outcome.NOT_FOUND)
    assert _pins(agency, mine).record == (PIN,)
    assert _pins(agency, mine + mine).outcome is Outcome.FOUND
    assert _pins(agency, mine + other).record == (PIN, OTHER)
    assert _pins(agency, mine + other).outcome is Outcome.AMBIGUOUS


def test_a_list_that_changed_its_shape_is_not_an_empty_list(agency):
    """PINs under another name, or no PINs in their place, are PROVIDER_ERROR and never NOT_FOUND."""
    for drifted in (f"<pins><pin>{PIN}</pin></pins>", "<pin>нет</pin>", f"<PIN>{PIN}</PIN>"):
        assert _pins(agency, drifted).outcome is Outcome.PROVIDER_ERROR


def _act(agency: Agency, response: str):
    text = f"<zagsPinBirthActResponse {NS}><response>{response}</response></zagsPinBirthActResponse>"
    return asyncio.run(_agencies(agency, text).civil_registry.birth_act(PIN, context=CONTEXT))


ACT = "<act><actDate>05.01.2020</actDate><actNumber>17</actNumber><actGovUnit>ЗАГС</actGovUnit></act>"
CHILD = (
    "<child><surname>ҮЛГҮ КЫЗЫ</surname><firstName>СЫНАК</firstName><patronymic/><gender>1</gender>"
    "<dfrom>01-01-2020</dfrom></child>"
)


def test_a_birth_act_may_lack_certificate_and_parents_but_not_act_or_child(agency):
    """Father and certificate are often absent; an act without its child is no act."""
    answer = _act(agency, ACT + CHILD)
    assert answer.outcome is Outcome.FOUND
    assert (answer.record.mother, answer.record.father, answer.record.certificate_number) == (
        None,
        None,
        None,
    )
    empty = _act(agency, ACT + CHILD + "<father><pin/><surname/><firstName/></father>")
    assert empty.record.father is None
    assert _act(agency, ACT).outcome is Outcome.PROVIDER_ERROR
    assert _act(agency, CHILD).outcome is Outcome.PROVIDER_ERROR


def test_a_birth_act_that_disagrees_with_its_pin_is_found_with_a_warning(agency):
    """The act names no PIN of the child, so a different sex or birth date is noted for the reader."""
    other = CHILD.replace("<gender>1<", "<gender>2<").replace("01-01-2020", "02-01-2020")
    assert _act(agency, ACT + CHILD).notes == {}
    assert _act(agency, ACT + other).notes == {"pin_disagrees": "sex birth_date"}


PASSPORT = (
    f"<pin>{PIN}</pin><surname>СЫНАКОВА</surname><name>ҮЛГҮ</name><patronymic/><gender>F</gender>"
    "<dateOfBirth>2000-01-01T00:00:00</dateOfBirth><passportSeries>АN</passportSeries>"
    "<passportNumber>1234567</passportNumber><voidStatus>0</voidStatus>"
)


def _passport(agency: Agency, response: str):
    text = f"<passportDataByPSNResponse><response>{response}</response></passportDataByPSNResponse>"
    passports = _agencies(agency, text).passports
    return asyncio.run(passports.passport(PIN, series="AN", number="1234567", context=CONTEXT))


@pytest.mark.parametrize(
    ("void", "valid"), [("0", True), ("1", False), ("3", False), ("", None), ("?", None)]
)
def test_void_status_zero_alone_is_valid(agency, void, valid):
    """Zero is valid, another number void, anything else not known."""
    answer = _passport(agency, PASSPORT.replace("<voidStatus>0<", f"<voidStatus>{void}<"))
    assert answer.record.valid is valid
    assert answer.notes == ({"unknown_void_status": "?"} if void == "?" else {})


@pytest.mark.parametrize(("gender", "sex"), [("F", "F"), ("M", "M"), ("m", "M"), ("М", "M")])
def test_a_passports_sex_is_a_letter(agency, gender, sex):
    """Latin M and F, and the Cyrillic М that looks like one; ЗАГС's digits mean nothing here."""
    assert _passport(agency, PASSPORT.replace(">F<", f">{gender}<")).record.sex == sex
    assert _passport(agency, PASSPORT.replace(">F<", ">1<")).outcome is Outcome.PROVIDER_ERROR


def test_another_document_is_a_provider_error(agency):
    """The passport that was asked for is the one answered for, whatever the letters look like."""
    assert _passport(agency, PASSPORT).outcome is Outcome.FOUND
    other = _passport(agency, PASSPORT.replace("1234567", "7654321"))
    assert (other.outcome, other.code) == (Outcome.PROVIDER_ERROR, "wrong_document")


def test_a_broken_answer_of_the_transport_is_a_provider_error(agency):
    """What the gateway could not read keeps its code."""

    class Broken:
        async def ask(self, **_):
            raise ContractError("not XML", code="invalid_soap")

    opened = plug.open(agency, Broken(), contracts=HOME / "wsdl", schemas=HOME / "schemas")
    answer = asyncio.run(opened.civil_registry.person_by_pin(PIN, context=CONTEXT))
    assert (answer.outcome, answer.code) == (Outcome.PROVIDER_ERROR, "invalid_soap")


def _with(agency: Agency, **subsystems: AgencyServices) -> Agency:
    return Agency(
        adapter="infocom",
        member_class=agency.member_class,
        member_code=agency.member_code,
        source_code=agency.source_code,
        subsystems=subsystems,
    )


def test_only_what_is_configured_is_opened(agency):
    """A port whose subsystem is not configured stays None."""
    opened = plug.open(
        _with(agency, passport=agency.subsystems["passport"]),
        Parrot(""),
        contracts=HOME / "wsdl",
        schemas=HOME / "schemas",
    )
    assert opened.civil_registry is None
    assert opened.passports is not None


@pytest.mark.parametrize(
    ("subsystems", "named"),
    [
        ({"vehicles": AgencyServices(subsystem_code="vehicles-service", services={})}, "vehicles"),
        ({"passport": AgencyServices(subsystem_code="passport-service", services={})}, "services.passport"),
        (
            {
                "passport": AgencyServices(
                    subsystem_code="passport-service", services={"passport": "noSuch/v1"}
                )
            },
            "noSuch",
        ),
    ],
)
def test_a_service_the_adapter_cannot_speak_stops_the_start(agency, subsystems, named):
    """An unknown family, a missing service and an operation outside the contract are named."""
    with pytest.raises(SettingsError, match=named):
        plug.open(_with(agency, **subsystems), Parrot(""), contracts=HOME / "wsdl", schemas=HOME / "schemas")
