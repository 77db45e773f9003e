"""A history that is kept in memory says after every edit what one that is read from scratch says."""

from __future__ import annotations

from random import Random

from benchmarks.mixed_histories import IMPORTS, migrations
from benchmarks.random_histories import HEAD
from mrt_lint.cache.store import DiskCache
from mrt_lint.check import judgement
from mrt_lint.check.engine import HistoryInput
from mrt_lint.files.discovery import VersionLocation
from mrt_lint.lsp.open_history import OpenHistory
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.parse.outline import history_of
from mrt_lint.parse.reading import MigrationSource, read
from mrt_lint.settings import Settings

LENGTH = 12
STATEMENTS = (
    'op.create_table("t{n}", sa.Column("id", sa.Integer, primary_key=True), sa.Column("c", sa.String(9)))',
    'op.add_column("t1", sa.Column("c{n}", sa.Integer(), nullable=False))',
    'op.drop_table("t{n}")',
    'op.execute("DROP TABLE " + name())',
)


def generate(seed: int) -> dict[str, bytes]:
    """Return the files of a history with branches and merges."""
    head = IMPORTS + HEAD
    return {
        f"versions/{revision}.py": (head.format(revision=revision, parent=parent).rstrip() + text).encode()
        for revision, parent, text in migrations(Random(seed), "postgresql", LENGTH)
    }


def edits(random: Random, files: dict[str, bytes]):
    """Change one file after the other, each time another way, and yield what they all are then."""
    now = dict(files)
    for number in range(7):
        path = random.choice(sorted(now))
        kind = number % 7
        if kind < 3:  # another step
            head, mark, rest = now[path].partition(b"def upgrade")
            line, _, body = rest.partition(b"\n")
            now[path] = b"\n".join([head + mark + line, f"    {random.choice(STATEMENTS).format(n=number)}".encode(), body])
        elif kind == 3:  # another place in the graph
            now[path] = now[path].replace(b"down_revision = ", b"down_revision = None  # ", 1)
        elif kind == 4:
            del now[path]
        elif kind == 5:  # saved as it does not parse
            now[path] += b"\ndef broken(:\n"
        else:  # and all as it was
            now = dict(files)
        yield dict(now)


def test_after_every_edit_it_reports_what_a_fresh_check_does(tmp_path):
    random = Random(1)
    files = generate(1)
    settings = Settings(root=tmp_path, target=DatabaseTarget(dialect="postgresql"))
    opened, known = OpenHistory(DiskCache(None)), {}
    for sources in (files, *edits(random, files)):
        opened.update(HistoryInput((VersionLocation(tmp_path),), sources, settings, ()), frozenset())
        for path, source in sources.items():
            known.setdefault((path, source), read(MigrationSource(path, source, "postgresql")))
        readings = {path: known[path, source] for path, source in sources.items()}
        history, fresh = opened._history, history_of(sources, readings, settings.target)
        assert history.order == fresh.order
        for revision in fresh.order:
            assert tables(history.before(revision)) == tables(fresh.before(revision))
            assert tables(history.at(revision)) == tables(fresh.at(revision))
            assert history.is_fully_read(revision) == fresh.is_fully_read(revision)
        path = random.choice(sorted(sources))
        wanted = judgement.judge(sources, readings, settings, history=fresh, only={path}).only({path})
        assert opened.report(path) == wanted


def tables(schema):
    return dict(schema.tables_by_place.items()), dict(schema.objects_by_place.items())
