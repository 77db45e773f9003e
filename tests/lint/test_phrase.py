"""Names in the advice: SQL that is copied from a finding runs."""

import pytest

from mrt_lint.ops import DropColumn
from mrt_lint.phrase import names
from mrt_lint.values import UNKNOWN


@pytest.mark.parametrize(
    ("op", "table", "column"),
    [
        (DropColumn(table="users", column="name"), "users", "name"),
        (DropColumn(table="user", column="Name"), '"user"', '"Name"'),
        (DropColumn(table="Order", schema="s", column="GROUP"), 's."Order"', '"GROUP"'),
        (DropColumn(table="Users", column="Name", sql=True), "Users", "Name"),
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
