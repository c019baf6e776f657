"""The same services by REST: JSON becomes the contract's XML, takes the very way SOAP takes, and comes back as JSON.

headers → agreement → JSON → schema → grant → handler → schema → JSON → journal → bytes.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace

import structlog

from gateway.disclosure.agreements import Terms
from gateway.foundation.errors import ContractError, KopuroError, SignatureError
from gateway.foundation.xml import parse_again
from gateway.services.arrival import Arrival
from gateway.services.codec import texts_of
from gateway.services.dispatch import find_offer, version_of
from gateway.services.endpoint import Endpoint, Reply
from gateway.services.question import Offer, purpose_of
from gateway.services.trace import Trace
from gateway.xroad.mime_types import media_type_name, read_media_type
from gateway.xroad.rest.headers import RawHeaders, RestCall, answer_headers, read_call
from gateway.xroad.rest.json_text import read_json
from gateway.xroad.rest.plan import Service
from gateway.xroad.rest.problems import in_rest, status_of, write_problem
from gateway.xroad.rest.to_json import to_json
from gateway.xroad.rest.to_xml import to_xml

_log = structlog.stdlib.get_logger(__name__)
CONTENT_TYPE = "application/json; charset=utf-8"
Plans = Mapping[tuple[str, str], Service]


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """What an HTTP request says outside its body."""

    raw_path: bytes
    query: bytes
    headers: RawHeaders


@dataclass(frozen=True, slots=True, kw_only=True)
class RestReply:
    """What leaves: status, headers, JSON."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class RestEndpoint:
    """The SOAP pipeline's stages with JSON at both ends; `plans` by service code and version."""

    shared: Endpoint
    plans: Plans

    async def answer(self, arrival: Arrival, address: Address) -> RestReply:
        """Answer one request; every outcome, refusals too, stands in the journal before it leaves."""
        trace = Trace(arrival=arrival)

        async def answered(trace: Trace) -> Reply:
            return await self._answer(trace, address)

        reply = await self.shared.through(trace, answered, _problem)
        headers = (("Content-Type", CONTENT_TYPE), *(answer_headers(trace.rest) if trace.rest else ()))
        return RestReply(status=reply.status, headers=headers, body=reply.body)

    async def _answer(self, trace: Trace, address: Address) -> Reply:
        call = _read(trace, address)
        offer = self._offered(call)
        header, plan = call.header, self.plans[offer.service_code, offer.service_version]
        terms = self.shared.agreements.find(header.client, header.service, on=trace.today)
        _refuse_unsigned(terms, trace)
        content = to_xml(read_json(trace.arrival.body), plan.request)
        with _in_rest(plan.request.name):
            self.shared.schema.check(content, whose="request")
            texts = texts_of(content)
            grant = self.shared.agreements.grant(terms, header, purpose_of(texts))
            answer = await self.shared.ask(offer, texts, grant, trace)
        return await self.shared.record(trace, answer, self._write(answer.content, plan, trace))

    def _write(self, content: bytes, plan: Service, trace: Trace) -> bytes:
        """Turn the handler's answer into JSON; one that does not fit our own contract is our failure."""
        written = parse_again(content)
        try:
            self.shared.schema.check(written, whose="answer")
            return to_json(written, plan.answer)
        except ContractError as error:
            _log.error("answer_does_not_fit", exchange_id=str(trace.exchange_id), where=error.where)
            raise KopuroError("the answer does not fit the published schema") from None

    def _offered(self, call: RestCall) -> Offer:
        try:
            return find_offer(call.header.service, self.shared.ours)
        except ContractError as error:
            raise ContractError(
                "the address names a service that is not offered here",
                code=error.code,
                where="address",
                hint=error.hint,
            ) from None


def _read(trace: Trace, address: Address) -> RestCall:
    """Read headers and address; a bare service code means its first version."""
    trace.arrival.complain()
    call = read_call(address.raw_path, address.query, address.headers)
    service = call.header.service
    if not service.service_version:
        service = replace(service, service_version=version_of(service.service_code))
        call = replace(call, header=replace(call.header, service=service))
    trace.rest, trace.header = call, call.header
    _check_content_type(call.content_type)
    return call


def _check_content_type(content_type: str) -> None:
    media = read_media_type(content_type)
    charset = media.parameters.get("charset", "utf-8") if media else ""
    if media_type_name(content_type) != "application/json" or charset.lower() != "utf-8":
        raise ContractError(
            "the body must be JSON in UTF-8",
            code="invalid_content_type",
            where="Content-Type",
            hint="send Content-Type: application/json",
        )


def _refuse_unsigned(terms: Terms, trace: Trace) -> None:
    """Keep everything out where signing is agreed: REST carries no signature of the client's own."""
    if terms.must_sign:
        trace.signature = "refused"
        raise SignatureError("the agreement demands a signed request, and REST carries none: ask by SOAP")


@contextmanager
def _in_rest(wrapper: str) -> Iterator[None]:
    try:
        yield
    except KopuroError as error:
        raise in_rest(error, wrapper) from None


def _problem(code: str, sentence: str, *, hint: str = "", correlation_id: str = "") -> Reply:
    body = write_problem(code, sentence, hint=hint, correlation_id=correlation_id)
    return Reply(status=status_of(code), body=body)
