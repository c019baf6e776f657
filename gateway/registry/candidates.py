"""Find the entries a record may be, by its blocking keys: prepared statements, no scan."""

from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.foundation.session_select import SessionSelect
from gateway.matching.blocking import (
    ALWAYS,
    LARGEST_BLOCK,
    MOST_CANDIDATES,
    identifier_keys,
    largest_alone,
    lookup_keys,
)
from gateway.matching.record import Candidate, Record

POPULATION = "select case when is_called then last_value else 0 end as population from isuo_no_seq"
_ENTRIES = """
    select p.id, coalesce(p.master_id, p.id) as root, p.surname, p.given_name, p.patronymic, p.sex,
        p.birth_date, i.values, o.codes
    from person p
    left join lateral (
        select array_agg(array[scheme, value, status] order by recorded_at) as values
        from person_identifier
        where person_id = p.id and valid_until is null and status in ('CLAIMED', 'VERIFIED', 'BLOCKED')
    ) i on true
    left join lateral (
        select array_agg(distinct (select code from organisation where id = organisation_id)) as codes
        from enrolment where enrolment.person_id = p.id
    ) o on true
"""
# The rule of matching.blocking in SQL. No block is read further than its largest size plus one; only where a key
# that counts in any block has a larger one (a placeholder for a birth date) those who share two keys are counted.
_ALWAYS = ",".join(sorted(ALWAYS))
_BY_KEYS = SessionSelect(
    f"""
    with hit as materialized (
        select wanted.key, wanted.alone, found.person_id, count(*) over (partition by wanted.key) as size
        from unnest(%(keys)s::text[], %(alone)s::int4[]) as wanted(key, alone)
        cross join lateral (
            select person_id from match_key where match_key.key = wanted.key limit {LARGEST_BLOCK + 1}
        ) found
    ),
    crowd as materialized (
        select distinct key from hit where size > {LARGEST_BLOCK} and left(key, 1) = any('{{{_ALWAYS}}}')
    ),
    meant as (
        select person_id from hit where size <= {LARGEST_BLOCK}
        group by person_id having count(*) > 1 or bool_or(size <= alone)
        union
        select person_id from (
            select person_id from match_key
            where (select count(*) from crowd) > 0
                and match_key.key in (select key from hit where size <= {LARGEST_BLOCK} union select key from crowd)
            group by person_id having count(*) > 1
            order by count(*) desc, person_id limit {MOST_CANDIDATES}
        ) twice
    )
    {_ENTRIES.replace("i.values, o.codes", "i.values, o.codes, s.population")}
    join meant on meant.person_id = p.id
    cross join ({POPULATION}) s
    where p.status <> 'ANNULLED'
    """  # noqa: S608 - constants
)
# Two are enough to know that more than one holds an identifier. Who is merged with others is not one entry alone.
_HOLDER = SessionSelect(
    f"""
    with holder as materialized (
        select person_id from match_key where key = any(%(keys)s::text[]) group by person_id limit 2
    )
    {_ENTRIES.replace("i.values, o.codes", "i.values, o.codes, s.population")}
    join holder on holder.person_id = p.id
    cross join ({POPULATION}) s
    where (select count(*) from holder) = 1 and p.status <> 'ANNULLED' and p.master_id is null
        and not exists (select from person member where member.master_id = p.id)
    """  # noqa: S608 - constants
)
_BY_ID = text(
    _ENTRIES + "where p.id = :person_id or p.master_id = :person_id order by p.master_id nulls first"
)
_SIZE = text(POPULATION)
EVERY_ENTRY = (  # with all its keys
    _ENTRIES.replace("i.values, o.codes", "i.values, o.codes, coalesce(k.keys, '{}') as keys")  # noqa: S608
    + """
    left join (select person_id, array_agg(key) as keys from match_key group by person_id) k on k.person_id = p.id
    where p.status <> 'ANNULLED'
    """
)


class Found(NamedTuple):
    """The entries that share a blocking key with a record, and how many entries there are where any does."""

    candidates: tuple[Candidate, ...]
    population: int


async def find(session: AsyncSession, record: Record) -> Found:
    """Give the entries that share keys worth comparing with the record; merged ones stand for their master."""
    keys = lookup_keys(record)
    values = {"keys": list(keys), "alone": [largest_alone(key) for key in keys]}
    return _found(await _BY_KEYS.rows(session, values), record)


async def find_holder(session: AsyncSession, record: Record) -> Found:
    """Give the entry that shares an identifier with the record, if it is the only one and merged with none."""
    keys = identifier_keys(record)
    rows = await _HOLDER.rows(session, {"keys": keys}) if keys else []
    return _found(rows, record)


def _found(rows: Sequence[Any], record: Record) -> Found:
    return Found(
        candidates=tuple(entry_of(row, organisation=record.organisation) for row in rows),
        population=rows[0].population if rows else 0,
    )


async def find_candidates(session: AsyncSession, record: Record) -> tuple[Candidate, ...]:
    """Give the entries that share a blocking key with the record, as `find` does."""
    return (await find(session, record)).candidates


async def entry_record(session: AsyncSession, person_id: UUID) -> Record | None:
    """Give an entry's own values as a record to compare with; None where there is no such entry."""
    rows = (await session.execute(_BY_ID, {"person_id": person_id})).all()
    return entry_of(rows[0], organisation=None).record if rows else None


async def member_records(session: AsyncSession, root: UUID) -> tuple[Candidate, ...]:
    """Give the entries that are read as one, each with its own values and id, the root first."""
    rows = (await session.execute(_BY_ID, {"person_id": root})).all()
    return tuple(Candidate(person_id=row.id, record=entry_of(row, organisation=None).record) for row in rows)


async def population(session: AsyncSession) -> int:
    """Give how many entries were ever created: what an equal name must be weighed against."""
    return int((await session.execute(_SIZE)).scalar_one())


def entry_of(row: Any, *, organisation: str | None) -> Candidate:
    """Make a candidate of a row: of several organisations the one asked about, if it is among them."""
    best: dict[str, tuple[str, str]] = {}
    for scheme, value, status in row.values or ():
        if scheme not in best or status == "VERIFIED":
            best[scheme] = (value, status)
    codes = row.codes or ()
    return Candidate(
        person_id=row.root,
        record=Record(
            surname=row.surname,
            given_name=row.given_name,
            patronymic=row.patronymic,
            sex=row.sex,
            birth_date=row.birth_date,
            pin=best["PIN"][0] if "PIN" in best else None,
            pin_verified="PIN" in best and best["PIN"][1] == "VERIFIED",
            birth_certificate=best["BIRTH_CERT"][0] if "BIRTH_CERT" in best else None,
            passport=(best.get("PASSPORT") or best.get("FOREIGN_DOC") or (None,))[0],
            organisation=organisation if organisation in codes else next(iter(codes), None),
        ),
    )
