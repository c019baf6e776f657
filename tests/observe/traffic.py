"""Exchanges in the journal at chosen instants, with chosen outcomes and latencies; about nobody."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from gateway.exchange.entry import Kind
from gateway.exchange.figures_rows import Known
from gateway.exchange.writer import JournalWriter
from tests.exchange.journal import make_entry

FUND, ZAGS = "70000003", "70000005"
KNOWN = Known(agencies=(FUND, ZAGS), services=("getLearnerStatus", "zagsDataByPin"))
OURS = "KG/GOV/70000016/isuo-service"
ASKED = f"{OURS}/getLearnerStatus/v1"
ASKING = f"KG/GOV/{ZAGS}/zags-service/zagsDataByPin/v1"


async def inbound(writer: JournalWriter, at: datetime, seconds: float = 0.01, **changes: Any) -> None:
    """Record an answer of ours."""
    about = {
        "client": f"KG/GOV/{FUND}/settlements-service",
        "service": ASKED,
        "request_in_ts": at,
        "response_out_ts": at + timedelta(seconds=seconds),
        "agreement": "",
    }
    await writer.record(make_entry(**(about | changes)), request=b"<ask/>", response=b"<told/>")


async def outbound(writer: JournalWriter, at: datetime, *ended: str, seconds: float = 0.2) -> None:
    """Record a question of ours with its attempts; each ends with an outcome, OK or an error's name."""
    exchange_id, message_id = uuid4(), str(uuid4())
    for number, outcome in enumerate(ended, start=1):
        began = at + timedelta(seconds=number - 1)
        about: dict[str, Any] = {
            "client": OURS,
            "service": ASKING,
            "exchange_id": exchange_id,
            "message_id": message_id,
            "attempt": number,
            "request_in_ts": began,
            "request_out_ts": began,
        }
        sent = make_entry(**about, kind=Kind.SENT, succeeded=None, response_out_ts=None, outcome="")
        await writer.record(sent, request=b"<ask/>")
        done = began + timedelta(seconds=seconds)
        about |= {"response_in_ts": done, "response_out_ts": done}
        good = outcome == "OK"
        code = "" if good else "timeout"
        await writer.record(
            make_entry(**about, kind=Kind.ANSWERED, succeeded=good, outcome=outcome, fault_code=code),
            response=b"<told/>" if good else None,
        )
