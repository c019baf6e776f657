"""How zags-service answers for the acts of synthetic people besides birth."""

from datetime import timedelta

from adapters.infocom.civil_registry.simulator import about_another as about_another_person
from adapters.infocom.civil_registry.simulator import nobody
from gateway.sandbox.member import SimulatedService
from gateway.sandbox.people import Population
from gateway.sandbox.wire import DASHED, DOTTED, Asked, Day, Node


def death_act(people: Population, asked: Asked) -> list[Node]:
    """Answer zagsDeathActByPin; the living have no act."""
    person = people.by_pin(asked.get("pin", ""))
    if person is None or person.death_date is None:
        return nobody(asked)
    made = person.death_date + timedelta(days=3)
    return [
        ("pin", person.pin),
        ("surname", person.surname.upper()),
        ("firstName", person.given_name.upper()),
        ("patronymic", (person.patronymic or "").upper()),
        ("actDate", Day(day=made, form=DASHED)),
        ("actNumber", str(100 + person.household)),
        ("actGovUnit", f"{person.address.locality} ЖААЖ БӨЛҮМҮ"),
        ("docDate", Day(day=made, form=DOTTED)),
        ("docNumber", f"{person.household:07}"),
        ("docSeries", "КР-О"),
        ("govUnit", f"{person.address.locality} ЖААЖ БӨЛҮМҮ"),
        ("isDuplicate", "false"),
        ("dfrom", Day(day=person.birth_date, form=DASHED)),
        ("deathTime", Day(day=person.death_date, form=DASHED)),
    ]


def about_another(people: Population, asked: Asked) -> Asked:
    """Turn a question into the same question about another dead person, or else about anybody."""
    dead = (one.pin for one in people.people if one.death_date and one.pin and one.pin != asked.get("pin"))
    other = next(dead, None)
    return {**asked, "pin": other} if other else about_another_person(people, asked)


SERVICES = {"zagsDeathActByPin": SimulatedService(answer=death_act, about_another=about_another)}
