"""How the tax service speaks, once: X-Road's request and response, failures inside the response."""

from lxml import etree

from gateway.foundation.xml import element_children, local_name, text_of
from gateway.intake.speaking.fault_words import ContentFault
from gateway.intake.speaking.reading import Fields, is_nil, malformed
from gateway.intake.speaking.values import clean

NAMESPACE = "http://gns-security-server.x-road.fi/producer"


def read_answer(root: etree._Element, service_code: str) -> Fields | None:
    """Take an answer out of its frame, None where the response is nil or left out.

    Raises ContractError when it is not the answer of this service.
    """
    if local_name(root) != f"{service_code}Response":
        raise malformed(f"the body is not {service_code}Response", where="Body")
    responses = [child for child in element_children(root) if local_name(child) == "response"]
    if len(responses) > 1:
        raise malformed(f"the answer holds {len(responses)} responses", where="response")
    if not responses and "request" not in {local_name(child) for child in element_children(root)}:
        raise malformed("the answer holds neither request nor response", where="response")
    return Fields(responses[0]) if responses and not is_nil(responses[0]) else None


def read_fault(root: etree._Element) -> ContentFault | None:
    """Find a failure told inside the response; `message` without a name is one, too."""
    told = {
        local_name(one): clean(text_of(one))
        for response in element_children(root)
        if local_name(response) == "response"
        for one in element_children(response)
    }
    names = {"companyName", "fullName"}
    text = told.get("faultstring") or ("" if any(map(told.get, names)) else told.get("message", ""))
    code = told.get("faultcode", "")
    return ContentFault(code=code, text=text) if code not in {"", "0"} or text else None
