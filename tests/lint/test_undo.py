"""What becomes of the first operation of upgrade() by the time downgrade() is through."""

import textwrap

import pytest

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade import UndoStatus
from mrt_lint.model.context import DatabaseTarget, RuleContext
from tests.lint.marked import read

YES, NO, DIFFERENT, REPLACED, UNCERTAIN = (
    UndoStatus.YES,
    UndoStatus.NO,
    UndoStatus.DIFFERENT,
    UndoStatus.REPLACED,
    UndoStatus.UNCERTAIN,
)
FILE = """
import sqlalchemy as sa
from alembic import op
from helpers import anything
revision = "1"
down_revision = None
def upgrade():
{}
def downgrade():
{}
"""


def undone(upgrade: str, downgrade: str, action: str | None = None, dialect: str | None = None) -> UndoStatus:
    body = FILE.format(*(textwrap.indent("\n".join(part.split("; ")), "    ") for part in (upgrade, downgrade)))
    migration = read(body, dialect=dialect)
    case = MigrationCase(migration, RuleContext(target=DatabaseTarget(dialect=dialect)))
    first = next(op for op in migration.upgrade_ops if op.op != "execute")
    return case.undone(first, action)


def sql(statement: str) -> str:
    return f"op.execute({statement!r})"


TABLE = 'op.create_table("t", sa.Column("id", sa.Integer))'
COLUMN = 'op.add_column("t", sa.Column("a", sa.Integer))'
INDEX = 'op.create_index("ix", "t", ["a"])'
UNIQUE = 'op.create_unique_constraint("uq", "t", ["a"])'
UNNAMED = 'op.create_foreign_key(None, "t", "u", ["a"], ["id"])'
DROP_INDEX = 'op.drop_index("ix", table_name="t")'
DROP_UNIQUE = 'op.drop_constraint("uq", "t", type_="unique")'
DROP_KEY = 'op.drop_constraint("fk", "t", type_="foreignkey")'
DROP_GIVEN = 'op.drop_constraint("t_a_fkey", "t", type_="foreignkey")'
GIVEN = 'op.create_foreign_key("t_a_fkey", "t", "u", ["a"], ["id"])'
KEY_BY_ANOTHER = 'op.create_foreign_key(None, "t", "u", ["b"], ["id"])'
NOT_NULL = 'op.alter_column("t", "a", nullable=False)'


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "expected"),
    [
        # made
        (TABLE, 'op.drop_table("t")', YES),
        (TABLE, sql('DROP TABLE "T"'), YES),
        (TABLE, 'op.drop_table("t", schema="public")', YES),
        (TABLE, 'op.drop_table("t", schema="other")', NO),
        (TABLE, 'op.drop_table("u")', NO),
        (f'{TABLE}; op.rename_table("t", "u")', 'op.drop_table("u")', YES),
        (f'{TABLE}; op.rename_table("t", "u")', 'op.drop_table("t")', NO),
        (TABLE, "anything(op)", UNCERTAIN),
        (TABLE, "op.execute(anything())", UNCERTAIN),
        (TABLE, "op.drop_table(anything())", UNCERTAIN),
        (TABLE, sql("DO $$ BEGIN PERFORM f();END $$"), UNCERTAIN),
        (TABLE, "raise RuntimeError()", UNCERTAIN),
        (TABLE, 'if anything(): op.drop_table("t")', YES),
        (COLUMN, 'op.drop_table("t")', YES),
        (COLUMN, 'op.drop_column("t", "A")', YES),
        (COLUMN, 'op.drop_column("t", "b")', NO),
        (COLUMN, 'op.rename_table("t", "u"); op.drop_column("u", "a")', YES),
        (f'{COLUMN}; op.alter_column("t", "a", new_column_name="b")', 'op.drop_column("t", "b")', YES),
        (INDEX, 'op.drop_column("t", "a")', YES),
        (INDEX, 'op.drop_index("ix")', YES),
        (INDEX, 'op.drop_index(anything(), "t")', UNCERTAIN),
        (INDEX, 'op.drop_constraint("ix", "t")', NO),
        (UNNAMED, 'op.drop_constraint(None, "t", type_="foreignkey")', YES),
        (UNNAMED, 'op.drop_constraint("t_a_fkey", "t", type_="foreignkey")', YES),
        (UNNAMED, 'op.drop_constraint("t_a_key", "t", type_="unique")', NO),
        (f"{UNNAMED}; {KEY_BY_ANOTHER}", 'op.drop_constraint("t_a_fkey", "t", type_="foreignkey")', YES),
        (f"{UNNAMED}; {KEY_BY_ANOTHER}", 'op.drop_constraint("t_b_fkey", "t", type_="foreignkey")', NO),
        (f"{DROP_GIVEN}; {UNNAMED}", f"{DROP_GIVEN}; {GIVEN}", YES),
        (sql("CREATE TABLE t_1 PARTITION OF t DEFAULT"), 'op.drop_table("t")', YES),
        (sql("CREATE TABLE t_1 PARTITION OF t DEFAULT"), 'op.drop_table("u")', NO),
        (sql("CREATE TABLE t_1_1 PARTITION OF t_1 DEFAULT"), 'op.drop_table("t")', NO),
        (
            f"{sql('CREATE TABLE t_1 PARTITION OF t DEFAULT PARTITION BY LIST (a)')}; {sql('CREATE TABLE t_2 PARTITION OF t_1 DEFAULT')}",
            'op.drop_table("t")',
            YES,
        ),
        (UNNAMED, 'op.drop_column("t", "a")', YES),
        (sql("CREATE SCHEMA s"), sql("DROP SCHEMA s CASCADE"), YES),
        (sql("CREATE TABLE s.t (id int)"), sql("DROP SCHEMA s CASCADE"), YES),
        (sql("CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"), 'op.drop_table("t")', YES),
        (sql("CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"), sql("DROP TRIGGER x ON u"), NO),
        (sql("CREATE TEMPORARY TABLE x AS SELECT 1"), "pass", YES),
        (sql("CREATE MATERIALIZED VIEW v AS SELECT 1"), sql("DROP VIEW v"), YES),
        # dropped
        ('op.drop_table("t")', TABLE, YES),
        (DROP_INDEX, INDEX, YES),
        (DROP_INDEX, "pass", NO),
        (DROP_INDEX, 'op.create_index("ix2", "t", ["a"])', NO),
        (DROP_INDEX, "op.create_index(None, 't', ['a'])", UNCERTAIN),
        (f"{INDEX}; {DROP_INDEX}", "pass", YES),
        (f"{DROP_INDEX}; {INDEX}", "pass", REPLACED),
        (f'{DROP_INDEX}; op.drop_table("t")', "pass", YES),
        (f'{DROP_INDEX}; op.drop_table("t")', TABLE, NO),
        (DROP_UNIQUE, UNIQUE, YES),
        (DROP_UNIQUE, 'op.create_unique_constraint(None, "t", ["a"])', UNCERTAIN),
        (DROP_UNIQUE, 'op.create_check_constraint("uq", "t", "a > 0")', DIFFERENT),
        (DROP_UNIQUE, 'op.create_index("uq", "t", ["a"], unique=True)', UNCERTAIN),
        (DROP_KEY, 'op.create_foreign_key("fk", "t", "u", ["a"], ["id"])', YES),
        (DROP_KEY, 'op.create_foreign_key("fk", "s", "u", ["a"], ["id"])', NO),
        (
            f'{DROP_KEY}; op.drop_column("t", "a")',
            'op.add_column("t", sa.Column("a", sa.Integer, sa.ForeignKey("u.id")))',
            UNCERTAIN,
        ),
        (sql("DROP VIEW v"), sql("CREATE VIEW v AS SELECT 1"), YES),
        (f"{sql('DROP VIEW v')}; {sql('CREATE VIEW v AS SELECT 1')}", "pass", REPLACED),
        (f"{sql('DROP VIEW IF EXISTS v')}; {sql('CREATE VIEW v AS SELECT 1')}", sql("DROP VIEW v"), YES),
        (f"if anything(): {DROP_KEY}", 'op.create_foreign_key("fk2", "t", "u", ["a"], ["id"])', UNCERTAIN),
        (f"if anything(): {DROP_KEY}", 'op.create_unique_constraint("fk2", "t", ["a"])', NO),
        (f"{sql('DROP FUNCTION IF EXISTS f')}; anything(op)", "pass", UNCERTAIN),
        (sql("DROP FUNCTION IF EXISTS f"), "pass", NO),
        (f'{DROP_INDEX}; op.drop_table("t")', f"{TABLE}; {INDEX}", YES),
        (f'{DROP_INDEX}; op.drop_table("t")', 'op.create_table("t", *anything())', UNCERTAIN),
        (f'{DROP_INDEX}; op.drop_table("t")', 'op.create_table("t", sa.Column("a", sa.Integer, unique=True))', UNCERTAIN),
        (f'{DROP_UNIQUE}; op.drop_table("t")', 'op.create_table("t", sa.UniqueConstraint("a", name="uq"))', YES),
        (f'{DROP_UNIQUE}; op.drop_table("t")', 'op.create_table("t", sa.CheckConstraint("a > 0", name="uq"))', DIFFERENT),
        ('op.drop_index("uq", "t")', UNIQUE, UNCERTAIN),
        ('op.drop_column("t", "a"); op.drop_table("t")', TABLE, NO),
        (f"{sql('DROP VIEW IF EXISTS v')}; {sql('CREATE VIEW w AS SELECT 1')}", sql("DROP VIEW w"), NO),
        (sql("DROP VIEW IF EXISTS v"), f"{sql('CREATE VIEW v AS SELECT 1')}; {sql('DROP VIEW v')}", NO),
        # moved
        ('op.rename_table("t", "u")', 'op.rename_table("u", "t")', YES),
        ('op.rename_table("t", "u")', 'op.rename_table("t", "u")', NO),
        ('op.rename_table("t", "u"); op.drop_table("u")', "pass", YES),
        ('op.alter_column("t", "a", new_column_name="b")', 'op.alter_column("t", "b", new_column_name="a")', YES),
        ('op.alter_column("t", "a", new_column_name="b")', 'op.alter_column("u", "b", new_column_name="a")', NO),
        (sql("ALTER INDEX a RENAME TO b"), sql("ALTER INDEX b RENAME TO a"), YES),
    ],
)
def test_things_are_followed_by_identity_through_both_functions(upgrade: str, downgrade: str, expected: UndoStatus):
    assert undone(upgrade, downgrade) is expected


