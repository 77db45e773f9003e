"""For any Python at all, and for any migration made of operations: no crash, one meaning, Alembic's own."""

import hypothesmith
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrt_lint.model.migration import Migration, UnparsableError
from mrt_lint.parse.python import parse_migration
from tests.lint.lifting import compose, lift_upgrade

QUICK = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None, derandomize=True)

NAMES = st.text("abcz_é'\"{}% \\", min_size=1, max_size=6)


@QUICK
@given(hypothesmith.from_grammar())
def test_any_python_is_lifted_or_refused(source):
    try:
        migration = parse_migration(source.encode("utf-8", "surrogatepass"), "m.py")
    except UnparsableError:
        return
    assert isinstance(migration, Migration)


@QUICK
@given(hypothesmith.from_grammar())
def test_any_python_inside_upgrade_is_lifted_or_refused(source):
    body = "\n".join("    " + line for line in source.splitlines())
    try:
        parse_migration(f"def upgrade():\n    pass\n{body}\n".encode("utf-8", "surrogatepass"), "m.py")
    except UnparsableError:
        return


@QUICK
@given(st.binary(max_size=60))
def test_any_bytes_are_lifted_or_refused(source):
    try:
        parse_migration(b"def upgrade():\n    x = 1\n" + source, "m.py")
    except UnparsableError:
        return


CALLS = {
    "drop_column": ("table_name", "column_name"),
    "drop_table": ("table_name",),
    "rename_table": ("old_table_name", "new_table_name"),
    "drop_index": ("index_name", "table_name"),
    "create_index": ("index_name", "table_name", "columns"),
    "drop_constraint": ("constraint_name", "table_name", "type_"),
    "create_unique_constraint": ("constraint_name", "table_name", "columns"),
    "create_primary_key": ("constraint_name", "table_name", "columns"),
    "create_foreign_key": ("constraint_name", "source_table", "referent_table", "local_cols", "remote_cols"),
    "execute": ("sqltext",),
}


@st.composite
def calls(draw):
    """An operation and its arguments by name."""
    name = draw(st.sampled_from(sorted(CALLS)))
    many = st.lists(NAMES, min_size=1, max_size=3)
    kinds = st.sampled_from(["foreignkey", "primary", "unique", "check"])  # any other raises
    return name, {
        key: draw(many if key.endswith(("columns", "cols")) else kinds if key == "type_" else NAMES) for key in CALLS[name]
    }


def spell(text):
    """Several ways to write a string or a list of strings."""
    if isinstance(text, list):
        whole = ", ".join(map(repr, text))
        return [f"[{whole}]", f"({whole},)", f"[x for x in [{whole}]]", f"list(({whole},))"]
    half = len(text) // 2
    left, right = repr(text[:half]), repr(text[half:])
    return [repr(text), f"{left} + {right}", f"({left} {right})", f"'{{}}{{}}'.format({left}, {right})", f"'%s%s' % ({left}, {right})",
            f"''.join([{left}, {right}])", f"(lambda: {text!r})()", f"{{'k': {text!r}}}['k']"]  # fmt: skip


@QUICK
@given(st.data())
def test_every_spelling_of_any_call_is_equal_and_what_alembic_says(data):
    name, arguments = data.draw(calls())
    plain = ", ".join(repr(value) for value in arguments.values())
    expected = lift_upgrade(f"op.{name}({plain})")
    assert len(expected) == 1
    keys = list(arguments)
    cut = data.draw(st.integers(0, len(keys)))
    written = [data.draw(st.sampled_from(spell(arguments[key]))) for key in keys]
    named = data.draw(st.permutations([f"{key}={text}" for key, text in zip(keys[cut:], written[cut:], strict=True)]))
    call = f"op.{name}({', '.join([*written[:cut], *named])})"
    frames = [
        ("", call),
        (f"def helper():\n    {call}", "helper()"),
        ("", f"for _ in [0]:\n    {call}"),
        ("", f"if True:\n    {call}\nelse:\n    op.drop_table('x')"),
        ("", f"def inner():\n    return {call}\ninner()"),
    ]
    module, body = data.draw(st.sampled_from(frames))
    assert lift_upgrade(body, module=module) == expected


@pytest.mark.parametrize("count", [1, 5])
def test_operations_come_in_the_order_in_which_python_reaches_them(count):
    body = "\n".join(f"op.drop_table('t{number}')" for number in range(count))
    assert [op.table for op in lift_upgrade(body)] == [f"t{number}" for number in range(count)]
    assert (
        parse_migration(compose(body).encode(), "a.py").upgrade_ops == parse_migration(compose(body).encode(), "b.py").upgrade_ops
    )
