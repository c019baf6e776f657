"""What zags-service means by its fields: the only place that knows its vocabulary.

Two vocabularies live in one subsystem: `name` and dateTime in zagsDataByPin, `firstName` and DD-MM-YYYY text
in zagsPinBirthAct. The patronymic is an empty element where УУЛУ or КЫЗЫ stands in the surname.
"""

from collections.abc import Mapping
from datetime import datetime, time
from typing import Any

from gateway.intake.ports import BirthActRecord, Outcome, PersonRecord
from gateway.intake.speaking.conversation import Finding, noted
from gateway.intake.speaking.field_uses import uses
from gateway.intake.speaking.reading import Fields, malformed
from gateway.intake.speaking.values import calendar_date, clean, coded, flag, is_pin

SEXES = {"1": "F", "2": "M"}
# Ethnicity and marital status are nobody's business here: they are dropped on arrival.
PERSON = uses(
    fill="surname name patronymic gender dateOfBirth citizenship pinBlocked deathDate pinGenerationDate",
    verify="pin",
    drop="maritalStatus maritalStatusId nationality nationalityId citizenshipId",
    frame="faultcode faultstring",
)
PINS = uses(verify="pin", frame="faultcode faultstring")
BIRTH_ACT = uses(
    fill="act.actDate act.actNumber act.actGovUnit child.surname child.firstName child.patronymic child.gender "
    "child.dfrom child.placeOfBirth crtf.docSeries crtf.docNumber mother.pin mother.surname mother.firstName "
    "mother.patronymic mother.citizenship father.pin father.surname father.firstName father.patronymic "
    "father.citizenship",
    verify="crtf.docDate crtf.govUnit",
    drop="mother.nationality father.nationality",
    frame="faultcode faultstring",
)
DROPPED = PERSON.dropped_in() | BIRTH_ACT.dropped_in("mother") | BIRTH_ACT.dropped_in("father")
COUNTRIES = {
    "кыргызстан": "KGZ", "кыргыз республикасы": "KGZ", "кыргызская республика": "KGZ", "киргизия": "KGZ",
    "kgz": "KGZ",
    "казахстан": "KAZ", "узбекистан": "UZB", "өзбекстан": "UZB", "таджикистан": "TJK", "тажикстан": "TJK",
    "туркменистан": "TKM", "россия": "RUS", "российская федерация": "RUS", "китай": "CHN", "кытай": "CHN",
    "турция": "TUR", "түркия": "TUR", "украина": "UKR", "беларусь": "BLR", "афганистан": "AFG",
    "индия": "IND", "пакистан": "PAK", "германия": "DEU",
}  # fmt: skip


def person_request(pin: str) -> dict[str, Any]:
    """Ask zagsDataByPin for ISO dates."""
    return {"pin": pin, "datetimeFormat": True}


def read_person(response: Fields, pin: str) -> Finding[PersonRecord]:
    """Understand zagsDataByPin; raises ContractError for a missing field or somebody else's record."""
    if response.text("pin") != pin:
        raise malformed("the answer is about another PIN", where="pin", code="wrong_person")
    citizenship = response.optional("citizenship")
    country = country_of(citizenship)
    record = PersonRecord(
        pin=pin,
        surname=response.text("surname"),
        given_name=response.text("name"),
        patronymic=response.optional("patronymic"),
        sex=coded(response.text("gender"), SEXES, where="gender"),
        birth_date=calendar_date(response.text("dateOfBirth")),
        citizenship=country,
        death_date=calendar_date(response.optional("deathDate")),
        pin_blocked=flag(response.optional("pinBlocked")),
        pin_assigned_on=calendar_date(response.optional("pinGenerationDate")),
    )
    _refuse_nameless(record)
    notes = noted(
        unknown_fields=" ".join(response.unread(dropped=DROPPED)),
        unknown_citizenship=None if country else citizenship,
    )
    return Finding(outcome=Outcome.FOUND, record=record, notes=notes)


def pins_request(person: PersonRecord) -> dict[str, Any] | None:
    """Ask zagsPinsByNSPDate in the capitals it stores; None when name or birth date is not known."""
    surname, given_name = clean(person.surname or "").upper(), clean(person.given_name or "").upper()
    if not (surname and given_name and person.birth_date):
        return None
    return {
        "name": given_name,
        "surname": surname,
        "patronymic": clean(person.patronymic or "").upper() or None,
        "birthdate": datetime.combine(person.birth_date, time()),
    }


