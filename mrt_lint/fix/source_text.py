"""The text of one file, with places, syntax tree and the way to encode it again byte for byte.

Fixes are edits of text at places from Python's own tree, not transformations of a libcst tree: a range that no edit names
cannot change, whatever its line ends, tabs, quotes and comments are, and libcst need not be known here. What was written is read
again by `parse_migration`, whose libcst has to accept it, before it is shown or written.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from functools import cached_property
from typing import TypeVar

from mrt_lint.fix.proposed_fix import NoFix
from mrt_lint.model.values import SourceSpan

_BOM = b"\xef\xbb\xbf"
# Python's; str.splitlines() also splits at \x0b, \x0c, \x1c and more, which leave a line of source as it is
_LINE_END = re.compile(r"\r\n|\r|\n")
_Node = TypeVar("_Node", bound=ast.AST)


class SourceText:
    """A file's text. Raises NoFix if its bytes cannot be decoded and encoded again, or Python cannot parse it."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self._bom = _BOM if content.startswith(_BOM) else b""
        try:
            self._encoding = tokenize.detect_encoding(io.BytesIO(content).readline)[0].removesuffix("-sig")
            self.text = content[len(self._bom) :].decode(self._encoding)
        except (SyntaxError, UnicodeError, LookupError):
            raise NoFix("the file cannot be decoded") from None
        # cp932, for one, decodes several byte sequences to one character
        if self.encode(self.text) != content:
            raise NoFix(f"the file cannot be written back in {self._encoding}")
        ends = [found.end() for found in _LINE_END.finditer(self.text)]
        self._starts = [0, *ends]
        first = _LINE_END.search(self.text)
        self.newline = first[0] if first else "\n"

    def encode(self, text: str) -> bytes:
        """Return the bytes of a text in this file's encoding. Raises NoFix if that cannot be."""
        try:
            return self._bom + text.encode(self._encoding)
        except UnicodeError:
            raise NoFix(f"what is to be written cannot be written in {self._encoding}") from None

    @cached_property
    def tree(self) -> ast.Module:
        """Python's tree of it."""
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of strings, at which the author looks elsewhere
                return ast.parse(self.text)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            raise NoFix("this Python cannot parse the file") from None

    @cached_property
    def asks_environment(self) -> bool:
        """Whether anything in it depends on an environment variable."""
        return asks_environment(self.tree)

    @cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """The parent of each node."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @cached_property
    def _lines(self) -> list[str]:
        return _LINE_END.split(self.text)

    @cached_property
    def _calls(self) -> dict[SourceSpan, ast.Call]:
        return {self.place(node): node for node in ast.walk(self.tree) if isinstance(node, ast.Call)}

    @cached_property
    def comments(self) -> tuple[tuple[int, str], ...]:
        """Every comment with its line."""
        lines = iter(io.StringIO(self.text, newline=None).readlines())
        try:
            tokens = list(tokenize.generate_tokens(lambda: next(lines, "")))
        except (tokenize.TokenError, SyntaxError):
            raise NoFix("this Python cannot parse the file") from None
        return tuple((token.start[0], token.string) for token in tokens if token.type == tokenize.COMMENT)

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a 1-based line and a 1-based column in characters."""
        return self._starts[line - 1] + column - 1

    def line(self, number: int) -> str:
        """Return a line without its end."""
        return self._lines[number - 1]

    def end_of_line(self, number: int) -> int:
        """Return the offset of a line's end, where its line end begins."""
        return self._starts[number - 1] + len(self.line(number))

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return the offsets where a node begins and ends."""
        place = self.place(node)
        return self.offset(place.line, place.column), self.offset(place.end_line, place.end_column)

    def place(self, node: ast.AST) -> SourceSpan:
        """Return a node's place as findings and operations do: Python's columns count bytes."""
        line, end_line = getattr(node, "lineno", 1), getattr(node, "end_lineno", None) or 1
        start, end = getattr(node, "col_offset", 0), getattr(node, "end_col_offset", None) or 0
        return SourceSpan(line, self._column(line, start), end_line, self._column(end_line, end))

    def _column(self, line: int, offset: int) -> int:
        start = self._starts[line - 1]
        if self.text.isascii():
            return offset + 1
        end = self._starts[line] if line < len(self._starts) else len(self.text)
        return len(self.text[start:end].encode()[:offset].decode("utf-8", "ignore")) + 1

    def source(self, node: ast.AST) -> str:
        """Return a node as it is written."""
        start, end = self.span(node)
        return self.text[start:end]

    def call(self, place: SourceSpan | None) -> ast.Call:
        """Return the call at a place. Raises NoFix if there is none."""
        call = self._calls.get(place) if place is not None else None
        if call is None:
            raise NoFix("it is no plain call")
        return call

    def function(self, name: str) -> ast.FunctionDef:
        """Return a function of the module. Raises NoFix if there is none, or several, or it is not a plain one."""
        # two of a name, or one in a class or an `if`: which of them Alembic calls is not certain
        found = [node for node in ast.walk(self.tree) if getattr(node, "name", None) == name]
        if len(found) != 1 or not isinstance(found[0], ast.FunctionDef) or found[0] not in self.tree.body:
            raise NoFix(f"{name}() is no plain function of the file")
        return found[0]

    def enclosing(self, node: ast.AST) -> Iterator[ast.AST]:
        """Return the ancestors of a node, nearest first."""
        while node in self.parents:
            node = self.parents[node]
            yield node

    def above(self, node: ast.AST, kind: type[_Node]) -> _Node | None:
        """Return the nearest ancestor of a kind."""
        return next((outer for outer in self.enclosing(node) if isinstance(outer, kind)), None)

    def indent_of(self, statement: ast.stmt) -> str:
        """Return the indentation of a statement. Raises NoFix if it shares its line with what comes before it."""
        place = self.place(statement)
        before = self.line(place.line)[: place.column - 1]
        if before.strip():
            raise NoFix("the statement shares its line with another")
        return before


def asks_environment(node: ast.AST) -> bool:
    """Return whether code names `os.environ` or `os.getenv`."""
    return any((getattr(inner, "attr", None) or getattr(inner, "id", None)) in {"environ", "getenv"} for inner in ast.walk(node))
