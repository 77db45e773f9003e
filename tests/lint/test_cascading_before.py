"""Foreign keys with ON DELETE CASCADE in the place of some that cascade already (MRT204)."""

import pytest

from tests.lint.test_downgrade_kinds import BASE, holds, told

KEYED = 'op.create_table("items", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("parcel_id", sa.Integer(), {}))'
CASCADES = 'sa.ForeignKey("parcels.id", ondelete="CASCADE")'
OTHERS = [CASCADES.replace("CASCADE", "SET NULL"), 'sa.ForeignKey("parcels.id")', "index=True"]
MADE_AGAIN = """
name = op.get_bind().execute(sa.text("SELECT conname FROM pg_constraint")).scalar()
if name:
    op.drop_constraint(name, "items", type_="foreignkey")
op.create_foreign_key("fk_items", "items", "parcels", ["parcel_id"], ["id"], ondelete="CASCADE")
"""


@pytest.mark.parametrize("made", ["{}", 'if not has_table("items"):\n    {}'], ids=["made", "made unless it is there"])
@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
def test_a_key_that_cascades_already_may_do_so_again(made: str, dialect: str):
    before = [(made.format(KEYED.format(key)), "pass") for key in (CASCADES, *OTHERS)]
    assert holds("-MRT204", told([BASE, before[0], (MADE_AGAIN, "pass")], dialect))
    for other in before[1:]:
        assert holds("+MRT204", told([BASE, other, (MADE_AGAIN, "pass")], dialect))


def test_the_key_of_another_column_does_not_count():
    other = MADE_AGAIN.splitlines()[-1].replace('["parcel_id"]', '["id"]')
    assert holds("+MRT204", told([BASE, (KEYED.format(CASCADES), "pass"), (other, "pass")]))
