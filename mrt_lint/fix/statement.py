"""One statement of upgrade() or downgrade() that is a plain call, and the ways in which it can be rewritten."""

from __future__ import annotations

import ast
import re

from mrt_lint.fix.imported_names import imports
from mrt_lint.fix.layout import CallCode, lay_out
from mrt_lint.fix.proposed_fix import NoFix, TextEdit
from mrt_lint.fix.source_text import SourceText
from mrt_lint.model.lean import dataclass
from mrt_lint.model.values import SourceSpan


@dataclass(frozen=True, slots=True, kw_only=True)
class CallStatement:
    """A call that is a statement of its own, in a function's body or under its guards; `op` is the name of Alembic's module."""

    text: SourceText
    call: ast.Call
    node: ast.Expr
    function: ast.FunctionDef
    op: str

    @classmethod
    def at(cls, text: SourceText, place: SourceSpan | None) -> CallStatement:
        """Find the statement at a place. Raises NoFix if it is anything but `op.name(…)` on lines of its own."""
        call = text.call(place)
        node = text.parents[call]
        if not isinstance(node, ast.Expr):
            raise NoFix("it is part of a larger expression")
        function = next((outer for outer in text.enclosing(node) if isinstance(outer, ast.FunctionDef)), None)
        if function is None or function.name not in {"upgrade", "downgrade"} or function not in text.tree.body:
            raise NoFix("it is in a function of its own, which others may call")
        text.indent_of(node)
        parts = ast.unparse(call.func).rpartition(".")
        bound = dict(imports(text.tree))
        if any(_binds(outer, parts[0]) for outer in text.enclosing(node)):
            raise NoFix("it is in a batch, which does its work at its end")
        if bound.get(parts[0]) != "alembic.op":
            raise NoFix("it is no call of Alembic's op")
        return cls(text=text, call=call, node=node, function=function, op=parts[0])

    @property
    def indent(self) -> str:
        """The indentation of the statement."""
        return self.text.indent_of(self.node)

    @property
    def unit(self) -> str:
        """What one more level of indentation is in this function."""
        return unit_of(self.text, self.function)

    def with_keyword(self, name: str, value: str, *, deeper: bool) -> str:
        """Return the call with a keyword set, as it is written one level deeper or where it is."""
        given = next((keyword for keyword in self.call.keywords if keyword.arg == name), None)
        indent = self.indent + (self.unit if deeper else "")
        if given is not None:
            start, end = self.text.span(given.value)
            return self._changed(TextEdit(start, end, value), indent)
        # on one line the call may become too long, and is laid out as formatters would
        if self.call.lineno == self.call.end_lineno or self._is_one_inner_line():
            return self._laid_out(indent, name, value)
        last = max((*self.call.args, *(keyword.value for keyword in self.call.keywords)), key=lambda node: self.text.span(node)[1])
        end = self.text.span(last)[1]
        behind = self.text.text[end : self.text.span(self.call)[1]]
        first = self.call.args[0] if self.call.args else self.call.keywords[0]
        # an argument a line, each with its indent and perhaps a comment: so is the new one
        own_lines = self.text.place(first).line != self.call.lineno and re.match(r",?[ \t]*(#.*)?(\r|\n)", behind)
        line = self.text.line(self.text.place(first).line)
        separator = f",\n{line[: len(line) - len(line.lstrip())]}" if own_lines else ", "
        return self._changed(TextEdit(end, end, f"{separator}{name}={value}"), indent)

    def moved(self, *, deeper: bool) -> str:
        """Return the call as it is, written one level deeper or where it is."""
        return self._changed(TextEdit(*self.text.span(self.call)[:1] * 2, ""), self.indent + (self.unit if deeper else ""))

    def _is_one_inner_line(self) -> bool:
        """Return whether all arguments are on one line of their own, as formatters write them; with one more they may not fit."""
        nodes = [*self.call.args, *(keyword.value for keyword in self.call.keywords)]
        lines = {line for node in nodes for line in (node.lineno, node.end_lineno)}
        shape = (self.call.lineno, self.call.lineno + 2)
        commented = any(shape[0] <= line <= shape[1] for line, _ in self.text.comments)
        return lines == {self.call.lineno + 1} and self.call.end_lineno == shape[1] and not commented

    def _laid_out(self, indent: str, name: str, value: str) -> str:
        arguments = [("", self.text.source(argument)) for argument in self.call.args]
        arguments += [
            (keyword.arg or "", ("" if keyword.arg else "**") + self.text.source(keyword.value)) for keyword in self.call.keywords
        ]
        function = self.text.source(self.call.func)
        wide = len(indent.expandtabs())
        return lay_out(CallCode(function, (*arguments, (name, value))), indent, self.unit, wide, 0)

    def _changed(self, edit: TextEdit, indent: str) -> str:
        """Return the call's text with one edit, its further lines indented as the first."""
        start, end = self.text.span(self.call)
        code = self.text.text[start : edit.start] + edit.text + self.text.text[edit.end : end]
        lines = re.split(r"\r\n|\r|\n", code)
        added = indent[len(self.indent) :]
        # indenting the lines of a string would change its text
        if added and len(lines) > 1:
            self._has_plain_lines()
        return "\n".join([lines[0], *(f"{added}{line}" if line.strip() else line for line in lines[1:])])

    def _has_plain_lines(self) -> None:
        """Raise NoFix if a string spans several lines, whose indentation must not change."""
        for node in ast.walk(self.call):
            if isinstance(node, ast.Constant | ast.JoinedStr) and node.lineno != node.end_lineno:
                raise NoFix("a string in it runs over several lines")

    def replaced(self, code: str) -> TextEdit:
        """Replace the call in place."""
        return TextEdit(*self.text.span(self.call), code)

    def in_autocommit_block(self, code: str) -> TextEdit:
        """Replace the call by one in an autocommit block: the one that ends just above, that begins just below, or a new one."""
        place = self.text.place(self.node)
        start = self.text.offset(place.line, 1)
        end = self.text.span(self.node)[1]
        opening = f"with {self.op}.get_context().autocommit_block():"
        above, below = self._neighbours()
        if below is not None and below.lineno == place.end_line:
            raise NoFix("another statement is on its line")
        if self._is_block(above, opening) and getattr(above, "end_lineno", 0) == place.line - 1:
            return TextEdit(start, end, f"{self.indent}{self.unit}{code}")
        if self._is_block(below, opening) and below is not None and below.lineno == place.end_line + 1:
            rest = self.text.text[end : self.text.end_of_line(place.end_line)]
            end = self.text.end_of_line(below.lineno)
            return TextEdit(start, end, f"{self.indent}{opening}\n{self.indent}{self.unit}{code}{rest}")
        return TextEdit(start, end, f"{self.indent}{opening}\n{self.indent}{self.unit}{code}")

    def _neighbours(self) -> tuple[ast.stmt | None, ast.stmt | None]:
        """Return the statements above and below in the same suite."""
        suite = next(body for body in bodies(self.text.parents[self.node]) if self.node in body)
        at = suite.index(self.node)
        return suite[at - 1] if at else None, suite[at + 1] if at + 1 < len(suite) else None

    def _is_block(self, node: ast.stmt | None, opening: str) -> bool:
        return isinstance(node, ast.With) and self.text.line(node.lineno).strip() == opening


def _binds(node: ast.AST, name: str) -> bool:
    """Return whether a block binds a name, as `with op.batch_alter_table(…) as batch` does."""
    items = node.items if isinstance(node, ast.With) else []
    return any(isinstance(item.optional_vars, ast.Name) and item.optional_vars.id == name for item in items)


def bodies(node: ast.AST) -> list[list[ast.stmt]]:
    """Return the suites of a compound statement."""
    return [body for name in ("body", "orelse", "finalbody") if isinstance(body := getattr(node, name, None), list)]


def unit_of(text: SourceText, function: ast.FunctionDef) -> str:
    """Return the indentation of a function's body; four spaces where it has none to show."""
    place = text.place(function.body[0])
    if place.line == function.lineno:
        return "    "
    return text.line(place.line)[: place.column - 1]
