"""For any history: what `--fix` writes for empty downgrades changes nothing else, is written once, and restores the schema on SQLite."""

from __future__ import annotations

import ast
import warnings
from random import Random

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import HealthCheck, Phase, event, given, settings
from hypothesis import strategies as st

from benchmarks.mixed_acts import MixedHistory
from benchmarks.mixed_histories import IMPORTS, choose, function
from benchmarks.random_histories import HEAD
from mrt_lint.check import judgement
from mrt_lint.fix.session import FixSession
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.parse.reading import MigrationSource, read
from mrt_lint.settings import Settings

LENGTH = 5
EMPTY = function("downgrade", ["pass"])
ENDS = ("", "\n\n# the end, ä\n", "\n\ndef unrelated( ) :\n\treturn {'x' :1}\n")
"""What stands below, in nobody's style, and is to stay."""


def empty_history(random: Random) -> dict[str, bytes]:
    """Make a random history whose downgrades are all empty."""
    history, parent, sources = MixedHistory(random, "sqlite"), None, {}
    for number in range(LENGTH):
        acts = [choose(history) for _ in range(random.choice([1, 1, 2, 3]))]
        head = (IMPORTS + HEAD.format(revision=f"{number:03}", parent=parent)).rstrip()
        up = function("upgrade", [statement for act in acts for statement in act.up])
        sources[f"{number:03}.py"] = (head + up + EMPTY + random.choice(ENDS)).encode()
        parent = f"{number:03}"
    return sources


def findings_in(sources: dict[str, bytes], chosen: Settings):
    """Give what was read of some files and what is found in them."""
    readings = {path: read(MigrationSource(path, source, chosen.target.dialect)) for path, source in sources.items()}
    return readings, judgement.judge(sources, readings, chosen).findings


def fix(sources: dict[str, bytes], dialect: str | None) -> dict[str, bytes]:
    """Fix every empty downgrade, unsafe fixes included."""
    chosen = Settings(target=DatabaseTarget(dialect=dialect))
    readings, findings = findings_in(sources, chosen)
    session = FixSession(sources, readings, chosen, unsafe=True, breaks=lambda *_: False)
    empty = [finding for finding in findings if finding.code == "MRT102"]
    return {path: session.fix(path, [finding for finding in empty if finding.path == path]).after for path in sources}


def schema_of(connection: sa.Connection) -> dict[str, object]:
    """Give the tables by name, each with its parts in no order, and the text of views and triggers."""
    inspector = sa.inspect(connection)
    found: dict[str, object] = {}
    for table in inspector.get_table_names():
        parts = {
            "columns": [
                (one["name"], str(one["type"]), one["nullable"], str(one["default"]), one["primary_key"])
                for one in inspector.get_columns(table)
            ],
            "indexes": [(one["name"], one["column_names"], one["unique"]) for one in inspector.get_indexes(table)],
            "uniques": inspector.get_unique_constraints(table),
            "foreign keys": inspector.get_foreign_keys(table),
            "checks": inspector.get_check_constraints(table),
        }
        found[table] = {name: sorted(map(repr, part)) for name, part in parts.items()}
    others = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type IN ('view', 'trigger')")
    return found | {str(name): sql for name, sql in others}


def run(connection: sa.Connection, source: bytes, name: str) -> None:
    """Run one function of a migration."""
    space: dict[str, object] = {}
    exec(compile(source, "migration.py", "exec"), space)
    with Operations.context(MigrationContext.configure(connection)), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Alembic, on what SQLite cannot reflect
        space[name]()


@settings(
    max_examples=10,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.generate],
)
@given(st.randoms(use_true_random=False), st.sampled_from(["sqlite", None]))
def test_what_is_written_restores_the_schema_and_changes_no_other_byte(random, dialect):
    sources = empty_history(random)
    fixed = fix(sources, dialect)
    assert fix(fixed, dialect) == fixed
    _, left = findings_in(fixed, Settings(target=DatabaseTarget(dialect=dialect)))
    engine = sa.create_engine("sqlite://")
    with engine.connect() as connection:
        for path, after in fixed.items():
            written = after != sources[path]
            event("written" if written else "left")
            if written:
                ast.parse(after)
                head, tail = sources[path].rsplit(b"    pass", 1)
                assert after.startswith(head), path
                assert after.endswith(tail), path
                assert not [finding for finding in left if finding.path == path and finding.code in {"MRT101", "MRT102"}]
            before = schema_of(connection)
            run(connection, after, "upgrade")
            if written:
                run(connection, after, "downgrade")
                assert schema_of(connection) == before, after.decode()
                run(connection, after, "upgrade")
    engine.dispose()
