"""Advice that fits where it is given: in SQL and in DO blocks, and to columns that cannot hold NULL."""

import pytest

from tests.lint.test_downgrade_kinds import PARCELS, told

BLOCK = """
op.execute('''
    -- once
    DO $$ BEGIN
        IF EXISTS (SELECT 1 FROM pg_indexes WHERE indexname = 'ix') THEN
            {}
        END IF;
    END $$
''')
"""
CHECK = "ALTER TABLE parcels ADD CONSTRAINT ck CHECK (id > 0);"
KEY = "ALTER TABLE parcels ADD CONSTRAINT fk FOREIGN KEY (id) REFERENCES towns (id);"


def advice(code: str, upgrade: str, before: str = PARCELS, dialect: str = "postgresql") -> str:
    return next(finding.instead for finding in told([(before, "pass"), (upgrade, "pass")], dialect) if finding.code == code)


@pytest.mark.parametrize(
    ("code", "upgrade"),
    [
        ("MRT423", f'op.execute("{CHECK}")'),
        ("MRT423", BLOCK.format(CHECK)),
        ("MRT423", f'op.get_bind().execute(sa.text("{CHECK}"))'),
        ("MRT422", f'op.execute("{KEY}")'),
        ("MRT422", BLOCK.format(KEY)),
    ],
)
def test_a_constraint_in_sql_is_added_not_valid_in_sql(code: str, upgrade: str):
    assert advice(code, upgrade).startswith("add it with NOT VALID at its end, and in a later revision run op.execute(")


def test_a_constraint_by_operation_is_added_not_valid_by_argument():
    assert "postgresql_not_valid=True" in advice("MRT423", 'op.create_check_constraint("ck", "parcels", "id > 0")')


@pytest.mark.parametrize(
    ("statements", "calls"),
    [
        ("CREATE INDEX ix ON parcels (code);", ""),
        ("DROP INDEX ix; CREATE INDEX ix ON parcels (code);", 'op.drop_index("ix", postgresql_concurrently=True); '),
        (
            "DROP INDEX IF EXISTS ix; CREATE UNIQUE INDEX ix ON parcels (code);",
            'op.drop_index("ix", postgresql_concurrently=True); ',
        ),
        ("DROP INDEX old; CREATE INDEX ix ON parcels (code);", ""),
    ],
)
def test_an_index_in_a_block_is_built_outside_of_it_under_the_same_condition(statements: str, calls: str):
    text = advice("MRT407", BLOCK.format(statements))
    assert text.startswith("CONCURRENTLY is refused in a DO block: check in Python what the block checks, and where that holds, ")
    assert f'autocommit_block(): {calls}op.create_index("ix", "parcels"' in text


@pytest.mark.parametrize("sql", ["CREATE INDEX ix ON parcels (code)", "CREATE INDEX do_ix ON parcels (code)"])
def test_an_index_that_stands_in_no_block_is_built_where_it_is(sql: str):
    assert advice("MRT407", f"op.execute({sql!r})").startswith("with op.get_context().autocommit_block(): op.create_index(")


@pytest.mark.parametrize(
    ("column", "offered"),
    [
        ('sa.Column("town_id", sa.Integer())', True),
        ('sa.Column("town_id", sa.Integer(), nullable=False)', False),
        ('sa.Column("town_id", sa.Integer(), primary_key=True)', False),
    ],
)
def test_set_null_is_offered_to_columns_that_can_hold_it(column: str, offered: bool):
    before = f'op.create_table("parcels", sa.Column("id", sa.Integer()), {column})'
    key = 'op.create_foreign_key("fk", "parcels", "towns", ["town_id"], ["id"], ondelete="CASCADE")'
    assert ("SET NULL" in advice("MRT204", key, before)) is offered


CASCADES = 'op.create_foreign_key("fk", "parcels", "towns", ["town_id"], ["id"], ondelete="CASCADE")'
NUMBERED = 'op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True){})'
REQUIRED = ', sa.Column("place_id", sa.Integer(), nullable=False)'
ADDED = 'op.add_column("parcels", sa.Column("town_id", sa.Integer(){}))'
RENAMED = 'op.alter_column("parcels", "place_id", new_column_name="town_id")'


