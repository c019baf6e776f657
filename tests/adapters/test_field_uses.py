"""Each field of each contract has one use, and what the simulators say is what the contracts allow."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest
from jsonschema import Draft202012Validator
from lxml import etree

from adapters.awaited.catalogue import SOURCES
from adapters.infocom.addresses import mapping as addresses
from adapters.infocom.civil_acts import mapping as civil_acts
from adapters.infocom.civil_registry import mapping as civil_registry
from adapters.infocom.foreigners import mapping as foreigners
from adapters.infocom.passport import mapping as passport
from adapters.minjust.organisations import mapping as organisations
from adapters.sanaripaymak.households import mapping as households
from adapters.social_fund.employment import mapping as employment
from adapters.tax.taxpayers import mapping as taxpayers
from gateway.foundation.errors import SettingsError
from gateway.foundation.xml import element_children
from gateway.intake.plugs import FaultMode, Misbehaviour, ServiceName
from gateway.intake.speaking.contracts import Contract
from gateway.intake.speaking.field_uses import FieldUses, uses
from gateway.sandbox.organisations import foreign_document, work_of
from gateway.sandbox.organisations import organisations as made_organisations
from gateway.sandbox.people import TODAY
from gateway.wiring.outward import found_adapters
from gateway.xroad.namespaces import SOAP, q
from tests.adapters.bench import CONTEXT, HOME, envelope_of, header_of

XS = "{http://www.w3.org/2001/XMLSchema}"
SENSITIVE = {"nationality", "nationalityId", "maritalStatus", "maritalStatusId", "familyStatus"}
SOAP_USES = {
    ("infocom/zags-service", "zagsDataByPin"): civil_registry.PERSON,
    ("infocom/zags-service", "zagsPinsByNSPDate"): civil_registry.PINS,
    ("infocom/zags-service", "zagsPinBirthAct"): civil_registry.BIRTH_ACT,
    ("infocom/zags-service", "zagsDeathActByPin"): civil_acts.DEATH_ACT,
    ("infocom/passport-service", "passportDataByPSN"): passport.PASSPORT,
    ("infocom/asb-service", "asbAddress"): addresses.ADDRESS,
    ("infocom/foreign-service", "foreignByDoc"): foreigners.FOREIGNER,
    ("minjust/minjust-service", "getSubjectByTin"): organisations.SUBJECT,
    ("social_fund/settlements-service", "GetWorkPeriodInfo"): employment.WORK_PERIODS,
    ("tax/gns-service", "tpDataByINN"): taxpayers.TAXPAYER,
    ("tax/gns-service", "tpDataByINNforBusinessActivity"): taxpayers.TAXPAYER,
}
JSON_USES = {
    "minjust/SubjectFromTo": organisations.CHANGE,
    "sanaripaymak/address-fact": households.ADDRESS,
    "sanaripaymak/family-members": households.MEMBERS,
}


def _schema_of(wsdl: str) -> etree._Element:
    return etree.parse(HOME / "wsdl" / f"{wsdl}.wsdl").getroot().find(f".//{XS}schema")


def _leaves(schema: etree._Element, holder: etree._Element, path: str = "") -> Iterator[str]:
    """Walk the fields below a type or an element, through types and groups of the schema."""
    for element in holder.iter(f"{XS}element", f"{XS}group"):
        if element.tag == f"{XS}group" and element.get("ref"):
            yield from _leaves(schema, _named(schema, "group", element.get("ref")), path)
        elif element.tag == f"{XS}element" and element is not holder:
            kind, name = element.get("type", ""), f"{path}{element.get('name')}"
            if kind.startswith("tns:"):
                yield from _leaves(schema, _named(schema, "complexType", kind), f"{name}.")
            else:
                yield name


def _named(schema: etree._Element, tag: str, name: str) -> etree._Element:
    return next(
        one for one in schema.iterchildren(f"{XS}{tag}") if one.get("name") == name.rpartition(":")[2]
    )


def _answered(wsdl: str, operation: str) -> set[str]:
    schema = _schema_of(wsdl)
    root = _named(schema, "element", f"{operation}Response")
    response = next((one for one in root.iter(f"{XS}element") if one.get("name") == "response"), None)
    holder = root if response is None else response
    if holder.get("type"):
        return set(_leaves(schema, _named(schema, "complexType", holder.get("type"))))
    found = set(_leaves(schema, holder))
    return {name.removeprefix("subject.") for name in found}


def _members(schema: dict, path: str = "") -> Iterator[str]:
    if schema.get("type") == "array":
        yield from _members(schema["items"], path)
        return
    for name, member in schema["properties"].items():
        if member["type"] in ("array", "object"):
            yield from _members(member, f"{path}{name}.")
        else:
            yield f"{path}{name}"


@pytest.mark.parametrize(("wsdl", "operation"), SOAP_USES)
def test_every_field_of_a_contract_has_one_use(wsdl: str, operation: str) -> None:
    """The table of a mapping and the contract name the same fields, and no field is in two lists."""
    assert SOAP_USES[wsdl, operation].known == _answered(wsdl, operation)


@pytest.mark.parametrize("name", JSON_USES)
def test_every_member_of_a_json_contract_has_one_use(name: str) -> None:
    """The same for what is told in JSON."""
    schema = json.loads((HOME / "wsdl" / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    assert JSON_USES[name].known == set(_members(schema))


def test_every_contract_at_hand_has_a_table() -> None:
    """No WSDL and no JSON contract of an agency is left without a table."""
    described = {
        (f"{file.parent.name}/{file.stem}", operation.get("name"))
        for file in (HOME / "wsdl").glob("*/*.wsdl")
        for operation in etree.parse(file).getroot().iterfind("{*}binding/{*}operation")
    }
    assert described == set(SOAP_USES)
    told = {
        f"{file.parent.name}/{file.name.removesuffix('.schema.json')}"
        for file in (HOME / "wsdl").glob("*/*.schema.json")
    }
    assert told == set(JSON_USES)


def test_ethnicity_and_marital_status_are_dropped_wherever_they_come() -> None:
    """A field about either, and every number of a head or a founder, has no use but being dropped."""
    for table in (*SOAP_USES.values(), *JSON_USES.values()):
        kept = table.fill | table.verify | table.frame
        assert not {name.rpartition(".")[2] for name in kept} & SENSITIVE
        assert not {"chiefTin", "founders.tin", "founders.pin", "phones", "vatPayer"} & kept
    assert SENSITIVE - {"familyStatus"} <= civil_registry.DROPPED


def test_a_field_cannot_have_two_uses() -> None:
    """A table with a field in two lists is refused where it is written."""
    with pytest.raises(SettingsError, match="pin"):
        uses(fill="pin name", drop="pin")
    table = uses(fill="a.b", drop="a.c d")
    assert (table.dropped_in("a"), table.dropped_in(), table.known) == ({"c"}, {"d"}, {"a.b", "a.c", "d"})
    assert isinstance(table, FieldUses)


def _questions(people):
    """A question to every SOAP service the new adapters ask, and the fields it is asked with."""
    worker = next(one for one in people.people if work_of(people, one)).pin
    inn = made_organisations(people)[0].inn
    document = foreign_document(people.roles["foreign_child"])
    return {
        ("infocom/zags-service", "zagsDeathActByPin"): {"pin": people.roles["deceased"].pin},
        ("infocom/asb-service", "asbAddress"): {"pin": worker},
        ("infocom/foreign-service", "foreignByDoc"): {"doc": document, "code": "UZB"},
        ("minjust/minjust-service", "getSubjectByTin"): {"tin": inn},
        ("social_fund/settlements-service", "GetWorkPeriodInfo"): {
            "PIN": worker,
            "RequestOrg": "о",
            "RequestPerson": "п",
        },
        ("tax/gns-service", "tpDataByINN"): {"inn": inn},
        ("tax/gns-service", "tpDataByINNforBusinessActivity"): {"inn": inn},
    }


@pytest.mark.parametrize("mode", [FaultMode.OK, FaultMode.FAULT_IN_CONTENT])
async def test_requests_and_answers_fit_the_contracts(people, mode: FaultMode) -> None:
    """What we send and what a simulator answers is valid against the XSD of the contract, failures included."""
    plugs = found_adapters()
    for (wsdl, operation), fields in _questions(people).items():
        adapter, _, subsystem = wsdl.partition("/")
        contract = Contract(HOME / "wsdl" / f"{wsdl}.wsdl", schemas=HOME / "schemas" / "xroad")
        bare = adapter in {"minjust", "social_fund"}
        body = (contract.bare_body if bare else contract.body)(operation, fields)
        document = etree.parse(HOME / "wsdl" / f"{wsdl}.wsdl")
        schema = etree.XMLSchema(etree.ElementTree(document.find(f".//{XS}schema")))
        schema.assertValid(etree.fromstring(body))
        simulator = plugs[adapter].simulator(people)
        simulator.misbehave(subsystem, Misbehaviour(mode=mode))
        header = header_of(ServiceName(subsystem_code=subsystem, service_code=operation), CONTEXT)
        answer = await simulator.answer(operation, envelope_of(header, body))
        (content,) = element_children(etree.fromstring(answer.body).find(q(SOAP, "Body")))
        told_elsewhere = adapter == "minjust" or subsystem in {"asb-service", "foreign-service"}
        if mode is FaultMode.OK or not told_elsewhere:
            schema.assertValid(content)


async def test_json_answers_fit_the_contracts(people) -> None:
    """What a simulator answers by REST is valid against the JSON schema, and really has its fields."""
    pin = people.roles["child"].pin
    asked = {
        "minjust/SubjectFromTo": ("SubjectFromTo", (), {
            "datefrom": str(TODAY - timedelta(days=5)), "dateto": str(TODAY),
        }),
        "sanaripaymak/address-fact": ("address-fact", (pin,), {}),
        "sanaripaymak/family-members": ("family-members", (pin,), {}),
    }  # fmt: skip
    for name, (code, path, query) in asked.items():
        schema = json.loads((HOME / "wsdl" / f"{name}.schema.json").read_text())
        simulator = found_adapters()[name.partition("/")[0]].simulator(people)
        answer = await simulator.fetched(code, path, query)
        told = json.loads(answer.body)
        Draft202012Validator(schema).validate(told)
        assert answer.status == 200
        first = told[0] if isinstance(told, list) else told
        seen = {key for key, value in first.items() if not isinstance(value, list)}
        wanted = {one for one in _members(schema) if "." not in one}
        assert seen == wanted - {"code"}


def test_what_is_awaited_says_what_is_missing() -> None:
    """Each source without a contract names its agency, what it would give, and what is missing."""
    assert set(SOURCES) >= {"disability", "allowances", "guardianship", "exam_results", "classifiers"}
    assert all(one.agency and one.would_give and one.missing for one in SOURCES.values())
