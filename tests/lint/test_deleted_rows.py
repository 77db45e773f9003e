"""MRT219 and MRT123: rows that downgrade() deletes though upgrade() did not insert them, or though others refer to them."""

import pytest

from mrt_lint.model.finding import Finding
from tests.lint.test_downgrade_kinds import BASE, holds, sql, told

ADD = 'op.add_column("parcels", sa.Column("kind", sa.Text))'
INSERT = sql("INSERT INTO parcels (code) VALUES ('a')")
BULK = 'op.bulk_insert(sa.table("parcels", sa.column("code")), [{"code": "a"}])'
CORE = 't = sa.table("parcels", sa.column("code"))\n'
KINDS = (
    'op.create_table("kinds", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.Text))\n'
    'op.create_table("uses", sa.Column("kind_id", sa.Integer, sa.ForeignKey("kinds.id"{rule})))'
)
SEED = sql("INSERT INTO kinds (id, name) VALUES (1, 'a')")
UNSEED = sql("DELETE FROM kinds WHERE name = 'a'")


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        (ADD, sql("DELETE FROM parcels"), "+MRT219"),
        (INSERT, sql("delete from only public.parcels;"), "+MRT219"),
        (INSERT, sql("TRUNCATE TABLE parcels RESTART IDENTITY CASCADE"), "+MRT219"),
        (INSERT, f"{CORE}op.execute(t.delete())", "+MRT219"),
        (INSERT, f"{CORE}op.get_bind().execute(sa.delete(t))", "+MRT219"),
        (ADD, sql("DELETE FROM parcels WHERE code = 'a'"), "+MRT219"),
        (sql("UPDATE parcels SET code = 'b' WHERE code = 'a'"), sql("DELETE FROM parcels WHERE code = 'b'"), "+MRT219"),
        (ADD, f"{CORE}op.execute(t.delete().where(t.c.code == 'a'))", "+MRT219"),
        (INSERT, sql("DELETE FROM parcels WHERE code LIKE 'a%'"), "+MRT219"),
        (INSERT, sql("DELETE FROM parcels WHERE id > 40 AND code IS NOT NULL"), "+MRT219"),
        (INSERT, sql("DELETE FROM parcels WHERE code NOT IN ('b', 'c')"), "+MRT219"),
        (INSERT, sql("DELETE FROM parcels WHERE code <> 'b' OR code ILIKE '_a'"), "+MRT219"),
        (INSERT, sql("DELETE FROM parcels WHERE code = 'a'"), "-MRT219"),
        (BULK, sql("DELETE FROM parcels WHERE code IN ('a')"), "-MRT219"),
        (INSERT, sql("DELETE FROM parcels WHERE code LIKE 'abc'"), "-MRT219"),
        (INSERT, sql("DELETE FROM parcels WHERE code LIKE 'a%' AND id = 4"), "-MRT219"),
        (INSERT, sql("DELETE FROM parcels WHERE id BETWEEN 1 AND 4"), "-MRT219"),
        (
            'op.alter_column("parcels", "code", existing_type=sa.String(20), type_=sa.Text)',
            sql("DELETE FROM parcels WHERE length(code) > 20")
            + '\nop.alter_column("parcels", "code", existing_type=sa.Text, type_=sa.String(20))',
            "+MRT219",
        ),
        (ADD, sql("DELETE FROM parcels WHERE kind = 'new'") + '\nop.drop_column("parcels", "kind")', "-MRT219"),
        (sql("DELETE FROM parcels") + "\n" + INSERT, sql("DELETE FROM parcels"), "-MRT219"),
        (ADD, sql("CREATE TABLE kept AS SELECT * FROM parcels", "DELETE FROM parcels"), "-MRT219"),
        ('op.create_table("t", sa.Column("id", sa.Integer))', sql("DELETE FROM t") + '\nop.drop_table("t")', "-MRT219"),
        (ADD, sql("DELETE FROM pg_enum WHERE enumlabel = 'a'"), "-MRT219"),
        (ADD, "if context.get_x_argument():\n    " + sql("DELETE FROM parcels"), "-MRT219"),
    ],
)
def test_rows_that_upgrade_did_not_insert(upgrade: str, downgrade: str, expected: str):
    assert holds(expected, told([BASE, (upgrade, downgrade)], "postgresql"))


