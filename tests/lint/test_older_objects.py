"""What upgrade() makes where it finds nothing, or in its own place, may be the older schema's: it is not left behind (MRT110)."""

import textwrap

import pytest

from tests.lint.test_downgrade_kinds import BASE, KEYED, NOTHING, SHOP, holds, sql, told

FOREIGN: tuple[str, str] = (NOTHING, "pass")
"""A history that does not make the tables: what they have had so far is not known."""

FIND = """
inspector = sa.inspect(op.get_bind())
def find(table, columns):
    for info in inspector.get_foreign_keys(table):
        if info["constrained_columns"] == columns:
            return info["name"]
    return None
"""
KEY = 'op.create_foreign_key("fk", "items", "parcels", ["parcel_id"], ["id"])'
UNIQUE = 'op.create_unique_constraint("uq", "parcels", ["code"])'
INDEX = 'op.create_index("ix", "parcels", ["code"])'
COLUMN = 'op.add_column("parcels", sa.Column("age", sa.Integer()))'
TABLE = 'op.create_table("notes", sa.Column("id", sa.Integer(), primary_key=True))'
VIEW = sql("CREATE VIEW v AS SELECT 1 AS one")
LISTED = '{one["name"] for one in sa.inspect(op.get_bind()).get_indexes("parcels")}'
BY_SQL = "op.get_bind().execute(sa.text(\"SELECT 1 FROM information_schema.tables WHERE table_name = 'notes'\")).scalar()"


def where(test: str, made: str) -> str:
    return f"if {test}:\n{textwrap.indent(made, '    ')}"


@pytest.mark.parametrize(
    "upgrade",
    [
        FIND + where('find("items", ["parcel_id"]) is None', KEY),
        FIND + where('not find("items", ["parcel_id"])', KEY),
        FIND + where('find("items", ["parcel_id"]) == None', KEY),
        FIND + f'if find("items", ["parcel_id"]):\n    pass\nelse:\n    {KEY}',
        FIND + f'def add():\n    if find("items", ["parcel_id"]) is not None:\n        return\n    {KEY}\nadd()',
        FIND + f'found = find("items", ["parcel_id"])\nif found is None:\n    {KEY}',
        "from helpers import find_fk, has_unique_constraint\n" + where('find_fk("items", ["parcel_id"]) is None', KEY),
        "from helpers import has_unique_constraint as has\n" + where('not has("uq")', UNIQUE),
        "from helpers import unique_exists\n" + where('not unique_exists("uq")', UNIQUE),
        where(f'"ix" not in {LISTED}', INDEX),
        where(f'not ("ix" in {LISTED})', INDEX),
        f"names = {LISTED}\nothers = sorted(names)\n" + where('"ix" not in others and anything()', INDEX),
        f"names = {LISTED}\n" + where('"ix" not in names', sql("CREATE INDEX ix ON parcels (code)")),
        where('not any(c["name"] == "age" for c in sa.inspect(op.get_bind()).get_columns("parcels"))', COLUMN),
        where('len([c for c in sa.inspect(op.get_bind()).get_columns("parcels") if c["name"] == "age"]) == 0', COLUMN),
        where('not op.get_bind().dialect.has_table(op.get_bind(), "notes")', TABLE),
        where('not sa.inspect(op.get_bind()).has_table("notes")', TABLE),
        where(f"{BY_SQL} is None", TABLE),
        f"found = {BY_SQL}\n" + where("not found", TABLE),
        where('"v" not in sa.inspect(op.get_bind()).get_view_names()', VIEW),
    ],
)
def test_what_is_made_only_where_it_is_missing_may_be_older(upgrade: str):
    assert holds("-MRT110", told([FOREIGN, (upgrade, NOTHING)]))


@pytest.mark.parametrize(
    "upgrade",
    [
        KEY,
        where("anything()", KEY),
        where("not anything()", KEY),
        "from shop import settings\n" + where("not settings.KEYS", KEY),
        FIND + where('find("items", ["parcel_id"]) is not None', INDEX),
        FIND + where('find("items", ["parcel_id"])', INDEX),
        f"names = {LISTED}\n" + where('"old" in names', INDEX),
        f'if "ix" not in {LISTED}:\n    pass\n{INDEX}',
        f"if {BY_SQL}:\n    pass\n{INDEX}",
        where('op.get_bind().execute(sa.text("SELECT 1 FROM items")).scalar() is None', INDEX),
    ],
)
def test_what_no_question_finds_missing_is_left_behind(upgrade: str):
    assert holds("+MRT110", told([FOREIGN, (upgrade, NOTHING)]))


