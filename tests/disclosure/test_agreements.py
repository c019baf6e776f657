"""Who may ask what: nothing that is not written down is allowed, and what is written down must make sense."""

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.disclosure.agreements import Agreements, Purpose
from gateway.foundation.errors import AccessError, SettingsError
from gateway.foundation.policy_settings import Agreement, Profile
from gateway.foundation.settings import Identity, Settings, load
from gateway.foundation.settings import Purpose as PurposeSettings
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId, parse_subsystem
from tests.pki import key_pair

DAY = date(2026, 6, 1)
OURS = parse_subsystem("I/GOV/1/isuo")
CLIENTS = ("I/GOV/2/fund", "I/GOV/2/other", "I/GOV/3/portal", "I/COM/2/fund", "J/GOV/2/fund", "I/GOV/2")
SERVICES = ("getStatus/v1", "getStatus/v2", "getDocument/v1", "getStatus", "getNothing/v1")
PURPOSES = ("PENSION", "BENEFIT", "CHECK", "pension", "")
PROFILES = ("", "A", "B", "D", "a")

PROFILE_SETTINGS = {
    "A": Profile(service="getStatus", fields=("studying",), past_days=30),
    "B": Profile(service="getStatus", fields=("studying", "school")),
    "D": Profile(service="getDocument", fields=("valid",)),
}
PURPOSE_SETTINGS = {
    name: PurposeSettings(title_ky=name, title_ru=name, title_en=name, profiles=profiles)
    for name, profiles in {"PENSION": ("A",), "BENEFIT": ("B", "A"), "CHECK": ("D",)}.items()
}


def agreement(client: str, services: tuple[str, ...], purposes: tuple[str, ...], **more: object) -> Agreement:
    fields = {
        "number": f"N-{client}",
        "legal_basis": "art. 15",
        "valid_from": "2026-01-01",
        "valid_until": "2026-12-31",
    }
    return Agreement(client=client, services=services, purposes=purposes, **(fields | more))  # type: ignore[arg-type]


AGREEMENTS = {
    "fund": agreement("I/GOV/2/fund", ("getStatus/v1", "getDocument/v1"), ("PENSION", "CHECK")),
    "portal": agreement("I/GOV/3/portal", ("getStatus/v1",), ("BENEFIT",)),
}


def made(agreements: dict[str, Agreement] = AGREEMENTS, **more: object) -> Settings:
    fields = {"purposes": PURPOSE_SETTINGS, "profiles": PROFILE_SETTINGS} | more
    identity = Identity(xroad_instance="I", member_class="GOV", member_code="1", subsystem_code="isuo")
    return Settings(home=Path(), identity=identity, agreements=agreements, **fields)  # type: ignore[arg-type]


def service(text: str) -> ServiceId:
    code, _, version = text.partition("/")
    return ServiceId(provider=OURS, service_code=code, service_version=version)


def header(client: SubsystemId, called: str, **more: str) -> Header:
    fields = {"message_id": "1", "protocol_version": "4.0", "user_id": "KG1", "issue": "case/1"} | more
    return Header(client=client, service=service(called), **fields)


def expected(client: str, called: str, number: str, purpose: str, profile: str) -> str | frozenset[str]:
    """Say what the policy means, from the data alone: a refusal's code, or the fields that may leave."""
    terms = next((each for each in AGREEMENTS.values() if each.client == client), None)
    if terms is None or called not in terms.services or number != terms.number:
        return "AGREEMENT_MISSING"
    if purpose not in terms.purposes:
        return "PURPOSE_NOT_ALLOWED"
    code = called.partition("/")[0]
    opened = [name for name in PURPOSE_SETTINGS[purpose].profiles if PROFILE_SETTINGS[name].service == code]
    chosen = profile or (opened[0] if opened else "")
    return frozenset(PROFILE_SETTINGS[chosen].fields) if chosen in opened else "PURPOSE_NOT_ALLOWED"


