"""How passport-service answers for synthetic people."""

from adapters.infocom.simulation import fault
from gateway.intake.speaking.values import is_pin
from gateway.sandbox.member import SimulatedService
from gateway.sandbox.people import Population, SyntheticAddress, SyntheticPassport, SyntheticPerson
from gateway.sandbox.wire import Asked, Day, Node

SUBSYSTEM = "passport-service"
_FAMILY_STATUS = ("холост/не замужем", "в браке", "разведен(а)", "вдовец/вдова")


def passport(people: Population, asked: Asked) -> list[Node]:
    """Answer passportDataByPSN when PIN, series and number belong together."""
    pin, series, number = (asked.get(name, "") for name in ("pin", "series", "number"))
    if not (is_pin(pin) and series and number):
        return fault("400", "Неверный формат запроса")
    person = people.by_passport(pin, series, number)
    if person is None or person.passport is None:
        return fault("404", "Паспорт с указанными данными не найден")
    return [*_holder(person), *_card(person, person.passport), *_address(person.address)]


def about_another(people: Population, asked: Asked) -> Asked:
    """Turn a question into the same question about somebody else."""
    mine = people.by_pin(asked.get("pin", ""))
    other = people.other_than(mine) if mine else None
    if other is None or other.passport is None:
        return asked
    return {**asked, "pin": other.pin or "", "series": other.passport.series, "number": other.passport.number}


def _holder(person: SyntheticPerson) -> list[Node]:
    return [
        ("pin", person.pin),
        ("surname", person.surname.upper()),
        ("name", person.given_name.upper()),
        ("patronymic", (person.patronymic or "").upper()),
        ("nationality", person.ethnicity.upper()),
        ("dateOfBirth", Day(day=person.birth_date)),
    ]


def _card(person: SyntheticPerson, card: SyntheticPassport) -> list[Node]:
    return [
        ("passportSeries", card.series),
        ("passportNumber", card.number),
        ("voidStatus", "1" if card.void else "0"),
        ("passportAuthority", card.authority),
        ("issuedDate", Day(day=card.issued_on)),
        ("expiredDate", Day(day=card.expires_on)),
        ("voidMotiv", "УТЕРЯН" if card.void else None),
        ("familyStatus", _FAMILY_STATUS[person.marital_status_id]),
        ("gender", person.sex),
    ]


def _address(address: SyntheticAddress) -> list[Node]:
    return [
        ("addressRegion", address.region),
        ("addressLocality", address.locality),
        ("addressStreet", address.street),
        ("addressHouse", address.house),
        ("addressBuilding", None),
        ("addressApartment", address.apartment),
    ]


SERVICES = {"passportDataByPSN": SimulatedService(answer=passport, about_another=about_another)}
