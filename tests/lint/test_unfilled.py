"""Tables and columns that upgrade() leaves empty: they restore nothing (MRT201, MRT120), and no row can refer to them (MRT445)."""

import pytest

from tests.lint.test_downgrade_kinds import holds, sql, told

PARTS = (
    'op.create_table("parts", sa.Column("id", sa.Integer, primary_key=True), sa.Column("slug", sa.String(20), nullable=False))',
    'op.drop_table("parts")',
)
SLUGS = 'op.create_table("slugs", sa.Column("part_id", sa.Integer), sa.Column("slug", sa.String(20)))\n'
NICK = 'op.add_column("parts", sa.Column("nick", sa.String(20){}))\n'
DROP = 'op.drop_column("parts", "slug")'
BACK = (
    'op.add_column("parts", sa.Column("slug", sa.String(20)))\n{}\n'
    'op.alter_column("parts", "slug", existing_type=sa.String(20), nullable=False)'
)
FROM = "UPDATE parts SET slug = slugs.slug FROM slugs WHERE slugs.part_id = parts.id"


@pytest.mark.parametrize(
    ("upgrade", "back", "expected"),
    [
        (SLUGS, FROM, "+MRT201 +MRT120"),
        (SLUGS, "UPDATE parts p SET slug = s.slug FROM slugs AS s WHERE s.part_id = p.id", "+MRT201 +MRT120"),
        (SLUGS, "UPDATE parts SET slug = (SELECT s.slug FROM slugs s WHERE s.part_id = parts.id)", "+MRT201 +MRT120"),
        (
            SLUGS,
            "MERGE INTO parts USING slugs s ON s.part_id = parts.id WHEN MATCHED THEN UPDATE SET slug = s.slug",
            "+MRT201 +MRT120",
        ),
        (NICK.format(""), "UPDATE parts SET slug = nick", "+MRT201 +MRT120"),
        (NICK.format(""), "UPDATE parts SET slug = lower(parts.nick)", "+MRT201 +MRT120"),
        (NICK.format(', server_default="a"'), "UPDATE parts SET slug = nick", "-MRT201 -MRT120"),
        (NICK.format("") + sql("UPDATE parts SET nick = slug") + "\n", "UPDATE parts SET slug = nick", "-MRT201 -MRT120"),
        (SLUGS + sql("INSERT INTO slugs SELECT id, slug FROM parts") + "\n", FROM, "-MRT201 -MRT120"),
        (sql("CREATE TABLE slugs AS SELECT id AS part_id, slug FROM parts") + "\n", FROM, "-MRT201 -MRT120"),
        ("", FROM, "-MRT201 -MRT120"),
        (f"{SLUGS}fill(op.get_bind())\n", FROM, "-MRT201 -MRT120"),
    ],
)
def test_what_is_never_filled_brings_no_value_back(upgrade: str, back: str, expected: str):
    assert holds(expected, told([PARTS, (upgrade + DROP, BACK.format(sql(back)))]))


TABLES = (
    'op.create_table("queues", sa.Column("id", sa.Integer, primary_key=True))\n'
    'op.create_table("lines", sa.Column("id", sa.Integer, primary_key=True))\n'
    'op.create_table("pools", sa.Column("boss", sa.Integer), sa.Column("queue_id", sa.ForeignKey("queues.id", name="fk")))'
)
POOLS = (TABLES, "pass")
PEOPLE = 'op.create_table("people", sa.Column("id", sa.Integer, primary_key=True))\n'
TO_PEOPLE = 'op.create_foreign_key(None, "pools", "people", ["boss"], ["id"])'
FREE = 'op.drop_constraint("fk", "pools", type_="foreignkey")\n'
TO_LINES = 'op.create_foreign_key("fk2", "pools", "lines", ["queue_id"], ["id"])'


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (PEOPLE + TO_PEOPLE, "+MRT445"),
        (PEOPLE + sql("ALTER TABLE pools ADD CONSTRAINT fk2 FOREIGN KEY (boss) REFERENCES people"), "+MRT445"),
        (
            PEOPLE
            + f'with op.batch_alter_table("pools") as b:\n    {TO_PEOPLE.replace("op.", "b.").replace(chr(34) + "pools" + chr(34) + ", ", "")}',
            "+MRT445",
        ),
        (FREE + TO_LINES, "+MRT445"),
        (sql("ALTER TABLE pools DROP CONSTRAINT fk, ADD FOREIGN KEY (queue_id) REFERENCES lines (id)"), "+MRT445"),
        (f'{FREE}op.alter_column("pools", "queue_id", existing_type=sa.Integer, nullable=True)\n{TO_LINES}', "+MRT445"),
        (PEOPLE + sql("INSERT INTO people SELECT DISTINCT boss FROM pools") + f"\n{TO_PEOPLE}", "-MRT445"),
        (PEOPLE + sql("UPDATE pools SET boss = NULL") + f"\n{TO_PEOPLE}", "-MRT445"),
        (PEOPLE + sql("DELETE FROM pools") + f"\n{TO_PEOPLE}", "-MRT445"),
        (PEOPLE + TO_PEOPLE.replace('["id"])', '["id"], postgresql_not_valid=True)'), "-MRT445"),
        (f'{PEOPLE}op.add_column("pools", sa.Column("chief", sa.Integer))\n{TO_PEOPLE.replace("boss", "chief")}', "-MRT445"),
        (f'op.create_table("p2", sa.Column("boss", sa.Integer))\n{PEOPLE}{TO_PEOPLE.replace("pools", "p2")}', "-MRT445"),
        (FREE + TO_LINES.replace("lines", "queues"), "-MRT445"),
        (FREE + sql("UPDATE pools SET queue_id = (SELECT min(id) FROM lines)") + f"\n{TO_LINES}", "-MRT445"),
        (FREE + sql("UPDATE pools SET queue_id = 1") + f"\n{TO_LINES}", "+MRT445"),
        (FREE + sql("INSERT INTO lines SELECT id FROM queues") + f"\n{TO_LINES}", "-MRT445"),
        (FREE + f'op.rename_table("queues", "rows")\n{TO_LINES.replace("lines", "rows")}', "-MRT445"),
        (TO_LINES, "-MRT445"),
        (f"{PEOPLE}try:\n    {TO_PEOPLE}\nexcept Exception:\n    pass", "-MRT445"),
    ],
)
def test_a_foreign_key_whose_values_are_not_there(upgrade: str, expected: str):
    assert holds(expected, told([POOLS, (upgrade, "pass")]))
    assert holds("-MRT445", told([POOLS, (upgrade, "pass")], "sqlite"))


@pytest.mark.parametrize(
    ("upgrade", "expected"),
    [
        (f"{sql('SET foreign_key_checks = 0')}\n{PEOPLE}{TO_PEOPLE}", "-MRT445"),
        (f"{sql('SET foreign_key_checks = 0')}\n{PEOPLE}{sql('SET foreign_key_checks = 1')}\n{TO_PEOPLE}", "+MRT445"),
    ],
)
def test_a_foreign_key_is_looked_at_while_the_server_checks_it(upgrade: str, expected: str):
    assert holds(expected, told([POOLS, (upgrade, "pass")], "mysql"))
