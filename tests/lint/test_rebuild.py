"""What batch mode leaves behind on SQLite is what Alembic leaves behind there: MRT119 speaks where a real database lost something."""

import textwrap
import warnings

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from mrt_lint import rules
from mrt_lint.history import History
from mrt_lint.history.sqlite_rebuild import is_reordered, is_unseen, rebuilds
from mrt_lint.model import ops
from mrt_lint.model.context import DatabaseTarget, RuleContext
from mrt_lint.model.values import UNKNOWN
from tests.lint.lifting import lift_upgrade
from tests.lint.marked import read

RULE = next(rule for rule in rules.all_rules() if rule.code == "MRT119")
HEAD = "import sqlalchemy as sa\nfrom alembic import op\nrevision = {!r}\ndown_revision = {!r}\n"
COLUMNS = 'sa.Column("id", sa.Integer, primary_key=True), sa.Column("a", sa.String(9)), sa.Column("b", sa.Integer)'
TABLE = f'op.create_table("t", {COLUMNS})'
CHECKED = f'op.create_table("t", {COLUMNS}, sa.CheckConstraint("b > 0"))'
NAMED = f'op.create_table("t", {COLUMNS}, sa.CheckConstraint("b > 0", name="positive"))'
NUMBERED = f'op.create_table("t", {COLUMNS}, sqlite_autoincrement=True)'
COLLATED = TABLE.replace("sa.String(9)", 'sa.String(9, collation="NOCASE")')
EXPRESSION = f'{TABLE}\nop.create_index("ix", "t", [sa.text("lower(a)")])'
DESCENDING = f'{TABLE}\nop.create_index("ix", "t", ["b", sa.text("a DESC")])'
PARTIAL = f'{TABLE}\nop.create_index("ix", "t", ["b", sa.text("a ASC")], sqlite_where=sa.text("b > 0"))'
TRIGGER = "CREATE TRIGGER tr AFTER DELETE ON t BEGIN UPDATE t SET b = 1; END"
TRIGGERED = f"{TABLE}\nop.execute({TRIGGER!r})"
IN_SQL = 'op.execute("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a VARCHAR(9) CHECK (a > 0), b INTEGER)")'
INDEX = 'op.create_index("ix", "t", [sa.text("lower(a)")])'


def batch(*lines: str, options: str = "") -> str:
    return f'with op.batch_alter_table("t"{options}) as batch:\n' + textwrap.indent("\n".join(lines), "    ")


SET, UNSET = (f'batch.alter_column("b", server_default={default}, existing_type=sa.Integer())' for default in ('"5"', "None"))
UP, DOWN = batch(SET), batch(UNSET)
WITH_NUMBERS = ', table_kwargs={"sqlite_autoincrement": True}'
WITH_CHECK = ', table_args=[sa.CheckConstraint("b > 0")]'
ALWAYS = ', recreate="always"'
COPY = f', copy_from=sa.Table("t", sa.MetaData(), {COLUMNS}, sa.CheckConstraint("b > 0"))'
NAMING = ', naming_convention={"ck": "ck_%(table_name)s"}'

