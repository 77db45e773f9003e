"""What an upgrade did that was not seen: errors that it caught, and connections that do not go through SQLAlchemy."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from mrt_runtime.databases.sentences import cut
from mrt_runtime.migrate.changed_rows import CaughtError
from mrt_runtime.migrate.error import describe
from mrt_runtime.migration_file import parse_file
from mrt_runtime.seed.parsed_text import name_of

DRIVERS = frozenset(
    {
        *("psycopg", "psycopg2", "psycopg_pool", "asyncpg", "pg8000"),
        *("pymysql", "MySQLdb", "aiomysql", "asyncmy", "mysql", "mariadb"),
        *("aiosqlite", "pyodbc", "oracledb"),
    }
)
"""The modules of drivers. Python's own sqlite3 is not among them: what it opens is watched."""
CONNECTS = frozenset(
    {"connect", "Connect", "Connection", "AsyncConnection", "ConnectionPool", "AsyncConnectionPool", "create_pool"}
)
LONGEST = 120


def describe_caught(caught: CaughtError, changes: str | None = None) -> str:
    """Describe an error that the migration caught, so that what it stopped was not seen; `changes` is the table of a change."""
    words = cut(describe(caught.error).rstrip("."), LONGEST)
    where = "on a connection of its own, " if caught.is_own else ""
    what = f"its change of '{changes}'" if changes else "what it does there"
    return f"{where}upgrade catches {words} and goes on: nothing is proved about {what}"


def is_excused(file: str, line: int) -> bool:
    """Whether a line is in a `try`, or under suppress(), after which the migration goes on where an error is raised there."""
    return any(first <= line <= last for first, last in _read_tries(file))


@lru_cache(maxsize=8)
def _read_tries(file: str) -> tuple[tuple[int, int], ...]:
    parsed = parse_file(file)
    if parsed is None or not (b"except" in parsed[0] or b"suppress" in parsed[0]):
        return ()
    tries = (
        node
        for node in ast.walk(parsed[1])
        if (isinstance(node, ast.Try) and any(map(_goes_on, node.handlers)))
        or (isinstance(node, ast.With) and any(map(_suppresses, node.items)))
    )
    return tuple((node.body[0].lineno, node.body[-1].end_lineno or node.lineno) for node in tries)


def _suppresses(item: ast.withitem) -> bool:
    return isinstance(item.context_expr, ast.Call) and name_of(item.context_expr.func) == "suppress"


def _goes_on(handler: ast.ExceptHandler) -> bool:
    return not any(isinstance(node, ast.Raise) for statement in handler.body for node in ast.walk(statement))


@lru_cache(maxsize=8)
def find_driver_connections(file: str) -> tuple[tuple[int, str], ...]:
    """Return the lines outside of downgrade() that connect by a driver itself, each with what is said about it."""
    parsed = parse_file(file)
    if parsed is None or not any(driver.encode() in parsed[0] for driver in DRIVERS):
        return ()
    modules, functions = {}, {}
    for node in ast.walk(parsed[1]):
        if isinstance(node, ast.Import):
            modules.update({(name.asname or name.name).partition(".")[0]: name.name.partition(".")[0] for name in node.names})
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            functions.update(
                {name.asname or name.name: node.module.partition(".")[0] for name in node.names if name.name in CONNECTS}
            )
            modules.update({name.asname or name.name: node.module.partition(".")[0] for name in node.names})
    functions = {name: module for name, module in functions.items() if module in DRIVERS}
    modules = {name: module for name, module in modules.items() if module in DRIVERS}
    return tuple(
        (
            line,
            f"upgrade connects by {driver} itself, past SQLAlchemy: which database that is and what it does there was not watched",
        )
        for line, driver in sorted(set(_find_calls(parsed[1], modules, functions)))
    )


def _find_calls(tree: ast.Module, modules: dict[str, str], functions: dict[str, str]) -> Iterator[tuple[int, str]]:
    for part in tree.body:
        for node in ast.walk(part) if getattr(part, "name", None) != "downgrade" else ():
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Attribute) and called.attr in CONNECTS:
                root: ast.expr = called.value
                while isinstance(root, ast.Attribute):
                    root = root.value
                if isinstance(root, ast.Name) and root.id in modules:
                    yield called.lineno, modules[root.id]
            elif isinstance(called, ast.Name) and called.id in functions:
                yield called.lineno, functions[called.id]
