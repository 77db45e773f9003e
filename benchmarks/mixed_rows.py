"""Acts of migrations that change rows, in SQL and in Core, or move them elsewhere."""

from benchmarks.mixed_acts import SQL_TYPES, Act
from benchmarks.random_histories import VALUES, Column, Table


def fill_new(history):
    table = history.table()
    if table is None:
        return None
    column = Column(history.name("c"), "Integer()", nullable=True)
    table.columns.append(column)
    update = history.execute(f"UPDATE {table.name} SET {column.name} = 1 WHERE {column.name} IS NULL")
    return Act(
        [history.call("add_column", table, column.define()), update], [history.call("drop_column", table, f'"{column.name}"')]
    )


def move_values(history):
    found = history.column(lambda c: c.nullable and not c.default)
    if found is None:
        return None
    table, column = found
    new = Column(history.name("c"), column.type, nullable=True)
    table.columns.remove(column)
    table.columns.append(new)

    def move(source: Column, target: Column) -> list[str]:
        return [
            history.call("add_column", table, target.define()),
            history.execute(f"UPDATE {table.name} SET {target.name} = {source.name}"),
            history.call("drop_column", table, f'"{source.name}"'),
        ]

    back = move(new, column)
    return Act(move(column, new), back, [back[0], back[2]])


def copy_table(history):
    table = history.table(lambda t: not t.children and not t.indexes and not t.filled and not any(c.busy for c in t.columns))
    if table is None or any(thing.table is table for thing in history.things.values()):
        return None
    new, column = history.name("t"), Column(history.name("c"), "Integer()", nullable=True)
    names = ", ".join(["id", *(one.name for one in table.columns)])
    narrow, wide = Table(new, list(table.columns)), Table(new, [*table.columns, column])

    def rebuild(made: Table) -> list[str]:
        copy = history.execute(f"INSERT INTO {new} ({names}) SELECT {names} FROM {table.name}")
        return [made.create(), copy, f'op.drop_table("{table.name}")', f'op.rename_table("{new}", "{table.name}")']

    back = rebuild(narrow)
    table.columns.append(column)
    return Act(rebuild(wide), back, [back[0], *back[2:]])


def update_some(history):
    found = history.column()
    if found is None:
        return None
    table, column = found
    value = VALUES.get(column.type, "'7'")
    condition = history.random.choice([f"{column.name} IS NOT NULL", "id <> 0"])  # no condition that holds for no row
    if history.random.random() < 0.5:
        up = history.execute(f"UPDATE {table.name} SET {column.name} = {value} WHERE {condition}")
    else:
        described = f'sa.table("{table.name}", sa.column("{column.name}"))'
        up = f'op.execute({described}.update().where(sa.text("{condition}")).values({column.name}=sa.text({value!r})))'
    return Act([up], ["pass"])


def delete_some(history):
    table = history.table(lambda t: not t.children)
    if table is None:
        return None
    condition = history.random.choice(["id IS NOT NULL", "id <> 0"])
    if history.random.random() < 0.5:
        return Act([history.execute(f"DELETE FROM {table.name} WHERE {condition}")], ["pass"])
    return Act([f'op.execute(sa.table("{table.name}").delete().where(sa.text("{condition}")))'], ["pass"])


def insert_bulk(history):
    table = history.table()
    if table is None or any(not column.nullable or column.default for column in table.columns):
        return None
    table.filled = True
    history.count += 1
    described = f'sa.table("{table.name}", sa.column("id", sa.Integer))'
    up = history.random.choice(['op.bulk_insert({}, [{{"id": {}}}])', "op.execute({}.insert().values(id={}))"])
    down = [
        history.execute(f"DELETE FROM {table.name} WHERE id = {history.count}"),
        f'op.execute({described}.delete().where(sa.column("id") == {history.count}))',
    ]
    return Act([up.format(described, history.count)], [history.random.choice(down)])


def make_anew(history):
    """Change a type the careless way: drop the column and add it again."""
    found = history.column(lambda c: c.nullable and not c.default and c.type in SQL_TYPES and c.type != "Integer()")
    if found is None:
        return None
    table, column = found
    old = column.define()
    column.type = "Integer()"
    drop = history.call("drop_column", table, f'"{column.name}"')
    return Act(
        [drop, history.call("add_column", table, column.define())],
        [drop, history.call("add_column", table, old)],
    )


def add_many(history):
    """Add columns in a loop."""
    table = history.table()
    if table is None:
        return None
    columns = [Column(history.name("c"), "Integer()", nullable=True) for _ in range(2)]
    table.columns += columns
    names = tuple(column.name for column in columns)
    loop = f"for name in {names!r}:\n        "
    return Act(
        [f'{loop}op.add_column("{table.name}", sa.Column(name, sa.Integer))'],
        [f'{loop}op.drop_column("{table.name}", name)'],
        [f'op.drop_column("{table.name}", "{names[1]}")'],
    )


def do_nothing(history):
    del history
    return Act(["pass"], ["pass"])