LOST = {
    "check": (CHECKED, UP, DOWN),
    "check of a column, AUTOINCREMENT, both from SQL": (IN_SQL, UP, DOWN),
    "expression": (EXPRESSION, UP, DOWN),
    "order": (DESCENDING, UP, DOWN),
    "trigger": (TRIGGERED, UP, DOWN),
    "collation": (COLLATED, UP, DOWN),
    "collation of a column that is altered": (
        COLLATED,
        batch('batch.alter_column("a", server_default="x", existing_type=sa.String(9))'),
        batch('batch.alter_column("a", server_default=None, existing_type=sa.String(9))'),
    ),
    "AUTOINCREMENT": (NUMBERED, UP, DOWN),
    "AUTOINCREMENT that comes": (TABLE, batch(SET, options=WITH_NUMBERS), batch(UNSET, options=WITH_NUMBERS)),
    "AUTOINCREMENT by a batch of nothing": (TABLE, batch("pass", options=WITH_NUMBERS + ALWAYS), "pass\nop.execute('SELECT 1')"),
    "on the way back": (
        CHECKED,
        batch('batch.add_column(sa.Column("c", sa.Integer))'),
        batch('batch.drop_column("c")'),
    ),
    "a default that is an expression": (
        CHECKED,
        batch('batch.add_column(sa.Column("c", sa.Integer, server_default=sa.text("0")))'),
        'op.drop_column("t", "c")',
    ),
    "a computed column": (
        CHECKED,
        batch('batch.add_column(sa.Column("c", sa.Integer, sa.Computed("b + 1", persisted=True)))'),
        'op.drop_column("t", "c")',
    ),
    "a column always": (
        CHECKED,
        batch('batch.add_column(sa.Column("c", sa.Integer))', options=ALWAYS),
        'op.drop_column("t", "c")',
    ),
    "an index always": (CHECKED, batch('batch.create_index("ib", ["b"])', options=ALWAYS), 'op.drop_index("ib")'),
    "brought back and lost again": (EXPRESSION, f"{UP}\n{INDEX}", DOWN),
    "only one of two": (f"{CHECKED}\n{INDEX}", batch(SET, options=WITH_CHECK), batch(UNSET, options=WITH_CHECK)),
    "in a renamed table": (CHECKED, f'{UP}\nop.rename_table("t", "u")', f'op.rename_table("u", "t")\n{DOWN}'),
}
KEPT = {
    "nothing to lose": (TABLE, UP, DOWN),
    "a name": (NAMED, UP, DOWN),
    "a condition": (PARTIAL, UP, DOWN),
    "AUTOINCREMENT that stays": (NUMBERED, batch(SET, options=WITH_NUMBERS), batch(UNSET, options=WITH_NUMBERS)),
    "AUTOINCREMENT that comes and goes": (TABLE, batch(SET, options=WITH_NUMBERS), DOWN),
    "AUTOINCREMENT that goes and comes": (NUMBERED, UP, batch(UNSET, options=WITH_NUMBERS)),
    "check given": (CHECKED, batch(SET, options=WITH_CHECK), batch(UNSET, options=WITH_CHECK)),
    "check given on the way back": (CHECKED, UP, batch(UNSET, options=WITH_CHECK)),
    "check made anew": (CHECKED, UP, batch(UNSET, 'batch.create_check_constraint("positive", "b > 0")')),
    "copied from a model": (CHECKED, batch(SET, options=COPY), batch(UNSET, options=COPY)),
    "restored by a model": (CHECKED, UP, batch(UNSET, options=COPY)),
    "index made again": (EXPRESSION, UP, f"{DOWN}\n{INDEX}"),
    "index made again at once": (EXPRESSION, f"{UP}\n{INDEX}", f'op.drop_index("ix")\n{DOWN}\n{INDEX}'),
    "order made again": (
        DESCENDING,
        UP,
        f'{DOWN}\nop.drop_index("ix")\nop.create_index("ix", "t", ["b", sa.text("a DESC")])',
    ),
    "trigger made again": (TRIGGERED, UP, f"{DOWN}\nop.execute({TRIGGER!r})"),
    "collation given": (
        COLLATED,
        UP,
        batch(UNSET, 'batch.alter_column("a", type_=sa.String(9, collation="NOCASE"), existing_type=sa.String(9))'),
    ),
    "no rebuild": (
        CHECKED,
        batch('batch.add_column(sa.Column("c", sa.Integer, server_default="1"))', 'batch.create_index("ic", ["c"])'),
        'op.drop_index("ic")\nop.drop_column("t", "c")',
    ),
    "no rebuild for a value that is not stored": (
        CHECKED,
        batch('batch.add_column(sa.Column("c", sa.Integer, sa.Computed("b + 1", persisted=False)))'),
        'op.drop_column("t", "c")',
    ),
    "a table of its own": (TABLE, CHECKED.replace('"t"', '"u"') + "\n" + UP.replace('"t"', '"u"'), 'op.drop_table("u")'),
    "lost before": (f"{CHECKED}\n{INDEX}\n{UP}\n{DOWN}", UP, DOWN),
}


