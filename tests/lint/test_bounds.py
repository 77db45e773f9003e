"""However long a file is or however few lines it takes, a check ends in seconds, and what it left out is listed with its line."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mrt_lint.model.migration import UnparsableError
from mrt_lint.parse.python import parse_migration
from tests.lint.conftest import HEADER, functions
from tests.lint.few_lines import LINES

SECONDS = 20
"""Seconds of processor time at most; what is read in fact takes below five, or a quarter of a minute on a slow machine."""
START = HEADER.format(revision="1", parent=None).count("\n") + 2
"""The line of the first statement of upgrade()."""


def check(folder: Path, *arguments: str) -> tuple[dict, float]:
    """Check a folder in a process of its own; give the document and the processor time."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-m", "mrt_lint", "check", "versions", "--format", "json", "--no-cache", *arguments]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode in {0, 1}, run.stderr[-2000:]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return json.loads(run.stdout), after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


DENSE = "DELETE FROM t WHERE a = 1;\n"
LONG = {
    "20,000 operations": lambda: (
        "".join(f'op.add_column("t{i % 50}", sa.Column("c{i}", sa.Integer()))\n' for i in range(20_000)),
        "the file",
    ),
    "20,000 statements": lambda: ("".join(f'op.execute("UPDATE t SET a = {i}")\n' for i in range(20_000)), "upgrade() "),
    "100 times 100": lambda: (
        'for i in range(100):\n    for j in range(100):\n        op.drop_column(f"t{i}", f"c{j}")',
        "has more than 3,000",
    ),
    "100 times 100 in SQL": lambda: (
        'for i in range(100):\n    for j in range(100):\n        op.execute(f"ALTER TABLE t{i} DROP COLUMN c{j}")',
        "has more than 3,000",
    ),
    "values moved": lambda: (
        "for i in range(1500):\n    op.execute(f'UPDATE t SET d{i} = c{i}')\n    op.drop_column('t', f'c{i}')",
        "stopped before its end",
    ),
    "conditions": lambda: ("".join(f'if c{i}:\n    op.drop_table("x{i}")\n' for i in range(12_000)), "the file"),
    "a list of 200,000": lambda: (f"for x in [{', '.join(f'{i}' for i in range(200_000))}]:\n    op.drop_table(x)", "the file"),
    "rows": lambda: (f"op.bulk_insert(t, [{', '.join(f'{{1: {i}}}' for i in range(100_000))}])", "the file"),
    "10 MB of statements": lambda: (f'op.execute("""{DENSE * 400_000}""")', "too much raw SQL"),
    "10 MB of values": lambda: ('op.execute("""INSERT INTO t VALUES ' + "(1, 2),\n" * 1_200_000 + '(2, 3)""")', "too much raw SQL"),
    "10 MB that open nothing": lambda: (f"op.execute('''{'/*' * 5_000_000}''')", "too much raw SQL"),
    "50 MB": lambda: (f"op.execute('''{'x' * 50_000_000}''')", "too much raw SQL"),
    "many operations in SQL": lambda: (f'op.execute("""{"DROP TABLE a; " * 10_000}""")', "too many operations"),
}


@pytest.mark.parametrize("name", LONG)
def test_a_long_file_is_read_in_part_and_says_from_where_on_not(project, name):
    body, why = LONG[name]()
    source = HEADER.format(revision="1", parent=None) + "def upgrade():\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    project.write("versions/a.py", source + '\n\ndef downgrade():\n    op.drop_table("users")\n')
    document, seconds = check(project.root)
    assert seconds < SECONDS
    found = [unreadable for unreadable in document["unreadable"] if why in unreadable["why"]]
    assert found
    first = 1 if "stopped" in why else START
    assert all(first <= unreadable["line"] < START + body.count("\n") + 1 for unreadable in found)
    assert {finding["code"] for finding in document["findings"]}.isdisjoint({"MRT101", "MRT902"})


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("".join(f"    op.execute('DELETE FROM t{i}')\n" for i in range(400_000)), "bytes beside strings and comments"),
        (f"    n = 1\n    op.execute(f'{'{n} AND ' * 100_000}')\n", "format string that is too long"),
        (f"    op.execute({' + '.join(['n'] * 50_000)})\n", "nested too deeply"),
        (f"    op.execute({'(' * 50_000}1{')' * 50_000})\n", ""),
        (f"    op.execute({'[' * 50_000})\n", ""),
    ],
    ids=["50 MB of code", "a format string", "a sum", "parentheses", "brackets"],
)
def test_what_is_too_much_for_the_parser_is_an_error_of_the_file(project, body, reason):
    project.write(
        "versions/a.py", HEADER.format(revision="1", parent=None) + f"def upgrade():\n{body}\n\ndef downgrade():\n    pass\n"
    )
    document, seconds = check(project.root)
    assert seconds < SECONDS
    (finding,) = [finding for finding in document["findings"] if finding["code"] == "MRT902"]
    assert reason in finding["message"]


