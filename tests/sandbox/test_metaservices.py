"""What the security-server doubles tell about the box, asked by our own consumer and from the command line."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from openapi_spec_validator import validate

from gateway.cli.sandbox import make_sandbox
from gateway.cli.xroad import read_service
from gateway.foundation.errors import AgencyError, AgencyRefused, SettingsError
from gateway.foundation.settings import Settings
from gateway.foundation.xml import parse
from gateway.intake.speaking.contracts import Contract
from gateway.sandbox.host import Addresses, consumer_doors, provider_doors
from gateway.sandbox.metaservices import ENDPOINT
from gateway.sandbox.security_server import SecurityServer
from gateway.services.dispatch import OFFERS
from gateway.wiring.outward import our_subsystem
from gateway.xroad.client import Client, Limits
from gateway.xroad.identifiers import ServiceId, SubsystemId, parse_subsystem
from gateway.xroad.metaservices import Metaservices
from tests.running import make_settings, served

pytestmark = pytest.mark.asyncio(loop_scope="module")

ZAGS = parse_subsystem("central-server/GOV/70000005/zags-service")
PORTAL = parse_subsystem("central-server/GOV/70000011/state-services-portal")
STRANGER = parse_subsystem("central-server/GOV/70000099/nobody")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_settings("postgresql://nobody/none", tmp_path_factory.mktemp("box"))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def urls(settings: Settings) -> AsyncIterator[dict[str, str]]:
    box = make_sandbox(settings, Addresses(consumer=1, provider=2, simulators=3), seed=1, size=10)
    asking, asked = SecurityServer(consumer_doors(box)), SecurityServer(provider_doors(box))
    async with served(asking.app(), settings) as consumer, served(asked.app(), settings) as provider:
        yield {"consumer": consumer, "provider": provider}
        await asking.close()
        await asked.close()


@pytest_asyncio.fixture(loop_scope="module", params=["consumer", "provider"])
async def client(urls: dict[str, str], request: pytest.FixtureRequest) -> AsyncIterator[Client]:
    made = Client(urls[request.param] + "/", Limits())
    yield made
    await made.close()


def asked_by(client: Client, asker: SubsystemId) -> Metaservices:
    return Metaservices(client, asker, deadline=timedelta(seconds=5))


def ours(settings: Settings) -> SubsystemId:
    return our_subsystem(settings)


@pytest.mark.parametrize("form", ["xml", "json"])
async def test_the_box_lists_who_is_there(client: Client, settings: Settings, form) -> None:
    """Members and subsystems: ours, the simulated agencies, and everybody with an agreement; both forms agree."""
    listed = await asked_by(client, ours(settings)).list_clients(form=form)
    found = {each.client for each in listed}
    assert {ours(settings), ZAGS, PORTAL, parse_subsystem("central-server/GOV/70000011")} <= found
    assert len(found) == len(listed)
    assert all(each.name for each in listed)
    assert listed == await asked_by(client, ours(settings)).list_clients(form="xml")


async def test_another_instance_is_not_known(client: Client, settings: Settings) -> None:
    """Our own instance by name is the same list; one that is not federated is refused by code."""
    asked = asked_by(client, ours(settings))
    assert await asked.list_clients(instance="central-server") == await asked.list_clients()
    with pytest.raises(AgencyError) as refusal:
        await asked.list_clients(instance="elsewhere")
    assert refusal.value.code == "server.clientproxy.internal_error"


async def test_our_services_are_those_we_dispatch(client: Client, settings: Settings) -> None:
    """What the box lists for us is exactly what the endpoint offers, versions included; no metaservice among them."""
    listed = await asked_by(client, PORTAL).list_methods(ours(settings))
    expected = {
        ServiceId(
            provider=ours(settings), service_code=each.service_code, service_version=each.service_version
        )
        for each in OFFERS
    }
    assert set(listed) == expected


async def test_an_agency_s_services_are_those_of_its_contract(client: Client, settings: Settings) -> None:
    """The simulated subsystem lists the operations of its WSDL with their versions."""
    listed = await asked_by(client, ours(settings)).list_methods(ZAGS)
    assert {(each.service_code, each.service_version) for each in listed} == {
        ("zagsDataByPin", "v1"),
        ("zagsPinsByNSPDate", "v1"),
        ("zagsPinBirthAct", "v1"),
        ("zagsDeathActByPin", "v1"),
    }


async def test_rights_are_the_agreements(client: Client, settings: Settings) -> None:
    """A client with an agreement sees its services, a stranger none; the agencies' services are open to us alone."""
    assert len(await asked_by(client, PORTAL).allowed_methods(ours(settings))) == 2
    assert await asked_by(client, STRANGER).allowed_methods(ours(settings)) == ()
    assert len(await asked_by(client, ours(settings)).allowed_methods(ZAGS)) == 4
    assert await asked_by(client, PORTAL).allowed_methods(ZAGS) == ()


