"""Hostile SOAP: shapes of the envelope, tricks with identifiers, values on the edge, and injections."""

from collections.abc import Iterator

from tests.hostile.probe import (
    CANARY_PIN,
    IDENTIFIERS,
    ISUO,
    SOAP,
    XROAD,
    Probe,
    Verdict,
    document_message,
    message,
    post,
)

_PIN = f"<p:pin>{CANARY_PIN}</p:pin>"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"


def _between(text: str, start: str, end: str) -> str:
    return text[text.index(start) : text.index(end) + len(end)]


def shapes(file_url: str, http_url: str) -> Iterator[Probe]:
    """Envelopes with too many, too few or misplaced parts."""
    legal = message()
    header, body = _between(legal, "<e:Header", "</e:Header>"), _between(legal, "<e:Body>", "</e:Body>")
    content = _between(legal, "<p:getLearnerStatus", "</p:getLearnerStatus>")
    fault = "<e:Fault><faultcode>x</faultcode><faultstring>y</faultstring></e:Fault>"

    def swapped(old: str, new: str) -> str:
        return message((old, new)) if old in message() else legal.replace(old, new)

    for name, text, verdict, code in (
        ("two bodies", swapped("</e:Envelope>", f"{body}</e:Envelope>"), "fault", "invalid_soap"),
        ("two headers", legal.replace("<e:Body>", f"{header}<e:Body>"), "fault", "invalid_soap"),
        ("body before header", message().replace(header, "").replace("</e:Envelope>", f"{header}</e:Envelope>"), "either", ""),
        ("no header", legal.replace(header, ""), "fault", "missing_header"),
        ("no body", legal.replace(body, ""), "fault", "missing_body"),
        ("empty header", legal.replace(header, "<e:Header/>"), "fault", "missing_header_field"),
        ("empty body", legal.replace(body, "<e:Body/>"), "fault", "invalid_body"),
        ("body of text", legal.replace(body, "<e:Body>x</e:Body>"), "fault", "invalid_body"),
        ("two contents", legal.replace(content, content * 2), "fault", "invalid_body"),
        ("fault as request", legal.replace(content, fault), "fault", "invalid_message"),
        ("fault beside content", legal.replace(content, content + fault), "fault", "invalid_message"),
        ("fault without header", f'<e:Envelope xmlns:e="{SOAP}"><e:Body>{fault}</e:Body></e:Envelope>', "fault", "invalid_message"),
        ("response as request", swapped("p:getLearnerStatus", "p:getLearnerStatusResponse"), "fault", "invalid_message"),
        ("content of another service", swapped("p:getLearnerStatus", "p:verifyEducationDocument"), "fault", "inconsistent_headers"),
        ("content with a suffix", swapped("p:getLearnerStatus", "p:getLearnerStatusX"), "fault", "SCHEMA"),
        ("content in no namespace", legal.replace(f' xmlns:p="{ISUO}"', "").replace("<p:", "<").replace("</p:", "</"), "fault", "SCHEMA"),
        ("content in another namespace", swapped(ISUO, "urn:x"), "fault", "SCHEMA"),
        ("SOAP 1.2", swapped(SOAP, "http://www.w3.org/2003/05/soap-envelope"), "fault", "invalid_soap"),
        ("no SOAP namespace", swapped(SOAP, "urn:soap"), "fault", "invalid_soap"),
        ("envelope in the envelope", legal.replace(content, legal.split("?>\n")[1]), "fault", ""),
        ("envelope in small letters", swapped("e:Envelope", "e:envelope"), "fault", "invalid_soap"),
        ("old protocol", swapped("<x:protocolVersion>4.0", "<x:protocolVersion>3.1"), "fault", "invalid_protocol_version"),
        ("no protocol", swapped("<x:protocolVersion>4.0</x:protocolVersion>", ""), "fault", "missing_header_field"),
        ("empty id", message(("MESSAGE-ID", "")), "fault", "missing_header_field"), ("white id", legal.replace(_between(legal, "<x:id>", "</x:id>"), "<x:id> \n </x:id>"), "fault", ""),
        ("no id", legal.replace(_between(legal, "<x:id>", "</x:id>"), ""), "fault", "missing_header_field"),
        ("two ids", swapped("<x:issue>", "<x:id>other</x:id><x:issue>"), "fault", "duplicate_header_field"),
        ("an id of elements", swapped("<x:issue>", "<x:id><a/></x:id><x:issue>"), "fault", ""),
        ("two clients", legal.replace("<x:userId>", _between(legal, "<x:client", "</x:client>") + "<x:userId>"), "fault", "duplicate_header_field"),
        ("no client", legal.replace(_between(legal, "<x:client", "</x:client>"), ""), "fault", "missing_header_field"),
        ("no service", legal.replace(_between(legal, "<x:service", "</x:service>"), ""), "fault", "missing_header_field"),
        ("two services", legal.replace("<x:userId>", _between(legal, "<x:service", "</x:service>") + "<x:userId>"), "fault", "duplicate_header_field"),
        ("client as service", swapped('<x:client i:objectType="SUBSYSTEM"', '<x:client i:objectType="SERVICE"'), "fault", "invalid_xml"),
        ("objectType unqualified", swapped("<x:client i:objectType", "<x:client objectType"), "fault", "invalid_xml"),
        ("no user", swapped("<x:userId>KG-officer</x:userId>", ""), "fault", "USER_MISSING"),
        ("no issue", swapped("<x:issue>CASE/1</x:issue>", ""), "fault", "ISSUE_MISSING"),
        ("a user of elements", swapped("KG-officer", "<b/>"), "fault", "invalid_xml"),
        ("mustUnderstand", swapped("<x:userId>", '<a e:mustUnderstand="1"/><x:userId>'), "either", ""),
        ("an actor", swapped("<x:userId>", '<a e:actor="http://127.0.0.1/"/><x:userId>'), "either", ""),
        ("encodingStyle", swapped("<e:Body>", '<e:Body e:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/">'), "either", ""),
        ("href and id (SOAP encoding)", swapped(_PIN, f'<p:pin href="#a" id="a">{CANARY_PIN}</p:pin>'), "fault", "SCHEMA"),
        ("XInclude", swapped(_PIN, f'<p:pin><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{file_url}" parse="text"/></p:pin>'), "fault", "SCHEMA"),
        ("a stylesheet", legal.replace("<e:Envelope", f'<?xml-stylesheet href="{http_url}" type="text/xsl"?><e:Envelope', 1).replace("hostile-", "hostile-s-"), "either", ""),
        ("schemaLocation", swapped("<p:getLearnerStatus ", f'<p:getLearnerStatus xmlns:s="{_XSI}" s:schemaLocation="{ISUO} {http_url} urn:x {file_url}" '), "either", ""),
        ("noNamespaceSchemaLocation", swapped("<p:getLearnerStatus ", f'<p:getLearnerStatus xmlns:s="{_XSI}" s:noNamespaceSchemaLocation="{http_url}" '), "either", ""),
        ("xsi:type", swapped("<p:pin>", f'<p:pin xmlns:s="{_XSI}" xmlns:c="http://www.w3.org/2001/XMLSchema" s:type="c:anyURI">'), "fault", "SCHEMA"),
        ("xsi:nil", swapped(_PIN, f'<p:pin xmlns:s="{_XSI}" s:nil="true"/>'), "fault", "SCHEMA"),
        ("xml:base", swapped("<p:getLearnerStatus ", f'<p:getLearnerStatus xml:base="{http_url}" '), "fault", "SCHEMA"),
        ("a PIN as an element's name", swapped(_PIN, f"<p:_{CANARY_PIN}/>"), "fault", "SCHEMA"),
        ("a name as an element's name", swapped(_PIN, "<p:Канарейкина/>"), "fault", "SCHEMA"),
        ("a PIN as an attribute's name", swapped("<p:pin>", f'<p:pin _{CANARY_PIN}="">'), "fault", "SCHEMA"),
        ("a PIN as a header part", swapped("<i:serviceCode>", f"<i:_{CANARY_PIN}/><i:serviceCode>"), "fault", "invalid_xml"),
        ("a PIN as the service", swapped("getLearnerStatus", f"_{CANARY_PIN}"), "fault", "unknown_service"),
    ):  # fmt: skip
        yield post(name, text, "fault" if verdict == "fault" else "either", code)


