"""MRT804 and MRT441 speak where a real database refuses an upgrade, and nowhere else."""

import textwrap

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from mrt_lint import rules
from mrt_lint.history import History
from mrt_lint.model.context import DatabaseTarget, RuleContext
from tests.lint.marked import read

RULES = [rule for rule in rules.all_rules() if rule.code in {"MRT441", "MRT804"}]
HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision = {!r}\ndown_revision = {!r}\ndef upgrade():\n"
BEFORE = """
op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.Integer), sa.Column("gone", sa.Integer))
op.create_table("old", sa.Column("id", sa.Integer))
op.create_table("dropped", sa.Column("id", sa.Integer))
op.create_index("ix", "t", ["a"])
op.execute("CREATE VIEW v AS SELECT id FROM old")
op.execute("CREATE VIEW w AS SELECT id FROM t")
"""
AFTER = """
op.drop_table("dropped")
op.execute("DROP VIEW v")
op.execute("DROP VIEW w")
op.rename_table("old", "new")
op.drop_column("t", "gone")
op.execute("CREATE VIEW w AS SELECT id FROM t")
"""
REFUSED = [
    'op.add_column("dropped", sa.Column("x", sa.Integer))',
    'op.drop_table("dropped")',
    'op.drop_table("old")',
    'op.rename_table("old", "newer")',
    'op.create_index("iy", "dropped", ["id"])',
    'op.execute("DELETE FROM old")',
    'op.drop_column("t", "gone")',
    'op.drop_column("t", "aa")',
    'op.execute("ALTER TABLE t RENAME COLUMN gone TO here")',
    'op.create_index("iy", "t", ["a", "gone"])',
    'op.execute("UPDATE t SET gone = 1")',
    'op.execute("INSERT INTO t (id, gone) VALUES (1, 1)")',
    'op.bulk_insert(sa.table("t", sa.column("id"), sa.column("gone")), [{"id": 1, "gone": 1}])',
    'op.create_table("t", sa.Column("id", sa.Integer))',
    'op.create_table("new", sa.Column("id", sa.Integer))',
    'op.add_column("t", sa.Column("a", sa.Integer))',
    'op.create_index("ix", "t", ["id"])',
    'op.execute("CREATE VIEW w AS SELECT id FROM t")',
]
RUNNING = [
    'op.create_table("dropped", sa.Column("id", sa.Integer))\nop.add_column("dropped", sa.Column("x", sa.Integer))',
    'op.create_table("old", sa.Column("id", sa.Integer))\nop.execute("DELETE FROM old")',
    'op.rename_table("new", "old")\nop.add_column("old", sa.Column("x", sa.Integer))',
    'op.add_column("new", sa.Column("x", sa.Integer))\nop.create_index("iy", "new", ["x", "id"])',
    'op.add_column("t", sa.Column("gone", sa.Integer))\nop.execute("UPDATE t SET gone = 1")',
    'op.drop_index("ix")\nop.create_index("ix", "t", ["id"])',
    'op.drop_table("new")\nop.create_table("new", sa.Column("z", sa.Integer))\nop.create_index("iz", "new", ["z"])',
    'op.execute("DROP VIEW w")\nop.execute("CREATE VIEW w AS SELECT id FROM t")',
    'op.execute("DROP TABLE IF EXISTS dropped")',
    'op.execute("CREATE TABLE IF NOT EXISTS t (id INTEGER)")',
    'op.create_index("ix", "t", ["a"], if_not_exists=True)',
    'op.create_index("iy", "t", ["a", sa.text("lower(id)")])',
    'op.execute("CREATE TEMPORARY TABLE t AS SELECT 1 AS x")',
    'op.execute("CREATE VIEW dropped AS SELECT id FROM t")\nop.execute("SELECT id FROM dropped")',
    'op.drop_index("ix", table_name="t")\nop.execute("ALTER TABLE t RENAME COLUMN a TO b")\nop.create_index("ib", "t", ["b"])',
]


def files(*bodies: str) -> list[str]:
    return [
        HEAD.format(str(number), str(number - 1) if number else None) + textwrap.indent(body.strip(), "    ") + "\n"
        for number, body in enumerate(bodies)
    ]


def obstacles(*bodies: str, dialect: str | None = "sqlite", declared: bool = True) -> list[str]:
    migrations = [read(source, f"{at}.py", dialect=dialect) for at, source in enumerate(files(*bodies))]
    context = RuleContext(target=DatabaseTarget(dialect=dialect if declared else None), history=History.of(migrations, dialect))
    return [finding.message for finding in rules.check(migrations[-1], context, RULES)]


