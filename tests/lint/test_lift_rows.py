"""Rows and objects: SQL through every door, Core and ORM statements, enum types, sequences, tables of their own."""

import pytest

from mrt_lint.model.ops import (
    BulkInsert,
    CreateIndex,
    CreateObject,
    CreateTable,
    Delete,
    DropObject,
    DropTable,
    Execute,
    Insert,
    Update,
)
from mrt_lint.model.values import HOLE, UNKNOWN, SqlType
from mrt_lint.parse.python import parse_migration
from tests.lint.lifting import compose, lift_text, lift_upgrade

MODULE = """
import textwrap

Base = orm.declarative_base()

class User(Base):
    __tablename__ = "users"
    id = sa.Column(sa.Integer, primary_key=True)
    name = sa.Column(sa.String)
    full = sa.Column("full_name", sa.String)

users = sa.table("users", sa.column("id"), sa.column("name"), sa.column("full_name"))
real = sa.Table("users", sa.MetaData(), sa.Column("id", sa.Integer), sa.Column("name", sa.String))
"""
RUN = Execute(statement="DELETE FROM users")

DOORS = [
    'op.execute("DELETE FROM users")',
    'op.execute(sqltext="DELETE FROM users")',
    'op.execute(sa.text("DELETE FROM users"))',
    'op.execute(sa.text("DELETE " "FROM users").bindparams())',
    'op.execute(textwrap.dedent("""\\\n    DELETE FROM users"""))',
    'op.get_bind().execute(sa.text("DELETE FROM users"))',
    'c = op.get_bind()\nc.execute(statement=sa.text("DELETE FROM users"))',
    'op.get_bind().exec_driver_sql("DELETE FROM users")',
    'context.execute("DELETE FROM users")',
    'op.get_context().execute("DELETE FROM users")',
    'with op.get_bind().begin() as c:\n    c.execute(sa.text("DELETE FROM users"))',
    'with op.get_bind().connect() as c:\n    c.execute(sa.text("DELETE FROM users"))',
    'orm.Session(op.get_bind()).execute(sa.text("DELETE FROM users"))',
    'orm.sessionmaker(bind=op.get_bind())().execute(sa.text("DELETE FROM users"))',
    'with orm.Session(bind=op.get_bind()) as s:\n    s.execute(sa.text("DELETE FROM users"))',
    'op.execute(sa.DDL("DELETE FROM users"))',
    'with op.batch_alter_table("users") as b:\n    b.execute("DELETE FROM users")',
    'run("DELETE FROM users")',
]


@pytest.mark.parametrize("call", DOORS)
def test_sql_is_lifted_through_every_door(call):
    assert lift_upgrade(call, module=MODULE + "\ndef run(sql):\n    op.execute(sql)\n") == (RUN,)


WHERE = Update(table="users", columns=("name",), source_columns=("full_name",), where=True)
STATEMENTS = {
    "op.execute(users.update().where(users.c.id == 1).values(name=users.c.full_name))": WHERE,
    'op.execute(users.update().where(users.c.id == 1).values({"name": users.c.full_name}))': WHERE,
    "op.execute(sa.update(users).where(users.c.id > 0).values({users.c.name: users.c.full_name}))": WHERE,
    "op.get_bind().execute(sa.update(User).where(User.id == 1).values(name=User.full))": WHERE,
    'orm.Session(op.get_bind()).query(User).filter(User.id == 1).update({"name": User.full})': WHERE,
    'op.execute(users.update().values(name="x"))': Update(table="users", columns=("name",), source_columns=(), where=False),
    "op.execute(users.delete())": Delete(table="users", where=False),
    "op.execute(sa.delete(real).where(real.c.id == 1))": Delete(table="users", where=True),
    "orm.Session(op.get_bind()).query(User).delete()": Delete(table="users", where=False),
    'op.execute(users.insert().values(name="x"))': Insert(table="users", columns=("name",)),
    'op.execute(sa.insert(real).values([{"id": 1}, {"id": 2}]))': Insert(table="users", columns=("id",)),
    'op.execute(users.insert().from_select(["name"], sa.select(real.c.name)))': Insert(
        table="users", columns=("name",), query=True, source_tables=("users",)
    ),
    'orm.Session(op.get_bind()).add(User(name="x"))': Insert(table="users", columns=("name",)),
    'orm.Session(op.get_bind()).add_all([User(name="x")])': Insert(table="users", columns=("name",)),
    'op.bulk_insert(users, [{"id": 1, "name": "x"}, {"id": 2}])': BulkInsert(table="users", columns=("id", "name"), rows=2),
    "op.bulk_insert(table=real, rows=[dict(id=i) for i in range(3)])": BulkInsert(table="users", columns=("id",), rows=3),
}