def identifiers() -> Iterator[Probe]:
    """One and the same client in disguise, and others that look like it."""
    code = "<i:memberCode>70000011</i:memberCode>"
    for name, inside in {
        "comment": "7000<!-- x -->0011", "CDATA": "7000<![CDATA[0011]]>", "reference": "7000&#48;011", "hexadecimal reference": "&#x37;0000011",
        "instruction": "7000<?x?>0011", "many comments": "<!-- -->7<!-- -->0000011<!-- -->",
    }.items():  # fmt: skip
        yield post(
            f"legal spelling: {name}", message((code, f"<i:memberCode>{inside}</i:memberCode>")), "legal"
        )
    for name, inside in {
        "comment that hides": "70000011<!-- x -->2", "CDATA that adds": "70000011<![CDATA[2]]>", "space before": " 70000011", "space behind": "70000011 ",
        "line feed": "70000011\n", "tab": "\t70000011", "no-break space": "70000011\u00a0", "zero-width space": "70000011\u200b", "BOM": "\ufeff70000011",
        "full width": "７００００００１１", "Arabic digits": "٧٠٠٠٠٠١١", "superscript": "7000001¹", "right to left": "\u202e70000011", "combining": "70000011\u0301",
        "soft hyphen": "7000\u00ad0011", "percent": "%37%30000011", "percent NUL": "70000011%00", "entity text": "&amp;#55;0000011", "backslash": "\\70000011",
        "subsystem inside": "70000011/state-services-portal", "up and down": "../70000011", "wildcard": "*", "SQL wildcard": "7000001%", "leading zero": "070000011",
        "plus": "+70000011", "exponent": "70000011e0", "fraction": "70000011.0", "underscore": "70_000_011", "empty": "", "an element": "<b>70000011</b>",
        "an element between": "7000<b/>0011",
    }.items():  # fmt: skip
        yield post(
            f"false member code: {name}", message((code, f"<i:memberCode>{inside}</i:memberCode>")), "fault"
        )
    for name, old, new in (
        ("capitals in the subsystem", "state-services-portal", "State-Services-Portal"),
        ("Cyrillic letters in the subsystem", "state-services-portal", "stаte-services-pоrtal"),
        ("another dash", "state-services-portal", "state‑services‑portal"),
        ("Cyrillic class", "<i:memberClass>GOV", "<i:memberClass>GОV"),
        ("small class", "<i:memberClass>GOV", "<i:memberClass>gov"),
        ("another instance", "central-server", "central-server2"),
        ("capitals in the service", "<i:serviceCode>getLearnerStatus", "<i:serviceCode>GetLearnerStatus"),
        ("space behind the service", "getLearnerStatus</i:", "getLearnerStatus </i:"),
        ("the beginning of the service", "getLearnerStatus</i:", "get</i:"),
        ("version in the code", "getLearnerStatus</i:", "getLearnerStatus/v1</i:"),
        ("another version", "<i:serviceVersion>v1", "<i:serviceVersion>V1"),
        ("no version", "<i:serviceVersion>v1</i:serviceVersion>", ""),
        ("two versions", "<i:serviceVersion>v1", "<i:serviceVersion>v1</i:serviceVersion><i:serviceVersion>v1"),
        ("another provider", "<i:memberCode>70000016", "<i:memberCode>70000015"),
        ("member instead of subsystem", 'i:objectType="SUBSYSTEM"', 'i:objectType="MEMBER"'),
        ("two member codes", "<i:memberCode>70000011", "<i:memberCode>70000003</i:memberCode><i:memberCode>70000011"),
        ("parts of another namespace", "<i:memberCode>70000011</i:memberCode>", "<x:memberCode>70000011</x:memberCode>"),
        ("the signing client without signature", "70000011</i:memberCode><i:subsystemCode>state-services-portal", "70000003</i:memberCode><i:subsystemCode>settlements-service"),
        ("agreement in small letters", "PORTAL-2026-01", "portal-2026-01"),
        ("another's agreement", "PORTAL-2026-01", "SF-2026-01"),
        ("namespaces swapped", f'xmlns:x="{XROAD}" xmlns:i="{IDENTIFIERS}"', f'xmlns:i="{XROAD}" xmlns:x="{IDENTIFIERS}"'),
    ):  # fmt: skip
        verdict: Verdict = "either" if name == "member instead of subsystem" else "fault"
        yield post(name, message((old, new)), verdict)


