"""MRT103 and MRT113: values that UPDATEs of downgrade() do not give back, though they write the column, or take from other rows."""

import pytest

from tests.lint.test_downgrade_kinds import sql, told

MADE = (
    """
op.create_table(
    "users",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("role", sa.String(20)),
    sa.Column("state", sa.String(20), nullable=False, server_default="on"),
    sa.Column("level", sa.Integer()),
    sa.Column("active", sa.Boolean(), nullable=False),
    sa.Column("mood", sa.Enum("sad", "ok", "glad", name="mood")),
    sa.Column("plan", sa.Text(), sa.CheckConstraint("plan IN ('free', 'pro')", name="ck")),
)
op.execute("INSERT INTO users (role, active) VALUES ('Guest', true)")
""",
    'op.drop_table("users")',
)
USERS = 'users = sa.table("users", sa.column("role"), sa.column("active"), sa.column("level"))\n'
ORM = """
from sqlalchemy.orm import Session, declarative_base
class User(declarative_base()):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    role = sa.Column(sa.Text)
session = Session(op.get_bind())
"""
BACK = sql("UPDATE users SET role = 'x' WHERE role = 'z'")
BOTH = sql("UPDATE users SET role = 'z' WHERE role IN ('x', 'y')")


def found(code: str, upgrade: str, downgrade: str) -> list[str]:
    return [finding.message for finding in told([MADE, (upgrade, downgrade)]) if finding.code == code]


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        (BOTH, BACK),
        (sql("UPDATE users SET role = 'z' WHERE role = 'x'", "UPDATE users SET role = 'z' WHERE role = 'y'"), BACK),
        (BOTH, sql("UPDATE users SET role = CASE WHEN role = 'z' THEN 'x' ELSE role END")),
        (sql("UPDATE users SET role = CASE role WHEN 'x' THEN 'z' WHEN 'y' THEN 'z' ELSE role END"), BACK),
        (
            'for old, new in {"x": "z", "y": "z"}.items():\n    op.execute(f"UPDATE users SET role = \'{new}\' WHERE role = \'{old}\'")',
            'for old, new in {"x": "z", "y": "z"}.items():\n    op.execute(f"UPDATE users SET role = \'{old}\' WHERE role = \'{new}\'")',
        ),
        (f'{USERS}op.execute(users.update().where(users.c.role.in_(["x", "y"])).values(role="z"))', BACK),
        (
            "op.execute(sa.text(\"UPDATE users SET role = :new WHERE role IN ('x', 'y')\").bindparams(new=\"z\"))",
            'op.get_bind().execute(sa.text("UPDATE users SET role = :old WHERE role = :new"), {"old": "x", "new": "z"})',
        ),
        (
            f'{ORM}session.query(User).filter(User.role.in_(["x", "y"])).update({{"role": "z"}})',
            f'{ORM}session.query(User).filter(User.role == "z").update({{User.role: "x"}})',
        ),
    ],
)
def test_two_values_that_become_one_are_not_told_apart_again(upgrade: str, downgrade: str):
    [message] = found("MRT103", upgrade, downgrade)
    assert message.startswith(
        "upgrade sets column 'users.role' from 'x' and 'y' to 'z', and downgrade from that to 'x' in all rows"
    )


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        (sql("UPDATE users SET role = 'z' WHERE role LIKE 'old%'"), BACK),
        (sql("UPDATE users SET role = 'z' WHERE level < 0"), sql("UPDATE users SET role = 'x' WHERE level < 0")),
        (sql("UPDATE users SET role = 'z'"), sql("UPDATE users SET role = 'x'")),
        (sql("UPDATE users SET role = 'z' WHERE active"), BACK),
        (sql("UPDATE users SET role = 'z' WHERE mood = 'ok'"), BACK),
        (sql("UPDATE users SET role = 'z' WHERE role = 'x' OR role = 'y'"), BACK),
    ],
)
def test_various_values_that_become_one(upgrade: str, downgrade: str):
    [message] = found("MRT103", upgrade, downgrade)
    assert "from various values to 'z', and downgrade from that to 'x'" in message


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "left"),
    [
        (sql("UPDATE users SET level = 3 WHERE id = 1"), sql("UPDATE users SET level = 1 WHERE level = 2"), "level' to '3'"),
        (sql("UPDATE users SET role = 'Z' WHERE role = 'x'"), sql("UPDATE users SET role = 'x' WHERE role = 'zz'"), "role' to 'Z'"),
        (sql("UPDATE users SET role = NULL WHERE role = 'x'"), sql("UPDATE users SET role = 'x' WHERE role = ''"), "role' to NULL"),
        (
            'for pair in ("ax", "by", "cz"):\n    op.execute(f"UPDATE users SET role = \'{pair[1]}\' WHERE role = \'{pair[0]}\'")',
            sql("UPDATE users SET role = 'a' WHERE role = 'x'"),
            "role' to 'y' and 'z'",
        ),
        (
            sql("UPDATE users SET level = 3 WHERE role = 'first'"),
            sql("UPDATE users SET level = 1 WHERE role = 'second'"),
            "level' to '3'",
        ),
    ],
)
def test_a_value_that_no_update_of_downgrade_meets(upgrade: str, downgrade: str, left: str):
    [message] = found("MRT103", upgrade, downgrade)
    assert message.startswith(f"upgrade sets column 'users.{left}, which no UPDATE of downgrade meets")


