"""Advice on rows whose keys may be NULL, or be those of other rows by the time of the rollback (MRT106, MRT214)."""

import re

import pytest
import sqlalchemy as sa

from tests.lint.test_downgrade_kinds import NOTHING, sql, told

DESKS = """op.create_table(
    "desks", sa.Column("id", {id}), sa.Column("name", sa.String(9), nullable={null}), sa.Column("room", sa.Integer(), nullable={null}),
    {more}
)"""
UNIQUE = 'sa.UniqueConstraint("name", "room", name="uq")'
COPIED = sql("INSERT INTO desks (name, room) SELECT name, room FROM chairs")


def advice(code: str, upgrade: str, before: str, dialect: str = "postgresql") -> str:
    # a table whose primary key the history does not show is found by its unique columns
    return next(each.instead for each in told([(before, "pass"), (upgrade, sql("SELECT 1"))], dialect) if each.code == code)


@pytest.mark.parametrize(
    ("dialect", "null", "written"),
    [
        (
            "postgresql",
            True,
            "desks_added.name IS NOT DISTINCT FROM desks.name AND desks_added.room IS NOT DISTINCT FROM desks.room",
        ),
        ("mysql", True, "desks_added.name <=> desks.name AND desks_added.room <=> desks.room"),
        ("sqlite", True, "desks_added.name IS desks.name AND desks_added.room IS desks.room"),
        ("postgresql", False, "WHERE (name, room) IN (SELECT name, room FROM desks_added)"),
    ],
)
def test_rows_with_null_in_their_key_are_found_again(dialect: str, null: bool, written: str):
    before = DESKS.format(id="sa.Integer()", null=null, more=UNIQUE)
    text = advice("MRT106", COPIED, before, dialect)
    assert written in text
    if dialect == "sqlite":
        statement = re.search(r"DELETE FROM [^\"']+", text)
        assert statement is not None
        with sa.create_engine("sqlite://").begin() as connection:
            for name in ("desks", "desks_added"):
                connection.exec_driver_sql(f"CREATE TABLE {name} (name text, room int)")
                connection.exec_driver_sql(f"INSERT INTO {name} VALUES ('a', NULL), ('b', 1)")
            connection.exec_driver_sql("INSERT INTO desks VALUES ('c', NULL)")
            connection.exec_driver_sql(statement[0])
            assert connection.exec_driver_sql("SELECT name FROM desks").fetchall() == [("c",)]


@pytest.mark.parametrize(
    ("dialect", "key", "more", "said"),
    [
        ("sqlite", "sa.Integer(), primary_key=True", "", "SQLite gives the id of deleted rows to new ones"),
        ("sqlite", "sa.Integer(), primary_key=True", "sqlite_autoincrement=True", ""),
        ("sqlite", "sa.String(9), primary_key=True", "", "may have the same id"),
        ("postgresql", "sa.Integer(), primary_key=True", "", ""),
        ("postgresql", "sa.Integer(), primary_key=True", UNIQUE, "may have the same name, room: those have to go before"),
        ("postgresql", "sa.String(9), primary_key=True", "", "may have the same id: "),
        ("postgresql", "sa.Uuid(), primary_key=True", "", ""),
        ("mysql", "sa.Integer(), primary_key=True", "", ""),
    ],
)
def test_keys_that_rows_may_have_got_again_are_named(dialect: str, key: str, more: str, said: str):
    text = advice("MRT214", sql("DELETE FROM desks"), DESKS.format(id=key, null=True, more=more), dialect)
    assert said in text
    assert text.endswith("drop the copy") is not bool(said)


def test_sqlite_numbers_rows_of_an_unknown_table_again():
    assert "gives the key of deleted rows to new ones" in advice("MRT214", sql("DELETE FROM desks"), NOTHING, "sqlite")
