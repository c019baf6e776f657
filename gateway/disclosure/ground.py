"""The legal ground of an agreement: acts and articles with their days; without one in force nothing is answered."""

from collections.abc import Mapping
from datetime import date

from gateway.foundation.clock import today
from gateway.foundation.errors import AccessError, SettingsError
from gateway.foundation.policy_settings import Agreement, LegalBasis
from gateway.foundation.settings import Settings


def check_ground(settings: Settings, agreement: Agreement, *, on: date) -> None:
    """Return while a basis the agreement names is in force; raises AccessError (PURPOSE_NOT_ALLOWED) otherwise.

    An agreement that names no basis of the table rests on its words alone.
    """
    named = [settings.legal_bases[name] for name in agreement.legal_bases]
    if named and not any(_in_force(basis, on) for basis in named):
        raise AccessError("no legal basis of this agreement is in force", code="PURPOSE_NOT_ALLOWED")


def check_bases(settings: Settings, name: str, agreement: Agreement) -> None:
    """Raise SettingsError for a basis that is not there or whose days are none."""
    for each in agreement.legal_bases:
        if each not in settings.legal_bases:
            raise SettingsError(f"agreements.{name} rests on legal_bases.{each}, which is not defined")
        basis = settings.legal_bases[each]
        try:
            _in_force(basis, today())
        except ValueError:
            raise SettingsError(f"legal_bases.{each}: a day is written YYYY-MM-DD") from None


def grounds_of_services(settings: Settings) -> Mapping[str, tuple[LegalBasis, ...]]:
    """Give for each service that an agreement opens the acts and articles it is answered under."""
    found: dict[str, dict[str, LegalBasis]] = {}
    for agreement in settings.agreements.values():
        for service in agreement.services:
            named = found.setdefault(service, {})
            named.update({name: settings.legal_bases[name] for name in agreement.legal_bases})
    return {service: tuple(named.values()) for service, named in sorted(found.items())}


def _in_force(basis: LegalBasis, on: date) -> bool:
    until = basis.valid_until
    return date.fromisoformat(basis.valid_from) <= on and (not until or on <= date.fromisoformat(until))
