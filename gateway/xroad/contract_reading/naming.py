"""What a field's name gives away about its content: PIN, date, photo, secret, what we do not keep."""

import re

from gateway.xroad.scalars import Kind
from gateway.xroad.tolerant import Field

_PARTS = re.compile(r"[A-ZА-ЯЁ]+(?![a-zа-яё])|[A-ZА-ЯЁ]?[a-zа-яё]+|\d+")
PINS = frozenset({"pin", "pins", "inn", "tin", "idnp", "пин", "инн"})
_NOT_A_PIN = frozenset({"date", "blocked", "generation", "generated", "status", "count", "code", "type"})
DATES = frozenset({"date", "dob", "birthdate", "birthday", "dfrom", "дата"})
PHOTOS = frozenset({"photo", "foto", "image", "picture", "portrait", "фото"})
SECRETS = frozenset(
    {"secret", "password", "passwd", "pwd", "token", "apikey", "clientid", "otp", "login", "credential"}
)
SECRET_PAIRS = (frozenset({"client", "id"}), frozenset({"api", "key"}), frozenset({"access", "key"}))
SEXES = frozenset({"gender", "sex", "pol", "пол"})
DROPPED = frozenset({"marital", "nationality", "ethnicity", "ethnic", "национальность"})
DROPPED_PAIRS = (frozenset({"family", "status"}),)
SPECIAL = frozenset(
    {"religion", "religious", "diagnosis", "disability", "health", "biometric", "fingerprint", "conviction"}
)


def words(name: str) -> frozenset[str]:
    """Split `dateOfBirth`, `birth_date` or `PIN` into lower-case words."""
    return frozenset(part.casefold() for part in _PARTS.findall(name))


def looks_like_pin(field: Field) -> bool:
    """Tell a personal number by its name."""
    said = words(field.name)
    personal = said & PINS or {"personal", "number"} <= said
    return bool(personal) and not said & _NOT_A_PIN and field.kind != Kind.GROUP


def looks_like_date(field: Field) -> bool:
    """Tell a date by its name, whatever its type."""
    return bool(words(field.name) & DATES) and field.kind != Kind.GROUP


def looks_like_photo(field: Field) -> bool:
    """Tell a picture by its name."""
    return bool(words(field.name) & PHOTOS) and field.kind != Kind.GROUP


def says_secret(name: str) -> bool:
    """Tell by its name what authenticates the asker and must not be logged."""
    said = words(name)
    return bool(said & SECRETS) or any(pair <= said for pair in SECRET_PAIRS)


def looks_like_secret(field: Field) -> bool:
    """Tell a field that holds a secret."""
    return says_secret(field.name)


def looks_like_sex(field: Field) -> bool:
    """Tell a sex, for which three codings are in use."""
    return bool(words(field.name) & SEXES) and field.kind != Kind.GROUP


def is_dropped(field: Field) -> bool:
    """Tell what the gateway drops on arrival: marital status and ethnicity."""
    said = words(field.name)
    return bool(said & DROPPED) or any(pair <= said for pair in DROPPED_PAIRS)


def is_special(field: Field) -> bool:
    """Tell a special category of personal data, which a school registry has no ground to ask for."""
    return bool(words(field.name) & SPECIAL)
