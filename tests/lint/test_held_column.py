"""What keeps MySQL and MariaDB from dropping a column or an index: MariaDB is asked."""

import pytest
import sqlalchemy as sa
from alembic.util import CommandError

from tests.lint.test_advice import run
from tests.lint.test_advice_on_mariadb import engine, op  # noqa: F401 - fixtures
from tests.lint.test_downgrade_kinds import HEAD, NOTHING, holds, sql, told

LOTS = 'op.create_table("lots", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("number", sa.Integer()))'
PARCELS = (
    'op.create_table("parcels", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("code", sa.Integer()), '
    'sa.Column("size", sa.Integer()), sa.Column("lot_id", sa.Integer()){})'
)
ADD = 'op.add_column("parcels", sa.Column("depth", sa.Integer()))'
DROP = 'op.drop_column("parcels", "depth")'
KEYS = {
    "unique": 'op.create_unique_constraint("uq", "parcels", ["code", "depth"])',
    "unique index": 'op.create_index("uq", "parcels", ["code", "depth"], unique=True)',
    "index": 'op.create_index("uq", "parcels", ["code", "depth"])',
    "alone": 'op.create_index("uq", "parcels", ["depth"], unique=True)',
    "check": 'op.create_check_constraint("uq", "parcels", "depth > code")',
    "check alone": """op.create_check_constraint("uq", "parcels", "depth > 0 OR depth < 'code'")""",
    "generated": 'op.add_column("parcels", sa.Column("uq", sa.Integer(), sa.Computed("depth + 1")))',
}
DROP_INDEX = 'op.drop_index("uq", table_name="parcels")'
PRIMARY = "ALTER TABLE parcels DROP PRIMARY KEY, ADD COLUMN depth INT NOT NULL DEFAULT 0, ADD PRIMARY KEY (id, depth)"
FOREIGN = 'op.create_foreign_key("fk", "parcels", "lots", ["lot_id"], ["id"])'
DROP_FOREIGN = 'op.drop_constraint("fk", "parcels", type_="foreignkey")'
INDEX = 'op.create_index("ix", "parcels", ["lot_id"])'
DROP_IX = 'op.drop_index("ix", table_name="parcels")'
BACK = "ALTER TABLE parcels {}"
SET_NULL = FOREIGN.replace('["id"])', '["id"], ondelete="SET NULL")')
OFF = sql("SET foreign_key_checks = 0")

BASE = (f"{LOTS}\n{PARCELS.format('')}", 'op.drop_table("parcels")\nop.drop_table("lots")')


def down(*parts: str) -> str:
    return "\n".join(parts)


