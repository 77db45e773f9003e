"""Operations of libraries and of the project's own are read as what they do."""

import importlib.metadata

import pytest

from mrt_lint.model.migration import Migration
from mrt_lint.model.ops import (
    AddColumn,
    CreateIndex,
    CreateObject,
    CreateTable,
    DropColumn,
    DropIndex,
    DropObject,
    DropTable,
    Update,
)
from mrt_lint.model.values import Column, SqlType
from mrt_lint.operations import LibraryOperation, ops
from mrt_lint.parse.python import parse_migration
from mrt_lint.parse.python.library import registry
from mrt_lint.parse.sql.expand import expand_sql
from tests.lint.lifting import compose


def read(body, module="", folder=None) -> Migration:
    return expand_sql(parse_migration(compose(body, module=module).encode(), "m.py", folder), "postgresql")


def performed(body, module="", folder=None):
    migration = read(body, module, folder)
    assert migration.unreadable == ()
    return tuple(op for op in migration.upgrade_ops if not isinstance(op, ops.Execute))


UTILS = """
from alembic_utils.pg_function import PGFunction
from alembic_utils.pg_view import PGView
from alembic_utils.pg_materialized_view import PGMaterializedView
from alembic_utils.pg_trigger import PGTrigger
from alembic_utils.pg_policy import PGPolicy
from alembic_utils.pg_extension import PGExtension
from alembic_utils.pg_grant_table import PGGrantTable
from alembic_utils.replaceable_entity import ReplaceableEntity

fn = PGFunction(schema="public", signature="up(a text default 'x', b integer)", definition="returns text language sql as $$ select a $$")
view = PGView("app", "recent", "SELECT 1 AS one")
made = PGMaterializedView(schema="public", signature="mv", definition="SELECT id FROM t", with_data=False)
trigger = PGTrigger(schema="public", signature="tr", on_entity="public.t", definition="BEFORE UPDATE ON public.t FOR EACH ROW EXECUTE PROCEDURE f()")
policy = PGPolicy(schema="public", signature="mine", on_entity="t", definition="for all using (true)")
extension = PGExtension(schema="public", signature="citext")
grant = PGGrantTable(schema="public", table="t", role="reader", grant="SELECT")
"""


@pytest.mark.parametrize(
    ("entity", "kind", "name", "table"),
    [
        ("fn", "function", "up", None),
        ("view", "view", "recent", None),
        ("made", "materialized view", "mv", None),
        ("trigger", "trigger", "tr", "t"),
        ("policy", "policy", "mine", "t"),
        ("extension", "extension", "citext", None),
        ('PGView.from_sql("create view recent as select 1")', "view", "recent", None),
        ('PGFunction.from_sql("CREATE FUNCTION public.up() returns int language sql as $$ select 1 $$")', "function", "up", None),
    ],
)
def test_entities_of_alembic_utils_are_objects(entity, kind, name, table):
    [made] = performed(f"op.create_entity({entity})", UTILS)
    [dropped] = performed(f"op.drop_entity(target={entity})", UTILS)
    assert (type(made), made.kind, made.name, made.table) == (CreateObject, kind, name, table)
    assert (type(dropped), dropped.kind, dropped.name, dropped.table) == (DropObject, kind, name, table)
    assert not dropped.cascade


def test_replaced_and_granted_entities():
    [replaced] = performed("op.replace_entity(fn)", UTILS)
    assert (replaced.kind, replaced.or_replace) == ("function", True)
    assert [type(op) for op in performed("op.replace_entity(trigger)", UTILS)] == [DropObject, CreateObject]
    assert performed("op.drop_entity(view, cascade=True)", UTILS)[0].cascade
    [granted] = performed("op.create_entity(grant)", UTILS)
    assert granted.command == "GRANT"


def test_an_entity_that_is_not_there_is_unreadable():
    migration = read("op.create_entity(fn)", "from app.functions import fn")
    assert [call.why for call in migration.unreadable] == ["what is given to create_entity() is not read"]


