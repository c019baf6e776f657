"""`kopuro contract import` in use: three languages, a machine's form, the hint that loads, an answer tried."""

import json
import string
import tomllib
from pathlib import Path

import pytest

from gateway.foundation.settings import load
from gateway.xroad.contract_reading import words
from gateway.xroad.contract_reading.agencies import section
from gateway.xroad.contract_reading.failures import STYLES
from gateway.xroad.contract_reading.machine import as_values
from gateway.xroad.contract_reading.report import write_report
from gateway.xroad.contract_reading.trial import try_message
from tests.contracts.reading import DIALECTS, HERE, contract, run

SOCIAL = "http://tunduk-sf.x-road.fi/producer"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def envelope(body: str) -> str:
    return f'<e:Envelope xmlns:e="{SOAP}"><e:Header/><e:Body>{body}</e:Body></e:Envelope>'


def test_every_sentence_stands_in_three_languages_with_the_same_blanks() -> None:
    """The same keys and the same named parts, and a sentence for every style."""

    def blanks(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}

    ky, ru, en = (words.WORDS[language] for language in ("ky", "ru", "en"))
    assert ky.keys() == ru.keys() == en.keys()
    for key in ru:
        assert blanks(ky[key]) == blanks(ru[key]) == blanks(en[key]), key
    for style in STYLES:
        assert {f"style.{style}", f"reads.{style}", f"ask.{style}"} <= ru.keys()


@pytest.mark.parametrize("name", [*DIALECTS, "broken"])
def test_each_contract_is_told_in_each_language_and_for_a_machine(name: str) -> None:
    """Every operation, every failure style and every caution finds its sentence; json can write the rest."""
    read = contract(name)
    for language in ("ky", "ru", "en"):
        report = write_report(read, language)
        values = json.loads(json.dumps(as_values(read, language), ensure_ascii=False))
        for told in values["operations"]:
            assert told["service_code"] in report
            for each in (*told["failures"], *told["cautions"]):
                assert each.get("reads", each.get("sentence")) in report
            for each in told["failures"]:
                assert each["style"] == "xroad_fault" or each["ask"] in report


@pytest.mark.parametrize("name", [*DIALECTS, "broken"])
def test_the_hint_is_a_section_the_gateway_starts_with(name: str, tmp_path: Path) -> None:
    """It loads as settings, switched off, and names each service with its version where there is one."""
    read = contract(name)
    text = section(read, "ru")
    (tmp_path / "kopuro.toml").write_text(
        '[identity]\nxroad_instance = "t"\nmember_class = "GOV"\nmember_code = "1"\nsubsystem_code = "s"\n'
    )
    (tmp_path / "agencies.toml").write_text(text)
    (agency,) = load(home=tmp_path, environment={"KOPURO_CONFIG": str(tmp_path)}).agencies.values()
    assert not agency.enabled
    (subsystem,) = agency.subsystems.values()
    expected = [f"{op.service_code}/{op.service_version}".rstrip("/") for op in read.operations]
    assert list(subsystem.services.values()) == expected


def test_a_title_cannot_break_out_of_its_comment() -> None:
    """The hint stays one section whatever a contract calls its operations."""
    read = contract("addresses")
    assert list(tomllib.loads(section(read, "ky"))["agencies"]) == ["infocom"]


def test_the_command_speaks_russian_unless_told_otherwise() -> None:
    """Text by default, json on demand, several contracts in one run."""
    plain = run(HERE / "pensions.wsdl")
    assert plain.returncode == 0, plain.stderr
    assert "PIN_NOTFOUND → NOT_FOUND" in plain.stdout
    assert "версии нет" in plain.stdout
    assert "[agencies.settlements]" in plain.stdout
    machine = run(HERE / "pensions.wsdl", HERE / "demo.wsdl", "--json", "--language", "en")
    names = [each["name"] for each in json.loads(machine.stdout)["contracts"]]
    assert names == ["PensionFund", "Demo"]


def test_an_answer_is_tried_against_its_contract(tmp_path: Path) -> None:
    """Other prefixes and lost namespaces are read, what does not fit is listed by place and never by value."""
    file = tmp_path / "answer.xml"
    file.write_text(
        envelope(
            f'<z:GetPeriodsResponse xmlns:z="{SOCIAL}"><response><Result>OK</Result><Periods>'
            '<Period number="1"><DateFrom>2020-01-01</DateFrom><Sum>10.50</Sum></Period>'
            "<Period><DateFrom>yesterday</DateFrom><DateTo/><Sum>1</Sum></Period>"
            "</Periods><Extra>x</Extra></response></z:GetPeriodsResponse>"
        )
    )
    done = run(HERE / "pensions.wsdl", "--try", file)
    assert done.returncode == 1, done.stderr
    told = json.loads(done.stdout)
    periods = told["value"]["response"]["Periods"]["Period"]
    assert periods[0] == {"@number": 1, "DateFrom": "2020-01-01", "Sum": "10.50"}
    assert {(each["reason"], each["path"]) for each in told["did_not_fit"]} == {
        ("unqualified", "GetPeriodsResponse/response"),
        ("missing", "GetPeriodsResponse/response/Periods/Period[1]/DateTo"),
        ("not_a_date", "GetPeriodsResponse/response/Periods/Period[2]/DateFrom"),
        ("empty", "GetPeriodsResponse/response/Periods/Period[2]/DateTo"),
        ("missing", "GetPeriodsResponse/response/Periods/Period[2]/@number"),
        ("unexpected", "GetPeriodsResponse/response/Extra"),
    }
    assert told["signs"] == [{"style": "cause_list", "where": "response/Result", "outcome": "FOUND"}]


