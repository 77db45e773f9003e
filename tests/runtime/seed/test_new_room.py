"""Whatever an upgrade makes room for is written after it: what is longer, larger, finer, listed since, or in no list any more."""

import pytest

KEY = "id integer PRIMARY KEY"
LISTED = "ALTER TABLE t DROP CONSTRAINT c", "ALTER TABLE t ADD CONSTRAINT c CHECK {}"
POSTGRES = {
    "an enum becomes a text": ("m mood NOT NULL", ["ALTER TABLE t ALTER m TYPE text USING m::text"], "m NOT IN ('sad', 'ok')"),
    "an enum becomes a short text": (
        "m mood NOT NULL",
        ["ALTER TABLE t ALTER m TYPE varchar(8) USING m::text"],
        "m NOT IN ('sad', 'ok')",
    ),
    "a text in a key": ("m varchar(10) NOT NULL UNIQUE", ["ALTER TABLE t ALTER m TYPE varchar(30)"], "length(m) > 10"),
    "an address": ("email varchar(20) NOT NULL UNIQUE", ["ALTER TABLE t ALTER email TYPE varchar(60)"], "length(email) > 20"),
    "no length any more": ("m varchar(10) NOT NULL", ["ALTER TABLE t ALTER m TYPE text"], "length(m) > 10"),
    "digits": ("m numeric(4, 2) NOT NULL", ["ALTER TABLE t ALTER m TYPE numeric(8, 2)"], "abs(m) >= 100"),
    "decimal places": ("m numeric(6, 2) NOT NULL", ["ALTER TABLE t ALTER m TYPE numeric(8, 4)"], "m <> round(m, 2)"),
    "a fraction": ("m smallint NOT NULL", ["ALTER TABLE t ALTER m TYPE numeric(8, 2)"], "m <> round(m)"),
    "large numbers in a key": (
        "m integer NOT NULL UNIQUE",
        ["ALTER TABLE t ALTER m TYPE bigint"],
        "m NOT BETWEEN -2147483648 AND 2147483647",
    ),
    "numbers for truth values": ("m boolean NOT NULL", ["ALTER TABLE t ALTER m TYPE integer USING m::int"], "m NOT IN (0, 1)"),
    "an hour": ("m date NOT NULL", ["ALTER TABLE t ALTER m TYPE timestamp"], "m <> date_trunc('day', m)"),
    "a list in a check": (
        "m text NOT NULL CONSTRAINT c CHECK (m IN ('a', 'b'))",
        [LISTED[0], LISTED[1].format("(m IN ('a', 'b', 'c'))")],
        "m = 'c'",
    ),
    "no list any more": ("m text NOT NULL CONSTRAINT c CHECK (m IN ('a', 'b'))", [LISTED[0]], "m NOT IN ('a', 'b')"),
    "a range in a check": (
        "m integer NOT NULL CONSTRAINT c CHECK (m BETWEEN 1 AND 5)",
        [LISTED[0], LISTED[1].format("(m BETWEEN 1 AND 10)")],
        "m > 5",
    ),
    "a range beside another column": (
        "m integer NOT NULL, n integer NOT NULL, CONSTRAINT c CHECK (m <= 5 AND n >= 0)",
        [LISTED[0], LISTED[1].format("(m <= 10 AND n >= 0)")],
        "m > 5",
    ),
    "a length in a check": (
        "m text NOT NULL CONSTRAINT c CHECK (length(m) <= 5)",
        [LISTED[0], LISTED[1].format("(length(m) <= 9)")],
        "length(m) > 5",
    ),
    "NULL": ("m integer NOT NULL", ["ALTER TABLE t ALTER m DROP NOT NULL"], "m IS NULL"),
    "a text in an array": (
        "m varchar(5)[] NOT NULL",
        ["ALTER TABLE t ALTER m TYPE varchar(30)[]"],
        "length(array_to_string(m, '')) > 5",
    ),
    "a wider domain": ("m short NOT NULL", ["ALTER TABLE t ALTER m TYPE text"], "length(m) > 4"),
}
MYSQL = {
    "an enum becomes a text": (
        "m enum('sad', 'ok') NOT NULL",
        ["ALTER TABLE t MODIFY m varchar(20) NOT NULL"],
        "m NOT IN ('sad', 'ok')",
    ),
    "an enum in a key": (
        "m enum('sad', 'ok') NOT NULL, n integer NOT NULL, UNIQUE (m, n)",
        ["ALTER TABLE t MODIFY m varchar(20) NOT NULL"],
        "m NOT IN ('sad', 'ok')",
    ),
    "a label": ("m enum('sad', 'ok') NOT NULL", ["ALTER TABLE t MODIFY m enum('sad', 'ok', 'new') NOT NULL"], "m = 'new'"),
    "a length": ("m varchar(10) NOT NULL", ["ALTER TABLE t MODIFY m varchar(40) NOT NULL"], "char_length(m) > 10"),
    "a length in a key": ("m varchar(10) NOT NULL UNIQUE", ["ALTER TABLE t MODIFY m varchar(40) NOT NULL"], "char_length(m) > 10"),
    "a long text": ("m varchar(10) NOT NULL", ["ALTER TABLE t MODIFY m longtext NOT NULL"], "char_length(m) > 10"),
    "large numbers": ("m smallint NOT NULL", ["ALTER TABLE t MODIFY m int NOT NULL"], "abs(m) > 32767"),
    "truth values": ("m tinyint(1) NOT NULL", ["ALTER TABLE t MODIFY m int NOT NULL"], "abs(m) > 127"),
    "below zero": ("m smallint unsigned NOT NULL", ["ALTER TABLE t MODIFY m int NOT NULL"], "m < 0"),
    "above": (
        "m int unsigned NOT NULL, CONSTRAINT c CHECK (m < 2147483648)",
        ["ALTER TABLE t DROP CONSTRAINT c"],
        "m > 2147483647",
    ),
    "digits": ("m decimal(4, 2) NOT NULL", ["ALTER TABLE t MODIFY m decimal(8, 2) NOT NULL"], "abs(m) >= 100"),
    "a fraction": ("m smallint NOT NULL", ["ALTER TABLE t MODIFY m decimal(8, 2) NOT NULL"], "m <> round(m)"),
    "fractions of seconds": ("m datetime NOT NULL", ["ALTER TABLE t MODIFY m datetime(6) NOT NULL"], "microsecond(m) <> 0"),
    "an hour": ("m date NOT NULL", ["ALTER TABLE t MODIFY m datetime NOT NULL"], "time(m) <> '00:00:00'"),
    "bytes": ("m varbinary(4) NOT NULL", ["ALTER TABLE t MODIFY m varbinary(20) NOT NULL"], "length(m) > 4"),
    "NULL": ("m int NOT NULL", ["ALTER TABLE t MODIFY m int"], "m IS NULL"),
    "a list in a check": (
        "m varchar(9) NOT NULL, CONSTRAINT c CHECK (m IN ('a', 'b'))",
        [LISTED[0], LISTED[1].format("(m IN ('a', 'b', 'c'))")],
        "m = 'c'",
    ),
    "no list any more": ("m varchar(9) NOT NULL, CONSTRAINT c CHECK (m IN ('a', 'b'))", [LISTED[0]], "m NOT IN ('a', 'b')"),
}
SQLITE = {
    "a list in a check": (
        "m text NOT NULL, CONSTRAINT c CHECK (m IN ('a', 'b'))",
        "m text NOT NULL, CONSTRAINT c CHECK (m IN ('a', 'b', 'c'))",
        "m = 'c'",
    ),
    "no list any more": (
        "m varchar(9) NOT NULL, CONSTRAINT c CHECK (m IN ('a', 'b'))",
        "m varchar(9) NOT NULL",
        "m NOT IN ('a', 'b')",
    ),
    "a length": ("m varchar(10) NOT NULL", "m varchar(40) NOT NULL", "length(m) > 10"),
    "a length in a key": ("m varchar(10) NOT NULL UNIQUE", "m varchar(40) NOT NULL UNIQUE", "length(m) > 10"),
    "a text for a number": ("m integer NOT NULL", "m varchar(20) NOT NULL", "typeof(m) = 'text' AND m GLOB '*[a-z]*'"),
    "NULL": ("m integer NOT NULL", "m integer", "m IS NULL"),
}


