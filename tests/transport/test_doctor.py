"""`kopuro doctor`: every finding is provoked once, names the culprit, and says in three languages how to mend it."""

import ast
import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Formatter

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from gateway.cli import doctor as package
from gateway.cli.doctor.examination import examine
from gateway.cli.doctor.files import check_files
from gateway.cli.doctor.finding import Finding, Mark
from gateway.cli.doctor.machine import GIB, Usage, check_anchor, check_disks
from gateway.cli.doctor.words import LANGUAGES, cure_of, sentence_of, words
from gateway.exchange.search import Question, find
from gateway.foundation.database import Database
from gateway.foundation.settings import load
from gateway.sandbox.pki import make_keys
from tests.running import make_settings, running
from tests.transport.certificates import Pair, issue
from tests.transport.fake_server import Behaviour, fault, listing, security_server

SERVICES = (
    "zagsDataByPin/v1", "zagsPinsByNSPDate/v1", "zagsPinBirthAct/v1", "zagsDeathActByPin/v1", "passportDataByPSN/v1",
    "asbAddress/v1", "foreignByDoc/v1", "getSubjectByTin", "GetWorkPeriodInfo", "tpDataByINNforBusinessActivity/v1",
)  # fmt: skip
NOBODY = "http://127.0.0.1:9/"


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of an installation whose files are in order."""
    folder = tmp_path_factory.mktemp("keys")
    names = {
        "SIGNING__KEY_FILE": "gateway.key",
        "SIGNING__CERTIFICATE_FILE": "gateway.crt",
        "JOURNAL__BODY_KEY_FILE": "body.key",
        "JOURNAL__MAC_KEY_FILE": "mac.key",
        "JOURNAL__SUBJECT_KEY_FILE": "subject.key",
        "JOURNAL__ANCHOR_FILE": "journal.seals",
        "AGREEMENTS__SOCIAL_FUND__CERTIFICATE_FILES": "social-fund.crt",
    }
    environment = {f"KOPURO_{name}": str(folder / file) for name, file in names.items()}
    environment |= {
        "KOPURO_SECURITY_SERVER__CONNECT_TIMEOUT_SECONDS": "1",
        "KOPURO_SECURITY_SERVER__EXCHANGE_DEADLINE_SECONDS": "1",
        "KOPURO_SECURITY_SERVER__URL": NOBODY,
    }
    make_keys(load(environment=environment))
    return environment


Examine = Callable[..., list[Finding]]


@pytest.fixture
def examined(keys: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Examine:
    """Examine the installation under further variables: no database yet unless one is named."""

    def run(*, ask: bool = False, **variables: object) -> list[Finding]:
        set_to = {"DATABASE__DATA_DIRECTORY": tmp_path, **variables}
        for name, value in {**keys, **{f"KOPURO_{name}": value for name, value in set_to.items()}}.items():
            monkeypatch.setenv(name, str(value))
        return examine(ask=ask)

    monkeypatch.delenv("DATABASE_URL", raising=False)
    return run


def told(findings: list[Finding]) -> dict[str, Mark]:
    return {finding.code: finding.mark for finding in findings}


def one(findings: list[Finding], code: str) -> Finding:
    (found,) = [finding for finding in findings if finding.code == code]
    return found


# --- files -------------------------------------------------------------------------------------------------


def _write(path: Path, content: bytes, mode: int = 0o600) -> Path:
    path.touch(mode=mode)
    path.chmod(mode)
    path.write_bytes(content)
    return path


def _pfx(pair: Pair, path: Path) -> Path:
    encryption = BestAvailableEncryption(b"secret")
    return _write(path, serialize_key_and_certificates(b"n", pair.key, pair.certificate, None, encryption))


def _spoil_pair(what: str, folder: Path) -> tuple[Path, Path]:
    """Give certificate and key with one thing wrong with them."""
    pair = issue(folder)
    certificate, key = pair.certificate_file, pair.key_file
    made: dict[str, Callable[[], tuple[Path, Path]]] = {
        "file_missing": lambda: (certificate, folder / "nowhere.key"),
        "key_open": lambda: (certificate, _write(folder / "o.key", key.read_bytes(), 0o640)),
        "key_is_pfx": lambda: (certificate, _pfx(pair, folder / "both.pfx")),
        "key_encrypted": lambda: (
            certificate,
            _write(
                folder / "e.key",
                pair.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"s")),
            ),
        ),
        "key_not_pem": lambda: (
            certificate,
            _write(
                folder / "d.key", pair.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            ),
        ),
        "key_differs": lambda: (certificate, issue(folder).key_file),
        "certificate_is_pfx": lambda: (_pfx(pair, folder / "both.pfx"), key),
        "certificate_not_pem": lambda: (
            _write(folder / "d.crt", pair.certificate.public_bytes(Encoding.DER)),
            key,
        ),
        "certificate_early": lambda: _files(issue(folder, from_days=1)),
        "certificate_expired": lambda: _files(issue(folder, until_days=-0.01)),
        "certificate_ends_soon": lambda: _files(issue(folder, until_days=29.9)),
        "rsa_short": lambda: _files(issue(folder, rsa_bits=1024)),
    }
    return made[what]()


def _files(pair: Pair) -> tuple[Path, Path]:
    return pair.certificate_file, pair.key_file


SPOILED = (
    "file_missing", "key_open", "key_is_pfx", "key_encrypted", "key_not_pem", "key_differs", "certificate_is_pfx",
    "certificate_not_pem", "certificate_early", "certificate_expired", "certificate_ends_soon", "rsa_short",
)  # fmt: skip
PLACES = {
    "signing": ("SIGNING__CERTIFICATE_FILE", "SIGNING__KEY_FILE"),
    "server.tls": ("SERVER__TLS_CERTIFICATE_FILE", "SERVER__TLS_KEY_FILE"),
    "security_server.client": ("SECURITY_SERVER__CLIENT_CERTIFICATE_FILE", "SECURITY_SERVER__CLIENT_KEY_FILE"),
}  # fmt: skip


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("what", SPOILED)
def test_what_is_wrong_with_a_pair_is_named(
    keys: Mapping[str, str], tmp_path: Path, place: str, what: str
) -> None:
    """Of a pair with one fault exactly that fault is told, under the pair's name; the other files are in order."""
    certificate, key = _spoil_pair(what, tmp_path)
    names = dict(zip((f"KOPURO_{name}" for name in PLACES[place]), (certificate, key), strict=True))
    settings = load(environment={**keys, **{name: str(file) for name, file in names.items()}})
    findings = list(check_files(settings, datetime.now(UTC)))
    wrong = [finding for finding in findings if finding.mark is not Mark.GOOD]
    assert [(finding.code, finding.values["name"]) for finding in wrong] == [(what, place)]
    assert wrong[0].mark is (Mark.WARNING if what == "certificate_ends_soon" else Mark.BAD)