@pytest.mark.parametrize(
    ("rule", "downgrade", "expected"),
    [
        ("", UNSEED, "+MRT123"),
        (', ondelete="RESTRICT"', UNSEED, "+MRT123"),
        (', ondelete="CASCADE"', UNSEED, "+MRT123"),
        ("", 'k = sa.table("kinds", sa.column("name"))\nop.execute(k.delete().where(k.c.name == "a"))', "+MRT123"),
        ("", sql("DELETE FROM kinds USING parcels WHERE parcels.code = kinds.name"), "+MRT123"),
        ("", f"{UNSEED}\n{sql('DELETE FROM uses')}", "+MRT123"),
        (', ondelete="SET NULL"', UNSEED, "-MRT123"),
        ("", f"{sql('DELETE FROM uses WHERE kind_id = 1')}\n{UNSEED}", "-MRT123"),
        ("", f"{sql('UPDATE uses SET kind_id = NULL WHERE kind_id = 1')}\n{UNSEED}", "-MRT123"),
        ("", f'op.drop_table("uses")\n{UNSEED}', "-MRT123"),
        ("", sql("DELETE FROM kinds k WHERE name = 'a' AND NOT EXISTS (SELECT 1 FROM uses WHERE kind_id = k.id)"), "-MRT123"),
        ("", sql("DELETE FROM kinds WHERE id = 1 AND id NOT IN (SELECT kind_id FROM uses)"), "-MRT123"),
        ("", f"try:\n    {UNSEED}\nexcept Exception:\n    pass", "-MRT123"),
    ],
)
def test_rows_that_others_refer_to_by_then(rule: str, downgrade: str, expected: str):
    before = (KINDS.format(rule=rule), "pass")
    assert holds(expected, told([before, (SEED, downgrade)], "postgresql"))
    assert holds("-MRT123", told([before, ("pass", downgrade)], "postgresql"))
    assert holds("-MRT123", told([before, (SEED, downgrade)], "sqlite"))


def test_rows_that_may_come_along_with_objects_of_an_orm_are_not_others():
    uses = sql("DELETE FROM uses WHERE kind_id = 1")
    orm = 'op.execute(sa.table("kinds", sa.column("name")).insert().values(name="a"))'
    assert holds("-MRT219", told([(KINDS.format(rule=""), "pass"), (orm, f"{uses}\n{UNSEED}")]))
    assert holds("+MRT219", told([(KINDS.format(rule=""), "pass"), (SEED, f"{uses}\n{UNSEED}")]))


def test_what_goes_along_is_lost_and_what_is_refused_fails():
    for rule, consequence in (("", "rollback fails"), (', ondelete="CASCADE"', "rollback loses data")):
        found = told([(KINDS.format(rule=rule), "pass"), (SEED, UNSEED)], "postgresql")
        assert [each.consequence.value for each in found if each.code == "MRT123"] == [consequence]


OWNERS = ('op.create_table("owners", sa.Column("id", sa.Integer(), primary_key=True))', 'op.drop_table("owners")')
STOCK = (
    """
op.create_table(
    "stock",
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("name", sa.Text()),
    sa.Column("kind", sa.Text()),
    sa.Column("state", sa.Enum("a", "b", name="state")),
    sa.Column("owner_id", sa.Integer(), sa.ForeignKey("owners.id")),
    sa.Column("size", sa.Text(), sa.CheckConstraint("size IN ('s', 'm')", name="ck")),
    sa.Column("area", sa.Text()),
    sa.Column("cell", sa.Text()),
    sa.UniqueConstraint("name"),
    sa.UniqueConstraint("area", "cell"),
)
""",
    'op.drop_table("stock")',
)
TWO = sql("INSERT INTO stock (name, kind, state) VALUES ('x', 'k', 'b'), ('y', 'k', 'b')")
BY_KIND = sql("DELETE FROM stock WHERE kind = 'k'")
TABLE = 't = sa.table("stock", sa.column("name"), sa.column("kind"))\n'
DROP_SIZE = 'op.drop_constraint("ck", "stock")\n'
NEW_SIZE = f"""{DROP_SIZE}op.create_check_constraint("ck", "stock", "size IN ('s', 'm', 'l')")\n"""
SHRUNK = f"""{DROP_SIZE}op.create_check_constraint("ck", "stock", "size IN ('s', 'm')")"""
SEED_LARGE, LARGE = sql("INSERT INTO stock (size) VALUES ('l'), ('l')"), sql("DELETE FROM stock WHERE size = 'l'")


def said(upgrade: str, downgrade: str) -> list[Finding]:
    return told([OWNERS, STOCK, (upgrade, downgrade)], "postgresql")


def messages(code: str, upgrade: str, downgrade: str) -> list[str]:
    return [finding.message for finding in said(upgrade, downgrade) if finding.code == code]


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "kind"),
    [
        (TWO, BY_KIND, "kind = 'k'"),
        (TWO, f'{TABLE}op.execute(t.delete().where(t.c.kind == "k"))', "kind = 'k'"),
        (TWO, sql("DELETE FROM stock WHERE state IN ('b')"), "state = 'b'"),
        (
            f'{TABLE}op.bulk_insert(t, [{{"name": name, "kind": "k"}} for name in ("x", "y")])',
            'op.get_bind().execute(sa.text("DELETE FROM stock WHERE kind = :kind"), {"kind": "k"})',
            "kind = 'k'",
        ),
        (
            "for name in ('x', 'y'):\n    op.execute(f\"INSERT INTO stock (name, kind) VALUES ('{name}', 'k')\")",
            BY_KIND,
            "kind = 'k'",
        ),
        (sql("INSERT INTO stock (kind, owner_id) SELECT 'k', id FROM owners"), BY_KIND, "kind = 'k'"),
        (sql("INSERT INTO stock (area, cell) VALUES ('n', 'c')"), sql("DELETE FROM stock WHERE area = 'n'"), "area = 'n'"),
    ],
)
def test_a_kind_of_rows_may_be_others_as_well(upgrade: str, downgrade: str, kind: str):
    [message] = messages("MRT219", upgrade, downgrade)
    assert f"every row of table 'stock' with {kind}, also those that upgrade did not insert" in message


