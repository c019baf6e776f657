"""What a refusal by the schema says: the place, in the schema's own words, and nothing of the message."""

import pytest
from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.foundation.settings import load
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.xroad.contracts import Schema
from gateway.xroad.envelope import CONTENT_TYPE, read_message

SETTINGS = load(environment={})
SCHEMA = Schema(SETTINGS.schemas / "isuo" / "isuo.xsd")
PIN, BORN = "21010201512345", "2015-10-20"


def _content() -> str:
    wish = Wish(service_code="getLearnerStatus", about=about_learner(PIN, BORN))
    message = read_message(write_request(SETTINGS, wish, signed=False), CONTENT_TYPE)
    return etree.tostring(message.content, encoding="unicode")


CHANGES = {
    "a date that is none": (BORN, "20.10.2015", "getLearnerStatus/subject/control/birthDate"),
    "a missing element": (
        "<isuo:requestOrg>Sandbox agency</isuo:requestOrg>",
        "",
        "getLearnerStatus/context",
    ),
    "an element nobody knows": ("isuo:pin>", "isuo:Асанов>", "getLearnerStatus/subject"),
    "a PIN for a name": ("isuo:pin>", f"isuo:_{PIN}>", "getLearnerStatus/subject"),
    "another namespace": ("<isuo:pin>", '<isuo:pin xmlns:isuo="urn:else">', "getLearnerStatus/subject"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_the_place_is_named_and_nothing_is_quoted(name: str) -> None:
    """The first wrong part is named as the schema names it; values and made-up names stay out."""
    old, new, place = CHANGES[name]
    content = _content()
    assert old in content
    with pytest.raises(ContractError) as refusal:
        SCHEMA.check(etree.fromstring(content.replace(old, new)), whose="request")
    assert refusal.value.code == "SCHEMA"
    assert refusal.value.where.startswith(place)
    said = f"{refusal.value} {refusal.value.where} {refusal.value.hint}"
    assert not [word for word in (PIN, BORN, "20.10.2015", "Асанов", "urn:else") if word in said]


def test_what_fits_is_let_through() -> None:
    """A sample request fits the published schema."""
    SCHEMA.check(etree.fromstring(_content()), whose="request")
