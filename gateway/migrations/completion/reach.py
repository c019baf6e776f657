"""The wall made cheaper, and the teacher's reach laid upon the table of classes.

A policy that calls a function for every row costs a call a row. One that asks `exists` of a view lets the planner
choose: look up the one row, or make the set once and compare. The views show the API's role nothing beyond its
reach, because they narrow themselves by who is asking.
"""

from alembic import op

from gateway.migrations.walls import READERS

_TODAY = "(now() at time zone 'UTC')::date"
_WORKING = (
    f"(e.end_on is null or e.end_on > {_TODAY}) "
    f"and e.organisation_id = any ((select access_organisations({READERS}))::uuid[])"
)
_LEARNING = f"not e.held and {_WORKING}"

# the entry itself, the master it was merged into, and what was merged into either
VIEWS = (
    f"""
    create view learner_within_reach with (security_barrier) as
    select e.person_id from enrolment e where {_LEARNING}
    union all
    select p.master_id from enrolment e join person p on p.id = e.person_id
        where p.master_id is not null and {_LEARNING}
    union all
    select other.id from enrolment e join person other on other.master_id = e.person_id where {_LEARNING}
    union all
    select other.id from enrolment e join person p on p.id = e.person_id
        join person other on other.master_id = p.master_id
        where p.master_id is not null and {_LEARNING}
    """,
    f"""
    create view employee_within_reach with (security_barrier) as
    select e.person_id from employment e where {_WORKING}
    """,
    # a teacher reads no entry: the names of an own class come from here, and nothing besides
    f"""
    create view class_learner with (security_barrier) as
    select m.class_group_id, c.organisation_id, m.id as membership_id, m.enrolment_id,
        coalesce(root.id, p.id) as person_id, coalesce(root.isuo_no, p.isuo_no) as isuo_no,
        coalesce(root.surname, p.surname) as surname, coalesce(root.given_name, p.given_name) as given_name,
        coalesce(root.patronymic, p.patronymic) as patronymic, m.from_on, m.until_on
    from class_membership m
    join class_group c on c.id = m.class_group_id
    join enrolment e on e.id = m.enrolment_id
    join person p on p.id = e.person_id
    left join person root on root.id = p.master_id
    where current_user <> 'kopuro_api'
        or c.organisation_id = any ((select access_organisations({READERS}))::uuid[])
        or (m.until_on is null or m.until_on > {_TODAY}) and m.from_on <= {_TODAY}
            and m.class_group_id = any ((select access_classes(array['TEACHER']))::uuid[])
    """,
)
_COMMENTS = {
    "learner_within_reach": {"PERSONAL": "person_id"},
    "employee_within_reach": {"PERSONAL": "person_id"},
    "class_learner": {
        "PERSONAL": "class_group_id enrolment_id person_id isuo_no surname given_name patronymic from_on until_on",
        "PUBLIC": "organisation_id membership_id",
    },
}

_OWN = "= any ((select access_people())::uuid[])"


def people(column: str) -> str:
    """Say who may read what is about the person in a column: himself, a parent, the staff where he learns."""
    return f"({column} {_OWN} or exists (select 1 from learner_within_reach r where r.person_id = {column}))"


def learners(column: str) -> str:
    """Say the same without the person himself."""
    return f"exists (select 1 from learner_within_reach r where r.person_id = {column})"


def open_views() -> None:
    """Make the views and let the API's role read them."""
    for view in VIEWS:
        op.execute(view)
    for view, classes in _COMMENTS.items():
        op.execute(f"grant select on {view} to kopuro_api")
        for sort, columns in classes.items():
            for column in columns.split():
                op.execute(f"comment on column {view}.{column} is '{sort}: tells about a person or a class'")


def rebuild_walls() -> None:
    """State the policies about people anew, in the words the planner can choose by."""
    for table, column in (
        ("person", "person.id"),
        ("person_identifier", "person_identifier.person_id"),
        ("field_provenance", "field_provenance.subject_id"),
        ("person_link", "person_link.survivor_id"),
        ("name_key", "name_key.person_id"),
    ):
        _restate(f"{table}_read", table, people(column))
    _restate("assertion_read", "assertion", f"subject_type = 'PERSON' and {people('assertion.subject_id')}")
    _restate(
        "review_case_read",
        "review_case",
        f"{learners('review_case.person_id')} or (select access_has(array['SPECIAL_ADMIN','SECURITY_AUDITOR']))",
    )
    _restate(
        "review_candidate_read",
        "review_candidate",
        "exists (select 1 from review_case c where c.id = case_id) and "
        + people("review_candidate.person_id"),
    )
    _restate(
        "person_read_staff",
        "person",
        "exists (select 1 from employee_within_reach r where r.person_id = person.id)",
    )
    _restate(
        "registry_version_read",
        "registry_version",
        f"case table_name when 'organisation' then true when 'person' then {people('registry_version.row_id')} "
        f"when 'person_identifier' then {people('registry_version.parent_id')} "
        "when 'enrolment' then exists (select 1 from enrolment e where e.id = row_id) "
        "when 'enrolment_status_period' then exists (select 1 from enrolment e where e.id = parent_id) "
        "when 'review_case' then exists (select 1 from review_case c where c.id = row_id) else false end",
    )


def _restate(policy: str, table: str, clause: str) -> None:
    op.execute(f"alter policy {policy} on {table} using ({clause})")


def rest_teachers_on_classes() -> None:
    """Let a teacher reach the classes of the grant, and those the person teaches there by the tables of classes."""
    op.execute(f"""
        create or replace function access_classes(roles text[]) returns uuid[]
        language sql stable security definer set search_path = pg_catalog, public as $$
            select coalesce(array_agg(distinct c.id), '{{}}')
            from access_grants(roles) g
            join account a on a.id = g.account_id
            join class_group c on c.organisation_id = g.organisation_id
                and (c.closed_on is null or c.closed_on > {_TODAY})
            where g.scope_type = 'CLASS' and (c.id = g.class_id or exists (
                select 1 from employment e join person own on own.id = a.person_id
                join person worker on worker.id = e.person_id
                where coalesce(worker.master_id, worker.id) = coalesce(own.master_id, own.id)
                    and e.organisation_id = c.organisation_id and e.start_on <= {_TODAY}
                    and (e.end_on is null or e.end_on > {_TODAY})
                    and (e.id = c.teacher_employment_id or exists (
                        select 1 from assignment s join teaching_load l on l.assignment_id = s.id
                        where s.employment_id = e.id and l.class_group_id = c.id and s.from_on <= {_TODAY}
                            and (s.until_on is null or s.until_on > {_TODAY})
                    ))
            ))
        $$
    """)
    # a class that was never there may stand in a grant of old: it opens nothing. A new one names a class of the place
    op.execute("""
        create function role_grant_names_class() returns trigger language plpgsql security definer
        set search_path from current as $$
        begin
            if not exists (
                select 1 from class_group where id = new.class_id and organisation_id = new.organisation_id
            ) then
                raise exception 'there is no such class at the organisation'
                    using errcode = 'check_violation', constraint = 'role_grant_names_class';
            end if;
            return new;
        end $$
    """)
    op.execute("""
        create trigger role_grant_names_class before insert or update of class_id on role_grant
            for each row when (new.class_id is not null) execute function role_grant_names_class()
    """)
