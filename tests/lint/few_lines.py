"""A few lines each that would keep a reader busy for ever, or fill its memory; run as a script, it reads them one by one."""

from __future__ import annotations

import json
import sys
import time

from mrt_lint.parse.reading import MigrationSource, read

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


def main() -> None:
    for name, lines in LINES.items():
        source = HEADER + "def upgrade():\n" + "".join(f"    {line}\n" for line in lines.splitlines())
        start = time.process_time()
        reading = read(MigrationSource("a.py", source.encode(), None))
        found = [unreadable.why for unreadable in getattr(reading, "unreadable", ())]
        broken = getattr(reading, "reason", None)
        print(json.dumps([name, time.process_time() - start, found, broken]), flush=True)  # noqa: T201


if __name__ == "__main__":
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
    sys.path[:] = [path for path in sys.path if path]
    main()
