"""How settlements-service answers for synthetic people."""

from collections.abc import Iterator

from adapters.social_fund.dialect import NAMESPACE
from gateway.intake.plugs import SimulatedAnswer
from gateway.intake.speaking.values import is_pin
from gateway.sandbox.member import SimulatedService, Speech
from gateway.sandbox.organisations import SyntheticWork, work_of
from gateway.sandbox.people import Population
from gateway.sandbox.wire import DOTTED, Asked, Day, Node, Request, write_envelope

SUBSYSTEM = "settlements-service"


def work_periods(people: Population, asked: Asked) -> list[Node]:
    """Answer GetWorkPeriodInfo; the outcome is a word in State."""
    pin = asked.get("PIN", "")
    person = people.by_pin(pin)
    if not is_pin(pin):
        return [("State", "PIN_INCORRECT")]
    if person is None:
        return [("State", "PIN_NOTFOUND")]
    periods: list[Node] = [("WorkPeriod", _period(pin, one)) for one in work_of(people, person)]
    return [
        ("State", "OK"),
        ("PIN", pin),
        ("FirstName", person.given_name.upper()),
        ("LastName", person.surname.upper()),
        ("Patronymic", (person.patronymic or "").upper()),
        ("Issuer", "СОЦФОНД КР"),
        ("WorkPeriods", periods),
    ]


def about_another(people: Population, asked: Asked) -> Asked:
    """Turn a question into the same question about somebody else."""
    mine = people.by_pin(asked.get("PIN", ""))
    return {**asked, "PIN": people.other_than(mine).pin or ""} if mine else asked


def _period(pin: str, work: SyntheticWork) -> list[Node]:
    return [
        ("PIN_LSS", f"{pin}-1"),
        ("Payer", work.employer.name_ru),
        ("INN", work.employer.inn),
        ("NumSF", f"1101{work.employer.key}"),
        ("DateBegin", Day(day=work.since, form=DOTTED)),
        ("DateEnd", Day(day=work.until, form=DOTTED) if work.until else ""),
    ]


def _write(
    request: Request, service_code: str, nodes: list[Node] | None, forms: Iterator[str] | None
) -> SimulatedAnswer:
    return write_envelope(request, f"{service_code}Response", nodes or [], namespace=NAMESPACE, forms=forms)


def _trouble(code: str, text: str) -> list[Node]:
    return [("State", text if code in {"", "500"} else code)]


SERVICES = {"GetWorkPeriodInfo": SimulatedService(answer=work_periods, about_another=about_another)}
SPEECH = Speech(write=_write, trouble=_trouble, essential=frozenset({"PIN"}))
