"""What an exchange was asked for is found by its issue, whichever task asked."""

from uuid import uuid4

import pytest

from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.queue import defer
from gateway.intake.family import TASK as LINK_FAMILY
from gateway.intake.foreigners import TASK as VERIFY_FOREIGNER
from gateway.intake.staff_documents import TASK as CHECK_PASSPORT
from gateway.intake.staff_work import TASK as CHECK_WORK
from gateway.operations.exchange_work import issue_of, work_of_issue
from gateway.operations.replay_rules import VERIFY_PERSON


@pytest.mark.parametrize("task", [VERIFY_PERSON, LINK_FAMILY, VERIFY_FOREIGNER, CHECK_PASSPORT, CHECK_WORK])
async def test_every_task_about_a_person_is_found_by_its_issue(database: Database, task: str) -> None:
    """The page of an exchange offers hold, now and give up for the job that asked, and for no other."""
    about, other = uuid4(), uuid4()
    async with database.transaction() as session:
        wanted = await defer(session, task, scheduled_at=utc_now(), person_id=str(about))
        await defer(session, task, scheduled_at=utc_now(), person_id=str(other))
        found = await work_of_issue(session, issue_of(task, about))
    assert [job.job_id for job in found.jobs] == [wanted]
