"""How Инфоком speaks, once: its namespace, the frame of its answers, and where its failures stand.

Answers are read by local name: prefixes, order, qualification, and nil against empty vary by service.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from gateway.foundation.xml import element_children, local_name, text_of
from gateway.intake.speaking.fault_words import ContentFault
from gateway.intake.speaking.reading import Fields, is_nil, malformed
from gateway.intake.speaking.values import clean

PRODUCER = "http://tunduk-seccurity-infocom.x-road.fi/producer"  # "seccurity" is the owner's spelling


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer taken out of its frame; `response` is None where the provider sent nil."""

    echo: Fields | None
    response: Fields | None
    fault: ContentFault | None


def read_answer(root: etree._Element, operation: str) -> Answer:
    """Take an answer out of its frame; raises ContractError when it is not the answer of this operation."""
    if local_name(root) != f"{operation}Response":
        raise malformed(f"the body is not {operation}Response", where="Body")
    responses = [child for child in element_children(root) if local_name(child) == "response"]
    fault = _find_fault(root)
    if len(responses) > 1 or not (responses or fault):
        raise malformed(f"the answer holds {len(responses)} responses", where="response")
    response = responses[0] if responses and not is_nil(responses[0]) else None
    return Answer(
        echo=Fields(root).group("request"),
        response=None if response is None else Fields(response),
        fault=fault,
    )


def _find_fault(root: etree._Element) -> ContentFault | None:
    told = {"faultcode": "", "faultstring": ""}
    for element in _outside_the_echo(root):
        name = local_name(element).casefold()
        if name in told and not told[name]:
            told[name] = clean(text_of(element))
    if told["faultcode"] in {"", "0"} and not told["faultstring"]:
        return None
    return ContentFault(code=told["faultcode"], text=told["faultstring"])


def _outside_the_echo(root: etree._Element) -> Iterator[etree._Element]:
    for child in element_children(root):
        if local_name(child) != "request":
            yield from (element for element in child.iter() if isinstance(element.tag, str))
