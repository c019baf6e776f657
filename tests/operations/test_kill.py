"""A worker killed in the middle of a bulk replay loses no item and doubles none."""

import asyncio
import os
import subprocess
import sys
import time
from pathlib import Path

from sqlalchemy import text

from gateway.operations.replay_planning import ASK, Selection, plan_replay
from gateway.operations.replay_runs import RunWish, begin_run
from tests.operations.conftest import ONE, Box

ROOT = Path(__file__).resolve().parents[2]
COUNT = 8
QUICK = {
    "KOPURO_WORK__STALLED_AFTER_SECONDS": "2",
    "KOPURO_WORK__HEARTBEAT_SECONDS": "0.5",
    "KOPURO_WORK__POLLING_SECONDS": "0.3",
    "KOPURO_WORK__RETRY_FIRST_SECONDS": "1",
    "KOPURO_WORK__RETRY_LONGEST_SECONDS": "1",
}


def start(box: Box, folder: Path, said: Path) -> subprocess.Popen[bytes]:
    """Start a worker against the box's sandbox."""
    settings = box.gateway.settings
    keys = {
        "KOPURO_SECURITY_SERVER__URL": settings.security_server.url,
        "KOPURO_JOURNAL__BODY_KEY_FILE": str(settings.journal.body_key_file),
        "KOPURO_JOURNAL__MAC_KEY_FILE": str(settings.journal.mac_key_file),
        "KOPURO_JOURNAL__SUBJECT_KEY_FILE": str(settings.journal.subject_key_file),
        "KOPURO_SIGNING__KEY_FILE": str(settings.signing.key_file),
        "KOPURO_SIGNING__CERTIFICATE_FILE": str(settings.signing.certificate_file),
    }
    with said.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "tests.operations.worker_process", box.database.url, str(folder)],
            env={**os.environ, **QUICK, **keys, "PYTHONPATH": str(ROOT)},
            cwd=ROOT,
            stdout=out,
            stderr=out,
        )


async def ended(box: Box) -> dict[str, int]:
    async with box.database.transaction() as session:
        found = await session.execute(text("select state, count(*) from replay_item group by state"))
        return dict(tuple(row) for row in found)


async def test_a_killed_workers_bulk_replay_is_finished_by_the_next(box: Box, tmp_path: Path) -> None:
    """Every exchange of the bulk gets its one answer; each new message id names one question only."""
    await box.outage(COUNT)
    async with box.database.transaction() as session:
        selection = Selection(query="status:failed")
        plan = await plan_replay(session, selection, mode=ASK, rules=box.gateway.resender.rules)
        wish = RunWish(reason="the outage is over", per_minute=240, stop_after=5, may_write=False)
        await begin_run(session, plan, wish, actor=ONE)
    said = tmp_path / "workers.log"
    workers = [start(box, tmp_path, said)]
    try:
        await _until(box, said, at_least=2)
        workers[0].kill()
        workers[0].wait(10)
        assert (await ended(box))["SUCCEEDED"] < COUNT
        workers.append(start(box, tmp_path, said))
        await _until(box, said, at_least=COUNT)
    finally:
        for worker in workers:
            worker.kill()
            worker.wait(10)
    async with box.database.transaction() as session:
        doubled = await session.execute(
            text("""
                select i.position from replay_item i join journal_entry e on e.exchange_id = i.new_exchange_id
                where e.kind = 'SENT' group by i.position having count(distinct e.request_sha256) > 1
            """)
        )
        assert doubled.scalars().all() == []
        answers = await session.execute(
            text("""
                select count(distinct e.exchange_id), count(distinct e.message_id) from journal_entry e
                join replay_item i on i.new_exchange_id = e.exchange_id where e.succeeded
            """)
        )
        assert tuple(answers.one()) == (COUNT, COUNT)


def _complaints(said: Path) -> list[str]:
    return [line for line in said.read_text().splitlines() if "warning" in line or "run_replay" in line]


async def _until(box: Box, said: Path, *, at_least: int) -> None:
    end = time.monotonic() + 60
    while (await ended(box)).get("SUCCEEDED", 0) < at_least:
        assert time.monotonic() < end, (await ended(box), _complaints(said))
        await asyncio.sleep(0.05)
