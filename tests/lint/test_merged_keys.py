"""Keys of one CREATE TABLE of which PostgreSQL makes one: PostgreSQL is asked which names are there afterwards."""

from __future__ import annotations

from contextlib import closing

import pytest

from mrt_lint.parse.sql.expand import read_sql
from tests.lint.test_downgrade_kinds import NOTHING, told
from tests.lint.test_literal_default import connect

KEYS = [
    "PRIMARY KEY (a), CONSTRAINT u UNIQUE (a)",
    "CONSTRAINT u UNIQUE (a), PRIMARY KEY (a)",
    "CONSTRAINT u UNIQUE (a), CONSTRAINT p PRIMARY KEY (a)",
    "CONSTRAINT p PRIMARY KEY (a, b), CONSTRAINT u UNIQUE (b, a)",
    "CONSTRAINT p PRIMARY KEY (a, b), CONSTRAINT u UNIQUE (a, b)",
    "CONSTRAINT u UNIQUE (a), CONSTRAINT v UNIQUE (a), CONSTRAINT w UNIQUE (b)",
    "UNIQUE (a), CONSTRAINT v UNIQUE (a)",
    "CONSTRAINT p PRIMARY KEY (a), CONSTRAINT u UNIQUE (a) INCLUDE (b)",
    "CONSTRAINT p PRIMARY KEY (a) INCLUDE (b), CONSTRAINT u UNIQUE (a)",
    "CONSTRAINT p PRIMARY KEY (a), CONSTRAINT u UNIQUE (a) DEFERRABLE",
    "CONSTRAINT p PRIMARY KEY (a), CONSTRAINT u UNIQUE (a) INITIALLY DEFERRED",
    "CONSTRAINT p PRIMARY KEY (a) DEFERRABLE, CONSTRAINT u UNIQUE (a) DEFERRABLE",
    "CONSTRAINT p PRIMARY KEY (a), CONSTRAINT u UNIQUE (a) NOT DEFERRABLE INITIALLY IMMEDIATE",
    "CONSTRAINT u UNIQUE (a), CONSTRAINT v UNIQUE NULLS NOT DISTINCT (a)",
    "CONSTRAINT u UNIQUE (a), CONSTRAINT v UNIQUE (a) WITH (fillfactor = 50)",
]
INLINE = [
    "a int PRIMARY KEY, b int, CONSTRAINT u UNIQUE (a)",
    "a int CONSTRAINT u UNIQUE PRIMARY KEY, b int",
    "a int CONSTRAINT u UNIQUE, b int, CONSTRAINT v UNIQUE (a)",
    "a int CONSTRAINT p PRIMARY KEY CONSTRAINT u UNIQUE, b int CONSTRAINT v UNIQUE",
]
TABLES = [f"a int, b int, {keys}" for keys in KEYS] + INLINE


@pytest.mark.parametrize("body", TABLES)
def test_the_keys_are_those_that_postgresql_makes(body):
    engine, connection = connect("postgresql")
    with closing(connection):
        connection.exec_driver_sql(f"CREATE TEMPORARY TABLE merged ({body})")
        asked = "SELECT conname FROM pg_constraint WHERE conrelid = 'merged'::regclass AND contype IN ('p', 'u')"
        there = {name for (name,) in connection.exec_driver_sql(asked)}
        connection.rollback()
    engine.dispose()
    (made, *_) = read_sql(f"CREATE TABLE merged ({body})", "postgresql")
    emitted = made.emitted("postgresql")
    keys = [*emitted.constraints, *(key for column in emitted.columns for key in column.constraints)]
    assert {key.name for key in keys if key.name} == {name for name in there if not name.startswith("merged_")}
    assert len(keys) == len(there)
    assert len(made.emitted("mysql").constraints) == len(made.constraints)


def conflicts(body: str, upgrade: str, dialect: str = "postgresql") -> set[str]:
    found = told([(f'op.create_table("plots", sa.Column("code", sa.String(9)), {body})', "pass"), (upgrade, NOTHING)], dialect)
    return {finding.code for finding in found} & {"MRT441", "MRT116"}


NAMED = 'sa.PrimaryKeyConstraint("code", name="pk_plots"), sa.UniqueConstraint("code", name="uq_code")'
MAKE = 'op.create_unique_constraint("uq_code", "plots", ["code"])'
DROP = 'op.drop_constraint("uq_code", "plots", type_="unique")'


def test_the_name_of_a_merged_key_is_free_where_the_database_merges_it():
    assert not conflicts(NAMED, MAKE)
    assert conflicts(NAMED, MAKE, "mysql") == {"MRT441"}
    assert conflicts(NAMED.replace('"uq_code"', '"uq_code", deferrable=True'), MAKE) == {"MRT441"}
    assert conflicts(NAMED.replace('"uq_code"', '"uq_code", postgresql_include=["b"]'), MAKE) == {"MRT441"}


def test_a_merged_key_cannot_be_dropped():
    assert conflicts(NAMED, DROP)
    assert not conflicts(NAMED, DROP, "mysql")
    assert not conflicts(NAMED.replace('"uq_code"', '"uq_code", deferrable=True'), DROP)


def test_nothing_is_said_of_names_where_a_convention_may_have_named_the_key():
    nameless = 'sa.PrimaryKeyConstraint("code"), sa.UniqueConstraint("code", name="uq_code")'
    marked = 'sa.UniqueConstraint("code", name="uq_code")'
    assert not conflicts(nameless, MAKE)
    assert not conflicts(nameless, DROP)
    for change in (MAKE, DROP):
        found = told(
            [
                (f'op.create_table("plots", sa.Column("code", sa.String(9), primary_key=True), {marked})', "pass"),
                (change, NOTHING),
            ]
        )
        assert not {finding.code for finding in found} & {"MRT441", "MRT116"}