def files(before: str, upgrade: str, downgrade: str) -> list[str]:
    bodies = [(before, "pass"), (upgrade, downgrade)]
    return [
        HEAD.format(str(number), str(number - 1) if number else None)
        + "".join(
            f"def {name}():\n{textwrap.indent(body, '    ')}\n" for name, body in zip(("upgrade", "downgrade"), pair, strict=True)
        )
        for number, pair in enumerate(bodies)
    ]


def losses(before: str, upgrade: str, downgrade: str, dialect: str | None = "sqlite") -> list[str]:
    first, second = (read(source, f"{at}.py", dialect=dialect) for at, source in enumerate(files(before, upgrade, downgrade)))
    context = RuleContext(target=DatabaseTarget(dialect=dialect), history=History.of([first, second], dialect))
    return [finding.message for finding in rules.check(second, context, [RULE])]


def stands(connection: sa.Connection) -> list[tuple[object, ...]]:
    """Give what stands in a database, apart from how its tables are spelled."""
    rows = connection.exec_driver_sql("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'").all()
    words = ("AUTOINCREMENT", "CHECK", "COLLATE", " DESC")
    return sorted((kind, name, *(sql.upper().count(word) for word in words)) for kind, name, sql in rows)


def run(before: str, upgrade: str, downgrade: str) -> tuple[object, object]:
    """Give what stands on a real database before a migration, and when it is undone."""
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection, Operations.context(MigrationContext.configure(connection)), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        first, second = ({}, {})
        for source, names in zip(files(before, upgrade, downgrade), (first, second), strict=True):
            exec(source, names)
        first["upgrade"]()
        stood = stands(connection)
        second["upgrade"]()
        second["downgrade"]()
        left = stands(connection)
    engine.dispose()
    return stood, left


@pytest.mark.parametrize("case", LOST.values(), ids=LOST)
def test_what_a_real_database_has_lost_is_told(case: tuple[str, str, str]):
    stood, left = run(*case)
    assert stood != left
    assert losses(*case)


@pytest.mark.parametrize("case", KEPT.values(), ids=KEPT)
def test_nothing_is_told_where_a_real_database_is_as_before(case: tuple[str, str, str]):
    stood, left = run(*case)
    assert [row for row in stood if row[0] != "table"] == [row for row in left if row[0] != "table"]
    assert sum(row[2] for row in stood) == sum(row[2] for row in left)
    assert not losses(*case)


def test_a_finding_names_all_that_is_lost_and_says_what_to_write():
    first, second = (read(source, f"{at}.py", dialect="sqlite") for at, source in enumerate(files(f"{CHECKED}\n{INDEX}", UP, DOWN)))
    context = RuleContext(target=DatabaseTarget(dialect="sqlite"), history=History.of([first, second], "sqlite"))
    [finding] = rules.check(second, context, [RULE])
    assert (
        finding.message
        == "SQLite rebuilds table 't' here without index 'ix', which has an expression and its CHECK (b > 0), which has no name, "
        "and nothing restores it"
    )
    assert finding.instead == (
        "create the index again after the batch; give it a name, or give it to the batch: table_args=[sa.CheckConstraint(…)]"
    )


@pytest.mark.parametrize("dialect", [None, "postgresql"])
def test_another_database_makes_nothing_anew(dialect: str | None):
    assert not losses(*LOST["check"], dialect=dialect)


@pytest.mark.parametrize(
    "downgrade",
    ["raise NotImplementedError", "pass", f"{DOWN}\nanything()\nop.execute(unknown())", f"{DOWN}\nop.execute(unknown())"],
)
def test_where_there_is_no_way_back_or_not_all_of_it_can_be_read_nothing_is_told(downgrade: str):
    assert not losses(CHECKED, UP, downgrade)


