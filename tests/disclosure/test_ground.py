"""The legal ground of an agreement: acts with their days, checked at the start and at each question."""

from dataclasses import replace
from datetime import date

import pytest

from gateway.disclosure.agreements import Agreements
from gateway.disclosure.ground import grounds_of_services
from gateway.foundation.errors import AccessError, SettingsError
from gateway.foundation.policy_settings import LegalBasis
from gateway.foundation.settings import Settings, load
from gateway.xroad.identifiers import ServiceId, parse_subsystem

CLIENT = "central-server/GOV/70000011/state-services-portal"


def _settings(**basis: str) -> Settings:
    """The shipped agreement of the state's portal, resting on one act with these days."""
    shipped = load(environment={})
    act = LegalBasis(**{"act": "Act 1", "article": "15", "valid_from": "2020-01-01", **basis})
    portal = replace(shipped.agreements["state_portal"], legal_bases=("one",))
    return replace(shipped, agreements={"state_portal": portal}, legal_bases={"one": act})


def _find(settings: Settings, on: date) -> str:
    agreements = Agreements(settings)
    client = parse_subsystem(CLIENT)
    ours = parse_subsystem("central-server/GOV/70000016/isuo-service")
    service = ServiceId(provider=ours, service_code="getLearnerStatus", service_version="v1")
    return agreements.find(client, service, on=on).agreement.number


@pytest.mark.requirement("R-001")
def test_nothing_is_answered_on_a_ground_that_has_expired() -> None:
    """On the last day of the act the agreement holds; on the day after the request is PURPOSE_NOT_ALLOWED."""
    settings = _settings(valid_until="2026-06-30")
    assert _find(settings, date(2026, 6, 30)) == "PORTAL-2026-01"
    for day in (date(2026, 7, 1), date(2027, 1, 1)):
        with pytest.raises(AccessError) as refused:
            _find(settings, day)
        assert refused.value.code == "PURPOSE_NOT_ALLOWED"


@pytest.mark.requirement("R-001")
def test_each_service_names_its_acts_and_articles() -> None:
    """The catalogue has act and article of every service an agreement opens, the shipped ones included."""
    shipped = grounds_of_services(load(environment={}))
    assert set(shipped) == {"getLearnerStatus/v1", "verifyEducationDocument/v1"}
    assert all(basis.act and basis.article for bases in shipped.values() for basis in bases)
    assert all(shipped.values())


def test_a_ground_that_is_none_stops_the_start() -> None:
    """An agreement that rests on an act nobody defined, or on days that are none, is told at the start."""
    with pytest.raises(SettingsError, match=r"legal_bases\.one"):
        Agreements(_settings(valid_from="soon"))
    settings = _settings()
    with pytest.raises(SettingsError, match="not defined"):
        Agreements(replace(settings, legal_bases={}))