def read_pins(response: Fields) -> Finding[tuple[str, ...]]:
    """Understand zagsPinsByNSPDate: none is NOT_FOUND, one FOUND, several AMBIGUOUS with all of them."""
    pins = tuple(dict.fromkeys(response.texts("pin")))
    if not all(is_pin(pin) for pin in pins):
        raise malformed("a PIN of the list is not fourteen digits", where="pin")
    unknown = response.unread()
    if not pins and unknown:
        raise malformed("the list holds fields but no PIN", where="response")
    notes = noted(unknown_fields=" ".join(unknown))
    if not pins:
        return Finding(outcome=Outcome.NOT_FOUND)
    outcome = Outcome.FOUND if len(pins) == 1 else Outcome.AMBIGUOUS
    return Finding(outcome=outcome, record=pins, notes=notes)


def birth_act_request(pin: str) -> dict[str, Any]:
    """Ask zagsPinBirthAct for a child's PIN."""
    return {"pin": pin}


def read_birth_act(response: Fields, pin: str) -> Finding[BirthActRecord]:
    """Understand zagsPinBirthAct; certificate and father may be absent, act and child may not."""
    act, child = response.group("act"), response.group("child")
    if act is None or child is None:
        raise malformed("the answer holds no act or no child", where="response")
    certificate, mother, father = (response.group(name) for name in ("crtf", "mother", "father"))
    notes = _certificate_notes(certificate) if certificate else {}
    record = BirthActRecord(
        **_named(child),
        pin=pin,
        sex=coded(child.text("gender"), SEXES, where="gender"),
        birth_date=calendar_date(child.text("dfrom")),
        birth_place=child.optional("placeOfBirth"),
        act_number=act.text("actNumber"),
        act_date=calendar_date(act.text("actDate")),
        act_body=act.optional("actGovUnit"),
        certificate_series=certificate.optional("docSeries") if certificate else None,
        certificate_number=certificate.optional("docNumber") if certificate else None,
        mother=_parent(mother) if mother else None,
        father=_parent(father) if father else None,
    )
    _refuse_nameless(record)
    groups = (response, act, child, certificate, mother, father)
    unknown = {name for group in groups if group for name in group.unread(dropped=DROPPED)}
    notes |= noted(unknown_fields=" ".join(sorted(unknown)), pin_disagrees=_disagreement(record))
    return Finding(outcome=Outcome.FOUND, record=record, notes=notes)


def country_of(text: str | None) -> str | None:
    """Give the ISO 3166 alpha-3 code of a country's name; None for a name we do not know."""
    return COUNTRIES.get(text.casefold()) if text else None


def _named(fields: Fields) -> Mapping[str, Any]:
    return {
        "surname": fields.text("surname"),
        "given_name": fields.text("firstName"),
        "patronymic": fields.optional("patronymic"),
    }


def _parent(fields: Fields) -> PersonRecord | None:
    parent = PersonRecord(
        **_named(fields), pin=fields.optional("pin"), citizenship=country_of(fields.optional("citizenship"))
    )
    return parent if parent.surname or parent.given_name else None


def _certificate_notes(certificate: Fields) -> dict[str, str]:
    issued = calendar_date(certificate.optional("docDate"))
    return noted(
        certificate_issued_on=issued.isoformat() if issued else None,
        certificate_authority=certificate.optional("govUnit"),
    )


def _disagreement(record: BirthActRecord) -> str:
    """Name what the act says otherwise than the PIN it was asked by: a warning, for PINs do have mistakes."""
    pin = record.pin or ""
    differs = {
        "sex": record.sex is not None and SEXES.get(pin[:1]) != record.sex,
        "birth_date": record.birth_date is not None and pin[1:9] != f"{record.birth_date:%d%m%Y}",
    }
    return " ".join(name for name, disagrees in differs.items() if disagrees)


def _refuse_nameless(record: PersonRecord) -> None:
    if not (record.surname or record.given_name):
        raise malformed("the answer names nobody", where="surname")
