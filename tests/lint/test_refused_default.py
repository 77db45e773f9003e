"""A `server_default` that is neither a text nor SQL: SQLAlchemy raises, and the operation never reaches the database (MRT121)."""

import io

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from tests.lint.test_downgrade_kinds import BASE, told

CALLS = [
    'op.add_column("parcels", sa.Column("age", sa.Integer(), server_default={}))',
    'op.create_table("lots", sa.Column("age", sa.Integer(), server_default={}))',
    'op.alter_column("parcels", "code", existing_type=sa.String(20), server_default={})',
]
IN_BATCH = 'with op.batch_alter_table("parcels") as batch:\n    batch.add_column(sa.Column("age", sa.Integer(), server_default={}))'


def fails(call: str) -> bool:
    """Return whether Alembic raises at a call."""
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": io.StringIO()})
    try:
        exec(call, {"op": Operations(context), "sa": sa})
    except sa.exc.ArgumentError:
        return True
    return False


@pytest.mark.parametrize("function", ["upgrade", "downgrade"])
@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("True", "sa.true()"),
        ("False", "sa.false()"),
        ("0", '"0"'),
        ("1.5", '"1.5"'),
        ("b'a b'", "'a b'"),
        ('"0"', ""),
        ("sa.true()", ""),
        ("None", ""),
    ],
)
@pytest.mark.parametrize("call", [*CALLS, IN_BATCH])
def test_a_python_value_is_no_default(call: str, value: str, written: str, function: str):
    body = call.format(value)
    bodies = (body, "pass") if function == "upgrade" else ('op.add_column("parcels", sa.Column("n", sa.Text()))', body)
    found = [finding for finding in told([BASE, bodies]) if finding.code == "MRT121"]
    is_refused = bool(written) and not ("alter_column" in call and value == "False")  # False is alter_column's own default
    assert len(found) == is_refused
    if call is not IN_BATCH:
        assert fails(body) is is_refused
    if found:
        assert f"server_default is {value}" in found[0].message
        assert found[0].instead == f"write server_default={written}"
