"""Which way a migration goes: dialect guards, conditions, early returns, exceptions, and what has no effect."""

import pytest

from mrt_lint.model.ops import DropTable, Execute, Raise
from mrt_lint.model.values import DIALECTS
from mrt_lint.parse.python import parse_migration
from tests.lint.lifting import compose, lift_text, lift_upgrade

OTHERS = tuple(name for name in DIALECTS if name != "postgresql")
ONLY = (DropTable(table="t", dialects=("postgresql",)),)

GUARDS = {
    "get_bind": 'if op.get_bind().dialect.name == "postgresql":\n    op.drop_table("t")',
    "variable": 'bind = op.get_bind()\nif bind.dialect.name == "postgresql":\n    op.drop_table("t")',
    "name variable": 'd = op.get_bind().engine.dialect.name\nif d == "postgresql":\n    op.drop_table("t")',
    "engine": 'if op.get_bind().engine.name == "postgresql":\n    op.drop_table("t")',
    "reversed": 'if "postgresql" == op.get_context().dialect.name:\n    op.drop_table("t")',
    "context": 'if context.get_context().dialect.name in ["postgresql"]:\n    op.drop_table("t")',
    "in set": 'if op.get_context().bind.dialect.name in {"postgresql"}:\n    op.drop_table("t")',
    "not equal": 'if op.get_bind().dialect.name != "postgresql":\n    pass\nelse:\n    op.drop_table("t")',
    "not": 'if not op.get_bind().dialect.name == "postgresql":\n    return\nop.drop_table("t")',
    "early return": 'if op.get_bind().dialect.name != "postgresql":\n    return\nop.drop_table("t")',
    "and": 'if True and op.get_bind().dialect.name == "postgresql":\n    op.drop_table("t")',
    "startswith": 'if op.get_bind().dialect.name.startswith("postgres"):\n    op.drop_table("t")',
    "helper": "if is_postgres():\n    op.drop_table('t')",
    "helper with bind": "if is_postgres(op.get_bind()):\n    op.drop_table('t')",
    "match": 'match op.get_bind().dialect.name:\n    case "postgresql":\n        op.drop_table("t")\n    case _:\n        pass',
    "match or": 'match op.get_bind().dialect.name:\n    case "sqlite" | "mysql" | "mariadb" | "mssql" | "oracle":\n        pass\n    case _:\n        op.drop_table("t")',
    "dict": 'if {"postgresql": True}.get(op.get_bind().dialect.name, False):\n    op.drop_table("t")',
    "isinstance": 'if isinstance(op.get_bind().dialect, postgresql.dialect):\n    op.drop_table("t")',
    "inspector": 'if sa.inspect(op.get_bind()).dialect.name == "postgresql":\n    op.drop_table("t")',
    "elif": 'd = op.get_bind().dialect.name\nif d in ("sqlite", "mysql"):\n    pass\nelif d == "postgresql":\n    op.drop_table("t")',
}
HELPER = 'def is_postgres(bind=None):\n    return (bind or op.get_bind()).dialect.name == "postgresql"'


@pytest.mark.parametrize("name", GUARDS)
def test_every_dialect_guard_is_believed(name):
    assert lift_upgrade(GUARDS[name], module=HELPER, dialects=("postgresql", "sqlite", "mysql")) == ONLY


def test_both_branches_of_a_guard_are_lifted_with_their_dialects_in_program_order():
    ops = lift_upgrade(
        """
        op.drop_table("first")
        if op.get_bind().dialect.name == "postgresql":
            op.drop_table("a")
        else:
            op.drop_table("b")
        op.drop_table("last")
    """,
        dialects=("postgresql", "sqlite"),
    )
    assert ops == (
        DropTable(table="first"),
        DropTable(table="a", dialects=("postgresql",)),
        DropTable(table="b", dialects=OTHERS),
        DropTable(table="last"),
    )


def test_a_value_chosen_by_dialect_splits_the_operation():
    ops = lift_upgrade('op.execute("A" if op.get_bind().dialect.name == "sqlite" else "B")', dialects=("postgresql", "sqlite"))
    assert {op.statement: op.dialects for op in ops} == {"A": ("sqlite",), "B": tuple(d for d in DIALECTS if d != "sqlite")}


def test_a_dialect_from_elsewhere_is_a_dialect_too():
    [op] = lift_upgrade('if op.get_bind().dialect.name == "cockroachdb":\n    op.drop_table("t")')
    assert op.dialects == ("cockroachdb",)


def test_an_undecidable_condition_lifts_both_branches_in_doubt():
    ops = lift_upgrade(
        'if load():\n    op.drop_table("a")\nelse:\n    op.drop_table("b")\nop.drop_table("c")', module="from project import load"
    )
    assert ops == (DropTable(table="a", certain=False), DropTable(table="b", certain=False), DropTable(table="c"))


