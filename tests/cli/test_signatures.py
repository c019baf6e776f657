"""`kopuro signature verify`: other people's signatures, and every way in which one does not prove what it seems to."""

import copy
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xmlsec
from lxml import etree

from tests.cli.conftest import Ended, Kopuro
from tests.pki import key_pair

DS = "{http://www.w3.org/2000/09/xmldsig#}"
T = xmlsec.Transform
DOCUMENT = """<?xml version="1.0" encoding="UTF-8"?>
<d:act xmlns:d="urn:d" xmlns:unused="urn:u" d:kind='birth' Id="whole"  >
  <d:note>outside</d:note>
  <d:record Id="one"><d:name xmlns:e="urn:e">Айгүл &amp; Ко</d:name><d:pin>10101202012345</d:pin></d:record>
</d:act>"""


def sign(
    uri: str = "",
    *,
    c14n: Any = T.EXCL_C14N,
    method: Any = T.RSA_SHA256,
    digest: Any = T.SHA256,
    key: xmlsec.Key | None = None,
    document: str = DOCUMENT,
) -> etree._Element:
    """Sign with python-xmlsec, enveloped in the element that the reference names."""
    root = etree.fromstring(document.encode())
    target = root if uri in {"", "#whole"} else root.find(".//*[@Id='one']")
    signature = xmlsec.template.create(root, c14n, method, ns="ds")
    reference = xmlsec.template.add_reference(signature, digest, uri=uri)
    xmlsec.template.add_transform(reference, T.ENVELOPED)
    xmlsec.template.add_transform(reference, c14n)
    target.append(signature)
    context = xmlsec.SignatureContext()
    context.key = key or xmlsec.Key.from_file(str(key_pair("foreign")[0]), xmlsec.constants.KeyDataFormatPem)
    for element in (root, root.find(".//*[@Id='one']")):
        context.register_id(element, "Id")
    context.sign(signature)
    return root


def independent(root: etree._Element, path: str, *, exclusive: bool) -> bytes:
    """Canonicalise the signed element without its signature, by lxml alone."""
    clean = copy.deepcopy(root)
    target = clean if path == "." else clean.find(path)
    signature = target.find(f"{DS}Signature")
    before = signature.getprevious()
    before.tail = (before.tail or "") + (signature.tail or "")
    target.remove(signature)
    return etree.tostring(target, method="c14n", exclusive=exclusive, with_comments=False)


@pytest.fixture
def verify(kopuro: Kopuro, tmp_path: Path) -> Callable[..., tuple[Ended, dict[str, Any]]]:
    """Verify a document; gives how the command ended, and its one line."""

    def run(document: etree._Element | bytes, who: str = "foreign") -> tuple[Ended, dict[str, Any]]:
        data = document if isinstance(document, bytes) else etree.tostring(document)
        (tmp_path / "document.xml").write_bytes(data)
        ended = kopuro("signature", "verify", "--cert", str(key_pair(who)[1]), str(tmp_path / "document.xml"))
        return ended, json.loads(ended.out)

    return run


@pytest.mark.parametrize("uri", ["", "#whole", "#one"])
@pytest.mark.parametrize("c14n", [T.EXCL_C14N, T.C14N], ids=["exclusive", "inclusive"])
@pytest.mark.parametrize(
    ("method", "digest"), [(T.RSA_SHA256, T.SHA256), (T.RSA_SHA512, T.SHA512)], ids=["sha256", "sha512"]
)
def test_an_enveloped_signature_of_another_program_is_verified(
    verify: Any, uri: str, c14n: Any, method: Any, digest: Any
) -> None:
    """What is signed is named, with the digest of the very bytes that an independent canonicalisation gives."""
    root = sign(uri, c14n=c14n, method=method, digest=digest)
    ended, line = verify(root)
    path = ".//*[@Id='one']" if uri == "#one" else "."
    signed = independent(root, path, exclusive=c14n is T.EXCL_C14N)
    assert (ended.code, line["valid"], line["reason"]) == (0, True, "")
    name = "record" if uri == "#one" else "act"
    assert line["signed"] == [{"name": name, "sha256": hashlib.sha256(signed).hexdigest()}]


def test_inherited_xml_attributes_belong_to_the_inclusive_form(verify: Any) -> None:
    """Inclusive C14N of a part carries xml:lang from above; a signature over it is good."""
    root = sign("#one", c14n=T.C14N, document=DOCUMENT.replace("<d:act ", '<d:act xml:lang="ky" '))
    assert verify(root)[1]["valid"] is True


