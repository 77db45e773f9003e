"""A column that is renamed on the way to a foreign key holds keys under the name that it has before."""

import pytest

from mrt_runtime.seed import Seeder
from tests.runtime.seed.test_wanted_rows import HEAD

TABLES = (
    "CREATE TABLE people (id INTEGER PRIMARY KEY, name VARCHAR(20))",
    "CREATE TABLE notes (id INTEGER PRIMARY KEY, chat INTEGER, code VARCHAR(20))",
)
KEY = "op.create_foreign_key('fk', 'notes', 'people', ['person'], ['id'])"
RENAMES = {
    "alter_column": "op.alter_column('notes', 'chat', new_column_name='person')",
    "a batch": "with op.batch_alter_table('notes') as batch:\n        batch.alter_column('chat', new_column_name='person')",
    "SQL": "op.execute('ALTER TABLE notes RENAME COLUMN chat TO person')",
    "twice": "op.alter_column('notes', 'chat', new_column_name='x')\n    op.alter_column('notes', 'x', new_column_name='person')",
}


@pytest.fixture
def sow(any_field, tmp_path):
    def run(*bodies):
        files = []
        for place, body in enumerate(bodies):
            files.append(str(tmp_path / f"m{place}.py"))
            (tmp_path / f"m{place}.py").write_text(f"{HEAD}    {body}\n")
        any_field.seeder = Seeder(any_field.scratch.database, files=files)
        any_field.seeder.note_next(files[0])
        any_field.seed(*TABLES)
        people = {number for (number,) in any_field.rows("people", "id")}
        return {number for _, number in any_field.rows("notes", "id, chat") if number is not None}, people

    return run


@pytest.mark.parametrize("kind", RENAMES)
def test_it_points_at_rows(sow, kind):
    found, people = sow(f"{RENAMES[kind]}\n    {KEY}")
    assert found
    assert found <= people


def test_the_key_may_come_later(sow):
    found, people = sow(RENAMES["alter_column"], "pass", KEY)
    assert found
    assert found <= people


def test_a_column_that_is_added_under_the_name_is_another(sow):
    found, people = sow("op.add_column('notes', sa.Column('person', sa.Integer))\n    " + KEY)
    assert not found <= people