def test_a_journal_key_of_another_size_is_named(keys: Mapping[str, str], tmp_path: Path) -> None:
    """A symmetric key has 32 bytes; a file of another size is told with both numbers."""
    file = _write(tmp_path / "body.key", b"x" * 31)
    settings = load(environment={**keys, "KOPURO_JOURNAL__BODY_KEY_FILE": str(file)})
    wrong = [one for one in check_files(settings, datetime.now(UTC)) if one.mark is Mark.BAD]
    assert [(found.code, found.values["size"], found.values["wanted"]) for found in wrong] == [
        ("secret_size", "31", "32")
    ]


def test_the_certificates_of_others_are_looked_at_too(keys: Mapping[str, str], tmp_path: Path) -> None:
    """Pinned certificates and those of agreements and agencies end some day as well; the finding says whose."""
    old = issue(tmp_path, until_days=-1).certificate_file
    names = (
        "SERVER__CLIENT_CERTIFICATE_FILE",
        "SECURITY_SERVER__CERTIFICATE_FILE",
        "AGREEMENTS__SOCIAL_FUND__CERTIFICATE_FILES",
        "AGENCIES__INFOCOM__CERTIFICATE_FILE",
    )
    environment = {**keys, **{f"KOPURO_{name}": str(old) for name in names}}
    settings = load(environment={**environment, "KOPURO_AGENCIES__INFOCOM__VERIFY_ANSWERS": "true"})
    wrong = [one for one in check_files(settings, datetime.now(UTC)) if one.mark is Mark.BAD]
    assert [(found.code, found.values["name"]) for found in wrong] == [
        ("certificate_expired", "server.client_certificate_file"),
        ("certificate_expired", "security_server.certificate_file"),
        ("certificate_expired", "agreements.social_fund"),
        ("certificate_expired", "agencies.infocom"),
    ]


