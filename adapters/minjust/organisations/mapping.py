"""What Минюст means by its fields: the only place that knows its two vocabularies, camelCase and snake_case.

`Gl` is the state language (Kyrgyz), `Ol` the official one (Russian). Numbers of heads and founders may be the PINs of
private persons and are dropped with the contacts.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from lxml import etree

from adapters.minjust.dialect import read_answer, read_feed
from gateway.foundation.errors import ContractError
from gateway.intake.answers import Outcome
from gateway.intake.plugs import FetchedReply
from gateway.intake.ports_organisations import (
    Changes,
    Founder,
    OrganisationChange,
    OrganisationRecord,
)
from gateway.intake.speaking.conversation import Finding, noted
from gateway.intake.speaking.field_uses import FieldUses, uses
from gateway.intake.speaking.json_reading import JsonFields
from gateway.intake.speaking.reading import Fields, malformed
from gateway.intake.speaking.values import calendar_date, is_inn

Group = Fields | JsonFields

SUBJECT = uses(
    fill="fullNameGl shortNameGl fullNameOl shortNameOl tin registrCode statSubCode orderDate firstOrderDate "
    "region district city village microdistrict street house room chief baseBusCode",
    verify="category ownership founders.fullName founders.citizenship",
    drop="foreignPart phones email1 email2 chiefTin baseBus indFounders jurFounders totalFounders description "
    "founders.tin",
)
CHANGE = uses(
    fill="tin full_name_gl short_name_gl full_name_ol short_name_ol registr_code stat_sub_code order_date "
    "order_num first_order_date region district city village microdistrict street house room shief base_bus_code",
    verify="category_name ownership_name reorg_type_name founders.full_name founders.citizenship",
    drop="foreign_part phones email1 email2 capital ind_founders jur_founders total_founders description category "
    "ownership reorganization reorg_type screate screate_name founders.pin",
    frame="id updated",
)
# Our field → Минюст's word, in either vocabulary; what only the feed tells has no word in SOAP.
_SUBJECT_WORDS = {
    "name_ky": "fullNameGl", "name_ru": "fullNameOl", "short_name_ky": "shortNameGl",
    "short_name_ru": "shortNameOl", "registration_code": "registrCode", "okpo": "statSubCode", "head": "chief",
    "activity_code": "baseBusCode", "category": "category", "ownership": "ownership",
}  # fmt: skip
_CHANGE_WORDS = {
    "name_ky": "full_name_gl", "name_ru": "full_name_ol", "short_name_ky": "short_name_gl",
    "short_name_ru": "short_name_ol", "registration_code": "registr_code", "okpo": "stat_sub_code",
    "head": "shief", "activity_code": "base_bus_code", "category": "category_name",
    "ownership": "ownership_name", "order_number": "order_num", "reorganisation": "reorg_type_name",
}  # fmt: skip
_SUBJECT_DAYS = {"registered_on": "orderDate", "first_registered_on": "firstOrderDate"}
_CHANGE_DAYS = {"registered_on": "order_date", "first_registered_on": "first_order_date"}
_SHORTEST_NUMBER = 13  # whatever has as many digits may be somebody's number
_ADDRESS = ("region", "district", "city", "village", "microdistrict", "street", "house", "room")


def subject_request(inn: str) -> dict[str, Any]:
    """Ask getSubjectByTin for an ИНН."""
    return {"tin": inn}


def read_subject(root: etree._Element, service_code: str, inn: str) -> Finding[OrganisationRecord]:
    """Understand getSubjectByTin; an answer without a subject means that there is none.

    Raises ContractError for a missing field or another organisation.
    """
    answer = read_answer(root, service_code)
    subject = answer.group("subject")
    if answer.unread() and subject is None:
        raise malformed("the answer holds no subject but something else", where="subject")
    if subject is None:
        return Finding(outcome=Outcome.NOT_FOUND)
    if subject.text("tin") != inn:
        raise malformed("the answer is about another ИНН", where="tin", code="wrong_organisation")
    founders = subject.groups("founders")
    record = OrganisationRecord(
        inn=inn,
        **_told(subject, _SUBJECT_WORDS, _SUBJECT_DAYS),
        address=_address(subject),
        founders=_founders(founders, "fullName"),
    )
    _refuse_nameless(record)
    unknown = {*answer.unread(), *_unread(subject, founders, SUBJECT)}
    return Finding(
        outcome=Outcome.FOUND, record=record, notes=noted(unknown_fields=" ".join(sorted(unknown)))
    )


def read_changes(reply: FetchedReply) -> Finding[Changes]:
    """Understand a page of the feed: a record that cannot be understood is named by its key and stops no other.

    Raises ContractError for a page that is no list.
    """
    records = read_feed(reply)
    if not records:
        return Finding(outcome=Outcome.NOT_FOUND)
    changes: list[OrganisationChange] = []
    unreadable: list[str] = []
    unknown: set[str] = set()
    for record in records:
        try:
            changes.append(_change(JsonFields(record), unknown))
        except ContractError:
            unreadable.append(_key(record))
    return Finding(
        outcome=Outcome.FOUND,
        record=Changes(changes=tuple(changes), unreadable=tuple(unreadable)),
        notes=noted(unknown_fields=" ".join(sorted(unknown))),
    )


def _change(fields: JsonFields, unknown: set[str]) -> OrganisationChange:
    key, updated, inn = fields.text("id"), fields.text("updated"), fields.text("tin")
    if not (key and updated and inn and is_inn(inn)):
        raise malformed("a change has no key, no time or no ИНН", where="id")
    founders = fields.groups("founders")
    record = OrganisationRecord(
        inn=inn,
        **_told(fields, _CHANGE_WORDS, _CHANGE_DAYS),
        address=_address(fields),
        founders=_founders(founders, "full_name"),
    )
    _refuse_nameless(record)
    unknown |= _unread(fields, founders, CHANGE)
    return OrganisationChange(key=key, updated=updated, organisation=record)


def _told(fields: Group, words: Mapping[str, str], days: Mapping[str, str]) -> dict[str, Any]:
    """Read the fields of a vocabulary under our names."""
    texts = {ours: fields.optional(word) for ours, word in words.items()}
    return texts | {ours: calendar_date(fields.optional(word)) for ours, word in days.items()}


def _key(record: object) -> str:
    """Give the key of a record that cannot be understood, where it has a number for one."""
    try:
        key = JsonFields(record).optional("id") or ""
    except ContractError:
        return "?"
    return key if key.isascii() and key.isdigit() and len(key) < _SHORTEST_NUMBER else "?"


def _address(fields: Group) -> str | None:
    parts = [fields.optional(name) for name in _ADDRESS]
    return ", ".join(part for part in parts if part) or None


def _founders(groups: Sequence[Group], name: str) -> tuple[Founder, ...]:
    """Give the founders by name: in which order they come says nothing."""
    told = [(one.optional(name), one.optional("citizenship")) for one in groups]
    named = [Founder(name=found, citizenship=citizenship) for found, citizenship in told if found]
    return tuple(sorted(named, key=lambda founder: founder.name))


def _unread(fields: Group, founders: Sequence[Group], table: FieldUses) -> set[str]:
    inside = (one.unread(dropped=table.dropped_in("founders")) for one in founders)
    return set(fields.unread(dropped=table.dropped_in())).union(*inside)


def _refuse_nameless(record: OrganisationRecord) -> None:
    if not (record.name_ky or record.name_ru):
        raise malformed("the answer names no organisation", where="name")
