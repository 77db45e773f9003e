"""Numbers of which an upgrade keeps some decimals apart, `SET tenths = (x - FLOOR(x)) * 10`: rows have no more, as it seems."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from mrt_runtime.seed.computed_back import ComputedBack
from mrt_runtime.seed.restored_constants import list_settings

if TYPE_CHECKING:
    from sqlglot import exp

TENS = re.compile(r"1(0+)(?:\.0*)?")
SPLITS = frozenset({"Floor", "Trunc", "Truncate", "Mod"})
"""What parts a number from its decimals."""
WHOLE = frozenset({"SMALLINT", "INT", "INTEGER", "BIGINT", "SIGNED"})


def find_kept_decimals(file: str, grammar: str) -> Iterator[ComputedBack]:
    """Yield each column of which an upgrade keeps so many decimals, with the number that is rounded to these."""
    for update, setting in list_settings(file, "upgrade", grammar):
        for node in setting.expression.walk():
            sides = (node.this, node.expression) if type(node).__name__ == "Mul" else ()
            for part, factor in (sides, sides[::-1]) if sides else ():
                tens = TENS.fullmatch(factor.name) if type(factor).__name__ == "Literal" else None
                column = read_split(part) if tens is not None else None
                if tens is not None and column is not None:
                    rounded = f"ROUND(CAST({column} AS DECIMAL(40, 12)), {len(tens[1])})"
                    yield ComputedBack(update.this.name, column, rounded, frozenset({column}))


def read_split(part: exp.Expr) -> str | None:
    """Return the column whose decimals an expression is; None for any other."""
    nodes = list(part.walk())
    names = {node.name for node in nodes if type(node).__name__ == "Column"}
    return names.pop() if len(names) == 1 and any(map(splits, nodes)) else None


def splits(node: exp.Expr) -> bool:
    """Whether an expression is the whole of a number, or what is left of it."""
    is_cast = type(node).__name__ == "Cast" and node.args["to"].sql().upper() in WHOLE
    return is_cast or type(node).__name__ in SPLITS
