"""The WS-Security profile: what is signed is what is handed over, and nothing else is ever handed over."""

import copy
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from gateway.crypto.certificates import read_certificate
from gateway.crypto.signature import Accepted
from gateway.foundation.errors import ContractError, KopuroError, SignatureError
from gateway.foundation.xml import detach, parse
from gateway.sandbox.security_server import insert_request_hash
from gateway.xroad.binding import binding_form
from gateway.xroad.envelope import CONTENT_TYPE, answering_shell, canonical, read_message
from gateway.xroad.namespaces import BINDING, SOAP, WSSE, WSU, q
from gateway.xroad.security import Demands, Sealing, sign_message, verify_message
from tests.pki import key_pair, signer
from tests.xroad.messages import CONTENT, read, signed, unsigned

DS = "{http://www.w3.org/2000/09/xmldsig#}"


def _verify(
    data: bytes, *, who: str = "agency", algorithm: str = "rsa-sha256", demands: Demands | None = None
):
    return verify_message(read(data).root, [signer(who, algorithm).certificate], demands or Demands())


@pytest.mark.parametrize(
    "algorithm",
    [
        "rsa-sha256",
        "rsa-sha384",
        "rsa-sha512",
        "rsa-pss-sha256",
        "rsa-pss-sha512",
        "ecdsa-sha256",
        "ecdsa-sha384",
    ],
)
def test_every_configured_algorithm_signs_and_verifies(algorithm: str) -> None:
    """The algorithm is configuration: whichever is chosen, the content comes back as it was signed."""
    verified = _verify(signed(algorithm=algorithm), algorithm=algorithm)
    assert canonical(verified.content) == CONTENT


def test_signed_bytes_are_their_own_canonical_form() -> None:
    """SignedInfo, Body, Timestamp and binding are written exactly as lxml canonicalises them."""
    data = signed()
    root = parse(data)
    for path in (
        f".//{DS}SignedInfo",
        f".//{q(WSU, 'Timestamp')}",
        f".//{q(BINDING, 'HeaderBinding')}",
        q(SOAP, "Body"),
    ):
        element = root.find(path)
        assert canonical(element) in data


def test_binding_is_the_exclusive_form_of_the_rebuilt_header() -> None:
    """The hand-written binding bytes equal lxml's exclusive canonicalisation of themselves."""
    form = binding_form(read(signed()).header_element)
    assert canonical(parse(form)) == form


HEADERS = [
    # other prefixes, default namespaces, declarations in other places, white space, comments, attribute order
    '<s:Header xmlns:a="{X}" xmlns:b="{I}"><a:client b:objectType="SUBSYSTEM"><b:xRoadInstance>I</b:xRoadInstance><b:memberClass>GOV</b:memberClass><b:memberCode>7</b:memberCode><b:subsystemCode>s</b:subsystemCode></a:client>{REST}</s:Header>',
    '<s:Header><client xmlns="{X}" xmlns:i="{I}" i:objectType="SUBSYSTEM"><i:xRoadInstance>I</i:xRoadInstance><memberClass xmlns="{I}">GOV</memberClass><i:memberCode>7</i:memberCode><i:subsystemCode>s</i:subsystemCode></client>{REST}</s:Header>',
    '<s:Header xmlns:id="{X}" xmlns:xrd="{I}">\n  <id:client xrd:objectType="SUBSYSTEM">\n <xrd:xRoadInstance>I</xrd:xRoadInstance>\n<xrd:memberClass>GOV</xrd:memberClass><xrd:memberCode>7</xrd:memberCode><xrd:subsystemCode>s</xrd:subsystemCode></id:client>\n{REST}</s:Header>',
]  # fmt: skip
REST = (
    '<c:service xmlns:c="{X}" xmlns:d="{I}" d:objectType="SERVICE"><d:xRoadInstance>I</d:xRoadInstance><d:memberClass>GOV</d:memberClass>'
    "<d:memberCode>8</d:memberCode><d:serviceCode>getThing</d:serviceCode></c:service>"
    '<e:id xmlns:e="{X}">id &lt;1&gt;</e:id>{WS}<e:userId xmlns:e="{X}"> u </e:userId>'
    '<e:protocolVersion xmlns:e="{X}">4.0</e:protocolVersion><other xmlns="urn:o" a="1"/>'
)


