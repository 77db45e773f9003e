"""Columns that are altered: every setting is set back to what it was."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from mrt_lint.analysis.downgrade.definition import is_same_value
from mrt_lint.fix.arguments import argument, keywords
from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.former_schema import on
from mrt_lint.fix.layout import CallCode, Code, flat
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.reverse.null_filling import statement_of
from mrt_lint.fix.reverse.step_builder import StepBuilder
from mrt_lint.model import ops
from mrt_lint.model.ops import AlterColumn, Op
from mrt_lint.model.values import UNKNOWN, UNSET, SqlType

_WORDS: Final = (
    "table_name column_name schema type_ nullable server_default new_column_name comment postgresql_using existing_type "
    "existing_nullable existing_server_default existing_comment"
)
_UNDERSTOOD: Final = frozenset(_WORDS.split())
"""The arguments of `alter_column` whose reverse is known."""
_SIZES: Final = frozenset(("", "length", "precision", "scale", "display_width", "name", "native_enum", "create_constraint"))
_TEXTS: Final = frozenset(("VARCHAR", "TEXT", "CHAR", "NVARCHAR", "CITEXT"))
_INTEGERS: Final = frozenset(("SMALLINT", "INTEGER", "BIGINT"))
_NUMBERS: Final = _INTEGERS | {"NUMERIC", "FLOAT", "DOUBLE", "REAL"}
_MOMENTS: Final = frozenset(("TIMESTAMP", "DATE"))
_DOCUMENTS: Final = frozenset(("JSON", "JSONB"))
_RENAME: Final = re.compile(
    r"""(?P<table>\s*ALTER\s+TABLE\s+[\w."`]+\s+RENAME\s+(?:COLUMN\s+)?)(?P<old>\w+|"[^"]+"|`[^`]+`)(?P<to>\s+TO\s+)"""
    r"""(?P<new>\w+|"[^"]+"|`[^`]+`)(?P<end>\s*;?\s*)""",
    re.IGNORECASE,
)


class _AlterReversal:
    """The reverse of one `alter_column`."""

    def __init__(self, builder: StepBuilder, op: AlterColumn) -> None:
        self.builder = builder
        self.op = op
        self.call = None if op.sql else builder.call()
        self.named: dict[str, Code | None] = {}
        self.fields: dict[str, Any] = {}
        self.unsafe = ""
        self._types: dict[str, object] | None = None

    def step(self) -> DowngradeStep | None:
        """Return the step back, None if the operation left everything as it was."""
        op = self.op
        if self.call is not None and (unknown := keywords(self.call) - _UNDERSTOOD):
            raise NoFix(f"alter_column has {', '.join(sorted(map(str, unknown)))}, whose former value is not known")
        if op.autoincrement is not UNSET or op.identity is not UNSET:
            raise NoFix("what generated the column's numbers before is not known")
        renamed = op.new_column is not UNSET
        self._check_lost()
        self._type()
        self._nullable()
        self._server_default()
        self._comment()
        if renamed:
            self.named["new_column_name"] = self.builder.quote(op.column)
            self.fields["new_column"] = op.column
        if not self.fields.keys() - {"existing_type", "existing_nullable", "existing_server_default"}:
            return None
        here = op.new_column if renamed else op.column
        meant = AlterColumn(table=op.table, column=here, schema=op.schema, **self.fields)  # type: ignore[arg-type]  # a name
        step = self.builder.on_table("alter_column", meant, self.builder.quote(here), table="0", options=self.named)
        return replace(step, same=lambda again: self._is_same(again, meant), unsafe=self.unsafe)

    def _check_lost(self) -> None:
        """Raise NoFix if MySQL takes away what a MODIFY does not say again: NOT NULL, the default, the comment.

        Source: https://dev.mysql.com/doc/refman/8.0/en/alter-table.html ("Renaming, Redefining, and Reordering Columns").
        """
        op = self.op
        if self.builder.context.target.dialect not in {"mysql", "mariadb"} or op.sql:
            return
        said = {
            "nullable": op.nullable is not UNSET or op.existing_nullable is not UNSET,
            "server_default": op.server_default is not UNSET or op.existing_server_default is not UNSET,
            "comment": op.comment is not UNSET or self._given("existing_comment") is not None,
        }
        alone = op.type is UNSET and op.nullable is UNSET and op.new_column is UNSET and op.comment is UNSET
        for name, is_said in said.items():
            # NULL allowed, no default and no comment are what MODIFY sets for a column anyway
            if not alone and not is_said and self._past(name) not in {None, True, UNKNOWN}:
                raise NoFix(f"MySQL forgets the {name} of {op.column}, as alter_column does not say it again")

    def _is_same(self, again: Op, meant: AlterColumn) -> bool:
        assert isinstance(again, AlterColumn)  # noqa: S101  for mypy
        dialects = self.builder.former.dialects(self.op)
        names = ("type", "existing_type")
        apart: dict[str, Any] = dict.fromkeys(names, UNSET)
        same_types = all(
            is_same_value(on(getattr(again, name), dialect), on(getattr(meant, name), dialect), name) is not False
            for name in names
            for dialect in dialects
        )
        alike = replace(again, dialects=None, autocommit=False, **apart) == replace(meant, dialects=None, autocommit=False, **apart)
        return same_types and alike

    def _given(self, name: str) -> ast.expr | None:
        return argument(self.call, name) if self.call is not None else None

    def _type(self) -> None:
        new, existing = self._given("type_"), self._given("existing_type")
        if self.op.type is UNSET:
            if existing is not None:
                if {"mysql", "mariadb"} & {*self.builder.context.dialects}:  # MODIFY sets the type as well
                    self._compare_details(existing)
                self.named["existing_type"] = self.builder.copier.code(existing)
                self.fields["existing_type"] = self.op.existing_type
            return
        if self.op.using is not None:
            raise NoFix(f"USING converts what {self.op.column} holds, and what converts it back is not known")
        if new is not None:
            self.named["existing_type"] = self.builder.copier.code(new)
            self.fields["existing_type"] = self.op.type
        self.named["type_"] = self._former_type(existing)
        self.fields["type"] = self._kind()
        self._judge_cast(self._kind(), self.op.type)

    def _former_type(self, existing: ast.expr | None) -> Code:
        """Return the source of the former type. Raises NoFix if the operation's `existing_type` contradicts the history."""
        known = self.builder.former.types(self.builder.number, self.op.table, self.op.schema, self.op.column)
        if existing is not None:
            for dialect, kind in known.items():
                if kind is not None and is_same_value(kind, on(self.op.existing_type, dialect)) is False:
                    raise NoFix(f"existing_type of {self.op.column} is not what the migrations before say")
            self._compare_details(existing)
            return self.builder.copier.code(existing)
        former = self.builder.former.setting(self.builder.number, self.op, str(self.op.column), "type")
        if former is None:
            raise NoFix(f"the former type of {self.op.column} is not known")
        return former

    def _compare_details(self, existing: ast.expr) -> None:
        """Raise NoFix if the source that made the type has more details (unsigned, a collation, a time zone), or fewer."""
        try:
            made = self.builder.former.setting(self.builder.number, self.op, str(self.op.column), "type")
        except NoFix:
            return  # then the operation's own `existing_…` is all there is
        if made is not None and _details(made) != _details(self.builder.copier.code(existing)):
            raise NoFix(f"existing_type of {self.op.column} is not what the migrations before say")

    def _kind(self) -> object:
        if isinstance(self.op.existing_type, SqlType):
            return self.op.existing_type
        types = self.builder.former.types(self.builder.number, self.op.table, self.op.schema, self.op.column)
        return next(iter(types.values()), UNKNOWN)

    def _judge_cast(self, old: object, new: object) -> None:
        """Raise NoFix if PostgreSQL casts the new type to the old one by no means of its own; note where that may round.

        Source: https://www.postgresql.org/docs/current/sql-createcast.html (text takes anything, in assignments).
        """
        if not isinstance(old, SqlType) or not isinstance(new, SqlType):
            raise NoFix("one of the types is not known")
        if old.name in _TEXTS or (old.name in _INTEGERS and new.name in _INTEGERS) or {old.name, new.name} <= _DOCUMENTS:
            return
        # as many digits behind the point, or more: larger values are refused, and none is rounded
        if old.name == new.name == "NUMERIC" and len(old.args) == len(new.args) and old.args[1:] >= new.args[1:]:
            return
        # longer text into a shorter type is an error (MRT120), never another value
        if old.name == new.name != "ENUM" and (old.args == new.args or old.name == "TIMESTAMP") and old.item == new.item:
            return
        if {old.name, new.name} <= _NUMBERS or {old.name, new.name} <= _MOMENTS:
            self.unsafe = f"{new} may not fit into {old}, and the database rounds without a word"
            return
        raise NoFix(f"PostgreSQL does not turn {new} into {old} by itself")

    def _nullable(self) -> None:
        op = self.op
        if op.nullable is UNSET:
            if op.existing_nullable is not UNSET:
                self._set("existing_nullable", "existing_nullable", op.existing_nullable)
            return
        former = op.existing_nullable if op.existing_nullable is not UNSET else self._past("nullable")
        alone = op.type is UNSET and op.server_default is UNSET and op.new_column is UNSET and op.comment is UNSET
        if former is UNKNOWN and alone and op.nullable is not UNKNOWN:
            former = not op.nullable  # an alter_column that changes nothing is not what its author meant
        if former is UNKNOWN or op.nullable is UNKNOWN:
            raise NoFix(f"whether {op.column} took NULL before is not known")
        if former != op.nullable:
            self._set("nullable", "nullable", former)
        else:
            self._set("existing_nullable", "existing_nullable", former)

    def _set(self, keyword: str, field: str, value: object) -> None:
        self.named[keyword] = repr(value)
        self.fields[field] = value

    def _past(self, name: str) -> object:
        op = self.op
        try:
            return getattr(self.builder.former.column(self.builder.number, op.table, op.schema, op.column), name)
        except NoFix:
            return UNKNOWN

    def _server_default(self) -> None:
        op, existing = self.op, self._given("existing_server_default")
        if op.server_default is UNSET:
            if existing is not None and op.existing_server_default is not UNSET:
                self.named["existing_server_default"] = self.builder.copier.code(existing)
                self.fields["existing_server_default"] = op.existing_server_default
            return
        former = op.existing_server_default if op.existing_server_default is not UNSET else self._past("server_default")
        if former is UNKNOWN:
            raise NoFix(f"the former default of {op.column} is not known")
        if existing is not None:
            code: Code | None = self.builder.copier.code(existing)
        else:
            code = (
                None if former is None else self.builder.former.setting(self.builder.number, op, str(op.column), "server_default")
            )
        self.named["server_default"] = "None" if code is None else code
        self.fields["server_default"] = former

    def _comment(self) -> None:
        op, existing = self.op, self._given("existing_comment")
        if op.comment is UNSET:
            if existing is not None:
                self.named["existing_comment"] = self.builder.copier.code(existing)
            return
        if existing is not None:
            self.named["comment"] = self.builder.copier.code(existing)
            self.fields["comment"] = existing.value if isinstance(existing, ast.Constant) else UNKNOWN
            return
        former = self._past("comment")
        if former is UNKNOWN:
            raise NoFix(f"the former comment of {op.column} is not known")
        self.named["comment"] = "None" if former is None else self.builder.quote(former)
        self.fields["comment"] = former


def _details(code: Code) -> set[tuple[str, str]]:
    """Return the details of a type in the source besides the kind and its size, which the linter's values hold."""
    if not isinstance(code, CallCode):
        return set()
    named = ((name, flat(value)) for name, value in code.arguments if name not in _SIZES)
    return {(name, value) for name, value in named if value not in {"False", "None"}}


def alter_back(builder: StepBuilder, op: ops.AlterColumn) -> Iterator[DowngradeStep]:
    """Undo ALTER COLUMN. Raises NoFix if a former setting is not known."""
    step = _rename_in_sql(builder, op) or _AlterReversal(builder, op).step()
    if step is not None:
        yield step


def _rename_in_sql(builder: StepBuilder, op: AlterColumn) -> DowngradeStep | None:
    """Turn a statement's RENAME COLUMN round, None if it is none: MySQL takes `alter_column` only with the column's type."""
    text = statement_of(builder.former.upgrade, builder.number)
    found = _RENAME.fullmatch(text) if op.sql and text is not None else None
    if found is None:
        return None
    statement = f"{found['table']}{found['new']}{found['to']}{found['old']}{found['end']}"
    return builder.execute(statement, ops.Execute(statement=statement))
