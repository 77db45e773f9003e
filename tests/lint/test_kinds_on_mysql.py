"""Kinds of findings that depend on how MySQL and MariaDB name and drop things, and on what they take back."""

import pytest

from tests.lint.test_downgrade_kinds import BASE, DROP_ITEMS, DROP_PARCELS, NOTHING, PARCELS, SHOP, holds, sql, told

KEY = "ALTER TABLE items ADD FOREIGN KEY (parcel_id) REFERENCES parcels (id)"
BOTH = "CREATE UNIQUE INDEX uq ON parcels (code, size)"
SIZED = (f"{PARCELS[:-1]}, sa.Column('size', sa.Integer()))\n{sql(BOTH)}", DROP_PARCELS)


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_a_nameless_key_has_a_number(dialect: str):
    made = (f"{SHOP[0]}\n{sql(KEY)}", f"{DROP_ITEMS}\n{DROP_PARCELS}")
    dropped = sql("ALTER TABLE items DROP FOREIGN KEY items_ibfk_1")
    assert holds("-MRT116", told([made, (dropped, sql(KEY))], dialect))
    assert holds("-MRT116", told([made, (dropped, sql(KEY)), (sql(KEY), dropped)], dialect))
    misspelt = sql("ALTER TABLE items DROP FOREIGN KEY fk_items")
    assert holds("+MRT116", told([made, (dropped, sql(KEY)), (misspelt, NOTHING)], dialect))


def test_a_column_goes_out_of_a_key_of_several():
    dropped = "ALTER TABLE parcels DROP COLUMN size"
    back = sql("ALTER TABLE parcels DROP INDEX uq") + "\nop.add_column('parcels', sa.Column('size', sa.Integer()))"
    assert holds("-MRT112", told([SIZED, (sql(dropped), back)], "mysql"))
    alone = ("CREATE UNIQUE INDEX uq ON parcels (size)", BOTH)
    assert holds("+MRT112", told([(SIZED[0].replace(alone[1], alone[0]), "pass"), (sql(dropped), back)], "mysql"))


RENAMED = sql("ALTER TABLE parcels DROP INDEX uq", "CREATE UNIQUE INDEX uq ON parcels (code)")
FAILS = 'op.alter_column("parcels", "code", existing_type=sa.String(20), nullable=False)'


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (RENAMED, "-MRT435"),
        (sql("ALTER TABLE parcels DROP INDEX uq, ADD UNIQUE INDEX uq (code)"), "-MRT435"),
        (f"{sql('DROP INDEX uq ON parcels')}\n{FAILS}", "+MRT435"),
        (f"{RENAMED}\nop.drop_column('parcels', 'id')\n{FAILS}", "+MRT435"),
    ],
)
def test_what_is_dropped_and_made_again_can_be_run_again(upgrade: str, expected: str):
    assert holds(expected, told([SIZED, (upgrade, NOTHING)], "mysql"))


def test_modify_keeps_a_datetime_and_a_collation():
    visits = 'op.create_table("visits", sa.Column("at", sa.DateTime()), sa.Column("who", sa.String(9)))'
    required = sql(
        "ALTER TABLE visits MODIFY at DATETIME NOT NULL", "ALTER TABLE visits MODIFY who VARCHAR(9) COLLATE utf8mb4_bin NOT NULL"
    )
    advice = [found.instead for found in told([(visits, "pass"), (required, NOTHING)], "mysql") if found.code == "MRT403"]
    assert len(advice) == 2
    assert "MODIFY at DATETIME NULL" in advice[0]
    assert "MODIFY who VARCHAR(9) COLLATE utf8mb4_bin NULL" in advice[1]


def test_modify_keeps_the_members_of_an_enum():
    made = 'op.create_table("visits", sa.Column("kind", sa.Enum("a", "b", name="kinds")))'
    required = sql("ALTER TABLE visits MODIFY kind ENUM('a', 'it''s') NOT NULL")
    advice = [found.instead for found in told([(made, "pass"), (required, NOTHING)], "mysql") if found.code == "MRT403"]
    assert "MODIFY kind ENUM('a', 'it''s') NULL" in advice[0]


def test_only_what_a_failed_statement_raises_is_swallowed():
    tried = "try:\n    op.execute('DELETE FROM parcels')\nexcept {}:\n    pass"
    codes = {
        kind: told([BASE, (tried.format(kind), NOTHING)], "mysql")
        for kind in ("KeyError", "ValueError", "orm.exc.NoResultFound", "Exception")
    }
    assert holds("-MRT442", codes["ValueError"])
    assert holds("-MRT442", codes["KeyError"])
    assert holds("-MRT442", codes["orm.exc.NoResultFound"])
    assert holds("+MRT442", codes["Exception"])
    assert holds("+MRT442", told([BASE, (tried.format("(KeyError, sa.exc.DBAPIError)"), NOTHING)], "mysql"))


