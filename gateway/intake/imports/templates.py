"""The templates we hand out: which columns, which version, and how a file tells which one it was made from."""

import re
from dataclasses import dataclass

from gateway.intake.imports.refusals import ImportRefused
from gateway.registry.titles import column_title

CURRENT = 1
OLDEST = 1
LEARNERS = "learners"
LEARNER_COLUMNS = (
    "record_id", "surname", "given_name", "patronymic", "sex", "pin", "birth_date", "birth_certificate",
    "passport", "citizenship", "organisation_code", "level", "grade", "form", "start_on",
)  # fmt: skip
NEEDED = ("surname", "given_name", "organisation_code", "start_on")
_MARK = re.compile(r"kopuro:(?P<kind>[a-z_]{1,40}):(?P<version>\d{1,6})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """A kind of file in one version; `mark` is what stands in its first cell."""

    kind: str = LEARNERS
    version: int = CURRENT
    columns: tuple[str, ...] = LEARNER_COLUMNS

    @property
    def mark(self) -> str:
        """Give the text by which a file made from the template is known."""
        return f"kopuro:{self.kind}:{self.version}"

    def headings(self, language: str) -> list[str]:
        """Give the headings in ky, ru or en; a needed column has an asterisk."""
        return [f"{column_title(name, language)}{' *' if name in NEEDED else ''}" for name in self.columns]


def stated_version(cells: list[str]) -> str:
    """Give the version a row of a file states, or nothing; raises ImportRefused for one we do not take in."""
    found = next((match for cell in cells if (match := _MARK.fullmatch(cell.strip()))), None)
    if found is None:
        return ""
    if found["kind"] != LEARNERS:
        raise ImportRefused("TEMPLATE_UNKNOWN", found["kind"])
    version = int(found["version"])
    if version < OLDEST:
        raise ImportRefused("TEMPLATE_OLD", str(version))
    if version > CURRENT:
        raise ImportRefused("TEMPLATE_NEWER", str(version))
    return str(version)
