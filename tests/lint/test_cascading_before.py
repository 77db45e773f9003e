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


CHILD = 'op.create_table("visits", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("host_id", sa.Integer()))'
PARENT = 'op.create_table("hosts", sa.Column("id", sa.Integer(), primary_key=True))'
GUEST = 'op.add_column("visits", sa.Column("guest_id", sa.Integer(){}))'
GUEST_KEY = 'op.create_foreign_key("fk", "visits", "hosts", ["{}"], ["id"], ondelete="CASCADE")'
IN_SQL = 'op.execute("ALTER TABLE visits ADD FOREIGN KEY (guest_id) REFERENCES hosts (id) ON DELETE CASCADE")'


@pytest.mark.parametrize(
    ("upgrade", "words"),
    [
        (GUEST.format(', sa.ForeignKey("hosts.id", ondelete="CASCADE")'), 'write ondelete="SET NULL" for it, and rows stay'),
        (f"{GUEST.format('')}\n{GUEST_KEY.format('guest_id')}", 'write ondelete="SET NULL" for it, and rows stay'),
        (f"{GUEST.format('')}\n{IN_SQL}", "write ON DELETE SET NULL for it, and rows stay"),
        (
            GUEST.format(', sa.ForeignKey("hosts.id", ondelete="CASCADE"), nullable=False'),
            "leave the foreign key (guest_id) at NO ACTION, and delete",
        ),
        (GUEST_KEY.format("host_id"), "leave the foreign key (host_id) at NO ACTION, or SET NULL, and delete"),
        (f"{GUEST.format('')}\n{GUEST_KEY.format('host_id')}", "leave the foreign key (host_id) at NO ACTION, or SET NULL"),
    ],
)
def test_a_new_column_that_may_be_null_has_an_action_of_its_own(upgrade: str, words: str):
    (finding,) = (found for found in told([(f"{PARENT}\n{CHILD}", "pass"), (upgrade, "pass")]) if found.code == "MRT204")
    assert finding.instead.startswith(words)
