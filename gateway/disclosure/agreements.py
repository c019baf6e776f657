"""Who may ask what, for which purpose, under which profile: policy held as data in config/agreements.toml.

No agreement → no access (a Fault). What depends on the person asked about is never decided here: it is the one
answer NOT_FOUND_OR_NOT_ALLOWED in the content.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from cryptography import x509

from gateway.crypto.certificates import read_certificate
from gateway.disclosure.ground import check_ground
from gateway.disclosure.soundness import check_policy
from gateway.foundation.errors import AccessError
from gateway.foundation.policy_settings import Agreement
from gateway.foundation.settings import Settings
from gateway.xroad.header import Header
from gateway.xroad.identifiers import ServiceId, SubsystemId, parse_subsystem


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """An agreement in force, ready for use."""

    name: str
    agreement: Agreement
    certificates: tuple[x509.Certificate, ...]

    @property
    def must_sign(self) -> bool:
        """Whether the client must sign what it sends to us."""
        return self.agreement.must_sign


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """What a request says of itself: why, under which agreement, for which case."""

    code: str
    agreement_no: str
    case_ref: str
    profile: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """A decision to answer: the profile's fields are the only ones that may leave."""

    agreement_no: str
    purpose: str
    profile: str
    fields: frozenset[str]
    past_days: int
    consent: str = ""


class Agreements:
    """All agreements of the configuration, found by client and service."""

    def __init__(self, settings: Settings) -> None:
        """Check the whole policy at the start; raises SettingsError naming what does not fit together."""
        self._settings = settings
        check_policy(settings)
        self._terms: dict[SubsystemId, list[Terms]] = {}
        for name, agreement in settings.agreements.items():
            terms = Terms(name=name, agreement=agreement, certificates=_certificates(settings, agreement))
            self._terms.setdefault(parse_subsystem(agreement.client), []).append(terms)

    def find(self, client: SubsystemId, service: ServiceId, *, on: date) -> Terms:
        """Find the agreement under which a client may call a service on a day; raises AccessError."""
        wanted = f"{service.service_code}/{service.service_version}"
        for terms in self._terms.get(client, ()):
            if wanted in terms.agreement.services and _in_force(terms.agreement, on):
                check_ground(self._settings, terms.agreement, on=on)
                return terms
        raise AccessError(
            "no agreement in force lets this client call this service", code="AGREEMENT_MISSING"
        )

    @cached_property
    def clients(self) -> Sequence[SubsystemId]:
        """Every client that has an agreement."""
        return tuple(self._terms)

    def grant(self, terms: Terms, header: Header, purpose: Purpose) -> Grant:
        """Decide about a request by its header and its purpose; raises AccessError with the code of the reason."""
        if not header.user_id.strip():
            raise AccessError("the header must say who asks: xrd:userId", code="USER_MISSING")
        if not header.issue.strip():
            raise AccessError("the header must name the case: xrd:issue", code="ISSUE_MISSING")
        if purpose.agreement_no != terms.agreement.number:
            raise AccessError("agreementNo is not that of your agreement", code="AGREEMENT_MISSING")
        if purpose.code not in terms.agreement.purposes:
            raise AccessError("the purpose is not in your agreement", code="PURPOSE_NOT_ALLOWED")
        name = self._profile(purpose, header.service.service_code)
        profile = self._settings.profiles[name]
        return Grant(
            agreement_no=terms.agreement.number,
            purpose=purpose.code,
            profile=name,
            fields=frozenset(profile.fields),
            past_days=profile.past_days,
            consent=profile.consent,
        )

    def _profile(self, purpose: Purpose, service_code: str) -> str:
        open_ones = [
            name
            for name in self._settings.purposes[purpose.code].profiles
            if self._settings.profiles[name].service == service_code
        ]
        if purpose.profile and purpose.profile not in open_ones:
            raise AccessError("the purpose does not open this profile", code="PURPOSE_NOT_ALLOWED")
        if not open_ones:
            raise AccessError("the purpose does not open this service", code="PURPOSE_NOT_ALLOWED")
        return purpose.profile or open_ones[0]


def _in_force(agreement: Agreement, on: date) -> bool:
    until = agreement.valid_until
    return date.fromisoformat(agreement.valid_from) <= on and (not until or on <= date.fromisoformat(until))


def _certificates(settings: Settings, agreement: Agreement) -> tuple[x509.Certificate, ...]:
    return tuple(read_certificate(settings.path(file)) for file in agreement.certificate_files)
