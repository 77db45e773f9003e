"""Rows of two tables that a migration joins by values, which no foreign key binds, have some of these in common."""

import pytest

from mrt_runtime.seed.code_reader import read_code
from mrt_runtime.seed.joined_columns import find_joined
from mrt_runtime.verdict import Outcome
from mrt_runtime.verify.session import Verification

TABLES = """op.create_table("a", sa.Column("id", sa.Integer, primary_key=True), sa.Column("name", sa.String(30), nullable=False))
    op.create_table("b", sa.Column("id", sa.Integer, primary_key=True), sa.Column("code", sa.String(40), nullable=False))"""
DROP = 'op.drop_table("b")\n    op.drop_table("a")'
ADD = 'op.add_column("a", sa.Column("b_id", sa.Integer))\n    bind = op.get_bind()\n    '
BACK = 'with op.batch_alter_table("a") as batch:\n        batch.drop_column("b_id")'
NOT_NULL = 'with op.batch_alter_table("a") as batch:\n        batch.alter_column("b_id", nullable=False)'
ROWS = 'for row in bind.execute(sa.text("SELECT id, name FROM a")).all():\n        '
WRITE = 'bind.execute(sa.text("UPDATE a SET b_id = :b WHERE id = :i"), {{"b": {}, "i": row.id}})'
CORE = """a = sa.table("a", sa.column("id"), sa.column("name"), sa.column("b_id"))
    b = sa.table("b", sa.column("id"), sa.column("code"))
    """
ORM = """from sqlalchemy.orm import Session, declarative_base
    Base = declarative_base()
    class A(Base):
        __tablename__ = "a"
        id, name, b_id = sa.Column(sa.Integer, primary_key=True), sa.Column(sa.String), sa.Column(sa.Integer)
    class B(Base):
        __tablename__ = "b"
        id, code = sa.Column(sa.Integer, primary_key=True), sa.Column(sa.String)
    session = Session(bind)
    for one in session.query(A):
        one.b_id = session.query(B).{}.one().id
    session.commit()"""
SPELLED = {
    "a subquery": f'op.execute("UPDATE a SET b_id = (SELECT min(b.id) FROM b WHERE code = a.name)")\n    {NOT_NULL}',
    "a dictionary": 'ids = {row.code: row.id for row in bind.execute(sa.text("SELECT id, code FROM b"))}\n    '
    + ROWS
    + WRITE.format("ids[row.name]"),
    "a dictionary of places": 'ids = {code: i for i, code in bind.execute(sa.text("SELECT id, code FROM b"))}\n    '
    + ROWS
    + WRITE.format("ids[row[1]]"),
    "dict()": 'ids = dict(bind.execute(sa.text("SELECT code, id FROM b")).fetchall())\n    ' + ROWS + WRITE.format("ids[row.name]"),
    "a parameter": f"""{ROWS}found = bind.execute(sa.text("SELECT id FROM b WHERE code = :c"), {{"c": row.name}}).one()
        {WRITE.format("found.id")}""",
    "an f-string": f"""{ROWS}found = bind.execute(sa.text(f"SELECT id FROM b WHERE code = '{{row.name}}'")).one()
        {WRITE.format("found.id")}""",
    "Core": CORE
    + """for row in bind.execute(sa.select(a.c.id, a.c.name)).all():
        found = bind.execute(sa.select(b.c.id).where(b.c.code == row.name)).scalar_one()
        bind.execute(a.update().where(a.c.id == row.id).values(b_id=found))""",
    "filter()": ORM.format("filter(B.code == one.name)"),
    "filter_by()": ORM.format("filter_by(code=one.name)"),
}


@pytest.fixture(params=["sqlite", "postgres"])
def verify(project, request):
    def check(upgrade, downgrade):
        project.add("001", upgrade=TABLES, downgrade=DROP)
        project.add("002", "001", upgrade=upgrade, downgrade=downgrade)
        url = request.getfixturevalue(f"{request.param}_url")
        with Verification(project.config(db_url=url, edge_rows="off")) as verification:
            return verification.check("002")

    return check


@pytest.mark.parametrize("kind", SPELLED)
def test_rows_match_where_one_is_looked_up_for_each(verify, kind):
    verdict = verify(ADD + SPELLED[kind], BACK)
    assert (verdict.outcome, verdict.failures) == (Outcome.REVERSIBLE, ())


CHANGES = {
    "UPDATE … FROM": "UPDATE a SET name = 'x' FROM b WHERE a.name = b.code",
    "WHERE EXISTS": "DELETE FROM a WHERE EXISTS (SELECT 1 FROM b WHERE lower(b.code) = lower(a.name))",
    "WHERE NOT EXISTS": "DELETE FROM a WHERE NOT EXISTS (SELECT 1 FROM b WHERE b.code = a.name)",
    "IN": "DELETE FROM a WHERE name IN (SELECT code FROM b)",
    "NOT IN": "DELETE FROM a WHERE name NOT IN (SELECT code FROM b)",
}


@pytest.mark.parametrize("kind", CHANGES)
def test_what_changes_rows_that_match_or_do_not_loses_them(verify, kind):
    assert verify(f'op.execute("{CHANGES[kind]}")', "pass").outcome is Outcome.DATA_LOSS


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("SELECT 1 FROM a JOIN b ON b.code = a.name", [(("a", "name"), ("b", "code"))]),
        ("SELECT 1 FROM a AS x, b AS y WHERE x.name = trim(y.code)", [(("a", "name"), ("b", "code"))]),
        ("SELECT 1 FROM a WHERE EXISTS (SELECT 1 FROM b WHERE code = a.name)", [(("a", "name"), ("b", "code"))]),
        ("UPDATE a SET name = b.code FROM b WHERE a.name = b.code", [(("a", "name"), ("b", "code"))]),
        ("UPDATE a SET name = (SELECT max(code) FROM b)", []),
        ("SELECT 1 FROM a x JOIN a y ON x.name = y.name", []),
        ("SELECT 1 FROM a WHERE name = 'b'", []),
        ("SELECT 1 FROM a JOIN b ON a.name = b.code || 'x'", []),
    ],
)
def test_columns_that_sql_joins_are_read(sql, expected):
    assert list(find_joined(sql, "postgres")) == expected


@pytest.mark.parametrize(
    "code",
    [
        'for row in bind.execute(sa.text("SELECT id FROM a")):\n        print(names[row.name])',
        'for row in bind.execute(sa.text("SELECT id FROM a WHERE name = :n"), {"n": row.name}):\n        pass',
        'for row in rows:\n        bind.execute(sa.text("SELECT id FROM b WHERE code = :c"), {"c": row.name})',
    ],
)
def test_what_is_no_column_of_two_tables_is_not_looked_up(project, code):
    assert read_code(str(project.add("001", upgrade=code))).looked_up == []
