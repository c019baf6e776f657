"""Rules that open once and close once, and messages that arrive: over real SMTP and real HTTP."""

import asyncio
import dataclasses
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, time, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
import pytest_asyncio
from aiohttp import web
from aiosmtpd.controller import Controller
from sqlalchemy import text

from gateway.exchange.agency_tables import AgencyBreaker
from gateway.foundation.clock import utc_now
from gateway.foundation.database import Database
from gateway.foundation.errors import InputRefused
from gateway.foundation.settings import Settings
from gateway.foundation.sockets import listen, port_of
from gateway.operations.alert_carriers import Carriers
from gateway.operations.alert_delivery import MOST_ATTEMPTS, deliver_alert
from gateway.operations.alert_evaluation import Evaluated, evaluate_alerts
from gateway.operations.alert_kinds import RuleKind, checked_parameters, due_at
from gateway.operations.alert_rules import (
    ChannelWish,
    RuleWish,
    list_alerts,
    list_deliveries,
    list_rules,
    save_channel,
    save_rule,
    try_rule,
)
from gateway.operations.incident_feeding import feed_incidents
from gateway.operations.shipped_rules import ship_rules, shipped_rules
from tests.operations.conftest import ONE, Rows, settings_in

DOWN = RuleWish(name="ЗАГС", kind=RuleKind.RECEIVER_DOWN, parameters={"count": 2})


class Mailbox:
    """What a mail server took in; it refuses as often as it is told to."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refusals = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if self.refusals:
            self.refusals -= 1
            return "451 try again later"
        from email import message_from_bytes, policy

        self.messages.append(message_from_bytes(envelope.original_content, policy=policy.default))
        return "250 taken"


@pytest.fixture
def mail() -> Iterator[tuple[Mailbox, int]]:
    """Run a mail server."""
    box, bound = Mailbox(), listen("127.0.0.1", 0)
    port = port_of(bound)
    bound.close()
    server = Controller(box, hostname="127.0.0.1", port=port)
    server.start()
    yield box, port
    server.stop()


@pytest_asyncio.fixture
async def hook() -> AsyncIterator[tuple[list[tuple[dict[str, str], bytes]], list[int], str]]:
    """Run a webhook's receiver: what came, the statuses it answers with (200 when there is none), its address."""
    came: list[tuple[dict[str, str], bytes]] = []
    statuses: list[int] = []

    async def take(request: web.Request) -> web.Response:
        came.append((dict(request.headers), await request.read()))
        return web.Response(status=statuses.pop(0) if statuses else 204)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app)
    await runner.setup()
    bound = listen("127.0.0.1", 0)
    await web.SockSite(runner, bound).start()
    yield came, statuses, f"http://127.0.0.1:{port_of(bound)}/hook"
    await runner.cleanup()


@pytest.fixture
def chosen(database_url: str, tmp_path: Path, mail: tuple[Mailbox, int]) -> Settings:
    return settings_in(
        database_url,
        tmp_path,
        KOPURO_OPERATIONS__SMTP_HOST="127.0.0.1",
        KOPURO_OPERATIONS__SMTP_PORT=str(mail[1]),
        KOPURO_OPERATIONS__SMTP_TLS="none",
    )


@dataclasses.dataclass
class Desk:
    """A rule with its channels."""

    database: Database
    settings: Settings
    rule_id: UUID

    async def look(self, at: datetime | None = None) -> tuple[int, int]:
        seen = await evaluate_alerts(self.database, self.settings, at=at)
        return seen.opened, seen.closed

    async def deliver(self) -> list[tuple[str, str]]:
        """Work off what waits, as the tasks would; gives (event, state) by due date."""
        carriers = Carriers(self.settings)
        async with self.database.transaction() as session:
            waiting = [each.id for each in await list_deliveries(session) if each.state == "WAITING"]
        for delivery_id in reversed(waiting):
            await deliver_alert(self.database, carriers, self.settings, delivery_id)
        return await self.states()

    async def states(self) -> list[tuple[str, str]]:
        async with self.database.transaction() as session:
            return sorted((each.event, each.state) for each in await list_deliveries(session))


