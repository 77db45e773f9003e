"""Whatever stands in the file, lifting ends soon, in a Migration or in an UnparsableError."""

import subprocess
import sys
import time

import pytest

from mrt_lint.model.migration import UnparsableError
from mrt_lint.model.ops import DropTable, Execute
from mrt_lint.model.values import SourceSpan
from mrt_lint.parse.python import parse_migration
from mrt_lint.parse.python.depth import looks_deep
from tests.lint.lifting import compose

DEEP = {
    "parentheses": "x = " + "(" * 3000 + "1" + ")" * 3000,
    "sum": "x = " + "+".join(["a"] * 10_000),
    "attributes": "x = a" + ".b" * 10_000,
    "calls": "x = a" + "()" * 5_000,
    "nots": "x = " + "not " * 5_000 + "a",
    "and": "x = " + " and ".join(["a"] * 10_000),
    "conditions": "x = " + "a if b else " * 3_000 + "c",
    "elifs": "if a:\n    pass\n" + "elif a:\n    pass\n" * 3_000,
    "blocks": "".join(" " * level + "if a:\n" for level in range(99)) + " " * 99 + "pass",
    "subscripts": "x = a" + "[0]" * 5_000,
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_is_refused_before_the_parser_overflows(name):
    with pytest.raises(UnparsableError, match="nested too deeply"):
        parse_migration(DEEP[name].encode(), "m.py")


def test_deep_nesting_in_syntax_too_new_for_this_python_is_refused_too():
    code = "from mrt_lint.parse.python import parse_migration\nparse_migration(b'x = $ ' + b'(' * 20000, 'm.py')"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "UnparsableError: it is nested too deeply" in result.stderr


def test_ordinary_source_never_looks_deep():
    assert not looks_deep(compose('op.execute("""' + "(" * 500 + '""")\nx = [\n' + "    (1, 2),\n" * 500 + "]").encode())


@pytest.mark.parametrize(
    ("source", "line", "reason"),
    [
        (b"x = 1\ndef (:\n", 2, "invalid syntax"),
        (b"x = 1\n\0\n", 2, "null byte"),
        (b"# coding: nonsense\nx = 1\n", 1, "encoding|decoded"),
        (b"x = '\xff'\n", 1, "encoding"),
        (b"if x:\npass\n", 2, "indented block"),
        (b"x = 'a\n", 1, "string literal"),
    ],
)
def test_what_is_not_python_is_refused_at_its_line(source, line, reason):
    with pytest.raises(UnparsableError, match=reason) as refused:
        parse_migration(source, "m.py")
    assert isinstance(refused.value.place, SourceSpan)
    assert refused.value.place.line == line


@pytest.mark.parametrize(
    "source",
    [b"", b"\n", b"\xef\xbb\xbf", b"\f\nx = 1\n", b"x = 1", b"def upgrade(): pass", b"if 1:\n\tx = 1\n", b"# c"],
)
def test_small_and_strange_files_are_read(source):
    assert parse_migration(source, "m.py").unreadable == ()


ENDLESS = {
    "while true": 'while True:\n    op.drop_table("t")',
    "while not known": 'n = 0\nwhile n >= 0:\n    n += 1\nop.drop_table("t")',
    "recursion": 'f("t")',
    "recursion in doubt": 'g("t")',
    "mutual recursion": 'a("t")',
    "generator": 'for t in endless():\n    op.drop_table("t")',
    "doubling": 's = "x"\nfor i in range(100):\n    s = s + s\nop.drop_table("t")',
    "power": 's = 9 ** 9 ** 9\nop.drop_table("t")',
    "repeat": 's = "x" * 10**12\nop.drop_table("t")',
    "width": 's = "%1000000000d" % 1\nt = "{:1000000000}".format(1)\nop.drop_table("t")',
    "nested loops": 'for i in range(1000):\n    for j in range(1000):\n        for k in range(1000):\n            pass\nop.drop_table("t")',
    "huge range": 'for i in range(10**9):\n    pass\nop.drop_table("t")',
}
MODULE = """
def f(t):
    op.drop_table(t)
    f(t)

def g(t):
    op.drop_table(t)
    if load():
        g(t)
        g(t)

def a(t):
    b(t)

def b(t):
    op.drop_table(t)
    a(t)

def endless():
    while True:
        yield 1
"""


@pytest.mark.parametrize("name", ENDLESS)
def test_what_never_ends_is_lifted_in_bounded_time(name):
    start = time.process_time()
    migration = parse_migration(compose(ENDLESS[name], module=MODULE).encode(), "m.py")
    assert time.process_time() - start < 5
    assert DropTable(table="t") in migration.upgrade_ops or migration.unreadable


def test_ten_thousand_lines_and_five_megabytes_are_read():
    lines = [f'op.drop_table("t{number}")' if number % 5 == 0 else "# a line" for number in range(10_001)]
    many = parse_migration(compose("\n".join(lines)).encode(), "m.py")
    assert many.upgrade_ops[-1] == DropTable(table="t10000")
    [op] = parse_migration(compose(f'op.execute("{"x" * 5_000_000}")').encode(), "m.py").upgrade_ops
    assert isinstance(op, Execute)
    assert len(op.statement) == 5_000_000


def test_nothing_in_the_file_is_ever_run(tmp_path):
    mark = tmp_path / "mark"
    parse_migration(
        compose(
            f'open({str(mark)!r}, "w").close()\n__import__("os").mkdir({str(mark)!r})', module=f"open({str(mark)!r}, 'w')"
        ).encode(),
        "m.py",
    )
    assert not mark.exists()
