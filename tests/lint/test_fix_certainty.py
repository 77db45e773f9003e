"""`mrt check --fix`: what an earlier migration, a name or a type leaves open is not guessed."""

from __future__ import annotations

import pytest

from tests.lint.conftest import functions
from tests.lint.fixing import downgrade, fix


@pytest.mark.parametrize(
    ("before", "upgrade", "why"),
    [
        (
            'op.create_table("notes", sa.Column("mood", sa.Enum("a", name="mood")))',
            'sa.Enum("a", name="mood").create(op.get_bind(), checkfirst=True)',
            "revision a2 has columns of type mood already",
        ),
        (
            ("op.execute(\"CREATE TYPE mood AS ENUM ('a', 'c')\")\nop.execute(\"ALTER TYPE mood ADD VALUE 'b' BEFORE 'c'\")"),
            'op.execute("DROP TYPE mood")',
            "the order of the labels of type mood is not known",
        ),
        (
            "pass",
            'op.create_table("notes", sa.Column("moods", sa.ARRAY(sa.Enum("a", name="mood"))))',
            "the enum type of moods's items stays behind",
        ),
        (
            "pass",
            'op.create_table("notes", sa.Column("mood", sa.Enum("a", name="mood", inherit_schema=True)), schema="app")',
            "the schema of an enum type is not known",
        ),
        (
            (
                'op.execute("CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS $$ SELECT 1 $$")\n'
                'op.execute("CREATE FUNCTION f(a text) RETURNS int LANGUAGE sql AS $$ SELECT 2 $$")'
            ),
            'op.execute("DROP FUNCTION f(int)")',
            "there was more than one function f",
        ),
        (
            "pass",
            'op.add_column("users", sa.Column("other", sa.Integer, sa.ForeignKey("users.id")))',
            "MySQL drops no column that a foreign key needs",
        ),
        (
            'op.add_column("users", sa.Column("other", sa.Integer, sa.ForeignKey("users.id")))',
            'with op.batch_alter_table("users") as batch:\n    batch.drop_column("other")',
            "a batch makes no foreign key without a name",
        ),
        (
            'op.create_table("notes", sa.Column("id", sa.Integer), sa.Column("a", sa.Integer))',
            'op.create_primary_key("notes_pkey", "notes", ["id", "a"])',
            "notes.id may have taken NULL before it was part of the primary key",
        ),
        (
            'op.create_table_comment("users", "one")',
            'op.create_table_comment("users", "two")',
            "the former comment of the table is not known",
        ),
        (
            'op.create_table("notes", sa.Column("id", sa.Integer), comment="one")',
            'op.create_table_comment("notes", "two")',
            "the former comment of the table is not known",
        ),
    ],
)
def test_what_was_there_before_is_neither_dropped_nor_guessed(users, before, upgrade, why):
    users.migration("a2", "a1", functions(before, "raise NotImplementedError"))
    body = functions(upgrade, "pass")
    path = users.migration("a3", "a2", body)
    out = users.mrt("check", "versions", "--fix", "--unsafe-fixes", "--select", "MRT102,MRT114").out
    assert path.read_text().endswith(body)
    assert why in out


@pytest.mark.parametrize(
    ("made", "renamed", "dropped"),
    [
        (
            'op.create_index("ix", "users", [sa.text("lower(email)")])',
            'op.alter_column("users", "email", new_column_name="mail")',
            'op.drop_index("ix", "users")',
        ),
        (
            'op.create_index("ix", "users", ["id"], postgresql_where=sa.text("level > 0"))',
            'op.alter_column("users", "level", new_column_name="rank")',
            'op.drop_index("ix", "users")',
        ),
        (
            'op.create_check_constraint("ck", "users", "level > 0")',
            'op.alter_column("users", "level", new_column_name="rank")',
            'op.drop_constraint("ck", "users", type_="check")',
        ),
        (
            'op.execute("CREATE VIEW v AS SELECT level FROM users")',
            'op.alter_column("users", "level", new_column_name="rank")',
            'op.execute("DROP VIEW v")',
        ),
        (
            'op.execute("CREATE INDEX ix ON users (level)")',
            'op.rename_table("users", "people")',
            'op.drop_index("ix", "people")',
        ),
    ],
)
def test_a_text_that_names_what_was_renamed_since_is_not_written_again(users, made, renamed, dropped):
    users.migration("a2", "a1", functions(made, "raise NotImplementedError"))
    users.migration("a3", "a2", functions(renamed, "raise NotImplementedError"))
    body = functions(dropped, "pass")
    path = users.migration("a4", "a3", body)
    out = users.mrt("check", "versions", "--fix", "--unsafe-fixes", "--select", "MRT102").out
    assert path.read_text().endswith(body)
    assert "was renamed since, and the text that has to be written again names it" in out


