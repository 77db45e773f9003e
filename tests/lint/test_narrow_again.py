"""What MRT111 and MRT120 advise of a definition that downgrade() does not restore, or restores to what it never was."""

import pytest

from tests.lint.test_downgrade_kinds import sql, told

MADE = 'op.create_table("lots", sa.Column("id", sa.Integer()), sa.Column("size", {}, nullable={}))'
BIG, SMALL = ("sa.BigInteger()", "sa.String(50)"), ("sa.Integer()", "sa.String(20)")


def advice(before: str, upgrade: str, downgrade: str) -> dict[str, str]:
    found = told([(before, 'op.drop_table("lots")'), (upgrade, downgrade)])
    return {finding.code: f"{finding.message}: {finding.instead}" for finding in found if finding.code in {"MRT111", "MRT120"}}


@pytest.mark.parametrize(("wide", "narrow"), [*zip(BIG, SMALL, strict=True)])
def test_a_column_that_was_as_wide_before_is_not_to_become_narrow(wide: str, narrow: str):
    change = 'op.alter_column("lots", "size", type_={})'
    found = advice(MADE.format(wide, True), change.format(wide), change.format(narrow))
    assert "leave the type out of downgrade()" in found["MRT120"]
    assert "UPDATE" not in found["MRT120"]
    found = advice(MADE.format(narrow, True), change.format(wide), change.format(narrow))
    assert "shorten or change such values" in found["MRT120"]


@pytest.mark.parametrize(
    "loosen",
    [
        'op.alter_column("lots", "size", nullable=True)',
        sql("ALTER TABLE lots ALTER COLUMN size DROP NOT NULL"),
        'op.alter_column("lots", "size", nullable=True, new_column_name="width")',
    ],
)
def test_what_becomes_not_null_again_is_filled_first(loosen: str):
    is_renamed = "width" in loosen
    back = 'op.alter_column("lots", "width", new_column_name="size")' if is_renamed else sql("UPDATE lots SET id = 1")
    found = advice(MADE.format("sa.Integer()", False), loosen, back)
    assert "NOT NULL, once rows that hold NULL by then have a value (UPDATE lots SET size = … WHERE size IS NULL" in found["MRT111"]
    assert ("under the name that" in found["MRT111"]) is is_renamed
