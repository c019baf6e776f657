"""Each dialect of Tunduk is read for what it is: names, versions, qualification, trees, failures, traps."""

from pathlib import Path

import pytest

from gateway.intake.ports import Outcome
from gateway.xroad.contract_reading import model
from gateway.xroad.contract_reading.failures import STYLES, failures, meaning
from gateway.xroad.contract_reading.frame import attachments, echo, qualification
from gateway.xroad.contract_reading.wsdl import read_contract
from gateway.xroad.namespaces import XROAD
from gateway.xroad.scalars import Kind
from gateway.xroad.tolerant import Choice, members, walk
from tests.contracts.reading import DIALECTS, contract, operation, schema

HEADERS = ("client", "service", "userId", "id", "issue", "protocolVersion")


def fields(op, side="answer"):
    body = op.answer if side == "answer" else op.request
    return {"/".join(path): one for path, one in walk(body.shape.content)}


def styles(op):
    return {each.style: each for each in failures(op)}


def cautions(op):
    return {each.code: each.about for each in op.cautions}


def test_infocom_is_qualified_echoes_its_request_and_tells_failures_inside_the_answer() -> None:
    """Version v1, header parts on both sides, the echo with its secret, faultcode in the response, `kg` as ky."""
    op = operation("addresses", "residentByPin")
    assert (op.service_version, op.style, op.wrapped, op.soap) == ("v1", "document/literal", True, ("1.1",))
    assert (op.request_headers, op.answer_headers) == (HEADERS, HEADERS)
    assert op.titles == {"ky": "ПИН боюнча тургун", "ru": "Житель по ПИН", "en": "Resident by PIN"}
    assert op.notes == {"ru": "Платный сервис."}
    assert (op.request.naming, op.answer.naming, qualification(op)) == ("code", "code_response", "qualified")
    assert echo(op).name == "request"
    assert styles(op)["fault_in_response"].where == "response/faultcode + response/faultstring"
    assert set(styles(op)) == {"fault_in_response", "xroad_fault"}
    told = cautions(op)
    assert told["secret_field"] == "request/clientid, request/secret"
    assert told["secret_echoed"] == "request"
    assert told["date_as_text"] == "response/issuedDate"
    assert told["dropped"] == "response/maritalStatus"
    assert told["pin_field"] == "request/pin"
    assert told["sex_coding"] == "response/gender"
    address = fields(op)["response/addressArray"]
    assert (address.many, address.required, address.kind) == (True, False, Kind.GROUP)
    assert dict(fields(op, "request")["request/pin"].limits) == {"pattern": "[0-9]{14}", "length": "14"}
    assert {each.code for each in contract("addresses").cautions} == {"odd_namespace", "kyrgyz_code"}


def test_the_social_fund_has_no_version_and_a_closed_list_of_causes() -> None:
    """Each cause reads as an outcome or stays a question: a missing coefficient is not a missing person."""
    op = operation("pensions", "GetPeriods")
    assert (op.service_version, op.titles) == ("", {"": "Периоды и суммы"})
    found = styles(op)
    assert dict(found["cause_list"].values) == {
        "OK": "FOUND",
        "PIN_INCORRECT": "REJECTED",
        "PIN_NOTFOUND": "NOT_FOUND",
        "MK_WRONG": "",
        "INTERNAL_ERROR": "PROVIDER_ERROR",
        "ACTUARIAL_COEF_NOTFOUND": "",
    }
    assert found["told_in_text"].where == "response/State"
    assert found["empty_list"].where == "response/Periods"
    assert cautions(op)["pin_as_number"] == "request/PIN"
    assert {"no_version", "headers_undeclared"} <= cautions(op).keys()
    (number,) = fields(op)["response/Periods/Period"].attributes
    assert (number.name, number.kind, number.required) == ("number", Kind.INTEGER, True)


def test_the_ministry_of_justice_says_request_and_is_unqualified() -> None:
    """`{op}Request`, no version, types included from a file without a namespace, extension and recursion."""
    op = operation("subjects", "getSubject")
    assert (op.request.shape.name, op.request.naming) == ("getSubjectRequest", "code_request")
    assert op.request.shape.namespace == "http://tunduk.gov.kg"
    assert (op.service_version, qualification(op)) == ("", "unqualified")
    assert list(members(fields(op)["subject"].content)) == ["tin", "fullNameRu", "ate", "founder"]
    parent = fields(op)["subject/ate/parent"]
    assert parent.again == "{http://tunduk.gov.kg}unit" == fields(op)["subject/ate"].type_name
    assert {"soap_fault_declared", "absent_response", "xroad_fault"} == set(styles(op))
    assert cautions(op)["recursive"] == "subject/ate/parent"


