"""Fulfils the port OrganisationRegister over minjust-service and minjust-inn-services."""

from collections.abc import AsyncIterator
from datetime import date, timedelta

from adapters.minjust.organisations import mapping
from gateway.intake.answers import AgencyAnswer, AskContext, Outcome
from gateway.intake.ports_organisations import ChangePage, OrganisationRecord
from gateway.intake.speaking.contracts import Contract
from gateway.intake.speaking.conversation import Dialogue, Errand, Letter
from gateway.intake.speaking.values import is_inn

SOURCE = "MINJUST"
BY_INN, CHANGES = "organisation_by_inn", "changes"
_TAKEN_IN = frozenset({Outcome.FOUND, Outcome.NOT_FOUND})


class MinjustOrganisations:
    """The register of legal entities and the feed of its changes."""

    def __init__(self, register: Dialogue, changes: Dialogue, contract: Contract) -> None:
        """Refuse, with SettingsError, a configuration that lacks one of the services."""
        self._register, self._changes, self._contract = register, changes, contract
        contract.check(register.service(BY_INN).service_code)
        changes.service(CHANGES)

    async def organisation(self, inn: str, *, context: AskContext) -> AgencyAnswer[OrganisationRecord]:
        """Ask for the organisation of an ИНН of 14 digits."""
        if not is_inn(inn):
            return self._register.unanswered(Outcome.REJECTED, "invalid_inn")
        service = self._register.service(BY_INN)
        body = self._contract.bare_body(service.service_code, mapping.subject_request(inn))
        return await self._register.ask(
            Letter(service=service, body=body, context=context),
            lambda reply: mapping.read_subject(reply.body, service.service_code, inn),
        )

    async def changes(self, since: date, until: date, *, context: AskContext) -> AsyncIterator[ChangePage]:
        """Walk the feed over the days [since, until), a page a day; it ends behind the first page not answered."""
        day = since
        while day < until:
            following = day + timedelta(days=1)
            errand = Errand(
                service=self._changes.service(CHANGES),
                query={"datefrom": day.isoformat(), "dateto": following.isoformat()},
                context=context,
            )
            page = ChangePage(
                since=day, until=following, answer=await self._changes.fetch(errand, mapping.read_changes)
            )
            yield page
            if page.answer.outcome not in _TAKEN_IN:
                return
            day = following
