"""How gns-service answers for synthetic organisations."""

from collections.abc import Iterator

from adapters.tax.dialect import NAMESPACE
from gateway.intake.plugs import SimulatedAnswer
from gateway.intake.speaking.values import is_inn
from gateway.sandbox.member import SimulatedService, Speech
from gateway.sandbox.organisations import organisations
from gateway.sandbox.people import Population
from gateway.sandbox.wire import Asked, Node, Request, write_envelope

SUBSYSTEM = "gns-service"


def taxpayer(people: Population, asked: Asked) -> list[Node]:
    """Answer with the vocabulary of tpDataByINNforBusinessActivity."""
    inn = asked.get("inn", "")
    if not is_inn(inn):
        return _trouble("400", "Неверный формат ИНН")
    found = next((one for one in organisations(people) if one.inn == inn), None)
    if found is None:
        return _trouble("404", "Налогоплательщик не найден")
    return [
        ("inn", found.inn),
        ("fullName", found.name_ru),
        ("fullAddress", f"{found.locality}, {found.street}, {found.house}"),
        ("ZIP", "720000"),
        ("rayonCode", "004"),
        ("activityCode", "85.31.0"),
        ("vatPayer", "false"),
        ("message", None),
    ]


def about_another(people: Population, asked: Asked) -> Asked:
    """Turn a question into the same question about another organisation."""
    other = next(one for one in organisations(people) if one.inn != asked.get("inn"))
    return {**asked, "inn": other.inn}


def _write(
    request: Request, service_code: str, response: list[Node] | None, forms: Iterator[str] | None
) -> SimulatedAnswer:
    echo: Node = ("request", list(request.asked.items()))
    nodes = [echo] if response is None else [echo, ("response", response)]
    return write_envelope(request, f"{service_code}Response", nodes, namespace=NAMESPACE, forms=forms)


def _trouble(code: str, text: str) -> list[Node]:
    return [("faultcode", code), ("faultstring", text)]


_SERVICE = SimulatedService(answer=taxpayer, about_another=about_another)
SERVICES = {"tpDataByINN": _SERVICE, "tpDataByINNforBusinessActivity": _SERVICE}
SPEECH = Speech(write=_write, trouble=_trouble, essential=frozenset({"inn"}))
