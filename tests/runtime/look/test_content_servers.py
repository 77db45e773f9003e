"""Servers' rows are read exactly, and a look that builds on another sees what a first look sees."""

import contextlib
import os

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrt_runtime.compare.row_difference import compare
from mrt_runtime.databases.mysql.content import BATCH as MYSQL_BATCH
from mrt_runtime.databases.postgresql.content import BATCH

POSTGRESQL_VALUES = {
    "timestamptz": ("'infinity'", "'0044-03-15 BC'", "'10000-01-01 00:00:00+00'"),
    "float8": ("'NaN'", "0.1", "0.1::float8 + 1e-17 * 3"),
    "numeric": ("1.50", "1.5"),
    "jsonb": ("""'{"a": 1}'""", """'{"a": 1.0}'"""),
    "json": ("""'{"a":1}'""", """'{"a":2}'"""),
    "bytea": (r"'\x00ff'", r"'\x00fe'"),
    "text[]": ("'{a,NULL}'", "'{a,\"NULL\"}'"),
    "int4range": ("'empty'", "'[1,2)'"),
    "interval": ("'1 month'", "'30 days'"),
    "inet": ("'10.0.0.1/8'", "'10.0.0.1'"),
    "varbit": ("B'01'", "B'010'"),
    "uuid": ("'00000000-0000-0000-0000-000000000000'", "'00000000-0000-0000-0000-000000000001'"),
    "xml": ("'<a/>'", "'<a></a>'"),
    "tsvector": ("'a:1'", "'a:2'"),
    "money": ("1.00", "2.00"),
}
MYSQL_VALUES = {
    "float": ("1.2345678", "1.2345679"),
    "double": ("0.1", "0.10000000000000002"),
    "decimal(5, 2)": ("1.50", "1.51"),
    "varchar(9)": ("'a'", "'A'"),
    "varbinary(9)": ("x'00'", "x'0000'"),
    "bit(3)": ("b'101'", "b'100'"),
    "point": ("point(1, 2)", "point(2, 1)"),
    "datetime(6)": ("'2020-01-01 00:00:00.000001'", "'2020-01-01 00:00:00.000002'"),
    "time": ("'-838:59:59'", "'-838:59:58'"),
    "year": ("2020", "1901"),
    "set('a', 'b')": ("'a,b'", "'b'"),
    "json": ("""'{"a": 1}'""", """'{"a": 2}'"""),
}


@pytest.mark.parametrize("dialect", ["mysql", "postgresql"])
def test_numbers_are_shown_without_quotes_and_texts_with_them(request, dialect):
    server = request.getfixturevalue(dialect)
    server.run(
        "CREATE TABLE t (id bigint PRIMARY KEY, n integer, d decimal(5, 2), v varchar(9))",
        "INSERT INTO t VALUES (1, NULL, 1.5, '7')",
    )
    before = server.look()
    server.run("UPDATE t SET n = 2, d = 2.5, v = '8'")
    evidence = [failure.evidence for failure in compare(before.rows, server.look(before).rows)]
    assert evidence == [("id = 1: NULL → 2",), ("id = 1: 1.50 → 2.50",), ("id = 1: '7' → '8'",)]


def check_values(place, kind, values):
    place.run(f"CREATE TABLE t (id integer PRIMARY KEY, v {kind})", "INSERT INTO t VALUES (1, NULL)")
    seen = place.look()
    for value in values:
        place.run(f"UPDATE t SET v = {value}")
        now = place.look(seen)
        what = "changed" if now.rows.tables["t"].rows != ((None,),) else "lost"
        messages = [failure.message for failure in compare(seen.rows, now.rows)]
        assert messages == [f"Column 't.v': 1/1 values {what} after rollback"]
        assert compare(now.rows, place.look().rows) == ()
        seen = now


@pytest.mark.parametrize("kind", POSTGRESQL_VALUES)
def test_values_of_postgresql_are_told_apart(postgresql, kind):
    check_values(postgresql, kind, POSTGRESQL_VALUES[kind])


@pytest.mark.parametrize("kind", MYSQL_VALUES)
def test_values_of_mysql_are_told_apart(mysql, kind):
    check_values(mysql, kind, MYSQL_VALUES[kind])


