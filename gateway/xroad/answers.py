"""Whether an answer belongs to our request (PR-MESS 2.2), checked although the security server did it too."""

import base64
import hashlib

from gateway.foundation.errors import ContractError
from gateway.foundation.xml import local_name
from gateway.xroad.envelope import Message
from gateway.xroad.header import Header

HASH_ALGORITHM = "http://www.w3.org/2001/04/xmlenc#sha512"


def request_hash(request: bytes) -> str:
    """Give the base64 SHA-512 of a request's SOAP bytes as they were sent."""
    return base64.b64encode(hashlib.sha512(request).digest()).decode()


def check_answer(answer: Message, *, asked: Header, request: bytes) -> None:
    """Raise ContractError(inconsistent_response) unless the answer repeats our header and our request's hash."""
    if answer.header.identity != asked.identity:
        raise _inconsistent("the answer's header is not the header of the request", "Header")
    if answer.header.request_hash and answer.header.request_hash.strip() != request_hash(request):
        raise _inconsistent("the answer's requestHash is not that of the request", "requestHash")
    if local_name(answer.content) != f"{asked.service.service_code}Response":
        raise _inconsistent("the answer's content is not the response of the service", "Body")


def _inconsistent(message: str, where: str) -> ContractError:
    return ContractError(
        message, code="inconsistent_response", where=where, hint="the provider must copy the request's header"
    )
