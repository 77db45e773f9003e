"""What lifting costs beside parsing.

usage: python benchmarks/lift_cost.py FOLDER…    prints seconds and the ratio of parsing a migration to `libcst.parse_module`, best of three
"""

import gc
import pathlib
import sys
import time

import libcst

from mrt_lint.model.migration import UnparsableError
from mrt_lint.parse.python import parse_migration


def measure(work, sources):
    """The best of three times that a piece of work takes over all sources."""
    best = float("inf")
    for _ in range(3):
        gc.collect()
        start = time.process_time()
        for source in sources:
            try:
                work(source)
            except (UnparsableError, libcst.ParserSyntaxError):  # noqa: PERF203 - a refusal costs what it costs
                continue
        best = min(best, time.process_time() - start)
    return best


def main(folders):
    """Measure over every Python file below the folders."""
    sources = [path.read_bytes() for folder in folders for path in sorted(pathlib.Path(folder).rglob("*.py"))]
    parsing = measure(libcst.parse_module, sources)
    lifting = measure(lambda source: parse_migration(source, "migration.py"), sources)
    print(f"{len(sources)} files: parse {parsing:.2f} s, lift {lifting:.2f} s, ratio {lifting / parsing:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
