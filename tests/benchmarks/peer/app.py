"""The same service built with fastapi-xroad-soap, by its own documentation: typed in, typed out, nothing recorded.

Run by the peer's own Python as `app.py PORT`; it lives outside our packages and imports none of them.
"""

import sys
from datetime import date

import uvicorn
from fastapi_xroad_soap import MessageBody, SoapService, XroadHeader
from fastapi_xroad_soap.elements import Boolean, Date, Integer, String

SPACE = {"ns": "isuo", "nsmap": {"isuo": "urn:kg:isuo:producer:v1"}}
DAY = date(2026, 9, 1)


class Context(MessageBody, tag="context", **SPACE):
    purpose_code = String(tag="purposeCode", **SPACE)
    agreement_no = String(tag="agreementNo", **SPACE)
    request_org = String(tag="requestOrg", **SPACE)
    request_person = String(tag="requestPerson", **SPACE)
    case_ref = String(tag="caseRef", **SPACE)


class Control(MessageBody, tag="control", **SPACE):
    birth_date = Date(tag="birthDate", **SPACE)


class Subject(MessageBody, tag="subject", **SPACE):
    pin = String(tag="pin", **SPACE)
    control = Control.Element(tag="control", **SPACE)


class Question(MessageBody, tag="getLearnerStatus", **SPACE):
    context = Context.Element(tag="context", **SPACE)
    subject = Subject.Element(tag="subject", **SPACE)


class Quality(MessageBody, tag="dataQuality", **SPACE):
    identity = String(tag="identity", **SPACE)
    open_case = Boolean(tag="openCase", **SPACE)


class Period(MessageBody, tag="period", **SPACE):
    start = Date(tag="from", **SPACE)
    state = String(tag="state", **SPACE)


class Status(MessageBody, tag="status", **SPACE):
    studying = Boolean(tag="studying", **SPACE)
    level = String(tag="level", **SPACE)
    form = String(tag="form", **SPACE)
    period = Period.Element(tag="period", **SPACE)


class Answer(MessageBody, tag="getLearnerStatusResponse", **SPACE):
    result_code = String(tag="resultCode", **SPACE)
    as_of_date = Date(tag="asOfDate", **SPACE)
    registry_seq = Integer(tag="registrySeq", **SPACE)
    disclosure_id = String(tag="disclosureId", **SPACE)
    quality = Quality.Element(tag="dataQuality", **SPACE)
    status = Status.Element(tag="status", **SPACE)


service = SoapService(path="/xroad")


@service.action("getLearnerStatus")
def answer(body: Question, header: XroadHeader) -> Answer:
    """Answer with one learner's state from memory."""
    period = Period(start=DAY, state="ENROLLED")
    return Answer(
        result_code="OK",
        as_of_date=DAY,
        registry_seq=600,
        disclosure_id="049f6750-48ad-4792-b606-4b863b563f22",
        quality=Quality(identity="UNVERIFIED", open_case=False),
        status=Status(studying=True, level="SPO", form="EXTRAMURAL", period=period),
    )


if __name__ == "__main__":
    uvicorn.run(service, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
