"""Where we listen: not beyond this machine without TLS, and with TLS through two doors."""

import dataclasses
import os
import ssl
import subprocess
import sys
from pathlib import Path

import aiohttp
import pytest

from gateway.app import create_app
from gateway.cli.serve import server_config
from gateway.foundation.errors import SettingsError
from gateway.foundation.settings import Settings
from gateway.foundation.sockets import listen, port_of
from gateway.foundation.tls import check_listening
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.sandbox.people import population
from gateway.xroad.envelope import CONTENT_TYPE
from tests.running import PEOPLE, SEED, make_settings, served
from tests.transport.certificates import Pair, issue
from tests.transport.doors import with_server, with_tls


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "gateway.example"])
def test_strangers_are_not_listened_to_without_tls(tmp_path: Path, host: str) -> None:
    """An address beyond this machine needs TLS, or the word of the operator that nobody else is on that network."""
    with pytest.raises(SettingsError, match=r"server\.allow_plain_http"):
        check_listening(with_server(host=host))
    check_listening(with_server(host=host, allow_plain_http=True))
    check_listening(with_tls(issue(tmp_path), issue(tmp_path), host=host))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.53", "::1", "localhost"])
def test_this_machine_needs_no_tls(host: str) -> None:
    """Loopback is nobody else's network."""
    check_listening(with_server(host=host))


def test_half_of_tls_is_refused(tmp_path: Path) -> None:
    """A certificate of ours without the security server's would let anybody speak in its name."""
    pair = issue(tmp_path)
    half = with_server(tls_certificate_file=pair.certificate_file, tls_key_file=pair.key_file)
    with pytest.raises(SettingsError, match=r"server\.client_certificate_file"):
        check_listening(half)
    with pytest.raises(SettingsError, match="go together"):
        server_config(create_app(half), half)


def test_serve_says_why_it_does_not_start() -> None:
    """`kopuro serve` on an open address ends with exit code 2 and one sentence, before it listens."""
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "serve", "--port", "0"],
        env={**os.environ, "KOPURO_SERVER__HOST": "0.0.0.0"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 2
    assert done.stderr.startswith("kopuro: server.host 0.0.0.0 is reached from other computers")
    assert len(done.stderr.splitlines()) == 1


def _tls_settings(database_url: str, folder: Path, ours: Pair, peer: Pair) -> Settings:
    return make_settings(
        database_url,
        folder,
        KOPURO_SERVER__TLS_CERTIFICATE_FILE=str(ours.certificate_file),
        KOPURO_SERVER__TLS_KEY_FILE=str(ours.key_file),
        KOPURO_SERVER__CLIENT_CERTIFICATE_FILE=str(peer.certificate_file),
    )


async def test_the_whole_gateway_answers_through_both_doors(database_url: str, tmp_path: Path) -> None:
    """Over TLS the security server's request is answered; on the plain door there is all else, but not /xroad and /r1."""
    peer = issue(tmp_path)
    settings = _tls_settings(database_url, tmp_path, issue(tmp_path), peer)
    free = listen("127.0.0.1", 0)
    port = port_of(free)
    free.close()
    plain = listen("127.0.0.1", 0)
    local_port = port_of(plain)
    plain.close()
    settings = _at(settings, port=port, local_port=local_port)
    child = population(SEED, PEOPLE).roles["child"]
    wish = Wish(service_code="getLearnerStatus", about=about_learner(child.pin or "", child.birth_date))
    request, headers = write_request(settings, wish, signed=True), {"Content-Type": CONTENT_TYPE}
    context = ssl.create_default_context(cafile=None)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(peer.certificate_file, peer.key_file)
    app = create_app(settings)
    async with served(app, settings, port) as address, aiohttp.ClientSession() as http:
        assert address.startswith("http://")
        url = address.replace("http://", "https://")
        async with http.post(f"{url}/xroad", data=request, headers=headers, ssl=context) as reply:
            assert (reply.status, b"NOT_FOUND_OR_NOT_ALLOWED" in await reply.read()) == (200, True)
        async with http.post(f"{url}/r1/a/b/c/d/e", data=b"{}", ssl=context) as reply:
            assert (reply.status, (await reply.json())["type"]) == (400, "Client.missing_header_field")
        async with http.get(f"{url}/wsdl/kopuro.wsdl", ssl=context) as reply:
            assert f'location="https://127.0.0.1:{port}/xroad"'.encode() in await reply.read()
    async with served(app, settings, local_port) as address, aiohttp.ClientSession() as http:
        async with http.post(f"{address}/xroad", data=request, headers=headers) as reply:
            assert reply.status == 403
        async with http.post(f"{address}/r1/a/b/c/d/e", data=b"{}") as reply:
            assert reply.status == 403
        async with http.get(f"{address}/readyz") as reply:
            assert (reply.status, await reply.json()) == (200, {"status": "ready"})
        async with http.get(f"{address}/api/v1/review-cases") as reply:
            assert reply.status in {401, 404}


def _at(settings: Settings, **changes: int) -> Settings:
    return dataclasses.replace(settings, server=dataclasses.replace(settings.server, **changes))