# --- settings, machine, database ---------------------------------------------------------------------------


def test_a_broken_configuration_is_the_only_finding(examined: Examine) -> None:
    """Nothing can be said about an installation whose settings do not load, but what is wrong with them."""
    for variables in ({"SERVER__PROT": "1"}, {"AGENCIES__INFOCOM__ADAPTER": "nobody"}):
        (found,) = examined(**variables)
        assert (found.code, found.mark) == ("settings_broken", Mark.BAD)
        assert re.search(r"server\.prot|'nobody'", found.values["reason"])
        os.environ.pop("KOPURO_SERVER__PROT", None)


def test_an_open_door_is_named(examined: Examine) -> None:
    """What `kopuro serve` would refuse is told here first."""
    assert told(examined())["listening_good"] is Mark.GOOD
    assert told(examined(SERVER__HOST="0.0.0.0"))["listening_refused"] is Mark.BAD


def test_a_private_database_is_not_made_by_looking(examined: Examine, tmp_path: Path) -> None:
    """The doctor changes nothing: a database nobody started yet is told, not made."""
    assert told(examined())["database_unmade"] is Mark.WARNING
    assert not (tmp_path / "pg").exists()


def test_a_private_database_that_does_not_start_is_named(examined: Examine, tmp_path: Path) -> None:
    """A data directory the private database cannot live in is told with the reason."""
    far = tmp_path / ("x" * 90)
    (far / "pg").mkdir(parents=True)
    assert told(examined(DATABASE__DATA_DIRECTORY=far))["database_private_down"] is Mark.BAD


def test_a_database_is_looked_into(examined: Examine, database_url: str, postgres: str) -> None:
    """It answers and is current; it answers and is behind; it does not answer: three findings."""
    assert told(examined(DATABASE__URL=database_url)).keys() >= {"database_good", "journal_empty"}
    assert told(examined(DATABASE__URL=postgres))["database_behind"] is Mark.BAD
    assert told(examined(DATABASE__URL="postgresql://127.0.0.1:9/x"))["database_down"] is Mark.BAD


def test_seals_belong_on_another_disk(tmp_path: Path) -> None:
    """A place that cannot be written is an error, one beside the database a warning, another disk is right."""
    beside, elsewhere = tmp_path / "a" / "seals", Path("/dev/shm/kopuro-no-such-folder/seals")
    blocked = _write(tmp_path / "file", b"") / "seals"
    folder = tmp_path / "folder"
    folder.mkdir()
    expected = {beside: "anchor_beside_database", blocked: "anchor_unwritable", folder: "anchor_unwritable"}
    for anchor, code in expected.items():
        assert [found.code for found in check_anchor(anchor, tmp_path)] == [code]
    assert not beside.parent.exists()
    if Path("/dev/shm").stat().st_dev != tmp_path.stat().st_dev:
        assert [found.code for found in check_anchor(elsewhere, tmp_path)] == ["anchor_good"]
    assert [found.code for found in check_anchor(beside, None)] == ["anchor_good"]


@pytest.mark.parametrize(("free", "code"), [(0.9, "disk_full"), (4.9, "disk_low"), (5.1, "disk_good")])
def test_a_filling_disk_is_told_early(keys: Mapping[str, str], free: float, code: str) -> None:
    """Below 5 GiB a warning, below 1 GiB an error: what cannot be recorded is not answered."""
    usage = Usage(total=100 * GIB, used=0, free=int(free * GIB))
    found = list(check_disks(load(environment=keys), lambda _: usage))
    assert {one.code for one in found} == {code}


