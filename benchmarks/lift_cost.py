"""What lifting costs beside parsing.

usage: python benchmarks/lift_cost.py FOLDER…    prints CPU seconds and the ratio of reading migrations to `libcst.parse_module`

Every file is parsed and read in turn, seven times each, and the least of either counts, so that what else the machine is at
falls on both alike.
"""

import gc
import pathlib
import sys
import time
from contextlib import suppress

import libcst

from mrt_lint.model.migration import UnparsableError
from mrt_lint.parse.python import parse_migration

RUNS = 7


def measure(work, source):
    """Return the seconds of processor time that a piece of work takes over a source."""
    start = time.process_time()
    # a refusal costs what it costs
    with suppress(UnparsableError, libcst.ParserSyntaxError):
        work(source)
    return time.process_time() - start


def lift(source):
    """Read a migration."""
    parse_migration(source, "migration.py")


def main(folders):
    """Measure over every Python file below each of the folders."""
    for folder in folders:
        sources = [path.read_bytes() for path in sorted(pathlib.Path(folder).rglob("*.py"))]
        gc.collect()
        parsing = lifting = 0.0
        for source in sources:
            times = [(measure(libcst.parse_module, source), measure(lift, source)) for _ in range(RUNS)]
            parsing += min(parse for parse, _ in times)
            lifting += min(read for _, read in times)
        print(f"{folder}: {len(sources)} files, parse {parsing:.2f} s, lift {lifting:.2f} s, ratio {lifting / parsing:.2f}")


if __name__ == "__main__":
    main(sys.argv[1:])
