"""Whether the policy in config/agreements.toml fits together: a mistake in it stops the start with a sentence."""

from datetime import date
from itertools import combinations

from gateway.disclosure.ground import check_bases
from gateway.foundation.errors import SettingsError
from gateway.foundation.policy_settings import Agreement
from gateway.foundation.settings import Settings
from gateway.xroad.identifiers import parse_subsystem


def check_policy(settings: Settings) -> None:
    """Raise SettingsError naming the first agreement or purpose that is wrong or could never be used."""
    for name, purpose in settings.purposes.items():
        for profile in purpose.profiles:
            if profile not in settings.profiles:
                raise SettingsError(f"purposes.{name} names the profile {profile}, which is not defined")
    for name, agreement in settings.agreements.items():
        _check_terms(name, agreement)
        _check_dates(name, agreement)
        check_bases(settings, name, agreement)
        _check_uses(settings, name, agreement)
    for (one, first), (other, second) in combinations(settings.agreements.items(), 2):
        _check_apart(one, first, other, second)


def _check_terms(name: str, agreement: Agreement) -> None:
    parse_subsystem(agreement.client)
    for key in ("number", "legal_basis"):
        if not getattr(agreement, key).strip():
            raise SettingsError(f"agreements.{name}.{key} is empty")
    for service in agreement.services:
        code, _, version = service.partition("/")
        if not code or not version or "/" in version:
            raise SettingsError(f"agreements.{name}: {service!r} must be serviceCode/serviceVersion")
    if agreement.must_sign and not agreement.certificate_files:
        raise SettingsError(f"agreements.{name} demands signing but names no certificate_files")


def _check_dates(name: str, agreement: Agreement) -> None:
    for text in filter(None, (agreement.valid_from, agreement.valid_until)):
        _read_day(name, text)
    if agreement.valid_until and _read_day(name, agreement.valid_until) < _read_day(
        name, agreement.valid_from
    ):
        raise SettingsError(f"agreements.{name} ends before it begins")


def _read_day(name: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise SettingsError(f"agreements.{name}: {text!r} is not a date (YYYY-MM-DD)") from None


def _check_uses(settings: Settings, name: str, agreement: Agreement) -> None:
    """Every purpose must open one of the services, and every service must be opened by a purpose."""
    services = {service.partition("/")[0] for service in agreement.services}
    opened: set[str] = set()
    for code in agreement.purposes:
        if code not in settings.purposes:
            raise SettingsError(f"agreements.{name} names the purpose {code}, which is not defined")
        opens = {settings.profiles[profile].service for profile in settings.purposes[code].profiles}
        if services.isdisjoint(opens):
            raise SettingsError(f"agreements.{name}: the purpose {code} opens none of its services")
        opened |= opens
    for service in sorted(services - opened):
        raise SettingsError(f"agreements.{name}: no purpose of it opens the service {service}")


def _check_apart(one: str, first: Agreement, other: str, second: Agreement) -> None:
    """Refuse two agreements of one client over one service at one time: only the first would ever be found."""
    if first.client != second.client or not _overlap(first, second):
        return
    for service in sorted(set(first.services) & set(second.services)):
        raise SettingsError(
            f"agreements.{one} and agreements.{other} both let {first.client} call {service} at the same time: "
            "end the older one by valid_until"
        )


def _overlap(first: Agreement, second: Agreement) -> bool:
    latest_start = max(date.fromisoformat(each.valid_from) for each in (first, second))
    ends = [date.fromisoformat(each.valid_until) for each in (first, second) if each.valid_until]
    return all(latest_start <= end for end in ends)