def test_a_column_that_an_index_includes_does_not_come_back(users):
    made = 'op.create_index("ix", "users", ["id"], postgresql_include=["level"])'
    users.migration("a2", "a1", functions(made, "raise NotImplementedError"))
    body = functions('op.drop_column("users", "level")', "pass")
    path = users.migration("a3", "a2", body)
    out = users.mrt("check", "versions", "--fix", "--unsafe-fixes", "--select", "MRT102").out
    assert path.read_text().endswith(body)
    assert "index ix may include the column" in out


def test_a_name_that_no_convention_changed_stays_final(users):
    made = 'op.create_unique_constraint(op.f("full"), "users", ["level"])'
    users.migration("a2", "a1", functions(made, "raise NotImplementedError"))
    path = users.migration("a3", "a2", functions('op.drop_constraint("full", "users", type_="unique")', "pass"))
    users.mrt("check", "versions", "--fix", "--select", "MRT102")
    assert path.read_text().endswith(f"    {made}\n")


@pytest.mark.parametrize(
    ("before", "upgrade", "why"),
    [
        (
            'op.execute("ALTER TABLE notes ENABLE ROW LEVEL SECURITY")',
            'op.drop_table("notes")',
            "revision a3 does more to table notes in SQL",
        ),
        ('op.execute("GRANT SELECT ON notes TO reader")', 'op.drop_table("notes")', "revision a3 does more to table notes in SQL"),
        ('op.create_table_comment("notes", "one")', 'op.drop_table("notes")', "table notes has a comment"),
        (
            "pass",
            'with contextlib.suppress(Exception):\n    op.add_column("notes", sa.Column("a", sa.Text))',
            "reading cannot decide whether it runs",
        ),
        (
            "pass",
            'try:\n    op.add_column("notes", sa.Column("a", sa.Text))\nexcept Exception:\n    pass',
            "reading cannot decide whether it runs",
        ),
    ],
)
def test_what_is_known_of_a_table_in_part_only_is_left_alone(users, before, upgrade, why):
    users.migration("a2", "a1", functions('op.create_table("notes", sa.Column("id", sa.Integer))', 'op.drop_table("notes")'))
    users.migration("a3", "a2", functions(before, "raise NotImplementedError"))
    body = "import contextlib\n\n\n" + functions(upgrade, "pass")
    path = users.migration("a4", "a3", body)
    out = users.mrt("check", "versions", "--fix", "--unsafe-fixes", "--select", "MRT102").out
    assert path.read_text().endswith(body)
    assert why in out


@pytest.mark.parametrize(
    "table",
    [
        'op.create_table("logs", sa.Column("id", sa.Integer), postgresql_partition_by="RANGE (id)")',
        'op.execute("CREATE TABLE logs (id int) PARTITION BY RANGE (id)")',
    ],
)
def test_an_index_of_a_partitioned_table_is_not_made_concurrent(users, table):
    users.migration("a2", "a1", functions(table, 'op.drop_table("logs")'))
    body = functions('op.create_index("ix", "logs", ["id"])', 'op.drop_index("ix", "logs")')
    path = users.migration("a3", "a2", body)
    out = users.mrt("check", "versions", "--fix", "--select", "MRT407").out
    assert path.read_text().endswith(body)
    assert "ATTACH PARTITION" in out


def test_what_mysql_forgets_is_not_left_out(users):
    body = functions('op.alter_column("users", "level", existing_type=sa.Integer(), type_=sa.BigInteger())', "pass")
    assert fix(users, body, "--dialect", "mysql") == body
    said = 'op.alter_column("users", "level", existing_type=sa.Integer(), type_=sa.BigInteger(), existing_nullable=False, '
    whole = functions(said + 'existing_server_default="1")', "pass")
    assert "type_=sa.Integer()" in fix(users, whole, "--dialect", "mysql", "--ignore", "MRT4")


