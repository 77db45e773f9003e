"""Failures that upgrade() swallows: what is missing then, and what is done in another way (MRT442)."""

import pytest

from tests.lint.test_downgrade_kinds import BASE, holds, told

ADD = 'op.add_column("parcels", sa.Column("age", sa.Integer()))'
IN_BATCH = 'with op.batch_alter_table("parcels") as batch:\n        batch.{}'
ENUM = 'sa.Enum("sad", "glad", name="mood").{}(op.get_bind(), checkfirst=False)'
TOUCH = "op.execute(\"UPDATE parcels SET code = '{}'\")"


@pytest.mark.parametrize("dialect", ["mysql", "mariadb", "sqlite"])
@pytest.mark.parametrize(
    ("tried", "handled", "expected"),
    [
        (ADD, "pass", "+MRT442"),
        (ADD, IN_BATCH.format('add_column(sa.Column("age", sa.Integer()))'), "-MRT442"),
        (ADD, IN_BATCH.format('drop_column("age")') + f"\n    {ADD}", "-MRT442"),
        (ADD, IN_BATCH.format('drop_column("code")'), "+MRT442"),
        (ADD, ADD.replace("age", "size"), "+MRT442"),
        ('op.drop_column("parcels", "code")', IN_BATCH.format('drop_column("code")'), "-MRT442"),
        ('op.drop_column("parcels", "code")', "print('gone')", "+MRT442"),
        (
            'op.alter_column("parcels", "code", type_=sa.Text())',
            IN_BATCH.format('alter_column("code", type_=sa.Text())'),
            "-MRT442",
        ),
        (TOUCH.format("a"), TOUCH.format("b"), "-MRT442"),
        (TOUCH.format("a"), "pass", "+MRT442"),
        (ENUM.format("drop"), "pass", "-MRT442"),
        (ENUM.format("create"), "pass", "-MRT442"),
        (f"{ENUM.format('drop')}\n    {ADD}", "pass", "+MRT442"),
    ],
)
def test_a_failure_is_swallowed_unless_the_same_is_done_otherwise(dialect: str, tried: str, handled: str, expected: str):
    upgrade = f"try:\n    {tried}\nexcept sa.exc.OperationalError:\n    {handled}\n"
    assert holds(expected, told([BASE, (upgrade, "pass")], dialect))