CASES = [
    (f"{ADD}\n{KEYS['unique']}", DROP),
    (f"{ADD}\n{KEYS['unique index']}", DROP),
    (f"{ADD}\n{KEYS['unique index']}", down(DROP_INDEX, DROP)),
    (f"{ADD}\n{KEYS['unique']}", sql(BACK.format("DROP COLUMN depth, DROP INDEX uq"))),
    (f"{ADD}\n{KEYS['unique']}", sql(BACK.format("DROP COLUMN depth, DROP COLUMN code"))),
    (f"{ADD}\n{KEYS['unique']}", sql(BACK.format("DROP COLUMN depth, ADD COLUMN depth INT"))),
    (f"{ADD}\n{KEYS['index']}", down(DROP, DROP_INDEX)),
    (f"{ADD}\n{KEYS['alone']}", DROP),
    (f"{ADD}\n{KEYS['check']}", DROP),
    (f"{ADD}\n{KEYS['check']}", sql(BACK.format("DROP COLUMN depth, DROP CONSTRAINT uq"))),
    (f"{ADD}\n{KEYS['check alone']}", DROP),
    (f"{ADD}\n{KEYS['generated']}", DROP),
    (f"{ADD}\n{KEYS['generated']}", sql(BACK.format("DROP COLUMN depth, DROP COLUMN uq"))),
    (sql(PRIMARY), DROP),
    (sql(PRIMARY), sql(BACK.format("DROP COLUMN depth, DROP PRIMARY KEY, ADD PRIMARY KEY (id)"))),
    (f"{INDEX}\n{FOREIGN}", down(DROP_IX, DROP_FOREIGN)),
    (f"{INDEX}\n{FOREIGN}", down(DROP_FOREIGN, DROP_IX)),
    (f"{INDEX}\n{FOREIGN}", down(OFF, DROP_IX)),
    (f"{INDEX}\n{FOREIGN}", down(OFF, 'op.drop_column("parcels", "lot_id")')),
    (f"{INDEX}\n{FOREIGN}", sql(BACK.format("DROP INDEX ix, ADD INDEX other (lot_id, code)"))),
    (f"{INDEX}\n{FOREIGN}", sql(BACK.format("DROP INDEX ix, ADD INDEX other (code, lot_id)"))),
    (f"{INDEX}\n{FOREIGN}", sql(BACK.format("DROP INDEX ix, DROP FOREIGN KEY fk"))),
    (FOREIGN, down('op.drop_index("fk", table_name="parcels")', DROP_FOREIGN)),
    (FOREIGN, down(DROP_FOREIGN, 'op.drop_index("fk", table_name="parcels")')),
    (FOREIGN, down(OFF, 'op.drop_table("lots")')),
    (FOREIGN, 'op.drop_table("lots")'),
    (FOREIGN, 'op.alter_column("parcels", "lot_id", existing_type=sa.Integer(), type_=sa.BigInteger())'),
    (FOREIGN, 'op.alter_column("parcels", "lot_id", existing_type=sa.Integer(), type_=sa.Integer())'),
    (FOREIGN, 'op.alter_column("parcels", "lot_id", existing_type=sa.Integer(), nullable=False)'),
    (FOREIGN, 'op.alter_column("lots", "id", existing_type=sa.Integer(), type_=sa.BigInteger(), autoincrement=True)'),
    (FOREIGN, 'op.alter_column("lots", "number", existing_type=sa.Integer(), type_=sa.BigInteger())'),
    (FOREIGN, sql(BACK.format("MODIFY lot_id BIGINT, DROP FOREIGN KEY fk"))),
    (FOREIGN, down(DROP_FOREIGN, 'op.alter_column("parcels", "lot_id", existing_type=sa.Integer(), type_=sa.BigInteger())')),
    (SET_NULL, 'op.alter_column("parcels", "lot_id", existing_type=sa.Integer(), nullable=False)'),
    (SET_NULL, 'op.alter_column("parcels", "lot_id", existing_type=sa.Integer(), comment="where")'),
    (SET_NULL, sql(BACK.format("MODIFY lot_id INT NOT NULL, DROP FOREIGN KEY fk"))),
    (INDEX, 'op.drop_index("ix")'),
    (INDEX, sql("DROP INDEX ix")),
    (INDEX, DROP_IX),
    (KEYS["unique"].replace("depth", "size"), 'op.drop_constraint("uq", "parcels")'),
    (KEYS["unique"].replace("depth", "size"), 'op.drop_constraint("uq", "parcels", type_="unique")'),
    (KEYS["unique"].replace("depth", "size"), 'with op.batch_alter_table("parcels") as batch: batch.drop_constraint("uq")'),
    (ADD, 'op.alter_column("parcels", "size", nullable=False)'),
    (ADD, 'with op.batch_alter_table("parcels") as batch: batch.alter_column("size", nullable=False)'),
    (ADD, 'op.alter_column("parcels", "size", new_column_name="width")'),
    (ADD, 'op.alter_column("parcels", "size", server_default="7")'),
    (ADD, 'op.alter_column("parcels", "size", existing_type=sa.Integer(), nullable=False)'),
]


@pytest.mark.parametrize(("upgrade", "downgrade"), CASES)
def test_a_downgrade_that_mariadb_refuses_is_found(op, upgrade: str, downgrade: str):  # noqa: F811 - the fixture
    op.execute("SET foreign_key_checks = 1")  # a connection is used again
    head = HEAD.format("a", None)
    for body in (BASE[0], upgrade):
        run(op, f"{head}def upgrade():\n    " + body.replace("\n", "\n    "))
    try:
        run(op, f"{head}def upgrade():\n    " + downgrade.replace("\n", "\n    "))
        refused = False
    except (sa.exc.DBAPIError, CommandError, NotImplementedError, sa.exc.CompileError):
        refused = True
    codes = {found.code for found in told([BASE, (upgrade, downgrade)], "mariadb")}
    assert bool(codes & {"MRT112", "MRT121"}) == refused


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("unique", "-MRT112"),
        ("unique index", "-MRT112"),
        ("check", "+MRT112"),
        ("generated", "+MRT112"),
        ("check alone", "-MRT112"),
    ],
)
def test_mysql_takes_a_column_out_of_any_key(kind: str, expected: str):
    found = told([BASE, (f"{ADD}\n{KEYS[kind]}", DROP)], "mysql")
    assert holds(expected, found)
    assert holds("+MRT110" if "unique" in kind else "-MRT409", found)


