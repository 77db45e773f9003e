"""Names in the advice: SQL that is copied from a finding runs."""

import pytest

from mrt_lint.analysis.wording import deed, names
from mrt_lint.model.ops import (
    AddColumn,
    AlterColumn,
    CreateForeignKey,
    CreateIndex,
    CreatePrimaryKey,
    DropColumn,
    DropConstraint,
    Op,
    RenameTable,
)
from mrt_lint.model.values import UNKNOWN, Column, Constraint


@pytest.mark.parametrize(
    ("op", "table", "column"),
    [
        (DropColumn(table="users", column="name"), "users", "name"),
        (DropColumn(table="user", column="Name"), '"user"', '"Name"'),
        (DropColumn(table="Order", schema="s", column="GROUP"), 's."Order"', '"GROUP"'),
        (DropColumn(table="Users", column="Name", sql=True), '"Users"', '"Name"'),
        (DropColumn(table="user", column="name", sql=True), '"user"', "name"),
        (DropColumn(table="half open", column="name", sql=True), '"half open"', "name"),
        (DropColumn(table=UNKNOWN, schema="s", column=UNKNOWN), "…", "…"),
    ],
)
def test_names_in_sql_are_quoted_where_they_would_be_folded_or_taken_for_a_word_of_sql(op: DropColumn, table: str, column: str):
    found = names(op)
    assert (found["sql_table"], found["sql_column"]) == (table, column)


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("op", "table", "column"),
    [
        (DropColumn(table="users", column="name"), "users", "name"),
        (DropColumn(table="order", schema="Shop", column="key"), "Shop.`order`", "`key`"),
        (DropColumn(table="Users", column="first name"), "Users", "`first name`"),
        (DropColumn(table=UNKNOWN, column=UNKNOWN), "…", "…"),
    ],
)
def test_mysql_quotes_in_backticks_and_keeps_capitals_without(op: DropColumn, table: str, column: str, dialect: str):
    found = names(op, dialect)
    assert (found["sql_table"], found["sql_column"]) == (table, column)


@pytest.mark.parametrize(
    ("op", "words"),
    [
        (AddColumn(table="users", column="nick", definition=Column(name="nick")), "the new column 'users.nick'"),
        (CreateForeignKey(table="a", definition=Constraint(kind="foreignkey", name="fk")), "the new foreign key 'fk'"),
        (CreatePrimaryKey(table="a", definition=Constraint(kind="primary")), "the new primary key"),
        (CreateIndex(index=None, table="a"), "the new index"),
        (DropConstraint(table="a", constraint="x", kind="check"), "the drop of check constraint 'x'"),
        (RenameTable(table="a", new_table="b"), "another name of table 'a'"),
        (AlterColumn(table="a", column="b"), "a change of column 'a.b'"),
    ],
)
def test_what_was_done_is_named_by_what_it_was_done_to(op: Op, words: str):
    assert deed(op) == words
