"""A downgrade that fails is said to fail, once; that what follows is left behind is no finding of its own."""

import inspect

import pytest
from alembic.operations import BatchOperations, Operations

from mrt_lint.model.ops.signatures import BATCH, OPERATIONS, most
from tests.lint.test_downgrade_kinds import told

USERS = (
    (
        'op.create_table("users", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("name", sa.Text()))\n'
        'op.create_index("ix_name", "users", ["name"])'
    ),
    'op.drop_table("users")',
)
ADD = 'with op.batch_alter_table("users") as batch:\n    batch.add_column(sa.Column("quota", sa.Integer()))'


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql", "mysql"])
@pytest.mark.parametrize(
    ("call", "takes"),
    [
        (
            'batch.drop_column("users", "quota")',
            "batch.drop_column() raises TypeError, for it takes 1 positional argument and gets 2",
        ),
        (
            'batch.alter_column("users", "name")',
            "batch.alter_column() raises TypeError, for it takes 1 positional argument and gets 2",
        ),
        (
            'batch.drop_index("users", "ix_name")',
            "batch.drop_index() raises TypeError, for it takes 1 positional argument and gets 2",
        ),
        (
            'batch.create_unique_constraint("uq", "users", ["name"])',
            "batch.create_unique_constraint() raises TypeError, for it takes 2 positional arguments and gets 3",
        ),
        (
            'batch.create_foreign_key("users", "fk", "users", ["quota"], ["id"])',
            "batch.create_foreign_key() raises TypeError, for it takes 4 positional arguments and gets 5",
        ),
    ],
)
def test_an_argument_too_many_is_the_one_finding(dialect, call, takes):
    down = f'with op.batch_alter_table("users") as batch:\n    {call}'
    said = [finding for finding in told([USERS, (ADD, down)], dialect) if finding.severity.value == "error"]
    assert [(finding.code, finding.message) for finding in said] == [("MRT121", f"downgrade fails here: {takes}")]
    assert said[0].instead == "leave the table out of its arguments: the batch has it"


def test_an_argument_too_many_outside_of_a_batch_is_found_as_well():
    said = [finding for finding in told([USERS, (ADD, 'op.drop_column("users", "quota", "public")')]) if finding.code == "MRT121"]
    assert "op.drop_column() raises TypeError, for it takes 2 positional arguments and gets 3" in said[0].message


@pytest.mark.parametrize(
    "call", ['batch.drop_column("quota")', "batch.drop_column(*names)", 'batch.drop_column(column_name="quota")']
)
def test_a_right_call_is_none(call):
    down = f'names = ["quota"]\nwith op.batch_alter_table("users") as batch:\n    {call}'
    assert not [finding for finding in told([USERS, (ADD, down)]) if finding.severity.value == "error"]


@pytest.mark.parametrize(("kind", "batch"), [(Operations, False), (BatchOperations, True)])
def test_alembic_takes_as_many_positional_arguments(kind, batch):
    for name in BATCH if batch else OPERATIONS:
        if (at_most := most(name, batch=batch)) is not None:
            parameters = list(inspect.signature(getattr(kind, name)).parameters.values())[1:]
            assert not any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters), name
            positional = [p for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
            assert len(positional) == at_most, name


@pytest.mark.parametrize(
    "upgrade",
    [
        'try:\n    op.create_index("ix_name", "users", ["name"])\nexcept Exception as error:\n    print(error)',
        'if missing():\n    op.create_index("ix_name", "users", ["name"])',
        'op.create_index("ix_name", "users", ["name"], if_not_exists=True)',
    ],
)
def test_an_index_that_was_there_and_is_dropped_in_downgrade_is_not_left_behind(upgrade):
    said = told([USERS, (upgrade, 'op.drop_index("ix_name", "users")')])
    assert "MRT110" not in {finding.code for finding in said}
    assert (
        "MRT110" in {finding.code for finding in told([USERS, (upgrade.replace("ix_name", "ix_new"), "op.execute('SELECT 1')")])}
        or "if_not" in upgrade
    )