def test_every_character_of_mysql_is_read(mysql):
    text = "".join(map(chr, [*range(1, 256), 0x20AC, 0x1F600]))
    mysql.run("CREATE TABLE t (v text CHARACTER SET utf8mb4, b varbinary(300))")
    mysql.connection.exec_driver_sql("INSERT INTO t VALUES (%s, %s)", (text, bytes(range(256))))
    assert mysql.look().rows.tables["t"].rows == ((text, bytes(range(256)).hex().upper()),)


def test_many_tables_of_mysql_are_read_in_batches(mysql):
    for number in range(MYSQL_BATCH + 1):
        mysql.run(f"CREATE TABLE t{number} (v integer)", f"INSERT INTO t{number} VALUES ({number})")
    rows = mysql.look().rows
    assert {name: table.rows for name, table in rows.tables.items()} == {f"t{n}": ((str(n),),) for n in range(MYSQL_BATCH + 1)}


def test_only_changed_tables_of_mysql_are_new_values(mysql):
    mysql.run("CREATE TABLE a (v integer)", "CREATE TABLE b (v integer)")
    before = mysql.look()
    mysql.run("ALTER TABLE a ADD w integer", "INSERT INTO b VALUES (1)")
    after = mysql.look(before)
    assert [before.schema.table(name) is after.schema.table(name) for name in "ab"] == [False, True]
    assert [before.rows.tables[name] is after.rows.tables[name] for name in "ab"] == [False, False]
    assert mysql.look(after).schema is after.schema
    assert mysql.look(after).rows.tables["a"] is after.rows.tables["a"]


def test_a_look_at_another_database_builds_on_nothing(postgresql, postgres_url, place_on):
    postgresql.run("CREATE TABLE t (v integer)", "INSERT INTO t VALUES (1)")
    seen = postgresql.look()
    engine = sa.create_engine(sa.make_url(postgres_url).set(drivername=postgresql.connection.engine.url.drivername))
    with engine.connect() as connection:
        place = place_on(connection, "postgresql")
        place.run("CREATE TABLE t (v integer)", "INSERT INTO t VALUES (2)")
        assert place.look(seen).rows.tables["t"].rows == (("2",),)
    engine.dispose()


def test_zero_dates_of_mysql_are_read(mysql):
    mysql.run(
        "SET SESSION sql_mode = ''", "CREATE TABLE t (d date, n datetime)", "INSERT INTO t VALUES ('0000-00-00', '2020-00-00')"
    )
    assert mysql.look().rows.tables["t"].rows == (("0000-00-00", "2020-00-00 00:00:00"),)


def test_many_tables_are_read_in_batches(postgresql):
    for number in range(2 * BATCH + 1):
        postgresql.run(f"CREATE TABLE t{number} (v integer)", f"INSERT INTO t{number} VALUES ({number})")
    rows = postgresql.look().rows
    assert {name: table.rows for name, table in rows.tables.items()} == {f"t{n}": ((str(n),),) for n in range(2 * BATCH + 1)}


def test_rows_of_partitions_and_of_heirs_are_read_once(postgresql):
    postgresql.run(
        "CREATE TABLE log (day date) PARTITION BY RANGE (day)",
        "CREATE TABLE log_2020 PARTITION OF log FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
        "INSERT INTO log VALUES ('2020-02-02')",
        "CREATE TABLE users (id integer)",
        "CREATE TABLE staff () INHERITS (users)",
        "INSERT INTO users VALUES (1)",
        "INSERT INTO staff VALUES (2)",
    )
    rows = {name: table.rows for name, table in postgresql.look().rows.tables.items()}
    assert rows == {"log": (("2020-02-02",),), "users": (("1",),), "staff": (("2",),)}


def test_numbers_of_postgresql_are_shown_as_numbers_and_text_as_text(postgresql):
    postgresql.run(
        "CREATE TABLE t (id integer PRIMARY KEY, n numeric, ok boolean, label text)", "INSERT INTO t VALUES (7, 0.50, true, '1')"
    )
    before = postgresql.look().rows
    postgresql.run("UPDATE t SET label = NULL, n = NULL, ok = false")
    evidence = [line for failure in compare(before, postgresql.look().rows) for line in failure.evidence]
    assert evidence == ["id = 7: 0.50 → NULL", "id = 7: true → false", "id = 7: '1' → NULL"]


