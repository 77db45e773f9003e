"""MRT103: what an UPDATE overwrites, what it only fills, and what of it is to go for good."""

import pytest

from tests.lint.test_downgrade_kinds import NOTHING, told

MADE = """
op.create_table(
    "crates", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("label", sa.String(20)), sa.Column("owner", sa.String(20))
)
"""
SET_CORE = 'c.execute(crates.update().where(crates.c.id == row.id).values(label="none"))'
SET_SQL = 'c.execute(sa.text("UPDATE crates SET label = :label WHERE id = :id"), {"label": f(row), "id": row.id})'
HEAD = """
from sqlalchemy.orm import declarative_base
crates = sa.table("crates", sa.column("id"), sa.column("label"), sa.column("owner"))
class Crate(declarative_base()):
    __tablename__ = "crates"
    id = sa.Column(sa.Integer, primary_key=True)
    label = sa.Column(sa.String(20))
session = sa.orm.Session(op.get_bind())
c = op.get_bind()
"""


def of_update(upgrade: str, downgrade: str = NOTHING) -> list[str]:
    found = told([(MADE, 'op.drop_table("crates")'), (HEAD + upgrade, downgrade)])
    return [f"{finding.message}: {finding.instead}" for finding in found if finding.code == "MRT103"]


@pytest.mark.parametrize("change", [SET_CORE, SET_SQL, "put(row)"])
@pytest.mark.parametrize(
    ("test", "fills"),
    [
        ("if row.label is None:\n        {}", True),
        ("if row['label'] is None and row.owner:\n        {}", True),
        ("if not (row.label is not None or row.owner):\n        {}", True),
        ("if row.label == None:\n        {}", True),
        ("if row._mapping[crates.c.label] is None:\n        {}", True),
        ("if row.label is not None:\n        continue\n    {}", True),
        ("if row.label is not None:\n        pass\n    else:\n        {}", True),
        ("if row.owner:\n        if row.label is not None:\n            continue\n        {}", True),
        ("if row.owner:\n        if row.label is not None:\n            continue\n    {}", False),
        ("if row.owner is None:\n        {}", False),
        ("if row.label is None or row.owner:\n        {}", False),
        ("if row.label is not None:\n        {}", False),
        ("if row.label is None:\n        pass\n    {}", False),
        ("if not row.label:\n        {}", False),
        ("{}", False),
    ],
)
def test_what_python_has_found_to_be_none_is_filled_and_not_overwritten(change: str, test: str, fills: bool):
    helper = f"def put(row):\n    {SET_CORE}\n"
    upgrade = f"{helper}for row in c.execute(sa.select(crates)):\n    {test.format(change)}"
    [found] = of_update(upgrade)
    assert found.startswith("upgrade fills what was NULL") is fills


@pytest.mark.parametrize("row", ["session.query(Crate)", "session.scalars(sa.select(Crate))"])
def test_so_of_objects_of_the_orm(row: str):
    [found] = of_update(f"for each in {row}:\n    if each.label is None:\n        each.label = f(each)")
    assert found.startswith("upgrade fills what was NULL")
    [found] = of_update(f"for each in {row}:\n    if each.label:\n        each.label = f(each)")
    assert found.startswith("upgrade overwrites")


@pytest.mark.parametrize(
    "update",
    [
        "op.execute(\"UPDATE crates SET label = ''\")",
        'op.execute("UPDATE crates SET label = NULL WHERE id > 9")',
        'op.execute("WITH old AS (SELECT id FROM crates) UPDATE crates SET label = NULL WHERE id IN (SELECT id FROM old)")',
        "op.execute(crates.update().values(label=None))",
        'for each in session.query(Crate):\n    if check(each.label):\n        each.label = ""',
        "op.execute(\"UPDATE crates SET label = 'x' WHERE label IN ('a', 'b')\")",
    ],
)
def test_where_values_are_erased_the_former_ones_are_kept_or_go_for_good(update: str):
    [found] = of_update(update)
    assert "copy the former values of label first" in found
    assert "go for good" in found


@pytest.mark.parametrize(
    "update",
    ['op.execute("UPDATE crates SET label = lower(label)")', "op.execute(\"UPDATE crates SET label = 'b' WHERE label = 'a'\")"],
)
def test_what_is_computed_from_former_values_may_be_computed_back(update: str):
    [found] = of_update(update)
    assert "compute the former ones again" in found


@pytest.mark.parametrize(
    ("update", "kept"),
    [
        ('op.execute("UPDATE crates SET label = owner::text")', "of label first, to a new column of crates or a table of its own"),
        (
            "op.execute(\"UPDATE crates SET label = 'x', owner = owner + 1\")",
            "of label and owner first, to a table of its own, with the key of each row",
        ),
        ("for each in session.query(Crate):\n    each.label = f(each.label)", "of label first, to a new column of crates"),
        ("op.get_bind().execute(crates.update().values(**values))", "of all columns that change first, to a table of its own"),
    ],
)
def test_what_no_update_computes_back_is_kept_with_all_its_columns(update: str, kept: str):
    [found] = of_update(update)
    assert f"copy the former values {kept}" in found
    assert "compute the former ones" not in found


def test_a_downgrade_that_changes_other_columns_is_not_said_to_change_nothing():
    [found] = of_update(
        'op.execute("UPDATE crates SET label = lower(label)")\nop.execute("UPDATE crates SET owner = 0 WHERE owner IS NULL")',
        'op.execute("UPDATE crates SET owner = NULL WHERE owner = 0")',
    )
    assert found.startswith("upgrade overwrites values in column 'crates.label', and what downgrade changes in the table")
    [found] = of_update('op.execute("UPDATE crates SET label = lower(label)")')
    assert "downgrade changes nothing there" in found


def test_an_attribute_may_be_named_like_its_new_column_with_an_underscore():
    added = 'op.add_column("crates", sa.Column("metadata", sa.JSON()))\n'
    assert not of_update(f"{added}for each in session.query(Crate):\n    each.metadata_ = f(each)")
    assert of_update(f"{added}for each in session.query(Crate):\n    each.label_ = f(each)")
