"""What an Alembic environment does to the connection, read from its env.py and never run."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from mrt_lint.model.search_path import SearchPath, search_path_in
from mrt_lint.model.values import HOLE

_ABOVE: Final = 3
"""How many folders above its migrations an env.py may be."""
_PRAGMA: Final = re.compile(r"\bpragma\s+foreign_keys\s*[=(]\s*['\"]?(?P<value>\w+)", re.IGNORECASE)
# without one of these calls no PRAGMA can be in it, and it need not be parsed
_EXECUTES: Final = re.compile(rb"\.(execute|exec_driver_sql|scalars?|begin)\s*\(")
_ON: Final = frozenset({"on", "1", "true", "yes"})
_HARMLESS: Final = frozenset({"alembic", "sqlalchemy", "__future__"}) | sys.stdlib_module_names - {"importlib", "runpy", "pkgutil"}
"""Packages that switch nothing on by themselves; what else env.py imports may listen to every connection."""


def enforces_foreign_keys(folders: Iterable[Path]) -> bool | None:
    """Return whether SQLite enforces foreign keys while the migrations of these folders run; None if env.py leaves it open.

    SQLite does not unless it is switched on for each connection (https://www.sqlite.org/pragma.html#pragma_foreign_keys).
    """
    found = dict.fromkeys(env for folder in folders if (env := env_of(folder)) is not None)
    answers = {_enforces(env) for env in found}
    return answers.pop() if len(answers) == 1 else None


def what_begins_before_alembic(folders: Iterable[Path]) -> str:
    """Return what an env.py of these folders begins a transaction with before Alembic does: "statement", "begin", "" for nothing.

    SQLAlchemy begins one with the first statement. What is open when `context.configure()` is called, Alembic leaves to its owner,
    and begins none of its own; then `autocommit_block()` has nothing to end: AssertionError (MigrationContext.autocommit_block).
    A statement behind `configure()` does no harm: Alembic takes that transaction for its own.
    """
    found = map(_begins, {env for folder in folders if (env := env_of(folder)) is not None})
    return max(found, default="")


def _begins(env: Path) -> str:
    try:
        source = env.read_bytes()
        if _EXECUTES.search(source) is None:
            return ""
        tree = ast.parse(source)
    except (OSError, SyntaxError, ValueError):
        return ""
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Module))
    return next(filter(None, map(_begins_in, functions)), "")


def _begins_in(function: ast.FunctionDef | ast.AsyncFunctionDef | ast.Module) -> str:
    """Return what begins the transaction that is open where a function configures Alembic."""
    begun = ""
    for name, receiver in _calls(function.body):
        if (name == "configure" and receiver in {"context", ""}) or name in {"begin_transaction", "run_migrations"}:
            return begun
        if name.startswith("begin") and receiver not in {"context", "op"}:
            begun = "begin"
        elif name in {"execute", "exec_driver_sql", "scalar", "scalars"} and receiver not in {"context", "op"}:
            begun = begun or "statement"
        elif name in {"commit", "rollback"}:
            begun = ""
    return ""


def _calls(body: Iterable[ast.AST]) -> list[tuple[str, str]]:
    """Return the methods that are called, each with the name that it is called on, in the order of the source."""
    found = [
        (node.lineno, node.col_offset, node.func.attr, node.func.value.id if isinstance(node.func.value, ast.Name) else "")
        for part in body
        for node in _own_nodes(part)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]
    return [(name, receiver) for _, _, name, receiver in sorted(found)]


def _own_nodes(part: ast.AST) -> Iterator[ast.AST]:
    """Return what is in a statement, functions inside it left out."""
    if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Lambda):
        return
    yield part
    for child in ast.iter_child_nodes(part):
        yield from _own_nodes(child)


def env_of(folder: Path) -> Path | None:
    """Return the env.py that runs the migrations of a folder."""
    candidates = (above / "env.py" for above in (folder, *list(folder.parents)[:_ABOVE]))
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _enforces(env: Path) -> bool | None:
    try:
        tree = ast.parse(env.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return None
    said = [value.lower() in _ON for text in _texts(tree) for value in _PRAGMA.findall(text)]
    if said:
        return all(said)  # switched off at last, or only while migrations run
    return None if set(_imported(tree)) - _HARMLESS else False


def search_path_of(folders: Iterable[Path]) -> SearchPath:
    """Return the schemas that names without one are looked for in, as an env.py of these folders sets it; empty if none does.

    It may be in SQL, among the options of a connection (`-csearch_path=…`), or be the `schema_translate_map` of one.
    """
    found = {path for env in {env_of(folder) for folder in folders} if env is not None for path in _search_paths(env)}
    return found.pop() if len(found) == 1 else ()


def _search_paths(env: Path) -> Iterator[SearchPath]:
    try:
        source = env.read_bytes()
        tree = ast.parse(source) if b"search_path" in source or b"schema_translate_map" in source else ast.Module([], [])
    except (OSError, SyntaxError, ValueError):
        return
    constants = {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    parts = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == "schema_translate_map" and isinstance(node.value, ast.Dict):
            pairs = zip(node.value.keys, node.value.values, strict=True)
            texts = (_text(value, constants) for key, value in pairs if isinstance(key, ast.Constant) and key.value is None)
            yield from (() if HOLE in text else (text.casefold(),) for text in texts)
        elif isinstance(node, ast.JoinedStr | ast.Constant) and id(node) not in parts:
            path = search_path_in(_text(node, constants))
            if path is not None:
                yield path


def _text(node: ast.expr, constants: Mapping[str, str]) -> str:
    """Return the text of an expression, with a hole for what is not written in the file."""
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part, constants) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return _text(node.value, constants)
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else ""
    return constants.get(node.id, HOLE) if isinstance(node, ast.Name) else HOLE


def _texts(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _imported(tree: ast.Module) -> Iterator[str]:
    """Return the packages that a module imports; "." for its own."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield "." if node.level else str(node.module).partition(".")[0]
