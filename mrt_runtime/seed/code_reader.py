"""What a migration's Python code asks of the values in rows: what it compares them with, and what it parses them as."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from mrt_runtime.migration_file import parse_file
from mrt_runtime.seed.assigned_names import find_assigned
from mrt_runtime.seed.datetimes import Datetimes
from mrt_runtime.seed.imported_tables import find_names
from mrt_runtime.seed.imported_values import Namespace, write_out
from mrt_runtime.seed.joined_columns import Place
from mrt_runtime.seed.json_path import read_paths
from mrt_runtime.seed.json_texts import JsonPath, JsonTexts
from mrt_runtime.seed.keyed_names import find_keyed
from mrt_runtime.seed.looked_up import LookedUp
from mrt_runtime.seed.mapped_values import find_mapped
from mrt_runtime.seed.parsed_text import JSON, PARSERS, ParsedTexts, name_of
from mrt_runtime.seed.selected_columns import SelectedColumns, name_places
from mrt_runtime.seed.sql_paths import NAME, find_sql_paths
from mrt_runtime.seed.syntax_nodes import list_nodes
from mrt_runtime.seed.value_kind import Booleans, Integers, Raw, ValueKind
from mrt_runtime.seed.written_checks import find_inside

NO_NAMES: Namespace = {}
CONVERSION = re.compile(
    rf"\bCAST\s*\(\s*{NAME}\s+AS\s+(?P<type>\w+)|{NAME.replace('<name>', '<colons>')}\s*::\s*(?P<type_after>\w+)"
    rf"|\b(?P<call>to_date|to_timestamp)\s*\(\s*{NAME.replace('<name>', '<argument>')}\s*,\s*'YYYY-MM-DD",
    re.IGNORECASE,
)
"""A column that SQL converts to another type: CAST(a AS integer), a::integer, to_date(a, 'YYYY-MM-DD')."""
CONVERTED: dict[str, ValueKind] = {
    **dict.fromkeys(("int", "integer", "int4", "int8", "bigint", "signed", "unsigned"), PARSERS["int"]),
    **dict.fromkeys(("smallint", "int2"), Integers(0, 2**15 - 1)),
    **dict.fromkeys(("numeric", "decimal", "float", "double", "real"), PARSERS["Decimal"]),
    **dict.fromkeys(("date", "to_date"), Datetimes("date")),
    **dict.fromkeys(("timestamp", "timestamptz", "datetime", "to_timestamp"), Datetimes(digits=0)),
    **dict.fromkeys(("json", "jsonb"), JsonTexts()),
    **dict.fromkeys(("bool", "boolean"), Booleans()),
    "uuid": PARSERS["UUID"],
}
COMPARING = re.compile(
    "i?(startswith|endswith)|remove(prefix|suffix)|i?contains|(not_?)?in_|is_?(not)?_?|is_(not_)?distinct_from|(not_?)?i?like"
    "|regexp_match|between|match|fullmatch|r?find|r?index|count|r?partition|replace|[lr]?strip"
)
"""Methods that compare a text with their argument; those of a dictionary, such as get(), name a key."""
MOST_VALUES, MOST_TEXTS = 12, 40
PAIR = 2
QUERIES = re.compile(rb"\bselect\b|\.query\(", re.IGNORECASE)
CHOOSES = re.compile(rb"\.(?:where|filter|filter_by|get|get_one|in_)\(")
STATEMENT = re.compile(r"\b(?:UPDATE|DELETE|SELECT|INSERT)\b", re.IGNORECASE)


@dataclass(slots=True)
class CodeReading:
    """What one file says: its SQL texts, `parsed` names with the kind, and `compared` names with constants.

    `words` are all words of the file: a table that is not among them is not meant. `keys` are the paths that are read of JSON
    documents, each with a name that may be the document's column. `given` are the names that dictionaries map to a text,
    `looked_up` the columns whose values are looked up in a column of another table, `assigned` names that are given a
    constant, `keyed` those of which a key is made that is looked for among others.
    `numbered` are columns with numbers that code asks for, "" for the key; `file` is where all of it is.
    """

    words: frozenset[str] = frozenset()
    statements: list[str] = field(default_factory=list)
    parsed: list[tuple[str, ValueKind]] = field(default_factory=list)
    compared: list[tuple[str, Raw]] = field(default_factory=list)
    keys: list[tuple[str, JsonPath]] = field(default_factory=list)
    given: list[tuple[str, str]] = field(default_factory=list)
    looked_up: list[tuple[Place, Place]] = field(default_factory=list)
    assigned: list[tuple[str, Raw]] = field(default_factory=list)
    keyed: list[frozenset[str]] = field(default_factory=list)
    numbered: list[tuple[Place, int]] = field(default_factory=list)
    file: str = ""

    @property
    def asks(self) -> bool:
        """Whether it may ask for rows that are not there."""
        return any((self.statements, self.compared, self.assigned, self.keyed, self.numbered))

    def read_text(self, node: ast.Constant | ast.JoinedStr, aliases: dict[str, str], constants: dict[str, ast.expr]) -> None:
        """Add what a string literal says that may be SQL."""
        for sql in spell(node, constants):
            self.statements.append(sql)
            self.parsed += [(aliases.get(name, name), kind) for name, kind in find_conversions(sql)]
            self.keys += find_sql_paths(sql)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.parsed += find_mapped(node.value)
            if not STATEMENT.search(node.value):  # the expression of an index, or a condition
                self.keys += find_sql_paths(node.value)

    def read_queries(self, source: bytes, tree: ast.Module, constants: dict[str, ast.expr]) -> None:
        """Add which columns are looked up in others, and by which numbers rows are."""
        if QUERIES.search(source) or CHOOSES.search(source):
            found = LookedUp(tree)
            self.looked_up = list(found.find()) if QUERIES.search(source) else []
            self.numbered = list(found.find_numbers(constants))


def read_code(file: str, namespace: Namespace = NO_NAMES, left_out: str = "downgrade") -> CodeReading:
    """Return what a migration's code says, that of its downgrade() left out; nothing where the file cannot be read.

    namespace: what the names in it stand for, once it is imported. left_out: the function that is left out.
    """
    parsed = parse_file(file)
    if parsed is None:
        return CodeReading()
    source, tree = parsed
    # What a downgrade asks for is written by the upgrade before it: such rows would be in its way.
    tree.body = [node for node in tree.body if getattr(node, "name", None) != left_out]
    tree = write_out(tree, namespace)
    imported = find_names(tree) if tree is not parsed[1] else ()
    reading = CodeReading(frozenset((*re.findall(r"\w+", source.decode(errors="replace")), *imported)), file=file)
    selected = SelectedColumns(tree)
    name_places(tree, selected)
    aliases = dict(find_aliases(tree, selected))
    constants = dict(find_constants(tree))
    texts = ParsedTexts(tree, constants)
    reading.read_queries(source, tree, constants)
    reading.keyed = list(dict.fromkeys(find_keyed(tree)))
    reading.keys = [(aliases.get(name, name), path) for name, path in dict.fromkeys(read_paths(tree))]
    inside = find_inside(list_nodes(tree))
    for node in (node for node in list_nodes(tree) if id(node) not in inside):
        for text, kind in texts.read(node):
            reading.parsed += [(aliases.get(name, name), kind) for name in names_read(text)]
        if isinstance(node, ast.Constant | ast.JoinedStr):
            reading.read_text(node, aliases, constants)
        for name, value in find_assigned(node):
            is_plain = isinstance(value, ast.Constant | ast.Name)
            reading.assigned += [(name, constant) for constant in constants_in(value, constants) if is_plain]
        if isinstance(node, ast.Call):
            reading.statements += bind(node, constants)
        elif isinstance(node, ast.Dict):
            reading.given += find_given(node)
        for side, others in find_compared(node):
            reading.compared += relate(side, others, aliases, constants)
    return reading


def find_compared(node: ast.AST) -> list[tuple[ast.expr, list[ast.expr]]]:
    """Return what a node of code compares, each with what it is compared with; else nothing.

    `a == "b"`, `a.startswith("b")`, `func.replace(a, "b", "c")`, `filter_by(a="b")`.
    """
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        return [(side, [other for other in sides if other is not side]) for side in sides]
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return []
    if node.func.attr == "filter_by":
        return [(ast.Name(word.arg), [word.value]) for word in node.keywords if word.arg]
    if name_of(node.func.value) == "func":
        return [(node.args[0], node.args[1:])] if node.args else []
    return [(node.func.value, node.args)] if COMPARING.fullmatch(node.func.attr) else []


def find_given(node: ast.Dict) -> Iterator[tuple[str, str]]:
    """Yield each name with the text that a dictionary maps it to: a row of op.bulk_insert()."""
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield str(key.value), value.value


def spell(node: ast.AST, known: dict[str, ast.expr]) -> Iterator[str]:
    """Yield the SQL texts that a string literal may be, an f-string with each constant that its variables may have."""
    texts = [""]
    for piece in node.values if isinstance(node, ast.JoinedStr) else (node,):
        part = piece.value if isinstance(piece, ast.FormattedValue) else piece
        values = list(constants_in(part, known))[:MOST_VALUES] if isinstance(part, ast.Name | ast.Constant) else []
        texts = [text + str(value) for text in texts for value in values][:MOST_TEXTS]
    yield from (text for text in texts if STATEMENT.search(text))


def bind(call: ast.Call, known: dict[str, ast.expr]) -> Iterator[str]:
    """Yield the SQL texts in a call with each of its parameters' constants: `execute("… = :kind", {"kind": "a"})`, bindparams()."""
    named = [(word.arg, word.value) for word in call.keywords if word.arg]
    for given in (inner for arg in call.args for inner in ast.walk(arg) if isinstance(inner, ast.Dict)):
        entries = zip(given.keys, given.values, strict=True)
        named += [(str(key.value), value) for key, value in entries if isinstance(key, ast.Constant)]
    for sql in (sql for node in ast.walk(call) if isinstance(node, ast.Constant | ast.JoinedStr) for sql in spell(node, known)):
        texts = [sql]
        for name, expression in named:
            parameter = re.compile(rf"(?<!:):{re.escape(name)}\b")
            if isinstance(expression, ast.Name | ast.Constant) and parameter.search(sql):
                values = list(constants_in(expression, known))[:MOST_VALUES]
                texts = [quote(value).join(parameter.split(text)) for text in texts for value in values or (None,)][:MOST_TEXTS]
        yield from (text for text in texts if text != sql)


