"""What has to be unique from now on: whether rows can prevent it, whether it locks the table, and what can be done before it."""

import pytest

from mrt_lint.model.finding import Finding
from tests.lint.test_downgrade_kinds import DROP_UNIQUE, PARCELS, told

CODE = 'op.create_unique_constraint("uq", "parcels", ["code"])'
ADD = 'op.add_column("parcels", sa.Column("tag", sa.String(9)))'
TAG = 'op.create_unique_constraint("uq", "parcels", ["tag"])'
ITEMS = (
    'op.create_table("parcels", sa.Column("id", sa.Integer()), sa.Column("code", sa.String(9)))\n'
    'op.create_table("items", sa.Column("parcel_id", sa.Integer(), sa.ForeignKey("parcels.id")))'
)
INDEXED = PARCELS + '\nop.create_index("ix", "parcels", ["code"], unique=True)'


def about_rows(upgrade: str, before: str = PARCELS, dialect: str = "postgresql", code: str = "MRT406") -> list[Finding]:
    findings = told([(before, "pass"), (upgrade, DROP_UNIQUE)], dialect)
    return [finding for finding in findings if finding.code == code]


@pytest.mark.parametrize(
    ("upgrade", "before"),
    [
        # duplicates are deleted before
        ('op.execute("DELETE FROM parcels a USING parcels b WHERE a.id > b.id AND a.code = b.code")\n' + CODE, PARCELS),
        ('op.execute(sa.table("parcels").delete().where(sa.text("x")))\n' + CODE, PARCELS),
        ('for t in TABLES:\n    op.execute(f"DELETE FROM {t} a USING {t} b WHERE a.id > b.id")\n' + CODE, PARCELS),
        ("op.execute(dedupe())\n" + CODE, PARCELS),
        ("for row in rows()[1:]:\n    sa.orm.Session(op.get_bind()).delete(row)\n" + CODE, PARCELS),
        # unique before
        ('op.create_unique_constraint("uq", "parcels", ["code", "id"])', ITEMS),
        (CODE, INDEXED),
        ('op.drop_index("ix", table_name="parcels")\n' + CODE, INDEXED),
        # new, and NULL in every row, whatever becomes of other columns
        (f"{ADD}\n{TAG}", PARCELS),
        (f'{ADD}\nop.alter_column("parcels", "code", nullable=True)\n{TAG}', PARCELS),
        (f"{ADD}\n{TAG}\nop.execute(\"UPDATE parcels SET code = 'a'\")", PARCELS),
        # Python works it out
        (f'{ADD}\n{TAG}\nfor key in (1, 2):\n    op.execute(sa.text("UPDATE parcels SET tag = :t WHERE id = :i"))', PARCELS),
    ],
)
def test_where_no_two_rows_hold_the_same_only_the_lock_counts(upgrade: str, before: str):
    assert about_rows(upgrade, before) == []
    assert about_rows(upgrade, before, "mysql") == [] or "items" in before
    (finding,) = about_rows(upgrade, before, code="MRT407")
    assert "blocks every access to table 'parcels'" in finding.message
    assert finding.consequence.value == "deploy blocks"
    assert "SELECT" not in finding.instead


def test_all_rows_deleted_leave_a_table_whose_name_could_not_be_read_as_it_was():
    assert about_rows('for t in TABLES:\n    op.execute(f"DELETE FROM {t}")\n' + CODE) != []


@pytest.mark.parametrize("column", ['sa.text("id DESC")', 'sa.text("id")', 'sa.column("id").desc()', '"id"'])
def test_what_foreign_keys_point_to_is_unique_already(column: str):
    index = f'op.create_index("ix", "parcels", [{column}], unique=True)'
    assert about_rows(index, ITEMS) == []
    assert about_rows(index, ITEMS.split("\n", maxsplit=1)[0]) != []


@pytest.mark.parametrize(
    "upgrade",
    [
        CODE,
        'op.execute("DELETE FROM parcels WHERE 1 = 0")\n' + CODE,
        'op.create_index("i", "parcels", ["code"], unique=True)',
        f'{ADD}\nop.execute("UPDATE parcels SET tag = code")\n{TAG}',
        f'{ADD}\n{TAG}\nop.execute("UPDATE parcels SET tag = code")',
        'op.add_column("parcels", sa.Column("tag", sa.String(9), server_default="x"))\n' + TAG,
        f"{ADD}\n{TAG[:-1]}, postgresql_nulls_not_distinct=True)",
    ],
)
def test_where_two_rows_may_hold_the_same_the_upgrade_fails(upgrade: str):
    (finding,) = about_rows(upgrade, PARCELS)
    assert "it fails where two rows hold the same" in finding.message
    assert finding.consequence.value == "deploy fails"
    assert ("in the next one" in finding.instead) is ("add_column" in upgrade)


SLOTS = (
    'op.create_table("slots", sa.Column("a", sa.Integer, nullable=False), sa.Column("b", sa.Integer, nullable=False), '
    'sa.PrimaryKeyConstraint("a", "b", name="slots_pkey"))\nop.create_table("bare", sa.Column("k", sa.Integer))'
)
DROP_KEY = 'op.drop_constraint("slots_pkey", "slots", type_="primary")'
ADDED = 'op.add_column("bare", sa.Column("id", sa.Uuid()))'
BATCH = 'with op.batch_alter_table("slots") as batch:'
ON_A = 'op.create_primary_key("slots_pkey", "slots", ["a"])'
NUMBER = 'op.add_column("bare", sa.Column("id", {}, nullable=False))\nop.create_primary_key(None, "bare", ["id"])'


