"""A constant in a foreign key refers to a row that some revision makes, or the upgrade fails on a new database (MRT445)."""

import pytest

from tests.lint.test_downgrade_kinds import DROP_ITEMS, DROP_PARCELS, KEYED, SHOP, holds, sql, told

WRITE = sql("UPDATE items SET parcel_id = 19")
KEY = 'op.create_foreign_key("fk2", "items", "parcels", ["place"], ["id"])'
PLACE = 'op.add_column("items", sa.Column("place", sa.Integer(), server_default="13"))'
INLINE = 'op.add_column("items", sa.Column("place", sa.Integer(), sa.ForeignKey("parcels.id"), server_default="13"))'


def _with(insert: str) -> tuple[str, str]:
    return f"{KEYED[0]}\n{insert}", f"{DROP_ITEMS}\n{DROP_PARCELS}"


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb"])
@pytest.mark.parametrize(
    ("before", "upgrade", "expected"),
    [
        (KEYED, WRITE, "+MRT445"),
        (KEYED, sql("UPDATE items SET parcel_id = 19 WHERE true"), "+MRT445"),
        (KEYED, sql("UPDATE items SET parcel_id = 19 WHERE parcel_id IS NULL"), "+MRT445"),
        (KEYED, f"{PLACE}\n{KEY}", "+MRT445"),
        (KEYED, INLINE, "+MRT445"),
        (_with(sql("INSERT INTO parcels (id, code) VALUES (18, 'x')")), WRITE, "+MRT445"),
        # the row is made, or may be
        (_with(sql("INSERT INTO parcels (id, code) VALUES (19, 'x')")), WRITE, "-MRT445"),
        (_with(sql("INSERT INTO parcels (code) VALUES ('x')")), WRITE, "-MRT445"),
        (_with(sql("INSERT INTO parcels (id) SELECT id FROM items")), WRITE, "-MRT445"),
        (KEYED, f"{sql('INSERT INTO parcels (id) VALUES (19)')}\n{WRITE}", "-MRT445"),
        (KEYED, f"make_parcels(op)\n{WRITE}", "-MRT445"),
        # no row of another table, or not of every row
        (KEYED, sql("UPDATE items SET parcel_id = NULL"), "-MRT445"),
        (KEYED, sql("UPDATE items SET parcel_id = 19 WHERE id = 7"), "-MRT445"),
        (SHOP, WRITE, "-MRT445"),
        (KEYED, PLACE, "-MRT445"),
    ],
)
def test_a_constant_refers_to_a_row_that_is_made(before: tuple[str, str], upgrade: str, expected: str, dialect: str):
    assert holds(expected, told([before, (upgrade, "pass")], dialect))
