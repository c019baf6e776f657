"""Every way the member may misbehave, and the outcome it must have."""

import pytest

from gateway.intake.plugs import FaultMode, Misbehaviour
from gateway.intake.ports import Outcome, PersonRecord
from gateway.intake.speaking.conversation import refusal
from gateway.intake.speaking.fault_words import ContentFault
from tests.adapters.bench import CONTEXT, Bench

SUBSYSTEMS = ("zags-service", "passport-service")


async def _ask_all(bench: Bench):
    child, adult = bench.people.roles["child"], bench.people.roles["adult"]
    registry = bench.agencies.civil_registry
    name = PersonRecord(surname=child.surname, given_name=child.given_name, birth_date=child.birth_date)
    return {
        "person_by_pin": await registry.person_by_pin(child.pin, context=CONTEXT),
        "pins_by_name": await registry.pins_by_name(name, context=CONTEXT),
        "birth_act": await registry.birth_act(child.pin, context=CONTEXT),
        "passport": await bench.agencies.passports.passport(
            adult.pin, series=adult.passport.series, number=adult.passport.number, context=CONTEXT
        ),
    }


def _misbehave(bench: Bench, mode: FaultMode, **particulars) -> None:
    for subsystem in SUBSYSTEMS:
        bench.simulator.misbehave(subsystem, Misbehaviour(mode=mode, **particulars))


@pytest.mark.parametrize(
    ("mode", "outcome"),
    [
        (FaultMode.OK, Outcome.FOUND),
        (FaultMode.DOWN, Outcome.UNAVAILABLE),
        (FaultMode.FAULT_IN_CONTENT, Outcome.PROVIDER_ERROR),
        (FaultMode.SOAP_FAULT, Outcome.PROVIDER_ERROR),
        (FaultMode.DRIFTED_DATES, Outcome.FOUND),
        (FaultMode.EXTRA_FIELD, Outcome.FOUND),
        (FaultMode.MISSING_FIELD, Outcome.PROVIDER_ERROR),
        (FaultMode.REORDERED, Outcome.FOUND),
        (FaultMode.WRONG_PERSON, Outcome.PROVIDER_ERROR),
        (FaultMode.GARBAGE, Outcome.PROVIDER_ERROR),
    ],
)
async def test_a_fault_mode_has_its_outcome_in_every_service(bench: Bench, mode, outcome):
    """The same misbehaviour means the same in every service, and none of them is ever NOT_FOUND."""
    _misbehave(bench, mode)
    answers = await _ask_all(bench)
    assert {name: answer.outcome for name, answer in answers.items()} == dict.fromkeys(answers, outcome)
    assert all((answer.record is not None) == (outcome is Outcome.FOUND) for answer in answers.values())


async def test_a_slow_service_is_found_in_time_and_unavailable_after_the_deadline(bench: Bench):
    """Slowness alone changes nothing; past the asker's deadline it is UNAVAILABLE."""
    _misbehave(bench, FaultMode.SLOW, seconds=0.2)
    assert {answer.outcome for answer in (await _ask_all(bench)).values()} == {Outcome.FOUND}
    bench.asker.timeout_seconds = 0.05
    assert {answer.outcome for answer in (await _ask_all(bench)).values()} == {Outcome.UNAVAILABLE}


@pytest.mark.parametrize("mode", [FaultMode.DRIFTED_DATES, FaultMode.REORDERED, FaultMode.EXTRA_FIELD])
async def test_drift_that_keeps_the_values_keeps_the_record(bench: Bench, mode):
    """Other date forms, another order and new fields change nothing that is known; new fields are named."""
    before = await _ask_all(bench)
    _misbehave(bench, mode)
    after = await _ask_all(bench)
    assert {name: answer.record for name, answer in after.items()} == {
        name: answer.record for name, answer in before.items()
    }
    told = {answer.notes.get("unknown_fields") for answer in after.values()}
    assert told == ({"bloodGroup"} if mode is FaultMode.EXTRA_FIELD else {None})


