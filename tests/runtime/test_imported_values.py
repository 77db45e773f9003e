"""What a migration maps by an enum or a dictionary, its own or an imported one, holds values that these know."""

import ast
import enum
import sys
import types

import pytest
import sqlalchemy as sa

from mrt_runtime.seed.imported_values import is_enum, write_out
from mrt_runtime.seed.mapped_values import find_mapped
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLE = """op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("n", sa.Integer, nullable=False))"""
MODULE = """import enum

class Kind(enum.Enum):
    SMALL = "small"
    BIG = "big"

class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2

NEW = {"small": "s", "big": "b"}
NUMBERS = {1: "one", 2: "two"}
LABELS = ["x", "y"]
"""
READ = {
    "a member by its value": "Kind(row.kind).name",
    "a member by its name": "Kind[row.kind].value",
    "a number's member": "Level(row.n).name",
    "a key": "NEW[row.kind]",
    "a key in a module": "values_of_mrt.NEW[row.kind]",
    "a number": "NUMBERS[row.n]",
    "a place of a row": "NEW[row[1]]",
    "a dictionary in place": "{1: 'a', 2: 'b'}[row.n]",
    "a dictionary turned round": "{new: old for old, new in NEW.items()}[row.kind]",
    "a dictionary of members": "{one.value: one.name for one in Kind}[row.kind]",
    "a place in a list": "str(LABELS.index(row.kind))",
    "an import in the function": "Inside[row.kind].value",
}
LOOP = """from values_of_mrt import Kind as Inside
    bind = op.get_bind()
    op.add_column("t", sa.Column("label", sa.String(30)))
    for row in bind.execute(sa.text("SELECT id, kind, n FROM t")).all():
        bind.execute(sa.text("UPDATE t SET label = :label WHERE id = :id"), {{"label": {}, "id": row.id}})"""
DROP = 'with op.batch_alter_table("t") as batch:\n        batch.drop_column("label")'
IMPORT = "import values_of_mrt\nfrom values_of_mrt import *\n"
TYPES = {
    "an enum": 'sa.Enum(Kind, name="kind")',
    "values of an enum": 'sa.Enum(Kind, name="kind", values_callable=lambda kinds: [kind.value for kind in kinds])',
    "a list": 'sa.Enum(*LABELS, name="kind")',
    "an enum in a module": 'sa.Enum(values_of_mrt.Kind, name="kind")',
}
CASES = {
    "of one": "CASE kind WHEN 'low' THEN 1 WHEN 'high' THEN 2 END",
    "of conditions": "CASE WHEN t.kind = 'low' THEN 1 WHEN kind IN ('high', 'top') THEN 2 END",
    "with ELSE NULL": "CASE kind WHEN 'low' THEN 1 WHEN 'high' THEN 2 ELSE NULL END",
    "of numbers": "CASE n WHEN 1 THEN 10 WHEN 2 THEN 20 END",
}


@pytest.fixture
def module(project, monkeypatch):
    """A module of the application, which env.py imports."""
    (project.root / "values_of_mrt.py").write_text(MODULE)
    monkeypatch.syspath_prepend(project.root)
    project.env.write_text(f"import values_of_mrt\n{project.env.read_text()}")
    yield
    sys.modules.pop("values_of_mrt", None)


def add(project, upgrade, downgrade):
    project.add("001", upgrade=TABLE, downgrade='op.drop_table("t")')
    path = project.add("002", "001", upgrade=upgrade, downgrade=downgrade)
    path.write_text(path.read_text().replace("from alembic", f"{IMPORT}from alembic"))


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("kind", READ)
def test_rows_hold_what_code_knows(project, sqlite_url, kind):
    add(project, LOOP.format(READ[kind]), DROP)
    with Verification(project.config(db_url=sqlite_url)) as verification:
        verdict = verification.check("002")
    assert (verdict.outcome, verdict.failures) == (Outcome.REVERSIBLE, ())


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("kind", TYPES)
def test_rows_hold_the_labels_of_an_imported_enum(project, postgres_url, kind):
    upgrade = f"""kind = {TYPES[kind]}
    kind.create(op.get_bind())
    op.alter_column("t", "kind", type_=kind, postgresql_using="kind::kind")"""
    downgrade = 'op.alter_column("t", "kind", type_=sa.String(30), postgresql_using="kind::text")\n    op.execute("DROP TYPE kind")'
    add(project, upgrade, downgrade)
    with Verification(project.config(db_url=postgres_url)) as verification:
        assert verification.check("002").outcome is Outcome.REVERSIBLE


