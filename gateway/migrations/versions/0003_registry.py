"""The registry's three sections over one person layer, review cases and imports."""

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    pass
