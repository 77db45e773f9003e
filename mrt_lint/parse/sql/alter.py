"""ALTER TABLE: one operation for each of its actions, whichever database's way of writing it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mrt_lint.model import ops
from mrt_lint.model.dialects import FAMILY
from mrt_lint.model.ops import AlterColumn, AlterObject, DropConstraint, Op
from mrt_lint.model.values import UNKNOWN, UNSET, Column, MaybeName, Name
from mrt_lint.parse.sql.clause import CLAUSES, read_clauses
from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.definition import default_text, opens_constraint, read_column, read_constraint
from mrt_lint.parse.sql.sqltype import read_type
from mrt_lint.parse.sql.table import opens_index, read_index

_CONSTRAINTS: dict[str, type[ops.CreateConstraint]] = {
    "primary": ops.CreatePrimaryKey,
    "unique": ops.CreateUniqueConstraint,
    "check": ops.CreateCheckConstraint,
    "foreignkey": ops.CreateForeignKey,
    "exclude": ops.CreateExcludeConstraint,
}
_SETTINGS: dict[str, dict[str, object]] = {
    "DROP DEFAULT": {"server_default": None},
    "SET NOT NULL": {"nullable": False},
    "DROP NOT NULL": {"nullable": True},
    "ADD GENERATED": {"identity": True},
    "DROP IDENTITY": {"identity": False},
}
# SQL Server and Oracle write the verb once for a list: ADD a INT, b INT
_VERB_ONCE = frozenset({"mssql", "oracle"})
_ACTIONS = frozenset({"ADD", "DROP", "ALTER", "MODIFY", "CHANGE", "RENAME", "SET", "VALIDATE"})


def read_alter_table(cursor: TokenCursor) -> Iterator[Op]:
    """Read what follows ALTER TABLE; an action that has no operation of its own is an `AlterObject` of kind "table"."""
    cursor.accept("IF EXISTS")
    cursor.accept("ONLY")
    if cursor.at("ALL IN"):
        yield AlterObject(kind="table", name=UNKNOWN, action=cursor.capitals())
        return
    schema, table = cursor.path()
    # PostgreSQL's `name *` takes what inherits from the table along, which it does without the star, too
    cursor.accept("*")
    # SQL Server: whether the rows are checked comes before the action, and CHECK there switches a constraint on
    if cursor.accept("WITH CHECK", "WITH NOCHECK") and cursor.at("CHECK CONSTRAINT"):
        cursor.position += 1
    alter = _AlterTableReader(table, schema, cursor.dialect)
    read = list(_actions(cursor, alter))
    if cursor.dialect in FAMILY:  # which drop keys before anything else, wherever in the statement that is written
        read.sort(key=lambda op: not isinstance(op, ops.DropIndex | DropConstraint))
    clauses = read_clauses(TokenCursor(cursor.statement, cursor.dialect))
    for place, op in enumerate(read):
        yield replace(op, joined=place > 0, **clauses)


def _actions(cursor: TokenCursor, alter: _AlterTableReader) -> Iterator[Op]:
    verb = ""
    for action in cursor.items():
        if action.key in CLAUSES:
            continue
        if action.key in _ACTIONS or not verb:
            verb = action.key
        elif verb in {"ADD", "DROP"} and cursor.dialect in _VERB_ONCE:
            yield from alter.add(action) if verb == "ADD" else alter.drop(action)
            continue
        yield from alter.read(action)
    if not verb and cursor.done:
        yield AlterObject(kind="table", name=alter.table, schema=alter.schema)


class _AlterTableReader:
    """Reads the actions on one table."""

    def __init__(self, table: Name, schema: MaybeName, dialect: str | None) -> None:
        self.table = table
        self.schema = schema
        self.dialect = dialect

    def read(self, cursor: TokenCursor) -> Iterator[Op]:
        """Read one action, its verb included."""
        start = cursor.position
        read = {
            "ADD": self.add,
            "DROP": self.drop,
            "ALTER": self.alter,
            "MODIFY": self.modify,
            "CHANGE": self.change,
            "RENAME": self.rename,
            "VALIDATE": self.validate,
            "AUTO_INCREMENT": self.restart,
            "COMMENT": self.comment,
        }.get(cursor.take().key)
        found = tuple(read(cursor)) if read else ()
        if not found:
            cursor.position = start
            found = (AlterObject(kind="table", name=self.table, schema=self.schema, action=cursor.capitals()),)
        yield from found

    def add(self, cursor: TokenCursor) -> Iterator[Op]:
        """Read ADD [COLUMN], a constraint or an index."""
        column = cursor.accept("COLUMN")
        if not column and opens_constraint(cursor):
            yield from self.add_constraint(cursor)
            return
        if not column and (kind := opens_index(cursor)):
            cursor.accept("IF NOT EXISTS")
            yield read_index(cursor, self.table, self.schema, kind)
            return
        if not column and cursor.at("PARTITION"):
            return
        if_not_exists = cursor.accept("IF NOT EXISTS") != ""
        for item in cursor.group() if cursor.key == "(" else (cursor,):
            if opens_constraint(item):
                yield from self.add_constraint(item)
            else:
                made = read_column(item)
                yield ops.AddColumn(
                    table=self.table, schema=self.schema, column=made.name, definition=made, if_not_exists=if_not_exists
                )

    def add_constraint(self, cursor: TokenCursor) -> Iterator[Op]:
        """Read a table constraint; UNIQUE INDEX is an index, and SQL Server's DEFAULT … FOR is a column's default."""
        unnamed = cursor.accept("UNIQUE INDEX", "UNIQUE KEY")
        if unnamed:
            yield read_index(cursor, self.table, self.schema, "UNIQUE", unique=True)
            return
        made = read_constraint(cursor)
        if made:
            yield _CONSTRAINTS[made.kind](table=self.table, schema=self.schema, definition=made)
        elif cursor.accept("DEFAULT"):
            default = cursor.until("FOR").text()
            cursor.accept("FOR")
            yield AlterColumn(table=self.table, schema=self.schema, column=cursor.name(), server_default=default)

    def drop(self, cursor: TokenCursor) -> Iterator[Op]:
        """Read DROP [COLUMN], a constraint or an index."""
        kind = cursor.accept("CONSTRAINT", "FOREIGN KEY", "PRIMARY KEY", "CHECK", "INDEX", "KEY", "PARTITION", "COLUMN")
        if kind == "PARTITION":
            return
        if kind and kind != "PRIMARY KEY" and cursor.done:  # a column of that name
            yield ops.DropColumn(table=self.table, schema=self.schema, column=kind.lower())
            return
        if_exists = cursor.accept("IF EXISTS") != ""
        for item in cursor.group() if cursor.key == "(" else (cursor,):
            name: MaybeName = "PRIMARY" if kind == "PRIMARY KEY" else item.name()
            cascade = item.has("CASCADE")
            if kind in {"INDEX", "KEY"}:
                yield ops.DropIndex(index=name, table=self.table, schema=self.schema, if_exists=if_exists)
            elif kind in {"", "COLUMN"}:
                yield ops.DropColumn(
                    table=self.table, schema=self.schema, column=name or UNKNOWN, if_exists=if_exists, cascade=cascade
                )
            else:
                yield DropConstraint(
                    table=self.table,
                    schema=self.schema,
                    constraint=name,
                    kind={"FOREIGN KEY": "foreignkey", "PRIMARY KEY": "primary", "CHECK": "check"}.get(kind),
                    if_exists=if_exists,
                    cascade=cascade,
                )

    def alter(self, cursor: TokenCursor) -> Iterator[Op]:
        """Read ALTER [COLUMN]: its type, default, nullability or identity."""
        if cursor.at("CONSTRAINT") or cursor.at("INDEX"):
            return
        cursor.accept("COLUMN")
        column = cursor.name()
        action = cursor.accept(*_SETTINGS, "SET DEFAULT", "SET DATA TYPE", "TYPE", "RESTART")
        if action in _SETTINGS:
            yield self.column(column, **_SETTINGS[action])
        elif action == "SET DEFAULT":
            yield self.column(column, server_default=default_text(cursor))
        elif action == "RESTART":
            yield ops.SetSequenceValue(sequence=UNKNOWN, table=self.table, restarts=True)
        elif action:
            type_, _ = read_type(cursor)
            using = cursor.to("USING")
            using.take()
            yield self.column(column, type=type_ or UNKNOWN, using=using.text())
        elif cursor.key not in {"SET", "DROP", "RESET", "ADD"} and not cursor.done:  # SQL Server: the type alone
            made = read_column(TokenCursor(cursor.statement, cursor.dialect, cursor.position - 1, cursor.stop))
            nullable = UNSET if made.nullable is None else made.nullable
            yield self.column(column, type=made.type or UNKNOWN, nullable=nullable)

    def column(self, column: Name, **changes: object) -> AlterColumn:
        """Make one alteration of a column of this table."""
        return AlterColumn(table=self.table, schema=self.schema, column=column, **changes)  # type: ignore[arg-type]  # fields of AlterColumn

    def modify(self, cursor: TokenCursor) -> Iterator[Op]:
        """Read MySQL's and Oracle's MODIFY: the column's whole new definition."""
        cursor.accept("COLUMN")
        for item in cursor.group() if cursor.key == "(" else (cursor,):
            made = read_column(item)
            yield self.redefined(made.name, made)

    def change(self, cursor: TokenCursor) -> Iterator[Op]:
        """Read MySQL's CHANGE: MODIFY with a new name."""
        cursor.accept("COLUMN")
        column = cursor.name()
        yield self.redefined(column, read_column(cursor))

    def redefined(self, column: Name, made: Column) -> AlterColumn:
        """Return a column its new definition; what it does not say is reset by MySQL (manual, ALTER TABLE) and left by Oracle."""
        reset = self.dialect != "oracle"
        numbered = made.autoincrement is True
        # MySQL's AUTO_INCREMENT and primary key columns are NOT NULL whatever is said
        unsaid = True if reset and not numbered and not made.primary_key else UNSET
        return self.column(
            column,
            new_column=UNSET if made.name == column else made.name,
            type=made.type or UNSET,
            nullable=unsaid if made.nullable is None else made.nullable,
            server_default=UNSET if made.server_default is None and not reset else made.server_default,
            autoincrement=True if numbered else UNSET,
            comment=UNSET if made.comment is None else made.comment,
        )

    def rename(self, cursor: TokenCursor) -> Iterator[Op]:
        """Read RENAME of the table, a column, a constraint or an index."""
        # MySQL may leave the TO out
        if cursor.accept("TO", "AS", "=") or cursor.peek(1).kind == "end":
            yield ops.RenameTable(table=self.table, schema=self.schema, new_table=cursor.path()[1])
            return
        # RENAME key TO id: a column may be called so
        kind = cursor.accept("CONSTRAINT", "COLUMN", "INDEX", "KEY") if cursor.peek(1).key != "TO" else ""
        old = cursor.name()
        if not cursor.accept("TO"):
            return
        new = cursor.name()
        if kind == "CONSTRAINT":
            yield ops.RenameConstraint(table=self.table, schema=self.schema, constraint=old, new_constraint=new)
        elif kind in {"INDEX", "KEY"}:
            yield ops.RenameIndex(index=old, new_index=new, table=self.table, schema=self.schema)
        else:
            yield self.column(old, new_column=new)

    def validate(self, cursor: TokenCursor) -> Iterator[Op]:
        """Read VALIDATE CONSTRAINT."""
        if cursor.accept("CONSTRAINT"):
            yield ops.ValidateConstraint(table=self.table, schema=self.schema, constraint=cursor.name())

    def restart(self, _cursor: TokenCursor) -> Iterator[Op]:
        """Read MySQL's AUTO_INCREMENT = n."""
        yield ops.SetSequenceValue(sequence=UNKNOWN, table=self.table)

    def comment(self, cursor: TokenCursor) -> Iterator[Op]:
        """Read MySQL's COMMENT = 'text'."""
        cursor.accept("=")
        yield ops.CreateTableComment(table=self.table, schema=self.schema, comment=cursor.take().text)
