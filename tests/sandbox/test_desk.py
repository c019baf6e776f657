"""The conformance desk: text stays text, the page and the JSON say the same, and it lives in the sandbox alone."""

import io
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest
import pytest_asyncio
from lxml import html

from gateway.cli.published import Published
from gateway.cli.sandbox import make_sandbox
from gateway.foundation.settings import Settings
from gateway.foundation.xml import MAX_BYTES
from gateway.sandbox.agency import Wish, about_learner, write_request
from gateway.sandbox.desk_page import Asked, text, write_page
from gateway.sandbox.host import Addresses, simulator_app
from gateway.sandbox.people import population
from gateway.xroad.conformance import Against, examine
from gateway.xroad.envelope import CONTENT_TYPE
from gateway.xroad.fault_catalogue import LANGUAGES
from tests.running import PEOPLE, SEED, make_settings, running, served

JSON = {"Accept": "application/json"}
XML = {"Content-Type": CONTENT_TYPE}
HOSTILE = (
    '<a title="\'&quot;"><script>alert(1)</script></textarea><img src=x onerror=alert(2)> \u202eabc\u2066 \u0000 '
    "ң &lt;b&gt;</a>"
)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_settings("postgresql://nobody@localhost/unused", tmp_path)


@pytest_asyncio.fixture
async def desk(settings: Settings) -> AsyncIterator[str]:
    box = make_sandbox(settings, Addresses(consumer=1, provider=2, simulators=3), seed=SEED, size=PEOPLE)
    async with served(simulator_app(box), settings) as url:
        yield f"{url}/conformance"


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


def sample(settings: Settings, *, signed: bool = True) -> bytes:
    child = population(SEED, PEOPLE).roles["child"]
    about = about_learner(child.pin or "", child.birth_date)
    return write_request(settings, Wish(service_code="getLearnerStatus", about=about), signed=signed)


def form(message: str, **more: str) -> dict[str, str]:
    return {"message": message, "content_type": CONTENT_TYPE, "soap_action": "", "side": "request"} | more


async def posted(
    http: aiohttp.ClientSession, url: str, body: bytes | dict[str, str], headers: dict[str, str] | None = None
) -> aiohttp.ClientResponse:
    data = urlencode(body).encode() if isinstance(body, dict) else body
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if isinstance(body, dict) else XML
    return await http.post(url, data=io.BytesIO(data), headers=kind | (headers or {}))


def rows_of(page: str) -> list[tuple[str, str, str, str]]:
    """Give each row of the page's table: rule, outcome, where with its detail, cure."""
    return [
        (
            row.get("data-rule"),
            row.get("data-outcome"),
            row.find_class("where")[0].text_content(),
            row.find_class("fix")[0].text_content(),
        )
        for row in html.fromstring(page).iter("tr")
        if row.get("data-rule")
    ]


async def test_the_page_and_the_json_say_the_same(desk, http, settings) -> None:
    """A form and a bare message, read by a person or a program: one report, the one of `examine`."""
    data = sample(settings).replace(b">4.0<", b">3<")
    against = Against(side="request", provider=Published(settings))
    for language in LANGUAGES:
        wanted = examine(data, CONTENT_TYPE, against=against).as_json(language)
        url = f"{desk}?lang={language}"
        bare = await posted(http, url, data, JSON)
        typed = await posted(http, url, form(data.decode()), JSON)
        assert await bare.json() == await typed.json() == wanted
        page = await (await posted(http, url, form(data.decode()))).text()
        assert rows_of(page) == [
            (rule["id"], rule["outcome"], rule["where"] + rule["detail"], rule["fix"])
            for rule in wanted["rules"]
        ]
        root = html.fromstring(page)
        assert root.get("lang") == language
        assert root.get_element_by_id("verdict").get("data-outcome") == "reject"
        assert wanted["explanation"] in root.text_content()
        assert "invalid_protocol_version" in root.text_content()


async def test_a_good_request_to_us_passes_every_rule_of_ours(desk, http, settings) -> None:
    """The sandbox's own sample is in order, agreement and signature included."""
    told = await (await posted(http, f"{desk}?lang=en", sample(settings), JSON)).json()
    outcomes = {rule["id"]: rule["outcome"] for rule in told["rules"]}
    assert told["conforms"]
    assert {outcomes["ours.purpose"], outcomes["signature.verified"]} == {"passed"}


@pytest.mark.parametrize("field", ["message", "content_type", "soap_action", "side"])
async def test_hostile_content_is_shown_as_text(desk, http, field: str) -> None:
    """Markup, quotes, direction marks and NUL in any field never become part of the page."""
    answer = await posted(http, f"{desk}?lang=en", form("<a/>") | {field: HOSTILE})
    page = await answer.text()
    root = html.fromstring(page)
    assert answer.status == 200
    assert "\0" not in page
    assert not list(root.iter("script", "img"))
    assert not [name for node in root.iter() for name in node.attrib if name.startswith("on")]
    assert len(list(root.iter("textarea"))) == len(list(root.iter("form"))) == 1
    if field == "message":
        shown = next(root.iter("textarea")).text
        assert shown.removeprefix("\n") == HOSTILE.replace("\0", "\ufffd")
    if field in {"content_type", "soap_action"}:
        shown = next(node for node in root.iter("input") if node.get("name") == field).get("value")
        assert shown == HOSTILE.replace("\0", "[U+0000]").replace("\u202e", "[U+202E]").replace(
            "\u2066", "[U+2066]"
        )


