"""What may be asked and which source is believed, as config/agreements.toml and config/fields.toml hold it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class LegalBasis:
    """An act and its article, and the days it is in force."""

    act: str
    article: str
    valid_from: str
    valid_until: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What one client subsystem may ask, on which legal ground, and whether it must sign."""

    client: str
    number: str
    legal_basis: str
    valid_from: str
    valid_until: str = ""
    services: tuple[str, ...]
    purposes: tuple[str, ...]
    must_sign: bool = False
    certificate_files: tuple[str, ...] = ()
    legal_bases: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """A purpose code: the profile it opens in each service."""

    title_ky: str
    title_ru: str
    title_en: str
    profiles: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A disclosure profile: the only fields of a service that may leave under it.

    `consent` names a scope and a purpose (SCOPE/PURPOSE): nothing leaves without a consent to them that stands.
    """

    service: str
    fields: tuple[str, ...]
    past_days: int = 0
    consent: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldPolicy:
    """Who is believed about a field: the sources in order, and what a disagreement does.

    From the age of `from_age` years the order is `sources_from_age`, and there a source whose act is later
    than the leader's document goes first if `later_act_leads`. `newest_verified_wins` passes the order over.
    """

    sources: tuple[str, ...]
    on_conflict: str = "case"
    stale_after_days: int = 0
    from_age: int = 0
    sources_from_age: tuple[str, ...] = ()
    later_act_leads: bool = False
    newest_verified_wins: bool = False