def test_a_table_without_columns_has_rows(postgresql):
    postgresql.run("CREATE TABLE t ()", "INSERT INTO t DEFAULT VALUES")
    before = postgresql.look().rows
    postgresql.run("DELETE FROM t")
    assert [failure.message for failure in compare(before, postgresql.look().rows)] == ["Table 't': 1/1 rows lost after rollback"]


def test_the_settings_of_a_project_do_not_change_the_text_of_values(postgresql):
    postgresql.run("CREATE TABLE t (at timestamptz, n float8)", "INSERT INTO t VALUES ('2020-01-01 00:00:00+00', 0.1)")
    before = postgresql.look()
    postgresql.run("SET LOCAL timezone = 'Asia/Tokyo'", "SET LOCAL datestyle = 'German'", "SET LOCAL extra_float_digits = -3")
    assert compare(before.rows, postgresql.look().rows) == ()


WORLD = (
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE TABLE a (id serial PRIMARY KEY, x integer DEFAULT 1, y text)",
    "CREATE TABLE b (id integer PRIMARY KEY, a_id integer REFERENCES a, m mood DEFAULT 'ok', CHECK (id > 0))",
    "CREATE TABLE part (d date, n integer) PARTITION BY RANGE (d)",
    "CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')",
    "CREATE TABLE heir (z integer) INHERITS (a)",
    "INSERT INTO a (y) VALUES ('one'), ('two')",
    "INSERT INTO b VALUES (1, 1), (2, 2)",
    "INSERT INTO part VALUES ('2020-02-02', 1)",
)
# In this order each of them works, and is all that happens between two looks.
STATEMENTS = (
    *("CREATE TABLE c (LIKE a INCLUDING ALL)", "DROP TABLE c"),
    *(
        "ALTER TABLE part DETACH PARTITION part_1",
        "DROP TABLE part_1",
        "ALTER TABLE heir NO INHERIT a",
        "ALTER TABLE heir INHERIT a",
    ),
    *(
        "ALTER TABLE a RENAME x TO x2",
        "ALTER TABLE a RENAME x2 TO x",
        "ALTER TABLE a RENAME id TO key",
        "ALTER TABLE a RENAME key TO id",
    ),
    *("ALTER TABLE a RENAME TO a2", "ALTER TABLE a2 RENAME TO a", "ALTER SEQUENCE a_id_seq RENAME TO other_seq"),
    *(
        "CREATE INDEX ix_y ON a (lower(y), x DESC)",
        "ALTER INDEX ix_y RENAME TO ix_z",
        "COMMENT ON INDEX ix_z IS 'IX'",
        "DROP INDEX ix_z",
    ),
    *("CREATE UNIQUE INDEX ix_x ON b (a_id)", "DROP INDEX ix_x"),
    *("ALTER TABLE a ADD CONSTRAINT uq UNIQUE (x, id)", "ALTER TABLE a DROP CONSTRAINT uq"),
    *("ALTER TABLE b ADD CONSTRAINT ck CHECK (a_id < 99) NOT VALID", "ALTER TABLE b VALIDATE CONSTRAINT ck"),
    *("COMMENT ON CONSTRAINT ck ON b IS 'CK'", "ALTER TABLE b DROP CONSTRAINT ck", "ALTER TABLE b DROP CONSTRAINT b_a_id_fkey"),
    "ALTER TABLE b ADD FOREIGN KEY (a_id) REFERENCES a ON DELETE CASCADE",
    *("ALTER TABLE a ALTER y TYPE varchar(20)", "ALTER TABLE a ALTER y TYPE text", "ALTER TABLE a ALTER x SET NOT NULL"),
    *("ALTER TABLE a ALTER x DROP DEFAULT", "ALTER TABLE a ALTER x SET DEFAULT 5", "ALTER TABLE a ADD w integer DEFAULT 3"),
    *("ALTER TABLE a DROP w", "ALTER TABLE a SET (fillfactor = 50)", "ALTER TABLE a ENABLE ROW LEVEL SECURITY"),
    *(
        "CREATE SEQUENCE s",
        "ALTER SEQUENCE s INCREMENT 3",
        "ALTER SEQUENCE s OWNED BY a.x",
        "ALTER SEQUENCE s OWNED BY NONE",
        "DROP SEQUENCE s",
    ),
    *("COMMENT ON TABLE a IS 'A'", "COMMENT ON COLUMN a.x IS 'X'", "COMMENT ON COLUMN a.y IS 'Y'", "COMMENT ON COLUMN a.y IS NULL"),
    *("INSERT INTO a (y) VALUES ('new')", "UPDATE a SET y = y || '!'", "DELETE FROM b WHERE id = 1", "VACUUM FULL a", "ANALYZE"),
    *("INSERT INTO heir (z) VALUES (1)", "DELETE FROM heir", "TRUNCATE part", "INSERT INTO part (n) SELECT 1 WHERE false"),
    *("CREATE TYPE pair AS (l integer, r text)", "ALTER TABLE b ADD p pair", "UPDATE b SET p = (1, 'r')"),
    *("ALTER TYPE pair ADD ATTRIBUTE q integer", "ALTER TYPE pair RENAME ATTRIBUTE q TO k"),
    *("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", "ALTER TYPE mood ADD VALUE 'glad'", "ALTER TYPE mood RENAME TO feeling"),
    *("CREATE DOMAIN dom AS integer", "ALTER DOMAIN dom ADD CHECK (VALUE > 0)", "ALTER DOMAIN dom DROP CONSTRAINT dom_check"),
    *("CREATE VIEW v AS SELECT x FROM a", "ALTER TABLE a RENAME x TO x3", "ALTER VIEW v RENAME TO v2", "DROP VIEW v2"),
    *("CREATE POLICY p ON a USING (x3 > 1)", "ALTER TABLE a RENAME x3 TO x", "DROP POLICY p ON a"),
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    *(
        "CREATE TRIGGER tr BEFORE INSERT ON b FOR EACH ROW EXECUTE FUNCTION f()",
        "ALTER TABLE b RENAME TO b2",
        "DROP FUNCTION f() CASCADE",
    ),
    *(
        "CREATE SCHEMA other",
        "ALTER TABLE a SET SCHEMA other",
        "ALTER SCHEMA other RENAME TO another",
        "DROP TABLE another.a CASCADE",
    ),
)


