"""Who and what is meant: members, subsystems and services of an X-Road instance (PR-MESS 2.1)."""

import re
from dataclasses import dataclass
from functools import lru_cache

from gateway.foundation.errors import SettingsError

_STRICT = re.compile(r"[a-zA-Z0-9'()+,\-.=?]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class SubsystemId:
    """A member, or one of its subsystems when `subsystem_code` is not empty."""

    xroad_instance: str
    member_class: str
    member_code: str
    subsystem_code: str = ""

    def __str__(self) -> str:
        """Write it as `instance/class/code[/subsystem]`; a slash inside a part is escaped, so no two look alike."""
        parts = (self.xroad_instance, self.member_class, self.member_code, self.subsystem_code)
        return join_parts(parts)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceId:
    """A service of a provider; the version is optional on Tunduk."""

    provider: SubsystemId
    service_code: str
    service_version: str = ""

    def __str__(self) -> str:
        """Write it as `provider/service[/version]`."""
        return f"{self.provider}/{join_parts((self.service_code, self.service_version))}"


@lru_cache(maxsize=1024)
def join_parts(parts: tuple[str, ...]) -> str:
    """Join parts by slashes without the empty ones; a slash inside a part is escaped, so no two look alike."""
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts if part)


def split_parts(path: str) -> tuple[str, ...]:
    """Undo `join_parts`."""
    return tuple(part.replace("%2F", "/").replace("%25", "%") for part in path.split("/"))


def parse_subsystem(text: str) -> SubsystemId:
    """Read `instance/class/code[/subsystem]`, as an identifier is written; raises SettingsError."""
    parts = split_parts(text)
    if len(parts) not in {3, 4} or not all(parts):
        raise SettingsError(f"{text!r} must be instance/class/memberCode/subsystemCode")
    return SubsystemId(
        xroad_instance=parts[0],
        member_class=parts[1],
        member_code=parts[2],
        subsystem_code="".join(parts[3:]),
    )


def is_publishable(code: str) -> bool:
    """Tell whether a code keeps to the strict alphabet we publish under (X-Road since 7.3.0)."""
    return _STRICT.fullmatch(code) is not None
