"""Advice about definitions and names that runs as it is: in its place, for rows that are there, on the database at hand."""

import pytest

from tests.lint.test_downgrade_kinds import NOTHING, sql, told

STEPS = """op.create_table("steps", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("list_id", sa.Integer()))
op.create_table("lists", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("text", sa.Text(), nullable=False))"""
RENAME = 'op.alter_column("steps", "list_id", new_column_name="plan_id")'
BACK = 'op.alter_column("{}", "plan_id", new_column_name="list_id")'
TABLE = 'op.rename_table("items", "steps")'


def advice(code: str, upgrade: str, downgrade: str = NOTHING, before: str = STEPS, dialect: str = "postgresql") -> str:
    return next(each.instead for each in told([(before, NOTHING), (upgrade, downgrade)], dialect) if each.code == code)


def test_a_column_is_renamed_before_its_table_is():
    upgrade = f'op.rename_table("steps", "tasks")\n{RENAME.replace("steps", "tasks")}'
    text = advice("MRT302", upgrade, 'op.rename_table("tasks", "steps")')
    assert text.endswith('new_column_name="list_id") to downgrade(), before it renames the table to "steps"')
    assert advice("MRT302", RENAME, NOTHING).endswith('new_column_name="list_id") to downgrade()')


def test_a_rename_on_the_wrong_table_is_mended_where_it_is():
    text = advice("MRT302", RENAME, f"{NOTHING}\n{BACK.format('lists')}")
    assert text == 'write "steps" in place of "lists" where downgrade() renames \'plan_id\' of the wrong table (line 14)'
    upgrade = f'op.rename_table("steps", "tasks")\n{RENAME.replace("steps", "tasks")}'
    text = advice("MRT302", upgrade, f'op.rename_table("tasks", "steps")\n{BACK.format("lists")}')
    assert text.startswith('write "steps" in place of "lists"')
    both = f'{RENAME}\nop.add_column("lists", sa.Column("list_id", sa.Integer()))\n{RENAME.replace("steps", "lists")}'
    assert advice("MRT302", both, BACK.format("lists")).startswith("add op.alter_column(")


def test_a_default_that_rows_need_is_dropped_once_they_have_a_value():
    again = 'op.add_column("lists", sa.Column("text", sa.Text(), nullable=False, server_default=""))'
    text = advice("MRT111", 'op.drop_column("lists", "text")', again)
    assert text.endswith('and drop that then: op.alter_column("lists", "text", server_default=None)')


def test_null_is_filled_before_downgrade_looks_for_it():
    loose, tight = (f'op.alter_column("lists", "text", existing_type=sa.Text(), nullable={each})' for each in (True, False))
    check = "if op.get_bind().scalar(sa.text('SELECT count(*) FROM lists WHERE text IS NULL')):\n    raise ValueError('NULL')\n"
    assert advice("MRT120", loose, check + tight).startswith("before it, and before downgrade() raises an exception for such rows,")
    assert advice("MRT120", loose, tight).startswith("before it, op.execute(")


@pytest.mark.parametrize(
    ("kind", "dialect", "given"),
    [
        ("sa.Text()", "mysql", False),
        ("sa.LargeBinary()", "mysql", False),
        ("sa.JSON()", "mysql", False),
        ("sa.String(9)", "mysql", True),
        ("sa.Text()", "mariadb", True),
        ("sa.Text()", "postgresql", True),
    ],
)
def test_a_default_is_advised_where_the_database_takes_one(kind: str, dialect: str, given: bool):
    text = advice("MRT401", f'op.add_column("steps", sa.Column("name", {kind}, nullable=False))', dialect=dialect)
    assert text.startswith("give it a server_default, or add it" if given else "add it with nullable=True")


def test_the_right_name_is_wanted_only_where_upgrade_makes_something():
    drop = 'op.drop_table("labels")'
    history = "from shop import Base\nBase.metadata.create_all(op.get_bind())"
    assert advice("MRT113", RENAME, drop, history) == "leave it out of downgrade()"
    made = 'op.create_table("label", sa.Column("id", sa.Integer()))'
    assert advice("MRT113", made, drop, history).startswith("write the name of what upgrade() creates, or leave")


MOODS = 'op.create_table("dogs", sa.Column("mood", sa.Enum("sad", "glad", name="mood")))'
SWAP = (
    "ALTER TYPE mood RENAME TO mood_old",
    "CREATE TYPE mood AS ENUM ({})",
    "ALTER TABLE dogs ALTER mood TYPE mood USING mood::text::mood",
    "DROP TYPE mood_old",
)


def test_labels_are_added_to_the_type_itself():
    text = advice("MRT303", sql(*SWAP).replace("{}", "\\'sad\\', \\'glad\\', \\'so so\\'"), before=MOODS)
    assert "add to the type itself, which rewrites nothing: with op.get_context().autocommit_block(): " in text
    assert "ALTER TYPE mood ADD VALUE 'so so'" in text
    assert "of the new type" not in text
    text = advice("MRT303", sql(*SWAP).replace("{}", "\\'sad\\', \\'so so\\'"), before=MOODS)
    assert "ADD VALUE" not in text
