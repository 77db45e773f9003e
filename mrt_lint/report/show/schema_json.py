"""A replayed schema for programs. Its shape is a promise: keys are added, never renamed or removed.

What is not known is null, and named under "unknown" of the innermost object around it; what may or may not be there is not
`certain`.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from mrt_lint import __version__
from mrt_lint.history.schema import QualifiedName, QualifiedObject, ReplayedTable
from mrt_lint.history.schema_at import SchemaAtRevision
from mrt_lint.history.uncertainty import UnknownCause
from mrt_lint.model.ops import CreateIndex, CreateObject
from mrt_lint.model.values import UNKNOWN, Column, Constraint, Unknown
from mrt_lint.report.show.plain import plain


def render(replayed: SchemaAtRevision, chosen: Collection[QualifiedName] | None) -> str:
    """Write one document, narrowed to some tables where they are given."""
    tables = [_table(where, table, replayed) for where, table in replayed.tables() if chosen is None or where in chosen]
    objects = [_object(where, made, replayed) for where, made in replayed.objects()] if chosen is None else []
    mentioned = replayed.mentioned().items()
    document = {
        "version": __version__,
        "at": replayed.wanted,
        "revisions": list(replayed.revisions),
        "migrations": len(replayed.run),
        "dialect": replayed.dialect,
        "tables": tables,
        "objects": objects,
        "mentioned": [
            {"schema": where[0], "name": where[1], "by": by} for where, by in mentioned if chosen is None or where in chosen
        ],
        "doubts": [_doubt(doubt) for doubt in replayed.doubts.of_all],
    }
    return json.dumps(document, indent=2) + "\n"


def _table(where: QualifiedName, table: ReplayedTable | Unknown, replayed: SchemaAtRevision) -> dict[str, Any]:
    known = table if isinstance(table, ReplayedTable) else ReplayedTable(name=where[1], schema=where[0])
    unknown: list[str] = []
    indexes = [*known.indexes.items(), *((None, entry) for entry in known.unnamed if isinstance(entry, CreateIndex))]
    constraints = [*known.constraints.items(), *((None, entry) for entry in known.unnamed if not isinstance(entry, CreateIndex))]
    return {
        "name": known.name,
        "schema": plain(known.schema, "schema", unknown),
        "certain": isinstance(table, ReplayedTable),
        "created": where in replayed.doubts.made,
        "complete": known.complete,
        "columns": [_column(name, column) for name, column in known.columns.items()],
        "constraints": [_constraint(name, constraint) for name, constraint in constraints],
        "indexes": [_index(name, index) for name, index in indexes],
        "doubts": [_doubt(doubt) for doubt in replayed.doubts.of_table.get(where, ())],
        "unknown": unknown,
    }


def _column(name: str, column: Column | Unknown) -> dict[str, Any]:
    known = column if isinstance(column, Column) else Column(name=name, **dict.fromkeys(_OF_COLUMNS, UNKNOWN))  # type: ignore[arg-type]  # each may be
    identity = known.identity if known.identity is UNKNOWN else _identity(known) if known.identity else None
    return _filled(
        {
            "name": known.name,
            "type": known.type,
            "nullable": known.nullable,
            "default": known.server_default,
            "primary_key": known.primary_key,
            "autoincrement": known.autoincrement if known.autoincrement is UNKNOWN else known.autoincrement is True,
            "identity": identity,
            "computed": known.computed,
            "persisted": known.persisted,
            "comment": known.comment,
        },
        certain=column is not UNKNOWN,
    )


_OF_COLUMNS = ("type", "nullable", "server_default", "primary_key", "autoincrement", "identity", "computed", "comment")


def _identity(column: Column) -> str | Unknown:
    if column.identity_always is UNKNOWN:
        return UNKNOWN
    return "always" if column.identity_always else "by default"


def _constraint(name: str | None, entry: Constraint | CreateIndex | Unknown) -> dict[str, Any]:
    known = entry if isinstance(entry, Constraint) else None
    fields = ("columns", "referred_schema", "referred_table", "referred_columns", "ondelete", "onupdate", "deferrable", "initially")
    valid = UNKNOWN if known is None or known.not_valid is UNKNOWN else not known.not_valid
    return _filled(
        {
            "name": known.name if known else name,
            "kind": known.kind if known else UNKNOWN,
            **{field: getattr(known, field) if known else UNKNOWN for field in fields},
            "condition": known.condition if known else UNKNOWN,
            "valid": valid,
        },
        certain=known is not None,
    )


def _index(name: str | None, entry: CreateIndex | Unknown) -> dict[str, Any]:
    known = entry if isinstance(entry, CreateIndex) else None
    fields = ("columns", "unique", "where", "using")
    values = {field: getattr(known, field) if known else UNKNOWN for field in fields}
    return _filled({"name": known.index if known else name, **values}, certain=known is not None)


def _object(where: QualifiedObject, made: CreateObject | Unknown, replayed: SchemaAtRevision) -> dict[str, Any]:
    known = made if isinstance(made, CreateObject) else CreateObject(kind=where[0], name=where[2], schema=where[1])
    body = known.body if isinstance(made, CreateObject) else UNKNOWN
    members = known.members if isinstance(made, CreateObject) or where[0] != "type" else UNKNOWN
    fields = {
        "name": known.name,
        "kind": known.kind,
        "schema": known.schema,
        "table": known.table,
        "members": members,
        "definition": body,
    }
    return {
        **_filled(fields, certain=isinstance(made, CreateObject)),
        "doubts": [_doubt(doubt) for doubt in replayed.doubts.of_object.get(where, ())],
    }


def _filled(values: dict[str, Any], *, certain: bool) -> dict[str, Any]:
    unknown: list[str] = []
    return {**{name: plain(value, name, unknown) for name, value in values.items()}, "certain": certain, "unknown": unknown}


def _doubt(doubt: UnknownCause) -> dict[str, Any]:
    return {"path": doubt.path, "line": doubt.line, "revision": doubt.revision, "what": doubt.what, "why": doubt.why}
