"""The conformance report: each rule is judged on its own, and all together agree with a security server."""

import csv
import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree
from typer.testing import CliRunner

from gateway.cli import build
from gateway.cli.published import Published
from gateway.foundation.xml import MAX_BYTES
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.sandbox.people import population
from gateway.xroad.check import check
from gateway.xroad.conformance import Against, Report, examine, rules
from gateway.xroad.envelope import CONTENT_TYPE, asking_shell
from gateway.xroad.fault_catalogue import LANGUAGES
from gateway.xroad.namespaces import SOAP, WSSE
from gateway.xroad.security import Sealing, sign_message
from tests.pki import signer
from tests.running import make_settings
from tests.xroad.messages import CONTENT, header

ID = "5f0c6c0e-4d6f-4a3e-9d5b-2f1c6f1f0a01"
PIN = "10101202012345"
SHELL = asking_shell(header(message_id=ID))
PLAIN = SHELL.wrap(SHELL.body(CONTENT))
ANSWER = PLAIN.replace(b"p:getThing", b"p:getThingResponse")
FAULT = (
    f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring>'
    "</s:Fault></s:Body></s:Envelope>"
).encode()
MULTIPART = 'multipart/related; boundary="b"'


def swap(old: str, new: str, data: bytes = PLAIN) -> bytes:
    assert old.encode() in data
    return data.replace(old.encode(), new.encode(), 1)


def signed(at: datetime | None = None) -> bytes:
    made = asking_shell(header(message_id=ID))
    return sign_message(made, CONTENT, Sealing(signer=signer("agency")), at=at or datetime.now(UTC))


def with_include(content_id: str) -> bytes:
    xop = "http://www.w3.org/2004/08/xop/include"
    return swap("a &amp; b", f'<xop:Include xmlns:xop="{xop}" href="cid:{content_id}"/>')


def multipart(*, soap: bytes = PLAIN, encoding: str = "binary", end: str = "--b--") -> bytes:
    return (
        b"--b\r\nContent-Type: text/xml; charset=UTF-8\r\n\r\n"
        + soap
        + f"\r\n--b\r\nContent-Type: image/png\r\nContent-ID: <p>\r\nContent-Transfer-Encoding: {encoding}"
        f"\r\n\r\nx\r\n{end}\r\n".encode()
    )


def cut(pattern: str, data: bytes = PLAIN, new: str = "") -> bytes:
    made, count = re.subn(pattern.encode(), new.encode(), data, count=1, flags=re.DOTALL)
    assert count == 1
    return made


def twice(pattern: str, data: bytes = PLAIN) -> bytes:
    return cut(f"({pattern})", data, r"\1\1")


def inserted(element: str, data: bytes = PLAIN) -> bytes:
    return swap("</soapenv:Header>", f"{element}</soapenv:Header>", data)


@dataclass(frozen=True, kw_only=True)
class Break:
    """A message that breaks one rule."""

    data: bytes | Callable[[], bytes]
    outcome: str = "failed"
    code: str = ""
    content_type: str = CONTENT_TYPE
    side: str = "request"
    headers: dict[str, str] = field(default_factory=dict)
    certificate: bool = False

    def examine(self) -> Report:
        data = self.data if isinstance(self.data, bytes) else self.data()
        certificates = (signer("agency").certificate,) if self.certificate else ()
        against = Against(side=self.side, certificates=certificates)
        return examine(data, self.content_type, headers=self.headers, against=against)


SERVER = (
    '<xrd:securityServer id:objectType="SERVER"><id:xRoadInstance>a</id:xRoadInstance><id:memberClass>b'
    "</id:memberClass><id:memberCode>c</id:memberCode><id:serverCode>d</id:serverCode></xrd:securityServer>"
)
PARTY = '<r:representedParty xmlns:r="http://x-road.eu/xsd/representation.xsd"><r:partyCode>1</r:partyCode></r:representedParty>'
TOKEN = (
    '<t:securityToken xmlns:t="http://x-road.eu/xsd/security-token.xsd" tokenType="urn:x">x</t:securityToken>'
)
HASH = '<xrd:requestHash algorithmId="urn:x">aGFzaA==</xrd:requestHash>'
CLIENT, SERVICE = "<xrd:client.*?</xrd:client>", "<xrd:service .*?</xrd:service>"
DUPLICATE = "duplicate_header_field"
WARNED = "warned"

