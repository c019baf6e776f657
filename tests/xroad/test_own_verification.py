"""Our own check of signature values against python-xmlsec: it accepts nothing that the reference refuses."""

import base64
import copy
from collections.abc import Callable

import pytest
import xmlsec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from gateway.crypto.signature import DS, EXCLUSIVE, Accepted, verify
from gateway.crypto.signature_value import ID_NAMES, check_value_by_xmlsec, verification_key
from gateway.foundation.errors import KopuroError
from gateway.foundation.xml import parse
from gateway.sandbox.security_server import insert_request_hash
from gateway.xroad.envelope import CONTENT_TYPE, Message, canonical, read_message
from gateway.xroad.namespaces import SOAP, WSSE, WSU, q
from gateway.xroad.security import Demands, verify_message
from tests.pki import key_pair, signer
from tests.xroad.messages import CONTENT, signed
from tests.xroad.test_security import MUTANTS

ALGORITHMS = ("rsa-sha256", "rsa-sha512", "rsa-pss-sha256", "ecdsa-sha256")
MORE = settings(max_examples=1000, deadline=None, suppress_health_check=list(HealthCheck))


def ours(data: bytes, algorithm: str = "rsa-sha256") -> bytes | None:
    """The content the profile hands over, in canonical form; None when it refuses."""
    try:
        message = read_message(data, CONTENT_TYPE)
        if not isinstance(message, Message):
            return None
        certificate = signer("agency", algorithm).certificate
        return canonical(verify_message(message.root, [certificate], Demands()).content)
    except KopuroError:
        return None


def ours_alone(data: bytes, algorithm: str = "rsa-sha256") -> bool:
    """Whether the bare verifier accepts the signature, wherever it stands and whatever it signs."""
    try:
        root = parse(data)
        found = next(root.iter(f"{{{DS}}}Signature"), None)
        if found is None:
            return False
        key = verification_key(signer("agency", algorithm).certificate)
        return bool(verify(root, found, key=key, accepted=Accepted()))
    except KopuroError:
        return False


def reference(data: bytes, algorithm: str = "rsa-sha256") -> bool:
    """Whether python-xmlsec, with the pinned key and every id in the document known to it, accepts it."""
    try:
        root = etree.fromstring(data, etree.XMLParser(encoding="utf-8"))  # as the Content-Type says
    except etree.XMLSyntaxError:
        return False
    context = xmlsec.SignatureContext()
    context.key = verification_key(signer("agency", algorithm).certificate).xmlsec_key
    context.set_enabled_key_data([])
    found = next(root.iter(f"{{{DS}}}Signature"), None)
    if found is None:
        return False
    try:
        for element in root.iter(etree.Element):
            # one value under two spellings at one element is one id: python-xmlsec cannot be told it twice
            spelled = {element.get(name): etree.QName(name) for name in ID_NAMES}
            for name in (name for value, name in spelled.items() if value is not None):
                context.register_id(element, name.localname, name.namespace)
        context.verify(found)
    except xmlsec.Error:
        return False
    return True


def hold(data: bytes, algorithm: str = "rsa-sha256", content: bytes = CONTENT) -> bool:
    """The law for one message; tells whether we accepted it."""
    handed_over = ours(data, algorithm)
    accepted_alone = ours_alone(data, algorithm)
    if handed_over is not None or accepted_alone:
        assert reference(data, algorithm), "accepted what python-xmlsec refuses"
    assert handed_over in (None, content), "handed over something that was not signed"
    return handed_over is not None


@pytest.mark.parametrize("change", MUTANTS, ids=lambda change: change.__qualname__.split(".")[0])
@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_no_wrapped_message_is_accepted_against_the_reference(
    change: Callable[[etree._Element], None], algorithm: str
) -> None:
    """Each known attack, under each algorithm: our verdict is never the more lenient one."""
    root = etree.fromstring(signed(algorithm=algorithm))
    before = etree.tostring(root)
    change(root)
    assert not hold(etree.tostring(root), algorithm) or etree.tostring(root) == before


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_both_accept_what_is_good(algorithm: str) -> None:
    """The comparison is not empty: untouched messages pass both, and so do those with a requestHash."""
    data = signed(algorithm=algorithm)
    for sent in (data, insert_request_hash(data, "aGFzaA==")):
        assert hold(sent, algorithm)
        assert ours_alone(sent, algorithm)
        assert reference(sent, algorithm)


# --- generated damage ---------------------------------------------------------------------------------