# --- security server ---------------------------------------------------------------------------------------


def _pinned(pair: Pair) -> dict[str, object]:
    return {"SECURITY_SERVER__CERTIFICATE_FILE": pair.certificate_file}


def _ours(pair: Pair) -> dict[str, object]:
    names = ("SECURITY_SERVER__CLIENT_CERTIFICATE_FILE", "SECURITY_SERVER__CLIENT_KEY_FILE")
    return dict(zip(names, _files(pair), strict=True))


AUTHENTICATION = fault(
    "Server.ClientProxy.SslAuthenticationFailed",
    "Client (SUBSYSTEM:x) specifies HTTPS but did not supply TLS certificate",
)
ANSWERS = {
    "server_redirects": Behaviour(status=302, headers={"Location": "https://elsewhere/"}),
    "server_http_status": Behaviour(status=404),
    "server_no_soap": Behaviour(body=lambda _: b"<html>", headers={"Content-Type": "text/html"}),
    "server_demands_https": Behaviour(body=AUTHENTICATION),
    "server_got_no_post": Behaviour(body=fault("Client.InvalidHttpMethod", "Must use POST request method")),
    "server_timeout": Behaviour(seconds=1.5),
    "clock_wrong": Behaviour(date=datetime.now(UTC) - timedelta(hours=6)),
    "clock_unknown": Behaviour(date=None),
}


@pytest.mark.parametrize("code", ANSWERS)
def test_what_comes_back_is_understood(examined: Examine, code: str) -> None:
    """A redirect, a web server, a fault about TLS or GET, a late answer, a wrong clock: each is told by its own code."""
    with security_server(ANSWERS[code]) as address:
        found = told(examined(SECURITY_SERVER__URL=f"http://{address}/"))
    assert found[code] is (Mark.WARNING if code == "clock_unknown" else Mark.BAD)
    assert ("server_good" in found) == code.startswith("clock")


UNREACHABLE = {
    "server_refused": NOBODY,
    "server_unknown_host": "http://no-such-host.invalid/",
    "server_address": "http://127.0.0.1:port/",
    "server_plain_http": "http://no-such-host.invalid/",
}


@pytest.mark.parametrize("code", UNREACHABLE)
def test_an_address_that_leads_nowhere_is_named(examined: Examine, code: str) -> None:
    """Nobody listens, no such name, no address at all, a way that is not encrypted."""
    assert code in told(examined(SECURITY_SERVER__URL=UNREACHABLE[code]))


def test_http_where_https_is_expected(examined: Examine, tmp_path: Path) -> None:
    """Plain HTTP at a TLS port fails without a word; the doctor finds out that TLS is spoken there."""
    with security_server(pair=issue(tmp_path)) as address:
        found = examined(SECURITY_SERVER__URL=f"http://{address}/")
    assert one(found, "server_speaks_https").mark is Mark.BAD


def test_https_where_http_is_spoken(examined: Examine, tmp_path: Path) -> None:
    """TLS at a plain port fails; the doctor finds out that HTTP is spoken there."""
    with security_server() as address:
        found = examined(SECURITY_SERVER__URL=f"https://{address}/", **_pinned(issue(tmp_path)))
    assert one(found, "server_speaks_http").mark is Mark.BAD


def test_another_certificate_is_shown_with_both_fingerprints(examined: Examine, tmp_path: Path) -> None:
    """Whoever is to compare two certificates gets both fingerprints, the pinned and the shown one."""
    pinned, shown = issue(tmp_path), issue(tmp_path)
    with security_server(pair=shown) as address:
        found = examined(SECURITY_SERVER__URL=f"https://{address}/", **_pinned(pinned))
    values = one(found, "server_certificate_differs").values
    assert values["pinned"].replace(":", "") == pinned.fingerprint
    assert values["shown"].replace(":", "") == shown.fingerprint


