"""Time `mrt check` from outside, start-up included, beside a peer where one is named.

usage: python benchmarks/check_speed.py [--peer COMMAND] [N ...]

Chains of N migrations (default: 50 100 400) are written to a temporary folder: tables, columns, indexes, raw SQL. For each the
median of five runs is printed, in seconds of wall time and of CPU: cold (--no-cache), after one changed file, warm. COMMAND is
another program to time on the same folder, "other-env/bin/mrt check".
"""

from __future__ import annotations

import argparse
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

RUNS = 5
OURS = [sys.executable, "-m", "mrt_lint", "check", "versions"]
BODIES = (
    'op.create_table("t{n}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(50)))\n    op.create_index("i{n}", "t{n}", ["name"])',
    'op.add_column("t{m}", sa.Column("c{n}", sa.Integer, nullable=True))',
    'op.execute("UPDATE t{m} SET name = lower(name) WHERE id > 0")',
    'with op.batch_alter_table("t{m}") as batch:\n        batch.alter_column("name", type_=sa.Text())',
)
UNDO = ('op.drop_table("t{n}")', 'op.drop_column("t{m}", "c{n}")', 'op.execute("UPDATE t{m} SET name = upper(name)")', "pass")


def write_chain(folder: Path, length: int) -> None:
    """Write the migrations of one chain."""
    (folder / "versions").mkdir()
    for n in range(length):
        m = n // 4 * 4
        text = f'"""Step {n}"""\nimport sqlalchemy as sa\nfrom alembic import op\n\nrevision = "r{n}"\ndown_revision = {f"r{n - 1}" if n else None!r}\n\n\n'
        text += f"def upgrade():\n    {BODIES[n % 4].format(n=n, m=m)}\n\n\ndef downgrade():\n    {UNDO[n % 4].format(n=n, m=m)}\n"
        (folder / f"versions/r{n}.py").write_text(text)


def measure(command: list[str], folder: Path, before: Callable[[], object] = lambda: None) -> str:
    """Run a command several times and give the medians of its wall and CPU time."""
    walls, processors = [], []
    for _ in range(RUNS):
        before()
        start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        walls.append(time.perf_counter() - start)
        processors.append(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)
        if command[: len(OURS)] == OURS and done.returncode not in {0, 1}:
            sys.exit(f"{shlex.join(command)} exited {done.returncode}: {done.stderr.decode()[-300:]}")
    return f"{sorted(walls)[RUNS // 2]:6.2f} s wall {sorted(processors)[RUNS // 2]:6.2f} s CPU"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("lengths", metavar="N", type=int, nargs="*", default=[50, 100, 400])
    parser.add_argument("--peer", metavar="COMMAND")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as empty:
        print(f"      start        {measure([*OURS[:3], '--version'], Path(empty))}")
    for length in options.lengths:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write_chain(folder, length)
            changed = folder / "versions/r0.py"
            rows = {"cold": measure([*OURS, "--no-cache"], folder)}
            rows["one changed"] = measure(OURS, folder, lambda: changed.write_text(changed.read_text() + "# more\n"))  # noqa: B023  run at once
            rows["warm"] = measure(OURS, folder)
            if options.peer:
                rows["peer"] = measure([*shlex.split(options.peer), "versions"], folder)
            for what, figures in rows.items():
                print(f"{length:>5} {what:<12} {figures}")


if __name__ == "__main__":
    main()
