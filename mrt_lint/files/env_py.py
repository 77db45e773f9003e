"""What an Alembic environment sets for SQLite, read from its env.py and never run: whether foreign keys are enforced."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

_ABOVE: Final = 3
"""How many folders above its migrations an env.py may be."""
_PRAGMA: Final = re.compile(r"\bpragma\s+foreign_keys\s*[=(]\s*['\"]?(?P<value>\w+)", re.IGNORECASE)
_ON: Final = frozenset({"on", "1", "true", "yes"})
_HARMLESS: Final = frozenset({"alembic", "sqlalchemy", "__future__"}) | sys.stdlib_module_names - {"importlib", "runpy", "pkgutil"}
"""Packages that switch nothing on by themselves; what else env.py imports may listen to every connection."""


def enforces_foreign_keys(folders: Iterable[Path]) -> bool | None:
    """Return whether SQLite enforces foreign keys while the migrations of these folders run; None if env.py leaves it open.

    SQLite does not unless told so on each connection (https://www.sqlite.org/pragma.html#pragma_foreign_keys).
    """
    found = dict.fromkeys(env for folder in folders if (env := _env_of(folder)) is not None)
    answers = {_enforces(env) for env in found}
    return answers.pop() if len(answers) == 1 else None


def _env_of(folder: Path) -> Path | None:
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
