"""Advice for a type that PostgreSQL makes of no other by itself, carried out there: the cast is one, and values come over."""

import pytest
import sqlalchemy as sa

from tests.lint.test_advice import engine, op  # noqa: F401 - fixtures
from tests.lint.test_advice_followed import advice, perform
from tests.lint.test_downgrade_kinds import NOTHING

MARKS = 'op.create_table("marks", sa.Column("Value", sa.String(9)))'
MOOD = "op.execute(\"CREATE TYPE app.\\\"Mood\\\" AS ENUM ('7', 'b')\")\n"


@pytest.mark.parametrize(
    "kind",
    [
        "sa.Integer()",
        "sa.Numeric(5, 2)",
        "sa.Float(53)",
        "sa.Double()",
        "postgresql.DOUBLE_PRECISION(precision=53)",
        "postgresql.REAL()",
        "postgresql.JSONB()",
        "sa.LargeBinary()",
        'sa.Enum("7", "b", name="Mood", schema="app")',
    ],
)
def test_the_cast_is_one_of_postgresql(op, kind: str):  # noqa: F811 - a fixture
    if kind.startswith("sa.Double") and not hasattr(sa, "Double"):
        pytest.skip("SQLAlchemy 1.4")
    setup = "from sqlalchemy.dialects import postgresql\n" + (MOOD if "Mood" in kind else "")
    change = f'op.alter_column("marks", "Value", type_={kind}, existing_type=sa.String(9))'
    text = advice("MRT121", (setup + MARKS, NOTHING), f"from sqlalchemy.dialects import postgresql\n{change}")
    using = text.removeprefix("add ").removesuffix(" to it")
    rows = "op.execute(\"INSERT INTO marks VALUES ('7')\")"
    perform(op, setup + MARKS, rows, f"from sqlalchemy.dialects import postgresql\n{change[:-1]}, {using})")
    assert op.get_bind().scalar(sa.text("SELECT count(*) FROM marks")) == 1