def decide(client: str, called: str, number: str, purpose: str, profile: str) -> str | frozenset[str]:
    agreements, who = Agreements(made()), parse_subsystem(client)
    try:
        terms = agreements.find(who, service(called), on=DAY)
        wish = Purpose(code=purpose, agreement_no=number, case_ref="case/1", profile=profile)
        return agreements.grant(terms, header(who, called), wish).fields
    except AccessError as refused:
        return refused.code


def test_whatever_is_not_written_down_is_refused() -> None:
    """Over every client, service, agreement number, purpose and profile only the listed ones are let in."""
    numbers = [*(each.number for each in AGREEMENTS.values()), ""]
    granted = 0
    for client in CLIENTS:
        for called in SERVICES:
            for number in numbers:
                for purpose in PURPOSES:
                    for profile in PROFILES:
                        asked = (client, called, number, purpose, profile)
                        assert decide(*asked) == expected(*asked), asked
                        granted += not isinstance(expected(*asked), str)
    assert granted == 7  # fund: A by default and by name, D by default and by name; portal: default, A and B


@given(
    st.sampled_from(CLIENTS) | st.from_regex(r"[IJ]/[A-Z]{3}/[0-9]/[a-z]{1,6}", fullmatch=True),
    st.sampled_from(SERVICES) | st.text(max_size=12),
    st.text(max_size=14),
    st.sampled_from(PURPOSES) | st.text(max_size=9),
    st.sampled_from(PROFILES) | st.text(max_size=3),
)
def test_no_text_opens_what_is_closed(
    client: str, called: str, number: str, purpose: str, profile: str
) -> None:
    """Whatever is put into a request, its agreement's number must be the client's own."""
    assert decide(client, called, number, purpose, profile) == expected(
        client, called, number, purpose, profile
    )


@pytest.mark.parametrize(
    ("on", "in_force"),
    [("2025-12-31", False), ("2026-01-01", True), ("2026-12-31", True), ("2027-01-01", False)],
)
def test_an_agreement_holds_from_its_first_to_its_last_day(on: str, *, in_force: bool) -> None:
    """Both days belong to it; before and after there is no agreement."""
    find = Agreements(made()).find
    client, called = parse_subsystem("I/GOV/2/fund"), service("getStatus/v1")
    if in_force:
        assert find(client, called, on=date.fromisoformat(on)).name == "fund"
        return
    with pytest.raises(AccessError) as refused:
        find(client, called, on=date.fromisoformat(on))
    assert refused.value.code == "AGREEMENT_MISSING"


def test_an_agreement_without_an_end_has_none() -> None:
    """An empty valid_until is no end at all."""
    endless = {"fund": replace(AGREEMENTS["fund"], valid_until="")}
    find = Agreements(made(endless)).find
    assert find(parse_subsystem("I/GOV/2/fund"), service("getStatus/v1"), on=date(2999, 1, 1)).name == "fund"


def test_the_successor_takes_over_on_the_day_after() -> None:
    """Two agreements of one client follow each other without a gap, each under its own number."""
    last = date(2026, 6, 30)
    both = {
        "old": replace(AGREEMENTS["fund"], valid_until=last.isoformat()),
        "new": replace(AGREEMENTS["fund"], number="N-2", valid_from=(last + timedelta(days=1)).isoformat()),
    }
    find = Agreements(made(both)).find
    client, called = parse_subsystem("I/GOV/2/fund"), service("getStatus/v1")
    assert [find(client, called, on=last + timedelta(days=days)).name for days in (0, 1)] == ["old", "new"]


@pytest.mark.parametrize(("field", "code"), [("user_id", "USER_MISSING"), ("issue", "ISSUE_MISSING")])
@pytest.mark.parametrize("text", ["", "  ", "\n\t"])
def test_who_asks_and_for_which_case_must_be_said(field: str, code: str, text: str) -> None:
    """White space is not a user, and not a case."""
    agreements, client = Agreements(made()), parse_subsystem("I/GOV/2/fund")
    terms = agreements.find(client, service("getStatus/v1"), on=DAY)
    wish = Purpose(code="PENSION", agreement_no=terms.agreement.number, case_ref="case/1")
    with pytest.raises(AccessError) as refused:
        agreements.grant(terms, header(client, "getStatus/v1", **{field: text}), wish)
    assert refused.value.code == code