BREAKS = {
    "http.content_type": Break(data=PLAIN, content_type="text/html", code="invalid_content_type"),
    "http.soap_action": Break(
        data=PLAIN, headers={"SoapAction": "urn:getThing"}, code="invalid_soap_action"
    ),
    "mime.parts": Break(
        data=multipart(end=""), content_type=MULTIPART, code="mime_parsing_failed"
    ),
    "mime.attachments": Break(
        data=multipart(encoding="uuencode"), content_type=MULTIPART, code="mime_parsing_failed"
    ),
    "mime.references": Break(
        data=multipart(soap=with_include("q")), content_type=MULTIPART, code="ATTACHMENT_REFERENCE"
    ),
    "document.size": Break(data=lambda: PLAIN + b" " * MAX_BYTES, code="invalid_soap"),
    "document.charset": Break(data=swap("case/1", "case/\u00e9").replace(b"\xc3\xa9", b"\xe9"), code="invalid_soap"),
    "document.byte_order_mark": Break(data=b"\xef\xbb\xbf" + PLAIN, outcome=WARNED),
    "document.no_doctype": Break(data=swap("?>", "?><!DOCTYPE x>"), code="invalid_soap"),
    "document.well_formed": Break(data=swap("</xrd:id>", ""), code="invalid_soap"),
    "envelope.soap11": Break(
        data=PLAIN.replace(SOAP.encode(), b"http://www.w3.org/2003/05/soap-envelope"), code="invalid_soap"
    ),
    "envelope.one_header": Break(data=cut("<soapenv:Header.*</soapenv:Header>"), code="missing_header"),
    "envelope.one_body": Break(data=cut("<soapenv:Body.*</soapenv:Body>"), code="missing_body"),
    "envelope.no_fault": Break(data=FAULT, code="invalid_message"),
    "client.present": Break(data=cut(CLIENT), code="missing_header_field"),
    "client.once": Break(data=twice(CLIENT), code=DUPLICATE),
    "client.object_type": Break(data=swap('"SUBSYSTEM"', '"SERVER"'), code="invalid_xml"),
    "client.parts": Break(data=cut("<id:subsystemCode>.*?</id:subsystemCode>"), code="invalid_xml"),
    "service.present": Break(data=cut(SERVICE), code="missing_header_field"),
    "service.once": Break(data=twice(SERVICE), code=DUPLICATE),
    "service.object_type": Break(data=swap(' id:objectType="SERVICE"', ""), code="invalid_xml"),
    "service.parts": Break(data=twice("<id:serviceVersion>v1</id:serviceVersion>"), code=DUPLICATE),
    "service.name": Break(
        data=PLAIN.replace(b"getThing", b"getThingResponse"), side="response", outcome=WARNED
    ),
    "id.present": Break(data=cut("<xrd:id>.*?</xrd:id>"), code="missing_header_field"),
    "id.filled": Break(data=swap(ID, " "), outcome=WARNED),
    "id.once": Break(data=twice("<xrd:id>.*?</xrd:id>"), code=DUPLICATE),
    "id.uuid": Break(data=swap(ID, "42"), outcome=WARNED),
    "userId.once": Break(data=twice("<xrd:userId>.*?</xrd:userId>"), code=DUPLICATE),
    "userId.given": Break(data=cut("<xrd:userId>.*?</xrd:userId>"), outcome=WARNED),
    "issue.once": Break(data=twice("<xrd:issue>.*?</xrd:issue>"), code=DUPLICATE),
    "issue.given": Break(data=cut("<xrd:issue>.*?</xrd:issue>"), outcome=WARNED),
    "issue.meaningful": Break(data=swap("case/1", "?"), outcome=WARNED),
    "protocolVersion.present": Break(
        data=cut("<xrd:protocolVersion>.*?</xrd:protocolVersion>"), code="missing_header_field"
    ),
    "protocolVersion.once": Break(
        data=twice("<xrd:protocolVersion>.*?</xrd:protocolVersion>"), code=DUPLICATE
    ),
    "protocolVersion.version": Break(data=swap(">4.0<", ">3.1<"), code="invalid_protocol_version"),
    "securityServer.once": Break(data=inserted(SERVER * 2), code=DUPLICATE),
    "securityServer.object_type": Break(data=inserted(SERVER.replace("SERVER", "MEMBER")), code="invalid_xml"),
    "securityServer.parts": Break(
        data=inserted(SERVER.replace("<id:serverCode>d</id:serverCode>", "")), code="invalid_xml"
    ),
    "representedParty.once": Break(data=inserted(PARTY * 2), code=DUPLICATE),
    "securityToken.once": Break(data=inserted(TOKEN * 2), code=DUPLICATE),
    "requestHash.once": Break(data=inserted(HASH * 2, ANSWER), side="response", code=DUPLICATE),
    "requestHash.absent": Break(data=inserted(HASH), outcome=WARNED),
    "header.text_only": Break(data=swap("KG1", "KG<b/>1"), code="invalid_xml"),
    "header.alphabet": Break(data=swap("settlements-service", "settlements_service"), outcome=WARNED),
    "header.unknown": Break(data=inserted('<x:mine xmlns:x="urn:x"/>'), outcome=WARNED),
    "body.one_element": Break(data=swap("</soapenv:Body>", "<second/></soapenv:Body>"), code="invalid_body"),
    "body.names_service": Break(
        data=PLAIN.replace(b"p:getThing", b"p:getOther"), code="inconsistent_headers"
    ),
    "body.direction": Break(data=ANSWER, code="invalid_message"),
    "signature.place": Break(data=lambda: swap("</soapenv:Envelope>", "<x/></soapenv:Envelope>", signed())),
    "signature.shape": Break(data=lambda: cut("<(ds:|)SignatureValue.*?SignatureValue>", signed())),
    "signature.algorithms": Break(data=lambda: swap("#rsa-sha256", "#rsa-md5", signed())),
    "signature.references": Break(data=lambda: swap('URI="#timestamp"', 'URI="#elsewhere"', signed())),
    "signature.timestamp": Break(data=lambda: swap("Z</wsu:Created>", "</wsu:Created>", signed())),
    "signature.age": Break(data=lambda: signed(datetime.now(UTC) - timedelta(days=2)), outcome=WARNED),
    "signature.verified": Break(data=lambda: swap("a &amp; b", "a &amp; c", signed()), certificate=True),
}  # fmt: skip
OURS = ("ours.known", "ours.schema", "ours.subject", "ours.agreement", "ours.signed", "ours.purpose")