@pytest.mark.parametrize("call", STATEMENTS)
def test_statements_on_rows_are_lifted_with_what_they_write(call):
    assert lift_upgrade(call, module=MODULE) == (STATEMENTS[call],)


FLOWS = {
    "op.execute(users.update().values(name=users.c.full_name, title=sa.func.upper('x')))": [("name", "full_name", "users")],
    'op.execute(users.update().values(name=sa.bindparam("n")))': [("name", UNKNOWN, None)],
}


@pytest.mark.parametrize("call", FLOWS)
def test_an_update_tells_from_what_each_column_is_computed(call):
    [op] = lift_upgrade(call, module=MODULE)
    assert [(flow.column, flow.source, flow.table) for flow in op.flows] == FLOWS[call]


def test_assigning_to_rows_of_a_query_is_an_update_in_doubt():
    ops = lift_upgrade(
        "s = orm.Session(op.get_bind())\nfor u in s.query(User).all():\n    u.name = u.full\ns.commit()", module=MODULE
    )
    assert ops == (Update(table="users", columns=("name",), source_columns=("full",), certain=False),)


def test_a_select_changes_nothing_and_is_no_operation():
    assert lift_upgrade("rows = op.get_bind().execute(sa.select(users.c.id).where(users.c.id > 1)).fetchall()", module=MODULE) == ()


KIND = 'kind = sa.Enum("a", "b", name="kind")\n'
OBJECTS = {
    KIND + "kind.create(op.get_bind())": CreateObject(kind="enum", name="kind", members=("a", "b")),
    KIND + "kind.create(op.get_bind(), checkfirst=True)": CreateObject(
        kind="enum", name="kind", members=("a", "b"), if_not_exists=True
    ),
    'postgresql.ENUM("a", "b", name="kind").create(op.get_bind())': CreateObject(
        kind="enum", name="kind", members=("a", "b"), if_not_exists=True
    ),
    'sa.Enum(name="kind").drop(op.get_bind(), checkfirst=False)': DropObject(kind="enum", name="kind"),
    'op.execute(sa.schema.CreateSequence(sa.Sequence("s")))': CreateObject(kind="sequence", name="s"),
    'op.execute(sa.schema.DropSequence(sa.Sequence("s", schema="x")))': DropObject(kind="sequence", name="s", schema="x"),
    'sa.Sequence("s").create(op.get_bind())': CreateObject(kind="sequence", name="s", if_not_exists=True),
    'op.execute(sa.schema.DropTable(sa.Table("t", sa.MetaData())))': DropTable(table="t"),
    'sa.Table("t", sa.MetaData()).drop(op.get_bind())': DropTable(table="t"),
    'op.execute(sa.schema.CreateSchema("x"))': CreateObject(kind="schema", name="x"),
}


@pytest.mark.parametrize("call", OBJECTS)
def test_objects_made_by_their_own_methods_or_ddl_are_lifted(call):
    assert lift_upgrade(call) == (OBJECTS[call],)


def test_a_table_that_creates_itself_brings_its_columns():
    [op] = lift_upgrade('sa.Table("t", sa.MetaData(), sa.Column("id", sa.Integer)).create(op.get_bind())')
    assert isinstance(op, CreateTable)
    assert (op.table, [column.name for column in op.columns], op.complete) == ("t", ["id"], True)


def test_an_index_inside_a_table_is_an_operation_after_it():
    table, index = lift_upgrade('op.create_table("t", sa.Column("a", sa.Integer), sa.Index("ix", "a", unique=True))')
    assert table.complete
    assert index == CreateIndex(index="ix", table="t", columns=("a",), unique=True)