def quote(value: Raw | None) -> str:
    """Write a constant as SQL; None stands for a parameter whose value cannot be read."""
    return "NULL" if value is None else str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def find_conversions(sql: str) -> Iterator[tuple[str, ValueKind]]:
    """Yield the columns that a statement converts, each with the kind that its texts have to be of."""
    for found in CONVERSION.finditer(sql):
        name = found["name"] or found["colons"] or found["argument"]
        kind = CONVERTED.get((found["type"] or found["type_after"] or found["call"]).lower())
        if kind is not None:
            yield name, kind
    yield from ((name, JsonTexts()) for name, _ in find_sql_paths(sql))


def relate(
    side: ast.expr, others: list[ast.expr], aliases: dict[str, str], constants: dict[str, ast.expr]
) -> Iterator[tuple[str, Raw]]:
    """Yield each name in an expression with each constant in those that it is compared with."""
    names = [aliases.get(name, name) for name in names_in(side)]
    found = [value for other in others for value in constants_in(other, constants)]
    return ((name, value) for name in names for value in found)


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield the variables, attributes and string subscripts of an expression: any may be the name of a column."""
    for inner in ast.walk(node):
        if isinstance(inner, ast.Name | ast.Attribute):
            yield name_of(inner)
        elif isinstance(inner, ast.Subscript) and isinstance(inner.slice, ast.Constant) and isinstance(inner.slice.value, str):
            yield inner.slice.value


def names_read(node: ast.expr) -> Iterator[str]:
    """Yield the names in an expression that may be those of what is read; where it is a part of a document, the key alone."""
    key = node.slice if isinstance(node, ast.Subscript) else None
    if isinstance(node, ast.Call) and name_of(node.func) == "get" and node.args:
        key = node.args[0]
    if isinstance(key, ast.Constant) and isinstance(key.value, str):
        yield key.value
    elif isinstance(node, ast.Name | ast.Attribute):
        yield from names_in(node)
    elif not (isinstance(node, ast.Call) and PARSERS.get(name_of(node.func)) is JSON):
        for inner in ast.iter_child_nodes(node):
            yield from names_read(inner) if isinstance(inner, ast.expr) else ()


def constants_in(node: ast.expr, known: dict[str, ast.expr]) -> Iterator[Raw]:
    """Yield the constants of an expression; a variable of the file's has the value that it was given."""
    if isinstance(node, ast.Call) and name_of(node.func) == "bindparam":
        return  # the name of a parameter
    for inner in ast.walk(known.get(node.id, node) if isinstance(node, ast.Name) else node):
        if isinstance(inner, ast.Constant) and isinstance(inner.value, str | int) and inner.value != "":
            yield inner.value