def broken(report: Report) -> dict[str, str]:
    return {
        finding.rule.id: finding.outcome
        for finding in report.findings
        if finding.outcome in {"failed", "warned"}
    }


def assert_agreement(data: bytes, content_type: str, side: str | None) -> None:
    """The rules of the protocol fail exactly when the verdict refuses, and one of them under its code."""
    report = examine(data, content_type, against=Against(side=side))
    verdict = check(data, content_type, side=side)
    codes = {
        finding.code
        for finding in report.findings
        if finding.outcome == "failed" and finding.rule.layer == "protocol"
    }
    assert report.verdict == verdict
    assert (verdict.outcome == "reject") == bool(codes), (verdict, codes)
    assert verdict.outcome != "reject" or verdict.code in codes, (verdict, codes)


def test_a_good_message_breaks_nothing() -> None:
    """Plain, with attachments or signed: nothing is failed and nothing is warned about."""
    request = Against(side="request")
    certified = Against(side="request", certificates=(signer("agency").certificate,))
    for data, content_type, against in (
        (PLAIN, CONTENT_TYPE, request),
        (multipart(), MULTIPART, request),
        (multipart(soap=with_include("p")), MULTIPART, request),
        (signed(), CONTENT_TYPE, certified),
        (inserted(SERVER + PARTY + TOKEN), CONTENT_TYPE, request),
        (inserted(HASH, ANSWER), CONTENT_TYPE, Against(side="response")),
        (FAULT, CONTENT_TYPE, Against(side="response")),
    ):
        report = examine(data, content_type, against=against)
        assert broken(report) == {}
        assert report.conforms
    passed = {
        finding.rule.id
        for finding in examine(signed(), CONTENT_TYPE, against=certified).findings
        if finding.outcome == "passed"
    }
    assert {"signature.verified", "signature.references", "signature.age"} <= passed


