"""Let entries be found by their given name with the birth date: a blocking key of its own.

Which part of a name is the given one is not told by an older key, so all parts of older entries get such a key
beside the other one: they are looked at a little more often than new ones, and found as before.
"""

from alembic import op

revision = "0017"
down_revision = "0016"

_ADD_GIVEN = """
    insert into match_key (key, person_id)
    select 'given' || substr(key, 5), person_id from match_key where key like 'born|%'
    on conflict do nothing
"""


def upgrade() -> None:
    op.execute(_ADD_GIVEN)