SYNCED = [
    'op.sync_enum_values("public", "mood", ["sad", "glad"], [("dogs", "mood")], enum_values_to_rename=[])',
    (
        'op.sync_enum_values(enum_schema="public", enum_name="mood", new_values=["sad", "glad"], '
        'affected_columns=[TableReference(table_schema="public", table_name="dogs", column_name="mood")], enum_values_to_rename=[])'
    ),
    (
        'op.sync_enum_values("public", "mood", new_values=["sad", "glad"], affected_columns=[TableReference("public", "dogs", "mood", '
        "existing_server_default=\"'sad'\")])"
    ),
]


@pytest.mark.parametrize("call", SYNCED)
def test_an_enum_that_is_synchronized_is_made_anew(call):
    found = performed(call, "from alembic_postgresql_enum import TableReference")
    made = next(op for op in found if isinstance(op, CreateObject))
    assert (made.name, made.members) == ("mood", ("sad", "glad"))
    assert [(op.table, op.column) for op in found if isinstance(op, ops.AlterColumn)] == [("dogs", "mood")]
    assert [op.name for op in found if isinstance(op, DropObject)] == ["mood_old"]


@pytest.mark.parametrize(
    "call", ['op.sync_enum_values("public", NAME, ["a"], [])', 'op.sync_enum_values("public", "mood", ["a"], COLUMNS)']
)
def test_an_enum_whose_name_or_columns_are_not_read_is_unreadable(call):
    assert read(call, "from app import NAME, COLUMNS").unreadable


@pytest.mark.parametrize(
    "call",
    [
        'op.sync_enum_values("public", "mood", ["sad"], ["glad", "sad"])',
        'op.sync_enum_values("public", "mood", old_values=["sad"], new_values=["glad", "sad"])',
        'op.sync_enum_values(schema="public", name="mood", old_values=["sad", "low"], new_values=["sad", "glad"])',
    ],
)
def test_an_enum_to_which_values_are_added_keeps_those_that_it_has(call):
    found = [op for op in performed(call, "") if isinstance(op, ops.AddEnumValue)]
    assert [(op.enum, op.schema, op.value, op.autocommit) for op in found] == [("mood", "public", "glad", True)]


@pytest.mark.parametrize(
    "call", ['op.sync_enum_values("public", "mood", old_values=OLD, new_values=["a"])', 'op.sync_enum_values("s", N, ["a"], ["b"])']
)
def test_values_that_are_not_read_make_the_call_unreadable(call):
    assert read(call, "from app import N, OLD").unreadable


GEOM = Column(name="geom", type=SqlType(name="Geometry"))


@pytest.mark.parametrize(
    ("call", "op"),
    [
        ('op.add_geospatial_column("t", COLUMN)', AddColumn(table="t", column="geom", definition=GEOM)),
        (
            'op.add_geospatial_column(table_name="t", column=COLUMN, schema="x")',
            AddColumn(table="t", schema="x", column="geom", definition=GEOM),
        ),
        (
            'with op.batch_alter_table("t") as b:\n    b.add_geospatial_column(COLUMN)',
            AddColumn(table="t", column="geom", definition=GEOM),
        ),
        ('op.drop_geospatial_column("t", "geom")', DropColumn(table="t", column="geom")),
        ('with op.batch_alter_table("t") as b:\n    b.drop_geospatial_column("geom")', DropColumn(table="t", column="geom")),
        ('op.create_geospatial_table("t", COLUMN)', CreateTable(table="t", columns=(GEOM,))),
        ('op.drop_geospatial_table("t")', DropTable(table="t")),
        (
            'op.create_geospatial_index("ix", "t", ["geom"], unique=False, postgresql_using="gist")',
            CreateIndex(index="ix", table="t", columns=("geom",), using="gist"),
        ),
        ('op.drop_geospatial_index("ix", table_name="t", column_name="geom")', DropIndex(index="ix", table="t")),
    ],
)
def test_operations_of_geoalchemy_are_alembics(call, op):
    module = "from geoalchemy2 import Geometry"
    assert performed(call.replace("COLUMN", 'sa.Column("geom", Geometry("POINT"))'), module) == (op,)


