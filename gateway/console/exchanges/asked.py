"""What the list was asked for, as it stands in the address: query, columns, place."""

from dataclasses import dataclass, replace

from gateway.console.exchanges.columns import SHOWN, chosen_columns, written_columns
from gateway.exchange.asking.grammar import STATUSES, Query, QueryError, Term, make_term, parse_query
from gateway.exchange.asking.listing import Cursor
from gateway.exchange.asking.sentences import explain_query_error
from gateway.pages import Visit
from gateway.pages.rendering import query_string

LIST = "/console/exchanges"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A list's address taken apart; `wrong` says what is wrong with its query line, `line` is what was typed."""

    query: Query
    line: str
    columns: tuple[str, ...] = SHOWN
    after: Cursor | None = None
    wrong: str = ""

    def address(self, path: str = LIST, **more: str) -> str:
        """Write an address with this query and these columns, from the first page on."""
        return path + query_string(q=self.query.text, columns=written_columns(self.columns), **more)

    def with_query(self, query: Query) -> "Asked":
        """Ask something else with the same columns."""
        return replace(self, query=query, line=query.text, after=None, wrong="")

    def tab(self, status: str) -> "Asked":
        """Ask for one status; "" for all."""
        terms = (make_term("status", status),) if status else ()
        return self.with_query(self.query.replaced("status", *terms))

    @property
    def status(self) -> str:
        """Give the one status that is asked for, "" for all, "?" for a mixture."""
        terms = [term for term in self.query.terms if term.field == "status"]
        if not terms:
            return ""
        plain = len(terms) == 1 and len(terms[0].values) == 1 and not terms[0].negated
        return str(terms[0].values[0]) if plain else "?"

    @property
    def chips(self) -> list[tuple[Term, str]]:
        """Give each term with the address of the list without it; the tab's own status is no chip."""
        shown = [term for term in self.query.terms if term.field != "status" or self.status == "?"]
        return [(term, self.with_query(self.query.without(term)).address()) for term in shown]


def asked_of(visit: Visit, *, extra: str = "") -> Asked:
    """Read what an address asks for; a line that cannot be read asks for nothing and says why."""
    line = f"{visit.query('q')} {extra}".strip()
    columns, after = chosen_columns(visit.query("columns")), Cursor.read(visit.query("after"))
    try:
        return Asked(query=parse_query(line), line=line, columns=columns, after=after)
    except QueryError as error:
        wrong = explain_query_error(error, visit.language)
        kept = "" if error.code == "PIN" else line
        return Asked(query=Query(), line=kept, columns=columns, wrong=wrong)


TABS = ("", *(status for status in STATUSES if status != "ok"))
