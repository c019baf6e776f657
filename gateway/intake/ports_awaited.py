"""Sources whose contract is not known yet: they can be named and asked for, and refuse until it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn, Protocol

from gateway.intake.answers import AgencyAnswer, AskContext


@dataclass(frozen=True, slots=True, kw_only=True)
class AwaitedSource:
    """What is known of a source, and what is missing before it can be asked; unknown codes are empty."""

    agency: str
    would_give: str
    missing: str
    member_code: str = ""
    service: str = ""


class AwaitedSources(Protocol):
    """The sources we would ask if their contract were known."""

    @property
    def sources(self) -> Mapping[str, AwaitedSource]:
        """What is awaited, under our names."""

    async def ask(self, source: str, subject: str, *, context: AskContext) -> AgencyAnswer[NoReturn]:
        """Answer REJECTED with the code contract_unknown and send nothing; raises KeyError for another name."""