def test_a_unique_index_is_a_unique_constraint():
    dropped = 'op.drop_constraint("uq", "parcels", type_="unique")\n'
    index = 'op.create_index("uq", "parcels", ["{}"], unique=True)'
    both = (dropped + index.format("id"), dropped + index.format("code"))
    for made in (index.format("code"), 'op.create_unique_constraint("uq", "parcels", ["code"])'):
        base = (f"{PARCELS}\n{made}", DROP_PARCELS)
        assert holds("-MRT112 -MRT116 -MRT441", told([base, both], "mysql"))
        assert holds("-MRT112 -MRT116 -MRT441", told([base, both, (both[1], both[0])], "mysql"))
    assert holds("+MRT112", told([base, (both[0], index.format("code"))], "mysql"))


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
@pytest.mark.parametrize(
    "dropped", ['op.drop_constraint("fk", "items", type_="foreignkey")', sql("ALTER TABLE items DROP FOREIGN KEY fk")]
)
def test_the_index_of_a_foreign_key_outlives_it(dialect: str, dropped: str):
    key = 'op.create_foreign_key("fk", "items", "parcels", ["parcel_id"], ["id"])'
    made = (f"{SHOP[0]}\n{key}", f"{DROP_ITEMS}\n{DROP_PARCELS}")
    index = 'op.create_index("fk", "items", ["parcel_id"])'
    assert holds("-MRT804", told([made, (dropped, key), ('op.drop_index("fk", table_name="items")', index)], dialect))
    assert holds("+MRT804", told([made, (dropped, key), ('op.drop_index("fk", table_name="items")', index)]))
    twice = [made, (dropped, key), ('op.drop_index("fk", table_name="items")', index)]
    assert holds("+MRT804", told([*twice, twice[-1]], dialect))


@pytest.mark.parametrize("renamed", [True, False])
@pytest.mark.parametrize("unique", [True, False])
def test_a_unique_constraint_that_goes_as_an_index_comes_back_unique(renamed: bool, unique: bool):
    table = "boxes" if renamed else "parcels"
    made = (f'{PARCELS}\nop.create_unique_constraint("uq", "parcels", ["code"])', DROP_PARCELS)
    between = (
        (f'op.rename_table("parcels", "{table}")', f'op.rename_table("{table}", "parcels")') if renamed else (NOTHING, NOTHING)
    )
    swap = (f'op.drop_index("uq", table_name="{table}")', f'op.create_index("uq", "{table}", ["code"], unique={unique})')
    assert holds("-MRT408" if unique else "+MRT408", told([made, between, swap], "mysql"))


def test_what_an_alter_table_of_unknown_parts_does_may_be_taken_back():
    unknown = "import os\nparts = ['MODIFY id BIGINT'] if os.environ.get('X') else []\nop.execute(f\"ALTER TABLE parcels {', '.join(parts)}\")"
    back = "op.alter_column('parcels', 'id', type_=sa.Integer(), existing_type=sa.BigInteger())"
    made = (PARCELS, DROP_PARCELS)
    assert holds("-MRT104", told([made, (unknown, back)], "mysql"))
    assert holds("+MRT104", told([made, (unknown, "op.drop_table('other')")], "mysql"))
    in_schema = unknown.replace("parcels", "app.parcels")
    other = (f'{PARCELS[:-1]}, schema="app")', "pass")
    assert holds("+MRT104", told([made, other, (in_schema, back)], "mysql"))
    assert holds("-MRT104", told([made, (in_schema, back)], "mysql"))  # "app" may be the database itself
    assert holds("-MRT104", told([made, (in_schema, back.replace("type_=", "schema='app', type_="))], "mysql"))


def test_a_length_that_cannot_be_read_is_not_said_to_copy_the_table():
    made = 'op.create_table("visits", sa.Column("who", sa.String(255)))'
    longer = 'op.alter_column("visits", "who", existing_type=sa.String(255), type_=sa.String({}))'
    back = 'op.alter_column("visits", "who", existing_type=sa.String({}), type_=sa.String(255))'
    steps = [(longer.format(length), back.format(length)) for length in ("settings.LENGTH", "100")]
    assert holds("-MRT303", told([(made, "pass"), steps[0]], "mysql"))
    assert holds("+MRT303", told([(made, "pass"), steps[1]], "mysql"))


@pytest.mark.parametrize("downgrade", [DROP_PARCELS, NOTHING])
def test_what_is_done_to_a_new_table_goes_with_it(downgrade: str):
    converted = sql("ALTER TABLE parcels CONVERT TO CHARACTER SET utf8mb4")
    assert holds("-MRT104", told([(f"{PARCELS}\n{converted}", downgrade)], "mysql"))
    assert holds("+MRT104", told([BASE, (converted, downgrade)], "mysql"))
