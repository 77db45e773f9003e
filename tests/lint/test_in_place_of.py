"""A unique index that takes the place of another is built before that is dropped, so that rows stay unique (MRT407)."""

import pytest

from tests.lint.test_downgrade_kinds import told

TABLE = (
    'op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("code", sa.String(20)), '
    'sa.Column("town_id", sa.Integer()))\n'
)
BUILD = 'op.create_index("{}", "parcels", ["code", "town_id"], unique={})'


@pytest.mark.parametrize(
    ("before", "drop", "name", "expected"),
    [
        (
            'op.create_index("ux_code", "parcels", ["code"], unique=True)',
            'op.drop_index("ux_code", table_name="parcels")',
            "ux_both",
            "and move the drop of index 'ux_code' behind it, so that rows stay unique meanwhile",
        ),
        (
            'op.create_unique_constraint("ux_code", "parcels", ["code"])',
            'op.execute("ALTER TABLE parcels DROP CONSTRAINT ux_code")',
            "ux_both",
            "and move the drop of constraint 'ux_code' behind it",
        ),
        (
            'op.create_index("ux_code", "parcels", ["code"], unique=True)',
            'op.drop_index("ux_code", table_name="parcels")',
            "ux_code",
            (
                'op.create_index("ux_code_new", "parcels", ["code", "town_id"], unique=True, postgresql_concurrently=True); and '
                "move the drop of index 'ux_code' behind it, so that rows stay unique meanwhile; and then "
                'op.execute("ALTER INDEX ux_code_new RENAME TO ux_code")'
            ),
        ),
        (
            'op.create_index("ux_code", "parcels", ["code"])',
            'op.drop_index("ux_code", table_name="parcels")',
            "ux_both",
            "look for duplicates first",
        ),
    ],
)
def test_a_unique_index_is_built_ahead_of_the_drop_of_another(before: str, drop: str, name: str, expected: str):
    built = BUILD.format(name, True)
    found = [each for each in told([(TABLE + before, "pass"), (f"{drop}\n{built}", "pass")]) if each.code in {"MRT406", "MRT407"}]
    assert any(expected in finding.instead for finding in found), found


WHERE = 'postgresql_where=sa.text("town_id IS {}")'


@pytest.mark.parametrize(
    ("former", "kept"),
    [
        ({"b": ("code", "NULL"), "a": ("code", "NOT NULL")}, "a"),
        ({"a": ("code", "NOT NULL"), "b": ("code", "NULL")}, "a"),
        ({"b": ("id", "NOT NULL"), "a": ("code", "NOT NULL")}, "a"),
    ],
)
def test_the_index_to_keep_meanwhile_is_the_one_of_the_same_rows_and_columns(former: dict[str, tuple[str, str]], kept: str):
    built = [
        f'op.create_index("{name}", "parcels", ["{column}", "town_id"], unique=True, {WHERE.format(null)})'
        for name, (column, null) in former.items()
    ]
    drops = [f'op.drop_index("{name}", table_name="parcels")' for name in former]
    new = f'op.create_index("ux_new", "parcels", ["code", "town_id"], unique=True, {WHERE.format("NOT NULL")})'
    found = told([(TABLE + "\n".join(built), "pass"), ("\n".join([*drops, new]), "pass")])
    [said] = [each.instead for each in found if each.code == "MRT407"]
    assert f"move the drop of index '{kept}' behind it" in said


def test_another_order_or_an_index_that_is_none_needs_no_such_word():
    before = TABLE + 'op.create_index("ux_code", "parcels", ["code"], unique=True)'
    drop = 'op.drop_index("ux_code", table_name="parcels")'
    for upgrade in (f"{BUILD.format('ux_both', True)}\n{drop}", f"{drop}\n{BUILD.format('ix_both', False)}"):
        (finding,) = [each for each in told([(before, "pass"), (upgrade, "pass")]) if each.code == "MRT407"]
        assert finding.instead.startswith("with op.get_context().autocommit_block(): op.create_index(")


@pytest.mark.parametrize(("column", "moved"), [("town_id", True), ("code", False)])
def test_what_is_in_the_way_of_new_values_is_dropped_first(column: str, moved: bool):
    before = TABLE + 'op.create_index("ux_code", "parcels", ["code"], unique=True)'
    filled = f'op.execute("UPDATE parcels SET {column} = 1 WHERE id > 3")'
    upgrade = f"op.drop_index('ux_code', table_name='parcels')\n{filled}\n{BUILD.format('ux_both', True)}"
    found = [each.instead for each in told([(before, "pass"), (upgrade, "pass")]) if each.code == "MRT407"]
    assert any("and move the drop" in instead for instead in found) == (moved and bool(found))


def test_a_column_that_another_takes_the_name_of_takes_its_index_along():
    before = TABLE + 'op.create_index("ux_code", "parcels", ["code"], unique=True)'
    swapped = 'op.drop_column("parcels", "code")\nop.alter_column("parcels", "new_code", new_column_name="code")'
    added = 'op.add_column("parcels", sa.Column("new_code", sa.Text()))'
    upgrade = f"{added}\nop.drop_index('ux_code', table_name='parcels')\n{swapped}\n{BUILD.format('ux_code', True)}"
    found = [each.instead for each in told([(before, "pass"), (upgrade, "pass")]) if each.code == "MRT407"]
    assert not any("behind it" in instead for instead in found)