@pytest.mark.parametrize(
    "call",
    [
        'sync_trigger(op.get_bind(), "t", "search", ["a", "b"])',
        'sync_trigger(conn=op.get_bind(), table_name="t", tsvector_column="search", indexed_columns=["a"])',
    ],
)
def test_a_search_trigger_and_its_function_are_made_and_dropped(call):
    module = "from sqlalchemy_searchable import sync_trigger, drop_trigger"
    made = [(op.kind, op.name) for op in performed(call, module) if isinstance(op, CreateObject)]
    assert made == [("function", "t_search_update"), ("trigger", "t_search_trigger")]
    dropped = [(op.kind, op.name) for op in performed('drop_trigger(op.get_bind(), "t", "search")', module)]
    assert dropped == [("trigger", "t_search_trigger"), ("function", "t_search_update")]


def test_a_search_trigger_fills_the_vector_of_every_row():
    module = "from sqlalchemy_searchable import sync_trigger"
    [update] = (op for op in performed('sync_trigger(op.get_bind(), "t", "search", ["a", "b"])', module) if isinstance(op, Update))
    assert (update.table, update.columns, update.where) == ("t", ("a",), False)


INVOKED = [
    ('ops.AddColumnOp("t", sa.Column("a", sa.Integer()))', 'op.add_column("t", sa.Column("a", sa.Integer()))'),
    ('ops.DropTableOp("t", schema="x")', 'op.drop_table("t", schema="x")'),
    ('ops.CreateTableOp("t", [sa.Column("a", sa.Integer())])', 'op.create_table("t", sa.Column("a", sa.Integer()))'),
    ('ops.AlterColumnOp("t", "a", modify_nullable=False)', 'op.alter_column("t", "a", nullable=False)'),
    ('ops.CreateIndexOp("ix", "t", ["a"], unique=True)', 'op.create_index("ix", "t", ["a"], unique=True)'),
    ('ops.ExecuteSQLOp("DELETE FROM t")', 'op.execute("DELETE FROM t")'),
]


@pytest.mark.parametrize(("operation", "call"), INVOKED)
def test_an_operation_object_is_what_its_function_does(operation, call):
    module = "from alembic.operations import ops"
    invoked = read(f"op.invoke({operation})", module)
    assert (invoked.upgrade_ops, invoked.unreadable) == (read(call).upgrade_ops, ())
    assert read("op.invoke(ops.ModifyTableOps())", module).unreadable


REGISTERED = """
from alembic.operations import Operations, MigrateOperation


@Operations.register_operation("create_audit")
class CreateAuditOp(MigrateOperation):
    def __init__(self, table):
        self.table = table

    @classmethod
    def create_audit(cls, operations, table, **kw):
        return operations.invoke(cls(table))


@Operations.register_operation("drop_audit", "drop")
class DropAuditOp(MigrateOperation):
    def __init__(self, table):
        self.table = table

    @classmethod
    def drop(cls, operations, table):
        operation = DropAuditOp(table)
        return operations.invoke(operation)


@Operations.implementation_for(CreateAuditOp)
def create(operations, operation):
    operations.add_column(operation.table, sa.Column("changed", sa.Integer()))


@Operations.implementation_for(DropAuditOp)
def drop(operations, operation):
    operations.execute("ALTER TABLE %s DROP COLUMN changed" % operation.table)
"""


REPLACED = """
from alembic.operations import Operations, MigrateOperation


@Operations.register_operation("replace_enum")
class ReplaceEnumOp(MigrateOperation):
    def __init__(self, table: str, column: str, former: sa.Enum, new: sa.Enum) -> None:
        self.table, self.column, self.former, self.new = table, column, former, new

    @classmethod
    def replace_enum(cls, operations, table, column, *, former, new=None):
        return operations.invoke(cls(table, column, former, new))


@Operations.implementation_for(ReplaceEnumOp)
def replace_enum(operations, operation):
    if operations.get_context().dialect.name == "postgresql":
        operations.execute("ALTER TYPE {0} RENAME TO {0}_old".format(operation.former.name))
        operation.new.create(operations.get_bind(), checkfirst=False)
        using = f"{operation.column}::text::{operation.new.name}"
        operations.alter_column(operation.table, operation.column, type_=operation.new, postgresql_using=using)
        operations.execute(f"DROP TYPE {operation.former.name}_old -- {len(operation.former.enums)}")
"""


