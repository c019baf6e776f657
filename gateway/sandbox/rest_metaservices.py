"""What a security server tells about REST services: listMethods, allowedMethods and getOpenAPI (PR-MREST)."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from gateway.foundation.errors import ContractError
from gateway.sandbox.rest import rest_error
from gateway.xroad.identifiers import ServiceId, SubsystemId
from gateway.xroad.rest.compile import read_services
from gateway.xroad.rest.headers import parts_of, read_call, write_parts
from gateway.xroad.rest.openapi import describe

GET_OPENAPI = "getOpenAPI"
_LISTS = ("listMethods", "allowedMethods")
_SEGMENTS = 6
_PROVIDER = "server.serverproxy"


@dataclass(frozen=True, slots=True, kw_only=True)
class RestCatalogue:
    """REST services with their descriptions, the codes of SOAP services beside them, and who may call what."""

    services: Mapping[ServiceId, Mapping[str, Any]] = field(default_factory=dict)
    soap: Collection[tuple[SubsystemId, str]] = ()
    may_call: Callable[[SubsystemId, ServiceId], bool] = field(default=lambda _client, _service: False)

    def show(self, request: Request) -> Response | None:
        """Answer a metaservice's GET under /r1; None for any other address."""
        segments = request.url.path.strip("/").split("/")
        if segments[0] != "r1" or segments[-1] not in {GET_OPENAPI, *_LISTS}:
            return None
        if len(segments) != _SEGMENTS:
            return rest_error("client.bad_request", "Missing or malformed service")
        if segments[-1] == GET_OPENAPI:
            return self._describe(segments, request.query_params.get("serviceCode", ""))
        return self._list(segments, request)

    def _describe(self, segments: list[str], code: str) -> Response:
        if not code:
            return rest_error("client.bad_request", "Missing or malformed service")
        provider = _provider(segments)
        found = self.services.get(ServiceId(provider=provider, service_code=code))
        if found is not None:
            return JSONResponse(found)
        if (provider, code) in self.soap:
            return rest_error(f"{_PROVIDER}.service_type", "The service is not a REST service")
        return rest_error(f"{_PROVIDER}.unknown_service", "Could not find the service")

    def _list(self, segments: list[str], request: Request) -> Response:
        try:
            call = read_call(request.url.path.encode(), b"", [*request.headers.raw, (b"x-road-id", b"-")])
        except ContractError as error:
            return rest_error("client.bad_request", str(error))
        listed = [
            _listed(service, description)
            for service, description in self.services.items()
            if service.provider == _provider(segments)
            and (segments[-1] == _LISTS[0] or self.may_call(call.header.client, service))
        ]
        return JSONResponse({"service": listed})


def read_rest_services(provider: SubsystemId, wsdl: Path, schemas: Path) -> dict[ServiceId, dict[str, Any]]:
    """Describe what a WSDL offers by REST, each service alone, without the provider's own host."""
    services = read_services(wsdl, directories=(schemas,))
    base = f"/r1/{write_parts(*parts_of(provider))}"
    return {
        ServiceId(provider=provider, service_code=code): describe(services, base, service_code=code)
        for code in dict.fromkeys(service.service_code for service in services)
    }


def _provider(segments: list[str]) -> SubsystemId:
    return SubsystemId(
        xroad_instance=segments[1],
        member_class=segments[2],
        member_code=segments[3],
        subsystem_code=segments[4],
    )


def _listed(service: ServiceId, description: Mapping[str, Any]) -> dict[str, Any]:
    provider = service.provider
    paths: Mapping[str, Mapping[str, Any]] = description["paths"]
    return {
        "object_type": "SERVICE",
        "xroad_instance": provider.xroad_instance,
        "member_class": provider.member_class,
        "member_code": provider.member_code,
        "subsystem_code": provider.subsystem_code,
        "service_code": service.service_code,
        "service_type": "OPENAPI",
        "endpoint_list": [
            {"method": method.upper(), "path": path} for path, methods in paths.items() for method in methods
        ],
    }
