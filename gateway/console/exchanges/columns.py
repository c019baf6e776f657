"""The columns of the list: which there are, which are shown, and how the choice is written."""

COLUMNS = (
    "time", "direction", "agency", "service", "outcome", "latency", "attempts", "size", "subject", "incident",
    "message_id", "purpose", "signature",
)  # fmt: skip
SHOWN = COLUMNS[: COLUMNS.index("message_id")]
NUMBERS = frozenset({"latency", "attempts", "size"})


def chosen_columns(written: str) -> tuple[str, ...]:
    """Read a choice; what is no column is passed over, and nothing chosen is the usual."""
    wished = written.split(",")
    found = tuple(name for name in COLUMNS if name in wished)
    return found or SHOWN


def written_columns(chosen: tuple[str, ...]) -> str:
    """Write a choice for an address; "" for the usual."""
    return "" if chosen == SHOWN else ",".join(chosen)
