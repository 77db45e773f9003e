"""How right `mrt show --at heads` is about keys, indexes and types: compare it with the catalogue after `alembic upgrade heads`.

usage: python benchmarks/show_accuracy.py PROJECT…

Each project is a folder with an alembic.ini; the database of its sqlalchemy.url must be empty. What is said to be certain must be
there ("false" otherwise); what is there must be said, if the table is said to be complete ("missed" otherwise). CHECK constraints
are compared by their names, which a naming convention of env.py changes unseen. Columns: replay_accuracy.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config

Facts = dict[str, set[Any]]


def shown(folder: Path, dialect: str) -> dict[str, Any]:
    """Give what `mrt show` prints for a project."""
    arguments = ["show", "--at", "heads", "--dialect", dialect, "--format", "json"]
    done = subprocess.run([sys.executable, "-m", "mrt_lint", *arguments], cwd=folder, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def said(table: dict[str, Any]) -> Facts:
    """Give what the document says for certain of one table."""
    constraints = [one for one in table["constraints"] if one["certain"]]
    indexes = [one for one in table["indexes"] if one["certain"] and one["columns"]]
    keys = [one for one in constraints if one["kind"] == "foreignkey"]
    return {
        "columns": {one["name"].lower() for one in table["columns"] if one["certain"]},
        "primary key": {tuple(sorted(one["columns"])) for one in constraints if one["kind"] == "primary"},
        "foreign keys": {
            (*one["columns"], one["referred_table"], *one["referred_columns"], (one["ondelete"] or "").upper()) for one in keys
        },
        "unique": {tuple(one["columns"]) for one in (*constraints, *indexes) if one.get("kind", "unique") == "unique" and one.get("unique", True)},
        "indexes": {one["name"] for one in indexes if not one["unique"]},
        "checks": {one["name"] for one in constraints if one["kind"] == "check" and one["name"]},
    }  # fmt: skip


def actual(inspector: sa.Inspector, table: str) -> Facts:
    """Give what the catalogue has of one table."""
    key = inspector.get_pk_constraint(table)["constrained_columns"]
    uniques = [one["column_names"] for one in inspector.get_unique_constraints(table)]
    indexes = inspector.get_indexes(table)
    return {
        "columns": {one["name"].lower() for one in inspector.get_columns(table)},
        "primary key": {tuple(sorted(key))} if key else set(),
        "foreign keys": {
            (
                *one["constrained_columns"],
                one["referred_table"],
                *one["referred_columns"],
                (one["options"].get("ondelete") or "").upper(),
            )
            for one in inspector.get_foreign_keys(table)
        },
        "unique": {tuple(columns) for columns in (*uniques, *(one["column_names"] for one in indexes if one["unique"]))},
        "indexes": {one["name"] for one in indexes if not one["unique"]},
        "checks": {one["name"] for one in inspector.get_check_constraints(table) if one["name"]},
    }


def compare(document: dict[str, Any], engine: sa.Engine) -> Counter[str]:
    """Count what is equal, and print what is not."""
    counts: Counter[str] = Counter()
    inspector = sa.inspect(engine)
    tables = {table["name"]: table for table in document["tables"] if table["certain"]}
    found = set(inspector.get_table_names()) - {"alembic_version"}
    pairs: list[tuple[str, Facts, Facts, bool]] = [("", {"tables": set(tables)}, {"tables": found}, True)]
    pairs += [(name, said(tables[name]), actual(inspector, name), tables[name]["complete"]) for name in sorted(found & set(tables))]
    if engine.dialect.name == "postgresql":
        made = {one["name"] for one in document["objects"] if one["kind"] == "enum" and one["certain"]}
        with engine.connect() as connection:
            enums = set(connection.scalars(sa.text("SELECT typname FROM pg_type WHERE typtype = 'e'")))
        pairs.append(("", {"enums": made}, {"enums": enums}, True))
    for name, mine, real, complete in pairs:
        for kind, things in mine.items():
            counts[f"{kind} right"] += len(things & real[kind])
            for fault, several in (("false", things - real[kind]), ("missed", real[kind] - things if complete else set())):
                counts[f"{kind} {fault}"] += len(several)
                for thing in sorted(several, key=str):
                    print(f"  {name} {kind}: {thing} is {fault}")
    return counts


def main() -> None:
    """Measure each project."""
    warnings.simplefilter("ignore", sa.exc.SAWarning)  # indexes on expressions, which SQLAlchemy does not reflect on SQLite
    for folder in map(Path, sys.argv[1:]):
        config = Config(str(folder / "alembic.ini"))
        command.upgrade(config, "heads")
        engine = sa.create_engine(config.get_main_option("sqlalchemy.url") or "")
        counts = compare(shown(folder, engine.dialect.name), engine)
        print(f"{folder.name} on {engine.dialect.name}: {', '.join(f'{count} {what}' for what, count in counts.items() if count)}")


if __name__ == "__main__":
    main()
