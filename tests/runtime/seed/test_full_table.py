"""A table that takes no more rows is no unseeded one: what is in it proves as much."""

import pytest

FULL = {
    "one row by its key": [
        "CREATE TABLE t (id INTEGER PRIMARY KEY CHECK (id = 1), name VARCHAR(9))",
        "INSERT INTO t VALUES (1, 'x')",
    ],
    "every state there is": [
        "CREATE TABLE t (id VARCHAR(9) PRIMARY KEY CHECK (id IN ('on', 'off')), name VARCHAR(9))",
        "INSERT INTO t VALUES ('on', 'x'), ('off', NULL)",
    ],
    "both truth values": [
        "CREATE TABLE t (id BOOLEAN PRIMARY KEY CHECK (id IN (TRUE, FALSE)), name VARCHAR(9))",
        "INSERT INTO t VALUES (TRUE, 'x'), (FALSE, NULL)",
    ],
    "one row by a unique constant": [
        "CREATE TABLE t (id INTEGER PRIMARY KEY, one INTEGER DEFAULT 1 NOT NULL UNIQUE CHECK (one = 1), name VARCHAR(9))",
        "INSERT INTO t (id, name) VALUES (1, 'x')",
    ],
}


@pytest.mark.parametrize("kind", FULL)
def test_it_is_seeded(any_field, kind):
    seeded = any_field.seed(*FULL[kind])
    assert (seeded.unseeded, seeded.keys.get("t")) == ({}, ())
    assert len(any_field.rows("t")) == len(FULL[kind][1].split("),"))


@pytest.mark.parametrize("kind", FULL)
def test_a_column_that_comes_later_is_filled(any_field, kind):
    any_field.seed(*FULL[kind])
    seeded = any_field.seed("ALTER TABLE t ADD COLUMN motto VARCHAR(30)")
    assert seeded.unseeded == {}
    assert any_field.never_filled() == []


def test_a_column_that_cannot_be_filled_is_told(postgres):
    seeded = postgres.seed("CREATE TABLE t (id INTEGER PRIMARY KEY CHECK (id = 1), v cid)", "INSERT INTO t VALUES (1, NULL)")
    assert seeded.unseeded == {"t": "no value is known for the type cid of column 'v'"}


def test_an_enum_whose_labels_are_all_there_is_full(postgres):
    seeded = postgres.seed(
        "CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE TABLE t (m mood PRIMARY KEY)", "INSERT INTO t VALUES ('sad'), ('ok')"
    )
    assert seeded.unseeded == {}


MANY = {
    "sqlite": "WITH n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9000) INSERT INTO t SELECT i, 'c' || i FROM n",
    "postgres": "INSERT INTO t SELECT i, 'c' || i FROM generate_series(1, 9000) AS i",
    "mysql": "INSERT INTO t SELECT seq, concat('c', seq) FROM seq_1_to_9000",
}


@pytest.mark.parametrize("kind", ["INTEGER", "SMALLINT"])
@pytest.mark.parametrize("dialect", MANY)
def test_thousands_of_rows_leave_room_for_ours_above(request, dialect, kind):
    field = request.getfixturevalue(dialect)
    seeded = field.seed(f"CREATE TABLE t (id {kind} PRIMARY KEY, code VARCHAR(20) UNIQUE)", MANY[dialect])
    assert seeded.unseeded == {}
    assert seeded.rows == {"t": 3}
    assert all(key["id"] > 9000 for key in seeded.keys["t"])