@pytest.mark.parametrize("c14n", [T.EXCL_C14N, T.C14N], ids=["exclusive", "inclusive"])
def test_a_default_namespace_from_above_is_no_hindrance(verify: Any, c14n: Any) -> None:
    """A signed part whose elements stand in a default namespace declared above it, under Cyrillic names, is good."""
    inner = '<record Id="one"><үй><name>Айгүл</name></үй></record>'
    root = sign("#one", c14n=c14n, document=f'<act xmlns="urn:d" Id="whole">{inner}</act>')
    assert verify(etree.tostring(root, encoding="utf-8"))[1]["valid"] is True


def test_our_own_signed_message_is_verified(kopuro: Kopuro, keys: Path, tmp_path: Path) -> None:
    """A signed sample signs Body, Timestamp and HeaderBinding; the digest is that of the Body's canonical bytes."""
    file = tmp_path / "sample.xml"
    file.write_text(kopuro("sample", "getLearnerStatus", "--signed").out, encoding="utf-8")
    ended = kopuro("signature", "verify", "--cert", str(keys / "keys" / "social-fund.crt"), str(file))
    line = json.loads(ended.out)
    assert (ended.code, line["valid"]) == (0, True)
    body = etree.tostring(etree.fromstring(file.read_bytes())[1], method="c14n", exclusive=True)
    digests = {part["name"]: part["sha256"] for part in line["signed"]}
    assert digests.keys() == {"Body", "Timestamp", "HeaderBinding"}
    assert digests["Body"] == hashlib.sha256(body).hexdigest()
    changed = file.read_bytes().replace(b"KG-sandbox-officer", b"KG-another-officer")
    file.write_bytes(changed)
    ended = kopuro("signature", "verify", "--cert", str(keys / "keys" / "social-fund.crt"), str(file))
    assert (ended.code, json.loads(ended.out)["reason"]) == (
        1,
        "the X-Road header is not the one that was signed",
    )


def _signature(root: etree._Element) -> etree._Element:
    return root.find(f".//{DS}Signature")


def wrapped() -> etree._Element:
    """Move the signed record away and put another in its place, with the id of its own."""
    root = sign("#one")
    record = root.find(".//*[@Id='one']")
    evil = copy.deepcopy(record)
    evil.set("Id", "evil")
    evil[1].text = "20101202012345"
    evil.remove(_signature(evil))
    root.replace(record, evil)
    etree.SubElement(root, "{urn:d}hidden").append(record)
    return root


def wrapped_whole() -> etree._Element:
    """Put the whole signed document into another of its kind."""
    evil = etree.fromstring(
        DOCUMENT.replace("10101202012345", "20101202012345").replace(' Id="', ' d:id="').encode()
    )
    etree.SubElement(evil, "{urn:d}hidden").append(sign("#whole"))
    return evil


def same_id_twice() -> etree._Element:
    root = sign("#one")
    root.insert(0, copy.deepcopy(root.find(".//*[@Id='one']/*")))
    root[0].set("Id", "one")
    return root


def second_signature() -> etree._Element:
    root = sign()
    root.append(copy.deepcopy(_signature(root)))
    return root


def hmac_with_the_public_key() -> etree._Element:
    certificate = key_pair("foreign")[1].read_bytes()
    return sign(
        method=T.HMAC_SHA256, key=xmlsec.Key.from_binary_data(xmlsec.constants.KeyDataHmac, certificate)
    )


def changed_text() -> etree._Element:
    root = sign()
    root.find(".//{urn:d}pin").text = "20101202012345"
    return root


def changed_attribute() -> etree._Element:
    root = sign()
    root.set("{urn:d}kind", "death")
    return root


def comment_in_a_text() -> etree._Element:
    root = sign()
    pin = root.find(".//{urn:d}pin")
    pin.text, comment = "101", etree.Comment("x")
    comment.tail = "01202012345"
    pin.append(comment)
    return root


def document_type() -> bytes:
    return b'<!DOCTYPE act [<!ENTITY e "x">]>' + etree.tostring(sign())


def signs_another_element() -> etree._Element:
    """Take a record's good signature, and let it stand in the root as if it signed that."""
    root = sign("#one")
    signature = _signature(root)
    signature.getparent().remove(signature)
    root.append(signature)
    return root


