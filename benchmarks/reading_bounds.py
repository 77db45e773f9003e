"""Time the reader on what is made to keep it busy: files that are too long, and few lines that never end or fill the memory.

    python benchmarks/reading_bounds.py [DIVISOR]

Each is read once, in a process that may have three gigabytes; a line of JSON for each has its name, the seconds of processor time,
what was left out, and why nothing could be read at all. The tests read the same with sizes and bounds divided, which takes seconds.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

from mrt_lint.parse.python import excerpt, reading, run, syntax
from mrt_lint.parse.reading import MigrationSource, read
from mrt_lint.parse.sql import expand, tokens

HEADER = 'import itertools, re, textwrap\nimport sqlalchemy as sa\nfrom alembic import op\nrevision = "1"\ndown_revision = None\n'
DOUBLED = "for i in range(60):\n    s = {}\n"
LINES = {
    "recursion": "def f(n):\n    op.execute(f'DELETE FROM t{n}')\n    f(n + 1)\n    f(n + 2)\nf(0)",
    "lambdas": "f = lambda n: f(n - 1) + f(n - 2)\nop.execute(f(100))",
    "generators": "def g(n):\n    yield n\n    yield from g(n + 1)\n    yield from g(n + 1)\nfor x in g(0):\n    op.execute(f'{x}')",
    "upgrade calls itself": "upgrade()\nglobals()['upgrade']()",
    "string doubled": "s = 'x'\n" + DOUBLED.format("s + s") + "op.execute(s)",
    "format string doubled": "s = 'x'\n" + DOUBLED.format("f'{s}{s}'") + "op.execute(s)",
    "percent doubled": "s = 'x' * 1000\n" + DOUBLED.format("'%s%s' % (s, s)") + "op.execute(s)",
    "bytes doubled": "s = b'x'\n" + DOUBLED.format("s + s") + "op.execute(s)",
    "list doubled": "s = [1]\n" + DOUBLED.format("s + s") + "op.execute(f'{len(s)}')",
    "list doubled in place": "s = [1]\nfor i in range(60):\n    s += s\nop.execute(f'{len(s)}')",
    "tuple doubled": "s = (1,)\n" + DOUBLED.format("s + s") + "op.execute(f'{len(s)}')",
    "stars doubled": "s = [1]\n" + DOUBLED.format("[*s, *s]") + "op.execute(str(s))",
    "lists in lists": "s = ['a']\n" + DOUBLED.format("[s, s]") + "op.execute(str(s))\nif s == s:\n    op.drop_table('x')\n"
    "op.bulk_insert(t, s)\nop.create_table('t', *s)\nop.execute(','.join(s))\nsorted(s)",
    "tuples in tuples": "s = ('a',)\n" + DOUBLED.format("(s, s)") + "d = {s: 1}\nd.get(s)\nx = {s, s}\nop.drop_column('t', s)",
    "dicts in dicts": "s = {'a': 1}\n" + DOUBLED.format("{'a': s, 'b': s}") + "op.execute(str(s))\nop.bulk_insert(t, [s])",
    "product": "for x in [(a, b, c) for a in range(2000) for b in range(2000) for c in range(2000)]:\n    op.execute(f'{x}')",
    "itertools": "for x in itertools.product(range(2000), repeat=3):\n    op.execute('x')\nfor x in itertools.count():\n    op.execute('x')",
    "long string": "op.execute('x' * 10**10)\nop.execute('x'.ljust(10**10))\nop.execute('%1000000000d' % 5)\nop.execute(f'{5:1000000000}')",
    "long list": "for x in [0] * 10**9:\n    op.execute('DELETE FROM t')\nfor x in range(10**12):\n    op.execute(f'DELETE FROM u{x}')",
    "large number": "op.execute(f'{10 ** 10 ** 10}')\nn = 1 << 10**10\nfor i in range(2000):\n    n = n * n\nop.execute(f'{n}')",
    "percent": "a = 'y' * 2000000\nop.execute(('%s' * 1000) % ((a,) * 1000))",
    "braces": "a = 'y' * 2000000\nop.execute(('{0}' * 100000).format(a))",
    "format string": "a = 'y' * 2000000\nop.execute(f'" + "{a}" * 1000 + "')",
    "join": "op.execute(','.join(['y' * 10**6] * 10**6))",
    "replace": "a = 'a' * 1000000\nop.execute(a.replace('a', 'b' * 100000))\nop.execute(('\\t' * 1000000).expandtabs(1000000))",
    "list of strings": "s = ['y' * 2000000] * 1000\nop.execute(str(s))\nop.execute(f'{s!r}')",
    "kept strings": "s = []\nfor i in range(2000):\n    s.append('a' * 1000000)",
    "statements": "s = 'DELETE FROM t; ' * 60000\nfor i in range(2000):\n    op.execute(s)",
    "search in a list": "s = ['a'] * 1000000\nfor i in range(2000):\n    for j in range(20):\n        if 'b' in s:\n            op.execute('x')",
    "backtracking": "if re.match('(a+)+$', 'a' * 40 + 'b'):\n    op.execute(re.sub('(a+)+$', '', 'a' * 40 + 'b'))",
    "forever": "while True:\n    op.execute('DELETE FROM t')\nexec('while True: pass')\neval('9 ** 9 ** 9')",
    "dialects": "\n".join(f"if op.get_bind().dialect.name == 'd{i}':\n    op.drop_table('x{i}')" for i in range(100)),
}
DENSE = "DELETE FROM t WHERE a = 1;\n"
LONG: dict[str, tuple[Callable[[int], str], str]] = {
    "operations": (
        lambda part: "".join(f'op.add_column("t{i % 50}", sa.Column("c{i}", sa.Integer()))\n' for i in range(20_000 // part)),
        "the file",
    ),
    "many statements": (lambda part: "".join(f'op.execute("UPDATE t SET a = {i}")\n' for i in range(20_000 // part)), "upgrade() "),
    "loops": (
        lambda part: f'for i in range(100):\n    for j in range({100 // part}):\n        op.drop_column(f"t{{i}}", f"c{{j}}")',
        "has more than ",
    ),
    "loops of SQL": (
        lambda part: (
            f'for i in range(100):\n    for j in range({100 // part}):\n        op.execute(f"ALTER TABLE t{{i}} DROP c{{j}}")'
        ),
        "has more than ",
    ),
    "conditions": (lambda part: "".join(f'if c{i}:\n    op.drop_table("x{i}")\n' for i in range(12_000 // part)), "the file"),
    "a list": (
        lambda part: f"for x in [{', '.join(f'{i}' for i in range(200_000 // part))}]:\n    op.drop_table(x)",
        "the file",
    ),
    "rows": (
        lambda part: f"op.bulk_insert(t, [{', '.join(f'{{1: {i}}}' for i in range(100_000 // part))}])",
        "the file",
    ),
    "10 MB of statements": (lambda part: f'op.execute("""{DENSE * (400_000 // part)}""")', "too much raw SQL"),
    "10 MB of values": (
        lambda part: 'op.execute("""INSERT INTO t VALUES ' + "(1, 2),\n" * (1_200_000 // part) + '(2, 3)""")',
        "too much raw SQL",
    ),
    "10 MB that open nothing": (lambda part: f"op.execute('''{'/*' * (5_000_000 // part)}''')", "too much raw SQL"),
    "50 MB": (lambda part: f"op.execute('''{'x' * (50_000_000 // part)}''')", "too much raw SQL"),
    "operations of SQL": (lambda part: f'op.execute("""{"DROP TABLE a; " * (10_000 // part)}""")', "too many operations"),
}
"""The body of an upgrade() that is too long, whose size is divided by a number, and what is said of it."""
BOUNDS = [
    (excerpt, "MAX_NODES"),
    (excerpt, "_LEAST_SHARE"),
    (syntax, "MAX_BYTES"),
    (run, "MAX_STEPS"),
    (run, "MAX_OPERATIONS"),
    (reading, "MAX_SECONDS"),
    (expand, "MAX_CHARACTERS"),
    (expand, "MAX_OPERATIONS"),
    (tokens, "MOST_STATEMENTS"),
]
"""What bounds a reading, by the module that asks for it."""


@contextmanager
def divided(part: int) -> Iterator[None]:
    """Read with bounds divided by a number."""
    with ExitStack() as changed:
        for module, name in BOUNDS:
            changed.enter_context(mock.patch.object(module, name, getattr(module, name) / part))
        yield


def upgrade_of(body: str) -> str:
    """Return a migration whose upgrade() has these lines."""
    return HEADER + "def upgrade():\n" + "".join(f"    {line}\n" for line in body.splitlines())


def main(part: int) -> None:
    """Write what came of each, in a line of JSON."""
    sources = {**LINES, **{name: body(part) for name, (body, _) in LONG.items()}}
    with divided(part):
        for name, lines in sources.items():
            start = time.process_time()
            found = read(MigrationSource("a.py", upgrade_of(lines).encode(), None))
            left_out = [unreadable.why for unreadable in getattr(found, "unreadable", ())]
            broken = getattr(found, "reason", None)
            print(json.dumps([name, round(time.process_time() - start, 2), left_out[:9], broken]), flush=True)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    sys.path[:] = [path for path in sys.path if path]
    main(int(sys.argv[1]) if sys.argv[1:] else 1)
