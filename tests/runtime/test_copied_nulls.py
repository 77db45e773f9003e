"""A value that is copied from another table is NULL there for an everyday row, too, whichever revisions are verified together."""

import pytest

from mrt_runtime.seed.code_reader import CodeReading
from mrt_runtime.seed.copied_nulls import CopiedColumn, find_copied
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLES = """op.create_table("shops", sa.Column("id", sa.Integer, primary_key=True), sa.Column("town", sa.String(30)))
    op.execute("INSERT INTO shops VALUES (1, 'Bath'), (2, NULL)")
    op.create_table("tills", sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("shop_id", sa.Integer, sa.ForeignKey("shops.id"), nullable=False), sa.Column("name", sa.String(30)))"""
COPY = """op.add_column("tills", sa.Column("town", sa.String(30)))
    op.execute("{}")
    op.alter_column("tills", "town", existing_type=sa.String(30), nullable=False)"""
FROM = "UPDATE tills SET town = {} FROM shops WHERE shops.id = tills.shop_id"
INNER = "UPDATE tills SET town = {}(SELECT s.town FROM shops s WHERE s.id = tills.shop_id){}"
REFUSED = {"postgres": [FROM.format("shops.town"), FROM.format("lower(shops.town)"), INNER.format("", "")]}
REFUSED["mysql"] = [INNER.format("", ""), "UPDATE tills JOIN shops ON shops.id = tills.shop_id SET tills.town = shops.town"]
TAKEN = INNER.format("coalesce(", ", 'none')")


@pytest.mark.parametrize(("server", "statement"), [(server, one) for server, all_ in REFUSED.items() for one in all_])
@pytest.mark.parametrize("is_alone", [False, True])
def test_what_is_null_in_another_table_fails_where_it_is_copied_into_a_column_without_null(
    project, request, server, statement, is_alone
):
    assert check(project, request.getfixturevalue(f"{server}_url"), statement, is_alone).outcome is Outcome.UPGRADE_FAILED


def test_what_fills_in_for_null_fails_on_no_row(project, postgres_url):
    assert check(project, postgres_url, TAKEN, is_alone=False).outcome is Outcome.REVERSIBLE


def check(project, url, statement, is_alone):
    project.add("001", upgrade=TABLES, downgrade='op.drop_table("tills")\n    op.drop_table("shops")')
    project.add(
        "002", "001", upgrade='op.add_column("tills", sa.Column("n", sa.Integer))', downgrade='op.drop_column("tills", "n")'
    )
    project.add("003", "002", upgrade=COPY.format(statement), downgrade='op.drop_column("tills", "town")')
    with Verification(project.config(db_url=url)) as verification:
        return verification.check("003") if is_alone else [*verification.check_all()][-1]


@pytest.mark.parametrize(
    ("statement", "grammar", "found"),
    [
        (REFUSED["postgres"][0], "postgres", [CopiedColumn("town", "shops", "town", is_plain=True)]),
        (REFUSED["postgres"][1], "postgres", [CopiedColumn("town", "shops", "town", is_plain=False)]),
        (REFUSED["postgres"][2], "sqlite", [CopiedColumn("town", "shops", "town", is_plain=True)]),
        (REFUSED["mysql"][1], "mysql", [CopiedColumn("town", "shops", "town", is_plain=True)]),
        ("UPDATE tills SET town = name", "postgres", []),
        ("UPDATE shops SET town = tills.name FROM tills WHERE tills.shop_id = shops.id", "postgres", []),
    ],
)
def test_which_columns_are_copied_is_read_from_updates(statement, grammar, found):
    assert list(find_copied(CodeReading(statements=(statement,)), "tills", grammar)) == found
