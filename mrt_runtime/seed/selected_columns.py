"""The columns behind the rows that code reads from a SELECT, by their places in it."""

from __future__ import annotations

import ast
import re

from mrt_runtime.seed.syntax_nodes import list_nodes

SELECTED = re.compile(r"\bSELECT\s+(?P<columns>.+?)\s+FROM\b", re.IGNORECASE | re.DOTALL)
MOST_STEPS = 12  # from rows back to the query: variables and calls such as fetchall()


class SelectedColumns:
    """What one file selects: a query is looked for where rows are taken, and where the variable that they are taken from is set."""

    def __init__(self, tree: ast.Module) -> None:
        self._assigned = {
            target.id: node.value
            for node in list_nodes(tree)
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def of(self, rows: ast.expr) -> list[str]:
        """Return the columns of the rows that an expression returns; none where no SELECT is in sight."""
        found = find_select(rows)
        for _ in range(MOST_STEPS):
            if found is not None:
                break
            if isinstance(rows, ast.Call) and isinstance(rows.func, ast.Attribute):
                # what is executed may have a name: connection.execute(query)
                given = (self._assigned.get(one.id, one) for one in rows.args if isinstance(one, ast.Name))
                found = next(filter(None, map(find_select, given)), None)
                rows = rows.func.value
            else:
                rows = self._assigned.get(rows.id, rows) if isinstance(rows, ast.Name) else rows
            found = found or find_select(rows)
        return ["".join(re.findall(r"\w+", part)[-1:]) for part in found["columns"].split(",")] if found else []


def find_select(node: ast.expr) -> re.Match[str] | None:
    """Return the first SELECT among the texts of an expression."""
    texts = (inner.value for inner in ast.walk(node) if isinstance(inner, ast.Constant) and isinstance(inner.value, str))
    return next((found for text in texts if (found := SELECTED.search(text))), None)


def name_places(tree: ast.Module, selected: SelectedColumns) -> None:
    """Write in the tree `row["config"]` for `row[1]`, where a loop takes the row from a SELECT."""
    rows = {
        node.target.id: columns
        for node in list_nodes(tree)
        if isinstance(node, ast.For | ast.comprehension)
        and isinstance(node.target, ast.Name)
        and (columns := selected.of(node.iter))
    }
    for node in list_nodes(tree):
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and isinstance(node.slice, ast.Constant):
            columns, place = rows.get(node.value.id, []), node.slice.value
            if isinstance(place, int) and place < len(columns) and columns[place]:
                node.slice = ast.Constant(columns[place])