@pytest.mark.parametrize(
    ("before", "upgrade", "offered"),
    [
        (NUMBERED.format(REQUIRED), f"{RENAMED}\n{CASCADES}", False),
        (NUMBERED.format(REQUIRED), f"for table in ('parcels',):\n    {RENAMED}\n{CASCADES}", False),
        (NUMBERED.format(REQUIRED), f'op.execute("ALTER TABLE parcels RENAME place_id TO town_id")\n{CASCADES}', False),
        (NUMBERED.format(REQUIRED.replace("False", "True")), f"{RENAMED}\n{CASCADES}", True),
        (NUMBERED.format(REQUIRED), f"{RENAMED[:-1]}, nullable=True)\n{CASCADES}", True),
        (NUMBERED.format(""), f"{ADDED.format(', nullable=False')}\n{CASCADES}", False),
        ("pass", f"{ADDED.format(', nullable=False')}\n{CASCADES}", False),
        ("pass", f"{ADDED.format('')}\n{CASCADES}", True),
        ("pass", f"{CASCADES}", True),
        ("pass", f'{CASCADES}\nop.execute("ALTER TABLE parcels ALTER town_id SET NOT NULL")', False),
        (
            "pass",
            f'{CASCADES}\nop.execute("UPDATE parcels SET town_id = 1")\nop.alter_column("parcels", "town_id", nullable=True)',
            True,
        ),
        (NUMBERED.format(REQUIRED.replace("place", "town")), f'{CASCADES}\nop.rename_table("parcels", "plots")', False),
        (
            NUMBERED.format(REQUIRED.replace("place", "town")),
            f"{CASCADES}\n{RENAMED.replace('town', 't').replace('place', 'town')}",
            False,
        ),
        (
            NUMBERED.format(REQUIRED.replace("False", "True")),
            f'{RENAMED}\n{CASCADES}\nop.create_check_constraint("one", "parcels", "(town_id IS NULL) <> (id > 3)")',
            False,
        ),
        (
            NUMBERED.format(', sa.Column("town_id", sa.Integer()), sa.CheckConstraint("num_nonnulls(town_id, id) = 2")'),
            CASCADES,
            False,
        ),
        (NUMBERED.format(', sa.Column("town_id", sa.Integer()), sa.CheckConstraint("id > 0")'), CASCADES, True),
    ],
)
def test_set_null_is_offered_where_nothing_requires_a_value_in_the_end(before: str, upgrade: str, offered: bool):
    text = advice("MRT204", upgrade, before)
    assert "at NO ACTION" in text or "or leave it out" in text
    assert ("SET NULL" in text) is offered


@pytest.mark.parametrize(
    "drop",
    [
        'op.drop_constraint(None, "parcels", type_="foreignkey")',
        'with op.batch_alter_table("parcels") as batch:\n    batch.drop_constraint(None, type_="foreignkey")',
    ],
)
@pytest.mark.parametrize(("name", "named"), [('"fk"', True), ("None", False)])
def test_a_constraint_that_has_a_name_is_dropped_by_it(drop: str, name: str, named: bool):
    make = f'op.create_foreign_key({name}, "parcels", "towns", ["id"], ["id"])'
    (finding,) = (finding for finding in told([(PARCELS, "pass"), (make, drop)]) if finding.code == "MRT116")
    assert (finding.instead == "drop it by the name that it was given: 'fk'") is named


def test_what_comes_before_its_table_moves_behind_it():
    kinds = 'op.create_table("kinds", sa.Column("id", sa.Integer(), primary_key=True))'
    base = f'{kinds}\nop.create_table("things", sa.Column("kind", sa.Integer()))\n'
    key = 'op.create_foreign_key("fk", "things", "kinds", ["kind"], ["id"])'
    drops = 'op.drop_constraint("fk", "things", type_="foreignkey")\nop.drop_table("kinds")'

    def found(downgrade: str) -> list[str]:
        revisions = [(base + key, 'op.execute("SELECT 1")'), (drops, downgrade)]
        return [each.instead for each in told(revisions) if each.code == "MRT112"]

    assert found(f"{key}\n{kinds}") == ["move it behind the creation of table 'kinds', which is in line 15"]
    assert not found(f"{kinds}\n{key}")
