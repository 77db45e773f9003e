"""What the examples leave out: every further condition under which a rule speaks or is silent, and how it words what it found."""

import dataclasses
import textwrap

import pytest

from mrt_lint import rules
from mrt_lint.history import History
from mrt_lint.model.context import DatabaseTarget, RuleContext
from mrt_lint.model.finding import Finding
from mrt_lint.model.rule import Example
from tests.lint.marked import judge as judge_example
from tests.lint.marked import read

RULES = {rule.code: rule for rule in rules.all_rules()}
FILE = """
import sqlalchemy as sa
from alembic import op
from helpers import anything
revision = "1"
down_revision = None
t = sa.table("t", sa.column("a"), sa.column("b"))
"""
EXECUTE = "op.execute({!r})"
UPDATE = EXECUTE.format("UPDATE t SET a = 1")
INSERT = EXECUTE.format("INSERT INTO t (a) VALUES (1)")
TYPE = 'op.alter_column("t", "a", type_=sa.Integer, existing_type=sa.Text())'
DROP = 'op.drop_table("x")'


def function(name: str, body: str | None) -> str:
    return f"def {name}():\n{textwrap.indent(body, '    ')}\n" if body is not None else ""


def judge(code: str, upgrade: str, downgrade: str | None = DROP, context: RuleContext | None = None) -> list[Finding]:
    migration = read(FILE + function("upgrade", upgrade) + function("downgrade", downgrade))
    history = History.of([migration])
    known = context or RuleContext()
    return list(
        rules.check(migration, RuleContext(target=known.target, history=history, irreversible=known.irreversible), [RULES[code]])
    )


@pytest.mark.parametrize(
    ("code", "upgrade", "downgrade"),
    [
        ("MRT103", UPDATE, EXECUTE.format("UPDATE u SET a = 1")),
        ("MRT103", "op.execute(t.update().values(anything()))", DROP),
        ("MRT103", 'op.add_column("u", sa.Column("a", sa.Text)); ' + UPDATE, DROP),
        ("MRT104", EXECUTE.format("ALTER FUNCTION f() OWNER TO x"), DROP),
        ("MRT104", EXECUTE.format("DELETE FROM t WHERE a = 1"), EXECUTE.format("INSERT INTO u (a) VALUES (1)")),
        ("MRT104", EXECUTE.format("GRANT SELECT ON t TO x"), EXECUTE.format("DROP FUNCTION f()")),
        ("MRT106", INSERT, EXECUTE.format("DELETE FROM u")),
        ("MRT110", EXECUTE.format("CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'"), DROP),
        ("MRT111", 'op.alter_column("t", "a", server_default=None, existing_server_default="1")', DROP),
        ("MRT113", DROP, 'op.drop_column("t", "a")'),
        ("MRT201", 'if anything(): op.drop_column("t", "a")', DROP),
        ("MRT201", "op.drop_column(anything(), anything())", DROP),
        ("MRT202", 'try:\n    op.drop_table("t")\nexcept Exception:\n    pass', DROP),
        ("MRT215", 'op.alter_column("t", "a", type_=sa.SmallInteger(), existing_type=sa.Integer())', DROP),
        ("MRT303", 'op.alter_column("t", "a", type_=anything())', DROP),
        ("MRT303", 'op.alter_column("t", "a", type_=sa.Float(), existing_type=sa.REAL())', DROP),
        ("MRT303", TYPE, 'op.alter_column("t", "a", type_=sa.Text())'),
        ("MRT401", 'op.add_column("t", sa.Column("a", anything(), nullable=False))', DROP),
        ("MRT408", 'op.drop_index("ix", "t"); op.create_index("ix2", "t", ["a"])', DROP),
        ("MRT421", DROP, 'op.drop_index("ix", "t", postgresql_concurrently=True)'),
        ("MRT501", EXECUTE.format("ALTER SEQUENCE s RENAME TO r"), DROP),
        ("MRT704", 'op.alter_column("t", "a", nullable=False, server_default=None)', DROP),
    ],
)
def test_it_speaks_here_too(code: str, upgrade: str, downgrade: str):
    assert judge(code, upgrade, downgrade)