def test_another_value_than_the_former_one():
    [message] = found("MRT103", sql("UPDATE users SET role = 'z' WHERE role = 'y'"), BACK)
    assert message.startswith("upgrade sets column 'users.role' from 'y' to 'z', and downgrade from that to 'x'")


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        (sql("UPDATE users SET role = 'z' WHERE role = 'x'"), BACK),
        (sql("UPDATE users SET role = 'z' WHERE id = 4"), sql("UPDATE users SET role = 'x' WHERE id = 4")),
        (sql("UPDATE users SET role = 'Z' WHERE role IN ('z', 'x')"), BACK),
        (BOTH, sql("UPDATE users SET role = 'y' WHERE role = 'z' AND id IN (SELECT id FROM old)") + "\n" + BACK),
        (BOTH, sql("UPDATE users SET role = old.role FROM old WHERE old.id = users.id")),
        (BOTH, sql("DELETE FROM users WHERE role = 'z'", "INSERT INTO users (role) VALUES ('x')") + "\n" + BACK),
        (BOTH, f"{BACK}\nwork(op)"),
        (f"{BOTH}\nop.alter_column('users', 'role', new_column_name='kind')", BACK.replace("role", "kind")),
        (sql("UPDATE users SET role = 't' WHERE role = 'x'", "UPDATE users SET role = 'z' WHERE role = 't'"), BACK),
        (sql("UPDATE users SET role = 'z' WHERE role IS NULL"), BACK),
        (
            sql("UPDATE users SET level = 1 WHERE role = 'x'", "UPDATE users SET level = 1 WHERE role = 'y'"),
            sql("UPDATE users SET level = 2 WHERE role = 'x'", "UPDATE users SET level = 3 WHERE role = 'y'"),
        ),
        (
            sql("UPDATE users SET mood = CASE mood WHEN 'sad' THEN 'glad' WHEN 'glad' THEN 'sad' ELSE mood END"),
            sql("UPDATE users SET mood = CASE mood WHEN 'sad' THEN 'glad' WHEN 'glad' THEN 'sad' ELSE mood END"),
        ),
    ],
)
def test_what_comes_back_or_may_do_so(upgrade: str, downgrade: str):
    assert not found("MRT103", upgrade, downgrade)
    assert not found("MRT113", upgrade, downgrade)


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "met"),
    [
        (
            sql("UPDATE users SET mood = 'ok' WHERE mood = 'sad'"),
            sql("UPDATE users SET mood = 'sad' WHERE mood = 'ok'"),
            "its type",
        ),
        (
            f"{USERS}op.execute(users.update().where(users.c.level < 3).values(active=False))",
            f"{USERS}op.execute(users.update().where(users.c.active == sa.false()).values(active=True))",
            "it is a boolean",
        ),
        (
            sql("UPDATE users SET active = '0' WHERE active"),
            sql("UPDATE users SET active = '1' WHERE NOT active"),
            "it is a boolean",
        ),
        (
            sql("UPDATE users SET state = 'on' WHERE state = 'x'"),
            sql("UPDATE users SET state = 'x' WHERE state = 'on'"),
            "the default",
        ),
        (sql("UPDATE users SET role = NULL WHERE role = ''"), sql("UPDATE users SET role = '' WHERE role IS NULL"), "may be NULL"),
        (sql("UPDATE users SET level = 0 WHERE level IS NULL"), sql("UPDATE users SET level = NULL WHERE level = 0"), "of nothing"),
        (
            sql("UPDATE users SET plan = 'free' WHERE plan = 'pro'"),
            sql("UPDATE users SET plan = 'pro' WHERE plan = 'free'"),
            "admits",
        ),
        (
            sql("UPDATE users SET role = 'Guest' WHERE role = 'x'"),
            sql("UPDATE users SET role = 'x' WHERE role = 'Guest'"),
            "an earlier revision writes it",
        ),
    ],
)
def test_rows_that_held_the_value_before_change_as_well(upgrade: str, downgrade: str, met: str):
    [message] = found("MRT113", upgrade, downgrade)
    assert "also in rows that held this before upgrade (" in message
    assert met in message


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        (
            sql("ALTER TYPE mood ADD VALUE 'meh'", "UPDATE users SET mood = 'meh' WHERE mood = 'ok'"),
            sql("UPDATE users SET mood = 'ok' WHERE mood = 'meh'"),
        ),
        (sql("UPDATE users SET role = 'new' WHERE role = 'x'"), sql("UPDATE users SET role = 'x' WHERE role = 'new'")),
        (sql("UPDATE users SET plan = 'team' WHERE plan = 'pro'"), sql("UPDATE users SET plan = 'pro' WHERE plan = 'team'")),
        (
            sql("UPDATE users SET active = false WHERE id = 4"),
            sql("UPDATE users SET active = true WHERE id = 4 AND active = false"),
        ),
        (
            sql("UPDATE users SET mood = 'ok' WHERE mood = 'sad'"),
            sql("UPDATE users SET mood = 'sad' WHERE mood = 'ok' AND id IN (SELECT id FROM sad)"),
        ),
        (
            sql("UPDATE users SET mood = 'glad' WHERE mood = 'ok'", "UPDATE users SET mood = 'ok' WHERE mood = 'sad'"),
            sql("UPDATE users SET mood = 'sad' WHERE mood = 'ok'", "UPDATE users SET mood = 'ok' WHERE mood = 'glad' AND id = 4"),
        ),
        (f"work(op)\n{sql('UPDATE users SET active = false')}", sql("UPDATE users SET active = true WHERE active = false")),
    ],
)
def test_a_value_that_no_row_held_before_or_rows_that_are_named(upgrade: str, downgrade: str):
    assert not found("MRT113", upgrade, downgrade)