def values() -> Iterator[Probe]:
    """Values that keep the schema by a hair, and others that miss it by one."""
    for pin, code in {
        "": "SCHEMA", "0": "PIN_INCORRECT", "1": "PIN_INCORRECT", "2311219997777": "PIN_INCORRECT", "231121999777777": "PIN_INCORRECT", "9" * 32: "PIN_INCORRECT",
        "9" * 33: "SCHEMA", "33112199977777": "PIN_INCORRECT", "03112199977777": "PIN_INCORRECT", "-3112199977777": "PIN_INCORRECT", "23202199977777": "PIN_INCORRECT",
        "22902190077777": "PIN_INCORRECT", "20000000000000": "PIN_INCORRECT", "2311219997777x": "PIN_INCORRECT", "２３１１２１９９９７７７７７": "PIN_INCORRECT",
        "٢٣١١٢١٩٩٩٧٧٧٧٧": "PIN_INCORRECT", "²3112199977777": "PIN_INCORRECT", "2311219997777\u200b7": "PIN_INCORRECT",
        "23112199977777.0": "PIN_INCORRECT", "0x231121999777": "PIN_INCORRECT", "1e13": "PIN_INCORRECT", "23112000077777": "PIN_INCORRECT",
    }.items():  # fmt: skip
        verdict: Verdict = (
            "either" if pin == "23112000077777" else "fault"
        )  # the year 0000 or a date of long ago
        yield post(f"PIN {pin!a}", message((CANARY_PIN, pin)), verdict, "" if verdict == "either" else code)
    for pin in (f" {CANARY_PIN}\n", "2311 2199977777"):
        yield post(f"PIN with white space {pin!a}", message((CANARY_PIN, pin)), "either")
    for day in (
        "2020-02-30", "2021-02-29", "0000-01-01", "-0001-01-01", "10000-01-01", "2020-1-1", "20200101", "2020-01-01Z", "2020-01-01+06:00", "2020-01-01T00:00:00",
        "٢٠٢٠-٠١-٠١", "２０２０-01-01", "01.01.2020", "2020-13-01", "2020-00-01", "2020-01-00", "today", "", "1e3-01-01", "2020-W01-1", "2020-001", "NaN",
    ):  # fmt: skip
        yield post(f"date {day!a}", message(("1999-12-31", day)), "fault", "SCHEMA")
    for day in ("0001-01-01", "9999-12-31", "1582-10-10", "2000-02-29", " 1999-12-31 "):
        yield post(f"date {day!a}", message(("1999-12-31", day)), "either" if " " in day else "legal")
    end = "</p:subject>"
    for name, more, code in (
        ("a day in the future", "<p:onDate>9999-12-31</p:onDate>", "SCHEMA"), ("a day long ago", "<p:onDate>0001-01-01</p:onDate>", "PURPOSE_NOT_ALLOWED"),
        ("an unknown profile", "<p:profile>Z</p:profile>", "PURPOSE_NOT_ALLOWED"), ("a document's profile", "<p:profile>DOCUMENT</p:profile>", "PURPOSE_NOT_ALLOWED"),
        ("a small profile", "<p:profile>a</p:profile>", "SCHEMA"), ("an empty profile", "<p:profile/>", "SCHEMA"), ("two profiles", "<p:profile>A</p:profile><p:profile>B</p:profile>", "SCHEMA"),
        ("an unknown element", "<p:all/>", "SCHEMA"), ("a foreign element", '<a xmlns="urn:a"/>', "SCHEMA"), ("text between", "x", "SCHEMA"),
        ("profile before the day", "<p:profile>A</p:profile><p:onDate>2026-01-01</p:onDate>", "SCHEMA"), ("a second subject", "<p:subject><p:isuoNo>1</p:isuoNo></p:subject>", "SCHEMA"),
    ):  # fmt: skip
        yield post(name, message((end, end + more)), "fault", code)
    control = "<p:control><p:birthDate>1999-12-31</p:birthDate></p:control>"
    for name, swaps, code in (
        ("no control", ((control, ""),), "SCHEMA"), ("an empty control", ((control, "<p:control/>"),), "SCHEMA"),
        ("an empty prefix", ((control, "<p:control><p:surnamePrefix/></p:control>"),), "SCHEMA"),
        ("a prefix of four letters", ((control, "<p:control><p:surnamePrefix>абвг</p:surnamePrefix></p:control>"),), "SCHEMA"),
        ("two subjects in one", ((_PIN, f"{_PIN}<p:isuoNo>1</p:isuoNo>"),), "SCHEMA"), ("no subject", ((_PIN, ""),), "SCHEMA"),
        ("an unknown purpose", (("BENEFIT_CASE", "ANYTHING"),), "PURPOSE_NOT_ALLOWED"), ("another's purpose", (("BENEFIT_CASE", "SF_SURVIVOR"),), "PURPOSE_NOT_ALLOWED"),
        ("a purpose of another service", (("BENEFIT_CASE", "DOCUMENT_CHECK"),), "PURPOSE_NOT_ALLOWED"), ("a purpose in small letters", (("BENEFIT_CASE", "benefit_case"),), "SCHEMA"),
        ("a purpose of 41 letters", (("BENEFIT_CASE", "A" * 41),), "SCHEMA"), ("an empty officer", (("Канарейкина", ""),), "SCHEMA"),
        ("an officer of 256 letters", (("Канарейкина", "а" * 256),), "SCHEMA"), ("an attribute", (("<p:subject>", '<p:subject all="true">'),), "SCHEMA"),
        ("a country in small letters", ((_PIN, "<p:foreignDocument><p:country>kgz</p:country><p:type>P</p:type><p:number>1</p:number></p:foreignDocument>"),), "SCHEMA"),
    ):  # fmt: skip
        yield post(name, message(*swaps), "fault", code)
    for name, new in (
        ("a prefix that is a pattern", "<p:control><p:surnamePrefix>%_*</p:surnamePrefix></p:control>"),
        (
            "a prefix of three signs",
            "<p:control><p:surnamePrefix>\U0001f468\u200d\u0301</p:surnamePrefix></p:control>",
        ),
        ("a prefix of white space", "<p:control><p:surnamePrefix>   </p:surnamePrefix></p:control>"),
    ):
        yield post(name, message((control, new)), "legal")
    yield post("an officer of 255 letters", message(("Канарейкина", "\U0001f600" * 255)), "legal")
    yield post(
        "a foreign document",
        message(
            (
                _PIN,
                "<p:foreignDocument><p:country>KAZ</p:country><p:type>P</p:type><p:number>1</p:number></p:foreignDocument>",
            )
        ),
        "legal",
    )


