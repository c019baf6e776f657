"""A profile that rests on consent, and what a leave looks like to another agency."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import aiohttp
import pytest
import pytest_asyncio
from sqlalchemy import text

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.registry.learners.consents import Agreed, Sheet, give_consent, withdraw_consent
from gateway.registry.learners.journal import Given, Paper, give_order
from gateway.registry.learners.orders import Kind
from gateway.sandbox.people import population
from gateway.sandbox.seed import seed_registry
from tests.running import PEOPLE, SEED, Running, make_settings, running
from tests.services.asking import about, call
from tests.services.test_endpoint import adult

AGREED = Agreed(scope_code="STATUS", purpose_code="BENEFIT")


@pytest_asyncio.fixture
async def product(database_url: str, tmp_path: Path) -> AsyncIterator[Running]:
    """The running product, where the profile of benefit cases rests on consent."""
    settings = make_settings(database_url, tmp_path)
    profiles = {**settings.profiles, "A": replace(settings.profiles["A"], consent="STATUS/BENEFIT")}
    settings = replace(settings, profiles=profiles)
    database = Database(database_url)
    await seed_registry(database, population(SEED, PEOPLE), settings)
    await database.close()
    async with running(settings) as made:
        yield made


@pytest.mark.requirement("R-080", "R-034")
async def test_without_consent_nothing_leaves_and_a_leave_shows_with_it(
    product: Running, http: aiohttp.ClientSession
) -> None:
    """CONSENT_REQUIRED before, the leave and its days with consent, and CONSENT_REQUIRED at once when withdrawn."""
    database = Database(product.settings.database.url)
    today = utc_now().date()
    try:
        status, answer, _ = await call(http, product, about(adult()))
        assert (status, answer["resultCode"]) == (200, "CONSENT_REQUIRED")
        assert "status" not in answer
        async with database.transaction() as session:
            found = await session.execute(
                text("select e.id, e.person_id from enrolment e join person_identifier i on i.person_id = e.person_id "
                     "where i.value = :pin and e.end_on is null"),
                {"pin": adult().pin},
            )  # fmt: skip
            place, person_id = found.one()
            sheet = Sheet(agreed=AGREED, form="PAPER", given_on=today, paper_location="safe")
            consent_id: UUID = await give_consent(
                session, person_id, person_id, sheet, by="clerk", at=utc_now()
            )
            paper = Paper(entered_by="clerk", order_no="7-а", order_on=today)
            until = today.replace(year=today.year + 1)
            given = Given(kind=Kind.LEAVE, effective_on=today, paper=paper, until_on=until)
            await give_order(session, place, given, at=utc_now())
        status, answer, _ = await call(http, product, about(adult()))
        assert (answer["resultCode"], answer["status"]["studying"]) == ("OK", False)
        assert {"from": today.isoformat(), "state": "ACADEMIC_LEAVE"} in answer["status"]["period"]
        async with database.transaction() as session:
            await withdraw_consent(session, consent_id, reason="changed my mind", at=utc_now())
        status, answer, _ = await call(http, product, about(adult()))
        assert answer["resultCode"] == "CONSENT_REQUIRED"
        async with database.transaction() as session:
            told = await session.execute(text("select count(*) from disclosure"))
            assert told.scalar_one() == 1
    finally:
        await database.close()
