"""Columns that are set NOT NULL in a step of their own: whether each row has a value by then (MRT401)."""

import os

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from mrt_lint.model.finding import Finding
from tests.lint.test_downgrade_kinds import sql, told
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

TABLES = """
op.create_table("teams", sa.Column("id", sa.Integer, primary_key=True), sa.Column("mood", sa.Text))
op.create_table("users", sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.Text),
                sa.Column("boss_id", sa.Integer, sa.ForeignKey("teams.id")),
                sa.Column("team_id", sa.Integer, sa.ForeignKey("teams.id"), nullable=False),
                sa.Column("on_leave", sa.Boolean, server_default="f", nullable=False),
                sa.Column("tone", sa.Enum("loud", "soft", name="tone"), server_default="soft", nullable=False))
op.create_table("mails", sa.Column("id", sa.Integer, primary_key=True), sa.Column("user_id", sa.Integer), sa.Column("mail", sa.Text))
op.create_table("plans", sa.Column("id", sa.Integer, sa.ForeignKey("users.id"), primary_key=True), sa.Column("kind", sa.Text))
"""
ADD = 'op.add_column("{}", sa.Column("mail", sa.Text()))'
REQUIRE = 'op.alter_column("{}", "mail", existing_type=sa.Text(), nullable=False)'
CORE = 'users, mails = (sa.table(name, *map(sa.column, ["id", "kind", "mail", "user_id"])) for name in ("users", "mails"))\n'
EACH = "op.execute(users.update().where(users.c.{}).values(mail='x'))"
FROM_TEAM = "UPDATE users SET mail = t.mood FROM teams t WHERE t.id = users.{}"
ONE_OF = "UPDATE users SET mail = (SELECT {} FROM {} WHERE {})"


def about_null(fills: str, dialect: str = "postgresql", table: str = "users", require: str = REQUIRE) -> list[Finding]:
    upgrade = "\n".join(step for step in (ADD.format(table), fills, require.format(table)) if step)
    return [found for found in told([(TABLES, "pass"), (upgrade, "pass")], dialect) if found.code == "MRT401"]


ADMINS = "UPDATE users SET mail = 'x' WHERE kind = 'admin'"


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb"])
@pytest.mark.parametrize("require", [REQUIRE, sql("ALTER TABLE {} ALTER COLUMN mail SET NOT NULL")])
def test_a_new_column_without_any_value(dialect: str, require: str):
    (finding,) = about_null("", dialect, require=require)
    assert "adds column 'users.mail' without a value, and sets it NOT NULL" in finding.message
    assert finding.instead.endswith('op.execute("UPDATE users SET mail = …")')


LEFT = [
    (sql("UPDATE users SET mail = 'x' WHERE kind = 'admin'"), "rows that WHERE chooses"),
    (sql("UPDATE users SET mail = 'x' WHERE mail IS NULL AND kind = 'admin'"), "rows that WHERE chooses"),
    (sql("UPDATE users SET mail = 'x' WHERE kind IS NOT NULL AND kind <> 'guest'"), "rows that WHERE chooses"),
    (f"{CORE}op.execute(users.update().where(users.c.kind == 'admin').values(mail='x'))", "rows that WHERE chooses"),
    (sql("UPDATE users SET mail = m.mail FROM mails m WHERE m.user_id = users.id"), "rows that 'mails' has a match for"),
    (sql("UPDATE users u SET mail = m.mail FROM mails m WHERE m.user_id = u.id"), "rows that 'mails' has a match for"),
    (sql(FROM_TEAM.format("boss_id")), "rows that 'teams' has a match for"),
    (f"{CORE}op.execute(users.update().where(users.c.id == mails.c.user_id).values(mail=mails.c.mail))", "'mails' has a match for"),
    (sql(ONE_OF.format("m.mail", "mails m", "m.user_id = users.id")), "rows that 'mails' has a match for"),
    (sql(ONE_OF.format("mood", "teams", "teams.id = users.boss_id")), "rows that 'teams' has a match for"),
    (sql(ADMINS, "UPDATE users SET mail = 'y' WHERE kind <> 'admin'"), "rows with a value in 'kind'"),
    (sql(ADMINS, "UPDATE users SET mail = 'y' WHERE kind IN ('user', 'owner')"), "rows with a value in 'kind'"),
    (sql(ADMINS, "UPDATE users SET mail = 'y' WHERE boss_id = 7"), "rows that WHERE chooses"),
    (sql(ADMINS, "UPDATE users SET mail = 'y' WHERE kind IS NULL"), "rows that WHERE chooses"),
    (sql(ADMINS, "DELETE FROM users WHERE tone = 'loud'"), "rows that WHERE chooses"),
    (sql(ADMINS, "DELETE FROM users WHERE kind = 'bot'"), "rows with a value in 'kind'"),
    (sql("DELETE FROM users WHERE id > 3 AND on_leave", FROM_TEAM.format("boss_id")), "rows that 'teams' has a match for"),
    (sql("UPDATE users SET mail = 'x' WHERE EXISTS (SELECT 1 FROM mails m WHERE m.user_id = users.id)"), "'mails' has a match for"),
]