def test_a_server_that_wants_our_certificate(examined: Examine, tmp_path: Path) -> None:
    """In the handshake or by a fault: none configured, and one the server does not know, are told apart."""
    theirs, ours, other = issue(tmp_path), issue(tmp_path), issue(tmp_path)
    by_fault = Behaviour(body=AUTHENTICATION)
    for behaviour, trusts in ((None, ours), (by_fault, None)):
        with security_server(behaviour, pair=theirs, trusts=trusts) as address:
            url = {"SECURITY_SERVER__URL": f"https://{address}/"}
            found = examined(**url, **_pinned(theirs), **_ours(other))
            assert "server_knows_other_certificate" in told(found)
            unset = dict.fromkeys(_ours(other), "")
            assert "server_wants_certificate" in told(examined(**url, **_pinned(theirs), **unset))
    with security_server(pair=theirs, trusts=ours) as address:
        found = examined(SECURITY_SERVER__URL=f"https://{address}/", **_pinned(theirs), **_ours(ours))
    assert {"server_good", "clock_good"} <= told(found).keys()
    assert one(found, "our_certificate").values["sha256"].replace(":", "") == ours.fingerprint


def test_an_alert_that_a_reset_swallowed_is_heard(
    examined: Examine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TLS 1.3 refuses our certificate after the request is on its way; the reset of its bytes may come first."""

    async def reset(*_: object) -> None:
        raise aiohttp.ClientOSError(104, "Connection reset by peer")

    monkeypatch.setattr("gateway.cli.doctor.security_server._knock", reset)
    theirs, ours = issue(tmp_path), issue(tmp_path)
    for trusts, code in ((ours, "server_wants_certificate"), (None, "server_tls_failed")):
        with security_server(pair=theirs, trusts=trusts) as address:
            found = examined(SECURITY_SERVER__URL=f"https://{address}/", **_pinned(theirs))
        assert code in told(found)


def test_settings_that_do_not_fit_are_told_as_they_are(examined: Examine) -> None:
    """https:// without a pinned certificate is not tried at all."""
    found = examined(SECURITY_SERVER__URL="https://127.0.0.1:9/")
    assert "certificate_file is missing" in one(found, "server_settings").values["reason"]


def test_a_broken_tls_is_named(examined: Examine, tmp_path: Path) -> None:
    """A port that takes the connection and closes it speaks neither TLS nor HTTP."""
    import socketserver
    import threading

    with socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        address = f"127.0.0.1:{server.server_address[1]}"
        plain = examined(SECURITY_SERVER__URL=f"http://{address}/")
        secured = examined(SECURITY_SERVER__URL=f"https://{address}/", **_pinned(issue(tmp_path)))
        server.shutdown()
        thread.join()
    assert one(plain, "server_no_answer").mark is Mark.BAD
    assert one(secured, "server_tls_failed").mark is Mark.BAD


# --- rights ------------------------------------------------------------------------------------------------


def test_rights_are_compared_service_by_service(examined: Examine) -> None:
    """Of what is configured: allowed, there but not allowed, not there at all."""
    behaviour = Behaviour(body=listing(allowed=SERVICES[:1], listed=(*SERVICES[:2], "other")))
    with security_server(behaviour) as address:
        found = examined(SECURITY_SERVER__URL=f"http://{address}/")
    by_service = {
        one.values["service"].split("/", 4)[-1]: one.code for one in found if "service" in one.values
    }
    assert by_service == {
        SERVICES[0]: "right_good",
        SERVICES[1]: "right_missing",
        **dict.fromkeys(SERVICES[2:], "service_unknown"),
    }
    assert "other" in next(one for one in found if one.code == "service_unknown").values["known"]


@pytest.mark.parametrize(
    ("body", "code", "mark"),
    [
        (fault("Server.ClientProxy.UnknownMember"), "member_unknown", Mark.BAD),
        (fault("server.serverproxy.access_denied"), "rights_not_told", Mark.WARNING),
        (fault("Server.ClientProxy.NetworkError"), "rights_unavailable", Mark.WARNING),
    ],
)
def test_a_list_that_is_not_given_is_told(
    examined: Examine, body: Callable[[bytes], bytes], code: str, mark: Mark
) -> None:
    """An unknown member is an error; a server that does not list is asked otherwise, one that is down later."""
    with security_server(Behaviour(body=body)) as address:
        found = examined(SECURITY_SERVER__URL=f"http://{address}/")
    assert {(one.code, one.mark) for one in found if "provider" in one.values} == {(code, mark)}


def test_a_list_that_cannot_be_read_is_told(examined: Examine) -> None:
    """The first answer is good, the lists are nonsense: the way is there, the rights are not known."""
    answers = iter([listing(), *[lambda _: b"<no/>"] * 9])

    def body(request: bytes) -> bytes:
        return next(answers)(request)

    with security_server(Behaviour(body=body)) as address:
        found = told(examined(SECURITY_SERVER__URL=f"http://{address}/"))
    assert found["server_good"] is Mark.GOOD
    assert found["rights_unreadable"] is Mark.WARNING


ASKED = {
    "service_reached": fault("soapenv:Client.SCHEMA"),
    "right_missing": fault("Server.ServerProxy.AccessDenied"),
    "service_unknown": fault("server.serverproxy.unknown_service"),
    "service_refused": fault("server.serverproxy.service_disabled"),
    "service_down": fault("Server.ServerProxy.ServiceFailed.HttpError"),
    "service_unreadable": lambda _: b"<no/>",
}


@pytest.mark.parametrize("code", ASKED)
def test_a_service_is_asked_only_on_demand(examined: Examine, database_url: str, code: str) -> None:
    """With --ask each service gets one empty question, recorded in the journal; its fault tells what is missing."""
    with security_server(Behaviour(body=listing(SERVICES, error=ASKED[code]))) as address:
        url = {"SECURITY_SERVER__URL": f"http://{address}/", "DATABASE__URL": database_url}
        assert told(examined(**url))["right_good"] is Mark.GOOD
        assert asyncio.run(_recorded(database_url)) == []
        found = [one for one in examined(ask=True, **url) if "service" in one.values]
    assert [one.code for one in found] == [code] * len(SERVICES)
    rows = asyncio.run(_recorded(database_url))
    assert sorted(kind for kind, _ in rows) == ["ANSWERED"] * len(SERVICES) + ["SENT"] * len(SERVICES)
    assert {subject for _, subject in rows} == {None}


async def _recorded(url: str) -> list[tuple[str, bytes | None]]:
    database = Database(url)
    try:
        page = await find(database, Question(), limit=100)
    finally:
        await database.close()
    return [(found.entry.kind.value, found.entry.subject) for found in page.found]


def test_what_cannot_be_recorded_is_not_asked(examined: Examine, postgres: str) -> None:
    """Without a sound journal --ask sends nothing and says so."""
    seen: list[bytes] = []

    def body(request: bytes) -> bytes:
        seen.append(request)
        return listing(SERVICES)(request)

    with security_server(Behaviour(body=body)) as address:
        url = {"SECURITY_SERVER__URL": f"http://{address}/", "DATABASE__URL": postgres}
        assert told(examined(ask=True, **url))["not_asked"] is Mark.WARNING
    assert [b"allowedMethods" in request for request in seen] == [True]


def test_a_journal_under_another_key_is_told(examined: Examine, database_url: str, tmp_path: Path) -> None:
    """After an exchange was recorded the keys are proved by opening it; another key does not open it."""
    with security_server(Behaviour(body=listing(SERVICES))) as address:
        url = {"SECURITY_SERVER__URL": f"http://{address}/", "DATABASE__URL": database_url}
        examined(ask=True, **url)
        assert told(examined(**url))["journal_good"] is Mark.GOOD
        other = _write(tmp_path / "other.key", b"k" * 32)
        found = told(examined(**url, JOURNAL__BODY_KEY_FILE=other))
    assert found["journal_unreadable"] is Mark.BAD


# --- the command -------------------------------------------------------------------------------------------


async def test_it_works_against_the_sandbox(examined: Examine, database_url: str, tmp_path: Path) -> None:
    """Beside the sandbox the way is good and every service is reached; nothing is ✗."""
    async with running(make_settings(database_url, tmp_path)) as product:
        url = product.settings.security_server.url
        variables = {"SECURITY_SERVER__URL": url, "DATABASE__URL": database_url}
        found = await asyncio.to_thread(examined, ask=True, **variables)
    assert "server_good" in told(found)
    assert [one.code for one in found if "service" in one.values] == ["service_reached"] * len(SERVICES)
    assert [one.code for one in found if one.mark is Mark.BAD] == []


def _kopuro(
    keys: Mapping[str, str], tmp_path: Path, *options: str, **more: str
) -> "subprocess.CompletedProcess[str]":
    environment = {
        key: value for key, value in os.environ.items() if not key.startswith(("KOPURO_", "DATABASE"))
    }
    return subprocess.run(
        [sys.executable, "-m", "gateway.cli", "doctor", *options],
        env={**environment, **keys, "KOPURO_DATABASE__DATA_DIRECTORY": str(tmp_path), **more},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_command_tells_and_ends_with_what_it_found(keys: Mapping[str, str], tmp_path: Path) -> None:
    """✗ with its cure and exit code 1 without a security server; with one, exit code 0."""
    sick = _kopuro(keys, tmp_path, "--language", "ru")
    assert sick.returncode == 1
    assert "✗ 127.0.0.1:9 отклонил соединение" in sick.stdout
    assert "    → Проверьте" in sick.stdout
    with security_server(Behaviour(body=listing(SERVICES))) as address:
        url = {"KOPURO_SECURITY_SERVER__URL": f"http://{address}/"}
        well = _kopuro(keys, tmp_path, "--json", "--language", "ky", **url)
    assert (well.returncode, well.stderr) == (0, "")
    findings = json.loads(well.stdout)
    assert {finding["mark"] for finding in findings} == {"good", "warning"}
    assert findings[0] == {
        "code": "settings_good",
        "mark": "good",
        "sentence": "Конфигурация окулду",
        "cure": "",
        "values": {},
    }


@pytest.mark.parametrize(
    ("spoken", "language"), [("ru_RU.UTF-8", "ru"), ("ky_KG", "ky"), ("de_DE", "en"), ("", "en")]
)
def test_the_environment_chooses_the_language(
    monkeypatch: pytest.MonkeyPatch, spoken: str, language: str
) -> None:
    """Without --language the terminal's own is spoken, else English."""
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setenv("LANG", spoken)
    assert package._by_environment() == language


def _chosen_codes(node: ast.AST) -> dict[str, str]:
    """Give the codes a call of good, warning or bad names, and those that a function returns by name."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
        mark = node.func.id
        named = [part.value for part in ast.walk(node.args[0]) if isinstance(part, ast.Constant)]
        return {str(code): mark for code in named} if mark in ("good", "warning", "bad") else {}
    if isinstance(node, ast.Return) and isinstance(node.value, ast.Constant):
        return {str(node.value.value): "bad"}
    return {}


def _codes_in_source() -> dict[str, str]:
    """Read the codes out of the package; what is no code does not look like one."""
    found: dict[str, str] = {}
    for file in Path(package.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            found |= _chosen_codes(node)
    return {code: mark for code, mark in found.items() if re.fullmatch(r"[a-z]+(_[a-z]+)+", code)}


def test_every_finding_has_words_in_three_languages() -> None:
    """No code without a sentence, no sentence without a code, and the same values in each language."""
    codes = _codes_in_source()
    assert set(words()) == set(codes)
    for code, texts in words().items():
        parts = [texts, texts["cure"]] if codes[code] != "good" else [texts]
        for part in parts:
            named = [{field for _, field, _, _ in Formatter().parse(part[one]) if field} for one in LANGUAGES]
            assert named[0] == named[1] == named[2], code
            assert all(part[one].strip() for one in LANGUAGES)


def test_a_fault_is_explained_in_the_readers_language() -> None:
    """A finding that carries a fault's code says what the code means, in whichever language."""
    finding = Finding(
        code="service_refused",
        mark=Mark.BAD,
        values={"service": "a/b", "fault": "server.serverproxy.service_disabled"},
    )
    said = {sentence_of(finding, language) + cure_of(finding, language) for language in LANGUAGES}
    assert len(said) == len(LANGUAGES)
