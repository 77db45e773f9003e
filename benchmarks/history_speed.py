"""What the history costs: replay and all rules beside lifting alone, how that grows, and a check that remembers everything.

usage: python benchmarks/history_speed.py [N ...]    lengths of the histories, default 250 500 1000 2000

Histories of N revisions are generated as for agreement.py, with branches and merges. In one process, without the cache, the best
of three runs in CPU seconds: `lift` (parsing and reading), `sql` (raw SQL read), `judge` (replay and all rules), and all of it in
relation to lifting alone. Then a second `mrt check` from outside, start-up included, the best of five in seconds of wall and CPU
time: `again` as people run it, `silent` with the report going to a file as JSON. Quote ratios: times differ by machine.
"""

from __future__ import annotations

import gc
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.mixed_histories import write
from mrt_lint.check.judgement import judge
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.parse.python import parse_migration
from mrt_lint.parse.sql.expand import expand_sql
from mrt_lint.settings import Settings

DIALECT = "postgresql"
Result = TypeVar("Result")


def measure(work: Callable[[], Result]) -> tuple[float, Result]:
    """Time a piece of work, the best of three runs; gives the CPU seconds and what it gave."""
    best = float("inf")
    for _ in range(3):
        gc.collect()
        start = time.process_time()
        result = work()
        best = min(best, time.process_time() - start)
    return best, result


def check_again(folder: Path, *options: str) -> str:
    """Time `mrt check` over files that it has seen before."""
    command = [sys.executable, "-m", "mrt_lint", "check", "versions", "--dialect", DIALECT, *options]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    walls, processors = [], []
    for _ in range(6):
        start, used = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(command, cwd=folder / "migrations", env=environment, capture_output=True, check=False)
        now = resource.getrusage(resource.RUSAGE_CHILDREN)
        walls.append(time.perf_counter() - start)
        processors.append(now.ru_utime + now.ru_stime - used.ru_utime - used.ru_stime)
        if done.returncode not in {0, 1}:
            sys.exit(done.stderr.decode())
    return f"{min(walls[1:]):.2f}s {min(processors[1:]):.2f}s"


def main(lengths: list[int]) -> None:
    """Print a line for each length."""
    print(f"{'N':>5} {'lift':>8} {'sql':>8} {'judge':>8} {'ms each':>8} {'all/lift':>9}   {'again':<14} silent")
    settings = Settings(root=Path("/"), target=DatabaseTarget(dialect=DIALECT))
    for length in lengths:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            write(Random(length), folder, DIALECT, length)
            sources = {str(path): path.read_bytes() for path in sorted((folder / "migrations" / "versions").glob("*.py"))}

            def lift_all() -> dict:
                return {path: parse_migration(content, path) for path, content in sources.items()}  # noqa: B023  run at once

            lifting, lifted = measure(lift_all)
            reading, readings = measure(lambda: {path: expand_sql(migration, DIALECT) for path, migration in lifted.items()})  # noqa: B023
            judging, _ = measure(lambda: judge(sources, readings, settings))  # noqa: B023
            figures = f"{lifting:>7.2f}s {reading:>7.2f}s {judging:>7.2f}s {judging / length * 1000:>8.2f}"
            whole = (lifting + reading + judging) / lifting
            again = f"{check_again(folder)}   {check_again(folder, '--format', 'json', '--output', 'report.json')}"
            print(f"{length:>5} {figures} {whole:>9.2f}   {again}", flush=True)


if __name__ == "__main__":
    main([int(argument) for argument in sys.argv[1:]] or [250, 500, 1000, 2000])
