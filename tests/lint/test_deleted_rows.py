"""MRT219 and MRT123: rows that downgrade() deletes though upgrade() did not insert them, or though others refer to them."""

import pytest

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
            "-MRT219",
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
