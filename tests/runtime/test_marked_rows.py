"""New code marks old rows in a column that the upgrade adds: a rollback that deletes by it takes them along, or fails."""

import pytest

from mrt_runtime.verdict import Outcome

SHELVES = 'op.create_table("shelves", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(30)))'
BOOKS = """op.create_table("books", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("shelf_id", sa.Integer, sa.ForeignKey("shelves.id", ondelete={!r}), nullable=False))"""
DROP = 'op.drop_table("books")\n    op.drop_table("shelves")'
ADD = 'op.add_column("shelves", sa.Column({}))'
BACK = 'op.drop_column("shelves", "{}")'
WRITTEN = "With rows written after the upgrade: "
GONE = f"{WRITTEN}Table 'shelves': 1/3 rows lost after rollback"


def go(verify, url, delete, *, column='"deleted_at", sa.DateTime', ondelete="CASCADE", back="deleted_at"):
    tables = f"{SHELVES}\n    {BOOKS.format(ondelete)}"
    way_back = f"op.execute({delete!r})\n    {BACK.format(back)}"
    return verify(url, (tables, DROP), (ADD.format(column), way_back))["002"]


@pytest.mark.parametrize("server", ["sqlite", "postgres", "mysql"])
def test_old_rows_that_are_marked_are_deleted_by_the_rollback(verify, request, server):
    verdict = go(verify, request.getfixturevalue(f"{server}_url"), "DELETE FROM shelves WHERE deleted_at IS NOT NULL")
    assert verdict.outcome is Outcome.REVERSIBLE
    assert GONE in {warning.partition(" (")[0] for warning in verdict.warnings}
    if server != "sqlite":  # which does not follow foreign keys
        assert f"{WRITTEN}Table 'books': 1/3 rows lost after rollback" in verdict.warnings


def test_so_are_rows_of_a_new_kind(verify, postgres_url):
    column = '"kind", sa.String(20), server_default="real", nullable=False'
    verdict = go(verify, postgres_url, "DELETE FROM shelves WHERE kind = 'virtual'", column=column, back="kind")
    assert GONE in {warning.partition(" (")[0] for warning in verdict.warnings}


def test_a_marked_row_that_others_hold_on_to_stops_the_rollback(verify, postgres_url):
    verdict = go(verify, postgres_url, "DELETE FROM shelves WHERE deleted_at IS NOT NULL", ondelete="NO ACTION")
    assert verdict.outcome is Outcome.REVERSIBLE
    assert [one for one in verdict.warnings if one.startswith(f"{WRITTEN}Downgrade failed: ForeignKeyViolation")]


@pytest.mark.parametrize(
    "statement", ["UPDATE shelves SET name = NULL WHERE deleted_at IS NOT NULL", "DELETE FROM shelves WHERE id < 0"]
)
def test_nothing_is_marked_for_other_statements(verify, postgres_url, statement):
    verdict = go(verify, postgres_url, statement)
    assert not [warning for warning in verdict.warnings if "shelves" in warning and "lost" in warning]