def test_an_undecidable_early_return_casts_doubt_on_the_rest():
    [op] = lift_upgrade('if load():\n    return\nop.drop_table("a")', module="from project import load")
    assert not op.certain


def test_a_guard_that_raises_casts_no_doubt_for_the_migration_fails_as_a_whole():
    ops = lift_upgrade('if load():\n    raise ValueError("no")\nop.drop_table("a")', module="from project import load")
    assert ops == (Raise(exception="ValueError", message="no", certain=False), DropTable(table="a"))


def test_variables_that_two_branches_leave_different_are_unknown():
    migration = lift_text(compose('t = "a"\nif load():\n    t = "b"\nop.drop_table(t)', module="from project import load"))
    assert len(migration.unreadable) == 1


def test_handlers_are_in_doubt_and_finally_is_not():
    ops = lift_upgrade("""
        try:
            op.drop_table("a")
        except Exception as e:
            op.drop_table("b")
        else:
            op.drop_table("c")
        finally:
            op.drop_table("d")
    """)
    assert [(op.table, op.certain) for op in ops] == [("a", True), ("c", True), ("b", False), ("d", True)]


def test_nothing_after_a_return_or_a_raise_is_reached():
    assert lift_upgrade('op.drop_table("a")\nreturn\nop.drop_table("b")') == (DropTable(table="a"),)
    assert lift_upgrade('raise NotImplementedError("one way")\nop.drop_table("b")') == (
        Raise(exception="NotImplementedError", message="one way"),
    )


def test_break_and_continue_are_followed():
    ops = lift_upgrade("""
        for t in ["a", "b", "c"]:
            if t == "a":
                continue
            op.drop_table(t)
            if t == "b":
                break
        else:
            op.drop_table("never")
    """)
    assert ops == (DropTable(table="b"),)


def test_an_autocommit_block_marks_what_runs_outside_the_transaction():
    ops = lift_upgrade("""
        with op.get_context().autocommit_block():
            op.execute("VACUUM")
        op.execute("SELECT 1")
        op.get_bind().execution_options(isolation_level="AUTOCOMMIT").execute(sa.text("X"))
    """)
    assert [op.autocommit for op in ops] == [True, False, True]


@pytest.mark.parametrize(
    "body",
    ["pass", "...", '"""Nothing."""', "return", "return None", 'print("x")', 'logging.info("x")', 'warnings.warn("x")', "x = 1", "assert True",
     "log = logging.getLogger(__name__)\nlog.warning('%s', 1)", "bind = op.get_bind()", "import os\nos.environ.get('X')", "say()"],
)  # fmt: skip
def test_what_only_talks_has_no_effect(body):
    module = "import logging\nimport warnings\n\ndef say():\n    print('no')"
    assert not lift_text(compose("pass", module=module, downgrade=body)).downgrade.effect


@pytest.mark.parametrize(
    "body",
    ['op.drop_table("a")', "cleanup()", "raise ValueError", "run(op)", 'op.execute("SELECT 1")', "self_repair(op.get_bind())"],
)
def test_what_may_touch_the_database_has_an_effect(body):
    module = "from project import cleanup, run, self_repair"
    assert parse_migration(compose("pass", module=module, downgrade=body).encode(), "m.py").downgrade.effect


@pytest.mark.parametrize(
    "condition", ["has_table('t')", "not inspect(bind).has_table('t')", "skip(op, __name__)", "context.is_offline_mode()"]
)
def test_a_question_in_a_condition_is_no_unreadable_call(condition):
    source = compose(
        f'bind = op.get_bind()\nif {condition}:\n    op.drop_table("t")', module="from project import has_table, inspect, skip"
    )
    migration = parse_migration(source.encode(), "m.py")
    assert (migration.unreadable, migration.upgrade_ops) == ((), (DropTable(table="t", certain=False),))


def test_a_migration_of_many_databases_is_read_through_globals():
    source = compose('globals()["upgrade_one"]()', module='def upgrade_one():\n    op.execute("X")')
    assert lift_text(source).upgrade_ops == (Execute(statement="X"),)


ENGINES = 'def upgrade_():\n    op.execute("X")\n\ndef upgrade_two():\n    op.execute("Y")'