def detached_over_another() -> etree._Element:
    """Sign the record from the root, without the enveloped transform."""
    root = etree.fromstring(DOCUMENT.encode())
    signature = xmlsec.template.create(root, T.EXCL_C14N, T.RSA_SHA256, ns="ds")
    reference = xmlsec.template.add_reference(signature, T.SHA256, uri="#one")
    xmlsec.template.add_transform(reference, T.EXCL_C14N)
    root.append(signature)
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_file(str(key_pair("foreign")[0]), xmlsec.constants.KeyDataFormatPem)
    context.register_id(root.find(".//*[@Id='one']"), "Id")
    context.sign(signature)
    return root


def with_object() -> etree._Element:
    root = sign()
    etree.SubElement(_signature(root), f"{DS}Object").text = "anything"
    return root


def unsigned() -> bytes:
    return DOCUMENT.encode()


REFUSED = {
    wrapped: "another record stands in the document",
    wrapped_whole: "another act stands in the document",
    same_id_twice: "an id stands twice",
    second_signature: "2 signatures",
    lambda: sign(digest=T.SHA1): "digest algorithm sha1 is not accepted",
    lambda: sign(method=T.RSA_SHA1): "signature algorithm rsa-sha1 is not accepted",
    hmac_with_the_public_key: "hmac-sha256 is not accepted",
    lambda: sign("#one", c14n=T.C14N_COMMENTS): "canonicalisation|transforms",
    changed_text: "changed",
    changed_attribute: "changed",
    comment_in_a_text: "comment",
    document_type: "document type",
    signs_another_element: "enveloped signature must be a child",
    detached_over_another: "does not sign the element it stands in",
    with_object: "SignedInfo, SignatureValue",
    unsigned: "0 signatures",
}
NAMES = [getattr(made, "__name__", "") for made in REFUSED]
NAMES = [name if name != "<lambda>" else f"algorithm {place}" for place, name in enumerate(NAMES)]


@pytest.mark.parametrize(("made", "reason"), REFUSED.items(), ids=NAMES)
def test_a_signature_that_proves_something_else_is_refused(verify: Any, made: Any, reason: str) -> None:
    """The code is 1 and the reason a sentence; a refused document has no signed parts."""
    ended, line = verify(made())
    assert (ended.code, line["valid"], line["signed"]) == (1, False, [])
    assert any(word in line["reason"] for word in reason.split("|")), line["reason"]
    assert "10101202012345" not in ended.out + ended.err


def test_a_foreign_certificate_is_refused(verify: Any) -> None:
    """Only the certificate given counts; a KeyInfo with another one changes nothing."""
    ended, line = verify(sign(), who="stranger")
    assert (ended.code, line["valid"]) == (1, False)
    assert "certificate" in line["reason"]
    root = sign()
    info = etree.SubElement(_signature(root), f"{DS}KeyInfo")
    data = etree.SubElement(etree.SubElement(info, f"{DS}X509Data"), f"{DS}X509Certificate")
    data.text = "".join(key_pair("foreign")[1].read_text().splitlines()[1:-1])
    assert verify(root, who="stranger")[1]["valid"] is False


def test_many_files_get_a_line_each(kopuro: Kopuro, tmp_path: Path) -> None:
    """One bad file does not hide the others; the code is 1 as soon as one is refused."""
    files = []
    for name, document in {"good": sign(), "bad": changed_text(), "fine": sign("#one")}.items():
        files.append(tmp_path / f"{name}.xml")
        files[-1].write_bytes(etree.tostring(document))
    certificate = str(key_pair("foreign")[1])
    ended = kopuro("signature", "verify", "--cert", certificate, *map(str, files))
    assert [json.loads(line)["valid"] for line in ended.out.splitlines()] == [True, False, True]
    assert ended.code == 1
    assert kopuro("signature", "verify", "--cert", certificate, str(files[0]), str(files[2])).code == 0


@pytest.mark.parametrize("certificate", ["missing.crt", ".", "file.xml"])
def test_a_certificate_that_is_none_is_a_sentence(kopuro: Kopuro, tmp_path: Path, certificate: str) -> None:
    """A wrong --cert ends the command with code 2 and says what is wrong with the file."""
    (tmp_path / "file.xml").write_bytes(etree.tostring(sign()))
    ended = kopuro("signature", "verify", "--cert", str(tmp_path / certificate), str(tmp_path / "file.xml"))
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("kopuro: ")
    assert ended.err.count("\n") == 1
