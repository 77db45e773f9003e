"""Rows are adjusted only where that could make a failed step pass: each look costs a run."""

import pytest

from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, Schema, Table
from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.seed.adjustment import Adjustment
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.verify.adjusting import may_help

TEXT = ColumnType(text="text", base="text")
TABLE = Table(name="t", columns=(CatalogueColumn(name="note", position=1, type=TEXT, nullable=True),))
BEFORE = Snapshot(schema=Schema(dialect="sqlite", tables=(TABLE,)), rows=Rows({}))
SCHEMA_ONLY, COMPUTES = CodeReading(frozenset({"op", "add_column"})), CodeReading(frozenset({"op", "execute"}))


@pytest.mark.parametrize(
    ("adjustment", "cause", "code", "expected"),
    [
        (Adjustment.NULLS, "NOT NULL constraint failed: t.note", SCHEMA_ONLY, True),
        (Adjustment.NULLS, "NOT NULL constraint failed: t.fresh", SCHEMA_ONLY, False),
        (Adjustment.NULLS, "NOT NULL constraint failed: t.fresh", COMPUTES, True),
        (Adjustment.CHILDREN, "IndexError: list index out of range", COMPUTES, True),
        (Adjustment.CHILDREN, "NOT NULL constraint failed: t.note", SCHEMA_ONLY, False),
        (Adjustment.TARGETS, "UNIQUE constraint failed: t.note", COMPUTES, False),
        (Adjustment.ORPHANS, "FOREIGN KEY constraint failed", COMPUTES, False),
    ],
)
def test_other_rows_are_tried_where_they_could_help(adjustment, cause, code, expected):
    assert may_help(adjustment, cause, code, before=BEFORE, seeded=None, has_targets=False) is expected