def test_a_grant_says_under_what_it_was_given() -> None:
    """Number, purpose, profile and reach go into the record of disclosures."""
    agreements, client = Agreements(made()), parse_subsystem("I/GOV/2/fund")
    terms = agreements.find(client, service("getStatus/v1"), on=DAY)
    wish = Purpose(code="PENSION", agreement_no=terms.agreement.number, case_ref="case/1")
    grant = agreements.grant(terms, header(client, "getStatus/v1"), wish)
    assert (grant.agreement_no, grant.purpose, grant.profile) == (terms.agreement.number, "PENSION", "A")
    assert grant.past_days == 30


FUND = AGREEMENTS["fund"]
MISTAKES = {
    "purpose unknown": ({"fund": replace(FUND, purposes=("PENSIO",))}, "fund.*PENSIO.*not defined"),
    "date": ({"fund": replace(FUND, valid_from="01.01.2026")}, "fund.*01.01.2026.*YYYY-MM-DD"),
    "impossible date": ({"fund": replace(FUND, valid_until="2026-02-30")}, "fund.*2026-02-30"),
    "backwards": ({"fund": replace(FUND, valid_until="2025-12-31")}, "fund ends before it begins"),
    "signing without a certificate": ({"fund": replace(FUND, must_sign=True)}, "fund.*certificate_files"),
    "client": ({"fund": replace(FUND, client="I/GOV")}, "I/GOV.*instance/class"),
    "no number": ({"fund": replace(FUND, number=" ")}, "fund.number is empty"),
    "no legal basis": ({"fund": replace(FUND, legal_basis="")}, "fund.legal_basis is empty"),
    "service without version": ({"fund": replace(FUND, services=("getStatus",))}, "fund.*'getStatus'.*serviceVersion"),
    "purpose for nothing": ({"fund": replace(FUND, services=("getStatus/v1",))}, "fund.*CHECK opens none"),
    "service for nobody": ({"fund": replace(FUND, purposes=("CHECK",))}, "fund.*getStatus"),
    "two at once": ({"fund": FUND, "twin": replace(FUND, number="N-2")}, "fund and .*twin.*same time"),
    "certificate file": ({"fund": replace(FUND, certificate_files=("no-such.crt",))}, "no-such.crt.*missing"),
    "no certificate": (
        {"fund": replace(FUND, certificate_files=(str(key_pair("not-a-certificate")[0]),))},
        "not-a-certificate.key",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_in_the_policy_stops_the_start(name: str) -> None:
    """What cannot be meant is said at once, by its place in the configuration; it never becomes a silent no."""
    agreements, sentence = MISTAKES[name]
    with pytest.raises(SettingsError, match=sentence):
        Agreements(made(agreements))


def test_an_undefined_profile_stops_the_start() -> None:
    """A purpose may only open profiles that are there."""
    purposes = PURPOSE_SETTINGS | {"BENEFIT": replace(PURPOSE_SETTINGS["BENEFIT"], profiles=("C",))}
    with pytest.raises(SettingsError, match=r"BENEFIT.*C.*not defined"):
        Agreements(made(purposes=purposes))


def test_the_shipped_policy_is_sound() -> None:
    """The agreements we ship let each client call each of its services for a purpose of its own."""
    settings = load(environment={})
    without_files = {
        name: replace(each, certificate_files=(), must_sign=False)
        for name, each in settings.agreements.items()
    }
    assert set(Agreements(replace(settings, agreements=without_files)).clients) == {
        parse_subsystem(each.client) for each in settings.agreements.values()
    }
