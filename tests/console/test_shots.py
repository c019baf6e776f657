import pytest
from tests.browsing import Chromium
from tests.console.world import seal, some_traffic

pytestmark = pytest.mark.needs("chromium")


async def test_shots(chromium: Chromium) -> None:
    made = await some_traffic(chromium.site)
    await seal(chromium.site)
    page = await chromium.page("auditor", language="en", theme="light")
    for name, address in {
        "list": "/console/exchanges",
        "wrong": "/console/exchanges?q=foo:1",
        "failed": "/console/exchanges?q=status:failed",
        "summary": f"/console/exchanges/{made['failed']}",
        "messages": f"/console/exchanges/{made['ok']}/messages",
        "attempts": f"/console/exchanges/{made['retried']}/attempts",
        "changes": f"/console/exchanges/{made['ok']}/changes",
        "evidence": f"/console/exchanges/{made['ok']}/evidence",
        "related": f"/console/exchanges/{made['failed']}/related",
        "audit": f"/console/exchanges/{made['failed']}/audit",
    }.items():
        answer = await page.goto(address)
        print(name, answer.status)
        await page.screenshot(path=f"/tmp/shots/en-{name}.png")
        for each in await chromium.axe(page):
            print("AXE", name, each)
    print(chromium.complaints)