PLACES = st.integers(0, 80)
NAMESPACES = st.sampled_from([SOAP, WSSE, WSU, DS, EXCLUSIVE, "urn:p", "urn:w"])
NAMES = st.sampled_from(["Body", "Header", "Security", "Signature", "SignedInfo", "Reference", "Object", "x"])
IDS = st.sampled_from(["body", "timestamp", "binding", "other"])
WORDS = st.sampled_from(["", " ", "\n", "x", "AAAA", "body", "#body", "#x", EXCLUSIVE])
STEPS = st.one_of(
    st.tuples(st.just("move"), PLACES, PLACES),
    st.tuples(st.just("copy"), PLACES, PLACES),
    st.tuples(st.just("drop"), PLACES),
    st.tuples(st.just("wrap"), PLACES, NAMESPACES, NAMES),
    st.tuples(st.just("text"), PLACES, WORDS),
    st.tuples(st.just("tail"), PLACES, WORDS),
    st.tuples(st.just("comment"), PLACES),
    st.tuples(st.just("id"), PLACES, st.sampled_from(ID_NAMES), IDS),
    st.tuples(st.just("attribute"), PLACES, st.sampled_from(["URI", "Algorithm", "PrefixList", "x"]), WORDS),
    st.tuples(st.just("swap"), PLACES, PLACES),
)


def _nth(root: etree._Element, place: int) -> etree._Element:
    elements = list(root.iter(etree.Element))
    return elements[place % len(elements)]


def _graft(element: etree._Element, parent: etree._Element) -> None:
    if element is not parent and element not in parent.iterancestors() and element.getparent() is not None:
        parent.append(element)


def damage(root: etree._Element, step: tuple) -> None:
    kind, element, rest = step[0], _nth(root, step[1]), step[2:]
    match kind:
        case "move":
            _graft(element, _nth(root, rest[0]))
        case "copy":
            _nth(root, rest[0]).append(copy.deepcopy(element))
        case "drop" if element.getparent() is not None:
            element.getparent().remove(element)
        case "wrap" if element.getparent() is not None:
            around = etree.Element(f"{{{rest[0]}}}{rest[1]}")
            element.getparent().replace(element, around)
            around.append(element)
        case "text":
            element.text = rest[0]
        case "tail" if element.getparent() is not None:
            element.tail = rest[0]
        case "comment":
            element.insert(0, etree.Comment("x"))
        case "id":
            element.set(rest[0], rest[1])
        case "attribute":
            element.set(rest[0], rest[1])
        case "swap":
            other = _nth(root, rest[0])
            element.text, other.text = other.text, element.text


@MORE
@given(algorithm=st.sampled_from(ALGORITHMS), steps=st.lists(STEPS, min_size=1, max_size=4))
def test_generated_rearrangements_never_part_from_the_reference(algorithm: str, steps: list[tuple]) -> None:
    """Elements moved, copied, wrapped, given ids, in any combination: the law holds for every outcome."""
    root = etree.fromstring(signed(algorithm=algorithm))
    for step in steps:
        damage(root, step)
    hold(etree.tostring(root), algorithm)


@MORE
@given(place=st.integers(0, 5000), value=st.integers(1, 255), cut=st.integers(0, 2))
def test_generated_damage_to_bytes_never_parts_from_the_reference(place: int, value: int, cut: int) -> None:
    """A byte changed, removed or doubled anywhere."""
    data = bytearray(signed())
    at = place % len(data)
    if cut == 0:
        data[at] ^= value
    elif cut == 1:
        del data[at]
    else:
        data.insert(at, data[at])
    hold(bytes(data))


# --- messages another stack wrote ----------------------------------------------------------------------

LAYOUTS = st.fixed_dictionaries(
    {
        "ds": st.sampled_from(["ds", "dsig", "", "soapenv2"]),
        "soap": st.sampled_from(["soapenv", "S", "", "ds2"]),
        "space": st.sampled_from(["", "\n", "\n  ", "\t"]),
        "outer": st.sampled_from(["", ' xmlns:extra="urn:extra"', ' xml:lang="ky"', ' xmlns="urn:default"']),
        "inner": st.sampled_from(["", ' xmlns:ds="urn:not-ds"', ' xmlns=""', ' xml:space="preserve"']),
        "method": st.sampled_from([EXCLUSIVE, "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"]),
        "prefixes": st.sampled_from(["", "extra", "#default", "S extra"]),
        "content": st.sampled_from(
            [
                "plain",
                "a &amp; &lt;b&gt;",
                "<![CDATA[<x>]]>",
                "&#13;&#10;\t",
                "Үсөн ң",
                "'\"",
                "<p:a b='1' a='2'/>",
            ]
        ),
        "key_info": st.booleans(),
    }
)