@pytest.mark.parametrize(("fills", "rows"), LEFT)
def test_an_update_that_leaves_rows(fills: str, rows: str):
    (finding,) = about_null(fills)
    assert f"{rows}: it fails where another one holds NULL" in finding.message
    assert finding.instead.endswith('op.execute("UPDATE users SET mail = … WHERE mail IS NULL")')


@pytest.mark.parametrize(
    "fills",
    [
        sql("UPDATE users SET mail = 'x'"),
        sql("UPDATE users SET mail = 'x' WHERE mail IS NULL"),
        sql("UPDATE users SET mail = 'x' WHERE mail IS NULL OR mail = ''"),
        sql("UPDATE users SET mail = 'x' WHERE id > 0"),
        sql("UPDATE users SET mail = 'x' WHERE true"),
        sql("UPDATE users SET mail = 'x' WHERE team_id IS NOT NULL"),
        sql("UPDATE users SET mail = 'x' WHERE mail IS NULL AND users.team_id IS NOT NULL"),
        sql(ADMINS, "UPDATE users SET mail = 'y' WHERE kind <> 'admin' OR kind IS NULL"),
        sql(ADMINS, "UPDATE users SET mail = 'y' WHERE kind != 'admin'", "UPDATE users SET mail = 'z' WHERE kind IS NULL"),
        sql(ADMINS, "UPDATE users SET mail = 'y' WHERE mail IS NULL"),
        sql(ADMINS, "UPDATE users SET mail = 'y' WHERE lower(kind) <> 'admin'"),
        sql(ADMINS, "DELETE FROM users WHERE mail IS NULL"),
        sql(ADMINS, "DELETE FROM users WHERE users.kind != 'admin'", "DELETE FROM users WHERE kind IS NULL"),
        sql(ADMINS, "DELETE FROM users WHERE kind IS DISTINCT FROM 'admin'"),
        sql(ADMINS, "DELETE FROM users WHERE id NOT IN (SELECT user_id FROM mails)"),
        sql(ADMINS, "DELETE FROM users USING mails m WHERE m.user_id = users.id"),
        sql("UPDATE users SET mail = 'x' WHERE team_id = 1", "UPDATE users SET mail = 'y' WHERE team_id = 2"),
        sql("UPDATE users SET mail = 'x' WHERE team_id = 1", "UPDATE users SET mail = 'y' WHERE team_id != 1"),
        sql("UPDATE users SET mail = 'x' WHERE on_leave", "UPDATE users SET mail = 'y' WHERE on_leave = false"),
        sql("UPDATE users SET mail = 'x' WHERE on_leave IS TRUE", "UPDATE users SET mail = 'y' WHERE NOT on_leave"),
        sql("UPDATE users SET mail = 'x' WHERE tone = 'loud'", "UPDATE users SET mail = 'y' WHERE tone IN ('soft')"),
        sql("UPDATE users SET mail = 'x' WHERE id = 1", "UPDATE users SET mail = 'y' WHERE id = 2"),
        sql(FROM_TEAM.format("boss_id"), "UPDATE users SET mail = m.mail FROM mails m WHERE m.user_id = users.id"),
        sql("DELETE FROM users WHERE mail IS NULL"),
        sql("UPDATE users SET mail = 'x' WHERE kind = 'admin'", "SELECT fill_mails()", "CALL fill_mails()"),
        sql(FROM_TEAM.format("team_id")),
        sql(ONE_OF.format("mood", "teams t", "t.id = users.team_id")),
        sql(ONE_OF.format("coalesce(max(m.mail), '')", "mails m", "m.user_id = users.id")),
        "fill(op.get_bind())",
        f"{CORE}op.execute(users.update().values(mail='x'))",
        f"{CORE}for row in op.get_bind().execute(sa.select(users.c.id)):\n    {EACH.format('id == row.id')}",
        f"{CORE}for row in op.get_bind().execute(sa.select(users.c.kind)):\n    {EACH.format('kind == row[0]')}",
        'op.get_bind().execute(sa.text("UPDATE users SET mail = \'x\' WHERE kind = :kind"), {"kind": kind})',
        'op.drop_column("users", "mail")\nop.add_column("users", sa.Column("mail", sa.Text(), server_default=""))',
    ],
)
def test_what_may_fill_each_row(fills: str):
    assert about_null(fills) == []


