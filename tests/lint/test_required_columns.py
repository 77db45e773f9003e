"""Columns that an older release leaves out of its INSERT, in several spellings: what has to be said ("+"), and what must not ("-")."""

import pytest

from tests.lint.test_downgrade_kinds import BASE, PARCELS, holds, sql, told

STATE = 'op.add_column("parcels", sa.Column("state", sa.Text(), nullable=False, server_default="new"))'
REQUIRED = 'op.alter_column("parcels", "code", nullable=False, server_default="")'
PLAIN = 'op.add_column("parcels", sa.Column("state", sa.Text()))\nop.execute("UPDATE parcels SET state = code")'
FILLED = 'op.add_column("parcels", sa.Column("state", sa.Text(), server_default="new"))'
NOT_NULL = 'op.alter_column("parcels", "state", nullable=False)'
RENAMED = 'op.alter_column("parcels", "state", new_column_name="kind")'
WITHOUT = 'op.alter_column("parcels", "state", server_default=None)'


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        # a default that is dropped again
        (f"{STATE}\n{WITHOUT}", "+MRT704"),
        (f'{STATE}\nop.alter_column("parcels", "state", existing_type=sa.Text(), server_default=None)', "+MRT704"),
        (
            f'{STATE}\nwith op.batch_alter_table("parcels") as batch:\n    batch.alter_column("state", server_default=None)',
            "+MRT704",
        ),
        (f"{STATE}\n{sql('ALTER TABLE parcels ALTER COLUMN state DROP DEFAULT')}", "+MRT704"),
        (sql("ALTER TABLE parcels ADD state text NOT NULL DEFAULT ''", "ALTER TABLE parcels ALTER state DROP DEFAULT"), "+MRT704"),
        (f'{REQUIRED}\nop.alter_column("parcels", "code", server_default=None)', "+MRT704"),
        (f'{STATE}\n{RENAMED}\nop.alter_column("parcels", "kind", server_default=None)', "+MRT704"),
        (f"{FILLED}\n{WITHOUT}\n{NOT_NULL}", "+MRT704"),
        # another default, or none of the column's business
        (STATE, "-MRT704"),
        (f'{STATE}\nop.alter_column("parcels", "state", server_default="old")', "-MRT704"),
        (f"{STATE}\n{WITHOUT}\n{sql('ALTER TABLE parcels ALTER state SET DEFAULT 1')}", "-MRT704"),
        (f'{STATE}\n{WITHOUT}\nop.alter_column("parcels", "state", nullable=True)', "-MRT704"),
        (f'{STATE}\n{WITHOUT}\nop.drop_column("parcels", "state")', "-MRT704"),
        (f"{FILLED}\n{WITHOUT}", "-MRT704"),
        ('op.alter_column("parcels", "code", server_default=None)', "-MRT704"),
        # added without one that comes later
        (f"{PLAIN}\n{NOT_NULL}", "+MRT704"),
        (f'{PLAIN}\n{NOT_NULL}\nop.alter_column("parcels", "state", server_default="")', "-MRT704"),
    ],
)
def test_an_insert_of_the_older_release_needs_a_default_at_the_end_of_upgrade(upgrade: str, expected: str):
    found = told([BASE, (upgrade, 'op.drop_column("parcels", "state")')])
    assert holds(expected, found)
    assert len([finding for finding in found if finding.code == "MRT704"]) <= 1


@pytest.mark.parametrize(("spelling", "expected"), [("text NOT NULL", "+MRT704"), ("text NOT NULL DEFAULT ('')", "-MRT704")])
def test_mysqls_modify_restates_the_default(spelling: str, expected: str):
    upgrade = sql("ALTER TABLE parcels ADD state text NOT NULL DEFAULT ('new')", f"ALTER TABLE parcels MODIFY state {spelling}")
    assert holds(expected, told([(PARCELS, "pass"), (upgrade, "pass")], "mysql"))
