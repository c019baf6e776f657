"""OpenTelemetry traces, off unless an address for them is configured; attributes are codes and ids, never values.

A trace begins here: what a peer says in a `traceparent` is not believed, as anybody can say it.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import entry_points, version
from typing import Literal

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, get_current_span

from gateway.foundation.errors import SettingsError
from gateway.foundation.observability_settings import Observability

EXPORTERS = "opentelemetry_traces_exporter"
OTLP = "otlp_proto_http"
Kind = Literal["server", "client", "consumer"]
_KINDS: Mapping[str, SpanKind] = {
    "server": SpanKind.SERVER,
    "client": SpanKind.CLIENT,
    "consumer": SpanKind.CONSUMER,
}


class Tracing:
    """Makes spans and sends them away in the background; one per process, between opening and `close`."""

    def __init__(self, processor: SpanProcessor, *, share: float = 1.0) -> None:
        """Take where spans go, and of which share of exchanges a trace is made."""
        self._provider = TracerProvider(
            sampler=ParentBased(TraceIdRatioBased(share)),
            resource=Resource({"service.name": "kopuro", "service.version": version("kopuro")}),
            shutdown_on_exit=False,
        )
        self._provider.add_span_processor(processor)
        self._tracer = self._provider.get_tracer("kopuro")

    @contextmanager
    def span(self, name: str, kind: Kind, attributes: Mapping[str, str | int]) -> Iterator[Span]:
        """Open a span under the current one. An error's kind is kept and never its text: it may name people."""
        with (
            self._tracer.start_as_current_span(
                name,
                kind=_KINDS[kind],
                attributes=dict(attributes),
                record_exception=False,
                set_status_on_exception=False,
            ) as span,
            _Telling(span),
        ):
            yield span

    def close(self) -> None:
        """Send what waits, then stop; takes as long as the receiver's deadline at most."""
        self._provider.shutdown()


class _Telling:
    """Says on a span what kind of error left it, if one did."""

    def __init__(self, span: Span) -> None:
        self._span = span

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            fail(self._span, kind.__name__)


def fail(span: Span, kind: str) -> None:
    """Say that what a span stands for did not succeed."""
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))


def current_span() -> Span | None:
    """Give the span that is open here, if it will be sent."""
    span = get_current_span()
    return span if span.is_recording() else None


def open_tracing(chosen: Observability) -> Tracing | None:
    """Open the traces where they are configured; raises SettingsError where their exporter is not installed."""
    if not chosen.traces_url:
        return None
    if not 0 <= chosen.traces_share <= 1:
        raise SettingsError("observability.traces_share must be between 0 and 1")
    return Tracing(BatchSpanProcessor(_exporter(chosen)), share=chosen.traces_share)


def _exporter(chosen: Observability) -> SpanExporter:
    found = next(iter(entry_points(group=EXPORTERS, name=OTLP)), None)
    if found is None:
        raise SettingsError(
            "observability.traces_url is set, but the exporter is missing: install kopuro[traces]"
        )
    made: SpanExporter = found.load()(endpoint=chosen.traces_url, timeout=chosen.traces_deadline_seconds)
    return made
