"""What a column was before a revision: known from what the history makes, never from what an operation calls existing."""

import pytest

from tests.lint.test_downgrade_kinds import BASE, DOGS, DROP_PARCELS, ITEMS, NOTHING, PARCELS, holds, sql, told

DOCK = 'op.create_table("docks", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("depth", sa.Integer(), nullable=False))'
MADE = (DOCK, 'op.drop_table("docks")')


def altered(settings: str, column: str = "code", table: str = "parcels") -> str:
    return f'op.alter_column("{table}", "{column}", {settings})'


@pytest.mark.parametrize(
    ("earlier", "upgrade", "downgrade"),
    [
        ("existing_type=sa.BOOLEAN(), nullable=False", "type_=sa.String(64)", "type_=sa.String(32)"),
        ("existing_type=sa.Integer(), comment='x'", "type_=sa.Text()", "type_=sa.Date()"),
        ("existing_nullable=False, type_=sa.Text()", "nullable=True", "nullable=True"),
        ("existing_server_default='a', type_=sa.Text()", "server_default='b'", "server_default='c'"),
        ("existing_type=sa.Text(), existing_nullable=True, server_default='b'", "nullable=False", "nullable=False"),
    ],
)
def test_what_an_earlier_revision_calls_existing_is_no_evidence(earlier: str, upgrade: str, downgrade: str) -> None:
    history = [BASE, (altered(earlier, "size", "crates"), altered("comment=None", "size", "crates"))]
    last = (altered(upgrade, "size", "crates"), altered(downgrade, "size", "crates"))
    assert holds("-MRT111 -MRT402", told([*history, last]))


@pytest.mark.parametrize(
    ("made", "upgrade", "downgrade", "expected"),
    [
        (BASE, altered("nullable=False"), altered("nullable=False"), "+MRT402 -MRT111"),
        (BASE, altered("nullable=False"), altered("nullable=True"), "-MRT402 -MRT111"),
        (MADE, altered("nullable=False", "depth", "docks"), altered("nullable=True", "depth", "docks"), "-MRT402 +MRT111"),
        (
            MADE,
            'op.execute("ALTER TABLE docks ALTER COLUMN depth SET NOT NULL")',
            'op.execute("ALTER TABLE docks ALTER COLUMN depth DROP NOT NULL")',
            "-MRT402 +MRT111",
        ),
        (
            MADE,
            'with op.batch_alter_table("docks") as batch:\n    batch.alter_column("depth", nullable=False)',
            'with op.batch_alter_table("docks") as batch:\n    batch.alter_column("depth", nullable=True)',
            "-MRT402 +MRT111",
        ),
        (MADE, altered("nullable=False", "depth", "docks"), altered("nullable=False", "depth", "docks"), "-MRT402 -MRT111"),
        (
            MADE,
            altered("type_=sa.Text(), nullable=False", "a", "x"),
            altered("type_=sa.Date(), nullable=False", "a", "x"),
            "-MRT402",
        ),
        (MADE, altered("nullable=False", "a", "x"), altered("nullable=False", "a", "x"), "-MRT402 -MRT111"),
        (MADE, altered("nullable=False", "a", "x"), altered("nullable=False", "b", "x"), "+MRT402 -MRT111"),
    ],
)
def test_not_null_is_left_only_where_it_was_not(made: tuple[str, str], upgrade: str, downgrade: str, expected: str) -> None:
    assert holds(expected, told([made, (upgrade, downgrade)]))


