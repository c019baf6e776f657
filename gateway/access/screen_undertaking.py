"""The undertaking signed on the screen: the own password is the signature, the text of that day is kept by its digest.

The paper with its original in the personal file stays the other way; which of both the ministry wants is its to say.
"""

import hashlib
import json
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.access.acts import Act, record_act
from gateway.access.door import Door
from gateway.access.form import undertaking_form
from gateway.access.model import Account
from gateway.access.sign_in import Opened, open_for, prove_password
from gateway.access.standing import read_caller
from gateway.access.undertakings import FORM_VERSION, Paper, write_undertaking
from gateway.access.values import Caller
from gateway.foundation.clock import today
from gateway.foundation.errors import InputRefused
from gateway.registry.model import Person

_WHERE = {
    "ky": "экранда кол коюлган, кыргызча форма",
    "ru": "подписано на экране, форма на русском",
    "en": "signed on screen, the English form",
}


async def sign_on_screen(
    door: Door, login: str, password: str, *, agreed: bool, language: str, peer: str
) -> Opened:
    """Sign the undertaking as whoever the password proves, and open the session that waited for it.

    Raises AccessError (CREDENTIALS, what else keeps an account out, BRIEFING_REQUIRED before the briefing is
    recorded), InputRefused where the box is not ticked, and TooManyAttempts.
    """
    account_id = await prove_password(door, login, password, peer=peer)
    if not agreed:
        raise InputRefused((("agreed", "REQUIRED"),))
    async with door.database.transaction() as session:
        # one form sent twice is one undertaking
        await session.execute(select(Account.id).where(Account.id == account_id).with_for_update())
        caller = await read_caller(session, account_id)
        if not caller.undertaken:
            await _write(session, caller, language, months=door.settings.undertaking_months)
        return await open_for(door, session, account_id, method="PASSWORD", peer=peer)


async def _write(session: AsyncSession, caller: Caller, language: str, *, months: int) -> None:
    assert caller.account_id is not None
    signed_on = today()
    paper = Paper(
        signed_on=signed_on,
        location=_WHERE[language],
        scan_sha256=hashlib.sha256(await _text(session, caller, language)).digest(),
    )
    await write_undertaking(session, caller.account_id, paper, by=caller.account_id, months=months)
    act = Act(
        act="UNDERTAKING_SIGNED",
        object="ACCOUNT",
        object_id=str(caller.account_id),
        account_id=caller.account_id,
    )
    await record_act(session, act)


async def _text(session: AsyncSession, caller: Caller, language: str) -> bytes:
    """Give the bytes that are signed: the form as it was shown, and who signs it as what on which day."""
    number = await session.scalar(select(Person.isuo_no).where(Person.id == caller.person_id))
    said = {
        "form": undertaking_form(language),
        "form_version": FORM_VERSION,
        "isuo_no": number,
        "roles": sorted(caller.roles),
        "organisations": sorted(_places(caller)),
        "signed_on": today().isoformat(),
    }
    return json.dumps(said, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def _places(caller: Caller) -> set[str]:
    ids: set[UUID] = {grant.organisation_id for grant in caller.grants if grant.organisation_id}
    return {str(each) for each in ids}