def test_a_row_of_the_key_that_points_to_the_other_table_has_a_match():
    assert about_null(sql("UPDATE plans SET mail = u.kind FROM users u WHERE u.id = plans.id"), table="plans") == []


@pytest.mark.parametrize(
    ("fills", "is_told"),
    [
        ("", False),
        (sql("UPDATE users SET kind = 'x' WHERE kind IS NULL"), False),
        (sql("UPDATE users SET kind = 'x' WHERE boss_id > 3"), False),
        (sql("UPDATE users SET kind = 'x' WHERE kind IS NULL AND boss_id > 3"), True),
    ],
)
def test_a_column_that_was_there_is_told_where_some_of_its_nulls_are_filled(fills: str, is_told: bool):
    upgrade = f'{fills}\nop.alter_column("users", "kind", existing_type=sa.Text(), nullable=False)'
    assert any(finding.code == "MRT401" for finding in told([(TABLES, "pass"), (upgrade, "pass")])) == is_told


MODEL = """
from sqlalchemy.orm import Session, declarative_base
class User(declarative_base()):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    kind = sa.Column(sa.Text)
    mail = sa.Column(sa.Text)
    on_leave = sa.Column(sa.Boolean)

session = Session(op.get_bind())
"""
SPELLED = [
    (
        "User.kind == None",
        "{c}.kind.is_(None)",
        "sa.and_({c}.kind == sa.null(), True)",
        "kind=None",
        "{c}.kind.isnot_distinct_from(None)",
    ),
    (
        "User.kind != None",
        "{c}.kind.isnot(None)",
        "{c}.kind.is_not(sa.null())",
        "~({c}.kind == None)",
        "sa.not_({c}.kind.is_(None))",
    ),
    (
        "User.kind == 'admin'",
        "{c}.kind.in_(['admin'])",
        "'admin' == {c}.kind",
        "kind='admin'",
        "{c}.kind.is_not_distinct_from('admin')",
    ),
    (
        "{c}.kind != 'admin'",
        "{c}.kind.notin_(['admin'])",
        "~{c}.kind.in_(['admin'])",
        "sa.not_({c}.kind == 'admin')",
        "{c}.kind != 'admin'",
    ),
]


@pytest.mark.parametrize("spelling", range(5))
@pytest.mark.parametrize("number", range(len(SPELLED)))
def test_conditions_of_core_and_the_orm_are_those_of_sql(number: int, spelling: int):
    statements = {}
    for rest in range(len(SPELLED)):
        condition = SPELLED[rest][spelling]
        is_named = condition.startswith("kind=")
        orm, core = condition.format(c="User"), condition.format(c="users.c").replace("User.", "users.c.")
        by = "filter_by" if is_named else "filter"
        statements[rest] = [f"session.query(User).{by}({orm}).update({{'mail': 'x'}})"]
        if not is_named:
            statements[rest] += [
                f"session.execute(sa.update(User).where({orm}).values(mail='x'))",
                f"op.execute(users.update().where({core}).values(mail='x'))",
                f"op.execute(users.delete().where({core}))",
            ]
    others = {0: [1], 1: [0], 2: [0, 3], 3: [0, 2]}[number]
    for statement in statements[number]:
        assert len(about_null(f"{CORE}{MODEL}{statement}")) == 1
        assert about_null("\n".join([CORE, MODEL, statement, *(statements[other][0] for other in others)])) == []


def test_a_table_of_this_upgrade_is_empty():
    made = 'op.create_table("notes", sa.Column("id", sa.Integer))'
    steps = f"{made}\n{ADD.format('notes')}\n{REQUIRE.format('notes')}"
    assert "MRT401" not in {finding.code for finding in told([(TABLES, "pass"), (steps, "pass")])}


def test_postgresql_refuses_not_null_where_rows_are_left(postgres_server):  # noqa: F811 - as fixtures are asked for
    with own_database(postgres_server, f"mrt_left_null_{os.getpid()}") as url:
        engine = sa.create_engine(url)
        for fills, _ in [("pass", ""), *LEFT]:
            with engine.connect() as connection:
                names = {"op": Operations(MigrationContext.configure(connection)), "sa": sa}
                exec(TABLES, names)
                rows = "INSERT INTO users VALUES (1, 'guest', NULL, 1), (2, NULL, NULL, 1)"
                connection.exec_driver_sql(f"INSERT INTO teams VALUES (1, 'x'); {rows}")
                exec(f"{ADD.format('users')}\n{fills}", names)
                with pytest.raises(sa.exc.IntegrityError, match="contains null values"):
                    exec(REQUIRE.format("users"), names)
        engine.dispose()