def foreign(layout: dict) -> bytes:
    """A Body signed by python-xmlsec itself, laid out as the other stack likes it."""
    ds, soap, space = layout["ds"], layout["soap"], layout["space"]
    d, e = (f"{ds}:" if ds else ""), (f"{soap}:" if soap else "")
    xmlns_ds = f'xmlns:{ds}="{DS}"' if ds else f'xmlns="{DS}"'
    xmlns_soap = f'xmlns:{soap}="{SOAP}"' if soap else f'xmlns="{SOAP}"'
    outer = layout["outer"] if soap or "xmlns=" not in layout["outer"] else ""
    prefixes = (
        f'<ec:InclusiveNamespaces xmlns:ec="{EXCLUSIVE}" PrefixList="{layout["prefixes"]}"/>'
        if layout["prefixes"] and layout["method"] == EXCLUSIVE
        else ""
    )
    key_info = f"<{d}KeyInfo><{d}KeyName>k</{d}KeyName></{d}KeyInfo>" if layout["key_info"] else ""
    template = (
        f"<{d}Signature {xmlns_ds}>{space}<{d}SignedInfo>{space}"
        f'<{d}CanonicalizationMethod Algorithm="{layout["method"]}">{prefixes}</{d}CanonicalizationMethod>{space}'
        f'<{d}SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>{space}'
        f'<{d}Reference URI="#b">{space}<{d}Transforms><{d}Transform Algorithm="{EXCLUSIVE}"/></{d}Transforms>{space}'
        f'<{d}DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><{d}DigestValue></{d}DigestValue>'
        f"{space}</{d}Reference></{d}SignedInfo>{space}<{d}SignatureValue></{d}SignatureValue>{key_info}</{d}Signature>"
    )
    inner = layout["inner"]
    text = (
        f'<{e}Envelope {xmlns_soap}{outer}><{e}Header><w:Security xmlns:w="{WSSE}">{template}</w:Security></{e}Header>'
        f'<{e}Body xmlns:u="{WSU}" u:Id="b"><p:q xmlns:p="urn:p"{inner}>{layout["content"]}</p:q></{e}Body></{e}Envelope>'
    )
    root = etree.fromstring(text)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_file(
        str(key_pair("agency-rsa", "rsa")[0]), xmlsec.constants.KeyDataFormatPem
    )
    context.register_id(root.find(q(SOAP, "Body")), "Id", WSU)
    context.sign(next(root.iter(f"{{{DS}}}Signature")))
    return etree.tostring(root)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(layout=LAYOUTS, steps=st.lists(STEPS, max_size=2))
def test_what_another_stack_signed_gets_one_verdict(layout: dict, steps: list[tuple]) -> None:
    """Untouched, both accept it and we give the very Body; damaged, we are never the more lenient one."""
    data = foreign(layout)
    assert reference(data)
    assert ours_alone(data)
    root = etree.fromstring(data)
    (part,) = verify(
        root,
        next(root.iter(f"{{{DS}}}Signature")),
        key=verification_key(signer("agency").certificate),
        accepted=Accepted(),
    )
    assert part.canonical == canonical(root.find(q(SOAP, "Body")))
    for step in steps:
        damage(root, step)
    damaged = etree.tostring(root)
    if ours_alone(damaged):
        assert reference(damaged)


@pytest.mark.parametrize("uri", ["urn-without-scheme", "http;//x", "../up", "#x", "x:y"])
def test_a_relative_namespace_anywhere_gets_the_verdict_of_the_reference(uri: str) -> None:
    """C14N is not defined for relative namespaces, so their documents are not ours alone to judge."""
    root = etree.fromstring(
        signed().replace(b"<soapenv:Header", f'<soapenv:Header xmlns:odd="{uri}"'.encode())
    )
    assert ours_alone(etree.tostring(root)) == reference(etree.tostring(root))


def test_a_signature_value_in_lines_is_one_value() -> None:
    """Base64 may be broken into lines; anything else in it is refused by us at once."""
    root = etree.fromstring(signed())
    value = next(root.iter(f"{{{DS}}}SignatureValue"))
    text = value.text or ""
    value.text = "\n".join(text[at : at + 64] for at in range(0, len(text), 64))
    assert hold(etree.tostring(root))
    value.text = text[:-4] + "!" + text[-4:]
    assert not hold(etree.tostring(root))


def test_the_reference_is_still_in_use_where_the_form_is_not_plain() -> None:
    """Inclusive C14N goes through python-xmlsec, which checks digests and value for itself."""
    data = foreign(
        {
            "ds": "ds", "soap": "s", "space": "", "outer": "", "inner": "", "prefixes": "", "content": "x",
            "method": "http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "key_info": False,
        }
    )  # fmt: skip
    root = etree.fromstring(data)
    found = next(root.iter(f"{{{DS}}}Signature"))
    key = verification_key(signer("agency").certificate)
    body = root.find(q(SOAP, "Body"))
    check_value_by_xmlsec(found, [(body, "b")], key)
    value = found[1]
    raw = bytearray(base64.b64decode(value.text or ""))
    raw[5] ^= 1
    value.text = base64.b64encode(raw).decode()
    with pytest.raises(KopuroError):
        verify(root, found, key=key, accepted=Accepted())