def test_an_operation_of_env_py_may_take_an_enum(tmp_path):
    _, folder = own(tmp_path, "in env.py", REPLACED)
    call = 'op.replace_enum("t", "c", former=sa.Enum("a", name="mood"), new=sa.Enum("a", "b", name="mood"))'
    migration = read(call, "", folder)
    assert migration.unreadable == ()
    renamed, made, altered, dropped = (op for op in migration.upgrade_ops if not op.sql)
    assert renamed.statement == "ALTER TYPE mood RENAME TO mood_old"
    assert (made.name, made.members) == ("mood", ("a", "b"))
    assert (altered.using, altered.dialects) == ("c::text::mood", ("postgresql",))
    assert dropped.statement == "DROP TYPE mood_old -- 1"


ENVIRONMENT = """
from alembic import context
import sqlalchemy as sa
from shop.models import Base

config = context.config
REGISTERED


def run_migrations_offline():
    context.configure(url=config.get_main_option("sqlalchemy.url"), literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


def run_migrations_online():
    with sa.engine_from_config(config.get_section("alembic"), prefix="sqlalchemy.").connect() as connection:
        connection.execute(sa.text("DROP TABLE leftovers"))
        context.configure(connection=connection, target_metadata=Base.metadata)
        with context.begin_transaction():
            context.run_migrations()


if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
"""


def own(folder, where, registered=REGISTERED):
    if where == "here":
        return REGISTERED, None
    versions = folder / "migrations" / "versions"
    versions.mkdir(parents=True)
    (folder / "setup.cfg").touch()
    (folder / "app").mkdir()
    (folder / "app" / "operations.py").write_text("import sqlalchemy as sa\n" + REGISTERED)
    if where == "in env.py":
        (folder / "migrations" / "env.py").write_text(ENVIRONMENT.replace("REGISTERED", registered))
    if where == "env.py":
        (folder / "migrations" / "env.py").write_text("from app import operations\n")
    return "import app.operations" if where == "imported" else "", versions


@pytest.mark.parametrize("where", ["here", "imported", "env.py", "in env.py"])
def test_operations_that_the_project_registers_are_read(tmp_path, where):
    module, folder = own(tmp_path, where)
    [added] = performed('op.create_audit("t")', module, folder)
    [dropped] = performed('op.drop_audit(table="t")', module, folder)
    assert (type(added), added.table, added.column) == (AddColumn, "t", "changed")
    assert (type(dropped), dropped.table, dropped.column) == (DropColumn, "t", "changed")


def test_an_operation_that_nobody_registers_is_unreadable(tmp_path):
    module, folder = own(tmp_path, "env.py")
    assert [call.why for call in read('op.create_nothing("t")', module, folder).unreadable] == [
        "create_nothing is no operation of Alembic's"
    ]


class Point:
    def __init__(self, load):
        self.load = load


def offered():
    return {
        "create_hypertable": LibraryOperation(
            ("table_name", "column"),
            lambda call: [f"SELECT create_hypertable('{call.must('table_name')}')", ops.DropIndex(index="ix", table=call.must("table_name"))],
        ),
        "timescale.compress": LibraryOperation(("table",), lambda call: [ops.DropTable(table=call.must("table"))]),
        "nonsense": 1,
    }  # fmt: skip


def broken():
    raise ImportError("no such module")


def test_other_packages_bring_their_operations(monkeypatch):
    points = [Point(broken), Point(lambda: None), Point(offered)]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: points if group == "mrt_lint.operations" else [])
    registry._added.cache_clear()
    try:
        migration = read('op.create_hypertable("t", "at")\ncompress("u")', "from timescale.tools import compress")
        assert migration.unreadable == ()
        assert [type(op) for op in migration.upgrade_ops] == [ops.Execute, ops.Statement, DropIndex, DropTable]
        assert read("op.nonsense()").unreadable
    finally:
        registry._added.cache_clear()
