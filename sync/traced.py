"""A job under a span: its task, its number, its attempt; arguments stay where they are."""

from typing import Any

from procrastinate import JobContext
from procrastinate.worker import Worker

from gateway.foundation.tracing import Tracing
from sync.edge import Middleware, Next


def traced(tracing: Tracing) -> Middleware:
    """Make the worker's outermost layer: every job is a span, what it asks of agencies stands below it."""

    async def around(call_next: Next, context: JobContext, _: Worker) -> Any:
        job = context.job
        attributes: dict[str, str | int] = {
            "kopuro.task": job.task_name,
            "kopuro.job_id": job.id or 0,
            "kopuro.attempt": job.attempts + 1,
        }
        with tracing.span(f"job {job.task_name}", "consumer", attributes):
            return await call_next()

    return around
