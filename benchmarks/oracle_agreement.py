"""How far the lifter agrees with Alembic itself, over real histories.

usage: python benchmarks/oracle_agreement.py FOLDER…    each folder is one history; prints recordable, agreeing, disagreements
"""

import pathlib
import sys
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).parents[1]))

from mrt_lint.parse.python import parse_migration
from tests.lint.oracle import UnrecordableError, record
from tests.lint.oracle_match import disagreement

DIALECTS = ("postgresql", "mysql", "sqlite")


def judge(path):
    """Yield (dialect and function, disagreement or None, stubbed) for what of one migration can be recorded."""
    source = path.read_bytes()
    migration = parse_migration(source, str(path))
    for dialect in DIALECTS:
        for name in ("upgrade", "downgrade"):
            try:
                recording = record(source, name, dialect, str(path))
            except UnrecordableError as problem:
                yield f"{dialect} {name}", problem, False
                continue
            function = getattr(migration, name)
            blind = not migration.readable(name)
            found = disagreement(function.ops if function else (), recording.ops, dialect, blind=blind)
            yield f"{dialect} {name}", found, recording.stubs > 0


def main(folders, *, verbose):
    """Judge every migration below the folders; a migration agrees if all that can be recorded of it does."""
    total = [0, 0]
    for folder in map(pathlib.Path, folders):
        recordable = agree = stubbed = files = 0
        for path in sorted(folder.rglob("*.py")):
            if b"revision" not in path.read_bytes() or path.name == "__init__.py":
                continue
            files += 1
            verdicts = list(judge(path))
            recorded = [(where, found, stub) for where, found, stub in verdicts if not isinstance(found, UnrecordableError)]
            problems = [str(found)[:90] for _, found, _ in verdicts if isinstance(found, UnrecordableError)]
            if verbose and len(recorded) < len(verdicts):
                print(f"    not recordable: {path.name}: {problems[0]}")
            recordable += bool(recorded)
            stubbed += any(stub for _, _, stub in recorded)
            wrong = [(where, found) for where, found, _ in recorded if found]
            agree += bool(recorded) and not wrong
            for where, found in wrong[:1]:
                print(f"  {path.name} ({where}): {found[:600]}")
        total = [total[0] + recordable, total[1] + agree]
        print(
            f"{folder}: {files} files, {recordable} recordable ({stubbed} calling what is not installed), {agree} agree", flush=True
        )
    print(f"all: {total[0]} recordable, {total[1]} agree ({100 * total[1] / max(total[0], 1):.1f} %)")


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main([argument for argument in sys.argv[1:] if argument != "-v"], verbose="-v" in sys.argv)