def refuses(*bodies: str) -> bool:
    """Tell whether SQLite refuses the last of some upgrades."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection, Operations.context(MigrationContext.configure(connection)):
        for at, source in enumerate(files(*bodies)):
            names = {}
            exec(source, names)
            try:
                names["upgrade"]()
            except sa.exc.DBAPIError:
                assert at == len(bodies) - 1
                return True
    engine.dispose()
    return False


@pytest.mark.parametrize("body", REFUSED)
def test_what_a_real_database_refuses_is_told(body: str):
    assert refuses(BEFORE, AFTER, body)
    assert len(obstacles(BEFORE, AFTER, body)) == 1


@pytest.mark.parametrize("body", RUNNING)
def test_nothing_is_told_of_an_upgrade_that_runs(body: str):
    assert not refuses(BEFORE, AFTER, body)
    assert not obstacles(BEFORE, AFTER, body)


@pytest.mark.parametrize(
    "bodies",
    [
        (BEFORE, AFTER, "unknown(op.get_bind())", 'op.drop_column("t", "gone")'),
        (BEFORE, AFTER, 'unknown(op.get_bind())\nop.drop_column("t", "gone")'),
        (BEFORE, "op.execute(unknown())", 'op.create_table("t", sa.Column("id", sa.Integer))'),
        (BEFORE, AFTER, 'if unknown():\n    op.drop_column("t", "gone")'),
        (BEFORE, 'if unknown():\n    op.drop_table("dropped")', 'op.add_column("dropped", sa.Column("x", sa.Integer))'),
        (BEFORE, 'op.add_column("foreign", sa.Column("x", sa.Integer))', 'op.drop_column("t", "aa")'),
        (BEFORE, 'op.add_column("foreign", sa.Column("x", sa.Integer))'),
        (BEFORE, 'op.drop_table("foreign")'),
    ],
)
def test_what_is_not_known_is_no_obstacle(bodies: tuple[str, ...]):
    assert not obstacles(*bodies)


def test_an_enum_type_that_is_there_stops_create_table_on_postgresql():
    column = 'sa.Column("s", sa.Enum("x", "y", name="state"))'
    bodies = (f'op.create_table("t", {column})', f'op.create_table("u", {column})')
    [told] = obstacles(*bodies, dialect="postgresql")
    assert told.endswith("on PostgreSQL create_table makes the enum type 'state', which an earlier revision has made")
    assert not obstacles(*bodies, dialect="sqlite")
    assert not obstacles(bodies[0], f'op.drop_table("t")\nop.execute("DROP TYPE state")\n{bodies[1]}', dialect="postgresql")
    assert not obstacles(bodies[0], f'op.add_column("t", {column})\n'.replace('"s"', '"r"'), dialect="postgresql")


def test_a_constraint_of_the_name_stands_already():
    make = 'op.create_unique_constraint("uq", "t", ["a"])'
    assert obstacles(BEFORE, make, make, dialect="postgresql") == ["upgrade fails here: table 't' has a constraint 'uq' already"]
    assert not obstacles(BEFORE, make, f'op.drop_constraint("uq", "t")\n{make}', dialect="postgresql")
    assert not obstacles(
        BEFORE, make, f"{make}".replace("unique", "foreign_key").replace('["a"]', '"t", ["a"], ["id"]'), dialect="postgresql"
    )


def test_each_table_has_indexes_of_its_own_on_mysql():
    body = 'op.create_index("ix", "new", ["id"])'
    assert obstacles(BEFORE, AFTER, body)
    assert not obstacles(BEFORE, AFTER, body, dialect="mysql")
    assert obstacles(BEFORE, AFTER, body.replace("new", "t"), dialect="mysql")


def test_an_operation_for_another_database_than_the_declared_one_is_let_be():
    body = 'if op.get_bind().dialect.name == "sqlite":\n    op.drop_column("t", "gone")'
    assert not obstacles(BEFORE, AFTER, body, dialect="postgresql")
    assert not obstacles(BEFORE, AFTER, body, dialect=None, declared=False)
    assert obstacles(BEFORE, AFTER, body)


def test_what_a_parallel_branch_makes_may_be_there():
    bodies = (
        BEFORE,
        AFTER,
        'op.add_column("t", sa.Column("b", sa.Integer))\nop.create_table("dropped", sa.Column("id", sa.Integer))',
    )
    last = 'op.drop_column("t", "b")\nop.add_column("dropped", sa.Column("x", sa.Integer))\nop.drop_column("t", "aa")'
    sources = files(*bodies, last)
    sources[-1] = sources[-1].replace("down_revision = '2'", "down_revision = '1'")
    migrations = [read(source, f"{at}.py", dialect="sqlite") for at, source in enumerate(sources)]
    context = RuleContext(target=DatabaseTarget(dialect="sqlite"), history=History.of(migrations, "sqlite"))
    assert [finding.message for finding in rules.check(migrations[-1], context, RULES)] == [
        "upgrade fails here: table 't' has no column 'aa'"
    ]