@pytest.mark.parametrize(
    "key",
    [
        'sa.Column("dog", sa.Integer(), sa.ForeignKey("dogs.id", use_alter=True))',
        'sa.Column("dog", sa.Integer()), sa.ForeignKeyConstraint(["dog"], ["dogs.id"], name="fk", use_alter=True)',
        'sa.Column("dog", sa.Integer(), sa.ForeignKey("dogs.id", name="fk", ondelete="CASCADE", use_alter=True))',
    ],
)
def test_a_key_for_alter_table_is_not_in_create_table(key: str) -> None:
    table = 'op.create_table("{}", sa.Column("id", sa.Integer(), primary_key=True), {})'
    upgrade = table.format("walkers", key) + "\n" + table.format("dogs", 'sa.Column("name", sa.Text())')
    drops = ('op.drop_table("dogs")', 'op.drop_table("walkers")')
    assert holds("-MRT112 -MRT113 -MRT117", told([(upgrade, "\n".join(drops))]))
    assert holds("-MRT112", told([(upgrade, "pass"), (drops[0], table.format("dogs", 'sa.Column("name", sa.Text())'))]))
    emitted = upgrade.replace(", use_alter=True", "")
    assert holds("+MRT112", told([(emitted, "\n".join(drops))]))


@pytest.mark.parametrize(
    ("made", "again", "removed"),
    [
        ('op.create_index("ix_code", "parcels", ["code"])',) * 2 + ('op.drop_index("ix_code", table_name="parcels")',),
        (
            'op.create_index("ix_code", "parcels", ["code"])',
            'op.execute("CREATE INDEX ix_code ON parcels (id)")',
            'op.execute("DROP INDEX ix_code")',
        ),
        ('op.create_table("crates", sa.Column("id", sa.Integer()))',) * 2 + ('op.drop_table("crates")',),
        ('op.add_column("parcels", sa.Column("size", sa.Text()))',) * 2 + ('op.drop_column("parcels", "size")',),
    ],
)
def test_what_is_made_twice_stops_the_upgrade_and_is_not_left_behind(made: str, again: str, removed: str) -> None:
    for downgrade in (removed, 'op.execute("SELECT 1")', "pass"):
        assert holds("+MRT441 -MRT110 -MRT804", told([BASE, (made, removed), (again, downgrade)]))
    assert holds("-MRT441", told([BASE, (made, removed), (f"{removed}\n{again}", removed)]))


USING = "ALTER TABLE dogs ALTER COLUMN mood TYPE {0} USING mood::text::{0}"
SWAPS = [
    sql("ALTER TYPE mood RENAME TO old", "CREATE TYPE mood AS ENUM ('glad')", USING.format("mood"), "DROP TYPE old"),
    sql("CREATE TYPE fresh AS ENUM ('glad')", USING.format("fresh"), "DROP TYPE mood", "ALTER TYPE fresh RENAME TO mood"),
    sql("ALTER TYPE mood RENAME TO old")
    + '\nsa.Enum("glad", name="mood").create(op.get_bind())'
    + '\nop.alter_column("dogs", "mood", type_=sa.Enum("glad", name="mood"), postgresql_using="mood::text::mood")\n'
    + sql("DROP TYPE old"),
]


@pytest.mark.parametrize("swap", SWAPS)
@pytest.mark.parametrize("before", [(DOGS, "pass"), (NOTHING, "pass")])
def test_an_enum_that_is_swapped_and_gets_its_values_back_is_restored(before: tuple[str, str], swap: str) -> None:
    assert holds("-MRT111", told([before, (swap, sql("ALTER TYPE mood ADD VALUE 'sad' BEFORE 'glad'"))]))
    assert holds("-MRT111", told([before, (swap, swap.replace("('glad')", "('sad', 'glad')").replace('"glad"', '"sad", "glad"'))]))


@pytest.mark.parametrize("swap", SWAPS[:2])
@pytest.mark.parametrize("downgrade", [NOTHING, sql("ALTER TYPE other ADD VALUE 'sad'"), sql("ALTER TYPE old ADD VALUE 'sad'")])
def test_an_enum_that_stays_swapped_is_not_restored(swap: str, downgrade: str) -> None:
    assert holds("+MRT111", told([(NOTHING, "pass"), (swap, downgrade)]))