@pytest.mark.parametrize(
    ("code", "upgrade", "downgrade"),
    [
        ("MRT102", EXECUTE.format("SELECT 1"), "pass"),
        ("MRT103", UPDATE, INSERT),
        ("MRT103", UPDATE, EXECUTE.format("DELETE FROM t")),
        ("MRT103", UPDATE, EXECUTE.format("TRUNCATE t")),
        ("MRT103", UPDATE, "op.bulk_insert(t, [{'a': 1}])"),
        ("MRT103", UPDATE, "anything(op)"),
        ("MRT103", UPDATE, 'op.drop_table("t")'),
        ("MRT103", 'op.add_column("t", sa.Column("a", sa.Text)); op.execute(t.update().values(anything()))', DROP),
        ("MRT104", EXECUTE.format("SELECT refresh()"), DROP),
        ("MRT104", 'op.execute(f"{anything()} x")', DROP),
        ("MRT104", EXECUTE.format("PREPARE s FROM @x; EXECUTE s"), DROP),
        (
            "MRT104",
            'op.create_table("t", sa.Column("a", sa.Text)); ' + EXECUTE.format("GRANT SELECT ON t TO x"),
            'op.drop_table("t")',
        ),
        ("MRT104", EXECUTE.format("DO $$ BEGIN CREATE TYPE m AS ENUM ('a'); END $$"), EXECUTE.format("DROP TYPE m")),
        ("MRT104", EXECUTE.format("DELETE FROM t WHERE a = 1"), INSERT),
        ("MRT106", INSERT, EXECUTE.format("TRUNCATE t")),
        ("MRT106", INSERT, UPDATE),
        ("MRT106", INSERT, INSERT),
        ("MRT106", INSERT, "op.bulk_insert(t, [{'a': 1}])"),
        ("MRT106", INSERT, "raise RuntimeError()"),
        ("MRT111", TYPE, None),
        ("MRT111", TYPE, "pass"),
        ("MRT113", DROP, 'if anything(): op.drop_column("t", "a")'),
        ("MRT113", DROP, EXECUTE.format("DROP TABLE IF EXISTS t")),
        ("MRT115", DROP, "if anything(): raise RuntimeError()"),
        ("MRT201", 'op.create_table("t", sa.Column("a", sa.Text)); op.drop_column("t", "a")', DROP),
        ("MRT201", 'op.create_table(anything(), sa.Column("a", sa.Text)); op.drop_column(anything(), "a")', DROP),
        ("MRT202", EXECUTE.format("DELETE FROM t") + '; op.drop_table("t")', DROP),
        ("MRT204", 'op.create_foreign_key("fk", "t", "u", ["a"], ["id"], ondelete=anything())', DROP),
        ("MRT207", EXECUTE.format("DROP FUNCTION v"), DROP),
        ("MRT213", EXECUTE.format("TRUNCATE t") + '; op.alter_column("t", "a", nullable=False)', DROP),
        ("MRT303", 'op.alter_column("t", "a", type_=anything(), existing_type=anything())', DROP),
        ("MRT303", 'op.alter_column("t", "a", type_=sa.Float(53), existing_type=sa.Float())', DROP),
        ("MRT303", 'op.alter_column("t", "a", type_=sa.Float(20), existing_type=sa.REAL())', DROP),
        (
            "MRT104",
            EXECUTE.format("DROP FUNCTION IF EXISTS f; CREATE FUNCTION f() RETURNS int RETURN 1; DROP FUNCTION f"),
            DROP,
        ),
        ("MRT401", EXECUTE.format("DELETE FROM t") + '; op.add_column("t", sa.Column("a", sa.Text, nullable=False))', DROP),
        ("MRT401", 'op.add_column("t", sa.Column("a", sa.Text, nullable=anything()))', DROP),
        ("MRT402", 'op.alter_column("t", "a", nullable=anything())', DROP),
        ("MRT402", 'op.alter_column("t", "a", nullable=True)', DROP),
        ("MRT403", EXECUTE.format("ALTER TABLE t ALTER a DROP NOT NULL"), DROP),
        ("MRT406", 'op.create_index("ix", "t", ["a"], unique=anything())', DROP),
        ("MRT407", 'op.create_index("ix", "t", ["a"], postgresql_concurrently=anything())', DROP),
        ("MRT408", 'op.drop_index("ix", "t")', 'for name in anything(): op.create_index(name, "t", ["a"])'),
        ("MRT501", EXECUTE.format("CREATE SEQUENCE s; SELECT setval('s', 5)"), EXECUTE.format("DROP SEQUENCE s")),
        ("MRT502", EXECUTE.format("CREATE OR REPLACE TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"), DROP),
        ("MRT502", EXECUTE.format("CREATE TRIGGER IF NOT EXISTS x AFTER INSERT ON t BEGIN SELECT 1; END"), DROP),
        ("MRT502", EXECUTE.format("CREATE TRIGGER x AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()"), "pass"),
        ("MRT503", EXECUTE.format("CREATE TYPE m AS ENUM ('a')"), "pass"),
        ("MRT704", 'op.alter_column("t", "a", nullable=False, existing_nullable=False)', DROP),
        ("MRT704", 'op.add_column("t", sa.Column("a", sa.Integer, sa.Computed("b + 1"), nullable=False))', DROP),
        ("MRT704", 'op.add_column("t", sa.Column("a", sa.Integer, nullable=False, autoincrement=True))', DROP),
        ("MRT704", 'op.add_column("t", sa.Column("a", sa.Integer))', DROP),
    ],
)
def test_it_is_silent_here_too(code: str, upgrade: str, downgrade: str | None):
    assert judge(code, upgrade, downgrade) == []


