"""Indexes in the advice: code that is copied from a finding builds the index that was meant."""

from __future__ import annotations

import pytest

from mrt_lint.analysis.index_sql import code_of, expression, sql_of, where_of
from mrt_lint.model.ops import CreateIndex
from mrt_lint.model.values import HOLE, UNKNOWN


@pytest.mark.parametrize(
    ("index", "columns", "options"),
    [
        (CreateIndex(index="ix", table="t", columns=("a", "b")), '"a", "b"', ""),
        (CreateIndex(index="ix", table="t", columns=("(lower(name))", "b")), 'sa.text("lower(name)"), "b"', ""),
        (CreateIndex(index="ix", table="t", columns=UNKNOWN, unique=UNKNOWN), "…", ", unique=…"),
        (CreateIndex(index="ix", table="t", columns=("a", UNKNOWN), schema="s"), '"a", …', ', schema="s"'),
        (
            CreateIndex(index="ix", table="t", columns=("a",), unique=True, where="b >  0", using="gin"),
            '"a"',
            ', unique=True, postgresql_where=sa.text("b > 0"), postgresql_using="gin"',
        ),
        (CreateIndex(index="ix", table="t", columns=("a",), where=f"b > {HOLE}", using="btree"), '"a"', ", postgresql_where=…"),
        (CreateIndex(index="ix", table="t", columns=("a",), where='"B" = 1'), '"a"', ", postgresql_where=sa.text('\"B\" = 1')"),
    ],
)
def test_the_code_of_an_index_holds_all_that_is_known_of_it(index: CreateIndex, columns: str, options: str):
    assert code_of(index) == {"columns": columns, "options": options}


@pytest.mark.parametrize(
    ("dialect", "options"),
    [
        ("postgresql", ', postgresql_where=sa.text("a > 0"), postgresql_using="fulltext"'),
        ("sqlite", ', sqlite_where=sa.text("a > 0")'),
        ("mysql", ', mysql_prefix="FULLTEXT"'),
        ("mariadb", ', mysql_prefix="FULLTEXT"'),
    ],
)
def test_each_database_has_options_of_its_own(dialect: str, options: str):
    index = CreateIndex(index="ix", table="t", columns=("a",), where="a > 0", using="fulltext")
    assert code_of(index, dialect)["options"] == options


@pytest.mark.parametrize(
    ("column", "wanted"),
    [
        ("(lower(name))", "lower(name)"),
        ("((lower(name)))", "lower(name)"),
        ("(lower(name) DESC)", "lower(name) DESC"),
        ("(name DESC NULLS LAST)", "name DESC NULLS LAST"),
        ("(a || b)", "(a || b)"),
        ("((a || b))", "(a || b)"),
        ("(lower(a) || lower(b))", "(lower(a) || lower(b))"),
        ("((a) || (b))", "((a) || (b))"),
        ("(data->>'x)')", "(data->>'x)')"),
        ("(coalesce(a, ')'))", "coalesce(a, ')')"),
        ("(a IN (1))", "(a IN (1))"),
    ],
)
def test_an_expression_stands_in_parentheses_where_create_index_wants_them(column: str, wanted: str):
    assert expression(column) == wanted


def test_a_query_groups_by_what_the_index_holds_and_looks_at_its_rows_alone():
    index = CreateIndex(index="ix", table="t", columns=("(lower(name) DESC)", "Order", "(a || b)", UNKNOWN), where="b > 0")
    assert sql_of(index.columns, index, "postgresql") == 'lower(name), "Order", (a || b), …'
    assert where_of(index) == " WHERE b > 0"
    assert where_of(CreateIndex(index="ix", table="t", columns=("a",), where=UNKNOWN)) == " WHERE …"
    assert where_of(CreateIndex(index="ix", table="t", columns=("a",))) == ""
    assert sql_of(UNKNOWN, None, "postgresql") == "…"