@pytest.mark.parametrize(
    ("upgrade", "downgrade", "action", "expected"),
    [
        (NOT_NULL, 'op.alter_column("t", "a", nullable=True)', "nullable", YES),
        (NOT_NULL, "pass", "nullable", NO),
        (NOT_NULL, NOT_NULL, "nullable", YES),
        (NOT_NULL, "op.drop_column('t', 'a'); op.add_column('t', sa.Column('a', sa.Integer))", "nullable", YES),
        ('op.alter_column("t", "a", nullable=False, existing_nullable=False)', "pass", "nullable", YES),
        ('op.alter_column("t", "a", nullable=False, existing_nullable=True)', "op.drop_column('t', 'a'); op.add_column('t', sa.Column('a', sa.Integer, nullable=False))", "nullable", DIFFERENT),
        ('op.alter_column("t", "a", nullable=False, existing_nullable=True)', "op.drop_column('t', 'a'); op.add_column('t', sa.Column('a', sa.Integer))", "nullable", YES),
        ('op.alter_column("t", "a", nullable=False, existing_nullable=True); op.drop_column("t", "a")', "pass", "nullable", YES),
        ('op.alter_column("t", "a", type_=sa.Text(), existing_type=sa.String(5))', "pass", "type", NO),
        ('op.alter_column("t", "a", type_=sa.Text(), existing_type=sa.String(5))', 'op.alter_column("t", "a", type_=sa.String(5))', "type", YES),
        ('op.alter_column("t", "a", type_=sa.Text(), existing_type=sa.String(5))', 'op.alter_column("t", "a", type_=sa.String(6))', "type", DIFFERENT),
        ('op.alter_column("t", "a", type_=sa.Text())', 'op.alter_column("t", "a", type_=sa.String(6))', "type", YES),
        ('op.alter_column("t", "a", server_default="0", existing_server_default=None)', 'op.alter_column("t", "a", server_default=None)', "server_default", YES),
        ('op.alter_column("t", "a", server_default="0", existing_server_default="1")', 'op.alter_column("t", "a", server_default=None)', "server_default", DIFFERENT),
    ],
)  # fmt: skip
def test_settings_of_a_column_are_followed_one_by_one(upgrade: str, downgrade: str, action: str, expected: UndoStatus):
    assert undone(upgrade, downgrade, action) is expected


