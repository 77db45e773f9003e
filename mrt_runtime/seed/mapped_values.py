"""What a CASE without ELSE knows: every other value becomes NULL there, so an application writes these."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from mrt_runtime.seed.value_kind import Choices

WITHOUT_ELSE = re.compile(
    r"\bCASE\b(?P<inside>(?:(?!\bCASE\b|\bEND\b|\bELSE\b).)*)(?:\bELSE\s+NULL\s*)?\bEND\b", re.IGNORECASE | re.DOTALL
)
COLUMN = r"(?:\w+\.)?[\"`]?(?P<name>\w+)[\"`]?(?:::\w+)?"
LITERAL = r"(?:'(?:[^']|'')*'|-?\d+\b)"
OF_ONE = re.compile(rf"\s*{COLUMN}\s+WHEN\b", re.IGNORECASE)
VALUE = re.compile(rf"\bWHEN\s+({LITERAL})", re.IGNORECASE)
CONDITION = re.compile(r"\bWHEN\s+(.*?)\s+THEN\b", re.IGNORECASE | re.DOTALL)
EQUALS = re.compile(rf"\(?\s*{COLUMN}\s*(?:=\s*(?P<value>{LITERAL})|IN\s*\((?P<values>[^()]*)\)|IS\s+NULL)", re.IGNORECASE)
FEWEST = 2  # values of a mapping


def find_mapped(sql: str) -> Iterator[tuple[str, Choices]]:
    """Yield each column that SQL maps by a CASE without ELSE, with the values that it knows."""
    for case in WITHOUT_ELSE.finditer(sql):
        inside = case["inside"]
        column = OF_ONE.match(inside)
        if column is not None and column["name"].upper() != "WHEN":
            names, texts = {column["name"]}, VALUE.findall(inside)
        else:
            found = [EQUALS.match(condition) for condition in CONDITION.findall(inside)]
            names = {one["name"] if one is not None else "" for one in found}
            texts = [text for one in found if one is not None for text in re.findall(LITERAL, one["value"] or one["values"] or "")]
        kind = choose(text[1:-1].replace("''", "'") if text.startswith("'") else int(text) for text in texts)
        if kind is not None and len(kind.typical) >= FEWEST and len(names) == 1 and "" not in names:
            yield names.pop(), kind


def read_case(call: ast.Call) -> Iterator[tuple[ast.expr, Choices]]:
    """Yield the column that SQLAlchemy's case() without `else_` maps, with the values that it knows."""
    words = {word.arg: word.value for word in call.keywords}
    branches = [branch for branch in call.args if isinstance(branch, ast.Tuple)]
    pairs: list[tuple[ast.expr, ast.expr]] = []
    if "value" in words and call.args and isinstance(call.args[0], ast.Dict):
        pairs = [(words["value"], key) for key in call.args[0].keys if key is not None]
    for asked in (branch.elts[0] for branch in branches if branch.elts):
        if isinstance(asked, ast.Compare) and isinstance(asked.ops[0], ast.Eq):
            pairs.append((asked.left, asked.comparators[0]))
    constants = [key.value for _, key in pairs if isinstance(key, ast.Constant) and isinstance(key.value, str | int)]
    kind = choose(constants)
    is_whole = len(constants) == max(len(pairs), len(branches)) and len({ast.dump(column) for column, _ in pairs}) == 1
    if "else_" not in words and is_whole and kind is not None and len(kind.typical) >= FEWEST:
        yield pairs[0][0], kind


def choose(values: Iterable[str | int]) -> Choices | None:
    """Return the kind of a value that has to be one of these; None where there are none, or texts beside numbers."""
    found = tuple(dict.fromkeys(values))
    return Choices(found) if found and len(set(map(type, found))) == 1 else None