def test_mysql_keeps_an_index_while_foreign_keys_are_unchecked_and_widens_a_text_under_one():
    assert holds("+MRT112", told([BASE, (f"{INDEX}\n{FOREIGN}", f"{OFF}\n{DROP_IX}\n{DROP_FOREIGN}")], "mysql"))
    assert holds("-MRT112", told([BASE, (FOREIGN, f"{OFF}\nop.drop_table('lots')\n{DROP_FOREIGN}")], "mysql"))
    texts = BASE[0].replace('"lot_id", sa.Integer()', '"lot_id", sa.String(9)').replace('"id", sa.Integer()', '"id", sa.String(9)')
    wider = 'op.alter_column("parcels", "lot_id", existing_type=sa.String({}), type_=sa.String({}))'
    assert holds(
        "-MRT443 -MRT112", told([(texts, BASE[1]), (FOREIGN, DROP_FOREIGN), (wider.format(9, 19), wider.format(19, 9))], "mysql")
    )


def test_nothing_is_said_of_a_type_while_foreign_keys_are_unchecked():
    bigger = 'op.alter_column("parcels", "lot_id", existing_type=sa.Integer(), type_=sa.BigInteger())'
    for dialect in ("mysql", "mariadb"):
        assert holds("+MRT443", told([(f"{BASE[0]}\n{FOREIGN}", BASE[1]), (bigger, NOTHING)], dialect))
        assert holds("-MRT443", told([(f"{BASE[0]}\n{FOREIGN}", BASE[1]), (f"{OFF}\n{bigger}", NOTHING)], dialect))


@pytest.mark.parametrize(("dialect", "expected"), [("mysql", "+MRT406 -MRT443"), ("mariadb", "+MRT443 -MRT406")])
@pytest.mark.parametrize("key", ['sa.UniqueConstraint("code", "size", name="uq")', 'sa.UniqueConstraint("code", "size")'])
def test_what_is_left_of_a_unique_key_has_to_be_unique(dialect: str, expected: str, key: str):
    base = (f"{LOTS}\n{PARCELS.format(f', {key}')}", BASE[1])
    gone = 'op.drop_column("parcels", "size")'
    back = 'op.add_column("parcels", sa.Column("size", sa.Integer()))'
    named = 'name="uq"' in key
    assert holds(expected if named else expected.replace("+MRT406", ""), told([base, (gone, back)], dialect))
    together = sql(BACK.format("DROP COLUMN size, DROP COLUMN code"))
    assert holds("-MRT406 -MRT443", told([base, (together, back)], dialect))
    if named:
        restored = sql(BACK.format("ADD COLUMN size INT, ADD COLUMN code INT, ADD CONSTRAINT uq UNIQUE (code, size)"))
        assert holds("-MRT112 -MRT111", told([base, (together, restored)], dialect))
        assert holds("-MRT406 -MRT443", told([base, (sql(BACK.format("DROP COLUMN size, DROP INDEX uq")), back)], dialect))


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_an_index_that_has_lost_a_column_is_not_the_one_before(dialect: str):
    base = (f'{BASE[0]}\nop.create_index("ix", "parcels", ["code", "size"])', BASE[1])
    gone, back = 'op.drop_column("parcels", "size")', 'op.add_column("parcels", sa.Column("size", sa.Integer()))'
    index = 'op.create_index("ix", "parcels", ["code", "size"])'
    assert holds("+MRT408", told([base, (gone, back)], dialect))
    assert holds("-MRT408 -MRT112", told([base, (gone, f"{back}\n{DROP_IX}\n{index}")], dialect))
    assert holds("-MRT408 -MRT112", told([base, (f"{DROP_IX}\n{gone}", f"{back}\n{index}")], dialect))
    assert holds("+MRT112", told([base, (gone, f"{back}\n{index}")], dialect))


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_a_unique_constraint_that_goes_as_an_index_is_gone(dialect: str):
    key = 'op.create_unique_constraint("uq", "parcels", ["code"])'
    base = (f"{BASE[0]}\n{key}", BASE[1])
    assert holds("-MRT112 -MRT408 -MRT409", told([base, (DROP_INDEX, key)], dialect))
    assert holds("-MRT441", told([base, (DROP_INDEX, key), (key, DROP_INDEX)], dialect))
    assert holds("+MRT408", told([base, (DROP_INDEX, NOTHING)], dialect))


def test_postgresql_keeps_what_a_generated_column_is_computed_from():
    assert holds("+MRT112", told([BASE, (f"{ADD}\n{KEYS['generated']}", DROP)]))
    assert holds("-MRT112", told([BASE, (f"{ADD}\n{KEYS['generated']}", f'op.drop_column("parcels", "uq")\n{DROP}')]))
    assert holds("-MRT112", told([BASE, (f"{ADD}\n{KEYS['check']}", DROP)]))
