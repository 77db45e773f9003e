"""How downgrade() removes what upgrade() makes, as advice: by the names that things have in the end, in an order that runs."""

from __future__ import annotations

from collections.abc import Iterator

from mrt_lint.analysis.case import MigrationCase
from mrt_lint.analysis.downgrade.tracked_objects import TrackedTable, readable
from mrt_lint.analysis.wording import bare, names
from mrt_lint.history.schema import fold, given_name
from mrt_lint.model import ops
from mrt_lint.model.advice import literal
from mrt_lint.model.values import Constraint

_DROPS = (ops.DropTable, ops.DropColumn, ops.DropIndex, ops.DropConstraint, ops.DropObject)
_RENAMES = (ops.AlterColumn, ops.RenameTable, ops.RenameIndex, ops.RenameConstraint, ops.RenameObject)


def removal(case: MigrationCase, op: ops.CreateTable | ops.AddColumn | ops.CreateIndex | ops.CreateConstraint) -> dict[str, str]:
    """Return what is left, and the call that removes it by the names that upgrade() has left it with."""
    found, now = names(op), case.current_names(op)
    table, schema = literal(now.get("table", found["last"])), found["in_schema"]
    words = {"first": "", "after": ""}
    if isinstance(op, ops.CreateTable):
        return words | {"what": found["the_table"], "undo": f"op.drop_table({table}{schema})"}
    if isinstance(op, ops.AddColumn):
        holders = " and ".join(_holders(case, op))
        after = f", after the drop of {holders}" if holders else ""
        undo = f"op.drop_column({table}, {literal(now.get('own', found['column']))}{schema})"
        return words | {"what": found["the_column"], "undo": undo, "after": after}
    if isinstance(op, ops.CreateIndex):
        index = literal(now.get("own", found["index"]))
        return words | {"what": found["the_index"], "undo": f"op.drop_index({index}, table_name={table}{schema})"}
    given = _given_name(case, op)
    is_named = op.constraint is not None
    constraint = now.get("own") or (found["constraint"] if is_named or given is None else given)
    if not is_named:
        kind = bare(found["the_constraint"]).partition(" ")[2]
        found["the_constraint"] = f"{kind} '{given}'" if given else f"a {kind} without a name"
        words["first"] = "" if given else "give it a name in upgrade(), and "
    undo = f'op.drop_constraint({literal(constraint)}, {table}, type_="{op.definition.kind}"{schema})'
    return words | {"what": f"{found['the_constraint']} of '{found['table']}'", "undo": undo}


def is_nameless(op: ops.Op) -> bool:
    """Return whether the database chooses the name of what an operation makes, another one where that is taken."""
    return isinstance(op, ops.CreateConstraint) and op.constraint is None and op.definition.kind != "primary"


def fails_next(case: MigrationCase, op: ops.Op) -> bool:
    """Return whether an operation drops or renames what downgrade() does not make again, and so fails the next time."""
    is_one = isinstance(op, (*_DROPS, *_RENAMES)) and getattr(op, "if_exists", False) is False
    if not is_one or not op.certain or op.caught or not case.runs(op):
        return False
    gone = [effect for effect in case.analysis(op).effects.get(id(op), ()) if effect.action in {"dropped", "moved"}]
    return bool(gone) and gone[0].namespace.now.get(gone[0].key) is None


def _given_name(case: MigrationCase, op: ops.CreateConstraint) -> str | None:
    """Return the name that the database gives to a constraint without one, None if it is not known."""
    return given_name(op.table, op.definition, case.dialect(op)) if readable(op.table) else None


def _holders(case: MigrationCase, op: ops.AddColumn) -> Iterator[str]:
    """Return the keys over a column that go with it, and the foreign keys that point to it, as they are after downgrade()."""
    table, simulated = case.state_before(op).table, case.analysis(op).simulated
    if not isinstance(table, TrackedTable) or not readable(op.column):
        return
    column = fold(op.column)
    for key, part in table.constraints.now.items():
        if part is not None and len(part.columns) > 1 and column in part.columns:
            definition = part.definition if isinstance(part.definition, Constraint) else Constraint(kind="check")
            own = given_name(str(op.table), definition, simulated.dialect) if definition.name is None else definition.name
            yield f"constraint '{own if readable(own) else key}'"
    for child, reference in simulated.schema.references_to(table.current_key):
        pointed = reference.referred_columns if isinstance(reference.referred_columns, tuple) else ()
        if column in (fold(name) for name in pointed if readable(name)):
            yield (
                f"foreign key '{reference.name}' of '{child.name}'"
                if readable(reference.name)
                else f"a foreign key of '{child.name}'"
            )
