"""A collation that ignores case puts texts together that differ in it: rows that are looked up by such lose what they held."""

import pytest

from mrt_runtime.compare.schema import CatalogueColumn, ColumnType, Table
from mrt_runtime.seed.case_twins import find_put_together
from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.verdict import Outcome

ITEMS = 'op.create_table("items", sa.Column("id", sa.Integer, primary_key=True), sa.Column("brand", sa.String(40{})))'
BRANDS = 'op.create_table("brands", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(40), unique=True))'
THERE = [
    BRANDS,
    'op.add_column("items", sa.Column("brand_id", sa.Integer))',
    'op.execute("INSERT INTO brands (name) SELECT {} FROM items WHERE brand IS NOT NULL{}")',
    'op.execute("UPDATE items SET brand_id = (SELECT b.id FROM brands b WHERE b.name = items.brand)")',
    'op.drop_column("items", "brand")',
]
BACK = [
    'op.add_column("items", sa.Column("brand", sa.String(40{})))',
    'op.execute("UPDATE items SET brand = (SELECT b.name FROM brands b WHERE b.id = items.brand_id)")',
    'op.drop_column("items", "brand_id")',
    'op.drop_table("brands")',
]
DISTINCT, GROUPED = ("DISTINCT brand", ""), ("max(brand)", " GROUP BY brand")


def go(verify, url, chosen, collation=""):
    there, back = ("\n    ".join(steps) for steps in (THERE, BACK))
    there, back = there.format(*chosen), back.format(collation)
    return verify(url, (ITEMS.format(collation), 'op.drop_table("items")'), (there, back))["002"]


@pytest.mark.parametrize("chosen", [DISTINCT, GROUPED])
def test_texts_that_differ_in_case_only_become_one(verify, mysql_url, chosen):
    verdict = go(verify, mysql_url, chosen)
    assert verdict.outcome is Outcome.DATA_LOSS
    assert [(one.table, one.column) for one in verdict.failures] == [("items", "brand")]


def test_they_stay_apart_where_case_counts(verify, mysql_url, postgres_url):
    assert go(verify, postgres_url, DISTINCT).outcome is Outcome.REVERSIBLE
    assert go(verify, mysql_url, DISTINCT, ", collation='utf8mb4_bin'").outcome is Outcome.REVERSIBLE


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("INSERT INTO brands (name) SELECT DISTINCT brand FROM items", {"brand"}),
        ("INSERT INTO brands (name) SELECT brand FROM items GROUP BY brand", {"brand"}),
        ("UPDATE items JOIN brands ON brands.name = items.brand SET items.brand_id = brands.id", {"brand"}),
        ("UPDATE items SET brand = 'x'", set()),
        ("DELETE FROM items WHERE id NOT IN (SELECT min(id) FROM items GROUP BY brand)", set()),
    ],
)
def test_which_columns_are_put_together_is_read_from_statements(statement, found):
    text = ColumnType(text="varchar(40)", base="varchar")
    table = Table(name="items", columns=(CatalogueColumn(name="brand", position=1, type=text),))
    assert set(find_put_together(CodeReading(statements=[statement]), table, "mysql")) == found
