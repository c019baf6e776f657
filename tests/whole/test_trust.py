"""An agency that must sign and does not: its answers are as good as none, and never an error of the form."""

from pathlib import Path

import aiohttp
from sqlalchemy import text

from gateway.foundation.database import Database
from gateway.sandbox.people import population
from tests.pki import key_pair
from tests.running import PEOPLE, SEED, TOKEN, make_settings, running


async def test_an_unsigned_answer_fills_no_field(database_url: str, tmp_path: Path) -> None:
    """With verify_answers on, an unsigned answer is a failure of its source: told in the form and in the journal."""
    trust = {
        "KOPURO_AGENCIES__INFOCOM__VERIFY_ANSWERS": "true",
        "KOPURO_AGENCIES__INFOCOM__SIGN_REQUESTS": "true",
        "KOPURO_AGENCIES__INFOCOM__CERTIFICATE_FILE": str(key_pair("infocom")[1]),
    }
    adult = population(SEED, PEOPLE).roles["adult"]
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with (
        running(make_settings(database_url, tmp_path, **trust)) as product,
        aiohttp.ClientSession(headers=headers) as http,
        http.post(f"{product.gateway}/api/v1/autofill", json={"pin": adult.pin}) as reply,
    ):
        assert reply.status == 200, await reply.text()
        form = await reply.json()
    assert [field for field in form["fields"] if field["value"]] == []
    assert {field["status"] for field in form["fields"]} == {"SOURCE_UNAVAILABLE"}
    database = Database(database_url)
    async with database.transaction() as session:
        rows = (
            await session.execute(text("select kind, signature, fault_code from journal_entry order by seq"))
        ).all()
    await database.close()
    assert [tuple(row) for row in rows] == [
        ("SENT", "signed", ""),
        ("ANSWERED", "refused", "SIGNATURE_INVALID"),
    ]
