"""Whatever may change the database is read, in the project's own modules too, or listed as unreadable."""

import pytest

from mrt_lint.cache.store import DiskCache
from mrt_lint.check.engine import CheckEngine
from mrt_lint.model.ops import AddColumn, Delete, DropTable, Execute, Insert, Update
from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python import parse_migration
from mrt_lint.settings import load_settings
from tests.lint.lifting import compose

MODELS = """
from app.db import Base, session, make_session
from app.models import Parcel
import app.tasks
import redis, logging, sys, requests
from app.clients import redis_client
"""


def read(body, module="", folder=None, downgrade="pass"):
    return parse_migration(compose(body, module=module, downgrade=downgrade).encode(), "m.py", folder)


HANDED_OVER = [
    'drop_table_if_exists(op.get_bind(), "parcels")',
    "load_seed_rows(op.get_bind())",
    "get_or_create_default_rows(op.get_context())",
    "check_and_repair(op.get_bind())",
    "done = drop_if_exists(op.get_bind())",
    "rows = upsert_roles(orm.Session(bind=op.get_bind()))",
    "if create_if_missing(op.get_bind()):\n    pass",
    'frame.to_sql("parcels", op.get_bind())',
    'count = frame.to_sql("parcels", con=op.get_bind())',
    "Seeder(op).run()",
    "class Own(Seeder):\n    pass\nOwn(op).run()",
    "class Own(Seeder):\n    def run(self):\n        super().run()\nOwn(op).run()",
    "run_all([op.get_bind()])",
    "helper(options={'op': op})",
    'with op.batch_alter_table("parcels") as batch:\n    add_audit_columns(batch)',
    "op.get_bind().connection.cursor().copy_from(source, 'parcels')",
    "session.query(Parcel).delete()",
    "op.execute(DropSequence(sequence))",
    "for table in Base.metadata.sorted_tables:\n    op.execute(CreateTable(table))",
    "op.get_bind().execute(sa.schema.DropIndex(find_index()))",
]
FOR_ITS_EFFECT = [
    "load_seed_rows()",
    "check_and_repair()",
    "app.tasks.seed()",
    "Seeder().run()",
    "import asyncio\nasyncio.run(seed())",
    "[seed(name) for name in names]",
    "list(map(seed, names))",
    "names and seed()",
    "deleted = purge_orphans()",
    "import subprocess\nsubprocess.run(['psql'])",
    "import os\nos.system('psql')",
]


@pytest.mark.parametrize("body", [*HANDED_OVER, *FOR_ITS_EFFECT])
def test_a_call_that_may_change_the_database_is_listed(body):
    names = "drop_table_if_exists, load_seed_rows, get_or_create_default_rows, check_and_repair, drop_if_exists, upsert_roles"
    module = f"{MODELS}\nfrom app.tools import {names}, create_if_missing, Seeder, run_all, helper, add_audit_columns, seed, names"
    module += "\nfrom app.tools import purge_orphans, frame, source, sequence, find_index"
    module += "\nfrom sqlalchemy.schema import CreateTable, DropSequence"
    assert {call.function for call in read(body, module).unreadable} == {"upgrade"}


@pytest.mark.parametrize(
    "body",
    [
        'print("done")',
        'logging.getLogger(__name__).info("x")',
        "redis.Redis().flushall()",
        'redis.from_url("x").delete("k")',
        'redis_client.delete("k")',
        'client = redis.Redis()\nclient.delete("k")',
        'requests.post("http://x", json={})',
        'if table_exists(op.get_bind(), "t"):\n    pass',
        'found = has_column(op.get_bind(), "t", "c")',
        "names = sa.inspect(op.get_bind()).get_table_names()",
        "value = build_default()",
        "log_progress(1)",
        "session = orm.Session(bind=op.get_bind())\nparcel = session.get(Parcel, 1)\nprint(parcel.code)",
        "session = orm.Session(bind=op.get_bind())\nrows = {p.id: p for p in session.query(Parcel)}\nrows.get(1)",
    ],
)
def test_what_touches_no_database_or_only_asks_is_not_listed(body):
    migration = read(body, MODELS + "from app.tools import table_exists, has_column, build_default, log_progress")
    assert (migration.unreadable, migration.upgrade_ops) == ((), ())


