"""How sanaripaymak-service answers for synthetic households; the field names are the assumed ones."""

import json
from typing import Any

from gateway.intake.plugs import FaultMode, SimulatedAnswer
from gateway.sandbox.member import Asking, SimulatedRest
from gateway.sandbox.people import Population, SyntheticPerson

SUBSYSTEM = "sanaripaymak-service"
_JSON = "application/json; charset=utf-8"
_EMPTY = SimulatedAnswer(status=204, content_type=_JSON, body=b"")


def address(people: Population, asking: Asking, mode: FaultMode) -> SimulatedAnswer:
    """Answer address-fact/{pin}; a PIN nobody has is an answer without content."""
    person = _asked(people, asking, mode)
    if mode is FaultMode.FAULT_IN_CONTENT:
        return _written({"code": 500, "message": "Internal error"})
    if person is None:
        return _EMPTY
    home = person.address
    told = {
        "pin": person.pin,
        "address": ", ".join(part for part in (home.locality, home.street, home.house) if part),
    }
    return _written(_spoiled(told, mode, "address"))


def members(people: Population, asking: Asking, mode: FaultMode) -> SimulatedAnswer:
    """Answer family-members/{pin}; one who lives alone is code 405."""
    person = _asked(people, asking, mode)
    if mode is FaultMode.FAULT_IN_CONTENT:
        return _written({"code": 500, "message": "Internal error"})
    if person is None:
        return _EMPTY
    others = [
        one
        for one in people.people
        if one.household == person.household and one.pin and one.pin != person.pin
    ]
    if not others:
        return _written({"code": 405, "message": "no family"})
    return _written(_spoiled({"pin": person.pin, "members": list(map(_member, others))}, mode, "members"))


def _asked(people: Population, asking: Asking, mode: FaultMode) -> SyntheticPerson | None:
    person = people.by_pin(asking.path[0]) if len(asking.path) == 1 else None
    return people.other_than(person) if person and mode is FaultMode.WRONG_PERSON else person


def _member(one: SyntheticPerson) -> dict[str, Any]:
    return {
        "pin": one.pin,
        "surname": one.surname,
        "name": one.given_name,
        "patronymic": one.patronymic,
        "birthDate": one.birth_date.isoformat(),
        "relation": "ата-эне" if one.passport else "бала",
    }


def _spoiled(told: dict[str, Any], mode: FaultMode, essential: str) -> dict[str, Any]:
    match mode:
        case FaultMode.EXTRA_FIELD:
            return {**told, "bloodGroup": "II"}
        case FaultMode.MISSING_FIELD:
            return {name: value for name, value in told.items() if name != essential}
        case FaultMode.REORDERED:
            return dict(reversed(told.items()))
    return told


def _written(told: dict[str, Any]) -> SimulatedAnswer:
    return SimulatedAnswer(status=200, content_type=_JSON, body=json.dumps(told, ensure_ascii=False).encode())


SERVICES = {"address-fact": SimulatedRest(answer=address), "family-members": SimulatedRest(answer=members)}