ON_POSTGRES_ONLY = 'if op.get_bind().dialect.name == "postgresql": op.drop_index("ix", "t")'
ON_OTHERS_ONLY = 'if op.get_bind().dialect.name != "postgresql": op.drop_index("ix", "t")'


@pytest.mark.parametrize(
    ("downgrade", "dialect", "expected"),
    [
        (ON_POSTGRES_ONLY, None, YES),
        (ON_POSTGRES_ONLY, "postgresql", YES),
        (ON_POSTGRES_ONLY, "mysql", NO),
        (ON_OTHERS_ONLY, None, NO),
        (ON_OTHERS_ONLY, "sqlite", YES),
        (ON_OTHERS_ONLY, "mariadb", YES),
        ('if op.get_bind().dialect.name == "mysql": op.drop_index("ix", "t")', "mariadb", YES),
        ('if op.get_bind().dialect.name != "mysql": op.drop_index("ix", "t")', "mariadb", NO),
    ],
)
def test_only_what_runs_on_the_database_counts(downgrade: str, dialect: str | None, expected: UndoStatus):
    assert undone(INDEX, downgrade, dialect=dialect) is expected


def test_a_missing_downgrade_undoes_nothing():
    migration = read("from alembic import op\nrevision = '1'\ndef upgrade():\n    op.drop_index('ix', 't')\n")
    assert MigrationCase(migration, RuleContext()).undone(migration.upgrade_ops[0]) is NO


def test_what_is_created_where_perhaps_nothing_was_is_undone_by_dropping_it():
    body = FILE.format(f"    {sql('DROP VIEW IF EXISTS v')}\n    {sql('CREATE VIEW v AS SELECT 1')}", f"    {sql('DROP VIEW v')}")
    migration = read(body)
    case = MigrationCase(migration, RuleContext())
    assert [case.undone(op) for op in migration.upgrade_ops if op.op == "create_view"] == [YES]
