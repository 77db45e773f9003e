"""MRT114: the enum type that came with a table goes with it."""

from __future__ import annotations

from mrt_lint.fix.downgrade_body import DowngradeBody
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.fixer import Fixer
from mrt_lint.fix.proposed_fix import NoFix, ProposedFix
from mrt_lint.fix.reverse.enum import drop_enum
from mrt_lint.model.finding import Finding
from mrt_lint.model.ops import CreateTable
from mrt_lint.model.values import SqlType


class LeakedEnumFixer(Fixer):
    """Drops the type at the end of downgrade(), where no column has it any more.

    `sa.Enum(name=…).drop(bind)` is `DROP TYPE` on PostgreSQL and nothing on a database without such types, so it needs no guard.
    """

    codes = ("MRT114",)

    def propose(self, context: FixContext, finding: Finding) -> ProposedFix:
        """Return the fix for one type."""
        op = context.op_at(finding, CreateTable)
        assert isinstance(op, CreateTable)  # noqa: S101  for mypy
        kinds = [column.type.on("postgresql") for column in op.columns if isinstance(column.type, SqlType)]
        found = {
            (kind.type_name, kind.schema)
            for kind in kinds
            if isinstance(kind, SqlType) and isinstance(kind.type_name, str) and _concerns(finding, kind.type_name)
        }
        if len(found) != 1:
            raise NoFix("the type's name is not certain")
        ((name, schema),) = found
        step = drop_enum(context, str(name), schema)
        return ProposedFix(
            edits=(DowngradeBody(context.text, context.names).at_end([step]), *context.names.edits()), keeps_upgrade=True
        )


def _concerns(finding: Finding, kind: str) -> bool:
    """Return whether a finding is about a type."""
    return f"type '{kind}'," in finding.message
