"""How overlap constraints are written without btree_gist."""

BOOK_VERSIONS = "book_versions jsonb not null default '{}'"


def alone(name: str, *, key: str, days: str, where: str = "") -> str:
    """Write the constraint that rows with the same key (columns as ranges) never share a day."""
    return f"constraint {name} exclude using gist ({key}, daterange({days}, '[)') with &&) {where}"


def same(column: str, *, kind: str = "uuidrange") -> str:
    """Write that a key is the same in an overlap constraint, as a range of one element."""
    return f"{kind}({column}, {column}, '[]') with ="


def same_text(column: str) -> str:
    """Write the same for a key that is text."""
    return same(column, kind="textrange")
