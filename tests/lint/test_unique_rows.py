"""What has to be unique from now on: whether rows can prevent it, whether it locks the table, and what can be done before it."""

import pytest

from mrt_lint.model.finding import Finding
from tests.lint.test_downgrade_kinds import DROP_UNIQUE, PARCELS, told

CODE = 'op.create_unique_constraint("uq", "parcels", ["code"])'
ADD = 'op.add_column("parcels", sa.Column("tag", sa.String(9)))'
TAG = 'op.create_unique_constraint("uq", "parcels", ["tag"])'
ITEMS = (
    'op.create_table("parcels", sa.Column("id", sa.Integer()), sa.Column("code", sa.String(9)))\n'
    'op.create_table("items", sa.Column("parcel_id", sa.Integer(), sa.ForeignKey("parcels.id")))'
)
INDEXED = PARCELS + '\nop.create_index("ix", "parcels", ["code"], unique=True)'


def about_rows(upgrade: str, before: str = PARCELS, dialect: str = "postgresql", code: str = "MRT406") -> list[Finding]:
    findings = told([(before, "pass"), (upgrade, DROP_UNIQUE)], dialect)
    return [finding for finding in findings if finding.code == code]


@pytest.mark.parametrize(
    ("upgrade", "before"),
    [
        # duplicates are deleted before
        ('op.execute("DELETE FROM parcels a USING parcels b WHERE a.id > b.id AND a.code = b.code")\n' + CODE, PARCELS),
        ('op.execute(sa.table("parcels").delete().where(sa.text("x")))\n' + CODE, PARCELS),
        ('for t in TABLES:\n    op.execute(f"DELETE FROM {t} a USING {t} b WHERE a.id > b.id")\n' + CODE, PARCELS),
        ("op.execute(dedupe())\n" + CODE, PARCELS),
        ("for row in rows()[1:]:\n    sa.orm.Session(op.get_bind()).delete(row)\n" + CODE, PARCELS),
        # unique before
        ('op.create_unique_constraint("uq", "parcels", ["code", "id"])', ITEMS),
        (CODE, INDEXED),
        ('op.drop_index("ix", table_name="parcels")\n' + CODE, INDEXED),
        # new, and NULL in every row, whatever becomes of other columns
        (f"{ADD}\n{TAG}", PARCELS),
        (f'{ADD}\nop.alter_column("parcels", "code", nullable=True)\n{TAG}', PARCELS),
        (f"{ADD}\n{TAG}\nop.execute(\"UPDATE parcels SET code = 'a'\")", PARCELS),
        # Python works it out
        (f'{ADD}\n{TAG}\nfor key in (1, 2):\n    op.execute(sa.text("UPDATE parcels SET tag = :t WHERE id = :i"))', PARCELS),
    ],
)
def test_where_no_two_rows_hold_the_same_only_the_lock_counts(upgrade: str, before: str):
    assert about_rows(upgrade, before) == []
    assert about_rows(upgrade, before, "mysql") == [] or "items" in before
    (finding,) = about_rows(upgrade, before, code="MRT407")
    assert "blocks every access to table 'parcels'" in finding.message
    assert finding.consequence.value == "deploy blocks"
    assert "SELECT" not in finding.instead


def test_all_rows_deleted_leave_a_table_whose_name_could_not_be_read_as_it_was():
    assert about_rows('for t in TABLES:\n    op.execute(f"DELETE FROM {t}")\n' + CODE) != []


@pytest.mark.parametrize("column", ['sa.text("id DESC")', 'sa.text("id")', 'sa.column("id").desc()', '"id"'])
def test_what_foreign_keys_point_to_is_unique_already(column: str):
    index = f'op.create_index("ix", "parcels", [{column}], unique=True)'
    assert about_rows(index, ITEMS) == []
    assert about_rows(index, ITEMS.split("\n", maxsplit=1)[0]) != []


@pytest.mark.parametrize(
    "upgrade",
    [
        CODE,
        'op.execute("DELETE FROM parcels WHERE 1 = 0")\n' + CODE,
        'op.create_index("i", "parcels", ["code"], unique=True)',
        f'{ADD}\nop.execute("UPDATE parcels SET tag = code")\n{TAG}',
        f'{ADD}\n{TAG}\nop.execute("UPDATE parcels SET tag = code")',
        'op.add_column("parcels", sa.Column("tag", sa.String(9), server_default="x"))\n' + TAG,
        f"{ADD}\n{TAG[:-1]}, postgresql_nulls_not_distinct=True)",
    ],
)
def test_where_two_rows_may_hold_the_same_the_upgrade_fails(upgrade: str):
    (finding,) = about_rows(upgrade, PARCELS)
    assert "it fails where two rows hold the same" in finding.message
    assert finding.consequence.value == "deploy fails"
    assert ("in the next one" in finding.instead) is ("add_column" in upgrade)
