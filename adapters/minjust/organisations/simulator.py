"""How Минюст answers for synthetic organisations."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from adapters.minjust.dialect import NAMESPACE, request_root
from gateway.intake.plugs import FaultMode, SimulatedAnswer
from gateway.sandbox.member import Asking, SimulatedRest, SimulatedService, Speech
from gateway.sandbox.organisations import SyntheticOrganisation, organisations
from gateway.sandbox.people import Population
from gateway.sandbox.wire import Asked, Day, Node, Request, write_envelope

REGISTER, CHANGES = "minjust-service", "minjust-inn-services"
_CITIZENSHIP = {"KGZ": "Кыргызстан", "UZB": "Узбекистан"}
_JSON = "application/json; charset=utf-8"
_NOTHING = SimulatedAnswer(status=200, content_type="text/plain", body=b"Column is null")


def subject(people: Population, asked: Asked) -> list[Node]:
    """Answer getSubjectByTin; nobody is an empty answer."""
    found = next((one for one in organisations(people) if one.inn == asked.get("tin")), None)
    return [] if found is None else [("subject", _subject(found))]


def about_another(people: Population, asked: Asked) -> Asked:
    """Turn a question into the same question about another organisation."""
    other = next(one for one in organisations(people) if one.inn != asked.get("tin"))
    return {**asked, "tin": other.inn}


def changes(people: Population, asking: Asking, mode: FaultMode) -> SimulatedAnswer:
    """Answer SubjectFromTo: what was updated from `datefrom` on and before `dateto`."""
    try:
        since, until = (date.fromisoformat(asking.query[name]) for name in ("datefrom", "dateto"))
    except (KeyError, ValueError):
        return SimulatedAnswer(status=400, content_type=_JSON, body=b'{"error":"Bad Request"}')
    if mode is FaultMode.FAULT_IN_CONTENT:
        return SimulatedAnswer(status=200, content_type=_JSON, body=b'{"error":"Internal error"}')
    known = [_change(one) for one in organisations(people) if since <= one.updated_on < until]
    if not known:
        return _NOTHING
    return SimulatedAnswer(
        status=200, content_type=_JSON, body=json.dumps(_spoiled(known, mode), ensure_ascii=False).encode()
    )


def _spoiled(records: list[dict[str, Any]], mode: FaultMode) -> list[dict[str, Any]]:
    """Bend what may bend; a missing field is missing in the first record only."""
    match mode:
        case FaultMode.EXTRA_FIELD:
            return [{**one, "licence": "II"} for one in records]
        case FaultMode.MISSING_FIELD:
            return [{name: value for name, value in records[0].items() if name != "tin"}, *records[1:]]
        case FaultMode.REORDERED:
            return [dict(reversed(one.items())) for one in reversed(records)]
        case FaultMode.DRIFTED_DATES:
            return [{**one, "order_date": _dotted(one["order_date"])} for one in records]
    return records


def _dotted(text: str) -> str:
    return f"{date.fromisoformat(text):%d.%m.%Y}"


def _subject(one: SyntheticOrganisation) -> list[Node]:
    place: list[Node] = [
        ("region", one.region), ("district", None), ("city", None), ("village", one.locality),
        ("microdistrict", None), ("street", one.street), ("house", one.house), ("room", None),
    ]  # fmt: skip
    founders: list[Node] = [
        (
            "founders",
            [
                ("fullName", _named(person)),
                ("citizenship", _CITIZENSHIP[person.citizenship]),
                ("tin", person.pin),
            ],
        )
        for person in one.founders
    ]
    return [
        ("fullNameGl", one.name_ky),
        ("shortNameGl", None),
        ("fullNameOl", one.name_ru),
        ("shortNameOl", ""),
        ("foreignPart", "false"),
        ("registrCode", one.registration_code),
        ("statSubCode", one.okpo),
        ("tin", one.inn),
        *place,
        ("phones", "0312000000"),
        ("email1", "school@example.org"),
        ("email2", None),
        ("orderDate", Day(day=one.registered_on)),
        ("firstOrderDate", Day(day=one.registered_on, form="%d.%m.%Y")),
        ("category", "12"),
        ("ownership", "1"),
        ("chief", _named(one.head)),
        ("chiefTin", one.head.pin),
        ("baseBus", "Жалпы орто билим берүү"),
        ("baseBusCode", "85.31.0"),
        ("indFounders", str(len(one.founders))),
        ("jurFounders", "0"),
        ("totalFounders", str(len(one.founders))),
        ("description", None),
        *founders,
    ]


def _change(one: SyntheticOrganisation) -> dict[str, Any]:
    names: Mapping[str, str | None] = {
        "full_name_gl": one.name_ky, "full_name_ol": one.name_ru, "short_name_gl": None, "short_name_ol": "",
    }  # fmt: skip
    place: Mapping[str, str | None] = {
        "region": one.region, "city": None, "district": None, "village": one.locality, "microdistrict": None,
        "street": one.street, "house": one.house, "room": None,
    }  # fmt: skip
    founders = [
        {
            "pin": person.pin,
            "full_name": _named(person),
            "citizenship": _CITIZENSHIP[person.citizenship],
        }
        for person in one.founders
    ]
    return {
        "id": one.key, "updated": f"{one.updated_on}T09:30:00", "foreign_part": False,
        "registr_code": one.registration_code, "stat_sub_code": one.okpo, "tin": one.inn, **place,
        "phones": "0312000000", "email1": "school@example.org", "email2": None, "capital": 0,
        "order_date": one.registered_on.isoformat(), "order_num": f"{one.key}-П", "first_order_date": None,
        "ind_founders": len(founders), "jur_founders": 0, "total_founders": len(founders),
        "base_bus_code": "85.31.0", "description": None, **names, "category": 12,
        "category_name": "Мекеме", "shief": _named(one.head), "reorganization": None, "screate": 1,
        "screate_name": "Создание", "reorg_type": None, "reorg_type_name": None, "ownership": 1,
        "ownership_name": "Мамлекеттик", "founders": founders,
    }  # fmt: skip


def _named(person: Any) -> str:
    return " ".join(part for part in (person.surname, person.given_name, person.patronymic) if part)


def _write(
    request: Request, service_code: str, nodes: list[Node] | None, forms: Iterator[str] | None
) -> SimulatedAnswer:
    return write_envelope(request, f"{service_code}Response", nodes or [], namespace=NAMESPACE, forms=forms)


def _trouble(code: str, text: str) -> list[Node]:
    return [("faultcode", code), ("faultstring", text)]


SERVICES = {"getSubjectByTin": SimulatedService(answer=subject, about_another=about_another)}
FEED = {"SubjectFromTo": SimulatedRest(answer=changes)}
SPEECH = Speech(write=_write, trouble=_trouble, essential=frozenset({"tin"}), root_of=request_root)
