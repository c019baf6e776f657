"""Work on review cases by two people, what overlaps because of a merge, and disclosures to be corrected."""

from alembic import op

revision = "0010"
down_revision = "0009"

_STATEMENTS = (
    """
    create table case_work (
        case_id uuid constraint pk_case_work primary key
            constraint fk_case_work_case_id references review_case,
        severity text not null constraint ck_case_work_severity check (severity in ('A', 'B', 'C')),
        four_eyes boolean not null,
        due_at timestamptz not null,
        stopped_at timestamptz,
        source_due_at timestamptz,
        postponed_until timestamptz,
        assignee text not null default '', assignee_scope text not null default '',
        proposal jsonb not null default '{}',
        proposed_by text, proposed_at timestamptz, approved_by text, approved_at timestamptz,
        undo_proposed_by text, undo_proposed_at timestamptz,
        undo_approved_by text, undo_approved_at timestamptz,
        constraint ck_case_work_four_eyes check (approved_by <> proposed_by),
        constraint ck_case_work_proposal check (approved_by is null or proposed_by is not null),
        constraint ck_case_work_undo_four_eyes check (undo_approved_by <> undo_proposed_by),
        constraint ck_case_work_undo check (undo_approved_by is null or undo_proposed_by is not null)
    )
    """,
    "create index ix_case_work_due_at on case_work (due_at)",
    """
    create table case_event (
        case_id uuid not null constraint fk_case_event_case_id references review_case,
        number integer not null,
        action text not null, from_state text not null, to_state text not null,
        actor text not null constraint ck_case_event_actor check (actor <> ''),
        reason text not null constraint ck_case_event_reason check (reason <> ''),
        at timestamptz not null,
        constraint pk_case_event primary key (case_id, number)
    )
    """,
    # whatever the program forgets: nothing is approved, applied or undone by one person where two must decide
    """
    create function case_has_two_people() returns trigger language plpgsql as $$
    declare work case_work;
    begin
        select * into work from case_work where case_id = new.id;
        if new.state = 'APPROVED' and work.approved_by is null
            or new.state = 'CLOSED_APPLIED' and work.four_eyes and work.approved_by is null
            or new.state = 'REVERTED' and work.undo_approved_by is null
        then
            raise exception 'this step needs the word of a second person' using errcode = 'check_violation';
        end if;
        return new;
    end $$
    """,
    """
    create trigger case_has_two_people before update of state on review_case
        for each row when (new.state in ('APPROVED', 'CLOSED_APPLIED', 'REVERTED'))
        execute function case_has_two_people()
    """,
    # a pair known to be two people is one row, whichever way round it was asked
    """
    update person_link l set unlinked_at = l.linked_at, unlink_reason = 'the same pair the other way round'
        where l.kind = 'NOT_SAME' and l.unlinked_at is null and l.survivor_id > l.absorbed_id
            and exists (select 1 from person_link o where o.kind = 'NOT_SAME' and o.unlinked_at is null
                and o.survivor_id = l.absorbed_id and o.absorbed_id = l.survivor_id)
    """,
    """
    update person_link set survivor_id = absorbed_id, absorbed_id = survivor_id
        where kind = 'NOT_SAME' and survivor_id > absorbed_id
    """,
    """
    alter table person_link add constraint ck_person_link_not_same_pair
        check (kind <> 'NOT_SAME' or survivor_id < absorbed_id)
    """,
    """
    create unique index uq_person_link_absorbed on person_link (absorbed_id)
        where kind = 'MERGE' and unlinked_at is null
    """,
    """
    create table enrolment_rival (
        id uuid constraint pk_enrolment_rival primary key,
        number bigint generated always as identity,
        enrolment_id uuid not null constraint fk_enrolment_rival_enrolment_id references enrolment,
        rival_id uuid not null constraint fk_enrolment_rival_rival_id references enrolment,
        recorded_at timestamptz not null, released_at timestamptz,
        constraint ck_enrolment_rival_pair check (enrolment_id <> rival_id)
    )
    """,
    "create index ix_enrolment_rival_enrolment_id on enrolment_rival (enrolment_id)",
    """
    create table disclosure_correction (
        id uuid constraint pk_disclosure_correction primary key,
        disclosure_id uuid not null constraint fk_disclosure_correction_disclosure_id references disclosure,
        event_seq bigint not null
            constraint fk_disclosure_correction_event_seq references registry_event,
        reason text not null constraint ck_disclosure_correction_reason check (reason in
            ('UNMERGED', 'VALUE_RETRACTED')),
        fields text[] not null,
        state text not null default 'MARKED' constraint ck_disclosure_correction_state check (state in
            ('MARKED', 'SENT', 'ACKNOWLEDGED', 'NOT_NEEDED')),
        marked_at timestamptz not null, settled_at timestamptz,
        constraint uq_disclosure_correction_disclosure_id_event_seq unique (disclosure_id, event_seq)
    )
    """,
    "create index ix_disclosure_correction_marked on disclosure_correction (marked_at) where state = 'MARKED'",
    """
    create table correction_examined (
        event_seq bigint constraint pk_correction_examined primary key
            constraint fk_correction_examined_event_seq references registry_event,
        marked integer not null, examined_at timestamptz not null
    )
    """,
    """
    create index ix_registry_event_correcting on registry_event (seq)
        where type in ('UNMERGED', 'VALUE_RETRACTED')
    """,
    """
    insert into case_work (case_id, severity, four_eyes, due_at)
        select id, 'B', false, created_at + interval '7 days' from review_case
    """,
)

PUBLIC = {
    "case_work": "case_id severity four_eyes due_at stopped_at source_due_at postponed_until proposed_at "
    "approved_at undo_proposed_at undo_approved_at",
    "case_event": "case_id number action from_state to_state at",
    "enrolment_rival": "id number enrolment_id rival_id recorded_at released_at",
    "disclosure_correction": "id disclosure_id event_seq reason fields state marked_at settled_at",
    "correction_examined": "event_seq marked examined_at",
}
PERSONAL = {
    "case_work": "assignee assignee_scope proposal proposed_by approved_by undo_proposed_by undo_approved_by",
    "case_event": "actor reason",
}
WHAT = {"PUBLIC": "technical", "PERSONAL": "about a learner or who decided"}


def upgrade() -> None:
    for statement in _STATEMENTS:
        op.execute(statement)
    for event, level in (("update or delete", "row"), ("truncate", "statement")):
        op.execute(
            f"create trigger case_event_no_{event.split()[0]} before {event} on case_event "
            f"for each {level} execute function registry_append_only()"
        )
    for sort, columns in (("PUBLIC", PUBLIC), ("PERSONAL", PERSONAL)):
        for table, names in columns.items():
            for name in names.split():
                op.execute(f"comment on column {table}.{name} is '{sort}: {WHAT[sort]}'")
