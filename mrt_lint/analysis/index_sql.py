"""An index in advice: the code that builds it, and the SQL that finds the rows which would prevent it."""

from __future__ import annotations

import re

from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.analysis.wording import join
from mrt_lint.history.schema import fold
from mrt_lint.model.advice import literal
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import CreateIndex, Op
from mrt_lint.model.values import Flag, MaybeName, Name, Unknown

_WHERE = {"postgresql": "postgresql_where", "sqlite": "sqlite_where", "mssql": "mssql_where"}
"""The databases that have partial indexes, with what SQLAlchemy's dialect calls the condition."""
_PIECE = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[()]")
_ORDER = re.compile(r"(?:\s+(?:asc|desc|nulls\s+(?:first|last)))+$", re.IGNORECASE)
_ORDERED = re.compile(r'[\w$."]+(\s+[\w"]+)*')
"""A column with what may be behind it: its collation, the class of its operators, its order."""
_WORDS = re.compile(r"[\w$.\"]*(\s+\w+)*")


def code_of(index: CreateIndex, dialect: str = "postgresql") -> dict[str, str]:
    """Return the arguments of an index's `op.create_index(…)`: "columns", the items of the list, and the "options" after it."""
    columns = index.columns if isinstance(index.columns, tuple) else ()
    options = [f"schema={literal(index.schema)}"] if readable(index.schema) else []
    options += _flag("unique", index.unique)
    if index.where is not None and dialect in _WHERE:
        options.append(f"{_WHERE[dialect]}={_sql(_one_line(index.where)) if readable(index.where) else '…'}")
    if readable(index.using) and index.using.lower() != "btree":
        if dialect == "postgresql":
            options.append(f"postgresql_using={literal(index.using)}")
        elif dialect in FAMILY and index.using in {"fulltext", "spatial"}:
            options.append(f"mysql_prefix={literal(index.using.upper())}")
    if index.nulls_not_distinct is True and dialect == "postgresql":
        options.append("postgresql_nulls_not_distinct=True")
    options += [f"{name}={value}" for name, value in index.options if name.startswith(f"{dialect}_")]
    return {"columns": ", ".join(map(_item, columns)) or "…", "options": "".join(f", {option}" for option in options)}


def sql_of(columns: tuple[Name, ...] | Unknown, op: Op | None, dialect: str) -> str:
    """Return the columns and expressions under an index as a SELECT or GROUP BY takes them, "…" for what could not be read."""
    known = columns if isinstance(columns, tuple) else ()
    plain = (_ORDER.sub("", expression(name)) if readable(name) and name.startswith("(") else name for name in known)
    return ", ".join(name if readable(name) and "(" in name else join((name,), op, dialect) for name in plain) or "…"


def where_of(index: CreateIndex) -> str:
    """Return the condition of a partial index as a statement takes it, with a space before; nothing if it has none."""
    if index.where is None:
        return ""
    return f" WHERE {_one_line(index.where) if readable(index.where) else '…'}"


def expression(column: str) -> str:
    """Return the SQL of an indexed expression with the parentheses that CREATE INDEX wants: none around a name or a call."""
    inner = column
    while _closing(inner) == len(inner) - 1:
        inner = _one_line(inner[1:-1])
    if (order := _ORDER.search(inner)) is not None and _ORDERED.fullmatch(inner) is None:
        return f"{expression(inner[: order.start()])} {order[0].strip()}"
    # lower(email) needs no parentheses of its own, and neither does lower(email) text_pattern_ops
    called, rest = inner.find("("), inner
    if called > 0 and inner[called - 1] != " ":
        rest = inner[:called] + inner[called + _closing(inner[called:]) + 1 :]
    return inner if _WORDS.fullmatch(rest) or _ORDERED.fullmatch(inner) else f"({inner})"


def _item(column: Name) -> str:
    if not readable(column):
        return "…"
    return _sql(expression(column)) if column.startswith("(") and column.endswith(")") else literal(column)


def _sql(text: str) -> str:
    return f"sa.text({literal(text)})"


def _one_line(text: MaybeName) -> str:
    return " ".join(str(text).split())


def _flag(name: str, value: Flag) -> list[str]:
    return [] if value is False else [f"{name}={'True' if value is True else '…'}"]


def _closing(text: str) -> int:
    """Return where the parenthesis that a text begins with is closed, -2 where it begins with none or that stays open."""
    depth = 0
    for piece in _PIECE.finditer(text) if text.startswith("(") else ():
        depth += {"(": 1, ")": -1}.get(piece[0], 0)
        if depth == 0:
            return piece.start()
    return -2


def condition_parts(condition: object) -> set[str]:
    """Return what an index's condition puts together with AND; what cannot be read is like nothing else."""
    if not isinstance(condition, str):
        return set() if condition is None else {f"\0{id(condition)}"}
    parts = re.split(r"\bAND\b", condition, flags=re.IGNORECASE)
    if re.search(r"\b(OR|BETWEEN)\b", condition, re.IGNORECASE) or any(part.count("(") != part.count(")") for part in parts):
        parts = [condition]
    return {fold(re.sub(r"\s+", " ", part).strip()) for part in parts}
