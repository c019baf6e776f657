"""The X-Road header: what we write is what the other side reads, whatever the values hold."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.foundation.errors import ContractError
from gateway.xroad.envelope import CONTENT_TYPE, Message, answering_shell, asking_shell, read_message
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.namespaces import IDENTIFIERS, REPRESENTATION, SOAP, XROAD

# what an XML 1.0 document may hold; a bare carriage return is among it, as a character reference
_LEGAL = st.characters(codec="utf-8", exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff")
_TRICKY = st.sampled_from(
    [
        "\t",
        "\n",
        "\r",
        "\r\n",
        "<",
        ">",
        "&",
        '"',
        "'",
        "]]>",
        "&amp;",
        "<!--",
        "  ",
        "Ң",
        "ө",
        "🎓",
        "\u200b",
        "e\u0301",
    ]
)
TEXTS = st.lists(_LEGAL | _TRICKY, max_size=12).map("".join)
WORDS = st.lists(_LEGAL | _TRICKY, min_size=1, max_size=8).map("".join)
IDS = WORDS.filter(lambda text: text.strip())
SUBSYSTEMS = st.builds(
    SubsystemId, xroad_instance=WORDS, member_class=WORDS, member_code=WORDS, subsystem_code=TEXTS
)
HEADERS = st.builds(
    Header,
    client=SUBSYSTEMS,
    service=st.builds(
        ServiceId, provider=SUBSYSTEMS, service_code=st.just("getThing"), service_version=TEXTS
    ),
    message_id=IDS,
    protocol_version=st.sampled_from(["4.0", "4.1", " 4.0\n"]),
    user_id=TEXTS,
    issue=TEXTS,
)


def written(header: Header, name: str = "getThing") -> bytes:
    shell = asking_shell(header)
    return shell.wrap(shell.body(f'<p:{name} xmlns:p="urn:p"></p:{name}>'.encode()))


def read(data: bytes) -> Message:
    message = read_message(data, CONTENT_TYPE)
    assert isinstance(message, Message)
    return message


@settings(max_examples=300)
@given(HEADERS)
def test_every_legal_text_in_a_header_arrives_unchanged(header: Header) -> None:
    """Letters, spaces, line ends and mark-up characters are read back exactly as they were given."""
    assert read(written(header)).header == header


@settings(max_examples=300)
@given(HEADERS)
def test_an_answer_repeats_every_header_exactly(header: Header) -> None:
    """The header of an answer, taken from the request's bytes, has the request's values character by character."""
    shell = answering_shell(read(written(header)))
    answer = read(shell.wrap(shell.body(b'<p:getThingResponse xmlns:p="urn:p"></p:getThingResponse>')))
    assert answer.header == header
    assert answer.is_response


CLIENT = (
    '<x:client i:objectType="SUBSYSTEM"><i:xRoadInstance>I</i:xRoadInstance><i:memberClass>GOV</i:memberClass>'
    "<i:memberCode>7</i:memberCode><i:subsystemCode>s</i:subsystemCode></x:client>"
)
SERVICE = (
    '<x:service i:objectType="SERVICE"><i:xRoadInstance>I</i:xRoadInstance><i:memberClass>GOV</i:memberClass>'
    "<i:memberCode>8</i:memberCode><i:serviceCode>getThing</i:serviceCode></x:service>"
)
ID, VERSION = "<x:id>id-1</x:id>", "<x:protocolVersion>4.0</x:protocolVersion>"
PARTY = (
    "<r:representedParty><r:partyClass>COM</r:partyClass><r:partyCode>9</r:partyCode></r:representedParty>"
)
WHOLE = CLIENT + SERVICE + ID + VERSION


def message(header: str, content: str = "<getThing xmlns='urn:p'/>") -> bytes:
    return (
        f'<s:Envelope xmlns:s="{SOAP}" xmlns:x="{XROAD}" xmlns:i="{IDENTIFIERS}" xmlns:r="{REPRESENTATION}">'
        f"<s:Header>{header}</s:Header><s:Body>{content}</s:Body></s:Envelope>"
    ).encode()


@given(
    st.permutations(
        [CLIENT, SERVICE, ID, VERSION, PARTY, "<x:userId>u</x:userId>", "<o:other xmlns:o='urn:o'/>"]
    )
)
def test_the_order_of_header_elements_is_free(parts: list[str]) -> None:
    """Known elements are found wherever they stand; unknown ones are passed over."""
    header = read(message("".join(parts))).header
    assert (header.message_id, header.user_id, header.represented_party) == ("id-1", "u", "COM/9")


BROKEN = {
    "no version": (WHOLE.replace(VERSION, ""), "missing_header_field"),
    "no client": (WHOLE.replace(CLIENT, ""), "missing_header_field"),
    "no id": (WHOLE.replace(ID, ""), "missing_header_field"),
    "no service": (WHOLE.replace(SERVICE, ""), "missing_header_field"),
    "id twice": (WHOLE + ID, "duplicate_header_field"),
    "client twice": (WHOLE + CLIENT, "duplicate_header_field"),
    "member code twice": (
        WHOLE.replace("<i:memberCode>7</i:memberCode>", "<i:memberCode>7</i:memberCode>" * 2),
        "duplicate_header_field",
    ),
    "version 3": (WHOLE.replace("4.0", "3.1"), "invalid_protocol_version"),
    "version 40": (WHOLE.replace("4.0", "40"), "invalid_protocol_version"),
    "no object type": (WHOLE.replace(' i:objectType="SERVICE"', ""), "invalid_xml"),
    "object type of another": (WHOLE.replace('"SERVICE"', '"SUBSYSTEM"'), "invalid_xml"),
    "unqualified object type": (WHOLE.replace("i:objectType", "objectType"), "invalid_xml"),
    "subsystem without its code": (WHOLE.replace("<i:subsystemCode>s</i:subsystemCode>", ""), "invalid_xml"),
    "empty member code": (WHOLE.replace("<i:memberCode>7</i:memberCode>", "<i:memberCode/>"), "invalid_xml"),
    "part of another namespace": (WHOLE.replace("<i:memberCode>7</i:memberCode>", "<x:memberCode>7</x:memberCode>"), "invalid_xml"),
    "elements in a text": (WHOLE.replace("id-1", "id<b/>-1"), "invalid_xml"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_header_is_named_by_its_code(name: str) -> None:
    """Each broken rule of the protocol has X-Road's own code, and no value of the message is quoted."""
    header, code = BROKEN[name]
    with pytest.raises(ContractError) as refusal:
        read(message(header))
    assert refusal.value.code == code
    assert "id-1" not in f"{refusal.value}{refusal.value.where}{refusal.value.hint}"


def test_a_comment_does_not_split_an_identifier() -> None:
    """Every reader of the code sees the same text, comments or not."""
    header = read(message(WHOLE.replace("<i:memberCode>7<", "<i:memberCode>7000<!-- -->9<"))).header
    assert header.client.member_code == "70009"
    assert (
        header == read(message(WHOLE.replace("<i:memberCode>7<", "<i:memberCode><![CDATA[70009]]><"))).header
    )


def test_the_answer_keeps_unknown_elements_in_their_places() -> None:
    """What we do not know goes back as it came: the protocol copies the whole header."""
    other = "<o:trace xmlns:o='urn:o' a='1'>  <o:b>x</o:b></o:trace>"
    asked = read(message(CLIENT + other + SERVICE + PARTY + ID + VERSION))
    names = [etree.QName(child).localname for child in asked.header_element]
    shell = answering_shell(asked)
    answer = read(shell.wrap(shell.body(b'<p:getThingResponse xmlns:p="urn:p"></p:getThingResponse>')))
    assert [etree.QName(child).localname for child in answer.header_element] == names
    assert b'<o:trace xmlns:o="urn:o" a="1">  <o:b>x</o:b></o:trace>' in shell.header