async def test_a_description_names_no_address_of_its_provider(client: Client, settings: Settings) -> None:
    """The WSDL comes as the second part, with X-Road's address in the place of the provider's; zeep loads it."""
    asked = asked_by(client, ours(settings))
    for service in (*await asked.list_methods(ours(settings)), *await asked.list_methods(ZAGS)):
        found = await asked.wsdl(service)
        root = parse(found.content)
        addresses = [element.get("location") for element in root.iter("{*}address")]
        assert addresses == [ENDPOINT]
        names = {element.get("name") for element in root.iter("{http://schemas.xmlsoap.org/wsdl/}operation")}
        assert service.service_code in names


async def test_a_fetched_description_builds_messages(
    client: Client, settings: Settings, tmp_path: Path
) -> None:
    """What getWsdl gives is a WSDL a SOAP stack can work with, beside the schemas it imports."""
    found = await asked_by(client, ours(settings)).wsdl(
        ServiceId(provider=ZAGS, service_code="zagsDataByPin", service_version="v1")
    )
    (tmp_path / "zags.wsdl").write_bytes(found.content)
    contract = Contract(tmp_path / "zags.wsdl", schemas=settings.schemas / "xroad")
    assert b"zagsDataByPin" in contract.body("zagsDataByPin", {"pin": "x"})


@pytest.mark.parametrize(
    ("provider", "code", "version", "expected"),
    [
        ("ours", "getEverything", "v1", "unknown_service"),
        ("ours", "getLearnerStatus", "v9", "unknown_service"),
        ("ours", "getLearnerStatus", "", "unknown_service"),
        ("ours", "", "", "invalid_request"),
        ("stranger", "getLearnerStatus", "v1", "unknown_member"),
    ],
)
async def test_what_is_not_there_is_refused_by_code(
    client: Client, settings: Settings, provider: str, code: str, version: str, expected: str
) -> None:
    """Unknown service, unknown version, no code, unknown provider: each under X-Road's own code."""
    whom = ours(settings) if provider == "ours" else STRANGER
    with pytest.raises(AgencyRefused) as refusal:
        await asked_by(client, PORTAL).wsdl(
            ServiceId(provider=whom, service_code=code, service_version=version)
        )
    assert refusal.value.code.rpartition(".")[2] == expected


@pytest.mark.parametrize(
    ("code", "expected"), [("zagsDataByPin", "service_type"), ("nothing", "unknown_service")]
)
async def test_a_soap_service_has_no_openapi(client: Client, code: str, expected: str) -> None:
    """The OpenAPI of a SOAP service is refused by its type, of an unknown one as unknown."""
    with pytest.raises(AgencyRefused) as refusal:
        await asked_by(client, PORTAL).open_api(ServiceId(provider=ZAGS, service_code=code))
    assert refusal.value.code == f"server.serverproxy.{expected}"


async def test_our_own_services_are_described_as_rest_too(client: Client, settings: Settings) -> None:
    """What getOpenAPI gives is a valid description without our host, one for each service code."""
    for offer in OFFERS:
        service = ServiceId(provider=ours(settings), service_code=offer.service_code)
        document = json.loads((await asked_by(client, PORTAL).open_api(service)).text)
        validate(document)
        assert list(document["paths"]) == [f"/{offer.service_version}"]
        assert document["servers"] == [{"url": f"/r1/{service}"}]


