"""Whether an answer is ours: every field the protocol compares, and the hash of the very bytes we sent."""

import base64
import hashlib
from dataclasses import fields, replace

import pytest

from gateway.foundation.errors import ContractError
from gateway.xroad.answers import check_answer, request_hash
from gateway.xroad.envelope import CONTENT_TYPE, Message, asking_shell, read_message
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.namespaces import REPRESENTATION
from tests.xroad.messages import header

COMPARED = ("client", "service", "user_id", "represented_party", "issue", "message_id")
FREE = ("protocol_version", "security_server", "request_hash")


def told(said: Header, name: str = "getThingResponse", more: bytes = b"") -> Message:
    shell = asking_shell(said)
    data = shell.wrap(shell.body(f'<p:{name} xmlns:p="urn:p"></p:{name}>'.encode()), more)
    message = read_message(data, CONTENT_TYPE)
    assert isinstance(message, Message)
    return message


def _another(field: str) -> Header:
    asked = header()
    if field == "client":
        return replace(asked, client=replace(asked.client, subsystem_code="another"))
    if field == "service":
        return replace(asked, service=replace(asked.service, service_version="v2"))
    return replace(asked, **{field: f"{getattr(asked, field)}x"})


def test_every_field_of_a_header_is_compared_or_free() -> None:
    """A new field must be sorted into one of the two."""
    assert {item.name for item in fields(Header)} == {*COMPARED, *FREE}


def test_our_own_header_is_accepted() -> None:
    """An answer with our header, and no hash or the right one, is ours."""
    hashed = f"<xrd:requestHash>{request_hash(b'asked')}</xrd:requestHash>".encode()
    check_answer(told(header()), asked=header(), request=b"asked")
    check_answer(told(header(), more=hashed), asked=header(), request=b"asked")
    check_answer(told(header(protocol_version="4.1")), asked=header(), request=b"asked")


@pytest.mark.parametrize("field", COMPARED)
def test_any_other_compared_field_is_another_answer(field: str) -> None:
    """What a consumer's security server compares, we compare: one differing field refuses the answer."""
    with pytest.raises(ContractError) as refusal:
        check_answer(told(header()), asked=_another(field), request=b"asked")
    assert (refusal.value.code, refusal.value.where) == ("inconsistent_response", "Header")


def test_parts_that_join_to_the_same_text_are_not_the_same() -> None:
    """Identifiers are compared part by part, and written so that a slash inside a part shows: a/b + c is not a + b/c."""
    one = replace(header(), client=SubsystemId(xroad_instance="a/b", member_class="c", member_code="d"))
    two = replace(header(), client=SubsystemId(xroad_instance="a", member_class="b/c", member_code="d"))
    assert str(one.client) != str(two.client)
    with pytest.raises(ContractError):
        check_answer(told(one), asked=two, request=b"asked")


def test_represented_parties_are_compared_part_by_part() -> None:
    """Class a with code b/c is another party than class a/b with code c, and than code a/b/c without a class."""
    parts = [("a", "b/c"), ("a/b", "c"), ("", "a/b/c")]
    seen = {_with_party(*pair).header.represented_party for pair in parts}
    assert len(seen) == len(parts)
    asked = _with_party(*parts[0]).header
    for pair in parts[1:]:
        with pytest.raises(ContractError) as refusal:
            check_answer(_with_party(*pair), asked=asked, request=b"asked")
        assert refusal.value.code == "inconsistent_response"


def _with_party(kind: str, code: str) -> Message:
    kind = kind and f"<r:partyClass>{kind}</r:partyClass>"
    party = f'<r:representedParty xmlns:r="{REPRESENTATION}">{kind}<r:partyCode>{code}</r:partyCode></r:representedParty>'
    return told(header(), more=party.encode())


def test_white_space_makes_another_identifier() -> None:
    """Values are compared as they stand: a security server does not trim them either."""
    provider = header().service.provider
    spaced = replace(
        header(), service=ServiceId(provider=provider, service_code="getThing", service_version="v1 ")
    )
    with pytest.raises(ContractError):
        check_answer(told(spaced), asked=header(), request=b"asked")


def test_the_hash_is_sha_512_of_the_bytes_as_sent() -> None:
    """One other byte, a byte order mark included, is another hash."""
    for request in (b"<a/>", b"\xef\xbb\xbf<a/>", b"<a />"):
        assert request_hash(request) == base64.b64encode(hashlib.sha512(request).digest()).decode()
    wrong = f"<xrd:requestHash>{request_hash(b'asked ')}</xrd:requestHash>".encode()
    with pytest.raises(ContractError) as refusal:
        check_answer(told(header(), more=wrong), asked=header(), request=b"asked")
    assert (refusal.value.code, refusal.value.where) == ("inconsistent_response", "requestHash")


@pytest.mark.parametrize("name", ["getThing", "getThingElseResponse", "getThingResponse2"])
def test_another_content_is_not_the_answer(name: str) -> None:
    """The content must be exactly the response of the service asked."""
    with pytest.raises(ContractError) as refusal:
        check_answer(told(header(), name), asked=header(), request=b"asked")
    assert (refusal.value.code, refusal.value.where) == ("inconsistent_response", "Body")
