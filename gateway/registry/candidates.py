"""Find the entries a record may be, by its blocking keys, in one statement."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from gateway.matching.blocking import lookup_keys
from gateway.matching.record import Candidate, Record

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
        select array_agg(distinct organisation.code) as codes
        from enrolment join organisation on organisation.id = enrolment.organisation_id
        where enrolment.person_id = p.id
    ) o on true
"""
_BY_KEYS = text(
    f"""{_ENTRIES}
    where p.status <> 'ANNULLED'
        and p.id in (select person_id from match_key where key = any(cast(:keys as text[])))
    """  # noqa: S608 - two constants
)
_BY_ID = text(
    _ENTRIES + "where p.id = :person_id or p.master_id = :person_id order by p.master_id nulls first"
)
_SIZE = text("select case when is_called then last_value else 0 end from isuo_no_seq")


async def find_candidates(session: AsyncSession, record: Record) -> tuple[Candidate, ...]:
    """Give the entries that share a blocking key with the record; merged ones stand for their master."""
    rows = (await session.execute(_BY_KEYS, {"keys": list(lookup_keys(record))})).all()
    return tuple(_candidate(row, organisation=record.organisation) for row in rows)


async def entry_record(session: AsyncSession, person_id: UUID) -> Record | None:
    """Give an entry's own values as a record to compare with; None where there is no such entry."""
    rows = (await session.execute(_BY_ID, {"person_id": person_id})).all()
    return _candidate(rows[0], organisation=None).record if rows else None


async def member_records(session: AsyncSession, root: UUID) -> tuple[Candidate, ...]:
    """Give the entries that are read as one, each with its own values and id, the root first."""
    rows = (await session.execute(_BY_ID, {"person_id": root})).all()
    return tuple(
        Candidate(person_id=row.id, record=_candidate(row, organisation=None).record) for row in rows
    )


async def population(session: AsyncSession) -> int:
    """Give how many entries were ever created: what an equal name must be weighed against."""
    return int((await session.execute(_SIZE)).scalar_one())


def _candidate(row: Row[*tuple[Any, ...]], *, organisation: str | None) -> Candidate:
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
