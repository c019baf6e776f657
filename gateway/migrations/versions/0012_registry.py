"""Classes and who is in them, leaves, examinations, registers by configuration, signed papers, enquiries.

The teacher's reach rests on the tables of classes, and the wall before people is stated so that the planner can
choose how to look.
"""

from alembic import op

from gateway.migrations.completion import learners, papers, reach, staff, timeline
from gateway.migrations.walls import wall

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    timeline.stamp_once()
    learners.create_class_memberships()
    learners.create_exam_results()
    learners.make_laws()
    staff.create_staff_leaves()
    papers.create_signed_content()
    papers.create_registers()
    papers.create_enquiries()
    papers.make_append_only()
    # which grade follows which stands in the book PROMOTION alone
    op.execute("drop table promotion_rule")
    _narrow_ministry()
    reach.rest_teachers_on_classes()
    reach.open_views()
    reach.rebuild_walls()
    _build_walls()


def _narrow_ministry() -> None:
    """Let a grant to the ministry be one of a supervisory body, which sees its own levels (R-085)."""
    op.execute("alter table role_grant add supervisory_body text")
    op.execute("comment on column role_grant.supervisory_body is 'PUBLIC: says nothing about a person'")
    op.execute(
        "alter table role_grant add constraint ck_role_grant_supervises "
        "check (supervisory_body is null or role = 'MINISTRY')"
    )


def _build_walls() -> None:
    place = "exists (select 1 from enrolment e where e.id = {0}.enrolment_id)"
    taught = "exists (select 1 from class_learner l where l.enrolment_id = {0}.enrolment_id)"
    wall("class_membership", f"{place.format('class_membership')} or {{classes:class_group_id}}")
    for table in ("result", "attendance_fact"):
        wall(table, f"{place.format(table)} or {taught.format(table)}")
    wall("exam_result", reach.people("exam_result.person_id"))
    wall("staff_leave", "exists (select 1 from employment e where e.id = employment_id)")
    wall("register_definition", "true")
    wall(
        "register_entry",
        "exists (select 1 from register_definition d where d.code = register_code and d.version = "
        f"register_entry.version and access_has(d.readers)) and {reach.people('register_entry.person_id')}",
    )
    for table in ("shift", "programme_offering", "term"):
        wall(table, "{role:MINISTRY,SPECIAL_ADMIN} or {organisations:organisation_id}")
    wall("teaching_load", "exists (select 1 from assignment a where a.id = assignment_id)")
    wall("enquiry", "{role:SPECIAL_ADMIN} or {organisations:organisation_id}")
    wall("enquiry_message", "exists (select 1 from enquiry q where q.id = enquiry_id)")
    # a teacher reads the own classes' rows, which the wall of 0011 keeps for the place's staff
    op.execute(
        "create policy class_group_read_taught on class_group for select to kopuro_api "
        "using (id = any ((select access_classes(array['TEACHER']))::uuid[]))"
    )
