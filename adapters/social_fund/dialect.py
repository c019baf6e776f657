"""How the Social Fund speaks, once: fields in the operation's own element, the outcome a word in `State`."""

import re

from lxml import etree

from gateway.foundation.xml import local_name
from gateway.intake.answers import Outcome
from gateway.intake.speaking.fault_words import ContentFault
from gateway.intake.speaking.reading import Fields, malformed

NAMESPACE = "http://tunduk-sf.x-road.fi/producer"
# The words its other services list as CauseOfError; `State` is a free text, so more may come.
STATES = {
    "": Outcome.FOUND,
    "OK": Outcome.FOUND,
    "PIN_INCORRECT": Outcome.REJECTED,
    "BAD_REQUEST": Outcome.REJECTED,
    "PIN_NOTFOUND": Outcome.NOT_FOUND,
    "MK_WRONG": Outcome.PROVIDER_ERROR,
    "INTERNAL_ERROR": Outcome.PROVIDER_ERROR,
    "ACTUARIAL_COEF_NOTFOUND": Outcome.PROVIDER_ERROR,
}
_NO_CODE = re.compile(r"[A-Z_]{1,40}")


def read_answer(root: etree._Element, service_code: str) -> Fields:
    """Take an answer out of its frame; raises ContractError when it is not the answer of this service."""
    if local_name(root) != f"{service_code}Response":
        raise malformed(f"the body is not {service_code}Response", where="Body")
    return Fields(root)


def outcome_of(state: str | None) -> Outcome:
    """Understand a state; a word that is not listed is understood by its meaning, or not at all."""
    told = (state or "").strip()
    if told.upper() in STATES:
        return STATES[told.upper()]
    return ContentFault(code="", text=told).outcome


def code_of(state: str | None) -> str:
    """Give a state as a code, or nothing where it is a sentence, which may name somebody."""
    told = (state or "").strip().upper()
    return told if _NO_CODE.fullmatch(told) else ""
