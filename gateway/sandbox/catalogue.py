"""What is offered in the box and who may call it, read from the shipped contracts and the configuration."""

from collections.abc import Iterable, Mapping
from typing import Any

from gateway.disclosure.agreements import Agreements
from gateway.foundation.clock import today
from gateway.foundation.errors import AccessError
from gateway.foundation.settings import Settings
from gateway.intake.plugs import Simulator
from gateway.sandbox.metaservices import Catalogue, read_services
from gateway.sandbox.rest_metaservices import read_rest_services
from gateway.xroad.identifiers import ServiceId, SubsystemId

_OUR_WSDL = "kopuro.wsdl"


def make_catalogue(settings: Settings, ours: SubsystemId, simulators: Mapping[str, Simulator]) -> Catalogue:
    """Read the WSDL files of our own and of the simulated services.

    A simulated subsystem's WSDL is wsdl/ADAPTER/SUBSYSTEM.wsdl; only what its simulator answers is offered.
    """
    agreements = Agreements(settings)
    services = read_services(ours, settings.contracts / _OUR_WSDL)
    fetched = dict[ServiceId, Mapping[str, Any]]()
    members = _with_member(ours, "The education registry's ministry")
    for client in agreements.clients:
        members |= _with_member(client, f"Agency {client.member_code}")
    for name, simulator in simulators.items():
        for provider in _subsystems(settings, ours, name, simulator.subsystems):
            members |= _with_member(provider, settings.agencies[name].source_code)
            services |= _simulated(settings, name, provider, simulator)
        for provider in _subsystems(settings, ours, name, simulator.rest_subsystems):
            members |= _with_member(provider, settings.agencies[name].source_code)
            fetched |= _simulated_rest(provider, simulator)

    def may_call(client: SubsystemId, service: ServiceId) -> bool:
        if service.provider != ours:
            return client == ours
        try:
            agreements.find(client, service, on=today())
        except AccessError:
            return False
        return True

    rest = read_rest_services(ours, settings.contracts / _OUR_WSDL, settings.schemas)
    return Catalogue(members=members, services=services, rest={**rest, **fetched}, may_call=may_call)


def _with_member(subsystem: SubsystemId, name: str) -> dict[SubsystemId, str]:
    member = SubsystemId(
        xroad_instance=subsystem.xroad_instance,
        member_class=subsystem.member_class,
        member_code=subsystem.member_code,
    )
    return {member: name, subsystem: name}


def _subsystems(
    settings: Settings, ours: SubsystemId, name: str, codes: Iterable[str]
) -> tuple[SubsystemId, ...]:
    agency = settings.agencies[name]
    return tuple(
        SubsystemId(
            xroad_instance=ours.xroad_instance,
            member_class=agency.member_class,
            member_code=agency.member_code,
            subsystem_code=code,
        )
        for code in codes
    )


def _simulated(
    settings: Settings, name: str, provider: SubsystemId, simulator: Simulator
) -> dict[ServiceId, bytes]:
    """Give what the simulator answers: described by its WSDL where there is one, else by its code alone."""
    answered = simulator.subsystems[provider.subsystem_code]
    wsdl = settings.contracts / settings.agencies[name].adapter / f"{provider.subsystem_code}.wsdl"
    described = read_services(provider, wsdl) if wsdl.is_file() else {}
    found = {service: content for service, content in described.items() if service.service_code in answered}
    bare = answered - {service.service_code for service in found}
    return found | {ServiceId(provider=provider, service_code=code): b"" for code in sorted(bare)}


def _simulated_rest(provider: SubsystemId, simulator: Simulator) -> dict[ServiceId, Mapping[str, Any]]:
    """Give what the simulator answers by REST, described by no more than that it takes a GET."""
    return {
        ServiceId(provider=provider, service_code=code): {
            "openapi": "3.1.0",
            "info": {"title": code, "version": "1"},
            "paths": {"/*": {"get": {"responses": {"200": {"description": "the answer"}}}}},
        }
        for code in sorted(simulator.rest_subsystems[provider.subsystem_code])
    }