@pytest.mark.parametrize("kind", POSTGRES)
def test_new_room_is_used_on_postgresql(postgres, kind):
    columns, statements, condition = POSTGRES[kind]
    postgres.seed(
        "CREATE TYPE mood AS ENUM ('sad', 'ok')", "CREATE DOMAIN short AS varchar(4)", f"CREATE TABLE t ({KEY}, {columns})"
    )
    postgres.write_new_rows(*statements)
    assert postgres.rows(f"t WHERE {condition}", "id")


@pytest.mark.parametrize("kind", MYSQL)
def test_new_room_is_used_on_mysql(mysql, kind):
    columns, statements, condition = MYSQL[kind]
    mysql.seed(f"CREATE TABLE t ({KEY}, {columns})")
    mysql.write_new_rows(*statements)
    assert mysql.rows(f"t WHERE {condition}", "id")


@pytest.mark.parametrize("kind", SQLITE)
def test_new_room_is_used_on_sqlite(sqlite, kind):
    before, after, condition = SQLITE[kind]
    sqlite.seed(f"CREATE TABLE t ({KEY}, {before})")
    sqlite.write_new_rows(
        f"CREATE TABLE n ({KEY}, {after})", "INSERT INTO n SELECT * FROM t", "DROP TABLE t", "ALTER TABLE n RENAME TO t"
    )
    assert sqlite.rows(f"t WHERE {condition}", "id")
