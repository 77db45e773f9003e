"""What a condition finds to be None: `if row.name is None`, `if row["name"] is not None and …: continue`."""

from __future__ import annotations

import libcst as cst


def found_none(test: cst.BaseExpression, *, holds: bool) -> tuple[str, ...]:
    """Return the attributes and items that are None where a condition holds, or where it does not."""
    if isinstance(test, cst.UnaryOperation) and isinstance(test.operator, cst.Not):
        return found_none(test.expression, holds=not holds)
    if isinstance(test, cst.BooleanOperation):
        # all parts of an `and` hold where it does, none of an `or` does where that does not
        is_whole = isinstance(test.operator, cst.And) is holds
        return (*found_none(test.left, holds=holds), *found_none(test.right, holds=holds)) if is_whole else ()
    if not isinstance(test, cst.Comparison) or len(test.comparisons) != 1:
        return ()
    [target] = test.comparisons
    kinds = (cst.Is, cst.Equal) if holds else (cst.IsNot, cst.NotEqual)
    is_none = isinstance(target.comparator, cst.Name) and target.comparator.value == "None"
    name = _name_of(test.left) if is_none and isinstance(target.operator, kinds) else None
    return (name,) if name is not None else ()


def _name_of(node: cst.BaseExpression) -> str | None:
    """Return the name of an attribute, or of an item by its name."""
    if isinstance(node, cst.Attribute):
        return node.attr.value
    part = node.slice[0].slice if isinstance(node, cst.Subscript) and len(node.slice) == 1 else None
    key = part.value if isinstance(part, cst.Index) else None
    if isinstance(key, cst.SimpleString):
        found = key.evaluated_value
        return found if isinstance(found, str) else None
    return key.attr.value if isinstance(key, cst.Attribute) else None  # row[table.c.name]
