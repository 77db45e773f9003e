"""How env.py gets its database: read from its source and that of the modules of the project that it imports, never run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mrt_lint.setup.file_text import text_of

_ASYNC: Final = frozenset({"async_engine_from_config", "create_async_engine", "AsyncEngine", "run_sync"})
_SCHEME: Final = re.compile(r"^(?P<name>[a-z]+)(?:\+\w+)?://")
_READERS: Final = frozenset({"getenv", "get", "config", "env", "str", "url", "db", "db_url", "dj_db_url"})
_SKIPPED: Final = frozenset({"node_modules", "__pycache__", "site-packages", "versions"})
_MOST_FILES: Final = 500

_URL: Final = re.compile(r"(?=(.*_)?(DATABASE|DB|SQL|POSTGRES|PG|MYSQL|MARIA))(?!.*TEST).*(URL|URI|DSN)$")
_PARTS: Final = {
    "{host}": re.compile(r"(.*_)?(POSTGRES|PG|DB|DATABASE|MYSQL|MARIADB|SQL)_?(HOST|SERVER|HOSTNAME|ADDRESS)"),
    "{port}": re.compile(r"(.*_)?(POSTGRES|PG|DB|DATABASE|MYSQL|MARIADB|SQL)_?PORT"),
    "{database}": re.compile(r"(.*_)?(POSTGRES_DB|PGDATABASE|DB_NAME|DATABASE_NAME|MYSQL_DATABASE|MARIADB_DATABASE|MYSQL_DB)"),
    "{user}": re.compile(r"(.*_)?(POSTGRES|PG|DB|DATABASE|MYSQL|MARIADB|SQL)_?(USER|USERNAME)"),
    "{password}": re.compile(r"(.*_)?(POSTGRES|PG|DB|DATABASE|MYSQL|MARIADB|SQL)_?(PASS|PASSWORD|PASSWD)"),
}


@dataclass(frozen=True)
class EnvironmentFacts:
    """What env.py does, as far as it can be read.

    variables: environment variable → what it has to be for a scratch database, "{url}" or "{host}" and its like, empty if it reads
    none. dialect: that of the URLs in its source, empty without one. is_flask: it asks Flask's current application.
    """

    file: Path
    is_async: bool = False
    is_flask: bool = False
    variables: tuple[tuple[str, str], ...] = ()
    dialect: str = ""


def read_environment(file: Path, root: Path) -> EnvironmentFacts:
    """Read an env.py of a project."""
    source = text_of(file)
    trees = [tree for tree in (_parse(source), *(_parse(text_of(module)) for module in _imported(source, file, root))) if tree]
    is_flask = "current_app" in source
    if is_flask:
        trees += filter(None, map(_parse, _flask_configurations(root)))
    names = list(dict.fromkeys(name for tree in trees for name in (*_asked(tree), *_fields(tree))))
    schemes = (found["name"] for tree in trees for text in _texts(tree) if (found := _SCHEME.match(text)))
    return EnvironmentFacts(
        file=file,
        is_async=any(word in source for word in _ASYNC),
        is_flask=is_flask,
        variables=tuple(_meant(names)),
        dialect=next((dialect for dialect in map(dialect_of, schemes) if dialect), ""),
    )


def dialect_of(scheme: str) -> str:
    """Return the dialect that the beginning of a URL names; empty for "driver", "http" and the like."""
    name = scheme.partition(":")[0].partition("+")[0]
    known = {"postgres": "postgresql", **{name: name for name in ("postgresql", "mysql", "mariadb", "sqlite", "oracle", "mssql")}}
    return known.get(name, "")


def _meant(names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Return what the variables have to be: the URL, or else the parts of one."""
    names = list(names)
    urls = [name for name in names if _URL.match(name.upper())]
    if urls:
        yield from ((name, "{url}") for name in urls)
        return
    for name in names:
        yield from ((name, value) for value, form in _PARTS.items() if form.fullmatch(name.upper()))


def _parse(source: str) -> ast.Module | None:
    try:
        return ast.parse(source)
    except (SyntaxError, ValueError, RecursionError):
        return None


def _imported(source: str, file: Path, root: Path) -> list[Path]:
    """Return the modules of the project that a module imports, and those that they import."""
    found: dict[Path, None] = {}
    left = [(file, source)]
    while left and len(found) < _MOST_FILES:
        importer, text = left.pop()
        for module in _modules(text, importer, root):
            if module not in found:
                found[module] = None
                left.append((module, text_of(module)))
    return list(found)


def _modules(source: str, file: Path, root: Path) -> Iterator[Path]:
    tree = _parse(source)
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = ".".join(file.parent.parts[len(root.parts) : len(file.parent.parts) - node.level + 1]) if node.level else ""
            module = ".".join(filter(None, (above, node.module)))
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            parts = Path(*name.split(".")) if name else Path()
            places = (place / parts for place in (root, root / "src", file.parent, file.parent.parent))
            files = (candidate for place in places for candidate in (place.with_suffix(".py"), place / "__init__.py"))
            yield from [candidate for candidate in files if candidate.is_file()][:1]


def _flask_configurations(root: Path) -> Iterator[str]:
    """Yield the sources that configure Flask-SQLAlchemy."""
    for number, file in enumerate(root.rglob("*.py")):
        if number == _MOST_FILES:
            return
        if _SKIPPED.isdisjoint(file.parts) and not any(part.startswith(".") for part in file.relative_to(root).parts):
            source = text_of(file)
            if "SQLALCHEMY_DATABASE_URI" in source:
                yield source


def _asked(tree: ast.Module) -> Iterator[str]:
    """Yield the environment variables that are asked for: `os.environ["X"]`, `os.getenv("X")`, `config("X")`, …"""
    for node in ast.walk(tree):
        name: ast.expr | None = None
        if isinstance(node, ast.Subscript) and ast.unparse(node.value).endswith("environ"):
            name = node.slice
        elif isinstance(node, ast.Call) and node.args and _is_reader(node.func):
            name = node.args[0]
        if isinstance(name, ast.Constant) and isinstance(name.value, str) and re.fullmatch(r"[A-Z][A-Z0-9_]*", name.value):
            yield name.value


def _is_reader(function: ast.expr) -> bool:
    if isinstance(function, ast.Attribute):
        of = ast.unparse(function.value)
        return function.attr in _READERS and (of.endswith("environ") or of in {"os", "env", "environ", "config"})
    return isinstance(function, ast.Name) and function.id in {"getenv", "config", "env"}


def _fields(tree: ast.Module) -> Iterator[str]:
    """Yield the environment variables that the fields of pydantic's settings are filled from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and any("Settings" in ast.unparse(base) for base in node.bases):
            prefix = re.search(r"env_prefix['\"]?\s*[=:]\s*['\"](\w*)['\"]", ast.unparse(node))
            for statement in node.body:
                if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                    yield f"{prefix[1] if prefix else ''}{statement.target.id}".upper()


def _texts(tree: ast.Module) -> Iterator[str]:
    return (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str))