async def make_desk(database: Database, settings: Settings, wish: RuleWish, *channels: ChannelWish) -> Desk:
    async with database.transaction() as session:
        ids = [await save_channel(session, each, actor=ONE, settings=settings) for each in channels]
        rule = dataclasses.replace(wish, channels=tuple(ids))
        return Desk(database, settings, await save_rule(session, rule, actor=ONE))


MAIL = ChannelWish(name="duty", kind="EMAIL", address="duty@example.kg", language="ky")


async def test_an_outage_is_told_once_and_its_end_once(
    database: Database, rows: Rows, chosen: Settings, mail: tuple[Mailbox, int], hook: Any
) -> None:
    """However many tasks look at once, one e-mail and one signed webhook tell the beginning, and one the end."""
    came, _, address = hook
    desk = await make_desk(
        database, chosen, DOWN, MAIL, ChannelWish(name="chat", kind="WEBHOOK", address=address)
    )
    await rows.answered("timeout")
    await feed_incidents(database)
    assert await desk.look() == (0, 0)
    await rows.answered("timeout", after=1)
    await feed_incidents(database)
    looks = await asyncio.gather(*(evaluate_alerts(database, chosen) for _ in range(4)))
    assert sum(each.opened for each in looks) == 1
    assert await desk.deliver() == [("OPENED", "SENT"), ("OPENED", "SENT")]
    async with database.transaction() as session:
        await session.execute(text("update incident set closed_at = now(), close_reason = 'QUIET'"))
    looks = await asyncio.gather(*(evaluate_alerts(database, chosen) for _ in range(4)))
    assert sum(each.closed for each in looks) == 1
    await desk.deliver()
    assert await desk.look() == (0, 0)
    box = mail[0]
    assert [each["Subject"].split()[1] for each in box.messages] == ["Башталды", "Бүттү"]
    assert "zagsDataByPin" in box.messages[0].get_content()
    assert len({each["Message-ID"] for each in box.messages}) == 2
    assert [json.loads(body)["event"] for _, body in came] == ["OPENED", "CLOSED"]
    _check_signature(Carriers(chosen), came[0], await _channel(database, "chat"))


