"""A row that a migration names by its number is made where an application may have written it."""

import pytest

from mrt_runtime.seed import Seeder
from tests.runtime.seed.test_wanted_rows import HEAD

SERIAL = {"sqlite": "INTEGER PRIMARY KEY", "postgresql": "SERIAL PRIMARY KEY", "mariadb": "INTEGER PRIMARY KEY AUTO_INCREMENT"}
TABLE = "t = sa.table('t', sa.column('id', sa.Integer), sa.column('note', sa.Text))\n    "
MODEL = "class T(orm.declarative_base()):\n    __tablename__ = 't'\n    id = sa.Column(sa.Integer, primary_key=True)\n    note = sa.Column(sa.Text)\n\n\n"
SESSION = "session = orm.Session(op.get_bind())\n    "
ASKS = {
    "an equal number": ('op.execute("UPDATE t SET note = NULL WHERE id = 1")', {1}),
    "a list of numbers": ('op.execute("DELETE FROM t WHERE id IN (1, 3)")', {1, 3}),
    "either number": ('op.execute("DELETE FROM t WHERE id = 2 OR id = 4")', {2, 4}),
    "a range below all rows": ('op.execute("DELETE FROM t WHERE id BETWEEN 20 AND 29")', {20}),
    "a branch of a CASE": ("op.execute(\"UPDATE t SET note = CASE id WHEN 5 THEN 'a' ELSE note END\")", {5}),
    "a parameter": ('op.get_bind().execute(sa.text("UPDATE t SET note = \'a\' WHERE id = :n"), {"n": 6})', {6}),
    "a number in Core": (TABLE + "op.execute(t.update().where(t.c.id == 1).values(note=None))", {1}),
    "a list in Core": (TABLE + "op.execute(sa.delete(t).where(t.c.id.in_([2, 3])))", {2, 3}),
    "a filter": (SESSION + "session.query(T).filter(T.id == 1).update({'note': None})", {1}),
    "a filter by name": (SESSION + "session.query(T).filter_by(id=1).one().note = 'a'", {1}),
    "the key": (SESSION + "session.get(T, 1).note = 'a'", {1}),
    "the key of a query": (SESSION + "row = session.query(T).get(1)\n    row.note = 'a'", {1}),
    "a row of a loop": ("for row in op.get_bind().execute(sa.text('SELECT id FROM t')):\n        if row.id == 8: pass", {8}),
}
WRITTEN = {
    "SQL": "INSERT INTO t (note, id) VALUES ('a', 1)",
    "SQL without columns": "INSERT INTO t VALUES (1, 'a')",
    "a parameter that is not known": 'INSERT INTO t (id) VALUES (:n)"), {"n": len("a")}); str("',
    "a number that the database chooses, in the same migration": "INSERT INTO t (note) VALUES ('a')",
    "another table's rows": "INSERT INTO t (id) SELECT id FROM other",
}


@pytest.fixture
def sow(any_field, tmp_path):
    """Write the rows for one migration, and return the numbers of those that there are below those of made-up ones."""

    def run(body, *others):
        files = []
        for place, text in enumerate((body, *others)):
            file = tmp_path / f"m{place}.py"
            file.write_text(HEAD.replace("def upgrade", f"from sqlalchemy import orm\n\n\n{MODEL}def upgrade") + f"    {text}\n")
            files.append(str(file))
        any_field.seeder = Seeder(any_field.scratch.database, files=files)
        any_field.seeder.note_next(files[0])
        any_field.seed(f"CREATE TABLE t (id {SERIAL[any_field.scratch.database.dialect]}, note TEXT)")
        with any_field.scratch.engine.begin() as connection:
            any_field.seeder.write_wanted(connection, any_field.schema, any_field.seeded, files[0])
        return {number for (number,) in any_field.rows("t", "id") if number < 7000}

    return run


@pytest.mark.parametrize("kind", ASKS)
def test_a_row_with_the_number_is_made(sow, kind):
    body, numbers = ASKS[kind]
    assert sow(body) == numbers


@pytest.mark.parametrize("kind", WRITTEN)
def test_no_row_is_made_that_a_migration_inserts(sow, kind):
    insert = f'op.get_bind().execute(sa.text("{WRITTEN[kind]}"))'
    assert sow('op.execute("UPDATE t SET note = NULL WHERE id = 1")\n    ' + insert) == set()


@pytest.mark.parametrize(
    "insert",
    ["op.bulk_insert(t, [{'id': 1, 'note': 'a'}])", "op.execute(t.insert().values(id=1))", "session.add(T(id=1, note='a'))"],
)
def test_no_row_is_made_that_a_later_migration_inserts(sow, insert):
    assert sow('op.execute("UPDATE t SET note = NULL WHERE id = 1")', TABLE + SESSION + insert) == set()


def test_a_row_is_made_beside_those_that_a_later_migration_inserts(sow):
    later = TABLE + "op.bulk_insert(t, [{'id': 2, 'note': 'a'}, {'id': 3, 'note': 'b'}])"
    assert sow('op.execute("UPDATE t SET note = NULL WHERE id IN (1, 2)")', later) == {1}


def test_no_row_is_made_where_any_other_will_do(sow):
    assert sow('op.execute("UPDATE t SET note = NULL WHERE id > 5 AND id <> 9")') == set()


def test_the_number_is_given_to_no_other_row(sow, any_field):
    sow('op.execute("UPDATE t SET note = NULL WHERE id IN (1, 2)")')
    for _ in range(2):
        any_field.run("INSERT INTO t (note) VALUES ('a')")
    assert len(any_field.rows("t", "id")) == 7


def test_a_part_of_a_key_is_met(any_field, tmp_path):
    file = tmp_path / "m.py"
    file.write_text(HEAD + '    op.execute("UPDATE t SET note = NULL WHERE tenant = 1 AND n = 2")\n')
    any_field.seeder = Seeder(any_field.scratch.database, files=[str(file)])
    any_field.seed("CREATE TABLE t (tenant INTEGER NOT NULL, n INTEGER NOT NULL, note TEXT, PRIMARY KEY (tenant, n))")
    with any_field.scratch.engine.begin() as connection:
        assert any_field.seeder.write_wanted(connection, any_field.schema, any_field.seeded, str(file))
    assert (1, 2) in any_field.rows("t", "tenant, n")


def test_the_row_holds_what_the_downgrade_writes_back(sow, any_field):
    sow(
        "op.execute(\"UPDATE t SET note = 'v2' WHERE id = 1\")\n\n\ndef downgrade():\n    op.execute(\"UPDATE t SET note = 'v1' WHERE id = 1\")"
    )
    assert (1, "v1") in any_field.rows("t", "id, note")


def test_it_holds_nothing_that_the_downgrade_writes_into_other_rows(sow, any_field):
    sow("op.execute(\"UPDATE t SET note = 'v2' WHERE id = 1\")\n\n\ndef downgrade():\n    op.execute(\"UPDATE t SET note = 'v1'\")")
    assert (1, "v1") not in any_field.rows("t", "id, note")
