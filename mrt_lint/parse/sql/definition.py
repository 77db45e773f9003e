"""The parts of a table definition: columns and constraints, the same in CREATE TABLE and ALTER TABLE."""

from __future__ import annotations

from dataclasses import replace

from mrt_lint.model.values import Column, Constraint, MaybeName, Name
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.sqltype import COLUMN_WORDS, read_type

_KINDS = {"PRIMARY KEY": "primary", "UNIQUE": "unique", "CHECK": "check", "FOREIGN KEY": "foreignkey", "EXCLUDE": "exclude"}
_FLAGS: dict[str, dict[str, bool]] = {
    "NOT NULL": {"nullable": False},
    "NULL": {"nullable": True},
    "AUTO_INCREMENT": {"autoincrement": True},
    "AUTOINCREMENT": {"autoincrement": True},
}
_ACTIONS = ("SET NULL", "SET DEFAULT", "NO ACTION", "CASCADE", "RESTRICT")


def opens_constraint(cursor: TokenCursor) -> bool:
    """Return whether a table constraint comes next rather than a column of that name."""
    if cursor.at("CONSTRAINT"):
        return True
    if cursor.at("CHECK"):
        return cursor.peek(1).key == "("
    if cursor.at("UNIQUE") or cursor.at("EXCLUDE"):
        return (
            cursor.peek(1).key in {"(", "USING", "KEY", "INDEX", "NULLS", "CLUSTERED", "NONCLUSTERED"} or cursor.peek(2).key == "("
        )
    return cursor.at("PRIMARY KEY") or cursor.at("FOREIGN KEY")


def read_constraint(cursor: TokenCursor) -> Constraint | None:
    """Step over a table constraint, its name included; None if it is of no kind that is known."""
    name: MaybeName = None
    if cursor.accept("CONSTRAINT") and not any(cursor.at(kind) for kind in _KINDS):
        name = cursor.name()
    found = cursor.accept(*_KINDS)
    if not found:
        return None
    kind = _KINDS[found]
    if kind == "check":
        return _finish(cursor, Constraint(kind=kind, name=name, condition=cursor.inside().text()))
    cursor.accept("CLUSTERED", "NONCLUSTERED")
    if cursor.accept("USING INDEX"):
        return _finish(cursor, Constraint(kind=kind, name=name, using_index=cursor.name()))
    if kind == "exclude" and cursor.accept("USING"):
        cursor.take()
    is_strict = cursor.accept("KEY", "INDEX", "NULLS NOT DISTINCT", "NULLS DISTINCT") == "NULLS NOT DISTINCT"
    if cursor.key != "(" and not cursor.done:  # MySQL names the index here
        index = cursor.name()
        name = index if name is None else name
    made = Constraint(kind=kind, name=name, columns=cursor.names(), nulls_not_distinct=is_strict)
    return _finish(cursor, _reference(cursor, made) if kind == "foreignkey" else made)


def read_column(cursor: TokenCursor) -> Column:
    """Step over a column definition: its name, its type and its constraints."""
    name = cursor.name()
    type_, serial = read_type(cursor)
    column = Column(name=name, type=type_, autoincrement=True if serial else "auto")
    constraint: MaybeName = None
    while not cursor.done and cursor.key != ",":
        if cursor.accept("CONSTRAINT"):
            constraint = cursor.name()
            continue
        column, constraint = _attribute(cursor, column, constraint), None
    return column


def default_text(cursor: TokenCursor) -> MaybeName:
    """Step over the expression of a DEFAULT; its text without parentheses around the whole of it, None for NULL."""
    start = cursor.position
    cursor.skip()
    while not cursor.done and cursor.key != "," and not (cursor.token.kind == "word" and cursor.key in COLUMN_WORDS):
        cursor.skip()
    found = TokenCursor(cursor.statement, cursor.dialect, start, min(cursor.position, cursor.stop))
    text = (found.inside() if found.closing() == found.stop - 1 and found.key == "(" else found).text()
    return None if isinstance(text, str) and text.upper() == "NULL" else text


