"""A check that is going to be added binds the rows before it, also where SQLAlchemy's expressions say it, or it computes a column."""

import ast

import pytest
import sqlalchemy as sa

from mrt_runtime.seed.imported_values import write_out
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLE = """op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("n", sa.Integer), sa.Column("a", sa.Integer, nullable=False), sa.Column("b", sa.Integer, nullable=False),
        sa.Column("total", sa.Integer, nullable=False))"""
CONDITIONS = {
    "case()": 'sa.case((sa.column("kind") == "x", sa.column("n").is_not(None)), else_=sa.column("n").is_(None))',
    "or_() of and_()": 'sa.or_(sa.column("kind").in_(["x", "y"]), sa.and_(sa.column("kind") == "z", sa.column("n") > 5))',
    "in_()": 'sa.column("kind").in_(["x", "y"])',
    "a function": 'sa.func.length(sa.table("t", sa.column("kind")).c.kind) == 3',
    "operators": '(sa.column("n") >= 3) & (sa.column("n") < 9)',
    "text()": "sa.text(\"kind IN ('x', 'y')\")",
    "a sum": '"total = a + b"',
    "a sum of columns": 'sa.column("total") == sa.column("a") + sa.column("b")',
}


@pytest.mark.parametrize("url", ["sqlite_url", "postgres_url"])
@pytest.mark.parametrize("kind", CONDITIONS)
def test_rows_meet_it(project, request, url, kind):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
    create = f"""condition = {CONDITIONS[kind]}
    with op.batch_alter_table("t") as batch:
        batch.create_check_constraint("ck", condition)"""
    drop = 'with op.batch_alter_table("t") as batch:\n        batch.drop_constraint("ck", type_="check")'
    project.add("002", "001", upgrade=create, downgrade=drop)
    with Verification(project.config(db_url=request.getfixturevalue(url))) as verification:
        verdict = verification.check("002")
    assert (verdict.outcome, verdict.failures) == (Outcome.REVERSIBLE, ())


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("sa.or_(sa.column('n') > 1, sa.column('n').is_(None))", "n > 1 OR n IS NULL"),
        ("t.c.n > 1", "n > 1"),
        ("' AND '.join(f'{name} > 1' for name in ('n', 'm'))", "n > 1 AND m > 1"),
        ("make()", None),
        ("bind.execute('SELECT 1') > 1", None),
        ("'n > 1'", "n > 1"),
    ],
)
def test_an_expression_is_written_as_sql_and_nothing_else_is_called(condition, expected):
    source = f"t = sa.table('t', sa.column('n'))\nop.create_check_constraint('ck', 't', {condition})"
    written = write_out(ast.parse(source), {"sa": sa, "make": lambda: pytest.fail("it was called")}, "postgresql")
    shown = ast.unparse(written).splitlines()[-1]
    assert shown == f"op.create_check_constraint('ck', 't', {condition if expected is None else repr(expected)})"
