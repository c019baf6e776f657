"""How Санарип аймак speaks, once: REST, the PIN in the address, 204 for a wrong PIN, `code` 405 for no family."""

from gateway.intake.answers import Outcome
from gateway.intake.plugs import FetchedReply
from gateway.intake.speaking.conversation import Finding
from gateway.intake.speaking.json_reading import JsonFields, read_body
from gateway.intake.speaking.reading import malformed

NO_CONTENT = 204
CODES = {
    "204": Outcome.NOT_FOUND,
    "400": Outcome.REJECTED,
    "401": Outcome.DENIED,
    "403": Outcome.DENIED,
    "404": Outcome.NOT_FOUND,
    "405": Outcome.NOT_FOUND,
}


def read_answer(reply: FetchedReply) -> "JsonFields | Finding[object]":
    """Give the object of an answer, or what was found where there is none; raises ContractError.

    A code may stand as the HTTP status or inside an answer of status 200: either is believed.
    """
    if reply.status == NO_CONTENT:
        return Finding(outcome=Outcome.NOT_FOUND, code=str(NO_CONTENT))
    body = JsonFields(read_body(reply))
    code = body.optional("code")
    if code in CODES:
        return Finding(outcome=CODES[code], code=code)
    if reply.status != 200 or code not in {None, "0", "200"}:
        raise malformed("the answer tells an error", where="code", code=f"http_{reply.status}")
    return body