@pytest.mark.parametrize("dialect", ["postgresql", "mysql"])
@pytest.mark.parametrize(
    "upgrade",
    [
        f"{DROP_KEY}\n{ON_A}",
        f'{DROP_KEY}\nop.execute("ALTER TABLE slots ADD PRIMARY KEY (a)")',
        f'{BATCH}\n    batch.drop_constraint("slots_pkey", type_="primary")\n    batch.create_primary_key("slots_pkey", ["b"])',
        'op.create_primary_key(None, "bare", ["k"])',
        'op.execute("ALTER TABLE bare ADD PRIMARY KEY (k)")',
        'op.drop_column("slots", "b")\nop.create_unique_constraint("uq", "slots", ["a"])',
        'op.create_primary_key(None, "elsewhere", ["name"])',
    ],
)
def test_a_primary_key_is_refused_where_two_rows_hold_the_same(upgrade: str, dialect: str):
    (finding,) = about_rows(upgrade, SLOTS, dialect)
    assert "HAVING count(*) > 1" in finding.instead
    assert "UNIQUE USING" not in finding.instead or "unique" in upgrade


@pytest.mark.parametrize(
    "upgrade",
    [
        # more columns, or the same
        f'{DROP_KEY}\nop.create_primary_key("slots_pkey", "slots", ["a", "b", "c"])',
        f'{DROP_KEY}\nop.create_primary_key("pk", "slots", ["b", "a"])',
        # what was unique, or what the key was is not known
        'op.drop_constraint("x_pkey", "elsewhere", type_="primary")\nop.create_primary_key("x_pkey", "elsewhere", ["id"])',
        'op.execute("ALTER TABLE bare ADD PRIMARY KEY USING INDEX ix")',
        # each row has a number of its own
        NUMBER.format("sa.Integer(), sa.Identity()"),
        NUMBER.format('sa.Uuid(), server_default=sa.text("gen_random_uuid()")'),
        'op.execute("ALTER TABLE bare ADD COLUMN id serial")\nop.execute("ALTER TABLE bare ADD PRIMARY KEY (id)")',
        f'{ADDED}\nop.execute("UPDATE bare SET id = gen_random_uuid()")\nop.create_primary_key(None, "bare", ["id"])',
        f'{ADDED}\nop.execute("UPDATE bare SET id = UUID()")\nop.create_unique_constraint("uq", "bare", ["id"])',
        # duplicates were thought of, or there are no rows
        f'op.execute("DELETE FROM slots s USING slots o WHERE s.a = o.a AND s.b > o.b")\n{DROP_KEY}\n{ON_A}',
        f'op.execute("DELETE FROM slots")\n{DROP_KEY}\n{ON_A}',
        'op.create_table("new", sa.Column("id", sa.Integer))\nop.create_primary_key(None, "new", ["id"])',
    ],
)
def test_a_primary_key_over_what_differs_in_every_row_is_not_refused(upgrade: str):
    assert about_rows(upgrade, SLOTS) == []


KEYED = 'op.create_table("keys", sa.Column("id", sa.String(64)), sa.Column("n", sa.Integer()))\nop.create_index("ix", "keys", ["id"], unique=True)'
NEW_ID = """
op.add_column("keys", sa.Column("id_new", sa.UUID()))
op.execute("UPDATE keys SET id_new = {}")
op.drop_index("ix", table_name="keys")
op.drop_column("keys", "id")
op.alter_column("keys", "id_new", new_column_name="id")
op.create_index("ix", "keys", ["id"], unique=True)
"""


@pytest.mark.parametrize(
    ("value", "differ"),
    [
        ("CAST(substring(id from 8) AS uuid)", True),
        ("replace(id, 'key-', '')::uuid", True),
        ("id", True),
        ("'x' || id", True),
        ("lower(id)", False),
        ("id WHERE n > 3", False),
        ("n", False),
        ("md5(id)::uuid", False),
    ],
)
def test_what_is_made_of_a_key_differs_from_row_to_row(value: str, differ: bool):
    assert (about_rows(NEW_ID.format(value), KEYED) == []) is differ
    assert about_rows(NEW_ID.format(value), KEYED, code="MRT407") != []


REFILL = """
from shop import pack
t = sa.table("parcels", sa.column("id"), sa.column("code"))
rows = op.get_bind().execute("SELECT * FROM parcels").fetchall()
if rows:
    codes = {{}}
    for row in rows:
        codes.setdefault((row.id, row.code), []).append(row.note)
    op.execute("DELETE FROM parcels{}")
    op.execute(t.insert().values([{{"id": a, "code": b, "notes": pack(c)}} for (a, b), c in codes.items()]))
op.create_primary_key("pk", "parcels", ["id", "code"])
"""


def test_rows_that_python_reads_and_writes_anew_are_neither_doubled_nor_lost():
    findings = told([(PARCELS, "pass"), (REFILL.format(""), 'op.execute("DELETE FROM parcels")')], "mysql")
    assert "MRT406" not in {finding.code for finding in findings}
    assert [finding.severity.value for finding in findings if finding.code == "MRT214"] == ["warning"]
    (finding,) = about_rows(
        'op.execute("DELETE FROM parcels")\nop.execute("INSERT INTO parcels (code) SELECT code FROM old")\n' + CODE
    )
    assert finding.code == "MRT406"


def test_a_table_that_can_have_no_rows_has_none_to_check():
    add = 'op.add_column("parcels", sa.Column("town_id", sa.Integer(), nullable={}))\n'
    key = 'op.create_foreign_key("fk", "parcels", "towns", ["town_id"], ["id"])'
    assert about_rows(add.format("False") + key, code="MRT422") == []
    assert about_rows(add.format("True") + key, code="MRT422") != []
    assert about_rows(add.format("False, server_default='1'") + key, code="MRT422") != []
