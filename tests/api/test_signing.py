"""The head's signature under the passport: real keys, real certificates, kept as evidence."""

import base64
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from gateway.crypto.detached import DetachedSignature, sign_detached
from gateway.crypto.keys import Signer
from gateway.foundation.settings import Settings, Signatures
from tests.access.browser import served
from tests.access.world import World, settings_of
from tests.api.conftest import Desk
from tests.personal_pki import PersonalAuthority

INN = "02211199810049"
PATH = "organisations/A-SCHOOL/passport"


@pytest.fixture(scope="module")
def authority() -> PersonalAuthority:
    return PersonalAuthority()


def _settings(authority: PersonalAuthority, **more: Any) -> Settings:
    files = (str(authority.certificate_file),)
    return replace(settings_of(), signatures=Signatures(authority_files=files, **more))


def _body(detached: DetachedSignature) -> dict[str, str]:
    return {
        "algorithm": detached.algorithm,
        "signature": base64.b64encode(detached.signature).decode(),
        "certificate": base64.b64encode(detached.certificate).decode(),
    }


async def _statement(desk: Desk) -> tuple[bytes, str]:
    browser = desk.browser.carry(await desk.world.token("head"))
    async with browser.http.get(f"/api/v1/{PATH}/statement", cookies=browser.cookies) as response:
        assert response.status == 200
        return await response.read(), response.headers["ETag"]


async def _confirm(desk: Desk, signer: Signer, content: bytes | None = None) -> tuple[int, Any]:
    said, tag = await _statement(desk)
    body = _body(sign_detached(signer, content if content is not None else said))
    return (await desk.ask("head", "POST", f"{PATH}/confirmation", body, If_Match=tag))[:2]


async def _give_inn(world: World) -> None:
    async with world.database.transaction() as session:
        await session.execute(
            text("update organisation set inn = :inn where code = 'A-SCHOOL'"), {"inn": INN}
        )


@pytest.mark.requirement("R-063", "R-065")
async def test_the_head_signs_the_passport_with_the_own_certificate(
    world: World, authority: PersonalAuthority
) -> None:
    """What was signed, by whose certificate and when is kept and verifies anew; a changed field flips the state."""
    await _give_inn(world)
    async with served(world, _settings(authority)) as browser:
        desk = Desk(world, browser)
        signed, _ = await _statement(desk)
        status, made = await _confirm(desk, authority.issue(world.pins["head"], INN))
        assert status == 201, made
        _, kept, _ = await desk.ask("ministry", "GET", f"{PATH}/signature")
        assert (kept["problem"], kept["scope"]) == ("", "PASSPORT A-SCHOOL")
        assert base64.b64decode(kept["content"]) == signed
        assert kept["issuer"] == "CN=personal-authority"
        assert (await desk.ask("head", "GET", PATH))[1]["state"] == "CONFIRMED"
        async with world.database.transaction() as session:
            await session.execute(text("update organisation set okpo = '12345678' where code = 'A-SCHOOL'"))
        assert (await desk.ask("head", "GET", PATH))[1]["state"] == "CHANGED_AFTER_CONFIRMATION"
        serial = kept["certificate_serial"]
    async with served(world, _settings(authority, revoked_serials=(serial,))) as browser:
        _, kept, _ = await Desk(world, browser).ask("head", "GET", f"{PATH}/signature")
        assert kept["problem"] == "the signer's certificate was revoked"


@pytest.mark.requirement("R-063", "R-064")
async def test_a_signature_that_proves_something_else_confirms_nothing(
    world: World, authority: PersonalAuthority
) -> None:
    """Forged, expired, revoked, another authority's, person's or organisation's, another content: each by its reason."""
    await _give_inn(world)
    own, head = authority.issue(world.pins["head"], INN), world.pins["head"]
    revoked = authority.issue(head, INN)
    settings = _settings(
        authority, required=True, revoked_serials=(f"{revoked.certificate.serial_number:x}",)
    )
    async with served(world, settings) as browser:
        desk = Desk(world, browser)
        refused = {
            "SIGNATURE_INVALID": await _confirm(desk, own, b"another content"),
            "CERTIFICATE_EXPIRED": await _confirm(desk, authority.issue(head, INN, days=-1)),
            "CERTIFICATE_REVOKED": await _confirm(desk, revoked),
            "CERTIFICATE_UNKNOWN": await _confirm(desk, PersonalAuthority().issue(head, INN)),
            "CERTIFICATE_OF_ANOTHER": await _confirm(desk, authority.issue(world.pins["teacher"], INN)),
        }
        for code, (status, answer) in refused.items():
            assert (status, answer["errors"][0]["code"]) == (422, code)
        other = await _confirm(desk, authority.issue(head, "09999999999999"))
        assert other[1]["errors"][0]["code"] == "CERTIFICATE_OF_ANOTHER"
        unfit = await _confirm(desk, authority.issue(head, INN, signs=False))
        assert unfit[1]["errors"][0]["code"] == "CERTIFICATE_UNKNOWN"
        _, tag = await _statement(desk)
        status, answer, _ = await desk.ask("head", "POST", f"{PATH}/confirmation", If_Match=tag)
        assert answer["errors"][0]["code"] == "SIGNATURE_REQUIRED"
        assert (await desk.ask("head", "GET", PATH))[1]["state"] == "NOT_CONFIRMED"
        assert (await desk.ask("head", "GET", f"{PATH}/signature"))[0] == 404


async def test_kept_signatures_are_never_changed_nor_bound_to_other_bytes(
    world: World, authority: PersonalAuthority
) -> None:
    """The database refuses to change evidence, and to keep a digest that is not the content's own."""
    await _give_inn(world)
    async with served(world, _settings(authority)) as browser:
        assert (await _confirm(Desk(world, browser), authority.issue(world.pins["head"], INN)))[0] == 201
    for statement, why in (
        ("update signed_content set content = 'x'", "append-only"),
        ("delete from signed_content", "append-only"),
        (
            (
                "insert into signed_content select gen_random_uuid(), kind, subject_id, 'x', digest, algorithm, "
                "signature, certificate, signer_id, signed_at from signed_content"
            ),
            "ck_signed_content_bound",
        ),
    ):
        with pytest.raises(DBAPIError, match=why):
            async with world.database.transaction() as session:
                await session.execute(text(statement))