def test_a_part_given_by_type_names_no_element_and_the_report_says_so() -> None:
    """The body's name is then a guess by X-Road's rule, and an answer of a list alone may be empty."""
    op = operation("subjects", "findSubjects")
    assert (op.request.naming, op.request.named, op.wrapped) == ("type", False, False)
    assert (op.request.shape.name, op.answer.shape.name) == ("findSubjects", "findSubjectsResponse")
    assert styles(op)["empty_list"].where == "subject"
    assert cautions(op)["body_not_named"] == "findSubjectsResponse"


def test_tunduks_demonstrations_choose_between_response_and_fault_or_send_nil() -> None:
    """One operation over two SOAP bindings, titles of another namespace, enumerated sex, nil response."""
    op = operation("demo", "GetPerson")
    assert (op.soap, op.bindings) == (("1.1", "1.2"), ("DemoBinding", "DemoBinding12"))
    assert (op.service_version, op.titles) == ("v2", {"en": "Person", "ky": "Адам"})
    assert isinstance(op.answer.shape.content[0], Choice)
    assert {"choice_response_fault", "nil_response", "xroad_fault"} == set(styles(op))
    assert [each.value for each in fields(op)["response/sex"].allowed] == ["M", "F"]
    assert "sex_coding" not in cautions(op)
    assert contract("demo").services == ("Demo", "Demo12")


def test_a_lone_text_is_read_as_an_answer_of_rest_kind() -> None:
    """A bare request element, a title in appinfo, an answer that is one string, SOAP 1.2 only."""
    op = operation("demo", "Echo")
    assert (op.titles, op.wrapped, op.request.shape.kind) == ({"ru": "Эхо"}, False, Kind.TEXT)
    assert styles(op)["text_answer"].where == "answer"
    assert "soap12_only" in cautions(op)


def test_a_numeric_status_is_read_by_the_words_beside_it_and_never_by_http() -> None:
    """203 is NOT_FOUND because the contract says so; 500 is a question, not a breakdown."""
    found = styles(operation("vehicles", "carByPlate"))["status_code"]
    assert found.where == "response/status + response/message"
    assert dict(found.values) == {"200": "FOUND", "203": "NOT_FOUND", "300": "AMBIGUOUS", "500": ""}


def test_the_photo_service_flags_its_errors_and_holds_the_file_in_the_xml() -> None:
    """The pair error and errorMessage; base64 is an inline file; a second PIN in the request is pointed out."""
    op = operation("photo", "lastPhotoByPin")
    assert styles(op)["error_flag"].where == "response/error + response/errorMessage"
    assert dict(styles(op)["error_flag"].values) == {"false": "FOUND", "true": ""}
    assert attachments(op) == (("answer", "response/photo", "inline"),)
    assert cautions(op)["several_pins"] == "request/pin, request/operatorPin"
    assert cautions(op)["photo_inline"] == "response/photo"


def test_attachments_are_told_apart_by_how_they_travel() -> None:
    """Files by swaRef and MTOM travel beside the XML, plain base64 in it, a MIME part is named by the binding."""
    op = operation("documents", "getDocument")
    assert attachments(op) == (
        ("request", "application", "attached"),
        ("answer", "pdf", "attached"),
        ("answer", "signature", "inline"),
        ("answer", "scan image/jpeg", "mime"),
    )
    mark = fields(op)["mark"]
    assert (mark.kind, [each.name for each in mark.attributes]) == (Kind.DECIMAL, ["scale"])
    assert {"open_content", "no_title"} <= cautions(op).keys()
    assert contract("documents").missing == ()
    assert "untold" in styles(op)


def test_rpc_bodies_hold_their_parts_by_name() -> None:
    """The body is named after the operation in the binding's namespace, the parts are unqualified."""
    op = operation("documents", "findText")
    assert (op.style, op.request.naming) == ("rpc/literal", "rpc")
    assert (op.answer.shape.name, op.answer.shape.namespace) == ("findTextResponse", "urn:example:documents")
    assert [(one.name, one.kind, one.namespace) for one in op.request.shape.content] == [
        ("number", Kind.TEXT, ""),
        ("year", Kind.INTEGER, ""),
    ]


def test_our_own_contracts_are_read_without_a_missing_name() -> None:
    """What this repository publishes and consumes is understood completely."""
    root = Path(__file__).parents[2]
    files = [root / "wsdl/kopuro.wsdl", *sorted((root / "wsdl/infocom").glob("*.wsdl"))]
    for file in files:
        read = read_contract(file, directories=(root / "schemas/isuo", root / "schemas/xroad"))
        assert not read.missing
        assert "unknown_name" not in {each.code for each in read.cautions}
        assert all(
            op.answer.shape.content and op.titles.keys() == {"ky", "ru", "en"} for op in read.operations
        )


