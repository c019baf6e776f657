"""How foreign-service answers for synthetic foreigners."""

from datetime import date

from gateway.sandbox.member import SimulatedService
from gateway.sandbox.organisations import by_foreign_document, foreign_document
from gateway.sandbox.people import Population
from gateway.sandbox.wire import Asked, Day, Node

SUBSYSTEM = "foreign-service"
_SEXES = {"F": "1", "M": "2"}
_COUNTRIES = {"UZB": "Узбекистан"}
_DAY = "%Y-%m-%d"


def by_document(people: Population, asked: Asked) -> list[Node]:
    """Answer foreignByDoc; nobody is an error without a person."""
    person = by_foreign_document(people, asked.get("doc", ""))
    if person is None or asked.get("code") != person.citizenship:
        return [("error", "true"), ("message", None)]
    told: list[Node] = [
        ("surname", person.surname.upper()),
        ("name", person.given_name.upper()),
        ("patronymic", (person.patronymic or "").upper()),
        ("birthdate", Day(day=person.birth_date, form=_DAY)),
        ("gender", _SEXES[person.sex]),
        ("citizenship", _COUNTRIES[person.citizenship]),
        ("docDateIssue", Day(day=date(2022, 5, 4), form=_DAY)),
        ("docDateExpiration", Day(day=date(2032, 5, 3), form=_DAY)),
        ("regDateFrom", Day(day=date(2026, 8, 10), form=_DAY)),
        ("regDateTo", None),
        ("regAddress", f"{person.address.locality}, {person.address.street}, {person.address.house}"),
    ]
    return [("error", "false"), ("message", told)]


def about_another(people: Population, asked: Asked) -> Asked:
    """Turn a question into the same question about another document."""
    others = (foreign_document(one) for one in people.people)
    return {**asked, "doc": next(one for one in others if one and one != asked.get("doc"))}


SERVICES = {"foreignByDoc": SimulatedService(answer=by_document, about_another=about_another)}
