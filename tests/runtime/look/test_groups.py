"""Looks ask of most tables what they asked before: of these in queries that are planned once."""

from types import SimpleNamespace

from mrt_runtime.compare.snapshot import take_snapshot
from mrt_runtime.databases.postgresql.groups import SIZE, group
from mrt_runtime.databases.postgresql.prepared import PREFIX


def test_one_more_changes_one_group():
    names = [f"t{number}" for number in range(5 * SIZE)]
    before = group(names, str)
    now = group(["a", *names], str)
    assert sorted(name for one in before for name in one) == sorted(names)
    assert len([one for one in now if one not in before]) == 1


def test_nothing_has_no_groups():
    assert group([], str) == []


CHANGES = (
    "SELECT 1",
    "SELECT 2",
    'INSERT INTO "t0$1" (v) VALUES (1)',
    'UPDATE "t0$1" SET v = 2',
    'ALTER TABLE "t1$1" RENAME COLUMN v TO w',
    "SELECT setval('\"t3$1_id_seq\"', 7, false)",
    'DROP TABLE "t2$1"',
    'CREATE TABLE "t2$1" (id text)',
    "INSERT INTO \"t2$1\" VALUES ('a')",
    'DELETE FROM "t0$1"',
    'DROP TABLE "t3$1"',
)


def test_a_look_over_prepared_queries_sees_what_a_first_look_sees(postgres_scratch):
    database, engine = SimpleNamespace(dialect="postgresql"), postgres_scratch.engine
    makes = [f'CREATE TABLE "t{number}$1" (id serial PRIMARY KEY, v integer)' for number in range(2 * SIZE)]
    with engine.connect() as connection:
        last = None
        for change in (";".join(makes), *CHANGES):
            with engine.begin() as other:
                other.exec_driver_sql(change)
            last = take_snapshot(connection, database, last)
            connection.connection.rollback()
            with engine.connect() as other:
                first = take_snapshot(other, database)
            assert (last.schema, last.rows.positions) == (first.schema, first.rows.positions)
            assert dict(last.rows.tables) == dict(first.rows.tables)
        query = f"SELECT statement FROM pg_prepared_statements WHERE name ^@ '{PREFIX}'"
        assert any("count(*) FILTER" in statement for statement in connection.exec_driver_sql(query).scalars())