@pytest.mark.parametrize("name", DIALECTS)
def test_every_answer_may_be_a_fault_of_xroad(name: str) -> None:
    """No contract can exclude it, and every style named is a known one with known outcomes."""
    for op in contract(name).operations:
        found = failures(op)
        assert "xroad_fault" in {each.style for each in found}
        assert {each.style for each in found} <= set(STYLES)
        assert {outcome for each in found for _, outcome in each.values} <= {"", *Outcome}


def test_the_outcomes_are_those_of_the_one_outcome_model() -> None:
    """The floor below intake may not import its model, so the names are compared here."""
    assert set(model.OUTCOMES) == set(Outcome)


@pytest.mark.parametrize(
    ("value", "words", "outcome"),
    [
        ("NOT_FOUND", "", "NOT_FOUND"),
        ("PERSON_NOT_FOUND", "", "NOT_FOUND"),
        ("TABLE_NOT_FOUND", "", ""),
        ("NOT_FOUND_OR_NOT_ALLOWED", "", ""),
        ("404", "", "NOT_FOUND"),
        ("500", "", ""),
        ("404", "сервис выключен", ""),
        ("7", "доступ запрещён", "DENIED"),
        ("ACCESS_DENIED", "", "DENIED"),
        ("маалымат табылган жок", "", "NOT_FOUND"),
    ],
)
def test_a_listed_value_means_an_outcome_only_where_its_words_say_so(
    value: str, words: str, outcome: str
) -> None:
    """Words win over numbers, an absence counts only for the subject, two meanings are none."""
    assert meaning(value, words) == outcome


def test_a_missing_import_and_a_repeated_operation_are_told_and_the_rest_is_read() -> None:
    """The type from the absent file is "anything", its name is listed, both operations carry the warning."""
    read = contract("broken")
    assert read.missing == ("http://192.0.2.1/far/away.xsd",)
    assert {(each.code, each.about) for each in read.cautions} == {
        ("missing_import", "http://192.0.2.1/far/away.xsd"),
        ("unknown_name", "{urn:example:far}picture"),
    }
    assert len(read.operations) == 2
    assert all("repeated_operation" in cautions(op) for op in read.operations)
    assert fields(read.operations[0])["response/photo"].kind == Kind.ANY
    assert fields(read.operations[0])["response/error"].kind == Kind.BOOLEAN


def test_an_import_is_found_by_its_file_name_in_a_given_directory(tmp_path: Path) -> None:
    """The address of an import is never followed, only its last name is looked up among local files."""
    (tmp_path / "away.xsd").write_text(
        '<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:example:far">'
        '<xs:simpleType name="picture"><xs:restriction base="xs:base64Binary"/></xs:simpleType></xs:schema>'
    )
    read = contract("broken", tmp_path)
    assert (read.missing, read.cautions) == ((), ())
    assert fields(read.operations[0])["response/photo"].kind == Kind.BYTES


def test_repeated_and_optional_sequences_reach_their_parts(tmp_path: Path) -> None:
    """A sequence that may repeat makes its elements many, one that may be absent makes them optional."""
    file = tmp_path / "s.wsdl"
    file.write_text(
        schema(
            '<xs:element name="askResponse"><xs:complexType><xs:sequence>'
            '<xs:sequence maxOccurs="unbounded"><xs:element name="a" type="xs:int"/></xs:sequence>'
            '<xs:sequence minOccurs="0"><xs:element name="b" type="xs:date"/><xs:group ref="tns:g"/></xs:sequence>'
            '<xs:choice minOccurs="0" maxOccurs="3"><xs:element name="d" type="xs:time"/><xs:element name="e"/></xs:choice>'
            '<xs:element name="f" type="xs:string" maxOccurs="0"/>'
            "</xs:sequence></xs:complexType></xs:element>"
            '<xs:group name="g"><xs:sequence><xs:element name="c" form="qualified" type="xs:boolean"/></xs:sequence></xs:group>'
        )
    )
    (op,) = read_contract(file).operations
    found = members(op.answer.shape.content)
    assert [(one.name, one.required, one.many) for one in found.values()] == [
        ("a", True, True),
        ("b", False, False),
        ("c", False, False),
        ("d", True, True),
        ("e", True, True),
    ]
    assert (found["b"].namespace, found["c"].namespace, qualification(op)) == ("", "urn:t", "mixed")
    assert XROAD not in op.request_headers
