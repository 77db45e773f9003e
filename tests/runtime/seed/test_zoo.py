"""Difficult tables, all at once, on the real databases: every table gets rows and every column a value."""

import datetime as dt
from pathlib import Path

import pytest


def zoo(dialect):
    """The statements of a zoo; separated by empty lines."""
    return (Path(__file__).parent / "zoo" / f"{dialect}.sql").read_text().split("\n\n")


@pytest.fixture
def sqlite_zoo(sqlite):
    sqlite.seed(*zoo("sqlite"))
    return sqlite


def test_sqlite_fills_every_table_and_column(sqlite_zoo):
    assert sqlite_zoo.seeded.unseeded == {}
    assert sqlite_zoo.never_filled() == []
    with sqlite_zoo.scratch.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall() == []


def test_one_row_is_typical_one_at_the_edges_and_one_bare(sqlite_zoo):
    typical, edge, bare = sqlite_zoo.rows("users", "id, name, bio, price, created")
    assert typical == (7100, "name 1", "bio 1", 1.1, "2021-03-04 05:13:07.891234")
    assert len(edge[1]) == 10
    assert len(edge[2]) == 1000
    assert edge[3] in {999999.99, -999999.99}
    assert bare[1:] == (None, None, None, None)


def test_a_table_for_one_row_gets_one(sqlite_zoo):
    assert sqlite_zoo.rows("single") == [(1, "v 1")]


def test_a_part_of_a_hierarchy_gets_parents_of_its_own_kind(sqlite_zoo):
    assert len(sqlite_zoo.rows("cow")) == 3


def test_postgresql_fills_every_table_and_column(postgres):
    postgres.seed(*zoo("postgresql"))
    assert postgres.seeded.unseeded == {}
    assert postgres.never_filled() == []
    assert {at >= dt.date(2020, 1, 1) for _, at, _ in postgres.rows("part_1")} == {True}
    assert len(postgres.rows("ONLY base_table")) == len(postgres.rows("heir")) == 3
    assert len(postgres.rows("one_of_four")) >= 4


def test_mysql_fills_every_table_and_column(mysql):
    mysql.seed(*zoo("mysql"))
    assert mysql.seeded.unseeded == {}
    assert mysql.never_filled() == []
    assert len(mysql.rows("few")) == 2


def test_the_same_catalogue_gets_the_same_rows(any_field):
    script = (
        "CREATE TABLE a (id INTEGER PRIMARY KEY, name VARCHAR(20) NOT NULL UNIQUE, n NUMERIC(8, 2), CHECK (n > 1))",
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER NOT NULL REFERENCES a (id), at TIMESTAMP NULL)",
    )
    any_field.seed(*script)
    first = any_field.rows("a"), any_field.rows("b")
    any_field.run("DROP TABLE b", "DROP TABLE a")
    any_field.seeded = None
    any_field.seed(*script)
    assert (any_field.rows("a"), any_field.rows("b")) == first


@pytest.mark.parametrize("count", [1, 2, 260])
def test_as_many_rows_as_asked_for_and_every_column_filled(any_field, count):
    any_field.seeder.seed_rows = count
    any_field.seed("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(20) UNIQUE, b INTEGER, c TIMESTAMP NULL)")
    assert len(any_field.rows("t")) == count
    assert any_field.never_filled() == []


def test_sequences_stay_where_they_are_and_ids_do_not_meet_those_of_migrations(postgres):
    postgres.seed("CREATE TABLE roles (id serial PRIMARY KEY, name text NOT NULL)")
    postgres.run("INSERT INTO roles (id, name) VALUES (1, 'written'), (2, 'with ids')", "SELECT setval('roles_id_seq', 2)")
    postgres.run("INSERT INTO roles (name) VALUES ('numbered')")
    assert [name for _, name in postgres.rows("roles")[:3]] == ["written", "with ids", "numbered"]


def test_optional_extensions_types_are_filled_where_they_are_installed(postgres):
    available = {name for (name,) in postgres.rows("pg_available_extensions", "name")}
    wanted = {"hstore": "hstore", "ltree": "ltree", "citext": "citext", "cube": "cube", "seg": "seg", "isn": "isbn"}
    columns = {kind: name for name, kind in wanted.items() if name in available}
    if not columns:
        pytest.skip("no extension with types is available")
    postgres.run(*(f"CREATE EXTENSION {name}" for name in columns.values()))
    postgres.seed(f"CREATE TABLE t ({', '.join(f'c_{kind} {kind}' for kind in columns)})")
    assert postgres.seeded.unseeded == {}
    assert postgres.never_filled() == []


def test_a_column_of_unsigned_numbers_holds_the_largest(mysql):
    mysql.seed("CREATE TABLE t (id int PRIMARY KEY, a int unsigned, b int unsigned, c bigint unsigned)")
    largest = mysql.rows("t", "max(a), max(b), max(c)")
    assert largest == [(2**32 - 1, 2**32 - 1, 2**64 - 1)]