SESSION = "s = orm.Session(bind=op.get_bind())\n"
OWN_MODEL = """
class Parcel(sa.orm.declarative_base()):
    __tablename__ = "parcels"
    id = sa.Column(sa.Integer, primary_key=True)
    code = sa.Column(sa.Text)
"""
CODE = Update(table="parcels", columns=("code",), source_columns=())
ORM = {
    "p = s.get(Parcel, 1)\np.code = 'x'": (CODE,),
    "p = s.query(Parcel).get(1)\np.code = 'x'": (CODE,),
    "p = s.query(Parcel).filter_by(id=1).first()\np.code = 'x'": (CODE,),
    "p = s.query(Parcel).one()\nif p is None:\n    return\np.code = 'x'": (
        Update(table="parcels", columns=("code",), source_columns=(), certain=False),
    ),
    "p = s.scalars(sa.select(Parcel)).first()\np.code = 'x'": (CODE,),
    "p = s.scalar(sa.select(Parcel))\np.code = 'x'": (CODE,),
    "p = s.execute(sa.select(Parcel)).scalar_one()\np.code = 'x'": (CODE,),
    "p = s.execute(sa.select(Parcel)).scalars().all()[0]\np.code = 'x'": (CODE,),
    "p = {p.id: p for p in s.query(Parcel)}[1]\np.code = 'x'": (CODE,),
    "p = {p.id: p for p in s.query(Parcel)}.get(1)\np.code = 'x'": (CODE,),
    "p = list(s.query(Parcel))[0]\nsetattr(p, 'code', 'x')": (),
    "p = s.get(Parcel, 1)\nsetattr(p, 'code', 'x')": (CODE,),
    "p = s.get(Parcel, 1)\np.code['k'] = 1": (CODE,),
    "p = s.get(Parcel, 1)\ndel p.code['k']": (CODE,),
    "p = s.get(Parcel, 1)\np.code.append(1)": (CODE,),
    "p = [p for p in s.query(Parcel)][0]\np.code = 'x'": (CODE,),
    "(p,) = s.query(Parcel).limit(1)\np.code = 'x'": (CODE,),
    "p = next(iter(s.query(Parcel)))\np.code = 'x'": (CODE,),
    "p = Parcel.query.get(1)\np.code = 'x'": (CODE,),
    "Parcel.query.filter_by(id=1).delete()": (Delete(table="parcels", where=True),),
    "s.query(Parcel).delete()": (Delete(table="parcels", where=False),),
    "s.query(Parcel).filter_by(id=1).update({'code': 'x'})": (
        Update(table="parcels", columns=("code",), source_columns=(), where=True),
    ),
    "s.delete(s.get(Parcel, 1))": (Delete(table="parcels", where=True),),
    "s.add(Parcel(code='x'))": (Insert(table="parcels", columns=("code",)),),
    "p = s.query(Parcel).first()\np.code = 'x'\ns.add(p)": (CODE,),
    "for p in s.query(Parcel).all():\n    p.code = 'x'\n    s.add(p)\n    s.commit()": (CODE,),
    "ps = s.query(Parcel).all()\nfor p in ps:\n    p.code = 'x'\ns.add_all(ps)": (CODE,),
    "p = s.merge(s.get(Parcel, 1))": (),
    "repo.add(Parcel(code='x'))": (Insert(table="parcels", columns=("code",)),),
    "repo.query(Parcel).update({'code': 'x'})": (Update(table="parcels", columns=("code",), source_columns=()),),
}


@pytest.mark.parametrize("body", [body for body, ops in ORM.items() if ops])
def test_what_is_done_to_objects_of_the_orm_is_done_to_their_rows(body):
    migration = read(SESSION + body, OWN_MODEL + "\nfrom app.db import repo")
    found = [(type(op), op.table, getattr(op, "columns", None)) for op in migration.upgrade_ops]
    assert found == [(type(op), op.table, getattr(op, "columns", None)) for op in ORM[body]]
    assert migration.unreadable == ()


@pytest.mark.parametrize("body", [body for body in ORM if "Parcel(" not in body])
def test_the_same_on_a_model_that_is_not_there_is_listed(body):
    migration = read(SESSION + body, "from app.models import Parcel\nfrom app.db import repo")
    assert migration.unreadable or not ORM[body]
    assert all(op.table is UNKNOWN for op in migration.upgrade_ops)


