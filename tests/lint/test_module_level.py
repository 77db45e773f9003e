"""What a file does outside of functions is walked once, and each reading of a function begins with names of its own."""

import gc

import pytest

from mrt_lint.model.ops import DropTable
from mrt_lint.parse.python import parse_migration
from tests.lint.lifting import compose

CHANGES = {
    "list": ('NAMES = ["a"]', 'NAMES.append("b")\n[op.drop_table(name) for name in NAMES]'),
    "list in a tuple": ('NAMES = (["a"],)', 'NAMES[0].append("b")\n[op.drop_table(name) for name in NAMES[0]]'),
    "list by another name": ('NAMES = ["a"]\nSAME = NAMES', 'SAME.append("b")\n[op.drop_table(name) for name in NAMES]'),
    "dict": ('NAMES = {"a": 1}', 'NAMES["b"] = 1\n[op.drop_table(name) for name in NAMES]'),
    "dict of lists": ('NAMES = {"all": ["a"]}', 'NAMES["all"] += ["b"]\n[op.drop_table(name) for name in NAMES["all"]]'),
    "default": (
        'def add(name, known=["a"]):\n    known.append(name)\n    return known',
        '[op.drop_table(name) for name in add("b")]',
    ),
    "attribute": ('class Names:\n    all = ["a"]', 'Names.all.append("b")\n[op.drop_table(name) for name in Names.all]'),
    "global": (
        'NAMES = ["a"]\ndef more():\n    global NAMES\n    NAMES = NAMES + ["b"]',
        "more()\n[op.drop_table(name) for name in NAMES]",
    ),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_one_function_changes_of_the_module_the_other_finds_as_it_was(kind):
    module, body = CHANGES[kind]
    migration = parse_migration(compose(body, module=module, downgrade=body).encode(), "migration.py")
    assert [op.table for op in migration.upgrade_ops] == ["a", "b"] == [op.table for op in migration.downgrade_ops]


def test_a_name_that_depends_on_the_dialect_is_read_for_each():
    module = 'NAME = "a" if op.get_bind().dialect.name == "postgresql" else "b"'
    migration = parse_migration(
        compose("op.drop_table(NAME)", module=module, downgrade="op.drop_table(NAME)").encode(), "migration.py"
    )
    expected = {("a", ("postgresql",)), ("b", ("mariadb", "mssql", "mysql", "oracle", "sqlite"))}
    assert (
        {(op.table, op.dialects) for op in migration.upgrade_ops}
        == expected
        == {(op.table, op.dialects) for op in migration.downgrade_ops}
    )


def test_a_tree_is_gone_once_its_file_is_read_and_need_not_be_collected():
    source = compose("drop()", module="def drop():\n    op.drop_table('t')", downgrade="drop()").encode()
    parse_migration(source, "migration.py")
    gc.freeze()
    gc.disable()
    try:
        assert parse_migration(source, "migration.py").upgrade_ops == (DropTable(table="t"),)
        assert gc.collect() < 100  # the tree has a thousand objects
    finally:
        gc.enable()
        gc.unfreeze()


@pytest.mark.parametrize("enabled", [True, False])
def test_garbage_is_collected_after_a_file_if_it_was_before(enabled):
    gc.enable() if enabled else gc.disable()
    try:
        parse_migration(b"revision = 'a'", "migration.py")
        assert gc.isenabled() is enabled
    finally:
        gc.enable()
