"""Operations and definitions as JSON has them: what could not be read is null and named, what was not said is left out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Final

from mrt_lint.model.values import UNKNOWN

_APART: Final = frozenset(
    {
        "origin",
        "dialects",
        "certain",
        "flows",
        "rebuild",
        "caught",
        "caught_too_early",
        "along_with",
        "nulls_not_distinct",
        "datetime",
        "bound",
        "mend",
        "tests",
    }
)


def plain(value: Any, where: str, unknown: list[str]) -> Any:
    """Return a value as JSON, and add the places of what could not be read to `unknown`."""
    if value is UNKNOWN:
        unknown.append(where)
        return None
    if is_dataclass(value):
        return plain_fields(value, f"{where}.", unknown)
    if isinstance(value, (tuple, frozenset)):
        return [plain(item, f"{where}[{index}]", unknown) for index, item in enumerate(value)]
    return value.value if isinstance(value, Enum) else value


def plain_fields(value: Any, where: str, unknown: list[str]) -> dict[str, Any]:
    """Return the fields that say something as JSON, and add the places of those that could not be read to `unknown`."""
    return {name: plain(item, where + name, unknown) for name, item in said(value)}


def said(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the fields that differ from their defaults."""
    for field in fields(value):
        item = getattr(value, field.name)
        if field.name not in _APART and not (type(item) is type(field.default) and item == field.default):
            yield field.name, item
