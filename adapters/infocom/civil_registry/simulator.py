"""How zags-service answers for synthetic people."""

from datetime import date

from adapters.infocom.simulation import fault
from gateway.intake.speaking.values import calendar_date, is_pin
from gateway.sandbox.member import SimulatedService
from gateway.sandbox.people import Population, SyntheticBirthAct, SyntheticPerson
from gateway.sandbox.wire import DASHED, DOTTED, Asked, Day, Node

SUBSYSTEM = "zags-service"
_SEXES = {"F": "1", "M": "2"}
_COUNTRIES = {"KGZ": ("Кыргызстан", "0"), "UZB": ("Узбекистан", "1")}
_MARITAL = ("холост/не замужем", "в браке", "разведен(а)", "вдовец/вдова")


def person_by_pin(people: Population, asked: Asked) -> list[Node]:
    """Answer zagsDataByPin."""
    person = people.by_pin(asked.get("pin", ""))
    if person is None:
        return nobody(asked)
    citizenship, citizenship_id = _COUNTRIES[person.citizenship]
    return [
        ("pin", person.pin),
        ("pinGenerationDate", day(person.pin_assigned_on)),
        ("surname", person.surname.upper()),
        ("name", person.given_name.upper()),
        ("patronymic", (person.patronymic or "").upper()),
        ("gender", _SEXES[person.sex]),
        ("dateOfBirth", Day(day=person.birth_date)),
        ("maritalStatus", _MARITAL[person.marital_status_id]),
        ("maritalStatusId", str(person.marital_status_id)),
        ("nationality", person.ethnicity),
        ("nationalityId", "0"),
        ("citizenship", citizenship),
        ("citizenshipId", citizenship_id),
        ("pinBlocked", "true" if person.pin_blocked else "false"),
        ("deathDate", day(person.death_date)),
    ]


def pins_by_name(people: Population, asked: Asked) -> list[Node]:
    """Answer zagsPinsByNSPDate: every PIN of the name, and an empty response for nobody."""
    born = calendar_date(asked.get("birthdate") or None)
    if not (asked.get("surname") and asked.get("name") and born):
        return fault("400", "Не заполнены обязательные поля")
    found = people.by_name(asked["surname"], asked["name"], born, patronymic=asked.get("patronymic"))
    return [("pin", person.pin) for person in found if person.pin]


def birth_act(people: Population, asked: Asked) -> list[Node]:
    """Answer zagsPinBirthAct with act, child, certificate and parents."""
    child = people.by_pin(asked.get("pin", ""))
    if child is None or child.birth_act is None:
        return nobody(asked)
    parents: list[Node] = [
        (name, _parent(parent))
        for name, pin in (("mother", child.mother_pin), ("father", child.father_pin))
        if pin and (parent := people.by_pin(pin))
    ]
    act = child.birth_act
    return [("act", _act(act)), ("child", _child(child, act)), ("crtf", _certificate(act)), *parents]


def nobody(asked: Asked) -> list[Node]:
    """Refuse a text that is no PIN, and say of any other that it is not known."""
    if not is_pin(asked.get("pin", "")):
        return fault("400", "Неверный формат ПИН")
    return fault("404", "Данные по указанному ПИН не найдены")


def about_another(people: Population, asked: Asked) -> Asked:
    """Turn a question into the same question about somebody else."""
    if "pin" in asked:
        mine = people.by_pin(asked["pin"])
    else:
        born = calendar_date(asked["birthdate"])
        mine = next(iter(people.by_name(asked["surname"], asked["name"], born)), None) if born else None
    if mine is None:
        return asked
    other = people.other_than(mine)
    if "pin" in asked:
        return {**asked, "pin": other.pin or ""}
    return {
        **asked,
        "surname": other.surname.upper(),
        "name": other.given_name.upper(),
        "patronymic": (other.patronymic or "").upper(),
        "birthdate": f"{other.birth_date}T00:00:00",
    }


def day(value: date | None) -> Day | None:
    """Write a date, or nil."""
    return Day(day=value) if value else None


def _act(act: SyntheticBirthAct) -> list[Node]:
    return [
        ("actDate", Day(day=act.made_on, form=DASHED)),
        ("actNumber", act.number),
        ("actGovUnit", act.body),
    ]


def _child(child: SyntheticPerson, act: SyntheticBirthAct) -> list[Node]:
    return [
        *_names(child),
        ("gender", _SEXES[child.sex]),
        ("dfrom", Day(day=child.birth_date, form=DASHED)),
        ("placeOfBirth", act.birth_place),
    ]


def _certificate(act: SyntheticBirthAct) -> list[Node]:
    return [
        ("docSeries", act.certificate_series),
        ("docNumber", act.certificate_number),
        ("docDate", Day(day=act.made_on, form=DOTTED)),
        ("govUnit", act.body),
    ]


def _parent(parent: SyntheticPerson) -> list[Node]:
    return [
        ("pin", parent.pin),
        *_names(parent),
        ("nationality", parent.ethnicity),
        ("citizenship", _COUNTRIES[parent.citizenship][0]),
    ]


def _names(person: SyntheticPerson) -> list[Node]:
    return [
        ("surname", person.surname.upper()),
        ("firstName", person.given_name.upper()),
        ("patronymic", (person.patronymic or "").upper()),
    ]


SERVICES = {
    "zagsDataByPin": SimulatedService(answer=person_by_pin, about_another=about_another),
    "zagsPinsByNSPDate": SimulatedService(answer=pins_by_name, about_another=about_another),
    "zagsPinBirthAct": SimulatedService(answer=birth_act, about_another=about_another),
}
