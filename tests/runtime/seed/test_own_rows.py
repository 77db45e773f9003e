"""What a migration asks for and inserts itself is no row of an application."""

import pytest

from tests.runtime.seed.test_wanted_rows import HEAD

TABLE = "CREATE TABLE codes (code VARCHAR(30) PRIMARY KEY, title VARCHAR(60), kind VARCHAR(30))"
CORE = "codes = sa.table('codes', sa.column('code'), sa.column('title'), sa.column('kind'))\n    "
BULK = CORE + "op.bulk_insert(codes, [{'code': 'NEW', 'title': 'A new one', 'kind': 'late'}])"
OWN = {
    "it takes the row out before": "op.execute(\"DELETE FROM codes WHERE code IN ('NEW')\")\n    " + BULK,
    "it reads the row afterwards": BULK
    + "\n    op.get_bind().execute(sa.text(\"SELECT title FROM codes WHERE kind = 'late' AND code = 'NEW'\"))",
    "an INSERT": "op.execute(\"DELETE FROM codes WHERE code = 'NEW'\")\n    op.execute(\"INSERT INTO codes (code, title) VALUES ('NEW', 'x')\")",
    "an INSERT where there is no such row": (
        "op.execute(\"INSERT INTO codes (code) SELECT 'NEW' WHERE NOT EXISTS (SELECT 1 FROM codes WHERE code = 'NEW')\")"
    ),
    "Core": CORE
    + "op.execute(codes.delete().where(codes.c.code == 'NEW'))\n    op.execute(codes.insert().values(code='NEW', title='x'))",
}
OTHERS = {
    "another value": "op.execute(\"DELETE FROM codes WHERE code = 'OLD'\")\n    " + BULK,
    "another table's": "op.execute(\"DELETE FROM codes WHERE code = 'OLD'\")\n    op.bulk_insert(sa.table('names', sa.column('code')), [{'code': 'OLD'}])",
    "a parameter": "op.get_bind().execute(sa.text('DELETE FROM codes WHERE code = :code'), {'code': 'OLD'})",
}


@pytest.fixture
def sow(any_field, tmp_path):
    def run(body):
        any_field.seed(TABLE)
        file = tmp_path / "m.py"
        file.write_text(f"{HEAD}    {body}\n")
        with any_field.scratch.engine.begin() as connection:
            any_field.seeder.write_wanted(connection, any_field.schema, any_field.seeded, str(file))
        return {code for (code,) in any_field.rows("codes", "code")}

    return run


@pytest.mark.parametrize("kind", OWN)
def test_no_such_row_is_made(sow, kind):
    assert "NEW" not in sow(OWN[kind])


@pytest.mark.parametrize("kind", OTHERS)
def test_a_row_is_made_that_it_does_not_insert(sow, kind):
    assert "OLD" in sow(OTHERS[kind])
