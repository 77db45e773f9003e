"""A second foreign key that is the same as one of the table runs, and is a warning (MRT441)."""

import pytest

from mrt_lint.model.finding import Severity
from tests.lint.test_downgrade_kinds import KEYED, SHOP, sql, told

SECOND = 'op.create_foreign_key("fk2", "items", "parcels", ["parcel_id"], ["id"])'
DROP = 'op.drop_constraint("fk", "items", type_="foreignkey")'
NEW = 'op.add_column("items", sa.Column("place", sa.Integer(), sa.ForeignKey("parcels.id")))'


@pytest.mark.parametrize("dialect", ["postgresql", "mysql", "mariadb"])
@pytest.mark.parametrize(
    ("before", "upgrade", "found"),
    [
        (KEYED, SECOND, 1),
        (KEYED, sql("ALTER TABLE items ADD CONSTRAINT fk2 FOREIGN KEY (parcel_id) REFERENCES parcels (id)"), 1),
        (KEYED, SECOND.replace('"fk2"', "None"), 1),
        (SHOP, f"{SECOND}\n{SECOND.replace('fk2', 'fk3')}", 1),
        (SHOP, f'{NEW}\nop.create_foreign_key("fk3", "items", "parcels", ["place"], ["id"])', 1),
        (SHOP, SECOND, 0),
        (KEYED, f"{DROP}\n{SECOND}", 0),
        (KEYED, f"drop_keys(op)\n{SECOND}", 0),
        (KEYED, SECOND.replace('["parcel_id"]', '["id"]'), 0),
        (KEYED, SECOND.replace('"parcels"', '"items"'), 0),
    ],
)
def test_a_second_foreign_key_that_is_the_same_is_found(before: tuple[str, str], upgrade: str, found: int, dialect: str):
    twins = [each for each in told([before, (upgrade, "pass")], dialect) if each.code == "MRT441"]
    assert [each.severity for each in twins] == [Severity.WARNING] * found
