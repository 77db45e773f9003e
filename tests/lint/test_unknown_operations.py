"""Calls of operations that Alembic does not have (MRT121), and casts back that the texts of a new release may not take."""

import pytest
from alembic.operations import BatchOperations, Operations

from mrt_lint.model.ops.signatures import OPERATIONS, meant_by
from tests.lint.test_downgrade_kinds import BASE, told

NOTES = 'op.create_table("notes", sa.Column("id", sa.Integer(), primary_key=True))'


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        ('op.drop("notes")', "op.drop_table()"),
        ('op.drop_tabel("notes")', "call op.drop_table() in its place"),
        ('op.droptable("notes")', None),
        ('op.drop_colum("parcels", "age")', "call op.drop_column() in its place"),
        ('op.drop_contraint("ck", "parcels")', "call op.drop_constraint() in its place"),
        ('with op.batch_alter_table("parcels") as batch:\n    batch.drop("age")', "batch.drop_column()"),
        # a package may have registered these
        ('op.drop_columns("notes", "age")', None),
        ('op.drop_audit("notes")', None),
        ('op.drop_entity("notes")', None),
        ('op.replace("notes")', None),
    ],
)
def test_a_call_of_an_operation_that_alembic_lacks_fails(call: str, instead: str | None):
    found = [finding for finding in told([BASE, (NOTES, call)]) if finding.code in {"MRT110", "MRT121"}]
    assert [finding.code for finding in found] == (["MRT121"] if instead else [])
    if instead:
        assert "raises AttributeError, for neither Alembic nor the project has such an operation" in found[0].message
        assert instead in found[0].instead


def test_an_operation_that_the_migration_registers_is_called(tmp_path):
    register = (
        "from alembic.operations import MigrateOperation, Operations\n"
        '@Operations.register_operation("drop")\n'
        "class Drop(MigrateOperation):\n"
        "    @classmethod\n"
        "    def drop(cls, operations, name):\n"
        "        operations.drop_table(name)\n"
    )
    assert not [finding for finding in told([BASE, (NOTES, f'{register}op.drop("notes")')]) if finding.code == "MRT121"]


@pytest.mark.parametrize("name", ["drop", "add", "alter", "create", "rename", "drop_tabel", "drop_colum", "drop_contraint"])
def test_alembic_has_none_of_these(name: str):
    assert meant_by(name)
    assert not hasattr(Operations, name)
    assert not hasattr(BatchOperations, name)


def test_all_that_alembic_has_is_no_mistake():
    assert not [name for name in (*OPERATIONS, *vars(Operations)) if not name.startswith("_") and meant_by(name)]


BACK = 'op.alter_column("parcels", "{0}", type_=sa.Integer(), existing_type=sa.String())'
TO_TEXT = 'op.alter_column("parcels", "size", type_=sa.String(), existing_type=sa.Integer())'
SIZED = (
    'op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("size", sa.Integer()), '
    'sa.Column("code", sa.String()))'
)


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "is_open"),
    [
        (TO_TEXT, BACK.format("size"), True),
        (
            'op.execute("ALTER TABLE parcels ALTER size TYPE text")',
            'op.execute("ALTER TABLE parcels ALTER size TYPE integer")',
            True,
        ),
        (BACK.format("code"), 'op.execute("SELECT 1")', False),
        (NOTES, BACK.format("code"), False),
    ],
)
def test_a_cast_back_may_meet_texts_of_the_new_release(upgrade: str, downgrade: str, is_open: bool):
    found = [finding for finding in told([(SIZED, "pass"), (upgrade, downgrade)]) if finding.code == "MRT121"]
    [text] = [finding.instead for finding in found]
    assert ("::integer" in text, "behind an UPDATE of the texts that are no INTEGER" in text) == (True, is_open)
