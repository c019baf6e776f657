"""We reach our security server over TLS: it is known by its certificate alone, and it gets to see ours."""

import asyncio
import dataclasses
import ssl
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from gateway.foundation.errors import AgencyUnavailable, ContractError, SettingsError
from gateway.foundation.settings import Settings, load
from gateway.foundation.tls import outbound_tls
from gateway.wiring.outward import open_client
from gateway.xroad.client import CERTIFICATE_DIFFERS, RawReply
from tests.transport.certificates import Pair, issue

ANSWER = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 4\r\nSet-Cookie: JSESSIONID=1\r\n\r\n<a/>"
)


@dataclasses.dataclass(kw_only=True)
class Server:
    """A security server's HTTPS door: what was asked of it, and by whom."""

    url: str = ""
    requests: list[bytes] = dataclasses.field(default_factory=list)
    connections: int = 0
    clients: set[bytes | None] = dataclasses.field(default_factory=set)


@asynccontextmanager
async def https(pair: Pair, *, trusts: Pair | None = None, newest: str = "TLSv1_3") -> AsyncIterator[Server]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate_file, pair.key_file)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.maximum_version = ssl.TLSVersion[newest]
    if newest != "TLSv1_3":
        context.set_ciphers("ALL:@SECLEVEL=0")
    if trusts:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(trusts.certificate_file)
    made = Server()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        made.connections += 1
        made.clients.add(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                made.requests.append(head + await reader.readexactly(length))
                writer.write(ANSWER)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    made.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    try:
        yield made
    finally:
        server.close()
        await asyncio.sleep(0)


def towards(url: str, **changes: object) -> Settings:
    settings = load(environment={})
    return dataclasses.replace(
        settings, security_server=dataclasses.replace(settings.security_server, url=url, **changes)
    )


async def ask(settings: Settings, *contents: bytes) -> list[RawReply]:
    client = open_client(settings)
    try:
        return [
            await client.post(content, deadline=timedelta(seconds=5)) for content in contents or (b"<q/>",)
        ]
    finally:
        await client.close()
        await asyncio.sleep(0.05)  # a refused connection takes its leave after the pool has


@pytest.mark.parametrize("days", [365, -1], ids=["valid", "expired"])
async def test_the_pinned_certificate_is_enough(tmp_path: Path, days: int) -> None:
    """Self-signed, naming no host, even past its last day: what is pinned byte for byte needs no other witness."""
    pair = issue(tmp_path, from_days=-30, until_days=days)
    async with https(pair) as server:
        replies = await ask(towards(server.url, certificate_file=pair.certificate_file))
    assert [reply.content for reply in replies] == [b"<a/>"]
    assert server.clients == {None}


async def test_another_certificate_gets_no_byte(tmp_path: Path) -> None:
    """A server that shows another certificate, even of the pinned one's own issuing, is sent nothing."""
    pinned = issue(tmp_path, ca=True)
    for impostor in (issue(tmp_path), issue(tmp_path, issuer=pinned)):
        async with https(impostor) as server:
            with pytest.raises(AgencyUnavailable, match="another certificate") as refused:
                await ask(towards(server.url, certificate_file=pinned.certificate_file))
            assert (refused.value.code, refused.value.permanent) == (CERTIFICATE_DIFFERS, False)
            assert server.requests == []


async def test_our_certificate_is_shown(tmp_path: Path) -> None:
    """A security server that demands a certificate sees the configured one; without it there is no answer."""
    theirs, ours = issue(tmp_path), issue(tmp_path)
    async with https(theirs, trusts=ours) as server:
        settings = towards(
            server.url,
            certificate_file=theirs.certificate_file,
            client_certificate_file=ours.certificate_file,
            client_key_file=ours.key_file,
        )
        await ask(settings)
        assert server.clients == {ours.certificate.public_bytes(Encoding.DER)}
        with pytest.raises(AgencyUnavailable):
            await ask(towards(server.url, certificate_file=theirs.certificate_file))
    assert len(server.requests) == 1


async def test_old_tls_is_not_spoken(tmp_path: Path) -> None:
    """A security server that speaks nothing newer than TLS 1.1 is not talked to."""
    pair = issue(tmp_path)
    settings = towards("https://127.0.0.1/", certificate_file=pair.certificate_file)
    tls = outbound_tls(settings)
    assert tls is not None
    assert tls.context.minimum_version == ssl.TLSVersion.TLSv1_2
    async with https(pair, newest="TLSv1_1") as server:
        with pytest.raises(AgencyUnavailable):
            await ask(towards(server.url, certificate_file=pair.certificate_file))
    assert server.connections == 0


async def test_one_connection_no_cookies_no_proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests share a connection; a cookie is not sent back; a proxy in the environment changes nothing."""
    pair = issue(tmp_path)
    for name in ("http_proxy", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")
    async with https(pair) as server:
        await ask(towards(server.url, certificate_file=pair.certificate_file), b"<a/>", b"<b/>", b"<c/>")
    assert server.connections == 1
    assert len(server.requests) == 3
    assert not any(b"cookie" in request.lower() for request in server.requests)


async def test_what_the_security_server_could_not_log_is_not_sent(tmp_path: Path) -> None:
    """A message over the loggable limit is refused here, by the limit's own name, and one just below is sent."""
    pair = issue(tmp_path)
    async with https(pair) as server:
        settings = towards(server.url, certificate_file=pair.certificate_file, loggable_limit_bytes=1000)
        await ask(settings, b"x" * 1000)
        with pytest.raises(ContractError, match="max-loggable-message-body-size") as refused:
            await ask(settings, b"x" * 1001)
        assert (refused.value.code, refused.value.permanent) == ("too_large", True)
    assert len(server.requests) == 1


def _files(folder: Path) -> dict[str, Path]:
    pair, other = issue(folder), issue(folder)
    opened = folder / "open.key"
    opened.write_bytes(pair.key_file.read_bytes())
    opened.chmod(0o644)
    encrypted = folder / "encrypted.key"
    encrypted.touch(mode=0o600)
    encryption = BestAvailableEncryption(b"secret")
    encrypted.write_bytes(pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption))
    container = folder / "both.pfx"
    container.write_bytes(
        serialize_key_and_certificates(b"n", pair.key, pair.certificate, None, BestAvailableEncryption(b"s"))
    )
    return {
        "certificate": pair.certificate_file,
        "key": pair.key_file,
        "other key": other.key_file,
        "open key": opened,
        "encrypted key": encrypted,
        "pfx": container,
        "nothing": folder / "nothing",
        "unset": Path(),
    }