@pytest.mark.parametrize(
    "body",
    [
        'db.session.execute(sa.text("DELETE FROM t"))',
        'found = db.session.execute(sa.text("DELETE FROM t"))',
        'session.execute("DELETE FROM t")',
        'make_session().execute("DELETE FROM t")',
        'with get_db_session() as s:\n    s.execute("DELETE FROM t")',
        'with engine.begin() as c:\n    c.execute("DELETE FROM t")',
        "op.run_async(fill)",
        "op.get_bind().run_sync(fill)",
    ],
)  # fmt: skip
def test_sessions_and_connections_of_the_project_execute(body):
    module = (
        "from app.db import db, session, make_session, get_db_session, engine\n"
        'def fill(connection):\n    connection.execute("DELETE FROM t")'
    )
    migration = read(body, module)
    assert (migration.unreadable, migration.upgrade_ops) == ((), (Execute(statement="DELETE FROM t"),))


TOOLS = """
from alembic import op
import sqlalchemy as sa
from .names import AUDIT

def drop_it(bind, name):
    if sa.inspect(bind).has_table(name):
        op.drop_table(name)

def add_audit(batch=None):
    for name in AUDIT:
        batch.add_column(sa.Column(name, sa.Integer()))

class Seeder:
    def __init__(self, op):
        self.op = op

    def run(self):
        self.op.execute("DELETE FROM t")

def between(name):
    op.execute("A " + name)
    yield
    op.execute("B " + name)

def drop_within(name):
    with between("x"):
        op.drop_table(name)
"""


@pytest.fixture
def project(tmp_path):
    versions = tmp_path / "app" / "migrations" / "versions"
    versions.mkdir(parents=True)
    (tmp_path / "pyproject.toml").touch()
    (tmp_path / "app" / "__init__.py").touch()
    (tmp_path / "app" / "names.py").write_text('AUDIT = ["made", "changed"]\n')
    (tmp_path / "app" / "tools.py").write_text(TOOLS)
    (tmp_path / "app" / "models").mkdir()
    (tmp_path / "app" / "models" / "__init__.py").write_text("from .parcel import *\nfrom .parcel import Parcel as Package\n")
    (tmp_path / "app" / "models" / "parcel.py").write_text("import sqlalchemy as sa\n" + OWN_MODEL)
    return versions


@pytest.mark.parametrize(
    ("body", "ops"),
    [
        ('tools.drop_it(op.get_bind(), "t")', (DropTable(table="t", certain=False),)),
        ('from app.tools import drop_it as d\nd(op.get_bind(), name="t")', (DropTable(table="t", certain=False),)),
        ("tools.Seeder(op).run()", (Execute(statement="DELETE FROM t"),)),
        ('with tools.between("t"):\n    op.drop_table("t")', ("A t", DropTable(table="t"), "B t")),
        ('tools.drop_within("t")', ("A x", DropTable(table="t"), "B x")),
        ("for name in names.AUDIT:\n    op.drop_table(name)", (DropTable(table="made"), DropTable(table="changed"))),
        (
            "from app.models import Package\norm.Session(op.get_bind()).query(Package).delete()",
            (Delete(table="parcels", where=False),),
        ),
        ("from app.models import Parcel\nop.execute(sa.delete(Parcel))", (Delete(table="parcels"),)),
    ],
)
def test_an_imported_name_is_followed_into_the_project(project, body, ops):
    migration = read(body, "from app import tools\nimport app.names as names", project)
    assert migration.unreadable == ()
    expected = tuple(Execute(statement=op) if isinstance(op, str) else op for op in ops)
    assert [(type(op), getattr(op, "table", op)) for op in migration.upgrade_ops] == [
        (type(op), getattr(op, "table", op)) for op in expected
    ]
    assert [op.certain for op in migration.upgrade_ops] == [op.certain for op in expected]
    lines = compose(body, module="from app import tools\nimport app.names as names").splitlines()
    assert all(op.origin.line <= len(lines) and "def " not in lines[op.origin.line - 1] for op in migration.upgrade_ops)


def test_operations_of_a_helper_stand_where_it_is_called(project):
    body = '\n\nwith op.batch_alter_table("t") as batch:\n    add_audit(batch=batch)'
    migration = read(body, "from app.tools import add_audit", project)
    assert [(type(op), op.column, op.batch) for op in migration.upgrade_ops] == [
        (AddColumn, "made", True),
        (AddColumn, "changed", True),
    ]
    assert len({op.origin for op in migration.upgrade_ops}) == 1