def _attribute(cursor: TokenCursor, column: Column, name: MaybeName) -> Column:
    """Step over one column constraint (or over one token that is none) and return the column with it."""
    if flag := cursor.accept(*_FLAGS):
        return replace(column, **_FLAGS[flag])  # type: ignore[arg-type]  # fields of Column
    if cursor.accept("DEFAULT"):
        return replace(column, server_default=default_text(cursor))
    # MySQL: "PRIMARY KEY can also be specified as just KEY when given in a column definition" (CREATE TABLE)
    if cursor.accept("PRIMARY KEY", "KEY"):
        return replace(column, primary_key=True, constraints=_named(column, "primary", name))
    if cursor.accept("UNIQUE"):
        cursor.accept("KEY")
        return replace(column, unique=True, constraints=_named(column, "unique", name))
    if cursor.at("IDENTITY") or cursor.at("GENERATED") or cursor.at("AS"):
        return _generated(cursor, column)
    if cursor.accept("CHECK"):
        made = Constraint(kind="check", name=name, condition=cursor.inside().text())
        return replace(column, constraints=(*column.constraints, _finish(cursor, made)))
    if cursor.at("REFERENCES"):
        made = _reference(cursor, Constraint(kind="foreignkey", name=name))
        return replace(column, constraints=(*column.constraints, _finish(cursor, made)))
    if cursor.accept("COMMENT"):
        return replace(column, comment=cursor.take().text)
    # MySQL: ON UPDATE CURRENT_TIMESTAMP
    if cursor.accept("ON UPDATE"):
        cursor.skip()
    cursor.skip()
    return column


def _named(column: Column, kind: str, name: MaybeName) -> tuple[Constraint, ...]:
    """Turn the flag of a column into a constraint where it has a name, by which it can be dropped."""
    if name is None:
        return column.constraints
    return (*column.constraints, Constraint(kind=kind, name=name))


def _generated(cursor: TokenCursor, column: Column) -> Column:
    # SQL Server's, without GENERATED
    if cursor.accept("IDENTITY"):
        cursor.inside()
        return replace(column, identity=True)
    always = cursor.accept("GENERATED ALWAYS") != ""
    cursor.accept("GENERATED BY DEFAULT ON NULL", "GENERATED BY DEFAULT", "GENERATED")
    cursor.accept("AS")
    if cursor.accept("IDENTITY"):
        cursor.inside()
        return replace(column, identity=True, identity_always=always)
    body = cursor.inside()
    stored = cursor.accept("STORED", "PERSISTED", "VIRTUAL")
    return replace(column, computed=body.text(), persisted=stored in {"STORED", "PERSISTED"} if stored else None)


def _reference(cursor: TokenCursor, made: Constraint) -> Constraint:
    if not cursor.accept("REFERENCES"):
        return made
    schema, table = cursor.path()
    columns: tuple[Name, ...] = cursor.names()
    ondelete = onupdate = None
    while True:
        if cursor.accept("ON DELETE"):
            ondelete = _action(cursor)
        elif cursor.accept("ON UPDATE"):
            onupdate = _action(cursor)
        elif cursor.accept("MATCH"):
            cursor.take()
        else:
            break
    return replace(
        made, referred_table=table, referred_schema=schema, referred_columns=columns, ondelete=ondelete, onupdate=onupdate
    )


def _action(cursor: TokenCursor) -> str:
    action = cursor.accept(*_ACTIONS)
    cursor.inside()
    return action


def _finish(cursor: TokenCursor, made: Constraint) -> Constraint:
    """Step over what may follow any constraint."""
    while True:
        if cursor.accept("NOT VALID"):
            made = replace(made, not_valid=True)
        elif cursor.accept("INCLUDE"):
            cursor.inside()
            made = replace(made, included=True)
        elif cursor.accept("NOT DEFERRABLE"):
            made = replace(made, deferrable=False)
        elif cursor.accept("DEFERRABLE"):
            made = replace(made, deferrable=True)
        elif cursor.accept("INITIALLY"):
            made = replace(made, initially=cursor.take().key)
        elif cursor.at("NO INHERIT") or cursor.at("NOT ENFORCED"):
            cursor.position += 2
        elif not cursor.accept("ENFORCED", "ENABLE", "VALIDATE"):
            return made