def _check_signature(carriers: Carriers, came: tuple[dict[str, str], bytes], channel_id: UUID) -> None:
    """As a receiver does: time and HMAC over time and body."""
    headers, body = came
    at, _, signature = headers["Kopuro-Signature"].removeprefix("t=").partition(",v1=")
    made = hmac.new(carriers.channel_key(channel_id), f"{at}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(made, signature)
    assert abs(int(at) - utc_now().timestamp()) < 60
    assert carriers.channel_key(uuid4()) != carriers.channel_key(channel_id)


async def _channel(database: Database, name: str) -> UUID:
    async with database.transaction() as session:
        found = await session.execute(text("select id from alert_channel where name = :name"), {"name": name})
        return found.scalar_one()


async def test_a_message_that_fails_is_tried_again_and_not_for_ever(
    database: Database, chosen: Settings, mail: tuple[Mailbox, int], hook: Any
) -> None:
    """A busy mail server gets it later, under the same Message-ID; a webhook that always fails is given up."""
    came, statuses, address = hook
    statuses += [500] * MOST_ATTEMPTS
    desk = await make_desk(
        database, chosen, DOWN, MAIL, ChannelWish(name="chat", kind="WEBHOOK", address=address)
    )
    mail[0].refusals = 1
    async with database.transaction() as session:
        assert len(await try_rule(session, desk.rule_id, actor=ONE)) == 2
    assert await desk.deliver() == [("TEST", "WAITING"), ("TEST", "WAITING")]
    async with database.transaction() as session:
        errors = {each.error for each in await list_deliveries(session)}
        later = await session.execute(
            text(
                "select count(*) from procrastinate_jobs where task_name = 'deliver_alert' and scheduled_at > now()"
            )
        )
        assert (errors, later.scalar_one()) == ({"smtp_451", "http_500"}, 2)
    for _ in range(MOST_ATTEMPTS):
        await desk.deliver()
    assert await desk.states() == [("TEST", "FAILED"), ("TEST", "SENT")]
    assert len(came) == MOST_ATTEMPTS
    assert len({headers["Kopuro-Delivery"] for headers, _ in came}) == 1
    assert len(mail[0].messages) == 1


async def test_quiet_hours_hold_back_what_is_not_urgent(
    database: Database, rows: Rows, chosen: Settings, mail: tuple[Mailbox, int]
) -> None:
    """In quiet hours news wait for the morning; trouble that came and went by then is not told at all."""
    at = datetime(2026, 11, 23, 19, 0, tzinfo=UTC)  # one in the morning in Bishkek
    quiet = dataclasses.replace(DOWN, quiet_from=time(22), quiet_until=time(7))
    desk = await make_desk(database, chosen, quiet, MAIL)
    for number in range(2):
        await rows.answered("timeout", after=number)
    await feed_incidents(database)
    assert await desk.look(at) == (1, 0)
    async with database.transaction() as session:
        (delivery,) = await list_deliveries(session)
        assert delivery.due_at == datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
        await session.execute(text("update incident set closed_at = now(), close_reason = 'QUIET'"))
    assert await desk.look(at + timedelta(minutes=5)) == (0, 1)
    await desk.deliver()  # the end waits for the beginning to be settled
    assert await desk.deliver() == [("CLOSED", "SUPPRESSED"), ("OPENED", "SUPPRESSED")]
    assert mail[0].messages == []
    urgent = dataclasses.replace(quiet, name="urgent", urgent=True)
    assert due_at(at, None, None) == at
    assert urgent.urgent


@pytest.mark.parametrize(("hour", "waits"), [(15, 0), (16, 9), (20, 5), (1, 0), (0, 1)])
def test_quiet_hours_run_over_midnight_in_bishkek(hour: int, waits: int) -> None:
    """From 22:00 to 07:00 in Bishkek (UTC+6) a message waits for seven o'clock."""
    at = datetime(2026, 11, 23, hour, tzinfo=UTC)
    assert due_at(at, time(22), time(7)) - at == timedelta(hours=waits)


async def test_each_kind_finds_its_trouble(database: Database, rows: Rows, chosen: Settings) -> None:
    """Share, count, breaker, feed gap, dead letters, old jobs, short certificates and broken chains are each found."""
    now = utc_now()
    for number in range(8):
        await rows.answered("timeout" if number % 2 else "", after=3590)
    await rows.answered("", after=0)
    statements = (
        (
            "insert into dead_letter (id, kind, name, reference, cause, died_at) values (gen_random_uuid(), 'JOB', "
            "'verify_person', '1', 'AGENCY_DOWN', now())"
        ),
        (
            "insert into feed_cursor (feed, cursor, gap, gap_since, changed_at) values ('minjust', '', 'SILENT', "
            "now() - interval '1 hour', now())"
        ),
        (
            "select procrastinate_defer_jobs_v1(array[row('kopuro', 'sleep', 0, null, null, '{}', "
            "now() - interval '1 hour')::procrastinate_job_to_defer_v1])"
        ),
    )
    async with database.transaction() as session:
        for statement in statements:
            await session.execute(text(statement))
        session.add(
            AgencyBreaker(
                agency="infocom", service="zags-service/x", state="OPEN", opened_at=now - timedelta(minutes=9),
                probe_at=now, changed_at=now,
            )
        )  # fmt: skip
    wishes = {
        RuleKind.FAILURE_SHARE: {"percent": 50, "least_exchanges": 8},
        RuleKind.FAILURE_COUNT: {"count": 4},
        RuleKind.BREAKER_OPEN: {"minutes": 5},
        RuleKind.FEED_GAP: {},
        RuleKind.DEAD_LETTERS: {"count": 1},
        RuleKind.QUEUE_AGE: {"minutes": 30},
        RuleKind.CERTIFICATE_DAYS: {"days": 3650},
        RuleKind.CHAIN_BROKEN: {},
        RuleKind.JOURNAL_UNSEALED: {"minutes": 30},
    }
    async with database.transaction() as session:
        for kind, parameters in wishes.items():
            await save_rule(session, RuleWish(name=kind, kind=kind, parameters=parameters), actor=ONE)
    await evaluate_alerts(database, chosen)
    found = await _found(database)
    assert found.keys() == set(wishes) - {"CHAIN_BROKEN"}
    assert found["FAILURE_SHARE"][1] == 50.0
    assert found["FAILURE_COUNT"][1] == 4
    assert found["BREAKER_OPEN"][0] == "infocom/zags-service/x"
    assert found["FEED_GAP"][0] == "minjust: SILENT"
    assert found["DEAD_LETTERS"] == ("JOB: verify_person", 1.0)
    assert 59 < found["QUEUE_AGE"][1] < 62
    assert found["JOURNAL_UNSEALED"][0] == "journal"
    assert found["JOURNAL_UNSEALED"][1] > 30
    async with database.transaction() as session:
        await session.execute(text("alter table access_act disable trigger user"))
        await session.execute(text("update access_act set reason = 'changed' where seq = 2"))
        await session.execute(text("alter table access_act enable trigger user"))
    assert await evaluate_alerts(database, chosen) == Evaluated(opened=1, closed=0)
    assert (await _found(database))["CHAIN_BROKEN"] == ("access", 2.0)


async def _found(database: Database) -> dict[str, tuple[str, float]]:
    async with database.transaction() as session:
        return {rule.kind: (alert.subject, alert.value) for alert, rule in await list_alerts(session)}


def test_numbers_out_of_bounds_and_unknown_ones_are_refused() -> None:
    """A rule's parameters are checked by name and bounds; what is left out gets its default."""
    assert checked_parameters(RuleKind.DEAD_LETTERS, {}) == {"count": 1}
    for kind, wrong in (
        (RuleKind.FAILURE_SHARE, {"percent": 101}),
        (RuleKind.FAILURE_SHARE, {"percent": float("nan")}),
        (RuleKind.DEAD_LETTERS, {"count": True}),
        (RuleKind.CHAIN_BROKEN, {"count": 1}),
        (RuleKind.RECEIVER_DOWN, {"agency": "a\nb"}),
    ):
        with pytest.raises(InputRefused):
            checked_parameters(kind, wrong)


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("EMAIL", "nobody"),
        ("EMAIL", "a@b\r\nBcc: c@d"),
        ("WEBHOOK", "http://chat.example.kg/hook"),
        ("WEBHOOK", "https://user:secret@chat.example.kg/"),
        ("WEBHOOK", "file:///etc/passwd"),
        ("SMS", "+996"),
    ],
)
async def test_addresses_that_are_not_safe_are_refused(
    database: Database, chosen: Settings, kind: str, address: str
) -> None:
    """No header is smuggled into a message, no webhook leaves the machine unencrypted or with a password."""
    async with database.transaction() as session:
        with pytest.raises(InputRefused):
            await save_channel(
                session, ChannelWish(name="x", kind=kind, address=address), actor=ONE, settings=chosen
            )


async def test_shipped_rules_come_once_and_stay_as_people_leave_them(database: Database) -> None:
    """A new installation has rules; one that was taken away or renamed does not come back with the next version."""
    names = {row["name"] for row in shipped_rules()}
    assert await ship_rules(database) == len(names)
    async with database.transaction() as session:
        rules = await list_rules(session)
        assert {rule.name for rule in rules} == names
        assert {"RECEIVER_DOWN", "FAILURE_SHARE", "JOURNAL_UNSEALED", "DEAD_LETTERS", "CERTIFICATE_DAYS"} <= {
            rule.kind for rule in rules
        }
        first, second = rules[:2]
        former = {first.name, second.name}
        wish = RuleWish(name="ours", kind=RuleKind(first.kind), parameters=first.parameters, enabled=False)
        await save_rule(session, wish, actor=ONE, rule_id=first.id)
        await session.delete(second)
    assert await ship_rules(database) == 0
    async with database.transaction() as session:
        assert {rule.name for rule in await list_rules(session)} == names - former | {"ours"}