async def test_a_misbehaving_subsystem_leaves_the_other_alone(bench: Bench):
    """Fault modes are switched per subsystem and switched back."""
    bench.simulator.misbehave("passport-service", Misbehaviour(mode=FaultMode.DOWN))
    answers = await _ask_all(bench)
    assert answers["person_by_pin"].outcome is Outcome.FOUND
    assert answers["passport"].outcome is Outcome.UNAVAILABLE
    bench.simulator.misbehave("passport-service", Misbehaviour())
    assert (await _ask_all(bench))["passport"].outcome is Outcome.FOUND
    with pytest.raises(KeyError):
        bench.simulator.misbehave("no-such-service", Misbehaviour())


@pytest.mark.parametrize("code", ["Server.ServerProxy.AccessDenied", "server.serverproxy.access_denied"])
async def test_access_denied_is_denied_in_either_spelling(bench: Bench, code):
    """X-Road's access_denied is DENIED before and after release 7.8, and keeps its raw code."""
    _misbehave(bench, FaultMode.SOAP_FAULT, code=code)
    for answer in (await _ask_all(bench)).values():
        assert (answer.outcome, answer.code) == (Outcome.DENIED, code)


@pytest.mark.parametrize(
    "code", ["Server.ServerProxy.UnknownService", "server.clientproxy.internal_error", "SOAP-ENV:Server", ""]
)
def test_any_other_refusal_is_a_provider_error(code):
    """A refusal that is not about access is not called one."""
    assert refusal(code) is Outcome.PROVIDER_ERROR


async def test_a_fault_in_the_content_is_understood_on_the_wire(bench: Bench):
    """A fault's text inside a normal answer decides between denied, rejected and not found."""
    for text, outcome in (
        ("Доступ запрещён", Outcome.DENIED),
        ("Неверный формат даты", Outcome.REJECTED),
        ("Запись не найдена", Outcome.NOT_FOUND),
    ):
        _misbehave(bench, FaultMode.FAULT_IN_CONTENT, code="1", text=text)
        assert {answer.outcome for answer in (await _ask_all(bench)).values()} == {outcome}


@pytest.mark.parametrize(
    ("code", "text", "outcome"),
    [
        ("", "ПИН не найден", Outcome.NOT_FOUND),
        ("7", "Гражданин с указанным ПИН не найден в базе данных", Outcome.NOT_FOUND),
        ("", "Данные отсутствуют", Outcome.NOT_FOUND),
        ("", "Нет данных", Outcome.NOT_FOUND),
        ("", "Маалымат табылган жок", Outcome.NOT_FOUND),
        ("PIN_NOTFOUND", "", Outcome.NOT_FOUND),
        ("404", "", Outcome.NOT_FOUND),
        ("", "Неверно указан ПИН", Outcome.REJECTED),
        ("", "Отсутствует обязательный параметр pin", Outcome.REJECTED),
        ("", "ПИН должен состоять из 14 цифр", Outcome.REJECTED),
        ("PIN_INCORRECT", "", Outcome.REJECTED),
        ("400", "", Outcome.REJECTED),
        ("", "У вас нет прав на этот сервис", Outcome.DENIED),
        ("", "Отказано в доступе", Outcome.DENIED),
        ("403", "", Outcome.DENIED),
        ("404", "Сервис не найден", Outcome.PROVIDER_ERROR),
        ("", "Пользователь не найден", Outcome.PROVIDER_ERROR),
        ("", "Сервис временно недоступен, данные не найдены", Outcome.PROVIDER_ERROR),
        ("", "Ошибка базы данных: запись не найдена", Outcome.PROVIDER_ERROR),
        ("", "Таблица persons не существует", Outcome.PROVIDER_ERROR),
        ("", "Object reference not set to an instance of an object", Outcome.PROVIDER_ERROR),
        ("42", "Ката", Outcome.PROVIDER_ERROR),
        ("42", "", Outcome.PROVIDER_ERROR),
    ],
)
def test_the_words_of_a_fault_decide(code, text, outcome):
    """Known words have their meaning, trouble comes before absence, and the unknown is PROVIDER_ERROR."""
    assert ContentFault(code=code, text=text).outcome is outcome