@pytest.fixture
def committing(postgresql_engine, place_on):
    """A PostgreSQL database with a small world in it, where every statement commits."""
    with postgresql_engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield place_on(connection, "postgresql")
        empty(connection)


def empty(connection):
    for schema in ("other", "another", "public"):
        connection.exec_driver_sql(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
    connection.exec_driver_sql("CREATE SCHEMA public")


def check_building(place, seen):
    """Look building on what was seen, and see what a first look sees."""
    now, fresh = place.look(seen), place.look()
    assert now.schema == fresh.schema
    assert repr(now.rows) == repr(fresh.rows)
    return now


@pytest.mark.slow
def test_after_each_statement_building_on_the_look_before_sees_what_a_first_look_sees(committing):
    committing.run(*WORLD)
    seen = committing.look()
    for statement in STATEMENTS:
        committing.run(statement)
        seen = check_building(committing, seen)


EXAMPLES = int(os.environ.get("MRT_TEST_EXAMPLES", "3"))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=3), min_size=2, max_size=6))
def test_building_on_the_look_before_sees_what_a_first_look_sees(committing, steps):
    empty(committing.connection)
    committing.run(*WORLD)
    seen = committing.look()
    for statements in steps:
        for statement in statements:
            with contextlib.suppress(sa.exc.DBAPIError):
                committing.run(statement)
        seen = check_building(committing, seen)


def test_what_did_not_change_is_the_same_value(committing):
    committing.run(*WORLD)
    before = committing.look()
    committing.run("ALTER TABLE b ADD note text", "UPDATE part SET n = 2")
    after = committing.look(before)
    assert {table.name for table in after.schema.tables if before.schema.table(table.name) is not table} == {"b"}
    assert {name for name, rows in after.rows.tables.items() if before.rows.tables[name] is not rows} == {"b", "part"}
    assert committing.look(after).schema is after.schema