async def test_a_name_of_the_message_is_text_in_the_report(desk, http, settings) -> None:
    """What the report takes from a message is element names, and they are escaped like all else."""
    data = sample(settings).replace(b"</soapenv:Header>", "<x:ң xmlns:x='urn:x'/></soapenv:Header>".encode())
    page = await (await posted(http, f"{desk}?lang=en", form(data.decode()))).text()
    assert ("header.unknown", "warned", "ң") in [row[:3] for row in rows_of(page)]
    assert text("a<b>\u200f\x00") == "a&lt;b&gt;[U+200F][U+0000]"
    report = examine(data, CONTENT_TYPE).as_json("en")
    report["rules"][0] |= {"where": HOSTILE, "detail": HOSTILE, "code": HOSTILE}
    report["explanation"] = report["verdict"]["code"] = HOSTILE
    root = html.fromstring(write_page("en", Asked(), report))
    assert not list(root.iter("script", "img"))
    assert rows_of(html.tostring(root, encoding="unicode"))[0][2].count("<script>alert(1)</script>") == 2


@pytest.mark.parametrize("path", ["", "?lang=ru", "/style.css"])
async def test_the_answers_forbid_script_and_keeping(desk, http, path: str) -> None:
    """A strict policy on every answer: nothing from elsewhere, no script, no frame, no cache."""
    answer = await http.get(desk + path)
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy == {
        "default-src": "'none'", "style-src": "'self'", "form-action": "'self'", "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }  # fmt: skip
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    if not path.endswith("css"):
        root = html.fromstring(await answer.text())
        assert not list(root.iter("script", "style"))
        assert not [node for node in root.iter() if node.get("style")]


@pytest.mark.parametrize(
    ("query", "accepted", "language"),
    [
        ("", "", "ky"), ("", "ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("", "de, en;q=0.5, ru;q=0.7", "ru"),
        ("?lang=en", "ru", "en"), ("?lang=kg", "ru", "ky"), ("?lang=xx", "en-GB", "en"), ("", "en;q=0", "ky"),
        ("", "fr", "ky"),
    ],
)  # fmt: skip
async def test_the_language_is_chosen(desk, http, query: str, accepted: str, language: str) -> None:
    """?lang= wins, then the browser's wishes in their order, then Kyrgyz."""
    answer = await http.get(desk + query, headers={"Accept-Language": accepted})
    assert html.fromstring(await answer.text()).get("lang") == language


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/json", "application/json"), ("*/*", "text/html"), ("", "text/html"),
        ("text/html,application/json;q=0.9", "text/html"), ("text/html;q=0.5, application/json", "application/json"),
        ("application/json;q=0, text/html", "text/html"),
    ],
)  # fmt: skip
async def test_json_is_given_to_whoever_asks_for_it(desk, http, accept: str, kind: str) -> None:
    """Accept decides, by weight."""
    answer = await posted(http, desk, b"<a/>", {"Accept": accept})
    assert answer.headers["Content-Type"].split(";")[0] == kind


async def test_http_headers_are_judged_too(desk, http, settings) -> None:
    """A bare message is judged with its own Content-Type and SOAPAction, a typed one with those of the form."""
    data = sample(settings)
    bare = await posted(
        http, f"{desk}?side=request", data, JSON | {"SOAPAction": "urn:x", "Content-Type": "text/plain"}
    )
    typed = await posted(
        http, desk, form(data.decode(), soap_action="urn:x", content_type="text/plain"), JSON
    )
    for answer in (bare, typed):
        told = await answer.json()
        failed = {rule["id"] for rule in told["rules"] if rule["outcome"] == "failed"}
        assert failed == {"http.content_type", "http.soap_action"}


async def test_pasted_text_is_written_in_the_encoding_it_names(desk, http, settings) -> None:
    """A message that says windows-1251 of itself is examined as such, though browsers send UTF-8."""
    data = sample(settings, signed=False).decode().replace('encoding="UTF-8"', 'encoding="windows-1251"')
    told = await (
        await posted(http, desk, form(data.replace("Officer", "Кызматкер"), content_type="text/xml"), JSON)
    ).json()
    assert told["conforms"]


async def test_too_much_is_refused(desk, http) -> None:
    """At most as many bytes as a message may have, and few fields."""
    assert (await posted(http, desk, b"x" * (MAX_BYTES + 1), JSON)).status == 413
    assert (await posted(http, desk, {f"f{number}": "" for number in range(99)})).status == 400
    assert (await posted(http, desk, b"x" * 1000, JSON)).status == 200


async def test_nothing_of_a_message_is_logged(desk, http, settings, caplog, capfd) -> None:
    """Neither the log nor the terminal sees what was examined."""
    pin = population(SEED, PEOPLE).roles["child"].pin or "?"
    with caplog.at_level(logging.DEBUG):
        answer = await posted(http, desk, form(sample(settings).decode()))
    assert pin in await answer.text()
    printed = capfd.readouterr()
    assert pin not in caplog.text + printed.out + printed.err


async def test_the_desk_is_not_part_of_the_gateway(database_url: str, tmp_path: Path, http) -> None:
    """`kopuro serve` does not know the address; only the sandbox does."""
    async with running(make_settings(database_url, tmp_path)) as product:
        for path in ("/conformance", "/conformance/style.css"):
            assert (await http.get(product.gateway + path)).status == 404
            assert (await http.get(product.simulators + path)).status == 200
        assert (await posted(http, f"{product.gateway}/conformance", b"<a/>")).status == 404
