"""Who is in which class from when until when, and results of state examinations."""

from alembic import op

from gateway.migrations.commented import create_table
from gateway.migrations.sections.periods import alone, same, same_text

_FUNCTIONS = (
    # whatever the kind of the class, one teaches and others stand beside it
    """
    create function class_place(kind text) returns text language sql immutable as $$
        select case when kind in ('EXTENDED_DAY', 'ROUND_THE_CLOCK', 'SHORT_STAY') then kind else 'STUDY' end
    $$
    """,
    # the lock on the class lets two places not be the last one at the same moment
    """
    create function class_membership_fits() returns trigger language plpgsql security definer
    set search_path from current as $$
    declare
        place enrolment; class class_group; days daterange := daterange(new.from_on, new.until_on, '[)');
    begin
        select * into place from enrolment where id = new.enrolment_id for share;
        select * into class from class_group where id = new.class_group_id for no key update;
        if place.id is null or class.id is null then return new; end if;
        if place.held or place.organisation_id <> class.organisation_id
            or not daterange(place.start_on, place.end_on, '[)') @> days
            or not daterange(class.opened_on, class.closed_on, '[)') @> days
        then
            raise exception 'a learner is in a class of the own place, while both last'
                using errcode = 'check_violation', constraint = 'class_membership_fits';
        end if;
        new.place := class_place(class.kind_code);
        if class.capacity <= (
            select count(*) from class_membership m where m.class_group_id = class.id and m.id <> new.id
                and daterange(m.from_on, m.until_on, '[)') && days
                and not isempty(daterange(m.from_on, m.until_on, '[)'))
        ) then
            raise exception 'the class is full' using errcode = 'check_violation', constraint = 'class_is_full';
        end if;
        return new;
    end $$
    """,
    # a place that ends, and a class that is closed, end what stood in it
    """
    create function class_membership_ends() returns trigger language plpgsql security definer
    set search_path from current as $$
    declare ended date := (to_jsonb(new) ->> tg_argv[1])::date;
    begin
        execute format('update class_membership set until_on = greatest(from_on, $2)
            where %I = $1 and (until_on is null or until_on > $2) and from_on is distinct from until_on',
            tg_argv[0]) using new.id, ended;
        return null;
    end $$
    """,
)
_TRIGGERS = (
    """
    create trigger class_membership_fits before insert or update on class_membership
        for each row execute function class_membership_fits()
    """,
    """
    create trigger class_membership_history before update or delete on class_membership
        for each row execute function only_ends('until_on')
    """,
    """
    create trigger class_membership_truncate before truncate on class_membership
        for each statement execute function journal_append_only()
    """,
    """
    create trigger enrolment_ends_membership after update of end_on on enrolment
        for each row when (new.end_on is not null and new.end_on is distinct from old.end_on)
        execute function class_membership_ends('enrolment_id', 'end_on')
    """,
    """
    create trigger class_group_ends_membership after update of closed_on on class_group
        for each row when (new.closed_on is not null and new.closed_on is distinct from old.closed_on)
        execute function class_membership_ends('class_group_id', 'closed_on')
    """,
    """
    create trigger exam_result_books before insert on exam_result
        for each row execute function keep_to_books('taken_on', 'exam_code', 'EXAM')
    """,
    """
    create trigger exam_result_append_only before update or delete or truncate on exam_result
        for each statement execute function journal_append_only()
    """,
)


def create_class_memberships() -> None:
    """Create the table of who is in which class; the database keeps it within the enrolment and the class."""
    create_table(
        "class_membership",
        ("id", "uuid primary key", "PUBLIC"),
        ("enrolment_id", "uuid not null references enrolment", "PERSONAL"),
        ("class_group_id", "uuid not null references class_group", "PERSONAL"),
        ("place", "text not null", "PUBLIC"),
        ("from_on", "date not null", "PERSONAL"),
        ("until_on", "date", "PERSONAL"),
        ("recorded_at", "timestamptz not null", "PUBLIC"),
        ("recorded_by", "text not null", "PERSONAL"),
        constraints=(
            "constraint ck_class_membership_period check (until_on >= from_on)",
            alone(
                "ex_class_membership",
                key=f"{same('enrolment_id')}, {same_text('place')}",
                days="from_on, until_on",
            ),
        ),
    )
    op.execute("create index ix_class_membership_enrolment_id on class_membership (enrolment_id)")
    op.execute("create index ix_class_membership_class_group_id on class_membership (class_group_id)")


def create_exam_results() -> None:
    """Create the table of results of examinations the state held; a correction names what it corrects."""
    create_table(
        "exam_result",
        ("id", "uuid primary key", "PUBLIC"),
        ("person_id", "uuid not null references person", "PERSONAL"),
        ("exam_code", "text not null", "PERSONAL"),
        ("part", "text not null default ''", "PERSONAL"),
        ("taken_on", "date not null", "PERSONAL"),
        ("points", "numeric(6, 2) not null check (points >= 0)", "PERSONAL"),
        ("certificate_no", "text not null check (certificate_no <> '')", "PERSONAL"),
        ("source_code", "text not null", "PUBLIC"),
        ("exchange_id", "uuid", "PUBLIC"),
        ("corrects_id", "uuid unique references exam_result", "PUBLIC"),
        ("recorded_at", "timestamptz not null", "PUBLIC"),
        ("recorded_by", "text not null", "PERSONAL"),
        ("book_versions", "jsonb not null default '{}'", "PUBLIC"),
    )
    op.execute("create index ix_exam_result_person_id on exam_result (person_id)")
    op.execute(
        "create unique index uq_exam_result_first on exam_result (exam_code, part, certificate_no) "
        "where corrects_id is null"
    )


def make_laws() -> None:
    """Let the database keep what a program may forget."""
    for statement in (*_FUNCTIONS, *_TRIGGERS):
        op.execute(statement)
