"""The functions by which row-level security knows who is asking and what is theirs (revision 0008)."""

from alembic import op


def create_scope_functions() -> None:
    """Say who is asking and what is theirs; each runs with its owner's rights and reads nothing but scopes."""
    secure = "stable security definer set search_path = pg_catalog, public"
    op.execute(f"""
        create function access_account() returns uuid language sql {secure} as $$
            select id from account
            where id = nullif(current_setting('kopuro.account_id', true), '')::uuid and state = 'ACTIVE'
        $$
    """)
    op.execute(f"""
        create function access_grants(roles text[]) returns setof role_grant language sql {secure} as $$
            select * from role_grant
            where account_id = access_account() and role = any(roles) and ended_at is null
                and valid_from <= (now() at time zone 'UTC')::date
                and (valid_until is null or valid_until > (now() at time zone 'UTC')::date)
        $$
    """)
    op.execute(f"""
        create function access_has(roles text[]) returns boolean language sql {secure} as $$
            select exists (select 1 from access_grants(roles))
        $$
    """)
    op.execute(f"""
        create function access_organisations(roles text[]) returns uuid[] language sql {secure} as $$
            select coalesce(array_agg(distinct o.id), '{{}}')
            from access_grants(roles) g join organisation o
                on (g.scope_type = 'ORGANISATION' and o.id = g.organisation_id)
                or (g.scope_type = 'TERRITORY' and o.soate like g.territory || '%')
        $$
    """)
    op.execute(f"""
        create function access_undertaken() returns boolean language sql {secure} as $$
            select exists (
                select 1 from undertaking
                where account_id = access_account() and withdrawn_at is null
                    and (valid_until is null or valid_until > (now() at time zone 'UTC')::date)
            )
        $$
    """)
    op.execute(f"""
        create function access_classes(roles text[]) returns uuid[] language sql {secure} as $$
            select coalesce(array_agg(class_id), '{{}}') from access_grants(roles) where scope_type = 'CLASS'
        $$
    """)
    op.execute(f"""
        create function access_people() returns uuid[] language sql {secure} as $$
            select coalesce(array_agg(same.id), '{{}}')
            from access_grants(array['LEARNER', 'PARENT']) g
            join account a on a.id = g.account_id
            join person own on own.id = case g.scope_type when 'SELF' then a.person_id else g.child_id end
            cross join lateral (
                select coalesce(own.master_id, own.id) as id
                union all select p.id from person p where p.master_id = coalesce(own.master_id, own.id)
            ) same
        $$
    """)
    # an enrolment counts until it ends; a held one is a claim nobody has decided, and opens nothing
    op.execute(f"""
        create function access_learns(person_id uuid, organisations uuid[]) returns boolean
        language sql {secure} as $$
            select exists (
                select 1
                from (select coalesce(p.master_id, p.id) as id from person p where p.id = access_learns.person_id) root
                cross join lateral (
                    select root.id union all select p.id from person p where p.master_id = root.id
                ) same
                join enrolment e on e.person_id = same.id
                where e.organisation_id = any(organisations) and not e.held
                    and (e.end_on is null or e.end_on > (now() at time zone 'UTC')::date)
            )
        $$
    """)
    op.execute(f"""
        create function access_accounts() returns uuid[] language sql {secure} as $$
            select coalesce(array_agg(distinct a.id), '{{}}') from account a
            where a.id = access_account()
                or access_has(array['SPECIAL_ADMIN'])
                or exists (
                    select 1 from role_grant g where g.account_id = a.id and g.organisation_id = any(
                        access_organisations(array['DISTRICT', 'HEAD', 'RESPONSIBLE']))
                )
                or (a.created_by = access_account()
                    and not exists (select 1 from role_grant g where g.account_id = a.id))
        $$
    """)
