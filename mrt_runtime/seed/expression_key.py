"""Unique keys ahead over what is computed of a row, or over some rows only: the database itself says whether a row breaks one."""

from __future__ import annotations

from mrt_runtime.compare.schema import Index, Table
from mrt_runtime.seed.refusal import Refusal
from mrt_runtime.seed.row_writer import RowWriter
from mrt_runtime.seed.unique_key import columns_of

REASON = "it would repeat what a unique index ahead is over"


def list_expression_keys(table: Table) -> tuple[Index, ...]:
    """Return the unique indexes to come that values alone do not decide about; those ahead have no name."""
    ahead = (index for index in table.indexes if not index.name)
    return tuple(index for index in ahead if index.predicate or any(element.expression for element in index.elements))


class ExpressionKeys:
    """The keys of one table, and how many of its rows repeat what they are over."""

    def __init__(self, writer: RowWriter, table: Table, keys: tuple[Index, ...]) -> None:
        self._writer = writer
        self._table = table
        self._repeated = {key: count for key in keys if (count := self._count(key)) is not None}

    def find_broken(self) -> Refusal | None:
        """Return which columns are to blame where more rows repeat it than before; None where the rows may stay."""
        for key, before in self._repeated.items():
            if (self._count(key) or 0) > before:
                return Refusal(reason=REASON, columns=columns_of(key, self._table))
        return None

    def _count(self, key: Index) -> int | None:
        quote = self._writer.quote
        parts = [f"({element.expression})" if element.expression else quote(element.column or "") for element in key.elements]
        return self._writer.count_repeated(self._table, parts, key.predicate, nulls_equal=key.nulls_not_distinct)
