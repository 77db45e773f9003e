"""Acts on tables that batch mode on SQLite does not copy whole, or that have more than plain columns: keys of two, schemas, values."""

from benchmarks.mixed_acts import Act, Thing
from benchmarks.random_histories import Column, Table

ID = 'sa.Column("id", sa.Integer, primary_key=True)'


def create_checked(history):
    """Create a table with a CHECK that has no name, or with AUTOINCREMENT on SQLite."""
    column = Column(history.name("c"), "Integer()", nullable=True)
    table = Table(history.name("t"), [column])
    more = history.random.choice([f'sa.CheckConstraint("id <> {history.count + 1000000}")', "sqlite_autoincrement=True"])
    history.tables.append(table)
    return Act([f"{table.create()[:-1]}, {more})"], [f'op.drop_table("{table.name}")'])


def create_collated(history):
    if history.dialect != "sqlite":
        return None
    column = Column(history.name("c"), 'String(40, collation="NOCASE")', nullable=True, busy=True)
    table = Table(history.name("t"), [column, Column(history.name("c"), "Integer()", nullable=True)])
    history.tables.append(table)
    return Act([table.create()], [f'op.drop_table("{table.name}")'])


def index_expression(history):
    """Index an expression, or a column backwards."""
    found = history.column(lambda c: c.type in {"Text()", "String(40)"})
    if found is None or history.dialect not in {"sqlite", "postgresql"}:
        return None
    table, column = found
    name = history.name("ie")
    expression = history.random.choice([f"lower({column.name})", f"{column.name} DESC"])
    make = f'op.create_index("{name}", "{table.name}", [sa.text("{expression}")])'
    drop = f'op.drop_index("{name}", table_name="{table.name}")'
    return history.stand(name, Thing(table, [column], make, drop, make.replace(expression, f"upper({column.name})")))


def recreate(history):
    """Make a table anew, with a column more."""
    table = history.table()
    if table is None or history.dialect != "sqlite":
        return None
    column = Column(history.name("c"), "Integer()", nullable=True)
    table.columns.append(column)
    options = history.random.choice(['recreate="always"', 'recreate="always", table_kwargs={"sqlite_autoincrement": True}', ""])
    begin = f'with op.batch_alter_table("{table.name}"{", " * bool(options)}{options}) as batch:\n        batch'
    return Act([f"{begin}.add_column({column.define()})"], [f'{begin}.drop_column("{column.name}")'])


def add_computed(history):
    table = history.table()
    if table is None or table.children or any(thing.table is table for thing in history.things.values()):
        return None
    name = history.name("c")
    stored = history.dialect != "sqlite" or history.random.random() < 0.5
    add = history.call("add_column", table, f'sa.Column("{name}", sa.Integer, sa.Computed("id + 1", persisted={stored}))')
    drop = history.call("drop_column", table, f'"{name}"')
    history.pinned.append(table)
    return Act([add], [drop])


def create_pair(history):
    """Create a table whose key has two columns, and one that points to it."""
    first, second, column = (history.name(prefix) for prefix in ("t", "t", "c"))
    parent = (
        f'op.create_table("{first}", sa.Column("a", sa.Integer, primary_key=True), sa.Column("b", sa.Integer, primary_key=True))'
    )
    child = (
        f'op.create_table("{second}", {ID}, sa.Column("a", sa.Integer), sa.Column("b", sa.Integer), '
        f'sa.Column("{column}", sa.Integer), sa.ForeignKeyConstraint(["a", "b"], ["{first}.a", "{first}.b"], name="fk_{second}"))'
    )
    drops = [f'op.drop_table("{second}")', f'op.drop_table("{first}")']
    history.tables.append(Table(second, [Column(column, "Integer()", nullable=True)]))
    return Act([parent, child], drops, drops[:1])


def create_elsewhere(history):
    """Create a table in a schema of its own, and an index on it."""
    if history.dialect != "postgresql":
        return None
    schema, table, index = (history.name(prefix) for prefix in ("n", "t", "ix"))
    column = f'sa.Column("v", sa.Integer, server_default=sa.text("{history.random.randrange(9)}"))'
    up = [
        history.execute(f"CREATE SCHEMA {schema}"),
        f'op.create_table("{table}", {ID}, {column}, schema="{schema}")',
        f'op.create_index("{index}", "{table}", ["v"], schema="{schema}")',
    ]
    down = [f'op.drop_table("{table}", schema="{schema}")', history.execute(f"DROP SCHEMA {schema}")]
    return Act(up, down, [f'op.drop_index("{index}", schema="{schema}")'])


def stumble(history):
    """Work on what is not there, or make what is: the upgrade fails, and a check can know it."""
    found = history.column()
    if found is None:
        return None
    table, column = found
    tries = [
        history.call("drop_column", table, f'"{column.name}x"'),
        history.call("alter_column", table, f'"{column.name}x"', "nullable=True", f"existing_type=sa.{column.type}"),
        table.create(),
        f'op.add_column("{table.name}", {column.define()})',
        f'op.create_index("{history.name("ix")}", "{table.name}", ["{column.name}x"])',
        history.execute(f"UPDATE {table.name} SET {column.name}x = 1"),
    ]
    return Act([history.random.choice(tries)], ["pass"])