def test_an_enum_class_of_the_file_gives_its_members():
    module = 'import enum\n\nclass Kind(enum.Enum):\n    A = "a"\n    B = "b"'
    [op] = lift_upgrade('op.add_column("t", sa.Column("k", sa.Enum(Kind)))', module=module)
    assert op.definition.type == SqlType(name="ENUM", members=("A", "B"), type_name="kind")


@pytest.mark.parametrize(
    ("enum", "length"),
    [('sa.Enum("a", "bcd", native_enum=False)', 3), ('sa.Enum("a", name="x", native_enum=False, length=9)', 9)],
)
def test_an_enum_that_is_not_native_is_a_text_of_its_longest_label(enum, length):
    [op] = lift_upgrade(f'op.add_column("t", sa.Column("k", {enum}))')
    assert op.definition.type == SqlType(name="VARCHAR", args=(length,))


def test_a_type_of_the_application_is_not_the_one_of_sql_that_has_its_name():
    [op] = lift_upgrade('op.add_column("t", sa.Column("at", TIMESTAMP))', module="from project.types import TIMESTAMP")
    assert op.definition.type == SqlType(name="types.TIMESTAMP")


def test_metadata_that_is_not_read_and_statements_that_cannot_be_are_unreadable():
    migration = lift_text(
        compose("Base.metadata.create_all(op.get_bind())\nop.execute(load())", module=MODULE + "from project import load")
    )
    assert len(migration.unreadable) == 2
    assert migration.upgrade_ops == (Execute(statement=UNKNOWN),)


def test_only_what_is_not_known_of_a_statement_is_a_hole():
    ops = lift_upgrade("""
        for row in op.get_bind().execute(sa.text("SELECT 1")):
            op.execute("UPDATE t SET a = '%s' WHERE b = {}".format(row[0]) % row.name)
    """)
    assert ops[1].statement == f"UPDATE t SET a = '{HOLE}' WHERE b = {HOLE}"


RECORDS = {
    "dataclass": "import dataclasses\n\n@dataclasses.dataclass\nclass Place:\n    table: str\n    column: str = 'x'\n",
    "named tuple": "from typing import NamedTuple\n\nclass Place(NamedTuple):\n    table: str\n    column: str\n",
    "attrs": "import attr\n\n@attr.define\nclass Place:\n    table: str\n    column: str\n",
}


@pytest.mark.parametrize("module", RECORDS.values(), ids=RECORDS)
@pytest.mark.parametrize("given", ['Place("t", "c")', 'Place("t", column="c")', 'Place(column="c", table="t")'])
def test_the_fields_of_a_record_are_what_its_call_was_given(module, given):
    body = f'for each in [{given}]:\n    op.drop_column(each.table, each.column)\n    op.execute(f"DELETE FROM {{each.table}}")'
    found = parse_migration(compose(body, module=module).encode(), "a.py").upgrade_ops
    assert [getattr(op, "table", None) or op.statement for op in found] == ["t", "DELETE FROM t"]
    assert found[0].column == "c"


@pytest.mark.parametrize("decorator", ["@dataclass", "@dataclasses.dataclass(kw_only=False)"])
@pytest.mark.parametrize("given", ['Renaming("a", "b", [Item("x")])', 'Renaming("a", new="b", items=[Item("x")])'])
def test_a_dataclass_has_the_fields_of_its_bases_and_completes_itself(decorator, given):
    module = f"""
import dataclasses
from dataclasses import dataclass

{decorator}
class Item:
    old: str
    new: str | None = None
    table: str | None = None

    def run(self):
        op.execute(f"ALTER TABLE {{self.table}} RENAME {{self.old}} TO {{self.new or 'y'}}")

{decorator}
class Renaming(Item):
    items: list[Item] | None = None

    def __post_init__(self) -> None:
        for item in self.items or []:
            item.table = self.new

    def run(self):
        op.rename_table(self.old, self.new)
        for item in self.items:
            item.run()
"""
    given = given if "new=" in given else given.replace('"b", [', '"b", None, [')
    found = parse_migration(compose(f"for each in [{given}]:\n    each.run()", module=module).encode(), "a.py")
    assert [getattr(op, "statement", op.op) for op in found.upgrade_ops] == ["rename_table", "ALTER TABLE b RENAME x TO y"]


