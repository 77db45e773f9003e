"""However long a file is or however few lines it takes, reading ends, and what it left out is listed with its line.

Sizes and bounds are a twentieth of what users have; benchmarks/reading_bounds.py times the true ones.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

import pytest

from benchmarks import reading_bounds
from benchmarks.reading_bounds import LINES, LONG, divided
from mrt_lint import rules
from mrt_lint.model.migration import UnparsableError
from mrt_lint.parse.python import depth, parse_migration
from tests.lint.conftest import HEADER, functions

PART = 20
SECONDS = 60
"""What none of them takes even on a machine that does much else."""
START = HEADER.format(revision="1", parent=None).count("\n") + 2
"""The line of the first statement of upgrade()."""


def check(project) -> dict:
    """Return the document of a check of the project."""
    return json.loads(project.mrt("check", "versions", "--format", "json", "--no-cache").out)


@pytest.fixture
def small_bounds():
    with divided(PART):
        yield


@pytest.mark.parametrize("name", LONG)
@pytest.mark.usefixtures("small_bounds")
def test_a_long_file_is_read_in_part_and_says_from_where_on_not(project, name):
    make, why = LONG[name]
    body = make(PART)
    source = HEADER.format(revision="1", parent=None) + "def upgrade():\n" + "".join(f"    {line}\n" for line in body.split("\n"))
    project.write("versions/a.py", source + '\n\ndef downgrade():\n    op.drop_table("users")\n')
    document = check(project)
    found = [unreadable for unreadable in document["unreadable"] if why in unreadable["why"]]
    assert found
    assert all(START <= unreadable["line"] < START + body.count("\n") + 1 for unreadable in found)
    assert {finding["code"] for finding in document["findings"]}.isdisjoint({"MRT101", "MRT902"})


def test_what_is_shorter_than_the_bounds_is_read_as_a_whole(project):
    """Otherwise the tests here would hold for a reader that leaves everything out."""
    body = "\n".join(f'op.execute("UPDATE t SET a = {i}")' for i in range(100))
    project.migration("1", None, functions(body, "op.drop_table('users')"))
    with divided(PART):
        assert check(project)["unreadable"] == []


def test_a_rule_that_asks_too_much_of_one_migration_is_stopped(project, monkeypatch):
    monkeypatch.setattr(rules, "MAX_QUESTIONS", 20_000)
    moved = "for i in range(200):\n    op.execute(f'UPDATE t SET d{i} = c{i}')\n    op.drop_column('t', f'c{i}')"
    project.migration("1", None, functions(moved, "op.drop_table('users')"))
    assert [found for found in check(project)["unreadable"] if "stopped before its end" in found["why"]]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("".join(f"    op.execute('DELETE FROM t{i}')\n" for i in range(400_000 // PART)), "bytes beside strings and comments"),
        (f"    n = 1\n    op.execute(f'{'{n} AND ' * 20_000}')\n", "format string that is too long"),
        (f"    op.execute({' + '.join(['n'] * 50_000)})\n", "nested too deeply"),
        (f"    op.execute({'(' * 50_000}1{')' * 50_000})\n", ""),
        (f"    op.execute({'[' * 50_000})\n", ""),
    ],
    ids=["50 MB of code", "a format string", "a sum", "parentheses", "brackets"],
)
def test_what_is_too_much_for_the_parser_is_an_error_of_the_file(project, monkeypatch, body, reason):
    monkeypatch.setattr(depth, "MAX_FORMAT", depth.MAX_FORMAT // PART)
    project.write(
        "versions/a.py", HEADER.format(revision="1", parent=None) + f"def upgrade():\n{body}\n\ndef downgrade():\n    pass\n"
    )
    with divided(PART):
        document = check(project)
    (finding,) = [finding for finding in document["findings"] if finding["code"] == "MRT902"]
    assert reason in finding["message"]


@pytest.mark.usefixtures("small_bounds")
def test_a_downgrade_behind_a_long_upgrade_is_read_on_its_own_lines(project):
    adds = "\n".join(f'op.add_column("t", sa.Column("c{i}", sa.Integer()))' for i in range(450))
    path = project.migration("1", None, functions(adds, 'op.drop_table("gone")\nop.execute(unknown)'))
    migration = parse_migration(path.read_bytes(), "a.py")
    last = path.read_text().count("\n")
    (drop, _) = migration.downgrade_ops
    assert (drop.op, drop.origin.line) == ("drop_table", last - 1)
    assert [(found.place.line, found.function) for found in migration.unreadable][-1] == (last, "downgrade")
    cut = migration.unreadable[0]
    count = len(migration.upgrade_ops)
    assert count < 450
    assert not migration.readable("upgrade")
    assert {op.origin.line for op in migration.upgrade_ops} == set(range(START, START + count))
    whys = [found.why for found in migration.unreadable if found.function == "upgrade"]
    assert any("left out from here on" in why for why in whys)
    assert cut.source.startswith("op.add_column")


@pytest.mark.usefixtures("small_bounds")
def test_a_long_constant_is_left_out_and_said_of_both_functions(project):
    numbers = ", ".join(map(str, range(10_000)))
    body = f"NUMBERS = [{numbers}]\n\n\n" + functions('op.drop_column("t", "c")\nfor x in NUMBERS:\n    op.drop_table(x)', "pass")
    path = project.migration("1", None, body)
    migration = parse_migration(path.read_bytes(), "a.py")
    line = START - 1
    assert {(found.place.line, found.function) for found in migration.unreadable if "this statement" in found.why} == {
        (line, "upgrade"),
        (line, "downgrade"),
    }
    assert migration.upgrade_ops[0].origin.line == line + 4
    document = check(project)
    assert [found["line"] for found in document["unreadable"] if "this statement" in found["why"]] == [line]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.usefixtures("small_bounds")
def test_lines_are_counted_as_python_counts_them(end):
    text = '# é\n\x0crevision = "1"\ndown_revision = None\nfrom alembic import op\n\ndef upgrade():\n'
    text += (
        "".join(f'    op.drop_table("x{i}"); y = """a\n"""\n' for i in range(600)) + '\ndef downgrade():\n    op.drop_table("z")\n'
    )
    migration = parse_migration(text.replace("\n", end).encode(), "a.py")
    assert migration.unreadable, "the file is to be so long that a part is left out"
    assert migration.downgrade_ops[0].origin.line == text.count("\n")


@pytest.mark.parametrize(
    "source",
    [
        "def upgrade(): " + "; ".join(["a = b"] * 3_000) + "\n",
        "a = 1; b = [" + ", ".join("1" * 10_000) + "]\n",
        "\n".join(f"a{i} = {i}" for i in range(5_000)),
    ],
)
@pytest.mark.usefixtures("small_bounds")
def test_a_file_that_cannot_be_cut_is_refused(source):
    with pytest.raises(UnparsableError, match="too large"):
        parse_migration(b'revision = "1"\ndown_revision = None\n' + source.encode(), "a.py")


def test_a_module_that_cannot_be_followed_does_not_vanish(project):
    """Without its revision it would count as no migration, in silence."""
    project.write(
        "versions/a.py",
        HEADER.format(revision="1", parent=None) + "for i in range(1000):\n    for j in range(1000):\n        x = i\n",
    )
    document = check(project)
    (finding,) = document["findings"]
    assert finding["code"] == "MRT902"
    assert "too many steps" in finding["message"]


def test_a_module_that_asks_for_a_dialect_of_its_own_does_not_vanish():
    guard = 'if op.get_context().dialect.name == "duckdb":\n    x = 1\n'
    source = HEADER.format(revision="1", parent=None) + guard + functions('op.drop_table("t")', "pass")
    migration = parse_migration(source.encode(), "a.py")
    assert migration.revision == "1"
    assert len(migration.upgrade_ops) == 1


@pytest.mark.usefixtures("small_bounds")
def test_a_large_schema_is_read_as_a_whole():
    """Three hundred tables of twenty columns each, and two indexes a table, are no reason to cut: here a twentieth of them."""
    columns = ", ".join(f'sa.Column("column_{i}", sa.String(50), nullable=False)' for i in range(20))
    body = "\n".join(
        f'op.create_table("table_{i}", {columns})\nop.create_index("ix_{i}", "table_{i}", ["a"])\nop.create_index("iy_{i}", "table_{i}", ["b"])'
        for i in range(15)
    )
    drops = "\n".join(f'op.drop_table("table_{i}")' for i in range(15))
    migration = parse_migration((HEADER.format(revision="1", parent=None) + functions(body, drops)).encode(), "a.py")
    assert migration.unreadable == ()
    assert len(migration.upgrade_ops) == 45


def test_a_few_lines_take_neither_for_ever_nor_all_memory_and_what_they_leave_out_is_listed():
    """Read in a process whose memory has an end."""
    readings = {}
    with subprocess.Popen([sys.executable, reading_bounds.__file__, str(PART)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        end = time.monotonic() + 240
        try:
            for line in process.stdout:
                name, *reading = json.loads(line)
                readings[name] = reading
                if time.monotonic() > end:
                    break
        finally:
            process.kill()
    assert [*readings] == [*LINES, *LONG], "reading ended or was ended before or at the next one"
    assert {name: seconds for name, (seconds, *_) in readings.items() if seconds >= SECONDS} == {}
    assert {name: broken for name, (*_, broken) in readings.items() if broken is not None} == {}
    cut = {"recursion", "lambdas", "generators", "product", "long string", "join", "statements", "dialects"}
    assert {name for name in cut if not readings[name][1]} == set()