@pytest.mark.parametrize(
    ("code", "upgrade", "downgrade", "words"),
    [
        ("MRT104", EXECUTE.format("GRANT SELECT ON " + "very_" * 12 + "long TO x"), DROP, "very_ver…”"),
        ("MRT110", 'op.create_table("t", sa.Column("a", sa.Text))', DROP, "creates table 't'"),
        ("MRT110", 'op.add_column("t", sa.Column("a", sa.Text))', DROP, "creates column 't.a'"),
        ("MRT110", 'op.create_index("ix", "t", ["a"])', DROP, "creates index 'ix'"),
        ("MRT110", 'op.create_unique_constraint("uq", "t", ["a"])', DROP, "unique constraint 'uq' of 't'"),
        ("MRT111", TYPE, DROP, "stays as upgrade left it"),
        ("MRT111", TYPE, 'op.alter_column("t", "a", type_=sa.Date())', "gets another one"),
        ("MRT113", DROP, 'op.drop_table("t")', "takes rows that were there before"),
        ("MRT113", DROP, 'op.drop_column("t", "a")', "takes values that were there before"),
        ("MRT115", DROP, "raise RuntimeError()", "raises RuntimeError"),
        ("MRT201", 'op.drop_column("t", "a", schema="s")', DROP, "column 's.t.a'"),
        ("MRT201", 'op.drop_column(anything(), "a")', DROP, "column 'a' of a table that could not be read"),
        ("MRT201", 'op.drop_column("t", anything())', DROP, "a column of 't' that could not be read"),
        ("MRT202", "op.drop_table(anything())", DROP, "a table whose name could not be read"),
        ("MRT204", 'op.create_foreign_key("fk", "t", "u", ["a"], ["id"], ondelete="CASCADE")', DROP, "row of 'u'"),
        ("MRT207", EXECUTE.format("DROP VIEW v"), DROP, "finds nothing"),
        ("MRT207", EXECUTE.format("DROP VIEW v") + "; " + EXECUTE.format("CREATE VIEW v AS SELECT 1"), DROP, "finds the new one"),
        ("MRT303", TYPE, DROP, "from TEXT to INTEGER"),
        ("MRT303", 'op.alter_column("t", "a", type_=anything())', DROP, "the type another one, and what it had is not known"),
        ("MRT408", 'op.drop_index("ix", "t")', DROP, "index 'ix' on 't'"),
        ("MRT408", 'op.drop_index("ix")', DROP, "drops index 'ix', downgrade"),
        ("MRT420", 'op.drop_index("ix")', DROP, "blocks reads and writes of its table"),
        ("MRT420", 'op.drop_index("ix", "t")', DROP, "blocks reads and writes of table 't'"),
        ("MRT421", 'op.create_index("ix", "t", ["a"], postgresql_concurrently=True)', DROP, "to build index 'ix'"),
        (
            "MRT422",
            'op.create_foreign_key("fk", "t", "u", ["a"], ["id"])',
            DROP,
            "to 'u' while it checks every row for foreign key 'fk', and it fails where one has no parent",
        ),
        ("MRT422", 'op.create_foreign_key(None, "t", "u", ["a"], ["id"])', DROP, "for a foreign key"),
        ("MRT422", 'op.create_foreign_key("fk", "t", "t", ["a"], ["id"])', DROP, "blocks writes to table 't' while it checks"),
        (
            "MRT422",
            'op.create_foreign_key("fk", "t", "t", ["a"], ["id"], referent_schema="s")',
            DROP,
            "blocks writes to table 't' and to 's.t' while",
        ),
        (
            "MRT422",
            'op.create_foreign_key("fk", "t", anything(), ["a"], ["id"])',
            DROP,
            "to table 't' and to 'another table' while",
        ),
        ("MRT428", EXECUTE.format("VACUUM FULL t"), DROP, "locks table 't'"),
        ("MRT501", EXECUTE.format("CREATE SEQUENCE s"), DROP, "creates sequence 's': downgrade does not drop it"),
        ("MRT501", EXECUTE.format("ALTER SEQUENCE s CYCLE"), DROP, "alters sequence 's': it stays so"),
        ("MRT703", 'op.rename_table("t", "u")', DROP, "upgrade renames table 't'"),
    ],
)
def test_it_says_what_happens_to_whom(code: str, upgrade: str, downgrade: str, words: str):
    assert words in judge(code, upgrade, downgrade)[0].message