@pytest.mark.parametrize("rule", BREAKS)
def test_each_rule_can_be_broken_alone(rule: str) -> None:
    """A message that breaks one rule is reported under that rule and no other, with a place and a cure."""
    wanted = BREAKS[rule]
    report = wanted.examine()
    assert broken(report) == {rule: wanted.outcome}
    finding = next(finding for finding in report.findings if finding.rule.id == rule)
    layer = finding.rule.layer
    if wanted.outcome == "failed":
        assert finding.code == (wanted.code or {"signature": "SIGNATURE_INVALID"}[layer])
        assert not report.conforms
    assert report.conforms == (wanted.outcome == "warned")
    assert finding.where
    assert finding.as_json("en")["fix"]


def test_every_rule_has_its_message() -> None:
    """No rule is only on paper: each is broken by a message above or below."""
    assert {*BREAKS, *OURS} == set(rules())


@pytest.mark.parametrize(
    ("action", "legal"),
    [
        (None, True), ("", True), ('""', True), ('"urn:x"', True), ('"http://a.b/c?d=e#f"', True),
        ("urn:x", False), ('"urn:x', False), ('urn:x"', False), ('""urn:x"', False), ('"urn: x"', False),
        (' "urn:x"', False), ('"urn:%zz"', False), ('"<urn>"', False),
    ],
)  # fmt: skip
def test_soap_action_is_absent_empty_or_a_quoted_uri(action: str | None, *, legal: bool) -> None:
    """As a security server judges it: unquoted, half-quoted and spaced ones are not legal."""
    headers = {} if action is None else {"SOAPAction": action}
    assert examine(PLAIN, CONTENT_TYPE, headers=headers).conforms == legal


def test_one_broken_rule_does_not_hide_the_next() -> None:
    """Everything wrong with a message is told at once, not one thing per attempt."""
    data = cut("<id:memberCode>.*?</id:memberCode>", cut("<xrd:issue>.*?</xrd:issue>"))
    data = swap(">4.0<", ">5<", swap(ID, "1", swap('"SUBSYSTEM"', '"X"', data)))
    data = data.replace(b"p:getThing", b"p:other")
    report = examine(data, "text/plain", against=Against(side="request"))
    assert broken(report) == {
        "http.content_type": "failed", "client.object_type": "failed", "client.parts": "failed",
        "id.uuid": "warned", "issue.given": "warned", "protocolVersion.version": "failed",
        "body.names_service": "failed",
    }  # fmt: skip


def test_a_service_by_another_ending_is_only_a_warning() -> None:
    """`getThingRequest` passes security servers, but it is not what the protocol says."""
    report = examine(PLAIN.replace(b"p:getThing", b"p:getThingRequest"), CONTENT_TYPE)
    assert broken(report) == {"body.names_service": "warned"}
    assert report.verdict.outcome == "accept"


