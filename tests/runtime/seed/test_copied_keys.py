"""Rows of a table that is copied into a new one keep the keys of that one."""

import pytest

from mrt_runtime.seed import Seeder
from tests.runtime.seed.test_wanted_rows import HEAD

MADE = "op.create_table('t_new', sa.Column('a', sa.Integer, primary_key=True), sa.Column('b', sa.Integer, primary_key=True))\n    "
COPIES = {
    "columns": MADE + "op.execute('INSERT INTO t_new (a, b) SELECT a, b FROM t')",
    "all": MADE + "op.execute('INSERT INTO t_new SELECT * FROM t')",
    "lines": MADE + 'op.execute("""INSERT INTO t_new (b, a)\n        SELECT t.b, t.a FROM t""")',
    "SQL": "op.execute('CREATE TABLE t_new (a INTEGER, b INTEGER, UNIQUE (a, b))')\n    op.execute('INSERT INTO t_new SELECT a, b FROM t')",
}
OTHERS = {
    "no two alike": MADE + "op.execute('INSERT INTO t_new SELECT DISTINCT a, b FROM t')",
    "a part": MADE + "op.execute('INSERT INTO t_new SELECT a, b FROM t WHERE c = 1')",
    "computed": MADE + "op.execute('INSERT INTO t_new SELECT a + c, b FROM t')",
}


@pytest.fixture
def sow(field, tmp_path):
    def run(body):
        file = tmp_path / "m.py"
        file.write_text(f"{HEAD}    {body}\n")
        field.seeder = Seeder(field.scratch.database, 6, files=[str(file)])
        field.seeder.note_next(str(file))
        field.seed("CREATE TABLE t (a INTEGER CHECK (a IN (1, 2)), b INTEGER CHECK (b IN (1, 2, 3, 4)), c INTEGER)")
        return [row for row in field.rows("t", "a, b") if None not in row]

    return run


@pytest.mark.parametrize("kind", COPIES)
def test_no_two_are_alike(sow, kind):
    rows = sow(COPIES[kind])
    assert rows
    assert len(set(rows)) == len(rows)


@pytest.mark.parametrize("kind", OTHERS)
def test_others_are_not_bound(sow, kind):
    rows = sow(OTHERS[kind])
    assert len(set(rows)) < len(rows)