STRINGS = (
    "' or '1'='1", "'; drop table person; --", '" or ""="', "1; select pg_sleep(5)", "' union select null, version() --", "\\'; copy x from program 'id'; --", "$$;select 1;$$", "0x27",
    "%s%s%s%n", "%(pin)s", "{0}{pin}", "{self.__class__}", "${jndi:ldap://127.0.0.1/x}", "#{7*7}", "{{7*7}}", "&lt;%= 7*7 %>", "`id`", "$(id)", "| id", "; id",
    "&#13;&#10;{&quot;level&quot;:&quot;info&quot;,&quot;event&quot;:&quot;forged&quot;}", "a&#10;b", "\u2028forged", "&#x9;tab", "../../../../etc/passwd", "file:///etc/passwd", "C:\\con", "*)(uid=*))(|(uid=*",
    "' or count(//*)=1 or 'a'='b", "]]&gt;&lt;x/&gt;", "&lt;!--", "&lt;script&gt;alert(1)&lt;/script&gt;", "=cmd|' /C calc'!A0", "\u202egnp.exe", "\ufeff", "\u0000".join("ab").replace("\0", "␀"), "\U0001f4a9",
    "Ң Ө Ү ң ө ү", "ﷺ", "Z̷͓̈́a̵lgo", "ª", "İi̇ıI", "ß", "NULL", "None", "true", "-1", "NaN", "1e309", "__proto__",
)  # fmt: skip


def injections() -> Iterator[Probe]:
    """Strings that mean something elsewhere, in every text field at once: here they are only texts."""
    for string in STRINGS:
        swaps = [
            ("KG-officer", string),
            (">CASE/1<", f">{string}<"),
            (">law<", f">{string}<"),
            (">Portal<", f">{string}<"),
            ("Канарейкина", string),
        ]
        yield post(f"in the texts: {string!a}", message(*swaps), "legal")
        yield post(f"in a document: {string!a}", document_message(string, string), "legal")
    for string in STRINGS[:12]:
        yield post(f"as a number: {string!a}", message((_PIN, f"<p:isuoNo>{string}</p:isuoNo>")), "legal")
        yield post(f"as a PIN: {string!a}", message((CANARY_PIN, string[:32])), "fault", "PIN_INCORRECT")
        yield post(f"as a client: {string!a}", message(("70000011", string)), "fault", "AGREEMENT_MISSING")
        yield post(f"as an id: {string!a}", message(("MESSAGE-ID", f"{string} MESSAGE-ID")), "legal")
