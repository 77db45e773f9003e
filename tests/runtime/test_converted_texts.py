"""A text that SQL converts holds what converts: a made-up one would fail there and say nothing about the migration."""

import pytest

from mrt_runtime.seed.code_reader import find_conversions
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

pytestmark = pytest.mark.exhaustive

TABLE = 'op.create_table("t", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("a", sa.String(255)))'
CONVERSIONS = {
    "CAST": ("Integer", "CAST(a AS integer)"),
    "colons": ("Numeric", "t.a::numeric"),
    "a day": ("Date", "to_date(a, 'YYYY-MM-DD')"),
    "a moment": ("DateTime", "to_timestamp(a, 'YYYY-MM-DD HH24:MI:SS')"),
    "JSON": ("JSON", "a::json"),
    "a truth value": ("Boolean", "CAST(a AS boolean)"),
    "a key": ("Uuid", "a::uuid"),
}


@pytest.mark.parametrize("kind", CONVERSIONS)
def test_it_is_converted_in_an_update(project, postgres_url, kind):
    name, expression = CONVERSIONS[kind]
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
    project.add(
        "002",
        "001",
        upgrade=f'op.add_column("t", sa.Column("b", sa.{name}()))\n    op.execute("UPDATE t SET b = {expression}")',
        downgrade='op.drop_column("t", "b")',
    )
    with Verification(project.config(db_url=postgres_url)) as verification:
        assert verification.check("002").outcome is Outcome.REVERSIBLE


def test_it_is_converted_under_a_new_name(project, postgres_url):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
    project.add(
        "002",
        "001",
        upgrade="""op.alter_column("t", "a", new_column_name="a_text")
    op.add_column("t", sa.Column("a", sa.Date()))
    op.execute("UPDATE t SET a = to_date(a_text, 'YYYY-MM-DD')")""",
        downgrade="""op.drop_column("t", "a")
    op.alter_column("t", "a_text", new_column_name="a")""",
    )
    with Verification(project.config(db_url=postgres_url)) as verification:
        assert verification.check("002").outcome is Outcome.REVERSIBLE


@pytest.mark.parametrize("sql", ["SELECT a::text", "CAST(a AS varchar)", "to_date(a, 'MM/YY')", "SELECT 'x'::money, a"])
def test_other_conversions_say_nothing(sql):
    assert list(find_conversions(sql)) == []
