"""What follows from one mistake is said once: of the first operation that fails, and not of what it leaves undone."""

import pytest

from tests.lint.test_downgrade_kinds import BASE, KEYED, NOTHING, SHOP, UNIQUE, holds, sql, told

PLACE = 'op.add_column("items", sa.Column("place", sa.Integer()))\n'
NAMED = PLACE + 'op.create_foreign_key("fk2", "items", "parcels", ["place"], ["id"])'
INLINE = 'op.add_column("items", sa.Column("place", sa.Integer(), sa.ForeignKey("parcels.id")))'
DROP_PLACE, DROP_FK2 = 'op.drop_column("items", "place")', 'op.drop_constraint("fk2", "items", type_="foreignkey")'


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    ("upgrade", "downgrade", "line"),
    [
        (NAMED, f"{DROP_PLACE}\n{DROP_FK2}", 'op.drop_column("items"'),
        (NAMED, f"{sql('ALTER TABLE items DROP place')}\n{DROP_FK2}", "DROP place"),
        (INLINE, DROP_PLACE, 'op.drop_column("items"'),
        (NAMED, f"{DROP_FK2}\n{DROP_PLACE}", None),
        (NAMED, sql("ALTER TABLE items DROP place, DROP FOREIGN KEY fk2"), None),
        (NAMED, sql("ALTER TABLE items DROP FOREIGN KEY fk2, DROP place"), None),
        (PLACE, DROP_PLACE, None),
    ],
)
def test_mysql_keeps_a_column_under_a_foreign_key(dialect: str, upgrade: str, downgrade: str, line: str | None):
    found = [finding for finding in told([SHOP, (upgrade, downgrade)], dialect) if finding.severity == "error"]
    assert [(finding.code, "error" in finding.message) for finding in found] == ([("MRT112", True)] if line else [])
    if line:
        assert found[0].instead.startswith("drop the foreign key before the column")


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_mysql_keeps_a_column_under_a_key_in_upgrade_too(dialect: str):
    assert holds("+MRT443", told([KEYED, ('op.drop_column("items", "parcel_id")', "pass")], dialect))
    assert holds("-MRT443", told([KEYED, (sql("ALTER TABLE items DROP parcel_id, DROP FOREIGN KEY fk"), "pass")], dialect))
    assert holds("+MRT443", told([KEYED, ('op.drop_column("parcels", "id")', "pass")], dialect))
    assert holds("-MRT443", told([KEYED, ('op.drop_column("parcels", "code")', "pass")], dialect))


def test_elsewhere_a_key_goes_with_its_column_and_is_missing_once():
    codes = [finding.code for finding in told([SHOP, (NAMED, f"{DROP_PLACE}\n{DROP_FK2}")]) if finding.severity == "error"]
    assert codes == ["MRT112"]


INDEX, KEY = 'op.create_index("ux", "parcels", ["code"], unique=True)', 'op.create_unique_constraint("ux", "parcels", ["code"])'
AS_KEY, AS_INDEX = 'op.drop_constraint("ux", "parcels", type_="unique")', 'op.drop_index("ux", table_name="parcels")'
MISSPELT = 'op.drop_constraint("xu", "parcels", type_="unique")'
OTHER = 'op.create_unique_constraint("other", "parcels", ["id", "code"])'


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        (INDEX, AS_KEY, "+MRT116 -MRT110"),
        (KEY, AS_INDEX, "+MRT117 -MRT110"),
        (KEY, MISSPELT, "+MRT116 -MRT110"),
        (INDEX, 'op.drop_index("xu", table_name="parcels")', "+MRT117 -MRT110"),
        ('op.add_column("parcels", sa.Column("age", sa.Integer()))', 'op.drop_column("parcels", "agee")', "+MRT117 -MRT110"),
        # which of the two it means is not known, and one is forgotten
        (f"{KEY}\n{OTHER}", MISSPELT, "+MRT116 +MRT110"),
        (f"{INDEX}\n{OTHER}", AS_KEY, "+MRT116 +MRT110"),
        (KEY, f"if asked():\n    {MISSPELT}", "-MRT116 +MRT110"),
        (KEY, NOTHING, "+MRT110"),
    ],
)
def test_what_stays_because_its_drop_fails_is_no_second_error(upgrade: str, downgrade: str, expected: str):
    assert holds(expected, told([BASE, (upgrade, downgrade)]))


def test_a_misspelt_drop_is_advised_the_name_that_upgrade_gives():
    found = next(finding for finding in told([BASE, (KEY, MISSPELT)]) if finding.code == "MRT116")
    assert found.instead.endswith(": ux")


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_mysql_drops_a_unique_constraint_as_an_index(dialect: str):
    assert holds("-MRT110 -MRT116 -MRT117", told([BASE, (KEY, AS_INDEX)], dialect))
    assert holds("+MRT110", told([BASE, (KEY, NOTHING)], dialect))
    assert holds("-MRT408 -MRT409", told([UNIQUE, ('op.drop_index("uq", table_name="parcels")', KEY.replace("ux", "uq"))], dialect))


def test_a_drop_without_a_name_fails_and_takes_nothing():
    replaced = 'op.drop_constraint("fk", "items", type_="foreignkey")\nop.create_foreign_key({}, "items", "parcels", ["parcel_id"], ["id"])'
    nameless = 'op.drop_constraint({}, "items", type_="foreignkey")'
    assert holds("+MRT116 -MRT113", told([KEYED, (replaced.format(None), nameless.format(None))]))
    assert holds("+MRT116 -MRT113", told([KEYED, (PLACE, nameless.format(None))]))
    assert holds("-MRT116 +MRT113", told([KEYED, (PLACE, nameless.format('"fk"'))]))


UNNAMED = PLACE.replace("sa.Integer()))", "sa.Integer(), sa.ForeignKey('parcels.id')))")
DROP_DEFAULT = 'op.drop_constraint("items_place_fkey", "items", type_="foreignkey")\n'
CASCADING = 'op.create_foreign_key("fk2", "items", "parcels", ["place"], ["id"], ondelete="CASCADE")'


@pytest.mark.parametrize(
    ("downgrade", "expected"),
    [
        (f'{DROP_FK2}\nop.create_foreign_key("fk2", "items", "parcels", ["place"], ["id"])', "-MRT205 -MRT110"),
        (f'{DROP_FK2}\nop.create_foreign_key("fk3", "items", "parcels", ["place"], ["id"])', "-MRT205 -MRT110"),
        (DROP_FK2, "+MRT205 -MRT110"),
        (NOTHING, "-MRT205 +MRT110"),
    ],
)
def test_a_key_without_a_name_may_come_back_under_another(downgrade: str, expected: str):
    base = (f"{SHOP[0]}\n{UNNAMED}", "pass")
    assert holds(expected, told([base, (DROP_DEFAULT + CASCADING, downgrade)]))


ORPHANS = sql("DELETE FROM items WHERE parcel_id IS NULL", "DELETE FROM parcels WHERE code IS NULL")


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        (ORPHANS, "pass", "+MRT102 -MRT104"),
        (ORPHANS, 'op.drop_index("ix", table_name="elsewhere")', "-MRT102 +MRT104"),
    ],
)
def test_deleted_rows_and_an_empty_downgrade_are_one_finding(upgrade: str, downgrade: str, expected: str):
    found = told([SHOP, (upgrade, downgrade)])
    assert holds(expected, found)
    lost = [finding for finding in found if finding.code == "MRT102"]
    assert all("rows that upgrade() deletes" in finding.message and "copy them" in finding.instead for finding in lost)