@pytest.mark.parametrize("text", ["def drop_it(:", "x = 1", "drop_it = None", "from app.tools import drop_it", "\0"])
def test_a_module_that_says_nothing_of_a_name_leaves_the_call_unread(project, text):
    (project.parent.parent / "tools.py").write_text(text)
    migration = read('drop_it(op.get_bind(), "t")', "from app.tools import drop_it", project)
    assert [call.why for call in migration.unreadable] == ["drop_it() is not defined in this file"]


@pytest.mark.parametrize(
    "text",
    [
        "import sys\nif sys.platform:\n    size: int = 1\nelse:\n    width: int\nheight: int = 3\n",
        "import sys\nif sys.platform:\n    from json import *\nelse:\n    from app.tools import *\nfrom os.path import *\n",
        "try:\n    from app.nowhere import *\n    kind: str\nexcept ImportError:\n    from app.tools import *\nname: str = 'a'\n",
        "match anything():\n    case 1:\n        a: int = 1\n    case 2:\n        from json import *\nb: int\nfrom csv import *\n",
    ],
)
def test_names_that_a_module_may_or_may_not_set_stop_no_reading(project, text):
    (project.parent.parent / "sometimes.py").write_text(text)
    migration = read('op.drop_table("t")\nop.drop_table(missing)', "from app.sometimes import missing", project)
    assert [op.table for op in migration.upgrade_ops] == ["t", UNKNOWN]


def test_a_star_import_in_one_branch_is_looked_into(project):
    text = "try:\n    from app.nowhere import *\nexcept ImportError:\n    from app.names import *\n"
    (project.parent.parent / "sometimes.py").write_text(text)
    migration = read("for name in AUDIT:\n    op.drop_table(name)", "from app.sometimes import AUDIT", project)
    assert [op.table for op in migration.upgrade_ops] == ["made", "changed"]


def test_a_type_of_the_project_keeps_its_name(project):
    (project.parent.parent / "types.py").write_text(
        "import sqlalchemy as sa\nGUID = sa.CHAR(36)\ndef Short():\n    return sa.String(9)"
    )
    migration = read(
        'op.add_column("t", sa.Column("a", GUID))\nop.add_column("t", sa.Column("b", Short()))',
        "from app.types import GUID, Short",
        project,
    )
    assert [op.definition.type.name for op in migration.upgrade_ops] == ["types.GUID", "Short"]


def test_a_report_is_made_again_when_a_helper_changes(project, monkeypatch):
    monkeypatch.chdir(project.parent.parent.parent)
    file = project / "b2.py"
    file.write_text(compose('drop_it(op.get_bind(), "t")', module="from app.tools import drop_it").replace('"a1"', "None"))

    def codes():
        engine = CheckEngine(load_settings(project), cache=DiskCache(project.parent))
        return {finding.code for finding in engine.check([file]).findings}

    assert "MRT202" in codes()
    assert "MRT202" in codes()
    tools = project.parent.parent / "tools.py"
    tools.write_text("def drop_it(bind, name):\n    pass\n")
    assert codes() == set()
    tools.replace(tools.with_name("other.py"))
    assert codes() == {"MRT102"}
    tools.write_text(TOOLS)
    assert "MRT202" in codes()


LADDER = """
class Step:
    def run(self):
        return self.execute()

class AlterStep(Step):
    def __init__(self, table):
        self.table = table

    def run(self):
        return super().run()

class Drop(AlterStep):
    def __init__(self, table):
        super().__init__(table)

    def execute(self):
        op.drop_table(self.table)
"""


def test_super_is_the_method_of_the_base():
    migration = read('Drop("t").run()', LADDER)
    assert (migration.upgrade_ops, migration.unreadable) == ((DropTable(table="t"),), ())


@pytest.mark.parametrize("body", ["sys.exit(1)", "exit()", 'os._exit("no")'])
def test_the_end_of_the_process_is_the_end_of_the_function(body):
    migration = read(f"{body}\nop.drop_table('t')", "import os, sys")
    assert [(op.op, op.exception) for op in migration.upgrade_ops] == [("raise", "SystemExit")]
    assert migration.unreadable == ()
