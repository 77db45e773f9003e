"""The operations of upgrade functions, one after the other, as changes of a schema."""

from __future__ import annotations

from collections.abc import Iterable

from mrt_lint.history.schema import ReplayedSchema
from mrt_lint.history.schema_draft import SchemaDraft
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import Op


def replay(schema: ReplayedSchema, operations: Iterable[Op], dialect: str, *, declared: bool = False) -> ReplayedSchema:
    """Return the schema that the operations leave on a database of this dialect.

    Where it is declared, `alter_column` forgets what MySQL's and MariaDB's MODIFY forgets; who has not declared it may not run it.
    An operation under a condition that cannot be decided makes what it concerns UNKNOWN, and nothing else.
    """
    draft = SchemaDraft(schema, dialect, is_forgetful=declared and dialect in FAMILY)
    for op in operations:
        if op.dialects is None or dialect in op.dialects:
            for _ in draft.run(op):
                pass
    return draft.schema()
