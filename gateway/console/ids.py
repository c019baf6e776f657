"""Ids in addresses."""

from uuid import UUID

from gateway.access.errors import not_found
from gateway.pages import Visit


def id_of(visit: Visit, name: str) -> UUID:
    """Read an id; what is none is not there (AccessError)."""
    try:
        return UUID(visit.path(name))
    except ValueError:
        raise not_found() from None
