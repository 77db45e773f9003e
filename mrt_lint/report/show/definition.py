"""Columns and constraints in words that SQL would use; a question mark is what could not be read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from mrt_lint.escape import printable
from mrt_lint.model.values import HOLE, UNKNOWN, Column, Constraint, Unknown

CONSTRAINTS: Final = {"primary": "primary key", "foreignkey": "foreign key"}
"""The kinds of constraints that SQL calls otherwise."""


def text(value: object) -> str:
    """Write a value on one line; what could not be read of a text is "…"."""
    return "?" if value is UNKNOWN or value is None else printable(" ".join(str(value).replace(HOLE, "…").split()))


def listed(values: Iterable[object] | Unknown) -> str:
    """Write several values in parentheses."""
    return "(?)" if isinstance(values, Unknown) else f"({', '.join(text(value) for value in values)})"


def extras(column: Column) -> str:
    """Return the attributes of a column after its type."""
    said = []
    if column.server_default is not None:
        said.append(f"default {text(column.server_default)}")
    if column.identity is True:
        said.append(
            "identity ?"
            if column.identity_always is UNKNOWN
            else f"identity {'always' if column.identity_always else 'by default'}"
        )
    elif column.identity is UNKNOWN:
        said.append("identity ?")
    if column.autoincrement is True:
        said.append("autoincrement")
    if column.computed is not None:
        said.append(f"generated as ({text(column.computed)})" + (" stored" if column.persisted is True else ""))
    if column.comment is not None:
        said.append(f"comment {text(column.comment)}")
    return ", ".join(said)


def constraint_words(entry: Constraint) -> str:
    """Return what a constraint is, its columns, and what it refers to."""
    said = [CONSTRAINTS.get(entry.kind, entry.kind)]
    said += [text(entry.name)] if entry.name is not None else []
    if entry.kind == "check":
        said.append(f"({text(entry.condition)})")
    elif entry.columns is UNKNOWN or entry.columns:
        said.append(listed(entry.columns))
    if entry.referred_table is not None:
        schema = f"{text(entry.referred_schema)}." if entry.referred_schema is not None else ""
        columns = f" {listed(entry.referred_columns)}" if entry.referred_columns else ""
        said.append(f"references {schema}{text(entry.referred_table)}{columns}")
    said += [
        f"on {event} {text(action).lower()}"
        for event, action in (("delete", entry.ondelete), ("update", entry.onupdate))
        if action is not None
    ]
    if entry.deferrable is not None:
        said.append("deferrable" if entry.deferrable is True else "not deferrable" if entry.deferrable is False else "deferrable ?")
    if entry.not_valid is not False:
        said.append("not valid" if entry.not_valid is True else "valid ?")
    return " ".join(said)
