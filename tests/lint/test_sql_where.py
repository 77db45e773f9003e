"""A WHERE that every row meets, or none, is known for what it is: SQLite says which rows each of these selects."""

import sqlite3

import pytest

from mrt_lint.model import ops
from mrt_lint.parse.sql.expand import read_sql
from tests.lint.test_downgrade_kinds import BASE, NOTHING, holds, told

ROWS = [(1, "a"), (2, "b"), (3, None)]

NONE = [
    "code = NULL",
    "NULL <> code",
    "code IN (NULL)",
    "code IN (NULL, NULL)",
    "code NOT IN ('x', NULL)",
    "code LIKE NULL",
    "code NOT LIKE NULL",
    "code = CAST(NULL AS text)",
    "id > 1 AND (code = NULL)",
    "code IS NULL AND code = NULL",
    "code = NULL OR id <> NULL",
    "NOT (code = NULL)",
    "false",
    "0",
    "1 = 2",
    "'a' <> 'a'",
    "id = 1 AND NOT true",
    "((1 <> 1))",
]
ALL = ["true", "1", "1 = 1", "(2 <> 3)", "'x' = 'x'", "true AND 1 = 1", "id = 1 OR true", "NOT false"]
SOME = [
    "code IS NULL",
    "code = 'a' OR code = NULL",
    "code NOT IN ('a')",
    "code IN ('a', NULL)",
    "NOT (code = NULL AND id = 2)",
    "NOT (code NOT IN ('a', NULL))",
    "id BETWEEN 1 AND 2",
    "COALESCE(code, NULL) = 'a'",
    "(CASE WHEN code = NULL THEN 1 ELSE id END) = 1",
    "id = 1 AND true",
    "id IN (SELECT id FROM parcels WHERE code = 'a')",
]


@pytest.mark.parametrize(
    ("condition", "selected"), [(text, count) for count, texts in ((0, NONE), (3, ALL), (None, SOME)) for text in texts]
)
def test_whether_a_condition_selects_rows_is_known_where_it_is_the_same_for_all(condition: str, selected: int | None):
    database = sqlite3.connect(":memory:")
    database.execute("CREATE TABLE parcels (id integer, code text)")
    database.executemany("INSERT INTO parcels VALUES (?, ?)", ROWS)
    found = database.execute(f"SELECT count(*) FROM parcels WHERE {condition}").fetchone()[0]
    database.close()
    assert found == selected if selected is not None else 0 < found < len(ROWS)

    (delete,) = read_sql(f"DELETE FROM parcels WHERE {condition}", "sqlite")
    if selected == 0:
        assert isinstance(delete, ops.Statement)
        assert delete.effect is False
    else:
        assert isinstance(delete, ops.Delete)
        assert delete.where is (selected is None)


@pytest.mark.parametrize("condition", ["code <=> NULL", "code IS NOT DISTINCT FROM NULL", "code = :value", "code = ANY(NULL)"])
def test_what_is_not_compared_as_sql_compares_is_left_open(condition: str):
    (delete,) = read_sql(f"DELETE FROM parcels WHERE {condition}", "mysql")
    assert isinstance(delete, ops.Delete)
    assert delete.where is True


def test_a_null_with_a_type_is_null():
    (update,) = read_sql("UPDATE parcels SET code = '' WHERE code = NULL::text", "postgresql")
    assert isinstance(update, ops.Statement)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        ("where(sa.false())", "-MRT104 -MRT214"),
        ("where(sa.true())", "+MRT214 -MRT104"),
        ('where(sa.column("id") == 1).where(sa.true())', "+MRT104 -MRT214"),
    ],
)
def test_a_constant_of_sqlalchemy_is_a_condition_as_in_sql(conditions: str, expected: str):
    assert holds(expected, told([BASE, (f'op.execute(sa.table("parcels").delete().{conditions})', NOTHING)]))
