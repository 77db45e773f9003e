"""How well the replayed history knows a schema: compare it with what the database says after `alembic upgrade head`.

usage: python benchmarks/replay_accuracy.py PROJECT…

Each project is a folder with an alembic.ini; the database of its sqlalchemy.url must be empty. Compared is every column of every
table: that it is there, its type with length or precision, whether it takes NULL and whether it has a default.
"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from mrt_lint.history import History, ReplayedSchema, ReplayedTable
from mrt_lint.model.values import UNKNOWN, Column, SqlType
from mrt_lint.parse.python import parse_migration
from mrt_lint.parse.sql.expand import expand_sql, read_sql

SAME = {
    "DATETIME": "TIMESTAMP",
    "BYTEA": "BLOB",
    "DOUBLE": "FLOAT",
    "JSONB": "JSON",
    "ENUM": "VARCHAR",
    "UUID": "CHAR",
    "BIGINT": "INTEGER",
}
"""Types that a dialect spells in its own way, by what they are counted as."""
SPELLED_ON_SQLITE = frozenset({"BIGINT", "JSONB", "ENUM", "UUID"})


def replayed(config: Config, dialect: str) -> ReplayedSchema:
    """Give the schema that the migrations of a project leave, as read."""
    files = sorted(Path(script.path) for script in ScriptDirectory.from_config(config).walk_revisions())
    history = History.of([expand_sql(parse_migration(file.read_bytes(), str(file)), dialect) for file in files], dialect)
    [head] = history.heads
    return history.at(head)


def actual(url: str) -> dict[tuple[str, str], Column]:
    """Give the columns that a database has, by table and name."""
    engine = sa.create_engine(url)
    inspector = sa.inspect(engine)
    found = {}
    for table in inspector.get_table_names():
        for column in inspector.get_columns(table) if table != "alembic_version" else ():
            ddl = f"ALTER TABLE t ADD COLUMN c {column['type'].compile(engine.dialect)}"
            [added] = read_sql(ddl, engine.dialect.name)
            default = "some" if column["default"] is not None or column.get("identity") else None
            made = Column(name=column["name"], type=added.definition.type, nullable=column["nullable"], server_default=default)
            found[table, column["name"]] = made
    engine.dispose()
    return found


def shown(kind: object, dialect: str) -> str:
    """Give a type as it is compared."""
    if not isinstance(kind, SqlType):
        return "?"
    name = "ENUM" if kind.type_name is not None else kind.name.upper()
    name = SAME.get(name, name) if dialect == "sqlite" or name not in SPELLED_ON_SQLITE else name
    if kind.name == "ENUM" or (name == "CHAR" and dialect == "sqlite"):
        return name
    if kind.item is not None:
        return f"{shown(kind.item, dialect)}[]"
    return f"{name}{kind.args or ''}{' tz' if kind.timezone and dialect == 'postgresql' else ''}"


def differences(known: ReplayedSchema, real: dict[tuple[str, str], Column], dialect: str) -> Counter[str]:
    """Count what is equal and print what is not."""
    counts: Counter[str] = Counter()
    seen = {(table.name, column.name) for table in known.tables() for column in table.columns.values() if column is not UNKNOWN}
    for table, name in sorted(seen - set(real)):
        counts["column that is not there"] += 1
        print(f"  {table}.{name}: is not in the database")
    for (table, name), column in real.items():
        found = known.table(table)
        mine = found.column(name) if isinstance(found, ReplayedTable) else UNKNOWN
        if not isinstance(mine, Column):
            counts["column not known"] += 1
            print(f"  {table}.{name}: {mine}")
            continue
        default = (
            mine.server_default is not None or mine.identity is True or (mine.autoincrement is True and dialect == "postgresql")
        )
        if dialect == "postgresql" and mine.primary_key is True and shown(mine.type, dialect) in {"INTEGER", "BIGINT", "SMALLINT"}:
            default = column.server_default is not None  # SERIAL: SQLAlchemy decides
        enum = (
            isinstance(mine.type, SqlType) and mine.type.name == "ENUM" and dialect == "sqlite"
        )  # VARCHAR as long as its longest label
        pairs = {
            "type": (shown(mine.type, dialect), "VARCHAR" if enum else shown(column.type, dialect)),
            "nullable": (mine.nullable, column.nullable),
            "default": (default, column.server_default is not None),
        }
        wrong = [what for what, (one, other) in pairs.items() if one != other]
        counts["equal" if not wrong else f"other {wrong[0]}"] += 1
        if wrong:
            print(f"  {table}.{name}: {', '.join(f'{what} {pairs[what][0]} for {pairs[what][1]}' for what in wrong)}")
    return counts


def main() -> None:
    """Measure each project and print the share of columns that are known exactly."""
    for folder in map(Path, sys.argv[1:]):
        config = Config(str(folder / "alembic.ini"))
        url = config.get_main_option("sqlalchemy.url") or ""
        command.upgrade(config, "head")
        dialect = sa.make_url(url).get_backend_name()
        counts = differences(replayed(config, dialect), actual(url), dialect)
        total = sum(counts.values())
        print(
            f"{folder.name} on {dialect}: {counts['equal']} of {total} columns equal ({counts['equal'] / max(total, 1):.1%}) {dict(counts)}"
        )


if __name__ == "__main__":
    main()
