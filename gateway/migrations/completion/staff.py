"""Leave of staff, within the employment and by order."""

from alembic import op

from gateway.migrations.commented import create_table
from gateway.migrations.sections.periods import alone, same

_STATEMENTS = (
    """
    create function staff_leave_within_employment() returns trigger language plpgsql as $$
    begin
        if exists (
            select 1 from employment e where e.id = new.employment_id and not
                daterange(e.start_on, e.end_on, '[)') @> daterange(new.from_on, new.until_on, '[)')
        ) then
            raise exception 'a leave lies within its employment'
                using errcode = 'check_violation', constraint = 'staff_leave_within_employment';
        end if;
        return new;
    end $$
    """,
    """
    create function employment_ends_leave() returns trigger language plpgsql as $$
    begin
        update staff_leave set until_on = greatest(from_on, new.end_on)
            where employment_id = new.id and (until_on is null or until_on > new.end_on)
                and from_on is distinct from until_on;
        return null;
    end $$
    """,
    """
    create trigger staff_leave_books before insert or update on staff_leave
        for each row execute function keep_to_books('from_on', 'kind_code', 'STAFF_LEAVE_KIND')
    """,
    """
    create trigger staff_leave_within_employment before insert or update on staff_leave
        for each row execute function staff_leave_within_employment()
    """,
    """
    create trigger staff_leave_history before update or delete on staff_leave
        for each row execute function only_ends('until_on')
    """,
    """
    create trigger staff_leave_truncate before truncate on staff_leave
        for each statement execute function journal_append_only()
    """,
    """
    create trigger employment_ends_leave after update of end_on on employment
        for each row when (new.end_on is not null and new.end_on is distinct from old.end_on)
        execute function employment_ends_leave()
    """,
)


def create_staff_leaves() -> None:
    """Create the table of leaves with what the database keeps of it."""
    create_table(
        "staff_leave",
        ("id", "uuid primary key", "PUBLIC"),
        ("employment_id", "uuid not null references employment", "PERSONAL"),
        ("kind_code", "text not null", "PERSONAL"),
        ("order_no", "text not null check (order_no <> '')", "PERSONAL"),
        ("order_date", "date not null", "PERSONAL"),
        ("from_on", "date not null", "PERSONAL"),
        ("until_on", "date", "PERSONAL"),
        ("recorded_at", "timestamptz not null", "PUBLIC"),
        ("recorded_by", "text not null", "PERSONAL"),
        ("book_versions", "jsonb not null default '{}'", "PUBLIC"),
        constraints=(
            "constraint ck_staff_leave_period check (until_on >= from_on)",
            alone("ex_staff_leave", key=same("employment_id"), days="from_on, until_on"),
        ),
    )
    op.execute("create index ix_staff_leave_employment_id on staff_leave (employment_id)")
    for statement in _STATEMENTS:
        op.execute(statement)
