"""Row-level security as later migrations build it: one call a table, in the words of scopes.

`kopuro_api` has no right on a table until a wall is built before it. The tables' owner is never stopped.
"""

import re
from collections.abc import Callable, Mapping

from alembic import op

READERS = "array['DISTRICT','HEAD','RESPONSIBLE']"
WRITERS = "array['DISTRICT','RESPONSIBLE']"
API_ROLE = "kopuro_api"
_WORD = re.compile(r"\{(\w+):([\w., ]+)\}")


def create_role() -> None:
    """Create the role of the API's transactions, or take the one there is, and let the owner put it on.

    Roles belong to the whole server: another database's migration may be creating it at the same moment.
    """
    op.execute(f"""
        do $$ begin
            if not exists (select 1 from pg_roles where rolname = '{API_ROLE}') then
                create role {API_ROLE} nologin;
            end if;
        exception
            when duplicate_object or unique_violation then null;
            when insufficient_privilege then
                raise exception 'role {API_ROLE} is missing and may not be created here'
                    using hint = 'as superuser: create role {API_ROLE} nologin; grant {API_ROLE} to the owner';
        end $$
    """)
    op.execute(f"""
        do $$ begin
            perform pg_advisory_xact_lock(7109);
            if not pg_has_role(current_user, '{API_ROLE}', 'member') then
                execute format('grant {API_ROLE} to %I', current_user);
            end if;
        end $$
    """)
    op.execute(f"grant usage on schema public to {API_ROLE}")


def wall(table: str, read: str, *, write: str = "", columns: str = "") -> None:
    """Let kopuro_api read the rows of a table that `read` allows, and change those `write` allows.

    Both are SQL over the table's columns, with words in braces: {people:col} readers of the person in col,
    {learners:col} staff of the place where that person learns, {own:col} the person himself or his parent,
    {organisations:col} readers of that organisation, {writes:col} its writers with an undertaking,
    {classes:col} the class's teacher, {role:A,B} holders of a role. `columns` narrows what may be selected.
    """
    op.execute(f"alter table {table} enable row level security")
    op.execute(f"grant select{f' ({columns})' if columns else ''} on {table} to {API_ROLE}")
    op.execute(f"create policy {table}_read on {table} for select to {API_ROLE} using ({_spell(read)})")
    if write:
        op.execute(f"grant insert, update on {table} to {API_ROLE}")
        op.execute(
            f"create policy {table}_add on {table} for insert to {API_ROLE} with check ({_spell(write)})"
        )
        op.execute(
            f"create policy {table}_change on {table} for update to {API_ROLE} "
            f"using ({_spell(write)}) with check ({_spell(write)})"
        )


def _spell(clause: str) -> str:
    return _WORD.sub(lambda found: _SPELLED[found[1]](found[2]), clause)


def _roles(names: str) -> str:
    return "array[" + ",".join(f"'{name.strip()}'" for name in names.split(",")) + "]"


# the inner select is run once for a statement, not once for a row
_SPELLED: Mapping[str, Callable[[str], str]] = {
    "own": lambda column: f"({column} = any ((select access_people())::uuid[]))",
    "organisations": lambda column: f"({column} = any ((select access_organisations({READERS}))::uuid[]))",
    "writes": lambda column: (
        f"((select access_undertaken()) and {column} = any ((select access_organisations({WRITERS}))::uuid[]))"
    ),
    "learners": lambda column: f"access_learns({column}, (select access_organisations({READERS})))",
    "people": lambda column: (
        f"({column} = any ((select access_people())::uuid[]) "
        f"or access_learns({column}, (select access_organisations({READERS}))))"
    ),
    "classes": lambda column: f"({column} = any ((select access_classes(array['TEACHER']))::uuid[]))",
    "role": lambda names: f"(select access_has({_roles(names)}))",
    "accounts": lambda names: (
        "exists (select 1 from role_grant g where 'isuo.' || replace(g.account_id::text, '-', '') = user_id "
        f"and g.organisation_id = any ((select access_organisations({_roles(names)}))::uuid[]))"
    ),
}