@pytest.mark.parametrize(
    ("url", "pinned", "certificate", "key", "sentence"),
    [
        ("https", "unset", "unset", "unset", "security_server.certificate_file is missing"),
        ("https", "certificate", "certificate", "unset", "go together"),
        ("http", "certificate", "unset", "unset", "not https"),
        ("https", "nothing", "unset", "unset", "nothing is missing"),
        ("https", "pfx", "unset", "unset", "openssl pkcs12"),
        ("https", "key", "unset", "unset", "holds no PEM certificate"),
        ("https", "certificate", "pfx", "key", "openssl pkcs12"),
        ("https", "certificate", "certificate", "other key", "is not the key of the certificate"),
        ("https", "certificate", "certificate", "open key", "chmod 600"),
        ("https", "certificate", "certificate", "encrypted key", "no unencrypted PEM private key"),
        ("https", "certificate", "certificate", "nothing", "nothing is missing"),
    ],
)
def test_what_does_not_fit_together_stops_the_start(
    tmp_path: Path, url: str, pinned: str, certificate: str, key: str, sentence: str
) -> None:
    """Half a configuration of TLS is no configuration: the sentence names the key or the file and the cure."""
    files = _files(tmp_path)
    settings = towards(
        f"{url}://127.0.0.1/",
        certificate_file=files[pinned],
        client_certificate_file=files[certificate],
        client_key_file=files[key],
    )
    with pytest.raises(SettingsError, match=sentence):
        open_client(settings)