def test_a_column_that_becomes_an_enum_is_not_restored_by_a_value() -> None:
    before = ('op.create_table("dogs", sa.Column("mood", sa.Text()))', "pass")
    upgrade = sql("CREATE TYPE mood AS ENUM ('glad')", USING.format("mood"))
    assert holds("+MRT111", told([before, (upgrade, sql("ALTER TYPE mood ADD VALUE 'sad'"))]))


DELETES = [
    "op.execute(\"DELETE FROM parcels WHERE code = 'x'\")",
    'op.execute(sa.table("parcels", sa.column("code")).delete().where(sa.column("code") == "x"))',
    'op.execute(f"DELETE FROM {unknown()} WHERE code IS NULL")',
]
COPY = 'op.execute("CREATE TABLE kept AS SELECT * FROM parcels WHERE code IS NULL")'
POINTS = 'sa.Column("parcel_id", sa.Integer(), sa.ForeignKey("parcels.id"))'
RESTORE = sql("INSERT INTO parcels SELECT * FROM kept", "DROP TABLE kept")


@pytest.mark.parametrize("delete", DELETES)
def test_deleted_rows_are_copied_first(delete: str) -> None:
    advice = [found.instead for found in told([BASE, (delete, NOTHING)]) if found.code == "MRT104"]
    assert [(text.startswith("copy the rows"), "…" in text) for text in advice] == [(True, False)]
    assert holds("-MRT104", told([BASE, (f"{COPY}\n{delete}", RESTORE)]))


@pytest.mark.parametrize("delete", DELETES)
def test_values_and_rows_that_are_deleted_next_are_copied_first(delete: str) -> None:
    key = 'op.create_table("items", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("n", sa.Integer()), {})'
    made = (f"{PARCELS}\n{key.format(POINTS)}", f'op.drop_table("items")\n{DROP_PARCELS}')
    for update in ('op.execute("UPDATE items SET parcel_id = 1")', "op.execute(\"UPDATE parcels SET code = 'y'\")"):
        whole, alone = "copy the former values, and the rows", "copy the former values of"
        for upgrade, begins in ((f"{update}\n{delete}", whole), (f"{delete}\n{update}", alone), (update, alone)):
            advice = [found.instead for found in told([made, (upgrade, NOTHING)]) if found.code == "MRT103"]
            assert [text.startswith(begins) for text in advice] == [True]


@pytest.mark.parametrize("delete", DELETES[:2])
def test_rows_that_nothing_written_points_to_are_not_copied(delete: str) -> None:
    made = (f"{PARCELS}\n{ITEMS}", f'op.drop_table("items")\n{DROP_PARCELS}')
    upgrade = f'op.execute("UPDATE items SET parcel_id = 1")\n{delete}'
    [advice] = [found.instead for found in told([made, (upgrade, NOTHING)]) if found.code == "MRT103"]
    assert advice.startswith("copy the former values of")


INDEX = 'op.create_index("ix", "parcels", ["code"])'
DROP_INDEX = 'op.drop_index("ix", table_name="parcels")'
OTHER_INDEX = 'op.create_index("ix", "parcels", ["id"], unique=True)'
IN_BLOCK = (
    'op.execute("""DO $$ BEGIN IF EXISTS (SELECT 1 FROM pg_indexes) THEN DROP INDEX ix; '
    'CREATE UNIQUE INDEX ix ON parcels (id); END IF; END $$""")'
)


@pytest.mark.parametrize("downgrade", ["pass", NOTHING])
@pytest.mark.parametrize(
    "upgrade", [f"{DROP_INDEX}\n{OTHER_INDEX}", IN_BLOCK, sql("DROP INDEX ix", "CREATE INDEX ix ON parcels (id)")]
)
def test_an_index_of_upgrade_that_stays_is_not_one_that_downgrade_creates(upgrade: str, downgrade: str) -> None:
    for found in told([BASE, (INDEX, DROP_INDEX), (upgrade, downgrade)]):
        assert "downgrade creates" not in found.message
        if found.code == "MRT408":
            assert "leaves the one that upgrade creates" in found.message
            assert found.instead.startswith("drop that one first and create it")
    both = told([BASE, (INDEX, DROP_INDEX), (upgrade, f'{DROP_INDEX}\nop.create_index("ix", "parcels", ["id", "code"])')])
    assert any("downgrade creates another one" in found.message for found in both if found.code == "MRT408")


