"""The pages of exchanges, and who may open them."""

from gateway.access.route_policy import holder
from gateway.access.values import Action, Kind
from gateway.console.dependencies import ConsoleDependencies
from gateway.console.exchanges.export_page import ExportPage
from gateway.console.exchanges.list_pages import ListPages
from gateway.console.exchanges.message_pages import MessagePages
from gateway.console.exchanges.one_pages import OnePages
from gateway.console.exchanges.proof_pages import ProofPages
from gateway.console.exchanges.view_pages import ViewPages
from gateway.pages import NavEntry, Page, Room

ROOT = "/exchanges"
_ONE = f"{ROOT}/{{exchange_id}}"
_SEE = holder(Kind.EXCHANGE, Action.READ_MASKED)
_BODY = holder(Kind.EXCHANGE, Action.READ_BODY)
_REVEAL = holder(Kind.EXCHANGE, Action.REVEAL)
_EXPORT = holder(Kind.EXCHANGE, Action.EXPORT)


def room(deps: ConsoleDependencies) -> Room:
    """Give the pages of this topic."""
    return Room(
        pages=(*_list_pages(deps), *_one_pages(deps)),
        nav=(NavEntry(path=ROOT, text="exchanges.nav", icon="exchange", policy=_SEE, order=10),),
    )


def _list_pages(deps: ConsoleDependencies) -> tuple[Page, ...]:
    pages, views = ListPages(deps), ViewPages(deps)
    return (
        Page(method="GET", path=ROOT, answer=pages.show_list, policy=_SEE),
        Page(method="POST", path=ROOT, answer=pages.ask, policy=_SEE),
        Page(method="GET", path=f"{ROOT}/rows", answer=pages.new_rows, policy=_SEE, traced=False),
        Page(method="GET", path=f"{ROOT}/counts", answer=pages.counts, policy=_SEE, traced=False),
        Page(method="POST", path=f"{ROOT}/views", answer=views.save, policy=_SEE),
        Page(method="POST", path=f"{ROOT}/views/{{view_id}}/remove", answer=views.remove, policy=_SEE),
        Page(method="POST", path=f"{ROOT}/export", answer=ExportPage(deps).export, policy=_EXPORT),
    )


def _one_pages(deps: ConsoleDependencies) -> tuple[Page, ...]:
    one, messages, proof = OnePages(deps), MessagePages(deps), ProofPages(deps)
    return (
        Page(method="GET", path=_ONE, answer=one.summary, policy=_SEE),
        Page(method="GET", path=f"{_ONE}/messages", answer=messages.show, policy=_BODY),
        Page(method="POST", path=f"{_ONE}/reveal", answer=messages.reveal, policy=_REVEAL),
        Page(method="GET", path=f"{_ONE}/attempts", answer=one.attempts, policy=_SEE),
        Page(method="GET", path=f"{_ONE}/changes", answer=one.changes, policy=_SEE),
        Page(method="GET", path=f"{_ONE}/evidence", answer=proof.show, policy=_SEE),
        Page(method="GET", path=f"{_ONE}/proof.zip", answer=proof.download, policy=_SEE),
        Page(method="GET", path=f"{_ONE}/related", answer=one.related, policy=_SEE),
        Page(method="GET", path=f"{_ONE}/audit", answer=one.audit, policy=_SEE),
    )