@pytest.mark.parametrize(
    ("downgrade", "left"),
    [
        (sql("DELETE FROM stock WHERE name IN ('x', 'y', 'z')"), []),
        (sql("DELETE FROM stock WHERE name = 'z'"), ["name 'x'"]),
        (f'{TABLE}op.execute(t.delete().where(t.c.name.in_(["x", "z"])))', ["name 'y'"]),
    ],
)
def test_rows_that_upgrade_does_not_insert_and_those_that_are_left(downgrade: str, left: list[str]):
    [message] = messages("MRT219", TWO, downgrade)
    assert "rows of table 'stock' with name = 'z', of which upgrade inserts none" in message
    found = messages("MRT106", TWO, downgrade)
    assert [message.partition(", which no DELETE")[0].rpartition(" with ")[2] for message in found] == left


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        (TWO, sql("DELETE FROM stock WHERE name IN ('x', 'y')")),
        (TWO, sql("DELETE FROM stock WHERE kind = 'k' AND name IN ('X', 'Y')")),
        (TWO, sql("DELETE FROM stock WHERE kind = 'k' AND id IN (SELECT id FROM mine)")),
        (sql("INSERT INTO stock (name, kind) VALUES ('x', 'k')"), BY_KIND),
        (sql("INSERT INTO stock (kind) VALUES ('k'), ('l')"), sql("DELETE FROM stock WHERE kind IN ('k', 'l')")),
        (f"{TWO}\n{sql('UPDATE stock SET kind = upper(kind)')}", sql("DELETE FROM stock WHERE kind = 'K'")),
        (f"{BY_KIND}\n{TWO}", BY_KIND),
        (f"{NEW_SIZE}{SEED_LARGE}", LARGE),
        (
            'op.add_column("stock", sa.Column("origin", sa.Text()))\n'
            + sql("INSERT INTO stock (origin) VALUES ('seed'), ('seed')"),
            sql("DELETE FROM stock WHERE origin = 'seed'"),
        ),
        (
            sql("INSERT INTO owners (id) VALUES (7)", "INSERT INTO stock (name, owner_id) VALUES ('x', 7), ('y', 7)"),
            sql("DELETE FROM stock WHERE owner_id = 7", "DELETE FROM owners WHERE id = 7"),
        ),
        (f"work(op)\n{TWO}", BY_KIND),
        (
            "for row in rows():\n    op.execute(f\"INSERT INTO stock (name) VALUES ('{row.name}')\")",
            sql("DELETE FROM stock WHERE name = 'z'"),
        ),
    ],
)
def test_rows_that_are_named_or_could_not_be_there_before(upgrade: str, downgrade: str):
    assert holds("-MRT219 -MRT106", said(upgrade, downgrade))


@pytest.mark.parametrize("upgrade", [NEW_SIZE, f"{NEW_SIZE}{SEED_LARGE}"])
def test_rows_that_the_older_schema_cannot_hold_are_lost_once(upgrade: str):
    [message] = messages("MRT219", upgrade, f"{LARGE}\n{LARGE}\n{SHRUNK}")
    assert "that the older schema cannot hold" in message


@pytest.mark.parametrize(
    ("upgrade", "is_lost"),
    [
        (sql("INSERT INTO stock (name) VALUES ('x') ON CONFLICT (name) DO NOTHING"), True),
        (sql("INSERT INTO stock (name) SELECT 'x' WHERE NOT EXISTS (SELECT 1 FROM stock WHERE name = 'x')"), True),
        (sql("INSERT INTO stock (name) VALUES ('x')"), False),
        (sql("INSERT INTO stock (name) VALUES ('x') ON CONFLICT (name) DO UPDATE SET name = 'y'"), False),
        (sql("INSERT INTO stock (name) SELECT 'x' WHERE NOT EXISTS (SELECT 1 FROM owners)"), False),
        (sql("INSERT INTO stock (name) VALUES ('y') ON CONFLICT DO NOTHING", "INSERT INTO stock (name) VALUES ('x')"), False),
    ],
)
def test_a_row_that_is_inserted_only_if_it_is_not_there_may_be_older(upgrade: str, is_lost: bool):
    found = messages("MRT219", upgrade, sql("DELETE FROM stock WHERE name = 'x'"))
    assert [message.endswith("that upgrade inserts only if they are not there: one from before is lost") for message in found] == (
        [True] if is_lost else []
    )
