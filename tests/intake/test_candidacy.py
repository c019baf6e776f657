"""The only holder of an identifier is asked about first: what is decided is what all candidates together would say."""

import psycopg

from gateway.foundation.database import Database, psycopg_conninfo
from gateway.intake.candidacy import decide_online
from gateway.intake.person_rows import outcome_of, record_of
from gateway.matching.decision import decide, settles
from gateway.matching.model import MODEL
from gateway.registry.candidates import find, find_holder
from tests.benchmarks.registry_rows import fill
from tests.matching.generator import generate


async def test_the_holder_of_an_identifier_decides_as_all_candidates_would(
    database: Database, database_url: str
) -> None:
    """Over twins, namesakes, parents' and mistyped PINs: the same decision, entry, weight and reasons."""
    files = generate(97, registry=1500, incoming=400)
    with psycopg.connect(psycopg_conninfo(database_url), autocommit=True) as connection:
        fill(connection, files.registry)
    settled = 0
    async with database.transaction() as session:
        for row in files.incoming:
            record = record_of(row)
            found, holder = await find(session, record), await find_holder(session, record)
            whole = decide(record, found.candidates, population=found.population, model=MODEL)
            first = decide(record, holder.candidates, population=holder.population, model=MODEL)
            assert outcome_of(await decide_online(session, record, model=MODEL)) == outcome_of(whole)
            settled += settles(first)
    assert 0.3 < settled / len(files.incoming) < 0.9


async def test_an_entry_merged_with_another_is_no_holder_alone(database: Database, database_url: str) -> None:
    """A master or a member is weighed with all its entries; an identifier that two hold settles nothing."""
    files = generate(98, registry=3, incoming=1)
    with psycopg.connect(psycopg_conninfo(database_url), autocommit=True) as connection:
        ids = [*fill(connection, files.registry).values()]
        record = record_of(files.registry[0])
        async with database.transaction() as session:
            assert [str(each.person_id) for each in (await find_holder(session, record)).candidates] == ids[
                :1
            ]
        connection.execute(
            "update person set status = 'MERGED_INTO', master_id = %s where id = %s", (ids[0], ids[1])
        )
        async with database.transaction() as session:
            for row in files.registry[:2]:
                assert not (await find_holder(session, record_of(row))).candidates
        connection.execute(
            "insert into match_key values ('pin|' || %s, %s)", (files.registry[2]["pin"], ids[0])
        )
    async with database.transaction() as session:
        assert not (await find_holder(session, record_of(files.registry[2]))).candidates
