"""How asb-service answers for synthetic people."""

from gateway.intake.speaking.values import is_pin
from gateway.sandbox.member import SimulatedService
from gateway.sandbox.people import Population
from gateway.sandbox.wire import Asked, Node

SUBSYSTEM = "asb-service"


def address(people: Population, asked: Asked) -> list[Node]:
    """Answer asbAddress; a failure stands in `address`."""
    pin = asked.get("pin", "")
    if not is_pin(pin):
        return [("error", "true"), ("address", "Неверный формат ПИН")]
    person = people.by_pin(pin)
    if person is None:
        return [("error", "true"), ("address", "Данные по указанному ПИН не найдены")]
    home = person.address
    text = ", ".join(
        part for part in (home.region, home.locality, home.street, home.house, home.apartment) if part
    )
    parts: list[Node] = [
        ("countryId", "417"),
        ("regionId", "2"),
        ("districtId", "14"),
        ("aymakId", None),
        ("villageId", "311"),
        ("streetId", str(1000 + person.household)),
        ("houseId", str(person.household)),
        ("houseTxt", home.house),
        ("flatId", None),
        ("flatTxt", home.apartment),
        ("code", f"4170820{person.household:06}"),
        ("post", "720000"),
    ]
    return [
        ("error", "false"),
        ("address", text),
        ("dateAction", "2021-04-12"),
        ("dateCreated", "2021-04-12"),
        ("addressArray", parts),
    ]


def about_another(people: Population, asked: Asked) -> Asked:
    """Turn a question into the same question about somebody else."""
    mine = people.by_pin(asked.get("pin", ""))
    return {**asked, "pin": people.other_than(mine).pin or ""} if mine else asked


SERVICES = {"asbAddress": SimulatedService(answer=address, about_another=about_another)}