@pytest.mark.parametrize("parameter", ["engine_name", 'engine_name: str = ""', "engine_name=None"])
@pytest.mark.parametrize(
    "call",
    [
        'globals()["upgrade_%s" % engine_name]()',
        'globals()[f"upgrade_{engine_name}"]()',
        'globals()["upgrade_" + engine_name]()',
        'globals()["upgrade_{}".format(engine_name)]()',
        'globals().get("upgrade_%s" % engine_name)()',
        'globals().get(f"upgrade_{engine_name}", lambda: None)()',
        'run = globals().get(f"upgrade_{engine_name}")\nif run:\n    run()',
        'run = globals().get(f"upgrade_{engine_name}")\nif run is not None:\n    run()',
        'if (run := globals().get(f"upgrade_{engine_name}")) is not None:\n    run()',
        'if f"upgrade_{engine_name}" in globals():\n    globals()[f"upgrade_{engine_name}"]()',
        'name = f"upgrade_{engine_name}"\ntry:\n    run = globals()[name]\nexcept KeyError:\n    return\nrun()',
    ],
)
def test_a_migration_of_many_databases_is_read_for_each_where_the_engine_is_a_parameter(call, parameter):
    source = compose(call, module=ENGINES).replace("def upgrade():", f"def upgrade({parameter}):")
    migration = parse_migration(source.encode(), "m.py")
    assert (migration.unreadable, migration.upgrade_ops) == ((), (Execute(statement="X"), Execute(statement="Y")))


def test_where_no_database_has_a_function_nothing_is_done():
    source = compose('globals().get(f"upgrade_{engine_name}", lambda: None)()').replace(
        "def upgrade():", 'def upgrade(engine_name=""):'
    )
    migration = lift_text(source)
    assert (migration.unreadable, migration.upgrade_ops) == ((), ())


def test_a_name_that_fits_no_function_or_more_than_functions_chooses_none():
    for module in ("", "upgrade_one = op.execute\n\ndef upgrade_two():\n    op.execute('Y')"):
        source = compose('globals()["upgrade_%s" % op.get_context()]("X")', module=module)
        migration = lift_text(source)
        assert ([call.why for call in migration.unreadable], migration.upgrade_ops) == (["what is called here is not known"], ())


@pytest.mark.parametrize("text", ["", " ; "])
def test_an_empty_statement_is_read_and_does_nothing(text):
    migration = lift_text(compose(f'op.execute("{text}")'))
    assert (migration.unreadable, migration.upgrade_ops) == ((), (Execute(statement=text),))


def test_what_could_not_be_read_under_a_guard_hides_nothing_on_other_databases():
    body = 'if op.get_bind().dialect.name == "mysql":\n    widen(op)\nop.drop_table("t")'
    migration = lift_text(compose(body, module="from helpers import widen"), dialects=())
    assert [unreadable.dialects for unreadable in migration.unreadable] == [("mysql",)]
    assert migration.readable("upgrade", "postgresql")
    assert not migration.readable("upgrade", "mysql")
    assert not migration.readable("upgrade")


def test_what_could_not_be_read_under_every_guard_stands_under_none():
    body = 'if op.get_bind().dialect.name == "mysql":\n    op.drop_table("u")\nwiden(op)'
    migration = lift_text(compose(body, module="from helpers import widen"), dialects=())
    assert [unreadable.dialects for unreadable in migration.unreadable] == [None]


@pytest.mark.parametrize(
    "condition",
    [
        'str(op.get_bind().engine.url).startswith("postgres")',
        'str(op.get_bind().engine.url).startswith(("postgresql://", "postgres://"))',
        'op.get_bind().engine.url.drivername.startswith("postgresql")',
        'op.get_bind().engine.url.drivername == "postgresql+psycopg2"',
        'op.get_bind().engine.url.drivername.split("+")[0] == "postgresql"',
        'op.get_bind().engine.url.get_backend_name() in ("postgresql",)',
        '"postgres" in str(op.get_bind().engine.url).lower()',
        'op.get_bind().url.render_as_string().startswith("postgresql+")',
        'context.config.get_main_option("sqlalchemy.url").startswith("postgresql")',
        'op.get_context().dialect.name in ("postgresql", "oracle")',
        'op.get_context().bind.dialect.name in ["postgresql"]',
    ],
)
def test_the_url_of_the_database_is_a_guard(condition: str):
    (found, other) = (
        parse_migration(compose(f'if {test}:\n    op.drop_table("t")').encode(), "a.py").upgrade_ops
        for test in (condition, f"not ({condition})")
    )
    assert found[0].certain
    assert "postgresql" in found[0].dialects
    assert "mysql" not in found[0].dialects
    assert "postgresql" not in other[0].dialects
    assert "mysql" in other[0].dialects


@pytest.mark.parametrize(
    "condition", ['"localhost" in str(op.get_bind().engine.url)', 'op.get_bind().engine.url.database == "test"']
)
def test_what_else_a_url_says_is_no_guard(condition: str):
    (found,) = parse_migration(compose(f'if {condition}:\n    op.drop_table("t")').encode(), "a.py").upgrade_ops
    assert not found.certain
    assert found.dialects is None
