"""Why a database refuses an operation at its position, in upgrade() or downgrade()."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.downgrade.absent_objects import find_dropped_table, find_gone_object, find_missing_object
from mrt_lint.analysis.downgrade.dependents import find_dependent
from mrt_lint.analysis.downgrade.existing_objects import find_existing_object
from mrt_lint.analysis.downgrade.simulated_schema import SimulatedSchema
from mrt_lint.model.ops import Op


def find_refusal(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause that says why an operation fails where it stands; None if no reason is known."""
    if not op.certain or getattr(op, "if_exists", False) is not False:
        return None
    return find_gone_object(simulated, op) or find_dependent(simulated, op)


def find_duplicate(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause if an operation of upgrade() makes what the earlier revisions, all of them read in full, have made."""
    return find_existing_object(simulated, op) if _is_surely_run(simulated, op) else None


def find_upgrade_conflict(simulated: SimulatedSchema, op: Op) -> str | None:
    """Return one clause that says why an operation of upgrade() finds not what it needs in the schema that earlier revisions leave.

    What a migration does not say is not known: of a table that no revision makes nothing is said, and nothing at all where a
    part of what ran before could not be read.
    """
    return next(filter(None, _conflicts(simulated, op)), None) if _is_surely_run(simulated, op) else None


def _is_surely_run(simulated: SimulatedSchema, op: Op) -> bool:
    """Return whether an operation runs under no condition, on a schema of which all that made it was read."""
    known_schema = simulated.known_schema
    return op.certain and known_schema.with_types and known_schema.is_fully_read()


def _conflicts(simulated: SimulatedSchema, op: Op) -> Iterator[str | None]:
    if getattr(op, "if_exists", False) is False:
        yield find_dropped_table(simulated, op)
        yield find_missing_object(simulated, op, tables=False)
        yield find_refusal(simulated, op)