@pytest.mark.needs("corpus")
def test_the_report_agrees_with_the_verdict_on_x_roads_own_messages(corpus: Path) -> None:
    """On every message of the corpus the rules fail exactly when the verdict refuses."""
    with (corpus / "index.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["file"].startswith("soap/")]
    assert len(rows) >= 40
    for row in rows:
        for side in ("request", "response", None):
            assert_agreement((corpus / row["file"]).read_bytes(), row["content_type"], side)


BASES = [etree.fromstring(data) for data in (PLAIN, ANSWER, FAULT, signed(), inserted(SERVER + PARTY + HASH))]
NAMES = [
    *sorted({str(node.tag) for base in BASES for node in base.iter(etree.Element)}),
    "{urn:x}other",
    "other",
]
TEXTS = ["", " ", "4.0", "4.9", "5", "1", "?", "getThing", "getThingResponse", "get", "a b", "Ж", ID]
CHARSETS = [
    "",
    "; charset=utf-8",
    "; charset=windows-1251",
    "; charset=utf-16",
    "; charset=none",
    '; charset="',
]
TYPES = ["text/xml", "application/xop+xml", "text/html", "", MULTIPART, "TEXT/XML", "multipart/mixed"]


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A message with a few things done to its tree, and now and then to its bytes."""
    root = deepcopy(draw(st.sampled_from(BASES)))
    for _ in range(draw(st.integers(0, 4))):
        nodes = list(root.iter(etree.Element))
        node = draw(st.sampled_from(nodes))
        parent = node.getparent()
        match draw(st.sampled_from(["cut", "double", "name", "text", "child", "type", "comment", "move"])):
            case "cut" if parent is not None:
                parent.remove(node)
            case "double" if parent is not None:
                parent.append(deepcopy(node))
            case "name":
                node.tag = draw(st.sampled_from(NAMES))
            case "text":
                node.text = draw(st.sampled_from(TEXTS))
            case "child":
                etree.SubElement(node, draw(st.sampled_from(NAMES)))
            case "type":
                for name in node.attrib:
                    node.set(
                        name, draw(st.sampled_from(["MEMBER", "SUBSYSTEM", "SERVICE", "SERVER", "X", ""]))
                    )
            case "comment":
                node.insert(0, etree.Comment("c"))
            case "move" if parent is not None:
                root.append(node)
    encoding = draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "windows-1251", "utf-16"]))
    data = etree.tostring(root, encoding=encoding, xml_declaration=draw(st.booleans()))
    if draw(st.integers(0, 4)) == 0:
        place = draw(st.integers(0, len(data)))
        data = data[:place] + draw(st.binary(max_size=4)) + data[place + draw(st.integers(0, 9)) :]
    return data


@settings(max_examples=500, deadline=None)
@given(
    mutated(),
    st.sampled_from(TYPES[:2] * 6 + TYPES),
    st.sampled_from(CHARSETS[:2] * 3 + CHARSETS),
    st.sampled_from(["request", "response", None]),
)
def test_the_report_agrees_with_the_verdict_on_broken_messages(
    data: bytes, kind: str, charset: str, side: str | None
) -> None:
    """However a message is broken, the rules and the verdict of a security server say the same."""
    assert_agreement(data, kind + charset, side)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200), st.text(max_size=40))
def test_the_report_agrees_with_the_verdict_on_noise(data: bytes, content_type: str) -> None:
    """Any bytes under any Content-Type get a report, and it agrees."""
    for each in (data, PLAIN[:50] + data, multipart()[:60] + data):
        for kind in (content_type, f"text/xml; charset={content_type}", MULTIPART):
            assert_agreement(each, kind, "request")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory):
    return make_settings("postgresql://nobody@localhost/unused", tmp_path_factory.mktemp("conformance"))


def our_request(house) -> bytes:
    child = population(2026, 50).roles["child"]
    wish = Wish(
        service_code="getLearnerStatus", about=about_learner(child.pin or "", child.birth_date), message_id=ID
    )
    return write_request(house, wish, signed=True)


def unsigned_portal(house, **changes: str) -> bytes:
    child = population(2026, 50).roles["child"]
    about = about_learner(changes.get("pin", child.pin or ""), child.birth_date)
    return write_request(
        house, Wish(service_code="getLearnerStatus", about=about, message_id=ID), signed=False
    )


def break_ours(rule: str, house) -> bytes:
    """Give a request to our own service that breaks one of its rules."""
    match rule:
        case "ours.known":
            return swap("<id:serviceVersion>v1", "<id:serviceVersion>v9", unsigned_portal(house))
        case "ours.schema":
            return cut(
                "<isuo:birthDate>.*?</isuo:birthDate>",
                unsigned_portal(house),
                "<isuo:birthDate>no</isuo:birthDate>",
            )
        case "ours.subject":
            return unsigned_portal(house, pin="30101202012345")
        case "ours.agreement":
            return swap("state-services-portal", "somebody-else", unsigned_portal(house))
        case "ours.signed":
            return cut("<wsse:Security.*</wsse:Security>", our_request(house))
        case _:
            return swap("<isuo:agreementNo>", "<isuo:agreementNo>X", unsigned_portal(house))


def test_a_good_request_to_us_keeps_every_rule(house) -> None:
    """What `kopuro sample` writes is in order, its signature verified with the agreed certificate."""
    report = examine(
        our_request(house), CONTENT_TYPE, against=Against(side="request", provider=Published(house))
    )
    assert broken(report) == {}
    outcomes = {finding.rule.id: finding.outcome for finding in report.findings}
    assert {outcomes[rule] for rule in (*OURS, "signature.verified")} == {"passed"}


@pytest.mark.parametrize("rule", OURS)
def test_each_rule_of_our_services_can_be_broken_alone(rule: str, house) -> None:
    """Offer, schema, subject, agreement, signature and purpose are told apart, each under its published fault."""
    codes = {
        "ours.known": "unknown_service", "ours.schema": "SCHEMA", "ours.subject": "PIN_INCORRECT",
        "ours.agreement": "AGREEMENT_MISSING", "ours.signed": "SIGNATURE_INVALID",
        "ours.purpose": "AGREEMENT_MISSING",
    }  # fmt: skip
    against = Against(side="request", provider=Published(house))
    report = examine(break_ours(rule, house), CONTENT_TYPE, against=against)
    assert broken(report) == {rule: "failed"}
    assert next(finding.code for finding in report.findings if finding.rule.id == rule) == codes[rule]
    assert report.verdict.outcome == "accept"


def test_a_tampered_request_to_us_does_not_verify(house) -> None:
    """The agreed certificate is used by itself, and the reason is told."""
    data = swap("CASE/2026/000123</xrd:issue>", "CASE/2026/000124</xrd:issue>", our_request(house))
    report = examine(data, CONTENT_TYPE, against=Against(side="request", provider=Published(house)))
    assert broken(report) == {"signature.verified": "failed"}
    assert any("header" in finding.detail for finding in report.findings)


def test_no_report_quotes_a_value_of_the_message(house) -> None:
    """A report names places and never what stands there."""
    child = population(2026, 50).roles["child"]
    reports = [wanted.examine() for wanted in BREAKS.values()]
    against = Against(side="request", provider=Published(house))
    reports += [examine(break_ours(rule, house), CONTENT_TYPE, against=against) for rule in OURS]
    for report in reports:
        written = json.dumps(report.as_json("en"), ensure_ascii=False)
        for value in (PIN, child.pin, "30101202012345", "case/1", "CASE/2026", ID, "KG1"):
            assert value not in written


def test_every_rule_is_written_in_three_languages() -> None:
    """Titles and cures are there in Kyrgyz, Russian and English, each its own, with no field left open."""
    for rule in rules().values():
        fixes = [rule.fixes[language] for language in LANGUAGES]
        assert len(set(fixes)) == len(LANGUAGES), rule.id
        for text in [*fixes, *rule.titles.values()]:
            assert text.strip(), rule.id
            assert "{" not in text, rule.id
        assert rule.clause
    ids = list(rules())
    assert ids.index("http.content_type") < ids.index("client.present") < ids.index("body.one_element")
    assert WSSE  # the profile these rules speak of


def test_the_command_reports_and_keeps_its_short_line(tmp_path: Path) -> None:
    """`message check` prints the same short line as ever; with --report it adds every rule."""
    file = tmp_path / "message.xml"
    file.write_bytes(swap(">4.0<", ">5<"))
    short = CliRunner().invoke(build(), ["message", "check", str(file)])
    assert short.exit_code == 1
    assert list(json.loads(short.stdout)) == ["file", "outcome", "code", "where", "hint"]
    long = CliRunner().invoke(
        build(), ["message", "check", "--report", "--as", "request", "--language", "ru", str(file)]
    )
    assert long.exit_code == 1
    report = json.loads(long.stdout)
    assert report["verdict"]["code"] == json.loads(short.stdout)["code"] == "invalid_protocol_version"
    wanted = examine(file.read_bytes(), CONTENT_TYPE, against=Against(side="request")).as_json("ru")
    assert [rule["id"] for rule in report["rules"]] == list(rules())
    assert report["rules"][:44] == wanted["rules"][:44]