def find_constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield the names that the file assigns once, at its top or in a function, and those of loops over such a value."""
    assigned: dict[str, ast.expr] = {}
    for node in list_nodes(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant | ast.List | ast.Tuple | ast.Set | ast.Dict):
            assigned |= {target.id: node.value for target in node.targets if isinstance(target, ast.Name)}
    yield from assigned.items()
    for node in list_nodes(tree):
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            values = assigned.get(node.iter.id) if isinstance(node.iter, ast.Name) else node.iter
            if isinstance(values, ast.List | ast.Tuple | ast.Set):
                yield node.target.id, values
        elif isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Tuple):
            for place, name in enumerate(node.target.elts):
                given = ast.List(list(_at(place, node.iter, assigned)))
                if isinstance(name, ast.Name) and given.elts:
                    yield name.id, given


def _at(place: int, looped: ast.expr, assigned: dict[str, ast.expr]) -> Iterator[ast.expr]:
    """Yield what a loop's variable at that place is given: of pairs, or of the entries of a dictionary."""
    is_entries = isinstance(looped, ast.Call) and name_of(looped.func) == "items" and isinstance(looped.func, ast.Attribute)
    looped = looped.func.value if is_entries and isinstance(looped, ast.Call) and isinstance(looped.func, ast.Attribute) else looped
    values = assigned.get(looped.id) if isinstance(looped, ast.Name) else looped
    if isinstance(values, ast.Dict) and is_entries and place < PAIR:
        yield from filter(None, (values.keys, values.values)[place])
    elif isinstance(values, ast.List | ast.Tuple | ast.Set):
        rows = (row for row in values.elts if isinstance(row, ast.Tuple | ast.List) and len(row.elts) > place)
        yield from (row.elts[place] for row in rows)


def find_aliases(tree: ast.Module, selected: SelectedColumns) -> Iterator[tuple[str, str]]:
    """Yield each variable that a loop fills from a SELECT, with the column at its place; and one that is given an attribute.

    A column's new name means the one that it had: rows are made before it is renamed.
    """
    for node in list_nodes(tree):
        if isinstance(node, ast.Call) and name_of(node.func) == "alter_column":
            named = [arg.value for arg in node.args if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
            new = next((word.value for word in node.keywords if word.arg == "new_column_name"), None)
            if named and isinstance(new, ast.Constant) and isinstance(new.value, str):
                yield new.value, named[-1]
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Tuple):
            columns = selected.of(node.iter)
            yield from ((to.id, of) for to, of in zip(node.target.elts, columns, strict=False) if isinstance(to, ast.Name) and of)
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            value = node.value
            if isinstance(value, ast.Attribute):
                yield node.targets[0].id, value.attr
            elif isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Constant) and isinstance(value.slice.value, str):
                yield node.targets[0].id, value.slice.value
