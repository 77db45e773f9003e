"""Changes of a type: what the column had before on MySQL, and what downgrade() makes of it (MRT303)."""

import pytest

from tests.lint.test_downgrade_kinds import NOTHING, told

STEPS = 'op.create_table("steps", sa.Column("n", sa.Integer()), sa.Column("name", sa.String(20{})), sa.Column("doc", sa.JSON()))'
BASE = (STEPS.format(""), 'op.drop_table("steps")')


def type_changes(bodies: list[tuple[str, str]], dialect: str) -> list[str]:
    return [finding.message for finding in told(bodies, dialect) if finding.code == "MRT303"]


def step(column: str, **arguments: str) -> str:
    return f'op.alter_column("steps", "{column}", {", ".join(f"{key}={value}" for key, value in arguments.items())})'


WIDE = step("n", type_="sa.BigInteger()", existing_type="sa.Integer()")


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("between", "is_changed"),
    [
        (step("n", existing_type="sa.BigInteger()", nullable="False"), False),
        (step("n", existing_type="sa.BigInteger()", comment="'x'"), False),
        (step("n", existing_type="sa.Integer()", nullable="False"), True),
        # SET DEFAULT writes no type
        (step("n", existing_type="sa.BigInteger()", server_default="'1'"), True),
        (NOTHING, True),
    ],
)
def test_modify_writes_the_existing_type(dialect: str, between: str, is_changed: bool):
    assert bool(type_changes([BASE, (between, "pass"), (WIDE, "pass")], dialect)) is is_changed
    assert type_changes([BASE, (between, "pass"), (WIDE, "pass")], "postgresql")


@pytest.mark.parametrize(
    ("collation", "new", "is_changed"),
    [
        (', collation=""', "sa.String(20)", False),
        ("", 'sa.String(20, collation="")', False),
        ("", 'sa.String(20, collation="C")', True),
    ],
)
def test_an_empty_collation_is_none(collation: str, new: str, is_changed: bool):
    base = (STEPS.format(collation), "pass")
    assert bool(type_changes([base, (step("name", type_=new), "pass")], "postgresql")) is is_changed


TO_JSONB = step("doc", type_="sa.dialects.postgresql.JSONB()")
TO_TEXT = step("n", type_="sa.Text()")


@pytest.mark.parametrize(
    ("downgrade", "leaves"),
    [("pass", True), (NOTHING, True), (step("doc", type_="sa.JSON()"), False), ("raise NotImplementedError", False)],
)
def test_a_downgrade_that_changes_no_type_converts_nothing(downgrade: str, leaves: bool):
    [message] = type_changes([BASE, (TO_JSONB, downgrade)], "postgresql")
    assert ("downgrade() leaves it so" in message) is leaves
    assert ("converts what is left" in message) is not leaves
