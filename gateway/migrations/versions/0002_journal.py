"""The journal of exchanges, its bodies, its claims of message ids and its seals."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    pass
