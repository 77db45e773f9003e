"""Several changes of one column's type in an upgrade: each is judged by what the one before has left."""

import pytest

from tests.lint.test_downgrade_kinds import sql, told

OLD, NEW = ('sa.Enum("off", "on", name="state")', 'sa.Enum("closed", "on", name="state")')
BETWEEN, BOTH = NEW.replace('"state"', '"passing"'), 'sa.Enum("off", "on", "closed", name="state")'
USERS = (
    f'op.create_table("users", sa.Column("state", {OLD}, nullable=False), sa.Column("n", sa.Integer()))',
    'op.drop_table("users")',
)


def change(kind: str, existing: str | None = None, column: str = "state") -> str:
    stated = f", existing_type={existing}" if existing else ""
    return f'op.alter_column("users", "{column}", type_={kind}{stated})\n'


MOVED = sql("UPDATE users SET state = 'closed' WHERE state = 'off'") + "\n"


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("upgrade", "lossy"),
    [
        (change(NEW, OLD), [1]),
        (change(BETWEEN, OLD) + change(NEW, BETWEEN), [1]),
        (change(BETWEEN) + change(NEW), [1]),
        (change(BOTH) + MOVED + change(NEW), []),
        (change("sa.String(20)", OLD) + MOVED + change(NEW), []),
        (change(BOTH) + change(NEW), [2]),
        (change("sa.BigInteger()", column="n") + change("sa.Integer()", column="n"), []),
        (change("sa.BigInteger()", column="n") + change("sa.SmallInteger()", column="n"), [2]),
        (
            change("sa.BigInteger()", column="n") + sql("UPDATE users SET n = n * 2") + "\n" + change("sa.Integer()", column="n"),
            [2],
        ),
    ],
)
def test_values_are_lost_where_the_type_becomes_narrower(dialect: str, upgrade: str, lossy: list[int]):
    found = told([USERS, (upgrade, "pass")], dialect)
    alterations = [number for number, line in enumerate(upgrade.splitlines(), 9) if "alter_column" in line]
    assert [finding.place.line for finding in found if finding.code == "MRT215"] == [alterations[number - 1] for number in lossy]


def test_what_a_condition_may_have_changed_is_not_known():
    upgrade = f"if asked():\n    {change(BETWEEN)}{change(NEW)}"
    found = told([USERS, (upgrade, "pass")], "mysql")
    assert [finding.place.line for finding in found if finding.code == "MRT215"] in ([], [10])
