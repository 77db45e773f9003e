"""How many downgrades of real histories `mrt check --fix` writes, and whether they do what their authors' did.

    python -m benchmarks.fix_accuracy FOLDER… [--unsafe] [--show differs|refused]

FOLDER holds the migrations of one history. Every `downgrade()` that does something is emptied, all of them at once, and written again.
What was written is set beside what the author wrote, operation by operation: "same" is the same operations on the same things in
whatever order, "less" leaves out what goes with a dropped table or column anyhow, "differs" is looked at by hand (`--show differs`).
"""

from __future__ import annotations

import ast
import re
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path

from mrt_lint.check import judgement
from mrt_lint.fix.session import FixSession
from mrt_lint.gate import is_migration
from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import CreateConstraint, Execute, Op
from mrt_lint.parse.reading import MigrationSource, ReadResult, read
from mrt_lint.settings import Settings


def emptied(source: bytes) -> bytes | None:
    """Empty downgrade(); None where there is none, or it cannot be found."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError):
        return None
    lines = source.splitlines(keepends=True)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "downgrade" and node.body[0].lineno > node.lineno:
            first, last = node.body[0].lineno, node.end_lineno or node.lineno
            return b"".join([*lines[: first - 1], b"    pass\n", *lines[last:]])
    return None


def signature(op: Op) -> tuple[object, ...]:
    """Say what an operation does to what, as far as two authors would agree."""
    names = [
        str(getattr(op, name, "")).lower() for name in ("table", "column", "index", "constraint", "new_table", "new_column", "name")
    ]
    kind = "create_constraint" if isinstance(op, CreateConstraint) else op.op.replace("drop_type", "drop_enum")
    if kind == "drop_index":
        names[0] = ""
    return (kind, *names)


def compare(written: Migration, author: Migration) -> str:
    """Set what was written beside what the author wrote."""
    ours, theirs = (
        Counter(signature(op) for op in migration.downgrade_ops if not isinstance(op, Execute)) for migration in (written, author)
    )
    if ours == theirs:
        return "same"
    return "less" if not ours - theirs else "more" if not theirs - ours else "differs"


def measure(folder: Path, *, unsafe: bool, show: str) -> Counter[str]:
    """Empty and write again every downgrade() of a history."""
    sources = {str(path): path.read_bytes() for path in sorted(folder.rglob("*.py"))}
    sources = {path: source for path, source in sources.items() if is_migration(source)}
    authors: dict[str, ReadResult] = {path: read(MigrationSource(path, source, None)) for path, source in sources.items()}
    bare = {
        path: empty
        for path, source in sources.items()
        if isinstance(author := authors[path], Migration) and author.downgrade_ops and (empty := emptied(source)) is not None
    }
    contents = {**sources, **bare}
    readings: dict[str, ReadResult] = {path: read(MigrationSource(path, source, None)) for path, source in contents.items()}
    settings = Settings()
    report = judgement.judge(contents, readings, settings)
    session = FixSession(contents, readings, settings, unsafe=unsafe, breaks=lambda *_: False)
    counts: Counter[str] = Counter()
    for finding in report.findings:
        if finding.code != "MRT102" or finding.path not in bare:
            continue
        outcome = session.fix(finding.path, [finding])
        result = "written" if outcome.fixed else "unsafe" if outcome.unsafe else "refused"
        counts[result] += 1
        why = next((why for _, why in (*outcome.unsafe, *outcome.refused)), "")
        if result == "written":
            again, author = read(MigrationSource(finding.path, outcome.after, None)), authors[finding.path]
            assert isinstance(again, Migration)
            assert isinstance(author, Migration)
            result = compare(again, author)
            counts[result] += 1
            why = "\n".join(
                f"      {name}: {op}"
                for name, side in (("ours", again), ("author", author))
                for op in map(signature, side.downgrade_ops)
            )
        else:
            counts[f"{result}: {re.sub(r'line [0-9]+: ', '', why)[:40]}"] += 1
        if result == show:
            print(f"  {finding.path}\n    {why}")
    return counts


def main() -> None:
    """Measure, and print a line a history."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("folders", metavar="FOLDER", nargs="+", type=Path)
    parser.add_argument("--unsafe", action="store_true")
    parser.add_argument("--show", default="")
    options = parser.parse_args()
    total: Counter[str] = Counter()
    for folder in options.folders:
        counts = measure(folder, unsafe=options.unsafe, show=options.show)
        total += counts
        words = ", ".join(f"{counts[word]} {word}" for word in ("written", "unsafe", "refused", "same", "less", "more", "differs"))
        print(f"{folder}: {words}", flush=True)
    print(
        "total:", ", ".join(f"{total[word]} {word}" for word in ("written", "unsafe", "refused", "same", "less", "more", "differs"))
    )
    for reason, count in total.most_common():
        if ":" in reason:
            print(f"{count:>6}  {reason}")


if __name__ == "__main__":
    sys.exit(main())
