"""Texts that a migration ahead converts."""

import pytest

from mrt_runtime.seed import Seeder

CONVERSIONS = {
    "TYPE mood USING status::mood": ("op.execute(\"CREATE TYPE mood AS ENUM ('sad', 'happy')\")", {"sad", "happy"}),
    "TYPE integer USING status::integer": ("", None),
    "TYPE jsonb USING status::jsonb": ("", None),
    "TYPE uuid USING status::uuid": ("", None),
    "TYPE timestamp USING status::timestamp": ("", None),
    "TYPE boolean USING status::boolean": ("", None),
}


def write(tmp_path, *lines):
    file = tmp_path / "migration.py"
    head = "from alembic import op\nimport sqlalchemy as sa\nrevision = 'b'\ndown_revision = 'a'\n\n\ndef upgrade():\n"
    file.write_text(head + "".join(f"    {line}\n" for line in lines if line))
    return [str(file)]


@pytest.mark.parametrize("change", CONVERSIONS)
def test_a_text_can_be_converted_to_what_it_will_be(postgres, tmp_path, change):
    before, labels = CONVERSIONS[change]
    files = write(tmp_path, before, f'op.execute("ALTER TABLE t ALTER COLUMN status {change}")')
    postgres.seeder = Seeder(postgres.scratch.database, files=files)
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, status varchar(200) NOT NULL)")
    found = {status for (status,) in postgres.rows("t", "status")}
    assert labels is None or found == labels
    postgres.run(*([before.partition('"')[2].rpartition('"')[0]] if before else []), f"ALTER TABLE t ALTER COLUMN status {change}")


def test_alembics_own_spelling_is_read(postgres, tmp_path):
    files = write(tmp_path, 'op.alter_column("t", "status", type_=sa.Enum("a", "b", name="ab"), postgresql_using="status::ab")')
    postgres.seeder = Seeder(postgres.scratch.database, files=files)
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, status varchar(20) NOT NULL)")
    assert {status for (status,) in postgres.rows("t", "status")} == {"a", "b"}


def test_words_of_a_check_ahead_are_used(any_field, tmp_path):
    files = write(tmp_path, "op.create_check_constraint('words', 't', \"status IN ('on', 'off')\")")
    any_field.seeder = Seeder(any_field.scratch.database, files=files)
    any_field.seed("CREATE TABLE t (id INTEGER PRIMARY KEY, status VARCHAR(20) NOT NULL)")
    assert {status for (status,) in any_field.rows("t", "status")} == {"on", "off"}


def test_numbers_of_a_check_ahead_are_used(any_field, tmp_path):
    files = write(tmp_path, "op.create_check_constraint('levels', 't', 'level IN (1, 2, 5)')")
    any_field.seeder = Seeder(any_field.scratch.database, files=files)
    any_field.seed("CREATE TABLE t (id INTEGER PRIMARY KEY, level INTEGER NOT NULL)")
    assert {level for (level,) in any_field.rows("t", "level")} == {1, 2, 5}


def test_what_a_check_ahead_forbids_is_not_used(any_field, tmp_path):
    files = write(tmp_path, "op.create_check_constraint('words', 't', \"status NOT IN ('on', 'off')\")")
    any_field.seeder = Seeder(any_field.scratch.database, files=files)
    any_field.seed("CREATE TABLE t (id INTEGER PRIMARY KEY, status VARCHAR(20) NOT NULL)")
    assert not {status for (status,) in any_field.rows("t", "status")} & {"on", "off"}


def test_a_longer_text_is_still_a_text(postgres, tmp_path):
    files = write(tmp_path, 'op.alter_column("t", "status", type_=sa.String(5))')
    postgres.seeder = Seeder(postgres.scratch.database, files=files)
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, status varchar(20))")
    assert max(len(status) for (status,) in postgres.rows("t", "status") if status) == 20


def test_files_that_cannot_be_read_hint_at_nothing(postgres, tmp_path):
    broken = tmp_path / "broken.py"
    broken.write_text("def upgrade(:\n  ALTER TABLE t ALTER COLUMN status TYPE integer")
    postgres.seeder = Seeder(postgres.scratch.database, files=[str(broken), str(tmp_path / "missing.py")])
    assert postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, status text)").rows == {"t": 3}


@pytest.mark.parametrize("rename", ["op.rename_table('t', 'later')", "op.execute('ALTER TABLE t RENAME TO later')"])
def test_a_text_can_be_converted_after_its_table_was_renamed(postgres, tmp_path, rename):
    create = "op.execute(\"CREATE TYPE mood AS ENUM ('sad', 'happy')\")"
    files = write(tmp_path, rename, create, 'op.execute("ALTER TABLE later ALTER COLUMN status TYPE mood USING status::mood")')
    postgres.seeder = Seeder(postgres.scratch.database, files=files)
    postgres.seed("CREATE TABLE t (id integer PRIMARY KEY, status varchar(200) NOT NULL)")
    assert {status for (status,) in postgres.rows("t", "status")} == {"sad", "happy"}