def test_a_type_that_may_have_been_there_waits_for_the_user_to_agree(users):
    upgrade = 'sa.Enum("a", name="mood").create(op.get_bind(), checkfirst=True)'
    assert downgrade(users, upgrade) == "pass"
    assert downgrade(users, upgrade, "--unsafe-fixes") == 'sa.Enum(name="mood").drop(op.get_bind(), checkfirst=True)'


@pytest.mark.parametrize(
    ("upgrade", "written"),
    [
        ("""op.execute('CREATE SEQUENCE "Qx"')""", """op.execute('DROP SEQUENCE "Qx"')"""),
        ('op.execute("CREATE SEQUENCE Qx")', 'op.execute("DROP SEQUENCE qx")'),
        (
            """op.execute('ALTER TABLE users RENAME CONSTRAINT "UQ_a" TO "UQ_b"')""",
            """op.execute('ALTER TABLE users RENAME CONSTRAINT "UQ_b" TO "UQ_a"')""",
        ),
    ],
)
def test_capitals_that_quotes_keep_stay_in_quotes(users, upgrade, written):
    assert downgrade(users, upgrade) == written


def test_a_key_that_came_with_its_column_goes_before_it(users):
    upgrade = 'op.add_column("users", sa.Column("other", sa.Integer, sa.ForeignKey("users.id", name="fk")))'
    dropped = 'op.drop_constraint("fk", "users", type_="foreignkey")\n    op.drop_column("users", "other")'
    assert downgrade(users, upgrade) == dropped
    assert downgrade(users, upgrade, "--dialect", "postgresql") == 'op.drop_column("users", "other")'


def test_a_timeout_needs_no_way_back(users):
    upgrade = 'op.execute("SET lock_timeout = 1000")\nop.add_column("users", sa.Column("a", sa.Text))'
    assert downgrade(users, upgrade) == 'op.drop_column("users", "a")'


def test_no_way_back_is_written_that_empties_another_table(project):
    tables = """
    op.create_table("p", sa.Column("id", sa.Integer, primary_key=True))
    op.create_table("c", sa.Column("p_id", sa.Integer, sa.ForeignKey("p.id", ondelete="CASCADE")))
    """
    project.migration("a1", None, functions(tables, 'op.drop_table("c")\nop.drop_table("p")'))
    body = functions('with op.batch_alter_table("p") as batch:\n    batch.add_column(sa.Column("z", sa.Integer))', "pass")
    assert fix(project, body, "--dialect", "sqlite") == body
    assert "batch.drop_column" in fix(project, body, "--dialect", "postgresql")


def test_a_constraint_that_was_not_valid_comes_back_so(users):
    users.migration(
        "a2",
        "a1",
        functions(
            'op.create_check_constraint("ck", "users", "level > 0", postgresql_not_valid=True)', 'op.drop_constraint("ck", "users")'
        ),
    )
    path = users.migration("a3", "a2", functions('op.drop_constraint("ck", "users", type_="check")', "pass"))
    users.mrt("check", "versions", "--fix")
    assert 'op.create_check_constraint("ck", "users", "level > 0", postgresql_not_valid=True)' in path.read_text()


def test_an_import_that_a_function_hides_is_not_taken_for_the_modules(project):
    project.migration(
        "a1",
        None,
        'from sqlalchemy import Integer\n\n\ndef add(Integer):\n    op.create_table("shop", sa.Column("id", Integer), sa.Column("a", Integer))\n\n\n'
        + functions("add(sa.BigInteger())", 'op.drop_table("shop")'),
    )
    path = project.migration("a2", "a1", functions('op.drop_column("shop", "a")', "pass"))
    out = project.mrt("check", "versions", "--fix", "--unsafe-fixes").out
    assert "Integer is not known outside of its function" in out
    assert "pass" in path.read_text()


def test_a_column_of_a_table_that_no_migration_made_may_have_more_to_it_than_is_known(project):
    project.migration("a1", None, functions('op.add_column("staff", sa.Column("a", sa.Text))', 'op.drop_column("staff", "a")'))
    path = project.migration("a2", "a1", functions('op.drop_column("staff", "a")', "pass"))
    assert "do not show what table staff was" in project.mrt("check", "versions", "--fix", "--unsafe-fixes").out
    assert "pass" in path.read_text()