@pytest.mark.parametrize("variant", range(len(HEADERS) * 3))
def test_an_answer_keeps_any_header_and_its_signature_survives_the_security_server(variant: int) -> None:
    """However a header is spelled, it goes back equal, and requestHash may be inserted without breaking anything."""
    names = {"X": "http://x-road.eu/xsd/xroad.xsd", "I": "http://x-road.eu/xsd/identifiers"}
    names["WS"] = ["", "\n\t", "  "][variant % 3]
    names["REST"] = REST.format(**names)
    header = HEADERS[variant // 3].format(**names)
    request = f'<s:Envelope xmlns:s="{SOAP}">{header}<s:Body><getThing xmlns="urn:p"/></s:Body></s:Envelope>'.encode()
    before = canonical(read(request).header_element)
    shell = answering_shell(read(request))
    answer = sign_message(
        shell,
        b'<p:getThingResponse xmlns:p="urn:p"></p:getThingResponse>',
        Sealing(signer=signer("agency")),
        at=datetime.now(UTC),
    )
    for sent in (answer, insert_request_hash(answer, "aGFzaA==")):
        verified = _verify(sent)
        assert etree.QName(verified.content).localname == "getThingResponse"
        back = read(sent).header_element
        for extra in (q(WSSE, "Security"), q("http://x-road.eu/xsd/xroad.xsd", "requestHash")):
            for found in back.findall(extra):
                detach(found)
        assert canonical(back) == before


# --- mutants ---------------------------------------------------------------------------------------


def _tree(change: Callable[[etree._Element], None]) -> bytes:
    root = etree.fromstring(signed())
    change(root)
    return etree.tostring(root)


def _parts(root: etree._Element) -> tuple[etree._Element, etree._Element, etree._Element]:
    header, body = root
    return header, header.find(q(WSSE, "Security")), body


def _evil_body() -> etree._Element:
    return etree.fromstring(
        f'<soapenv:Body xmlns:soapenv="{SOAP}"><p:getThing xmlns:p="urn:p"><p:pin>9</p:pin></p:getThing></soapenv:Body>'
    )


def _wrap_in_header(root):
    header, _, body = _parts(root)
    root.replace(body, _evil_body())
    etree.SubElement(header, "{urn:w}Wrapper").append(body)


def _wrap_in_security(root):
    _, security, body = _parts(root)
    root.replace(body, _evil_body())
    etree.SubElement(security, "{urn:w}Wrapper").append(body)


def _wrap_in_object(root):
    _, security, body = _parts(root)
    root.replace(body, _evil_body())
    etree.SubElement(security.find(f"{DS}Signature"), f"{DS}Object").append(body)


def _wrap_in_body(root):
    _, _, body = _parts(root)
    evil = _evil_body()
    root.replace(body, evil)
    evil.append(body)


def _second_body_first(root):
    root.insert(1, _evil_body())


def _second_body_last(root):
    root.append(_evil_body())


def _body_beside_envelope_children(root):
    _, _, body = _parts(root)
    root.replace(body, _evil_body())
    etree.SubElement(root, "{urn:w}Trailer").append(body)


def _same_id_twice(root):
    _, _, body = _parts(root)
    evil = _evil_body()
    evil.set(q(WSU, "Id"), "body")
    root.replace(body, evil)
    etree.SubElement(root[0], "{urn:w}Wrapper").append(body)


def _same_id_of_another_spelling(root):
    _, _, body = _parts(root)
    body[0].set("Id", "body")


def _second_header(root):
    root.insert(0, copy.deepcopy(root[0]))


def _second_security(root):
    root[0].append(copy.deepcopy(root[0].find(q(WSSE, "Security"))))


def _second_signature(root):
    security = root[0].find(q(WSSE, "Security"))
    security.append(copy.deepcopy(security.find(f"{DS}Signature")))


def _drop_body_reference(root):
    info = root.find(f".//{DS}SignedInfo")
    info.remove(info[2])


def _uri(value):
    def change(root):
        root.findall(f".//{DS}Reference")[0].set("URI", value)

    return change


def _transform(value):
    def change(root):
        root.find(f".//{DS}Transform").set("Algorithm", value)

    return change


def _method(tag, value):
    def change(root):
        root.find(f".//{DS}{tag}").set("Algorithm", value)

    return change


def _hmac_length(root):
    method = root.find(f".//{DS}SignatureMethod")
    method.set("Algorithm", "http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")
    etree.SubElement(method, f"{DS}HMACOutputLength").text = "8"


def _parameter_only(root):
    etree.SubElement(root.find(f".//{DS}SignatureMethod"), f"{DS}HMACOutputLength").text = "8"


def _comment_in_pin(root):
    pin = root.find(".//{urn:p}pin")
    pin.text, comment = "101", etree.Comment("x")
    pin.append(comment)
    comment.tail = "01202012345"


def _comment_in_signed_info(root):
    root.find(f".//{DS}SignedInfo").append(etree.Comment("x"))


def _instruction(root):
    root.append(etree.ProcessingInstruction("x", "y"))


def _change_pin(root):
    root.find(".//{urn:p}pin").text = "20101202012345"


def _header_text(name, value):
    def change(root):
        root[0].find(q("http://x-road.eu/xsd/xroad.xsd", name)).text = value

    return change


def _member_code(root):
    root.find(".//{http://x-road.eu/xsd/identifiers}memberCode").text = "70000001"


def _drop_issue(root):
    root[0].remove(root[0].find(q("http://x-road.eu/xsd/xroad.xsd", "issue")))


def _add_party(root):
    party = etree.SubElement(root[0], "{http://x-road.eu/xsd/representation.xsd}representedParty")
    etree.SubElement(party, "{http://x-road.eu/xsd/representation.xsd}partyCode").text = "1"


def _header_attribute(root):
    root[0].find(q("http://x-road.eu/xsd/xroad.xsd", "id")).set("x", "1")


def _binding_value(root):
    root.find(f".//{q(BINDING, 'DigestValue')}").text = "AAAA"


def _timestamp_value(root):
    root.find(f".//{q(WSU, 'Expires')}").text = "2099-01-01T00:00:00Z"


def _move_timestamp(root):
    header, security, _ = _parts(root)
    header.append(security.find(q(WSU, "Timestamp")))


def _second_timestamp(root):
    security = root[0].find(q(WSSE, "Security"))
    security.append(copy.deepcopy(security.find(q(WSU, "Timestamp"))))


def _second_content(root):
    root[1].append(copy.deepcopy(root[1][0]))


def _key_value(root):
    info = root.find(f".//{DS}KeyInfo")
    etree.SubElement(info, f"{DS}KeyName").text = "another"


MUTANTS = [
    _wrap_in_header, _wrap_in_security, _wrap_in_object, _wrap_in_body, _second_body_first, _second_body_last,
    _body_beside_envelope_children, _same_id_twice, _same_id_of_another_spelling, _second_header,
    _second_security, _second_signature, _drop_body_reference,
    _uri(""), _uri("#xpointer(/)"), _uri("#xpointer(id('body'))"), _uri("http://localhost/x"), _uri("#timestamp"), _uri("#none"),
    _transform("http://www.w3.org/TR/1999/REC-xpath-19991116"), _transform("http://www.w3.org/TR/1999/REC-xslt-19991116"),
    _transform("http://www.w3.org/2001/10/xml-exc-c14n#WithComments"),
    _method("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#rsa-sha1"),
    _method("SignatureMethod", "http://www.w3.org/2000/09/xmldsig#hmac-sha1"),
    _method("SignatureMethod", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"),
    _method("DigestMethod", "http://www.w3.org/2000/09/xmldsig#sha1"),
    _method("CanonicalizationMethod", "http://www.w3.org/2006/12/xml-c14n11#WithComments"),
    _hmac_length, _parameter_only, _comment_in_pin, _comment_in_signed_info, _instruction, _change_pin,
    _header_text("id", "id-2"), _header_text("userId", "KG2"), _header_text("issue", "case/2"),
    _header_text("protocolVersion", "4.1"), _member_code, _drop_issue, _add_party, _header_attribute,
    _binding_value, _timestamp_value, _move_timestamp, _second_timestamp, _second_content,
]  # fmt: skip


@pytest.mark.parametrize("change", MUTANTS, ids=lambda change: change.__qualname__.split(".")[0])
def test_every_tampered_message_is_refused_with_a_reason(change: Callable[[etree._Element], None]) -> None:
    """Wrapping, comments, other algorithms, other headers: the message is refused and the reason is a sentence."""
    with pytest.raises((SignatureError, ContractError)) as refusal:
        _verify(_tree(change))
    assert len(str(refusal.value)) > 10
    assert not re.search(r"\d{13,}", str(refusal.value))


def test_a_document_type_never_reaches_the_signature() -> None:
    """A DTD is refused by the parser, signed or not."""
    data = signed().replace(b"?>\n", b'?>\n<!DOCTYPE x [<!ENTITY e "1">]>\n')
    with pytest.raises(ContractError) as refusal:
        read(data)
    assert refusal.value.code == "invalid_soap"


def test_a_foreign_key_is_refused() -> None:
    """KeyInfo is never consulted: only the pinned certificate counts."""
    with pytest.raises(SignatureError, match="does not fit the content and the certificate"):
        _verify(signed(who="stranger"), who="agency")


def test_an_old_a_future_and_an_expired_signature_are_refused() -> None:
    """A signature has its time, and so has its certificate."""
    now = datetime.now(UTC)
    with pytest.raises(SignatureError, match="too old"):
        _verify(signed(at=now - timedelta(minutes=10)))
    with pytest.raises(SignatureError, match="future"):
        _verify(signed(at=now + timedelta(minutes=10)))
    expired = read_certificate(key_pair("expired", days=-1)[1])
    late = Demands(clock=lambda: now)
    with pytest.raises(SignatureError):
        verify_message(read(signed()).root, [expired], late)


def test_an_algorithm_that_is_not_accepted_is_named() -> None:
    """What is accepted is configuration, and the refusal says which algorithm it was."""
    with pytest.raises(SignatureError, match="rsa-sha512"):
        _verify(
            signed(algorithm="rsa-sha512"),
            algorithm="rsa-sha512",
            demands=Demands(accepted=Accepted(signatures=("rsa-sha256",))),
        )


def test_two_certificates_serve_while_a_key_is_changed() -> None:
    """Any of the pinned certificates may fit."""
    both = [signer("stranger").certificate, signer("agency").certificate]
    assert verify_message(read(signed()).root, both, Demands()).signer == signer("agency").fingerprint


def test_reading_and_verifying_a_mutated_message_never_fails_otherwise() -> None:
    """Bytes flipped anywhere give a refusal, never another kind of error, and never a changed content."""
    data = bytearray(signed())
    for place in range(60, len(data), 7):
        mutant = bytearray(data)
        mutant[place] ^= 0x01
        try:
            verified = verify_message(
                read_message(bytes(mutant), CONTENT_TYPE).root, [signer("agency").certificate], Demands()
            )
        except KopuroError:
            continue
        except AttributeError:  # the mutant became a soap:Fault, which has no root
            continue
        assert canonical(verified.content) == CONTENT


@pytest.mark.parametrize("prefix", ["", "a", "soapenv", "wsse", "wsu", "wsv", "x", "kb", "ds", "u", "ү"])
def test_an_answer_is_signed_well_under_any_prefix(prefix: str) -> None:
    """The caller chooses the envelope's prefix; the answer's Body is its own canonical form under each of them."""
    tag, space = (f"{prefix}:", f"xmlns:{prefix}") if prefix else ("", "xmlns")
    request = unsigned().decode().replace("soapenv:", tag).replace("xmlns:soapenv", space)
    shell = answering_shell(read(request.encode()))
    content = CONTENT.replace(b"getThing", b"getThingResponse")
    answer = read(sign_message(shell, content, Sealing(signer=signer("agency")), at=datetime.now(UTC)))
    found = verify_message(answer.root, [signer("agency").certificate], Demands())
    assert canonical(found.content) == content