@pytest.mark.parametrize("options", [', reflect_args=[sa.Column("b", sa.Integer)]', ", **anything()", NAMING])
def test_what_a_batch_is_told_that_nobody_can_follow_keeps_it_silent(options: str):
    assert not losses(CHECKED, batch(SET, options=options), batch(UNSET, options=options))


def test_an_operation_under_a_condition_loses_nothing_for_certain():
    assert not losses(CHECKED, f"if anything():\n{textwrap.indent(UP, '    ')}", DOWN.replace('"t"', '"u"'))


def test_the_history_forgets_what_batch_mode_leaves_behind():
    before = f"{IN_SQL}\n{INDEX}\nop.create_index('id', 't', ['b', sa.text('a DESC')])\nop.execute({TRIGGER!r})"
    migrations = [read(source, f"{at}.py", dialect="sqlite") for at, source in enumerate(files(before, UP, DOWN))]
    for dialect, forgotten in (("sqlite", True), ("postgresql", False)):
        schema = History.of(migrations, dialect).at("1")
        table = schema.table("t")
        assert set(table.indexes) == ({"id"} if forgotten else {"id", "ix"})
        assert table.index("id").columns == ("b", "a" if forgotten else "(a DESC)")
        assert table.autoincrement is not forgotten
        assert bool(list(table.known_constraints("check"))) is not forgotten
        assert (schema.object("trigger", "tr") is None) is forgotten


def test_the_history_keeps_what_a_batch_is_given():
    options = WITH_CHECK + WITH_NUMBERS
    migrations = [
        read(source, f"{at}.py", dialect="sqlite") for at, source in enumerate(files(CHECKED, batch(SET, options=options), DOWN))
    ]
    table = History.of(migrations, "sqlite").at("1").table("t")
    assert table.autoincrement is True
    assert list(table.known_constraints("check"))
    blind = [
        read(source, f"{at}.py", dialect="sqlite") for at, source in enumerate(files(EXPRESSION, batch(SET, options=COPY), DOWN))
    ]
    assert History.of(blind, "sqlite").at("1").table("t").index("ix") is UNKNOWN


@pytest.mark.parametrize(
    ("columns", "unseen", "reordered"),
    [
        (("a", "b"), False, False),
        (("(lower(a))",), True, False),
        (("a", "(a || b)"), True, False),
        (("(a DESC)",), False, True),
        (('("a" COLLATE NOCASE DESC)',), False, True),
        (("(a ASC)", "b"), False, False),
        (("(a DESC)", "(b + 1)"), True, False),
        ((UNKNOWN, "a"), False, False),
        (UNKNOWN, False, False),
    ],
)
def test_which_indexes_batch_mode_sees_in_full(columns, unseen: bool, reordered: bool):
    index = ops.CreateIndex(index="ix", table="t", columns=columns)
    assert (is_unseen(index), is_reordered(index)) == (unseen, reordered)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (batch('batch.drop_column("a")'), [True]),
        ('op.drop_column("t", "a")', [False]),
        (batch('batch.drop_column("a")', options=', recreate="never"'), [False]),
        (batch('batch.drop_column("a")', options=", recreate=unknown()"), [False]),
        (batch('batch.add_column(sa.Column("c", sa.Integer, sa.ForeignKey("u.id", name="f")))'), [True]),
        (batch('batch.add_column(sa.Column("c", sa.Integer, server_default="x"))'), [False]),
        (batch('batch.create_index("ix", ["a"])'), [False]),
        (batch("pass", options=ALWAYS), [True]),
        (batch("pass"), []),
        (batch('batch.drop_column("a")', options=ALWAYS), [True]),
    ],
)
def test_which_operations_make_a_table_anew(body: str, expected: list[bool]):
    assert [rebuilds(op) for op in lift_upgrade(body)] == expected
