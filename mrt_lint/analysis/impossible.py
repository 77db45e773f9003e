"""Operations that fail at any place: Alembic raises, or the database has no such change."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.literal_default import find_unfit_default
from mrt_lint.analysis.sql_names import sql_path
from mrt_lint.analysis.type_family import TEXT, TYPE_FAMILIES
from mrt_lint.analysis.wording import names
from mrt_lint.history.mysql_modify import restates
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import AlterColumn, AlterObject, CreateConstraint, DropConstraint, DropIndex, Execute, InvalidCall, Op
from mrt_lint.model.ops.signatures import meant_by
from mrt_lint.model.values import UNSET, SqlType

if TYPE_CHECKING:
    from mrt_lint.analysis.case import MigrationCase

_AFTER_A_VERB: Final = frozenset({"CONSTRAINT", "COLUMN", "FOREIGN", "PRIMARY", "UNIQUE", "INDEX", "KEY"})
"""Words with which no action of ALTER TABLE begins on any database."""
_KEYS: Final = frozenset({"primary", "unique", "foreignkey"})
_AS_SQL: Final = {"True": "sa.true()", "False": "sa.false()"}
_DOUBLE: Final = "double precision"
_SQL: Final = {"DATETIME": "timestamp", "BLOB": "bytea", "LARGEBINARY": "bytea", "DOUBLE": _DOUBLE, "DOUBLE_PRECISION": _DOUBLE}

_UNFIT: Final = (
    ", behind an UPDATE of the texts that are no {}: the new release may have written some, and the cast fails at the first of them"
)


@dataclass(frozen=True, slots=True)
class Impossibility:
    """Why an operation fails, in one clause, and what to write instead."""

    why: str
    instead: str


def find_impossibility(case: MigrationCase, op: Op) -> Impossibility | None:
    """Return why an operation fails whatever came before it, None if no reason is known."""
    if isinstance(op, InvalidCall):
        call = f"{'batch' if op.batch else 'op'}.{op.call}()"
        if op.default is not None:
            # bytes are a text with a prefix
            written = _AS_SQL.get(op.default, op.default[1:] if op.default.startswith("b") else f'"{op.default}"')
            return Impossibility(f"{call} raises {op.exception}, for {op.problem}", f"write server_default={written}")
        if meant := meant_by(op.call):
            others = " or ".join(f"{'batch' if op.batch else 'op'}.{name}()" for name in meant)
            return Impossibility(f"{call} raises {op.exception}, for {op.problem}", f"call {others} in its place")
        instead = (
            "leave the table out of its arguments: the batch has it" if op.names_table else f"call {call} as its documentation says"
        )
        return Impossibility(f"{call} raises {op.exception}, for {op.problem}", instead)
    if isinstance(op, Execute) and op.broken:
        return Impossibility(op.broken, op.mend)
    if isinstance(op, AlterObject) and op.kind == "table" and readable(op.name) and readable(op.action):
        return _unparsable(op.name, op.action)
    # where no database is declared, it may be SQLite, which takes any default
    is_declared = case.target.dialect is not None or op.dialects is not None
    if is_declared and (unfit := find_unfit_default(op, case.dialect(op))) is not None:
        return Impossibility(*unfit)
    if case.dialect(op) == "sqlite" and not _is_in_batch(op):
        return _in_sql_of_sqlite(case, op) if op.sql else _on_sqlite(op)
    if case.dialect(op) == "postgresql" and isinstance(op, AlterColumn):
        return _uncastable(case, op)
    return _incomplete(op) if case.dialect(op) in FAMILY else None


def _incomplete(op: Op) -> Impossibility | None:
    """Return what an operation lacks without which Alembic writes no SQL for MySQL and MariaDB, or SQL that they refuse."""
    if isinstance(op, AlterColumn) and not op.sql and op.type is UNSET and op.existing_type is UNSET and restates(op):
        return Impossibility(
            "on MySQL and MariaDB Alembic raises CommandError without the type, which MODIFY repeats", "add existing_type=…"
        )
    if isinstance(op, DropConstraint) and not op.sql and not op.along_with and op.kind is None and readable(op.constraint):
        return Impossibility(
            "on MySQL and MariaDB SQLAlchemy drops no constraint without its kind",
            'add type_="foreignkey", "unique", "check" or "primary"',
        )
    if isinstance(op, DropIndex) and not op.along_with and op.table is None:
        instead = "add ON and the table" if op.sql else "add table_name=…"
        return Impossibility("MySQL and MariaDB drop an index of a table, which is not named", instead)
    return None


def does_nothing(case: MigrationCase, op: Op) -> bool:
    """Return whether an operation fails on the database for certain, and its failure is caught: it is meant for another one."""
    if not op.caught:
        return False
    # in SQL, SQLite of before 3.53 drops no constraint at all, later releases none that is a key
    is_drop = case.dialect(op) == "sqlite" and op.sql and isinstance(op, DropConstraint)
    return is_drop or find_impossibility(case, op) is not None


def _unparsable(table: str, action: str) -> Impossibility | None:
    """Return why no database parses an ALTER TABLE that does nothing with the constraint, column or key that it names."""
    word = action.partition(" ")[0]
    if word not in _AFTER_A_VERB:
        return None
    verb = next((verb for verb in ("ADD", "DROP", "ALTER", "MODIFY", "RENAME") if table.upper().endswith(verb)), "")
    joined = f": {verb} belongs to the name, as no blank parts two pieces of the text" if verb else ""
    instead = "end the first piece of the text with a blank" if verb else f"write ADD, DROP or what is meant before {word}"
    return Impossibility(f"no database parses ALTER TABLE {table} {word} …{joined}", instead)


def _is_in_batch(op: Op) -> bool:
    return op.batch and (op.rebuild is None or op.rebuild.recreate != "never")


def _on_sqlite(op: Op) -> Impossibility | None:
    """Alembic raises NotImplementedError for constraints; for a type, default or comment it writes what SQLite does not parse.

    A nullability it writes as newer releases of SQLite take it.
    """
    if isinstance(op, CreateConstraint | DropConstraint):
        why = "SQLite adds and drops no constraints of a table that exists"
    elif isinstance(op, AlterColumn) and any(value is not UNSET for value in (op.type, op.server_default, op.comment)):
        why = "SQLite changes no type, default or comment of a column that exists"
    else:
        return None
    return _in_batch(op, why)


def _in_sql_of_sqlite(case: MigrationCase, op: Op) -> Impossibility | None:
    """SQLite parses no ALTER TABLE for keys and types; newer releases take a CHECK and NOT NULL."""
    if isinstance(op, CreateConstraint | DropConstraint):
        kind = op.definition.kind if isinstance(op, CreateConstraint) else case.kind(op)
        return _in_batch(op, "SQLite adds and drops no keys of a table that exists") if kind in _KEYS else None
    if isinstance(op, AlterColumn) and any(value is not UNSET for value in (op.type, op.server_default, op.comment)):
        return _in_batch(op, "SQLite changes no type, default or comment of a column that exists")
    return None


def _in_batch(op: Op, why: str) -> Impossibility:
    made = "batch.alter_column(…)" if isinstance(op, AlterColumn) else f"batch.{op.op}(…)"
    return Impossibility(why, f'do it in batch mode: with op.batch_alter_table("{names(op)["table"]}") as batch: {made}')


def _uncastable(case: MigrationCase, op: AlterColumn) -> Impossibility | None:
    former, new = case.state_before(op).type, case.state_before(op).new_type
    if not isinstance(former, SqlType) or not isinstance(new, SqlType) or casts_by_itself(former, new):
        return None
    are_enums = former.name == new.name == "ENUM"
    if op.using is not None and not (are_enums and _is_plain_cast(op)):
        return None
    found, target = names(op, "postgresql"), _SQL.get(new.name, str(new).lower())
    if new.name == "ENUM" and readable(new.type_name):
        target = sql_path(new.schema if readable(new.schema) else None, new.type_name, "postgresql")
    cast = f"{found['sql_column']}::{'text::' if are_enums else ''}{target}"
    why = f"PostgreSQL makes no {new} of {former} by itself"
    # a plain cast exists for these, and only has to be written
    if are_enums or TYPE_FAMILIES[former.name] == TEXT or {former.name, new.name} == {"INTEGER", "BOOLEAN"}:
        text = repr(cast) if '"' in cast else f'"{cast}"'
        verb, to_it = ("add", " to it") if op.using is None else ("write", "")
        unfit = _UNFIT.format(new) if _was_the_new_type(case, op, former, new) else ""
        return Impossibility(why, (f"{verb} USING {cast}{to_it}" if op.sql else f"{verb} postgresql_using={text}{to_it}") + unfit)
    return Impossibility(why, f"add {'USING' if op.sql else 'postgresql_using'} with the expression that makes the new values")


def _was_the_new_type(case: MigrationCase, op: AlterColumn, former: SqlType, new: SqlType) -> bool:
    """Return whether upgrade() has made texts of the type that downgrade() casts them to: the new release may write others."""
    if TYPE_FAMILIES[former.name] != TEXT or TYPE_FAMILIES.get(new.name) == TEXT or op not in case.operations("downgrade"):
        return False
    column = case.tracked(op)
    changes = (other for other in case.operations("upgrade") if isinstance(other, AlterColumn) and other.type is not UNSET)
    return column is not None and any(case.tracked(other) is column for other in changes)


def _is_plain_cast(op: AlterColumn) -> bool:
    """Return whether USING only casts the column to the new type: no enum is cast to another one."""
    kind = op.type if isinstance(op.type, SqlType) and readable(op.type.type_name) else None
    if not readable(op.using) or not readable(op.column) or kind is None:
        return False
    name, target = rf'"?{re.escape(op.column)}"?', rf'(?:"?\w+"?\.)?"?{re.escape(str(kind.type_name))}"?'
    cast = rf"\(*\s*{name}\s*::\s*{target}\s*\)*|cast\s*\(\s*{name}\s+as\s+{target}\s*\)"
    return re.fullmatch(cast, op.using, re.IGNORECASE) is not None


def casts_by_itself(former: SqlType, new: SqlType) -> bool:
    """Return whether ALTER COLUMN … TYPE needs no USING, as far as is known: there is an assignment cast.

    Source: pg_cast of PostgreSQL 17; “CREATE CAST” (https://www.postgresql.org/docs/current/sql-createcast.html) on text.
    """
    # arrays cast as their elements do, and by rules of their own: nothing is claimed about them
    if former.item is not None or new.item is not None:
        return True
    one, other = TYPE_FAMILIES.get(former.name), TYPE_FAMILIES.get(new.name)
    if one is None or other is None or other == TEXT:
        return True
    if one == other == "enum":
        known = readable(former.type_name) and readable(new.type_name)
        return not known or former.type_name == new.type_name
    return one == other