def test_an_unnamed_index_of_sql_gets_a_name_in_the_advice():
    assert 'op.create_index("ix_t_a_b"' in judge("MRT407", EXECUTE.format("CREATE INDEX ON t (a, b)"))[0].instead


@pytest.mark.parametrize(
    ("upgrade", "code"),
    [
        (
            'op.create_index("ix", "t", ["a"], unique=True, postgresql_where=sa.text("b > 0"))',
            'op.create_index("ix", "t", ["a"], unique=True, postgresql_where=sa.text("b > 0"), postgresql_concurrently=True)',
        ),
        (
            EXECUTE.format("CREATE INDEX ix ON s.t USING gin (lower(b))"),
            'op.create_index("ix", "t", [sa.text("lower(b)")], schema="s", postgresql_using="gin", postgresql_concurrently=True)',
        ),
        (
            'op.add_column("t", sa.Column("a", sa.Text, index=True, unique=True))',
            'op.create_index(None, "t", ["a"], unique=True, postgresql_concurrently=True)',
        ),
    ],
)
def test_the_advice_loses_nothing_of_an_index(upgrade: str, code: str):
    assert judge("MRT407", upgrade)[0].instead.endswith(code)


BEFORE = Example(
    title="",
    before=(
        """
        def upgrade():
            op.create_table("t", sa.Column("a", sa.Integer), sa.Column("b", sa.Integer), schema="s")
            op.create_index("ix", "t", [sa.text("lower(a)")], unique=True, postgresql_where=sa.text("b > 0"), schema="s")
        """,
    ),
    source="",
)


@pytest.mark.parametrize(
    ("downgrade", "words"),
    [
        ("pass", "downgrade does not create it again: the older"),
        ('op.create_index("ix", "t", [sa.text("lower(a)")], schema="s")', "under its name: it was unique and is not any more, its"),
        (
            'op.create_index("ix", "t", [sa.text("lower(a)")], unique=True, postgresql_where=sa.text("b > 1"), schema="s")',
            "under its name: its condition was b > 0 and becomes b > 1",
        ),
        (
            'op.create_index("ix", "t", ["a", "b"], unique=True, postgresql_where=sa.text("b > 0"), schema="s")',
            "under its name: its columns were ((lower(a))) and become (a, b)",
        ),
    ],
)
def test_an_index_is_advised_as_it_was_and_what_differs_is_said(downgrade: str, words: str):
    source = f'def upgrade():\n    op.drop_index("ix", "t", schema="s")\n\n{function("downgrade", downgrade)}'
    (finding,) = judge_example(dataclasses.replace(BEFORE, source=source), RULES["MRT408"])[1]
    assert words in finding.message
    code = 'op.create_index("ix", "t", [sa.text("lower(a)")], schema="s", unique=True, postgresql_where=sa.text("b > 0"))'
    assert code in finding.instead


@pytest.mark.parametrize(
    ("dialect", "advice"),
    [
        (
            "postgresql",
            (
                "look for duplicates first (SELECT lower(a), count(*) FROM t WHERE b > 0 GROUP BY lower(a) HAVING count(*) > 1); "
                'then with op.get_context().autocommit_block(): op.create_index("ix", "t", [sa.text("lower(a)")], unique=True, '
                'postgresql_where=sa.text("b > 0"), postgresql_concurrently=True)'
            ),
        ),
        ("sqlite", "look for duplicates first: SELECT lower(a), count(*) FROM t WHERE b > 0 GROUP BY lower(a) HAVING count(*) > 1"),
    ],
)
def test_an_index_of_an_expression_or_for_some_rows_becomes_no_constraint(dialect: str, advice: str):
    index = 'op.create_index("ix", "t", [sa.text("lower(a)")], unique=True, postgresql_where=sa.text("b > 0"))'
    (finding,) = judge("MRT406", index, context=RuleContext(target=DatabaseTarget(dialect=dialect)))
    assert "makes (lower(a)) unique in table 't': it fails" in finding.message
    assert finding.instead == advice


