"""The rows that a revision meets are those that it would meet alone, whatever was tried about revisions before it."""

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLES = """op.create_table("shelf", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("hall", sa.String(20)),
        sa.Column("number", sa.Integer()))
    op.create_table("book", sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("shelf_id", sa.Integer(), sa.ForeignKey("shelf.id"), nullable=False))"""
NUMBERED = """with op.batch_alter_table("shelf") as batch:
        batch.alter_column("number", existing_type=sa.Integer(), nullable={nullable})"""
COPIED = """op.add_column("book", sa.Column("hall", sa.String(20)))
    op.execute("UPDATE book SET hall = (SELECT hall FROM shelf WHERE shelf.id = book.shelf_id)")
    with op.batch_alter_table("book") as batch:
        batch.alter_column("hall", existing_type=sa.String(20), nullable=False)"""


@pytest.fixture(params=["sqlite_url", "postgres_url"])
def history(project, request):
    project.add("001", upgrade=TABLES, downgrade='op.drop_table("book")\n    op.drop_table("shelf")')
    project.add("002", "001", upgrade=NUMBERED.format(nullable=False), downgrade=NUMBERED.format(nullable=True))
    project.add("003", "002", upgrade=COPIED, downgrade='op.drop_column("book", "hall")')
    return project.config(db_url=request.getfixturevalue(request.param))


@pytest.mark.parametrize("chosen", [("003",), ("002", "003"), ("001", "002", "003")])
def test_what_points_at_a_row_with_null_does_so_after_the_nulls_were_filled_for_another_revision(history, chosen):
    with Verification(history) as verification:
        verdicts = {revision: verification.check(revision) for revision in chosen}
    assert verdicts["003"].outcome is Outcome.UPGRADE_FAILED
    assert "hall" in verdicts["003"].failures[0].message


def test_rows_at_the_edge_are_there_again_where_others_point_at_them(project, postgres_url):
    project.add("001", upgrade=TABLES, downgrade='op.drop_table("book")\n    op.drop_table("shelf")')
    project.add("002", "001", upgrade='op.execute("UPDATE shelf SET number = number + 1")', downgrade="pass")
    upgrade = """op.add_column("book", sa.Column("place", sa.String(20)))
    op.execute("UPDATE book SET place = (SELECT 'in ' || hall FROM shelf WHERE shelf.id = book.shelf_id)")"""
    project.add("003", "002", upgrade=upgrade, downgrade='op.drop_column("book", "place")')
    with Verification(project.config(db_url=postgres_url)) as verification:
        first, second = verification.check("002"), verification.check("003")
    assert any(warning.startswith("Only with rows at the edge") for warning in first.warnings)
    assert any(warning.startswith("Only with rows at the edge") for warning in second.warnings)
