"""Two columns that become one range: where it holds both as they were and downgrade() takes them out, nothing is lost (MRT208)."""

import os

import pytest
import sqlalchemy as sa

from tests.lint.test_downgrade_kinds import holds, sql, told
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

ZONED, UNZONED, DECIMAL, WHOLE = "sa.DateTime(timezone=True)", "sa.DateTime()", "sa.Numeric()", "sa.Integer()"
BOUND = 'op.add_column("stays", sa.Column("a", {0}))\nop.add_column("stays", sa.Column("b", {0}))\n'
DOWN = "UPDATE stays SET a = lower(r), b = upper(r)"


def stays(kind: str) -> tuple[str, str]:
    columns = f'sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", {kind}), sa.Column("b", {kind})'
    return f'op.create_table("stays", {columns})', "pass"


def packed(value: str, where: str = "") -> str:
    made = value.partition("(")[0].upper()
    add = f'from sqlalchemy.dialects.postgresql import {made} as RANGE\nop.add_column("stays", sa.Column("r", RANGE))\n'
    drops = 'op.drop_column("stays", "a")\nop.drop_column("stays", "b")'
    return f"{add}{sql(f'UPDATE stays SET r = {value}{where}')}\n{drops}"


def unpacked(kind: str, *statements: str) -> str:
    drop = 'op.drop_column("stays", "r")'
    return f"{BOUND.format(kind)}{sql(*statements)}\n{drop}"


@pytest.mark.parametrize(
    ("kind", "upgrade", "downgrade", "expected"),
    [
        (ZONED, packed("tstzrange(a, b, '[]')"), unpacked(ZONED, DOWN), "-MRT208 -MRT201"),
        (ZONED, packed("TSTZRANGE(stays.a, stays.b, '[]')"), unpacked(ZONED, DOWN), "-MRT208 -MRT201"),
        (
            ZONED,
            packed("tstzrange(a, b, '[]')"),
            unpacked(ZONED, "UPDATE stays SET a = lower(r)", "UPDATE stays SET b = upper(r)"),
            "-MRT208 -MRT201",
        ),
        (UNZONED, packed("tsrange(a, b, '[]')"), unpacked(UNZONED, DOWN), "-MRT208 -MRT201"),
        (DECIMAL, packed("numrange(a, b, '[]')"), unpacked(DECIMAL, DOWN), "-MRT208 -MRT201"),
        # a range of equal bounds is empty, and holds neither
        (ZONED, packed("tstzrange(a, b)"), unpacked(ZONED, DOWN), "+MRT208"),
        (ZONED, packed("tstzrange(a, b, '[)')"), unpacked(ZONED, DOWN), "+MRT208"),
        (ZONED, packed("tstzrange(a, b, '(]')"), unpacked(ZONED, DOWN), "+MRT208"),
        # [1,2] of whole numbers is [1,3)
        (WHOLE, packed("int4range(a, b, '[]')"), unpacked(WHOLE, DOWN), "+MRT208"),
        # converted, the wrong way round, in part, or not taken out
        (UNZONED, packed("tstzrange(a, b, '[]')"), unpacked(UNZONED, DOWN), "+MRT208"),
        (ZONED, packed("tstzrange(a, b + interval '1 day', '[]')"), unpacked(ZONED, DOWN), "+MRT208"),
        (ZONED, packed("tstzrange(a, b, '[]')"), unpacked(ZONED, "UPDATE stays SET a = upper(r), b = lower(r)"), "+MRT208"),
        (ZONED, packed("tstzrange(a, b, '[]')", " WHERE a < b"), unpacked(ZONED, DOWN), "+MRT208"),
        (ZONED, packed("tstzrange(a, b, '[]')"), unpacked(ZONED, f"{DOWN} WHERE id < 9"), "+MRT208"),
        (ZONED, packed("tstzrange(a, b, '[]')"), unpacked(ZONED, "UPDATE stays SET a = lower(r)"), "+MRT208"),
        (ZONED, packed("tstzrange(a, b, '[]')"), "pass", "+MRT208"),
    ],
)
def test_a_range_that_keeps_both_bounds_loses_neither(kind: str, upgrade: str, downgrade: str, expected: str):
    assert holds(expected, told([stays(kind), (upgrade, downgrade)]))


@pytest.mark.parametrize(
    ("value", "kind", "rows", "is_kept"),
    [
        ("tstzrange(a, b, '[]')", "timestamptz", "(NULL, NULL), ('2020-01-01', NULL), (NULL, 'infinity'), (now(), now())", True),
        ("tsrange(a, b, '[]')", "timestamp", "('-infinity', '2020-01-01'), ('2020-01-01', '2020-01-01')", True),
        ("numrange(a, b, '[]')", "numeric", "(1, 1), (1.10, 2.0), (NULL, 'NaN')", True),
        ("tstzrange(a, b, '[)')", "timestamptz", "('2020-01-01', '2020-01-01')", False),
        ("int4range(a, b, '[]')", "int", "(1, 2)", False),
    ],
)
def test_postgresql_keeps_and_loses_these_bounds(postgres_server: str, value: str, kind: str, rows: str, is_kept: bool):  # noqa: F811
    with own_database(postgres_server, f"mrt_ranges_{os.getpid()}") as url:
        engine = sa.create_engine(url)
        with engine.begin() as connection:
            connection.execute(sa.text(f"CREATE TABLE stays (a {kind}, b {kind})"))
            connection.execute(sa.text(f"INSERT INTO stays VALUES {rows}"))
            kept = f"lower({value}) IS NOT DISTINCT FROM a AND upper({value}) IS NOT DISTINCT FROM b"
            assert connection.scalar(sa.text(f"SELECT bool_and({kept}) FROM stays")) is is_kept
        engine.dispose()
