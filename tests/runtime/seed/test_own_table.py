"""Rows of a table that refers to itself, where a condition is about what a row may point at."""

import pytest

PARENTS = {
    "one column that may be NULL": "up INTEGER, CHECK (up <> id), FOREIGN KEY (up) REFERENCES t (id)",
    "one column with a name that is quoted": "up INTEGER, CONSTRAINT not_itself CHECK (NOT (up = id)), FOREIGN KEY (up) REFERENCES t (id)",
    "NULL is spelled out": "up INTEGER, CHECK (up IS NULL OR up <> id), FOREIGN KEY (up) REFERENCES t (id)",
    "the earlier one": "up INTEGER, CHECK (up < id), FOREIGN KEY (up) REFERENCES t (id)",
    "a constant": "up INTEGER, CHECK (up > 0), FOREIGN KEY (up) REFERENCES t (id)",
    "a pair": "up INTEGER, k INTEGER NOT NULL, UNIQUE (id, k), CHECK (up <> id), FOREIGN KEY (up, k) REFERENCES t (id, k)",
    "a pair, the later column first": "k INTEGER NOT NULL, up INTEGER, UNIQUE (k, id), CHECK (up <> id), FOREIGN KEY (k, up) REFERENCES t (k, id)",
    "a pair that is NULL together": (
        "a INTEGER, b INTEGER, k INTEGER NOT NULL, UNIQUE (id, k), CHECK (a <> id),"
        " CHECK ((a IS NULL) = (b IS NULL)), FOREIGN KEY (a, b) REFERENCES t (id, k)"
    ),
    "a pair and its number": (
        "up INTEGER, k VARCHAR(9) NOT NULL, level INTEGER NOT NULL, UNIQUE (id, k), CHECK (up <> id),"
        " CHECK ((up IS NULL AND level = 0) OR (up IS NOT NULL AND level > 0)), FOREIGN KEY (up, k) REFERENCES t (id, k)"
    ),
    "two keys": (
        "up INTEGER, other INTEGER, CHECK (up <> id), CHECK (other <> id), CHECK (other <> up),"
        " FOREIGN KEY (up) REFERENCES t (id), FOREIGN KEY (other) REFERENCES t (id)"
    ),
    "a text": "code VARCHAR(9) NOT NULL UNIQUE, up VARCHAR(9), CHECK (up <> code), FOREIGN KEY (up) REFERENCES t (code)",
    "a text with a length": (
        "code VARCHAR(9) NOT NULL UNIQUE, up VARCHAR(9), CHECK (up <> code AND length(up) < 9), FOREIGN KEY (up) REFERENCES t (code)"
    ),
}
REQUIRED = {
    "one column": "up INTEGER NOT NULL, FOREIGN KEY (up) REFERENCES t (id)",
    "the same or an earlier one": "up INTEGER NOT NULL, CHECK (up <= id), FOREIGN KEY (up) REFERENCES t (id)",
    "a range": "up INTEGER NOT NULL, CHECK (up > 0), FOREIGN KEY (up) REFERENCES t (id)",
    "a pair": "up INTEGER NOT NULL, k INTEGER NOT NULL, UNIQUE (id, k), CHECK (up <= id), FOREIGN KEY (up, k) REFERENCES t (id, k)",
    "itself alone": "up INTEGER NOT NULL, CHECK (up = id), FOREIGN KEY (up) REFERENCES t (id)",
    "its root": (
        "root INTEGER NOT NULL, up INTEGER, CHECK (up <> id), CHECK ((up IS NULL) = (root = id)),"
        " FOREIGN KEY (root) REFERENCES t (id), FOREIGN KEY (up) REFERENCES t (id)"
    ),
}


@pytest.mark.parametrize("kind", PARENTS)
def test_a_row_may_not_point_at_itself(any_field, kind):
    any_field.seed(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {PARENTS[kind]})")
    assert any_field.seeded.unseeded == {}
    assert len(any_field.rows("t")) >= 3
    assert any_field.never_filled() == []


@pytest.mark.parametrize("kind", REQUIRED)
def test_a_row_has_to_point_at_one(any_field, kind):
    any_field.seed(f"CREATE TABLE t (id INTEGER PRIMARY KEY, {REQUIRED[kind]})")
    assert any_field.seeded.unseeded == {}
    assert len(any_field.rows("t")) >= 3


def test_a_tenant_is_part_of_the_key(any_field):
    any_field.seed(
        "CREATE TABLE tenant (id INTEGER PRIMARY KEY)",
        "CREATE TABLE t (tenant_id INTEGER NOT NULL, id INTEGER NOT NULL, up INTEGER, name VARCHAR(9), PRIMARY KEY (tenant_id, id),"
        " FOREIGN KEY (tenant_id) REFERENCES tenant (id), FOREIGN KEY (tenant_id, up) REFERENCES t (tenant_id, id), CHECK (up <> id))",
    )
    assert any_field.seeded.unseeded == {}
    assert len(any_field.rows("t")) >= 3
    assert any_field.never_filled() == []


def test_a_tenant_in_a_key_that_may_not_be_null(any_field):
    any_field.seed(
        "CREATE TABLE tenant (id INTEGER PRIMARY KEY)",
        "CREATE TABLE t (tenant_id INTEGER NOT NULL, id INTEGER NOT NULL, up INTEGER NOT NULL, PRIMARY KEY (tenant_id, id),"
        " FOREIGN KEY (tenant_id) REFERENCES tenant (id), FOREIGN KEY (tenant_id, up) REFERENCES t (tenant_id, id))",
    )
    assert any_field.seeded.unseeded == {}
    assert len(any_field.rows("t")) >= 3
