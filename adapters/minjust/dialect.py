"""How Минюст speaks, once: no versions, `{service}Request`, an answer without a subject, "Column is null"."""

from lxml import etree

from gateway.foundation.xml import element_children, local_name
from gateway.intake.plugs import FetchedReply
from gateway.intake.speaking.json_reading import read_body
from gateway.intake.speaking.reading import Fields, malformed

NAMESPACE = "http://tunduk.gov.kg"
NOTHING = "column is null"  # what the feed says, as plain text, where nothing changed
NO_CONTENT = 204


def request_root(service_code: str) -> str:
    """Name a request's element."""
    return f"{service_code}Request"


def read_answer(root: etree._Element, service_code: str) -> Fields:
    """Take an answer out of its frame; raises ContractError when it is not the answer of this service."""
    if local_name(root) != f"{service_code}Response":
        raise malformed(f"the body is not {service_code}Response", where="Body")
    for child in element_children(root):
        if local_name(child).casefold() in {"faultcode", "faultstring"}:
            raise malformed("the answer holds a failure", where="Body", code="failure_in_answer")
    return Fields(root)


def read_feed(reply: FetchedReply) -> list[object]:
    """Give the records of the feed, none where it says that there are none; raises ContractError."""
    told = reply.content[:64].decode("utf-8", "replace").strip().strip('"').casefold()
    if reply.status == NO_CONTENT or told == NOTHING:
        return []
    if reply.status != 200:
        raise malformed("the feed answered with an error", where="status", code=f"http_{reply.status}")
    records = read_body(reply)
    if not isinstance(records, list):
        raise malformed("the feed is no list", where="body")
    return records