SPELLED = {name: f'op.execute("UPDATE t SET level = {sql}")' for name, sql in CASES.items()} | {
    "case() of pairs": """t = sa.table("t", sa.column("kind"), sa.column("level"))
    op.execute(t.update().values(level=sa.case((t.c.kind == "a", 1), (t.c.kind == "b", 2))))""",
    "case() of a dictionary": """t = sa.table("t", sa.column("kind"), sa.column("level"))
    op.execute(t.update().values(level=sa.case({"a": 1, "b": 2}, value=t.c.kind)))""",
}


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("kind", SPELLED)
def test_rows_hold_what_a_case_without_else_knows(project, postgres_url, kind):
    upgrade = f"""op.add_column("t", sa.Column("level", sa.Integer))
    {SPELLED[kind]}
    op.alter_column("t", "level", nullable=False)"""
    add(project, upgrade, 'op.drop_column("t", "level")')
    with Verification(project.config(db_url=postgres_url)) as verification:
        assert verification.check("002").outcome is Outcome.REVERSIBLE


SETTINGS = """from sqlalchemy import orm, Table, Column, Integer, String
Base = orm.declarative_base()
class Setting(Base):
    __tablename__ = "preference"
    id = Column(Integer, primary_key=True)
    label = Column("code", String(30))
    level = Column(Integer)
settings = Setting.__table__
"""
FOUND = {
    "a mapped class": 'session.query(Setting).filter(Setting.{0} == "shade").first()',
    "filter_by": 'session.query(Setting).filter_by({0}="shade").first()',
    "a module's class": 'session.query(values_of_mrt.Setting).filter(values_of_mrt.Setting.{0} == "shade").first()',
    "a SELECT": 'session.scalars(sa.select(Setting).where(Setting.{0} == "shade")).first()',
    "a table": 'session.execute(sa.select(settings).where(settings.c.code == "shade")).first()',
}
CHANGED = """from sqlalchemy import orm
    session = orm.Session(op.get_bind())
    found = {}
    if found is not None:
        session.execute(sa.text("UPDATE " + "preference SET level = level + 1000 WHERE id = " + str(found.id)))
        session.commit()"""


@pytest.mark.usefixtures("module")
@pytest.mark.parametrize("kind", FOUND)
def test_a_row_is_what_an_imported_class_asks_for(project, sqlite_url, kind):
    (project.root / "values_of_mrt.py").write_text(SETTINGS)
    table = 'op.create_table("preference", sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String(30)), '
    project.add("001", upgrade=table + 'sa.Column("level", sa.Integer))', downgrade='op.drop_table("preference")')
    path = project.add("002", "001", upgrade=CHANGED.format(FOUND[kind].format("label")), downgrade="pass")
    path.write_text(path.read_text().replace("from alembic", f"{IMPORT}from alembic"))
    with Verification(project.config(db_url=sqlite_url)) as verification:
        verdict = verification.check("002")
    assert verdict.outcome is Outcome.DATA_LOSS, verdict


@pytest.mark.parametrize(
    "sql",
    [
        "CASE kind WHEN 'a' THEN 1 WHEN 'b' THEN 2 ELSE 3 END",
        "CASE WHEN kind = 'a' THEN 1 WHEN n = 2 THEN 2 END",
        "CASE WHEN kind = 'a' THEN 1 WHEN kind LIKE 'b%' THEN 2 END",
        "sum(CASE WHEN kind = 'a' THEN 1 END)",
        "CASE kind WHEN 'a' THEN CASE n WHEN 1 THEN 2 END END",
    ],
)
def test_other_cases_say_nothing_of_what_there_is(sql):
    assert list(find_mapped(sql)) == []


class Color(enum.Enum):
    RED = "red"


def boom():
    raise AssertionError("it was called")


@pytest.mark.parametrize(
    ("code", "names", "expected"),
    [
        ("x = [c.value for c in Color]", {"Color": Color}, "x = ['red']"),
        ("x = Color.RED.value", {"Color": Color}, "x = 'red'"),
        ("x = [boom() for c in Color]", {"Color": Color, "boom": boom}, "x = [boom() for c in Color]"),
        ("x = [c.boom for c in Color]", {"Color": Color}, "x = [c.boom for c in Color]"),
        ("x = sa.Enum(Color, name='c')", {"Color": Color, "sa": sa}, "x = sa.Enum('RED', name='c')"),
        ("x = m.NAMES", {"m": types.SimpleNamespace(NAMES=[1])}, "x = m.NAMES"),
        ("x = NAMES", {"NAMES": {Color.RED: 1, "b": object()}}, "NAMES = {'red': 1, 'b': None}\nx = NAMES"),
        ("NAMES = [1]\nx = NAMES", {"NAMES": [1]}, "NAMES = [1]\nx = NAMES"),
    ],
)
def test_what_is_known_is_written_out_and_nothing_is_called(code, names, expected):
    written = ast.unparse(write_out(ast.parse(code), names))
    assert "\n".join(line for line in written.splitlines() if line.startswith(("x =", "NAMES"))) == expected


def test_an_alias_is_no_enum_and_no_type():
    """Python 3.10 says of `list[int]` that it is a type, and issubclass() raises."""
    assert [is_enum(value) for value in (list[int], dict[str, int], enum.Enum, int, "x")] == [False, False, True, False, False]