REFLECTED = "meta = sa.MetaData()\nmeta.reflect(op.get_bind())\n"


@pytest.mark.parametrize(
    "table",
    [
        'meta.tables["app.users"]',
        'meta.tables.get("app.users")',
        'sa.Table("users", meta, schema="app", autoload_with=op.get_bind())',
    ],
)
def test_a_reflected_table_has_the_name_it_is_asked_for(table):
    migration = parse_migration(
        compose(f'{REFLECTED}users = {table}\nop.get_bind().execute(users.delete().where(users.c["id"] == 1))').encode(), "a.py"
    )
    (found,) = (op for op in migration.upgrade_ops if isinstance(op, Delete))
    assert (found.table, found.schema, found.where, migration.unreadable) == ("users", "app", True, ())


def test_a_reflected_table_of_unknown_name_is_listed():
    migration = parse_migration(
        compose(f"{REFLECTED}for name in meta.tables:\n    op.get_bind().execute(meta.tables[name].delete())").encode(), "a.py"
    )
    assert migration.unreadable


@pytest.mark.parametrize("package", ["psycopg", "psycopg2"])
def test_a_statement_composed_by_psycopg_is_read(package):
    body = """
    table = sql.Identifier("app", 'use"rs')
    op.get_bind().exec_driver_sql(sql.SQL("DELETE FROM {} WHERE id = {}").format(table, sql.Literal(7)).as_string(op.get_bind()))
    """
    migration = parse_migration(compose(body, module=f"from {package} import sql").encode(), "a.py")
    (found,) = migration.upgrade_ops
    assert (found.statement, migration.unreadable) == ('DELETE FROM "app"."use""rs" WHERE id = 7', ())


@pytest.mark.parametrize(
    "statement",
    [
        'sql.SQL("").join([sql.SQL("DELETE FROM "), sql.Identifier("users")])',
        'sql.SQL("DELETE FROM {}{}").format(sql.Identifier("users"), sql.SQL(""))',
    ],
)
def test_an_empty_part_of_a_composed_statement_is_read(statement):
    body = f"op.get_bind().exec_driver_sql({statement}.as_string(op.get_bind()))"
    migration = parse_migration(compose(body, module="from psycopg2 import sql").encode(), "a.py")
    assert [op.statement for op in migration.upgrade_ops] == ['DELETE FROM "users"']
    assert migration.unreadable == ()


def test_parameters_leave_a_text_as_it_is():
    (found,) = parse_migration(
        compose('op.execute(sa.text("DELETE FROM t WHERE a = :a").params(a=1))').encode(), "a.py"
    ).upgrade_ops
    assert found.statement == "DELETE FROM t WHERE a = :a"


def test_the_context_of_a_ddl_is_filled_in():
    body = 'for name in ("a", "b"):\n    op.execute(sa.DDL(\'ALTER TABLE t ALTER COLUMN "%(column)s" TYPE text\', context={"column": name}))'
    found = parse_migration(compose(body).encode(), "a.py").upgrade_ops
    assert [op.statement for op in found] == [f'ALTER TABLE t ALTER COLUMN "{name}" TYPE text' for name in "ab"]


@pytest.mark.parametrize(
    ("ddl", "statement"),
    [
        ("sa.DDL(\"ALTER TABLE t ADD CHECK (a LIKE 'x%%')\")", "ALTER TABLE t ADD CHECK (a LIKE 'x%')"),
        ("sa.DDL('ALTER TABLE %(t)s DROP b', context={'t': 'users'})", "ALTER TABLE users DROP b"),
        ("sa.DDL('ALTER TABLE t ADD CHECK (a %% %(n)d = 0)', context={'n': 7})", "ALTER TABLE t ADD CHECK (a % 7 = 0)"),
        ("sa.DDL('ALTER TABLE %(t)s DROP b', context=words())", f"ALTER TABLE {HOLE} DROP b"),
    ],
)
def test_a_ddl_is_formatted_as_sqlalchemy_does(ddl, statement):
    (found,) = parse_migration(compose(f"op.execute({ddl})").encode(), "a.py").upgrade_ops
    assert found.statement == statement
