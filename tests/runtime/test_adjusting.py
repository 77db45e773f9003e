"""Rows are adjusted only where that could make a failed step pass: each look costs a run."""

import pytest

from mrt_runtime.compare.rows import Rows
from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, Schema, Table
from mrt_runtime.compare.snapshot import Snapshot
from mrt_runtime.seed import Seeded
from mrt_runtime.seed.adjustment import Adjustment
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.edge_row import EdgeRow
from mrt_runtime.verdict import Failure, Outcome, RowRefusal
from mrt_runtime.verify.adjusting import may_help
from mrt_runtime.verify.findings import RevisionFindings

TEXT = ColumnType(text="text", base="text")
TABLE = Table(
    name="t",
    columns=(
        CatalogueColumn(name="note", position=1, type=TEXT, nullable=True),
        CatalogueColumn(name="title", position=2, type=TEXT, nullable=False),
    ),
)
OTHER = Table(name="other", columns=(CatalogueColumn(name="note", position=1, type=TEXT, nullable=False),))
BEFORE = Snapshot(schema=Schema(dialect="sqlite", tables=(TABLE, OTHER)), rows=Rows({}))
SCHEMA_ONLY, COMPUTES = CodeReading(frozenset({"op", "add_column"})), CodeReading(frozenset({"op", "execute"}))
CONNECTS = CodeReading(frozenset({"op", "add_column", "get_bind"}))
SEEDED = Seeded(edges={"t": (EdgeRow({"id": 1}, {"note": "x"}),)})


def stopped(cause, null_in=None, kind=Outcome.UPGRADE_FAILED, **findings):
    refusal = RowRefusal(kind="null", column=null_in) if null_in else None
    failure = Failure(kind=kind.value, message=f"Upgrade failed: {cause}", refusal=refusal)
    return RevisionFindings(before=BEFORE, stopped_by=failure, **findings)


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
        (Adjustment.EDGES, "NumericValueOutOfRange: integer out of range", SCHEMA_ONLY, True),
    ],
)
def test_other_rows_are_tried_where_they_could_help(adjustment, cause, code, expected):
    assert may_help(adjustment, stopped(cause), code, refuses=False, seeded=SEEDED, has_targets=False) is expected


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("UPDATE t SET must = o.must FROM o WHERE o.id = t.o_id", False),
        ("UPDATE t SET must = lower(o.must) FROM o WHERE o.id = t.o_id", True),
        ("UPDATE t SET must = lower(note)", True),
        ("UPDATE t SET other = o.other FROM o WHERE o.id = t.o_id", True),
    ],
)
def test_null_that_a_statement_copies_is_at_no_edge(statement, expected):
    code = CodeReading(frozenset({"op", "execute", "t"}), statements=(statement,))
    found = stopped('column "must" of relation "t" contains null values', "must")
    assert may_help(Adjustment.EDGES, found, code, refuses=False, seeded=SEEDED, has_targets=False) is expected


@pytest.mark.parametrize(("code", "expected"), [(SCHEMA_ONLY, False), (COMPUTES, True), (CONNECTS, True)])
def test_rows_at_the_edge_stay_where_something_is_there_already_whatever_the_rows(code, expected):
    found = stopped('relation "ix" already exists', is_about_existence=True)
    assert may_help(Adjustment.EDGES, found, code, refuses=False, seeded=SEEDED, has_targets=False) is expected


@pytest.mark.parametrize(
    ("cause", "column", "code", "expected"),
    [
        ('column "must" of relation "t" contains null values', "must", SCHEMA_ONLY, False),
        ('column "note" of relation "t" contains null values', "note", SCHEMA_ONLY, False),
        ("NOT NULL constraint failed: _alembic_tmp_t.note", "note", SCHEMA_ONLY, False),
        ('column "note" of relation "t" contains null values', "note", COMPUTES, True),
        ('column "title" of relation "t" contains null values', "title", SCHEMA_ONLY, True),
        ('column "must" of relation "t" contains null values', "must", CONNECTS, True),
    ],
)
def test_rows_at_the_edge_stay_where_null_is_in_the_way(cause, column, code, expected):
    found = stopped(cause, null_in=column)
    assert may_help(Adjustment.EDGES, found, code, refuses=False, seeded=SEEDED, has_targets=False) is expected


@pytest.mark.parametrize("kind", [Outcome.DOWNGRADE_FAILED, Outcome.UPGRADE_FAILED])
def test_a_downgrade_that_only_raises_does_so_with_any_rows(kind):
    found = stopped("NotImplementedError", kind=kind)
    helps = may_help(Adjustment.EDGES, found, COMPUTES, refuses=True, seeded=SEEDED, has_targets=False)
    assert helps is (kind is Outcome.UPGRADE_FAILED)
