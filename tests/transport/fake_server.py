"""A security server's door in a thread, that answers as it is told to: faults, lists, redirects, wrong clocks."""

import re
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.transport.certificates import Pair

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"


def fault(code: str, text: str = "refused") -> Callable[[bytes], bytes]:
    return lambda _: (
        f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>{code}</faultcode>'
        f"<faultstring>{text}</faultstring></s:Fault></s:Body></s:Envelope>"
    ).encode()


def listing(
    allowed: tuple[str, ...] = (), listed: tuple[str, ...] = (), error: Callable[[bytes], bytes] | None = None
) -> Callable[[bytes], bytes]:
    """Answer allowedMethods and listMethods under the request's own header; anything else by `error`."""

    def answer(request: bytes) -> bytes:
        asked = re.search(rb"<xrd:(allowed|list)Methods", request)
        if asked is None:
            return (error or fault("soapenv:Client.SCHEMA", "not our element"))(request)
        names = allowed if asked[1] == b"allowed" else listed
        provider = re.search(rb"<xrd:service [^>]*>(.*?)<id:serviceCode>", request, re.DOTALL)
        assert provider is not None
        services = "".join(_service(provider[1].decode(), name) for name in names)
        element = f"{asked[1].decode()}Methods"
        return request.replace(
            f'<xrd:{element} xmlns:xrd="http://x-road.eu/xsd/xroad.xsd"></xrd:{element}>'.encode(),
            f'<xrd:{element}Response xmlns:xrd="http://x-road.eu/xsd/xroad.xsd" '
            f'xmlns:id="http://x-road.eu/xsd/identifiers">{services}</xrd:{element}Response>'.encode(),
        )

    return answer


def _service(provider: str, name: str) -> str:
    code, _, version = name.partition("/")
    versioned = f"<id:serviceVersion>{version}</id:serviceVersion>" if version else ""
    return (
        f'<xrd:service id:objectType="SERVICE">{provider}<id:serviceCode>{code}</id:serviceCode>{versioned}'
        "</xrd:service>"
    )


@dataclass(kw_only=True)
class Behaviour:
    """What is answered: a status, headers, and a body made of the request."""

    body: Callable[[bytes], bytes] = field(default_factory=listing)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    date: datetime | None = field(default_factory=lambda: datetime.now(UTC))
    seconds: float = 0.0


@contextmanager
def security_server(
    behaviour: Behaviour | None = None, *, pair: Pair | None = None, trusts: Pair | None = None
) -> Iterator[str]:
    """Serve and give host and port; with a pair over TLS, with `trusts` for its owner alone."""
    told = behaviour or Behaviour()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(told))
    server.daemon_threads = True
    if pair:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate_file, pair.key_file)
        if trusts:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(trusts.certificate_file)
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(told: Behaviour) -> type[BaseHTTPRequestHandler]:
    ended = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = told.body(self.rfile.read(int(self.headers["Content-Length"])))
            ended.wait(told.seconds)
            self.send_response_only(told.status)
            if told.date:
                self.send_header("Date", format_datetime(told.date, usegmt=True))
            for name, value in {"Content-Type": "text/xml", **told.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            self.send_response(405)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def handle(self) -> None:
            try:
                super().handle()
            except OSError:
                self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    return Handler
