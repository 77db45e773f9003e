"""Statements of downgrade() that copy values to a column which is shorter than where they come from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.column_values import has_name
from mrt_lint.analysis.copied_rows import copied_values
from mrt_lint.analysis.raw_sql import statement_of
from mrt_lint.analysis.sql_names import sql_name, sql_path
from mrt_lint.analysis.type_change import is_narrowing
from mrt_lint.analysis.wording import names
from mrt_lint.history.doubt import is_opaque
from mrt_lint.model.ops import Delete, Insert, Op, Update
from mrt_lint.model.values import UNKNOWN

_TEXTS: Final = frozenset({"VARCHAR", "TEXT"})
_LOOKS_AT_LENGTH: Final = re.compile(r"\b(left|substr|substring|length|char_length|character_length|len)\s*\(", re.IGNORECASE)


def copied_too_long(case: MigrationCase, op: Op) -> Iterator[dict[str, str]]:
    """Yield what to say of each column to which a statement, or a loop over rows, copies values that may be longer by then."""
    if not isinstance(op, Update | Insert) or not (op.certain or op.repeated) or not case.runs(op):
        return
    state, dialect = case.state_before(op), case.dialect(op)
    if (
        state.empty
        or any(map(is_opaque, case.earlier(op)))
        or not case.is_readable("downgrade")
        or _LOOKS_AT_LENGTH.search(statement_of(case.migration.downgrade_ops, op))
    ):
        return
    changed = [other for other in case.earlier(op) if isinstance(other, Update | Delete)]
    for copy in copied_values(case, op):
        if not {copy.former.name, copy.new.name} <= _TEXTS or not is_narrowing(copy.former, copy.new, dialect):
            continue
        if any(has_name((getattr(other, "table", UNKNOWN),), copy.source) for other in changed):
            continue
        column = sql_name(copy.source_column, dialect)
        look = f"SELECT {column} FROM {sql_path(None, copy.source, dialect)} WHERE char_length({column}) > {copy.new.args[0]}"
        yield {
            "deed": (
                f"copies '{copy.source}.{copy.source_column}' ({copy.former}) to '{names(op)['table']}.{copy.column}' ({copy.new})"
            ),
            "where": "a value is longer by then",
            "advice": f"make the column as long, or shorten such values in the statement; look for them first: {look}",
        }
