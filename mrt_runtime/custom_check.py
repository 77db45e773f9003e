"""Checks of a project's own: functions of a parsed migration that return warnings, as pytest-mrt 1 called them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from mrt_lint.model.finding import Finding

FORMER_NAMES: Final = {
    "Missing downgrade": "MRT101",
    "No-op downgrade": "MRT102",
    "Data transform without reverse": "MRT103",
    "Raw SQL (op.execute)": "MRT104",
    "context.execute without reverse": "MRT104",
    "bulk_insert without reverse": "MRT106",
    "DROP COLUMN in upgrade": "MRT201",
    "DROP COLUMN in batch_alter_table": "MRT201",
    "DROP TABLE in upgrade": "MRT202",
    "TRUNCATE": "MRT203",
    "CASCADE DELETE": "MRT204",
    "DROP FOREIGN KEY without restore": "MRT205",
    "DROP VIEW without reverse": "MRT207",
    "Multi-step destructive migration": "MRT208",
    "SET NOT NULL on existing column": "MRT213",
    "rename_table without reverse": "MRT301",
    "rename_column without reverse": "MRT302",
    "Column type change": "MRT303",
    "ENUM value added": "MRT304",
    "NOT NULL without default": "MRT401",
    "NOT NULL without reverting nullable": "MRT402",
    "NOT NULL via raw SQL without reverse": "MRT403",
    "ADD COLUMN with volatile DEFAULT": "MRT404",
    "ADD COLUMN with server_default": "MRT405",
    "UNIQUE constraint on existing data": "MRT406",
    "INDEX without CONCURRENTLY": "MRT407",
    "DROP INDEX without reverse": "MRT408",
    "DROP CONSTRAINT without reverse": "MRT409",
    "DROP CONSTRAINT in batch_alter_table": "MRT409",
    "SEQUENCE modification": "MRT501",
    "CREATE TRIGGER without DROP TRIGGER": "MRT502",
    "CREATE TYPE without DROP TYPE": "MRT503",
    "Multiple heads": "MRT901",
    "Syntax error": "MRT902",
}
"""The names that pytest-mrt 1 gave to what its rules found."""


@dataclass
class RiskWarning:
    """What a check of a project's own found; `severity` is "error" or "warning"."""

    revision: str
    file: str
    pattern: str
    message: str
    severity: str
    line: int | None = None
    code: str = ""

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{place}: {f'{self.code} {self.pattern}'.strip()}: {self.message}"


@dataclass(frozen=True)
class MethodCall:
    """A call of a method, `op.drop_column(…)` or `batch_op.drop_column(…)`."""

    method: str
    node: ast.Call


class MigrationFile:
    """A migration as a check sees it: its source, its tree, its two functions and the calls in them."""

    def __init__(self, source: str, revision: str, filename: str) -> None:
        self.source = source
        self.revision = revision
        self.filename = filename
        self.tree = ast.parse(source)
        functions = {node.name: node for node in self.tree.body if isinstance(node, ast.FunctionDef)}
        self.upgrade_fn = functions.get("upgrade")
        self.downgrade_fn = functions.get("downgrade")

    def upgrade_calls(self) -> list[MethodCall]:
        """Return the calls of methods in upgrade()."""
        return list(find_calls(self.upgrade_fn))

    def downgrade_calls(self) -> list[MethodCall]:
        """Return the calls of methods in downgrade()."""
        return list(find_calls(self.downgrade_fn))

    @staticmethod
    def str_arg(call: ast.Call, index: int) -> str | None:
        """Return an argument by its place if it is a string that is written out."""
        node = call.args[index] if index < len(call.args) else None
        return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def find_calls(function: ast.FunctionDef | None) -> Iterator[MethodCall]:
    """Yield the calls of methods in a function, in the order of the source."""
    nodes = [node for node in ast.walk(function) if isinstance(node, ast.Call)] if function else []
    for node in sorted(nodes, key=lambda call: (call.lineno, call.col_offset)):
        if isinstance(node.func, ast.Attribute):
            yield MethodCall(node.func.attr, node)


def run_checks(checks: Iterable[Callable[[Any], Iterable[Any]]], files: Mapping[str, Path]) -> Iterator[Any]:
    """Yield what a project's own checks find in its migrations, given by revision; a file that is not Python is passed over."""
    for revision, file in files.items():
        try:
            migration = MigrationFile(file.read_text(encoding="utf-8"), revision, file.name)
        except (OSError, SyntaxError, ValueError):
            continue
        for check in checks:
            yield from check(migration)


def with_severities(findings: Iterable[Finding], overrides: Mapping[str, str]) -> list[Finding]:
    """Return findings with other severities, by code, name or the name that pytest-mrt 1 used."""
    from mrt_lint.model.finding import Severity  # noqa: PLC0415  only where it is asked for

    wanted = {FORMER_NAMES.get(name, name): Severity(severity) for name, severity in overrides.items()}
    return [replace(finding, severity=wanted.get(finding.code, wanted.get(finding.name, finding.severity))) for finding in findings]
