"""What of `op` and of Alembic's context only gives something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.objects import CallArguments, ConnectionValue, ContextValue, Value

READING: Final[dict[str, Callable[[CallArguments], Value]]] = {
    "f": lambda arguments: arguments.get(0, "name", UNKNOWN),
    "get_bind": lambda _: ConnectionValue(),
    "get_context": lambda _: ContextValue(),
    "inline_literal": lambda arguments: arguments.get(0, "value", UNKNOWN),
}
"""The methods that do nothing to the database."""
