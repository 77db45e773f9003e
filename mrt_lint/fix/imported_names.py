"""How a file calls Alembic, SQLAlchemy and its types, and which imports it lacks."""

from __future__ import annotations

import ast
import re
from typing import Final

from mrt_lint.fix.layout import quote
from mrt_lint.fix.proposed_fix import NoFix, TextEdit
from mrt_lint.fix.source_text import SourceText

_DIALECT: Final = re.compile(r"sqlalchemy\.dialects\.(\w+)\b")


class ImportedNames:
    """The names that a file's imports bind, and those that the code to be written needs."""

    def __init__(self, text: SourceText) -> None:
        self._text = text
        self.imported = dict(imports(text.tree))
        self.bound = {node.id for node in ast.walk(text.tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
        self.bound |= {str(getattr(node, "name", None)) for node in ast.walk(text.tree)} | self.imported.keys()
        self.bound |= {node.arg for node in ast.walk(text.tree) if isinstance(node, ast.arg)}
        self._lacking: dict[str, str] = {}
        single, double = text.text.count("'"), text.text.count('"')
        # docstrings have six double quotes each in any style
        self._mark = "'" if single > double - 6 * text.text.count('"""') and single > 2 * double else '"'

    def spell(self, path: str) -> str:
        """Return the name of a dotted path in this file. Raises NoFix if it is not imported and cannot be imported for certain."""
        dialect = _DIALECT.match(path)
        at_least = dialect.end() if dialect else 0  # `sa.dialects.mysql` is there only where something imported it
        for name, module in sorted({**self.imported, **self._lacking}.items(), key=lambda entry: -len(entry[1])):
            if (path == module or path.startswith(f"{module}.")) and len(module) >= at_least:
                return name + path[len(module) :]
        if dialect is not None:
            return self._bind(dialect[1], dialect[0]) + path[dialect.end() :]
        if path.startswith("sqlalchemy."):
            return self._bind("sa", "sqlalchemy") + path.removeprefix("sqlalchemy")
        if path.startswith("alembic.op."):
            return self._bind("op", "alembic.op") + path.removeprefix("alembic.op")
        raise NoFix(f"this file does not import {path}")

    def op(self, name: str) -> str:
        """Return the name of one of Alembic's operations."""
        return self.spell(f"alembic.op.{name}")

    def sa(self, name: str) -> str:
        """Return the name of something of SQLAlchemy's."""
        return self.spell(f"sqlalchemy.{name}")

    def quote(self, text: str) -> str:
        """Write a string literal in the quotes that the file prefers."""
        return quote(text, self._mark)

    def _bind(self, name: str, module: str) -> str:
        if name in self.bound:
            raise NoFix(f"this file does not import {module}, and calls something else {name}")
        self._lacking[name] = module
        return name

    def edits(self) -> tuple[TextEdit, ...]:
        """Return the imports that have to be added, below those that are there. Raises NoFix if there is no place for them."""
        if not self._lacking:
            return ()
        there = [node for node in self._text.tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
        if not there:
            raise NoFix("there is no import to write one more below")
        last = there[-1]
        # raises NoFix where the import shares its line
        self._text.indent_of(last)
        at = self._text.end_of_line(last.end_lineno or last.lineno)
        lines = [_import(name, module) for name, module in self._lacking.items()]
        return (TextEdit(at, at, "".join(f"\n{line}" for line in lines)),)


def imports(tree: ast.Module) -> list[tuple[str, str]]:
    """Return the names that a module's own imports bind, each with its dotted path."""
    found: list[tuple[str, str]] = []
    for node in tree.body:
        if isinstance(node, ast.Import):
            found += [(alias.asname or alias.name.partition(".")[0], _bound(alias)) for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found += [(alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names if alias.name != "*"]
    return found


def _bound(alias: ast.alias) -> str:
    return alias.name if alias.asname else alias.name.partition(".")[0]


def _import(name: str, module: str) -> str:
    package, _, last = module.rpartition(".")
    if not package:
        return f"import {module} as {name}"
    return f"from {package} import {last}" if last == name else f"from {package} import {last} as {name}"
