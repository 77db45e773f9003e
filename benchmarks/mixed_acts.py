"""Single acts of migrations beyond those of random_histories: constraints, indexes, views, triggers, types, raw SQL, rows."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from benchmarks.random_histories import VALUES, WIDER, Column, History, Step, Table

TABLE_COMES_SECOND = ("create_unique_constraint", "create_check_constraint", "drop_constraint", "create_index", "drop_index", "create_foreign_key")  # fmt: skip
SQL_TYPES = {"String(40)": "VARCHAR(40)", "Text()": "TEXT", "Integer()": "INTEGER", "Numeric(10, 2)": "NUMERIC(10, 2)", "DateTime()": "TIMESTAMP"}  # fmt: skip


@dataclass
class Act:
    """What belongs together in one migration: statements up, and those that take them back, in the order in which they work.

    `wrong` are statements that run and take it back to something else, or in part; empty where nobody thought of any.
    """

    up: list[str]
    down: list[str]
    wrong: list[str] = field(default_factory=list)


@dataclass
class Thing:
    """A named object that stands on a table: how to make it, how to drop it, how to make another one in its place.

    The statements speak of tables by the names that they had when they were written: those in `called`.
    """

    table: Table
    columns: list[Column]
    make: str
    drop: str
    other: str
    called: dict[str, Table] = field(default_factory=dict)

    def now(self, statement: str) -> str:
        """Write a statement with the names that the tables have now."""
        return re.sub(r"\bt\d+\b", lambda found: self.called[found[0]].name if found[0] in self.called else found[0], statement)


class MixedHistory(History):
    """A history whose steps are undone in full; whoever writes it down decides what becomes of that.

    `things` are constraints, indexes over several columns, views and triggers, by name. A `pinned` table is left alone. `later`
    is what an act left to be done in a later migration.
    """

    def __init__(self, random: Random, dialect: str) -> None:
        super().__init__(random, dialect)
        self.things: dict[str, Thing] = {}
        self.pinned: list[Table] = []
        self.later: Act | None = None

    def undone(self, upgrade: str, downgrade: str, otherwise: str = "") -> Step:
        """Make the step as it ought to be."""
        del otherwise
        return Step(upgrade, downgrade)

    def table(self, wanted: Callable[[Table], bool] = lambda _: True) -> Table | None:
        """Choose a table that may be changed."""
        return super().table(lambda table: table not in self.pinned and wanted(table))

    def column(self, wanted: Callable[[Column], bool] = lambda _: True) -> tuple[Table, Column] | None:
        """Choose a column that nothing hangs on, in a table that may be changed."""
        free = [column for table in self.tables if table not in self.pinned for column in table.columns]
        return super().column(lambda column: any(column is one for one in free) and wanted(column))

    def call(self, method: str, table: Table, name: str, *rest: str) -> str:
        """Write an operation on a table, in batch mode where the dialect wants it, or now and then."""
        if self.dialect == "sqlite" or self.random.random() < 0.2:
            return f'with op.batch_alter_table("{table.name}") as batch:\n        batch.{method}({", ".join((name, *rest))})'
        first = (name, f'"{table.name}"') if method in TABLE_COMES_SECOND else (f'"{table.name}"', name)
        return f"op.{method}({', '.join((*first, *rest))})"

    def execute(self, sql: str) -> str:
        """Write a raw statement in one of the ways there are."""
        ways = ("op.execute({!r})", "op.execute(sa.text({!r}))", "op.get_bind().execute(sa.text({!r}))", "op.get_bind().exec_driver_sql({!r})")  # fmt: skip
        return self.random.choice(ways).format(sql)

    def stand(self, name: str, thing: Thing) -> Act:
        """Let a thing stand, undone by its drop."""
        self.things[name] = thing
        thing.called = {table.name: table for table in self.tables}
        for column in thing.columns:
            column.busy = True
        return Act([thing.make], [thing.drop])

    def fall(self, prefix: str) -> Act | None:
        """Drop a thing whose name begins so, undone by making it again; or another one in its place."""
        found = [name for name, thing in self.things.items() if name.startswith(prefix)]
        if not found:
            return None
        thing = self.things.pop(self.random.choice(found))
        for column in thing.columns:
            column.busy = any(column in other.columns for other in self.things.values())
        if thing.table in self.pinned:
            self.pinned.remove(thing.table)
        return Act([thing.now(thing.drop)], [thing.now(thing.make)], [thing.now(thing.other)] if thing.other else [])


def add_unique(history):
    found = history.column(lambda c: c.type != "Text()")
    if found is None:
        return None
    table, column = found
    name = history.name("uq")
    make = history.call("create_unique_constraint", table, f'"{name}"', f'["{column.name}", "id"]')
    drop = history.call("drop_constraint", table, f'"{name}"', 'type_="unique"')
    other = history.call("create_unique_constraint", table, f'"{name}"', '["id"]')
    return history.stand(name, Thing(table, [column], make, drop, other))


def add_check(history):
    found = history.column()
    if found is None:
        return None
    table, column = found
    name = history.name("ck")
    make = history.call("create_check_constraint", table, f'"{name}"', f'"{column.name} IS NULL OR id IS NOT NULL"')
    drop = history.call("drop_constraint", table, f'"{name}"', 'type_="check"')
    return history.stand(name, Thing(table, [column], make, drop, ""))


def add_reference(history):
    table, parent = history.table(), history.table()
    if table is None or parent is None or table is parent:
        return None
    name, column = history.name("fk"), Column(history.name("c"), "Integer()", nullable=True)
    referred = f'"{parent.name}", ["{column.name}"], ["id"]'
    if history.dialect == "sqlite" or history.random.random() < 0.2:
        make = history.call("create_foreign_key", table, f'"{name}"', referred)
        other = history.call("create_foreign_key", table, f'"{name}"', referred, 'ondelete="CASCADE"')
    else:
        make = f'op.create_foreign_key("{name}", "{table.name}", {referred})'
        other = f'{make[:-1]}, ondelete="CASCADE")'
    make = make.replace(f'"{table.name}", "{parent.name}"', f'"{parent.name}"') if make.startswith("with") else make
    drop = history.call("drop_constraint", table, f'"{name}"', 'type_="foreignkey"')
    table.columns.append(column)
    parent.children += 1
    act = history.stand(name, Thing(table, [column], make, drop, other))
    up = history.call("add_column", table, column.define())
    down = history.call("drop_column", table, f'"{column.name}"')
    return Act([up, *act.up], [*act.down, down], [down] if history.random.random() < 0.5 else act.down)


def drop_thing(history):
    return history.fall(history.random.choice(["uq", "ck", "fk", "ie", "iy", "v", "tr"]))


def create_wide_index(history):
    found = history.column(lambda c: c.type != "Text()")
    if found is None:
        return None
    table, column = found
    name, columns = history.name("iy"), f'["{column.name}", "id"]'
    options = history.random.choice(["", "unique=True", f'{history.dialect}_where=sa.text("id > 5")'])
    if history.dialect not in {"sqlite", "postgresql"} and "where" in options:
        options = ""
    make = f'op.create_index("{name}", "{table.name}", {columns}{", " * bool(options)}{options})'
    drop = f'op.drop_index("{name}", table_name="{table.name}")'
    other = f'op.create_index("{name}", "{table.name}", {columns}{"" if options else ", unique=True"})'
    if history.random.random() < 0.3 and not options:
        make = history.execute(f"CREATE INDEX {name} ON {table.name} ({column.name}, id)")
        drop = history.execute(f"DROP INDEX {name}" + (f" ON {table.name}" if history.dialect in {"mysql", "mariadb"} else ""))
    return history.stand(name, Thing(table, [column], make, drop, other))


def create_view(history):
    found = history.column()
    if found is None:
        return None
    table, column = found
    name = history.name("v")
    make = history.execute(f"CREATE VIEW {name} AS SELECT id, {column.name} FROM {table.name}")
    drop = history.execute(f"DROP VIEW {name}")
    other = history.execute(f"CREATE VIEW {name} AS SELECT {column.name} FROM {table.name}")
    history.pinned.append(table)
    return history.stand(name, Thing(table, [column], make, drop, other))


def replace_view(history):
    found = [name for name in history.things if name.startswith("v")]
    if not found:
        return None
    name = history.random.choice(found)
    old = history.things[name]
    make = history.execute(f"CREATE VIEW {name} AS SELECT id AS other FROM {old.table.name}")
    history.things[name] = Thing(old.table, old.columns, make, old.drop, old.make, old.called)
    return Act([old.drop, make], [old.drop, old.make], [old.drop])


def create_trigger(history):
    found = history.column()
    if found is None:
        return None
    table, column = found
    name = history.name("tr")
    set_back = f"UPDATE {table.name} SET {column.name} = {column.name} WHERE id = 0"
    if history.dialect == "sqlite":
        make = [f"CREATE TRIGGER {name} AFTER DELETE ON {table.name} BEGIN {set_back}; END"]
        drop = [f"DROP TRIGGER {name}"]
    elif history.dialect == "postgresql":
        function = f"CREATE FUNCTION f{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$"
        make = [function, f"CREATE TRIGGER {name} BEFORE DELETE ON {table.name} FOR EACH ROW EXECUTE FUNCTION f{name}()"]
        drop = [f"DROP TRIGGER {name} ON {table.name}", f"DROP FUNCTION f{name}()"]
    else:
        make, drop = [f"CREATE TRIGGER {name} AFTER DELETE ON {table.name} FOR EACH ROW {set_back}"], [f"DROP TRIGGER {name}"]
    history.pinned.append(table)
    up, down = ["\n    ".join(map(history.execute, statements)) for statements in (make, drop)]
    return history.stand(name, Thing(table, [column], up, down, ""))


def create_enum_table(history):
    enum = history.name("e")
    kind = Column(history.name("c"), f'Enum("a", "b", name="{enum}")', nullable=True, busy=True)
    table = Table(history.name("t"), [Column(history.name("c"), "Integer()", nullable=True), kind])
    up = table.create()
    history.tables.append(table)
    if history.dialect != "postgresql":
        return Act([up], [f'op.drop_table("{table.name}")'])
    drop = history.random.choice([f'sa.Enum(name="{enum}").drop(op.get_bind())', history.execute(f"DROP TYPE {enum}")])
    return Act([up], [f'op.drop_table("{table.name}")', drop], [f'op.drop_table("{table.name}")'])


def add_enum_column(history):
    table = history.table()
    if table is None or history.dialect != "postgresql":
        return None
    enum, column = history.name("e"), history.name("c")
    make = [f'sa.Enum("a", "b", name="{enum}").create(op.get_bind())', history.execute(f"CREATE TYPE {enum} AS ENUM ('a', 'b')")]
    kind = f'sa.Enum("a", "b", name="{enum}", create_type=False)'.replace("sa.Enum", "postgresql.ENUM")
    up = history.call("add_column", table, f'sa.Column("{column}", {kind}, nullable=True)')
    down = history.call("drop_column", table, f'"{column}"')
    return Act([history.random.choice(make), up], [down, history.execute(f"DROP TYPE {enum}")], [down])


def add_enum_value(history):
    if history.dialect != "postgresql":
        return None
    enum, table, column = history.name("e"), history.table(), history.name("c")
    if table is None:
        return None
    new = [f"ALTER TYPE {enum} ADD VALUE 'c'"]
    back = [
        f"ALTER TYPE {enum} RENAME TO {enum}_old",
        f"CREATE TYPE {enum} AS ENUM ('a', 'b')",
        f"ALTER TABLE {table.name} ALTER COLUMN {column} TYPE {enum} USING {column}::text::{enum}",
        f"DROP TYPE {enum}_old",
    ]
    begin = [f"CREATE TYPE {enum} AS ENUM ('a', 'b')", f"ALTER TABLE {table.name} ADD COLUMN {column} {enum}"]
    history.later = Act([history.execute(sql) for sql in new], ["\n    ".join(map(history.execute, back))], ["pass"])
    history.pinned.append(table)
    down = [f"ALTER TABLE {table.name} DROP COLUMN {column}", f"DROP TYPE {enum}"]
    return Act([history.execute(sql) for sql in begin], [history.execute(sql) for sql in down])


def go_on(history):
    """Do what an earlier act left to be done in a later migration."""
    act, history.later = history.later, None
    return act


def create_sequence(history):
    if history.dialect != "postgresql":
        return None
    name = history.name("s")
    return Act([history.execute(f"CREATE SEQUENCE {name}")], [history.execute(f"DROP SEQUENCE {name}")])


def create_in_sql(history):
    table = Table(history.name("t"), [Column(history.name("c"), history.random.choice(list(SQL_TYPES)), nullable=True)])
    history.tables.append(table)
    [column] = table.columns
    up = history.execute(f"CREATE TABLE {table.name} (id INTEGER NOT NULL PRIMARY KEY, {column.name} {SQL_TYPES[column.type]})")
    return Act([up], [history.execute(f"DROP TABLE {table.name}")])


def add_in_sql(history):
    table = history.table()
    if table is None:
        return None
    column = Column(history.name("c"), history.random.choice(list(SQL_TYPES)), nullable=True)
    table.columns.append(column)
    up = history.execute(f"ALTER TABLE {table.name} ADD COLUMN {column.name} {SQL_TYPES[column.type]}")
    return Act([up], [history.execute(f"ALTER TABLE {table.name} DROP COLUMN {column.name}")])


def drop_in_sql(history):
    found = history.column(lambda c: c.nullable and not c.default)
    if found is None:
        return None
    table, column = found
    table.columns.remove(column)
    make = "ALTER TABLE {} ADD COLUMN {} {}"
    other = make.format(table.name, column.name, "BIGINT" if column.type == "Text()" else "TEXT")
    return Act(
        [history.execute(f"ALTER TABLE {table.name} DROP COLUMN {column.name}")],
        [history.execute(make.format(table.name, column.name, SQL_TYPES.get(column.type, "BIGINT")))],
        [history.execute(other)],
    )


def rename_in_sql(history):
    found = history.column()
    if found is None:
        return None
    table, column = found
    old, column.name = column.name, history.name("c")
    rename = "ALTER TABLE {} RENAME COLUMN {} TO {}"
    return Act(
        [history.execute(rename.format(table.name, old, column.name))],
        [history.execute(rename.format(table.name, column.name, old))],
        [history.execute(rename.format(table.name, column.name, f"{old}_old"))],
    )


def change_default(history):
    found = history.column(lambda c: c.type != "Text()")
    if found is None:
        return None
    table, column = found
    alter = f'"{column.name}"', f"existing_type=sa.{column.type}, existing_nullable={column.nullable}"
    old = f"sa.text({column.default!r})" if column.default else "None"
    column.default = VALUES.get(column.type, "7")
    new = f"sa.text({column.default!r})"
    other = "sa.text({!r})".format("NULL" if old != "None" else VALUES.get(column.type, "8"))
    return Act(
        [history.call("alter_column", table, *alter, f"server_default={new}, existing_server_default={old}")],
        [history.call("alter_column", table, *alter, f"server_default={old}, existing_server_default={new}")],
        [history.call("alter_column", table, *alter, f"server_default={other}, existing_server_default={new}")],
    )


def widen_wrongly(history):
    found = history.column(lambda c: c.type in WIDER and c.nullable and not c.default)
    if found is None:
        return None
    table, column = found
    old, new = column.type, WIDER[column.type]
    column.type, column.busy = new, True
    alter = f'"{column.name}"', "existing_nullable=True"
    return Act(
        [history.call("alter_column", table, *alter, f"existing_type=sa.{old}, type_=sa.{new}")],
        [history.call("alter_column", table, *alter, f"existing_type=sa.{new}, type_=sa.{old}")],
        [history.call("alter_column", table, *alter, f"existing_type=sa.{new}, type_=sa.Text()")],
    )