def test_a_downgrade_behind_a_long_upgrade_is_read_on_its_own_lines(project):
    adds = "\n".join(f'op.add_column("t", sa.Column("c{i}", sa.Integer()))' for i in range(9_000))
    path = project.migration("1", None, functions(adds, 'op.drop_table("gone")\nop.execute(unknown)'))
    migration = parse_migration(path.read_bytes(), "a.py")
    last = path.read_text().count("\n")
    (drop, _) = migration.downgrade_ops
    assert (drop.op, drop.origin.line) == ("drop_table", last - 1)
    assert [(found.place.line, found.function) for found in migration.unreadable][-1] == (last, "downgrade")
    cut = migration.unreadable[0]
    count = len(migration.upgrade_ops)
    assert count < 9_000
    assert not migration.readable("upgrade")
    assert {op.origin.line for op in migration.upgrade_ops} == set(range(START, START + count))
    whys = [found.why for found in migration.unreadable if found.function == "upgrade"]
    assert any("left out from here on" in why for why in whys)
    assert cut.source.startswith("op.add_column")


def test_a_long_constant_is_left_out_and_said_of_both_functions(project):
    numbers = ", ".join(map(str, range(200_000)))
    body = f"NUMBERS = [{numbers}]\n\n\n" + functions('op.drop_column("t", "c")\nfor x in NUMBERS:\n    op.drop_table(x)', "pass")
    path = project.migration("1", None, body)
    migration = parse_migration(path.read_bytes(), "a.py")
    line = START - 1
    assert {(found.place.line, found.function) for found in migration.unreadable if "this statement" in found.why} == {
        (line, "upgrade"),
        (line, "downgrade"),
    }
    assert migration.upgrade_ops[0].origin.line == line + 4
    document, _ = check(project.root)
    assert [found["line"] for found in document["unreadable"] if "this statement" in found["why"]] == [line]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_python_counts_them(end):
    text = '# é\n\x0crevision = "1"\ndown_revision = None\nfrom alembic import op\n\ndef upgrade():\n'
    text += (
        "".join(f'    op.drop_table("x{i}"); y = """a\n"""\n' for i in range(12_000))
        + '\ndef downgrade():\n    op.drop_table("z")\n'
    )
    migration = parse_migration(text.replace("\n", end).encode(), "a.py")
    assert migration.unreadable, "the file is to be so long that a part is left out"
    assert migration.downgrade_ops[0].origin.line == text.count("\n")


@pytest.mark.parametrize(
    "source",
    [
        "def upgrade(): " + "; ".join(["a = b"] * 60_000) + "\n",
        "a = 1; b = [" + ", ".join("1" * 200_000) + "]\n",
        "\n".join(f"a{i} = {i}" for i in range(100_000)),
    ],
)
def test_a_file_that_cannot_be_cut_is_refused(source):
    with pytest.raises(UnparsableError, match="too large"):
        parse_migration(b'revision = "1"\ndown_revision = None\n' + source.encode(), "a.py")


def test_a_module_that_cannot_be_followed_does_not_vanish(project):
    """Without its revision it would count as no migration, in silence."""
    project.write(
        "versions/a.py",
        HEADER.format(revision="1", parent=None) + "for i in range(1000):\n    for j in range(1000):\n        x = i\n",
    )
    document, _ = check(project.root)
    (finding,) = document["findings"]
    assert finding["code"] == "MRT902"
    assert "too many steps" in finding["message"]


def test_a_module_that_asks_for_a_dialect_of_its_own_does_not_vanish():
    guard = 'if op.get_context().dialect.name == "duckdb":\n    x = 1\n'
    source = HEADER.format(revision="1", parent=None) + guard + functions('op.drop_table("t")', "pass")
    migration = parse_migration(source.encode(), "a.py")
    assert migration.revision == "1"
    assert len(migration.upgrade_ops) == 1


def test_a_large_schema_is_read_as_a_whole():
    """Three hundred tables of twenty columns each, and two indexes a table, are no reason to cut."""
    columns = ", ".join(f'sa.Column("column_{i}", sa.String(50), nullable=False)' for i in range(20))
    body = "\n".join(
        f'op.create_table("table_{i}", {columns})\nop.create_index("ix_{i}", "table_{i}", ["a"])\nop.create_index("iy_{i}", "table_{i}", ["b"])'
        for i in range(300)
    )
    drops = "\n".join(f'op.drop_table("table_{i}")' for i in range(300))
    migration = parse_migration((HEADER.format(revision="1", parent=None) + functions(body, drops)).encode(), "a.py")
    assert migration.unreadable == ()
    assert len(migration.upgrade_ops) == 900


def read_few_lines():
    """What was read of each of a few lines: processor time, what could not be read, why not at all."""
    script = Path(__file__).with_name("few_lines.py")
    found = {}
    with subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        end = time.monotonic() + 300
        try:
            for line in process.stdout:
                name, *reading = json.loads(line)
                found[name] = reading
                if time.monotonic() > end:
                    break
        finally:
            process.kill()
    return found


def test_a_few_lines_take_neither_for_ever_nor_all_memory_and_what_they_leave_out_is_listed():
    readings = read_few_lines()
    assert [*readings] == [*LINES], "reading ended or was ended before or at the next one"
    assert {name: seconds for name, (seconds, *_) in readings.items() if seconds >= SECONDS} == {}
    assert {name: broken for name, (*_, broken) in readings.items() if broken is not None} == {}
    cut = {"recursion", "lambdas", "generators", "product", "long string", "join", "statements", "dialects"}
    assert {name for name in cut if not readings[name][1]} == set()