INFOCOM = "http://tunduk-seccurity-infocom.x-road.fi/producer"


@pytest.mark.parametrize(
    ("name", "body", "style", "outcome"),
    [
        ("pensions", f'<GetPeriodsResponse xmlns="{SOCIAL}"><response><Result>PIN_NOTFOUND</Result><Periods/></response></GetPeriodsResponse>', "cause_list", "NOT_FOUND"),
        ("pensions", f'<GetPeriodsResponse xmlns="{SOCIAL}"><response><Result>NEW</Result><Periods/></response></GetPeriodsResponse>', "cause_list", "PROVIDER_ERROR"),
        ("vehicles", '<carByPlateResponse xmlns="urn:example:vehicles"><response><status>203</status><message/></response></carByPlateResponse>', "status_code", "NOT_FOUND"),
        ("vehicles", '<carByPlateResponse xmlns="urn:example:vehicles"><response><status>500</status><message/></response></carByPlateResponse>', "status_code", ""),
        ("photo", '<lastPhotoByPinResponse xmlns="urn:example:photo"><response><error>true</error></response></lastPhotoByPinResponse>', "error_flag", ""),
        ("photo", '<lastPhotoByPinResponse xmlns="urn:example:photo"><response><error>0</error></response></lastPhotoByPinResponse>', "error_flag", "FOUND"),
        ("demo", '<GetPersonResponse><response xmlns:i="urn:any" i:nil="true"/></GetPersonResponse>', "nil_response", "NOT_FOUND"),
        ("demo", "<GetPersonResponse><fault><faultCode>7</faultCode><faultString>x</faultString></fault></GetPersonResponse>", "choice_response_fault", ""),
        ("addresses", f'<residentByPinResponse xmlns="{INFOCOM}"><response><faultcode>1</faultcode></response></residentByPinResponse>', "fault_in_response", ""),
        ("subjects", "<findSubjectsResponse/>", "empty_list", "NOT_FOUND"),
    ],
)  # fmt: skip
def test_the_frame_of_an_answer_is_read_into_the_outcome_model(name, body, style, outcome) -> None:
    """Each style's own fields tell the outcome, or leave it open where only the provider can say."""
    trial = try_message(body.encode(), [contract(name)])
    assert (style, outcome) in {(each.style, each.outcome) for each in trial.signs}
    assert trial.side == "answer"


def test_a_found_person_shows_no_sign_of_failure() -> None:
    """Neither nil nor fault is seen where there is none."""
    body = b"<GetPersonResponse><response><name>A</name><sex>F</sex></response></GetPersonResponse>"
    trial = try_message(body, [contract("demo")])
    assert trial.signs == ()
    assert trial.value == {"response": {"name": "A", "sex": "F"}}


def test_secrets_and_files_are_not_printed(tmp_path: Path) -> None:
    """The echo's secret is hidden and a photo is its size."""
    file = tmp_path / "a.xml"
    file.write_text(
        f'<residentByPinResponse xmlns="{INFOCOM}"><request><clientid>abc</clientid><secret>hush</secret>'
        "<pin>10101202012345</pin></request><response/></residentByPinResponse>"
    )
    done = run(HERE / "addresses.wsdl", "--try", file)
    assert "hush" not in done.stdout
    assert "abc" not in done.stdout
    assert json.loads(done.stdout)["value"]["request"]["secret"] == "***"
    photo = tmp_path / "p.xml"
    photo.write_text(
        '<lastPhotoByPinResponse xmlns="urn:example:photo"><response><photo>aGVsbG8=</photo><error>false</error>'
        "</response></lastPhotoByPinResponse>"
    )
    done = run(HERE / "photo.wsdl", "--try", photo)
    assert json.loads(done.stdout)["value"]["response"]["photo"] == {"bytes": 5}
    assert done.returncode == 0


def test_a_soap_fault_is_told_as_one_and_a_foreign_body_is_refused(tmp_path: Path) -> None:
    """A fault has no contract; a body no operation knows is one sentence and exit 2."""
    fault = tmp_path / "f.xml"
    fault.write_text(
        envelope(
            "<e:Fault><faultcode>Server.ServerProxy.X</faultcode><faultstring>down</faultstring></e:Fault>"
        )
    )
    told = json.loads(run(HERE / "photo.wsdl", "--try", fault).stdout)
    assert (told["side"], told["value"]["faultstring"]) == ("fault", "down")
    other = tmp_path / "o.xml"
    for text in ("<other/>", envelope(""), "<!DOCTYPE a []><a/>"):
        other.write_text(text)
        done = run(HERE / "photo.wsdl", "--try", other)
        assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False)
