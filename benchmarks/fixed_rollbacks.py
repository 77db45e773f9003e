"""Whether what `mrt check --fix` writes rolls back: emptied downgrades, fixed, run by the runtime, beside their authors'.

    python -m benchmarks.fixed_rollbacks random NUMBER URL…            that many random migrations on each database
    python -m benchmarks.fixed_rollbacks project FOLDER URL [--safe]   the project whose alembic.ini stands in FOLDER

Every downgrade() is emptied and written again, once with the database declared and once with none; where nothing was written the
author's stays. "worse" is a revision that rolled back by its author's downgrade and does not by the one that was written; each is
printed. Unsafe fixes are made, too, unless `--safe` is given.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from random import Random

from benchmarks import random_histories
from benchmarks.fix_accuracy import emptied
from benchmarks.mixed_acts import MixedHistory
from benchmarks.mixed_histories import IMPORTS, choose, function
from mrt_lint.check import judgement
from mrt_lint.fix.session import FixSession
from mrt_lint.gate import is_migration
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.parse.reading import MigrationSource, ReadResult, read
from mrt_lint.settings import Settings
from mrt_runtime.config import MRTConfig
from mrt_runtime.databases import connect
from mrt_runtime.verdict import Outcome, Verdict
from mrt_runtime.verify.session import Verification

LENGTH = 15
NO_WORSE = {Outcome.REVERSIBLE, Outcome.SKIPPED}


def rewrite(folder: Path, dialect: str | None, *, unsafe: bool) -> dict[Path, str]:
    """Empty and write again the downgrades below a folder; gives the files that were written, each with why that is unsafe."""
    sources = {str(path): path.read_bytes() for path in sorted(folder.rglob("*.py")) if is_migration(path.read_bytes())}
    bare = {path: empty for path, source in sources.items() if (empty := emptied(source)) is not None}
    contents = {**sources, **bare}
    settings = Settings(target=DatabaseTarget(dialect=dialect))
    readings: dict[str, ReadResult] = {path: read(MigrationSource(path, source, dialect)) for path, source in contents.items()}
    report = judgement.judge(contents, readings, settings)
    written: dict[Path, str] = {}
    careful, bold = (FixSession(contents, readings, settings, unsafe=allowed, breaks=lambda *_: False) for allowed in (False, True))
    for finding in report.findings:
        if finding.code != "MRT102" or finding.path not in bare:
            continue
        outcome = careful.fix(finding.path, [finding])
        why = outcome.unsafe[0][1] if outcome.unsafe else ""
        if why and unsafe:
            outcome = bold.fix(finding.path, [finding])
        if outcome.fixed:
            written[Path(finding.path)] = why
            Path(finding.path).write_bytes(outcome.after)
    return written


def verify(folder: Path, url: str) -> dict[str, Verdict]:
    """Verify a project; gives the verdict on each revision."""
    with Verification(MRTConfig(alembic_ini=str(folder / "alembic.ini"), db_url=url)) as verification:
        return {verdict.revision: verdict for verdict in verification.check_all()}


def compare(folder: Path, url: str, dialect: str | None, authors: Mapping[str, Verdict], *, unsafe: bool) -> Counter[str]:
    """Write the downgrades of a project again, verify it, and set the verdicts beside those on the authors'."""
    written = rewrite(folder, dialect, unsafe=unsafe)
    revisions = {
        migration.revision: path for path in written if (migration := read(MigrationSource(str(path), path.read_bytes(), None)))
    }  # type: ignore[union-attr]  # it was read before
    counts: Counter[str] = Counter({"revisions": len(authors), "written": len(written), "unsafe": sum(map(bool, written.values()))})
    for revision, verdict in verify(folder, url).items():
        path = revisions.get(revision)
        if path is None:
            continue
        counts[verdict.outcome.value] += 1
        is_loss = verdict.outcome is Outcome.DATA_LOSS and written[path]  # which the user had to agree to
        if verdict.outcome not in NO_WORSE and authors[revision].outcome in NO_WORSE and not is_loss:
            counts["worse"] += 1
            print(f"  {dialect or 'no dialect'}: {verdict}\n{path.read_text().partition('def upgrade')[2]}", flush=True)
    return counts


def attempt(random: Random, url: str, *, unsafe: bool) -> Counter[str]:
    """Try one random history."""
    dialect = connect(url).dialect
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "project")
        write(random, folder, dialect)
        authors = verify(folder, url)
        for declared in (dialect, None):
            again = Path(name, declared or "any")
            shutil.copytree(folder, again)
            total += compare(again, url, declared, authors, unsafe=unsafe)
    return total


def write(random: Random, folder: Path, dialect: str) -> None:
    """Write a project whose migrations do one thing or several, all of them undone by their authors."""
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/migrations\n")
    (folder / "migrations" / "env.py").write_text(random_histories.ENV)
    history, parent = MixedHistory(random, dialect), None
    for number in range(LENGTH):
        acts = [choose(history) for _ in range(random.choice([1, 1, 1, 2, 2, 3]))]
        revision = f"{number:03}"
        text = (IMPORTS + random_histories.HEAD.format(revision=revision, parent=parent)).rstrip()
        text += function("upgrade", [statement for act in acts for statement in act.up])
        text += function("downgrade", [statement for act in reversed(acts) for statement in act.down])
        (versions / f"{revision}.py").write_text(text)
        parent = revision


def try_project(folder: Path, url: str, *, unsafe: bool) -> Counter[str]:
    """Try a real project: a copy of it, with copies of the folders that its version_locations name elsewhere."""
    total: Counter[str] = Counter()
    authors: dict[str, Verdict] = {}
    for declared in (None, None, connect(url).dialect):
        with tempfile.TemporaryDirectory() as name:
            again = Path(name, "project")
            shutil.copytree(folder, again)
            ini = again / "alembic.ini"
            text = ini.read_text()
            for line in text.splitlines():
                key, _, value = line.partition("=")
                if key.strip() == "version_locations" and Path(value.strip()).is_absolute():
                    shutil.copytree(value.strip(), again / "versions")
                    text = text.replace(line, "version_locations = %(here)s/versions")
            ini.write_text(text)
            if not authors:
                authors = verify(again, url)
            else:
                total += compare(again, url, declared, authors, unsafe=unsafe)
    return total


def main() -> int:
    """Try what the command line names; gives the exit code, 1 where a written downgrade fares worse than its author's."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("kind", choices=["random", "project"])
    parser.add_argument("what", metavar="NUMBER|FOLDER")
    parser.add_argument("urls", metavar="URL", nargs="+")
    parser.add_argument("--safe", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    worse = 0
    for url in options.urls:
        total: Counter[str] = Counter()
        if options.kind == "project":
            total = try_project(Path(options.what), url, unsafe=not options.safe)
        else:
            for number in range(-(-int(options.what) // LENGTH)):
                total += attempt(Random(options.seed + number), url, unsafe=not options.safe)
        worse += total["worse"]
        print(f"{connect(url).dialect}: {', '.join(f'{count} {word}' for word, count in total.most_common())}", flush=True)
    return int(bool(worse))


if __name__ == "__main__":
    sys.exit(main())