@pytest.mark.parametrize(
    ("made", "back", "expected"),
    [
        ('op.create_index("ix", "parcels", ["code"], postgresql_using="gin")', INDEX, "+MRT408"),
        (sql("CREATE INDEX ix ON parcels USING gin (code)"), INDEX, "+MRT408"),
        (INDEX, 'op.create_index("ix", "parcels", ["code"], postgresql_using="hash")', "+MRT408"),
        (INDEX, sql("CREATE INDEX ix ON parcels USING BTREE (code)"), "-MRT408"),
        (
            'op.create_index("ix", "parcels", ["code"], postgresql_using="GIN")',
            sql("CREATE INDEX ix ON parcels USING gin (code)"),
            "-MRT408",
        ),
        ('op.create_index("ix", "parcels", ["code"], postgresql_using=unknown())', INDEX, "-MRT408"),
    ],
)
def test_an_index_comes_back_with_its_method(made: str, back: str, expected: str) -> None:
    found = told([BASE, (made, DROP_INDEX), (DROP_INDEX, back)])
    assert holds(expected, found)
    advice = [one.instead for one in found if one.code == "MRT408"]
    assert all(("postgresql_ops" in text) == ("gin" in made) for text in advice)


@pytest.mark.parametrize("later", [INDEX, 'op.execute("CREATE INDEX ix ON parcels (id)")', NOTHING])
def test_an_index_that_no_revision_or_a_later_one_makes_cannot_be_dropped(later: str) -> None:
    assert holds("+MRT117", told([(PARCELS, f"{DROP_INDEX}\n{DROP_PARCELS}"), (later, "pass")], of=0))
    assert holds("+MRT117", told([BASE, ('op.execute("UPDATE parcels SET code = code")', DROP_INDEX), (later, "pass")], of=1))


@pytest.mark.parametrize(
    ("made", "nameless", "unknown"),
    [
        (
            'op.create_index("ix", "parcels", ["code"])',
            'op.create_index(None, "parcels", ["id"])',
            'op.drop_index(sa.inspect(op.get_bind()).get_indexes("parcels")[0]["name"], table_name="parcels")',
        ),
        (
            'op.create_unique_constraint("uq", "parcels", ["code"])',
            'op.create_unique_constraint(None, "parcels", ["id"])',
            'op.drop_constraint(sa.inspect(op.get_bind()).get_unique_constraints("parcels")[0]["name"], "parcels")',
        ),
    ],
)
def test_a_new_thing_without_a_name_hides_none_that_cannot_be_read(made: str, nameless: str, unknown: str) -> None:
    history = [BASE, (made, "pass")]
    assert holds("+MRT441", told([*history, (f"{nameless}\n{made}", "pass")]))
    assert holds("-MRT441", told([*history, (f"{unknown}\n{made}", "pass")]))
    assert holds("-MRT441", told([*history, (f"{nameless}\n{unknown}\n{made}", "pass")]))
    assert holds("-MRT441", told([*history, (f"{unknown}\n{made}\n{nameless}", "pass")]))


@pytest.mark.parametrize(
    ("default", "expected"),
    [("sa.text('NULL')", "-MRT111"), ("None", "-MRT111"), ("'b'", "+MRT111"), ("sa.text('now()')", "+MRT111")],
)
def test_a_default_of_null_is_none_in_a_column_that_comes_back(default: str, expected: str) -> None:
    again = (
        f'op.drop_column("parcels", "code")\nop.add_column("parcels", sa.Column("code", sa.String(20), server_default={default}))'
    )
    assert holds(expected, told([BASE, (altered("server_default='a'"), again)]))
