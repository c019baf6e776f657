"""The head's confirmation of the passport: by a signature over its canonical statement, or by word where allowed."""

import base64
import binascii
import hashlib
from typing import Annotated

from fastapi import APIRouter, Body, Response

from gateway.access.errors import not_found
from gateway.access.within import organisation_within
from gateway.api.conditions import IfMatch, check_match, tag
from gateway.api.dependencies import ApiDependencies
from gateway.api.guard import Permitted
from gateway.api.organisation_bodies import ConfirmationAnswer, SignatureAnswer, SignatureBody
from gateway.api.organisation_routes import Code
from gateway.crypto.detached import DetachedSignature, Trust
from gateway.foundation.clock import day_of, utc_now
from gateway.foundation.errors import InputRefused
from gateway.intake.confirming import Ceremony, confirm, read_ceremony
from gateway.registry.organisations.passport import read_passport
from gateway.registry.organisations.signing import last_signature, statement
from gateway.registry.papers.evidence import Evidence

OneSignature = Annotated[SignatureBody | None, Body()]


def add_confirmation_routes(router: APIRouter, deps: ApiDependencies) -> None:
    """Add what a head signs, the signing, and what is kept of it."""
    ceremony = read_ceremony(deps.settings)
    _add_reading(router, ceremony.trust)
    _add_confirming(router, deps, ceremony)


def _add_reading(router: APIRouter, trust: Trust) -> None:
    @router.get(
        "/organisations/{code}/passport/statement",
        response_class=Response,
        responses={200: {"content": {"application/json": {}}}},
    )
    async def passport_statement(code: Code, permit: Permitted) -> Response:
        """Give the very bytes a head signs today; the ETag is that of the passport."""
        at = utc_now()
        async with permit.reading() as session:
            organisation = await organisation_within(session, permit.right, code)
            passport = await read_passport(session, organisation.id, on=day_of(at))
        headers = {"ETag": tag(passport.digest().hex()), "Cache-Control": "no-store"}
        content = statement(code, passport, on=day_of(at))
        return Response(content, media_type="application/json", headers=headers)

    @router.get("/organisations/{code}/passport/signature")
    async def passport_signature(code: Code, permit: Permitted) -> SignatureAnswer:
        """Show what was signed last and by which certificate, verified anew."""
        async with permit.reading() as session:
            organisation = await organisation_within(session, permit.right, code)
        async with permit.database.transaction() as session:
            found = await last_signature(session, organisation.id, trust=trust)
        if found is None:
            raise not_found()
        return _evidence(code, found)


def _evidence(code: str, found: Evidence) -> SignatureAnswer:
    def text(given: bytes) -> str:
        return base64.b64encode(given).decode()

    return SignatureAnswer(
        signed_at=found.signed_at,
        certificate_serial=found.signed_by.serial if found.signed_by else "",
        issuer=found.signed_by.issuer if found.signed_by else "",
        scope=f"PASSPORT {code}",
        digest=hashlib.sha256(found.content).hexdigest(),
        problem=found.problem,
        content=text(found.content),
        signature=text(found.detached.signature),
        certificate=text(found.detached.certificate),
        algorithm=found.detached.algorithm,
    )


def _add_confirming(router: APIRouter, deps: ApiDependencies, ceremony: Ceremony) -> None:
    @router.post("/organisations/{code}/passport/confirmation", status_code=201)
    async def confirm_organisation_passport(
        code: Code, permit: Permitted, body: OneSignature = None, if_match: IfMatch = None
    ) -> ConfirmationAnswer:
        """Confirm the passport as head of the organisation: what was read, and nothing that came after.

        With a body: the detached signature over the bytes of …/passport/statement of the same day (UTC).
        """
        at = utc_now()
        async with deps.database.transaction() as session:
            organisation = await organisation_within(session, permit.right, code, lock=True)
            passport = await read_passport(session, organisation.id, on=day_of(at))
            digest = passport.digest().hex()
            check_match(if_match, tag(digest))
            made = await confirm(
                session,
                organisation,
                _detached(body) if body else None,
                ceremony=ceremony,
                by=permit.caller,
                user_id=permit.user_id("kopuro-api"),
                at=at,
            )
        return ConfirmationAnswer(
            confirmation_id=made, digest=digest, completeness=passport.completeness, confirmed_at=at
        )


def _detached(body: SignatureBody) -> DetachedSignature:
    try:
        return DetachedSignature(
            algorithm=body.algorithm,
            signature=base64.b64decode(body.signature, validate=True),
            certificate=base64.b64decode(body.certificate, validate=True),
        )
    except binascii.Error:
        raise InputRefused((("signature", "TEXT"),)) from None
