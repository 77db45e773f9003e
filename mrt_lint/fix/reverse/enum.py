"""Enum types that are created and dropped separately from their tables."""

from __future__ import annotations

import re

from mrt_lint.fix.downgrade_step import DowngradeStep
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.layout import CallCode, call, flat
from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.fix.reverse.step_builder import StepBuilder
from mrt_lint.history.schema import fold
from mrt_lint.model.ops import AddEnumValue, CreateObject, DropObject, Execute, Op
from mrt_lint.model.values import MaybeName, Unknown


def drop_enum(context: FixContext, name: str, schema: MaybeName, like: Op | None = None) -> DowngradeStep:
    """Drop a type, under the guard of another operation.

    On databases without such types SQLAlchemy does nothing; dropping a missing one is no error.
    """
    if isinstance(schema, Unknown):
        raise NoFix("the type's schema is not known")
    names = context.names
    kind = call(names.sa("Enum"), name=names.quote(name), schema=None if schema is None else names.quote(schema))
    # checkfirst: dropping a table with the type may have dropped it by then
    code = CallCode(f"{flat(kind)}.drop", (("", call(names.op("get_bind"))), ("checkfirst", "True")))
    return DowngradeStep(
        code=code,
        op=DropObject(kind="enum", name=name, schema=schema, if_exists=True),
        dialects=like.dialects if like else None,
        autocommit=like.autocommit if like else False,
    )


def create_enum(builder: StepBuilder, made: CreateObject) -> DowngradeStep:
    """Create a type with the labels it had. Raises NoFix if they are not all known."""
    if not isinstance(made.members, tuple) or not isinstance(made.name, str) or isinstance(made.schema, Unknown):
        raise NoFix(f"the labels of type {made.name} are not known")
    _check_label_order(builder, made.name)
    names = builder.context.names
    labels = [builder.quote(member) for member in made.members]
    schema = None if made.schema is None else names.quote(made.schema)
    kind = call(names.sa("Enum"), *labels, name=names.quote(made.name), schema=schema)
    code = CallCode(f"{flat(kind)}.create", (("", call(names.op("get_bind"))), ("checkfirst", "True")))
    made = CreateObject(kind="enum", name=made.name, schema=made.schema, members=made.members, if_not_exists=True)
    return builder.step(code, made)


def _check_label_order(builder: StepBuilder, name: str) -> None:
    """Raise NoFix if a label was added before or behind another: the order of the labels is then not known."""
    for migration, op in builder.former.before(builder.number):
        if isinstance(op, AddEnumValue) and fold(str(op.enum)) == fold(name):
            texts = (
                str(other.statement) for other in migration.upgrade_ops if isinstance(other, Execute) and other.origin == op.origin
            )
            if any(re.search(r"\b(BEFORE|AFTER)\b", text, re.IGNORECASE) for text in texts):
                raise NoFix(f"the order of the labels of type {name} is not known")
