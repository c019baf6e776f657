"""The box itself: who may ask whom, the switch of the simulated agencies, and the keys it makes."""

import stat
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.asymmetric import padding

from gateway.cli.sandbox import make_sandbox
from gateway.crypto.certificates import read_certificate
from gateway.foundation.settings import Settings
from gateway.sandbox.host import Addresses, consumer_doors, provider_doors, simulator_app
from gateway.sandbox.pki import make_keys
from gateway.xroad.identifiers import ServiceId, SubsystemId, parse_subsystem
from tests.running import PEOPLE, SEED, make_settings, served
from tests.xroad.messages import header

ADDRESSES = Addresses(consumer=1, provider=2, simulators=3)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings("postgresql://nobody/none", tmp_path)


@pytest_asyncio.fixture
async def simulators(settings: Settings) -> AsyncIterator[str]:
    box = make_sandbox(settings, ADDRESSES, seed=SEED, size=PEOPLE)
    async with served(simulator_app(box), settings) as url:
        yield url


def asked(client: str, provider: str, code: str):
    return replace(
        header(),
        client=parse_subsystem(client),
        service=ServiceId(provider=parse_subsystem(provider), service_code=code, service_version="v1"),
    )


OURS = "central-server/GOV/70000016/isuo-service"
ZAGS = "central-server/GOV/70000005/zags-service"


def test_only_we_may_ask_the_agencies_and_only_for_what_they_offer(settings: Settings) -> None:
    """The consumer's side knows the simulated services by member, subsystem and code."""
    doors = consumer_doors(make_sandbox(settings, ADDRESSES, seed=SEED, size=PEOPLE))
    known = asked(OURS, ZAGS, "zagsDataByPin")
    assert doors.address_of(known) == "http://127.0.0.1:3/infocom/zags-service/zagsDataByPin"
    assert doors.may_call(known)
    for other in ("passportDataByPSN", "nothing"):
        assert doors.address_of(asked(OURS, ZAGS, other)) is None
    assert doors.address_of(asked(OURS, ZAGS.replace("70000005", "70000006"), "zagsDataByPin")) is None
    assert not doors.may_call(asked(OURS.replace("isuo", "another"), ZAGS, "zagsDataByPin"))


def test_whoever_has_an_agreement_may_ask_us(settings: Settings) -> None:
    """The provider's side knows our subsystem only, and lets in the clients of config/agreements.toml."""
    doors = provider_doors(make_sandbox(settings, ADDRESSES, seed=SEED, size=PEOPLE))
    client = next(iter(settings.agreements.values())).client
    assert doors.may_call(asked(client, OURS, "getLearnerStatus"))
    assert not doors.may_call(asked(client.replace("7", "8"), OURS, "getLearnerStatus"))
    assert doors.address_of(asked(client, OURS, "getLearnerStatus")) == "http://127.0.0.1:8090/xroad"
    member: SubsystemId = parse_subsystem("central-server/GOV/70000016")
    assert doors.address_of(asked(client, str(member), "getLearnerStatus")) is None


async def test_a_subsystem_misbehaves_as_it_is_told(simulators: str) -> None:
    """Down is HTTP 503, a fault carries the wished code, and ok is ok again; the neighbour is not touched."""
    async with aiohttp.ClientSession() as http:

        async def switch(path: str, **wish: object) -> int:
            async with http.post(f"{simulators}/control/{path}", json=wish) as reply:
                return reply.status

        async def call(path: str) -> tuple[int, bytes]:
            async with http.post(f"{simulators}/{path}", data=b"<a/>") as reply:
                return reply.status, await reply.read()

        zags, passport = "infocom/zags-service/zagsDataByPin", "infocom/passport-service/passportDataByPSN"
        assert await switch("infocom/zags-service", mode="down") == 200
        assert (await call(zags))[0] == 503
        assert (await call(passport))[0] != 503
        assert await switch("infocom/zags-service", mode="soap_fault", code="SOAP-ENV:Odd", text="x") == 200
        assert b"SOAP-ENV:Odd" in (await call(zags))[1]
        assert await switch("infocom/zags-service", mode="ok") == 200
        assert (await call(zags))[0] != 503
        assert await switch("infocom/no-such-service", mode="ok") == 404
        assert await switch("nobody/zags-service", mode="ok") == 404
        assert await switch("infocom/zags-service", mode="odd") == 400
        assert await switch("infocom/zags-service", mode="slow", seconds="soon") == 400
        assert (await call("nobody/zags-service/zagsDataByPin"))[0] == 404


def _settings_in(folder: Path) -> Settings:
    keys = {
        "KOPURO_SIGNING__KEY_FILE": "gateway.key",
        "KOPURO_SIGNING__CERTIFICATE_FILE": "gateway.crt",
        "KOPURO_JOURNAL__BODY_KEY_FILE": "body.key",
        "KOPURO_JOURNAL__MAC_KEY_FILE": "mac.key",
        "KOPURO_JOURNAL__SUBJECT_KEY_FILE": "subject.key",
        "KOPURO_AGREEMENTS__SOCIAL_FUND__CERTIFICATE_FILES": "social-fund.crt",
    }
    return make_settings(
        "postgresql://nobody/none", folder, **{name: str(folder / file) for name, file in keys.items()}
    )


def test_keys_are_made_once_and_for_their_owner_only(tmp_path: Path) -> None:
    """Every missing key is made and readable by nobody else; a second run touches nothing."""
    settings = _settings_in(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    assert {path.name for path in before} >= {
        "gateway.key",
        "body.key",
        "social-fund.key",
        "sandbox-authority.key",
    }
    for path in before:
        if path.suffix == ".key":
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert make_keys(settings) == []
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_certificates_come_from_one_authority(tmp_path: Path) -> None:
    """Ours and the agency's are signed by the sandbox's authority and are no authorities themselves."""
    _settings_in(tmp_path)
    authority = read_certificate(tmp_path / "sandbox-authority.crt")
    for name in ("gateway", "social-fund"):
        certificate = read_certificate(tmp_path / f"{name}.crt")
        authority.public_key().verify(
            certificate.signature,
            certificate.tbs_certificate_bytes,
            padding.PKCS1v15(),
            certificate.signature_hash_algorithm,
        )
        assert certificate.extensions.get_extension_for_oid(authority.extensions[0].oid).value.ca is False