def test_a_unique_constraint_is_made_from_an_index():
    (finding,) = judge("MRT406", 'op.create_unique_constraint("uq", "t", ["a"])')
    assert "UNIQUE USING INDEX" in finding.instead


@pytest.mark.parametrize(
    ("upgrade", "advice"),
    [
        ('op.alter_column("t", "a", nullable=False)', 'add to downgrade(): op.alter_column("t", "a", nullable=True)'),
        (
            'op.alter_column("t", "a", nullable=False, schema="s")',
            'add to downgrade(): op.alter_column("t", "a", nullable=True, schema="s")',
        ),
        (
            'with op.batch_alter_table("t", schema="s") as batch:\n    batch.alter_column("a", nullable=False)',
            'add to downgrade(): with op.batch_alter_table("t", schema="s") as batch: batch.alter_column("a", nullable=True)',
        ),
    ],
)
def test_a_column_of_a_batch_is_set_back_in_a_batch(upgrade: str, advice: str):
    assert judge("MRT402", upgrade)[0].instead == advice


def test_a_reason_in_the_configuration_silences_a_declared_irreversible_revision():
    assert judge("MRT115", DROP, "raise RuntimeError()")
    assert judge("MRT115", DROP, "raise RuntimeError()", RuleContext(irreversible=(("1", "the rows are gone"),))) == []
    assert judge("MRT115", DROP, "raise RuntimeError()", RuleContext(irreversible=(("2", "the rows are gone"),)))


ON_MYSQL = 'if op.get_bind().dialect.name == "mysql":\n    op.drop_column("t", "a")'


@pytest.mark.parametrize(("declared", "found"), [(None, True), ("mysql", True), ("mariadb", True), ("postgresql", False)])
def test_a_declared_dialect_hears_of_no_other_one(declared: str | None, *, found: bool):
    assert bool(judge("MRT201", ON_MYSQL, DROP, RuleContext(target=DatabaseTarget(dialect=declared)))) is found
    assert bool(judge("MRT113", DROP, ON_MYSQL, RuleContext(target=DatabaseTarget(dialect=declared)))) is found


@pytest.mark.parametrize("imported", ["from steps import downgrade", "from steps import *"])
def test_a_downgrade_from_elsewhere_is_one(imported: str):
    migration = read(f"{imported}\n{FILE}\ndef upgrade():\n    op.drop_table('t')\n")
    assert list(rules.check(migration, RuleContext(), [RULES["MRT101"]])) == []


@pytest.mark.parametrize(("name", "spoken"), [("fk_user", True), ("fk_orders_user", False)])
def test_a_constraint_that_the_history_never_made_is_not_missed(name: str, *, spoken: bool):
    key = 'sa.ForeignKeyConstraint(["user_id"], ["users.id"], name="fk_user")'
    table = f'op.create_table("orders", sa.Column("user_id", sa.Integer), {key})'
    first = read(FILE + function("upgrade", table), "versions/1.py")
    body = FILE.replace('"1"', '"2"').replace("None", '"1"')
    drop = f'op.drop_constraint("{name}", "orders", type_="foreignkey")'
    second = read(body + function("upgrade", drop) + function("downgrade", DROP), "versions/2.py")
    context = RuleContext(history=History.of([first, second]))
    assert bool(list(rules.check(second, context, [RULES["MRT205"]]))) is spoken


@pytest.mark.parametrize(
    ("parents", "body", "spoken"),
    [
        ('("a", "b")', DROP, True),
        ('("a", "b")', "pass", False),
        ('("a", "b")', EXECUTE.format("SELECT 1"), False),
        ('"a"', DROP, False),
    ],
)
def test_a_merge_does_nothing_but_merge(parents: str, body: str, *, spoken: bool):
    migration = read(FILE.replace("down_revision = None", f"down_revision = {parents}") + function("upgrade", body))
    assert bool(list(rules.check(migration, RuleContext(), [RULES["MRT906"]]))) is spoken
