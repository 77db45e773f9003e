"""A column that the rollback computes from others of the row follows from them: what is lost only of other values is a warning."""

import pytest

from mrt_runtime.seed.computed_back import find_computed_back
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLE = """op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer, nullable=False),
        sa.Column("b", sa.Integer, nullable=False), sa.Column("total", sa.Integer), sa.Column("done_at", sa.DateTime),
        sa.Column("is_done", sa.Boolean), sa.Column("kind", sa.String(20)))"""
COMPUTED = {
    "a sum": ("total", "Integer", "a + b"),
    "whether there is a time": ("is_done", "Boolean", "(done_at IS NOT NULL)"),
    "a CASE": ("kind", "String(20)", "CASE WHEN a > b THEN 'more' ELSE 'less' END"),
}
WARNING = "Only with values other than the rollback computes from the same row, so judged with those ('t' {} = "


@pytest.fixture(params=["sqlite", "postgres"])
def verify(project, request):
    def check(column, kind, update, upgrade=None):
        drop = f'with op.batch_alter_table("t") as batch:\n        batch.drop_column("{column}")'
        add = f'with op.batch_alter_table("t") as batch:\n        batch.add_column(sa.Column("{column}", sa.{kind}))'
        project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
        upgrade = f"{upgrade}\n    {drop}" if upgrade else drop
        project.add("002", "001", upgrade=upgrade, downgrade=f'{add}\n    op.execute("{update}")')
        with Verification(project.config(db_url=request.getfixturevalue(f"{request.param}_url"), edge_rows="off")) as verification:
            return verification.check("002")

    return check


@pytest.mark.parametrize("name", COMPUTED)
def test_other_values_than_those_that_are_computed_only_warn(verify, name):
    column, kind, expression = COMPUTED[name]
    verdict = verify(column, kind, f"UPDATE t SET {column} = {expression}")
    assert (verdict.outcome, verdict.failures) == (Outcome.REVERSIBLE, ())
    assert any(warning.startswith(WARNING.format(column)) for warning in verdict.warnings)
    assert verdict.doubts[0].failure.rows == "computed"


@pytest.mark.parametrize("update", ["total = a", "total = 0", "total = a + b WHERE a > 0"])
def test_a_copy_a_constant_and_some_rows_are_no_computation(verify, update):
    assert verify("total", "Integer", f"UPDATE t SET {update}").outcome is Outcome.DATA_LOSS


def test_what_else_is_lost_is_a_loss(verify):
    verdict = verify("total", "Integer", "UPDATE t SET total = a + b", 'op.execute("UPDATE t SET b = 0")')
    assert verdict.outcome is Outcome.DATA_LOSS
    assert any(failure.column == "b" for failure in verdict.failures)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE t SET total = total + b",
        "UPDATE t SET total = (SELECT max(a + b) FROM u)",
        "UPDATE t SET total = u.a + u.b FROM u WHERE u.id = t.id",
        "DELETE FROM t",
    ],
)
def test_what_is_not_of_the_same_row_is_not_read(project, sql):
    file = project.add("001", upgrade="pass", downgrade=f'op.execute("{sql}")')
    assert list(find_computed_back(str(file), "postgres")) == []