async def test_rest_methods_are_listed_with_their_endpoints(urls: dict[str, str], settings: Settings) -> None:
    """What there is stands in listMethods, in allowedMethods what the asker may call."""
    url = f"{urls['provider']}/r1/{ours(settings)}"
    async with aiohttp.ClientSession() as http:
        for asker, code, expected in (
            (STRANGER, "listMethods", {offer.service_code for offer in OFFERS}),
            (PORTAL, "allowedMethods", {offer.service_code for offer in OFFERS}),
            (STRANGER, "allowedMethods", set()),
        ):
            async with http.get(f"{url}/{code}", headers={"X-Road-Client": str(asker)}) as reply:
                listed = (await reply.json())["service"]
            assert {each["service_code"] for each in listed} == expected
            assert all(each["endpoint_list"] == [{"method": "POST", "path": "/v1"}] for each in listed)
            assert all(each["service_type"] == "OPENAPI" for each in listed)


async def test_a_malformed_rest_question_is_a_bad_request(urls: dict[str, str]) -> None:
    """Too few segments or no serviceCode: client.bad_request with HTTP 400, named in X-Road-Error."""
    async with aiohttp.ClientSession() as http:
        for path in ("r1/a/getOpenAPI?serviceCode=x", "r1/a/b/c/d/getOpenAPI"):
            async with http.get(f"{urls['consumer']}/{path}") as reply:
                assert (reply.status, reply.headers["X-Road-Error"]) == (400, "client.bad_request")
                assert (await reply.json())["type"] == "client.bad_request"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("", "xml"), ("*/*", "xml"), ("application/json", "json"), ("text/html, application/json;q=0.9", "json"),
        ("text/xml, application/json", "xml"), ("application/json, text/xml", "json"), ("text/xml;q=0.1, application/json;q=0.2", "json"),
        ("application/json;q=0, text/xml;q=0.1", "xml"), ("application/json;q=x", "xml"),
    ],
)  # fmt: skip
async def test_json_is_given_to_those_who_prefer_it(urls: dict[str, str], accept: str, form: str) -> None:
    """XML unless the Accept header puts application/json first."""
    headers = {"Accept": accept} if accept else {}
    async with (
        aiohttp.ClientSession(skip_auto_headers=["Accept"]) as http,
        http.get(f"{urls['consumer']}/listClients", headers=headers) as reply,
    ):
        assert ("json" in reply.headers["Content-Type"]) == (form == "json")


async def run(settings: Settings, url: str, *command: str) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "gateway.cli", "xroad", *command,
        env={"PATH": "/usr/bin", "KOPURO_HOME": str(settings.home), "KOPURO_SECURITY_SERVER__URL": f"{url}/"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    return process.returncode or 0, out.decode(), err.decode()


async def test_the_command_line_asks_the_same(
    urls: dict[str, str], settings: Settings, tmp_path: Path
) -> None:
    """The commands clients, methods, allowed and wsdl print what the security server tells; a refusal is exit 2."""
    url, out = urls["consumer"], tmp_path / "zags.wsdl"
    code, told, _ = await run(settings, url, "clients", "--form", "json")
    assert code == 0
    assert f"{ZAGS}\tINFOCOM" in told.splitlines()
    code, told, _ = await run(settings, url, "allowed", str(ZAGS))
    assert (code, f"{ZAGS}/zagsDataByPin/v1" in told.splitlines()) == (0, True)
    code, told, _ = await run(settings, url, "wsdl", f"{ZAGS}/zagsDataByPin/v1", "--out", str(out))
    assert (code, told, ENDPOINT in out.read_text()) == (0, "", True)
    code, told, err = await run(settings, url, "methods", str(STRANGER))
    assert (code, told, err.startswith("kopuro: ")) == (2, "", True)
    assert "server.clientproxy.unknown_member" in err


async def test_a_service_is_named_in_full() -> None:
    """Five parts, or six with a version; anything else is a sentence."""
    assert str(read_service("a/b/c/d/e")) == "a/b/c/d/e"
    assert read_service("a/b/c/d/e/v1").service_version == "v1"
    for wrong in ("a/b/c/d", "a/b/c/d/e/f/g", "a//c/d/e", ""):
        with pytest.raises(SettingsError):
            read_service(wrong)