@pytest.mark.parametrize(
    ("before", "made"),
    [(BASE, where(f'"ix" not in {LISTED}', INDEX)), (SHOP, FIND + where('find("items", ["parcel_id"]) is None', KEY))],
)
def test_a_history_that_never_makes_it_proves_that_it_is_new(before: tuple[str, str], made: str):
    assert holds("+MRT110", told([before, (made, NOTHING)]))


LOOKED_UP = FIND + 'op.drop_constraint(find("items", ["parcel_id"]), "items", type_="foreignkey")'
ELSEWHERE = FIND + 'op.drop_constraint(find("boxes", ["parcel_id"]), "boxes", type_="foreignkey")'
IN_PLACE = """
for info in sa.inspect(op.get_bind()).get_foreign_keys("items"):
    if info["constrained_columns"] == ["parcel_id"]:
        op.drop_constraint(info["name"], "items", type_="foreignkey")
"""
OF_INDEX = """
for info in sa.inspect(op.get_bind()).get_indexes("parcels"):
    if info["column_names"] == ["code"]:
        op.drop_index(info["name"], table_name="parcels")
"""
OF_UNIQUE = """
name = next(one["name"] for one in sa.inspect(op.get_bind()).get_unique_constraints("parcels") if one["column_names"] == ["code"])
op.drop_constraint(name, "parcels", type_="unique")
"""
NAMELESS = 'op.create_foreign_key(None, "items", "parcels", ["parcel_id"], ["id"])'
ON_NEW = (
    'op.add_column("items", sa.Column("other_id", sa.Integer()))\n'
    'op.create_foreign_key(None, "items", "parcels", ["other_id"], ["id"])'
)
IN_BATCH = (
    'with op.batch_alter_table("items") as batch:\n    batch.drop_constraint(find("items", ["parcel_id"]), type_="foreignkey")'
)
BY_QUERY = (
    'name = op.get_bind().execute(sa.text("SELECT conname FROM pg_constraint")).scalar()\n'
    'op.execute(f"ALTER TABLE items DROP CONSTRAINT {name}")'
)


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (f"{LOOKED_UP}\n{NAMELESS}", "-MRT110"),
        (f"{LOOKED_UP}\n{KEY}", "-MRT110"),
        (f"{IN_PLACE}\n{KEY}", "-MRT110"),
        (f"{FIND}\n{IN_BATCH}\n{KEY}", "-MRT110"),
        (f"{BY_QUERY}\n{KEY}", "-MRT110"),
        (f"{OF_INDEX}\n{INDEX}", "-MRT110"),
        (f"{OF_UNIQUE}\n{UNIQUE}", "-MRT110"),
        # another kind, another table, made before, or on a column that is new
        (f"{OF_UNIQUE}\n{INDEX}", "+MRT110"),
        (f"{LOOKED_UP}\n{UNIQUE}", "+MRT110"),
        (f"{ELSEWHERE}\n{KEY}", "+MRT110"),
        (f"{KEY}\n{LOOKED_UP}", "+MRT110"),
        (f"{LOOKED_UP}\n{ON_NEW}", "+MRT110"),
    ],
)
def test_what_takes_the_place_of_one_that_is_looked_up_is_not_left_behind(upgrade: str, expected: str):
    assert holds(expected, told([FOREIGN, (upgrade, NOTHING)]))


DROP_KEY = 'op.drop_constraint("fk", "items", type_="foreignkey")'
ON_PLACE = 'op.create_foreign_key("fk2", "items", "parcels", ["place"], ["id"])'


@pytest.mark.parametrize(
    ("first", "downgrade", "at"),
    [
        ('op.alter_column("items", "parcel_id", new_column_name="place")', NOTHING, "at a change of column 'items.parcel_id'"),
        (sql("ALTER TABLE items RENAME parcel_id TO place"), NOTHING, "at a change of column 'items.parcel_id'"),
        (
            'op.alter_column("items", "parcel_id", new_column_name="place")',
            'op.alter_column("items", "place", new_column_name="parcel_id")',
            "at the drop of foreign key 'fk'",
        ),
    ],
)
def test_the_next_upgrade_fails_first_where_a_name_is_not_there_again(first: str, downgrade: str, at: str):
    found = told([KEYED, (f"{first}\n{DROP_KEY}\n{ON_PLACE}", downgrade)])
    [text] = [finding.message for finding in found if finding.code == "MRT110"]
    assert text.endswith(f"and the next upgrade fails before it, {at}")
