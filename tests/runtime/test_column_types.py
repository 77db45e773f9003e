"""Rows hold what the types of a project's columns write: any other text or number could not be read by its own migrations."""

import textwrap

import pytest

from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification
from tests.axes import keep

TYPES = textwrap.dedent(
    """
    import base64
    import enum
    import json

    import sqlalchemy as sa
    from sqlalchemy.orm import declarative_base


    class State(enum.Enum):
        OPEN = 3
        DONE = 4


    class WordSet(sa.TypeDecorator):
        impl = sa.Text
        cache_ok = True

        def process_bind_param(self, value, dialect):
            return json.dumps(sorted(value)) if isinstance(value, set) else "[]"

        def process_result_value(self, value, dialect):
            return set() if value is None else set(json.loads(value))


    class Document(sa.TypeDecorator):
        impl = sa.LargeBinary
        cache_ok = True

        def process_bind_param(self, value, dialect):
            return json.dumps(value).encode()

        def process_result_value(self, value, dialect):
            return None if value is None else json.loads(bytes(value).decode())


    class Coded(sa.TypeDecorator):
        impl = sa.String(200)
        cache_ok = True

        def process_bind_param(self, value, dialect):
            return base64.b64encode(value.encode()).decode()

        def process_result_value(self, value, dialect):
            return None if value is None else base64.b64decode(value, validate=True).decode()


    class Stated(sa.TypeDecorator):
        impl = sa.Integer
        cache_ok = True

        def process_bind_param(self, value, dialect):
            return value.value

        def process_result_value(self, value, dialect):
            return None if value is None else State(value)


    TYPES = {"a set": WordSet(), "a document": Document(), "a code": Coded(), "a number": Stated(), "words": sa.Enum("a", "b", native_enum=False, length=30)}
    """
)
READ = """base = declarative_base()
    class T(base):
        __tablename__ = "t"
        id = sa.Column(sa.Integer, primary_key=True)
        note = sa.Column(TYPES[{kind!r}])
    session = Session(op.get_bind())
    found = [row.note for row in session.query(T).order_by(T.id)]
    assert any(note is not None for note in found)"""
IMPORTS = "from types_of_mine import TYPES, declarative_base\n    from sqlalchemy.orm import Session\n    "


@pytest.fixture
def verify(project, database):
    def check(kind, upgrade):
        (project.root / "types_of_mine.py").write_text(TYPES)
        project.write_ini("prepend_sys_path = .")
        create = f'op.create_table("t", sa.Column("id", sa.Integer, primary_key=True), sa.Column("note", TYPES[{kind!r}]))'
        project.add("001", upgrade=IMPORTS + create, downgrade='op.drop_table("t")')
        project.add("002", "001", upgrade=IMPORTS + upgrade, downgrade="pass")
        with Verification(project.config(db_url=database.url)) as verification:
            return verification.check("002")

    return check


@pytest.mark.parametrize("kind", keep(["a set", "a document", "a code", "a number", "words"], "a set"))
def test_a_migration_can_read_what_its_types_read(verify, kind):
    assert verify(kind, READ.format(kind=kind)).outcome is Outcome.REVERSIBLE


def test_what_it_then_does_to_the_values_is_missed(verify):
    assert (
        verify("a set", READ.format(kind="a set") + "\n    op.execute(\"UPDATE t SET note = '[]'\")").outcome is Outcome.DATA_LOSS
    )
