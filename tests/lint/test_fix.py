"""`mrt check --fix`: what it writes, what it leaves alone, and what it says."""

from __future__ import annotations

import json
import os
import re
import stat

import pytest

from mrt_lint.fix import write
from mrt_lint.fix.diff import unified
from mrt_lint.fix.fixer import fixers
from mrt_lint.fix.fixers.missing_step import taken_names
from mrt_lint.fix.proposed_fix import NoFix, ProposedFix, TextEdit
from mrt_lint.model import ops
from mrt_lint.model.values import Column, Constraint
from mrt_lint.rules import all_rules
from tests.lint.conftest import HEADER, functions

CODES = sorted(fixers())
CREATE = functions(
    """
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(50)),
        sa.Column("level", sa.Integer, server_default="1", nullable=False),
    )
    op.create_index(op.f("ix_users_email"), "users", ["email"], unique=True)
    """,
    'op.drop_table("users")',
)


@pytest.fixture
def users(project):
    """A history that begins with a table of users."""
    project.migration("a1", None, CREATE)
    return project


def fix(project, body: str, *arguments: str, revision: str = "a2") -> str:
    """Fix a migration after the first and give its functions."""
    path = project.migration(revision, "a1", body)
    header = path.read_text().removesuffix(body)
    project.mrt("check", "versions", "--fix", *arguments)
    text = path.read_text()
    compile(text, str(path), "exec")
    return text.removeprefix(header)


def downgrade(project, upgrade: str, *arguments: str) -> str:
    """Give the body that is written for an empty downgrade(), whatever else could be fixed."""
    text = fix(project, functions(upgrade, "pass"), *arguments, "--ignore", "MRT4")
    return text.partition("def downgrade():\n")[2].strip()


def joined(body: str) -> str:
    """Write calls that run over several lines on one."""
    return re.sub(r",\n\s+(?=\S)", ", ", re.sub(r",\n\s+\)", ")", re.sub(r"\(\n\s+", "(", body)))


def test_every_fixer_has_its_rule_and_every_rule_that_promises_a_fix_has_its_fixer():
    promised = [rule for rule in all_rules() if rule.fix is not None]
    assert [rule.code for rule in promised] == CODES
    assert all(rule.fixes for rule in promised)


# downgrade() ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("upgrade", "written"),
    [
        ('op.create_table("notes", sa.Column("id", sa.Integer))', 'op.drop_table("notes")'),
        ('op.create_table("notes", sa.Column("id", sa.Integer), schema="app")', 'op.drop_table("notes", schema="app")'),
        ('op.add_column("users", sa.Column("phone", sa.Text))', 'op.drop_column("users", "phone")'),
        ('op.create_index("ix", "users", ["level"])', 'op.drop_index("ix", table_name="users")'),
        ('op.create_index(op.f("ix"), "users", ["level"])', 'op.drop_index(op.f("ix"), table_name="users")'),
        ('op.drop_index("ix_users_email", "users")', 'op.create_index(op.f("ix_users_email"), "users", ["email"], unique=True)'),
        ('op.create_unique_constraint("uq", "users", ["level"])', 'op.drop_constraint("uq", "users", type_="unique")'),
        ('op.create_check_constraint("ck", "users", "level > 0")', 'op.drop_constraint("ck", "users", type_="check")'),
        (
            'op.create_foreign_key("fk", "users", "users", ["level"], ["id"], source_schema="app")',
            'op.drop_constraint("fk", "users", type_="foreignkey", schema="app")',
        ),
        ('op.rename_table("users", "people")', 'op.rename_table("people", "users")'),
        (
            'op.alter_column("users", "email", existing_type=sa.String(50), nullable=False)',
            'op.alter_column("users", "email", existing_type=sa.String(50), nullable=True)',
        ),
        (
            'op.alter_column("users", "email", type_=sa.Text(), existing_nullable=True)',
            'op.alter_column("users", "email", existing_type=sa.Text(), type_=sa.String(50), existing_nullable=True)',
        ),
        (
            'op.alter_column("users", "level", server_default="2")',
            'op.alter_column("users", "level", server_default="1")',
        ),
        ('op.alter_column("users", "email", new_column_name="mail")', 'op.alter_column("users", "mail", new_column_name="email")'),
        ('op.create_table_comment("users", "people")', 'op.drop_table_comment("users")'),
        ('op.execute("CREATE VIEW adults AS SELECT id FROM users")', 'op.execute("DROP VIEW adults")'),
        ('op.execute("ALTER TABLE users ADD COLUMN age INTEGER")', 'op.drop_column("users", "age")'),
        ('op.execute("CREATE SEQUENCE numbers")', 'op.execute("DROP SEQUENCE numbers")'),
        (
            'sa.Enum("a", "b", name="mood").create(op.get_bind())',
            'sa.Enum(name="mood").drop(op.get_bind(), checkfirst=True)',
        ),
    ],
)
def test_an_operation_is_undone_by_its_reverse(users, upgrade, written):
    assert joined(downgrade(users, upgrade)) == written


@pytest.mark.parametrize(
    ("upgrade", "written"),
    [
        (
            'op.drop_column("users", "level")',
            'op.add_column("users", sa.Column("level", sa.Integer, server_default="1", nullable=False))',
        ),
        (
            'with op.batch_alter_table("users") as batch:\n    batch.drop_column("level")',
            (
                'with op.batch_alter_table("users") as batch:\n'
                '        batch.add_column(sa.Column("level", sa.Integer, server_default="1", nullable=False))'
            ),
        ),
        (
            'op.drop_column("users", "email")',
            (
                'op.add_column("users", sa.Column("email", sa.String(50), nullable=True))\n'
                '    op.create_index(op.f("ix_users_email"), "users", ["email"], unique=True)'
            ),
        ),
    ],
)
def test_what_comes_back_without_its_values_comes_back_only_when_the_user_says_so(users, upgrade, written):
    assert downgrade(users, upgrade) == "pass"
    assert joined(downgrade(users, upgrade, "--unsafe-fixes")) == written
    assert [finding["code"] for finding in json.loads(users.mrt("check", "versions", "--format", "json").out)["findings"]] == [
        "MRT201"
    ]


def test_a_dropped_table_comes_back_with_its_columns_keys_and_indexes(users):
    body = downgrade(users, 'op.drop_table("users")', "--unsafe-fixes")
    assert body == (
        'op.create_table(\n        "users",\n        sa.Column("id", sa.Integer, nullable=False),\n'
        '        sa.Column("email", sa.String(50), nullable=True),\n'
        '        sa.Column("level", sa.Integer, server_default="1", nullable=False),\n'
        '        sa.PrimaryKeyConstraint("id"),\n    )\n'
        '    op.create_index(op.f("ix_users_email"), "users", ["email"], unique=True)'
    )


def test_steps_come_in_reverse_order_and_what_hangs_on_a_new_table_goes_with_it(users):
    body = downgrade(
        users,
        """
        op.create_table("notes", sa.Column("id", sa.Integer), sa.Column("kind", sa.Enum("a", "b", name="kind", schema="app")))
        op.create_index("ix_notes", "notes", ["id"])
        op.bulk_insert(sa.table("notes", sa.column("id")), [{"id": 1}])
        op.add_column("users", sa.Column("note_id", sa.Integer))
        op.execute("UPDATE users SET note_id = 1")
        op.create_foreign_key("fk", "users", "notes", ["note_id"], ["id"])
        """,
    )
    assert body.splitlines() == [
        'op.drop_constraint("fk", "users", type_="foreignkey")',
        '    op.drop_column("users", "note_id")',
        '    op.drop_table("notes")',
        '    sa.Enum(name="kind", schema="app").drop(op.get_bind(), checkfirst=True)',
    ]


def test_batches_guards_and_autocommit_blocks_come_back_as_such(users):
    body = downgrade(
        users,
        """
        with op.batch_alter_table("users", recreate="always") as batch_op:
            batch_op.add_column(sa.Column("a", sa.Integer()))
            batch_op.create_unique_constraint("uq_a", ["a"])
        if op.get_bind().dialect.name == "postgresql":
            with op.get_context().autocommit_block():
                op.create_index("ix_level", "users", ["level"], postgresql_concurrently=True)
        if op.get_bind().dialect.name != "sqlite":
            op.create_check_constraint("ck", "users", "level > 0")
        """,
    )
    assert body == (
        'if op.get_context().dialect.name != "sqlite":\n'
        '        op.drop_constraint("ck", "users", type_="check")\n'
        '    if op.get_context().dialect.name == "postgresql":\n'
        "        with op.get_context().autocommit_block():\n"
        '            op.drop_index("ix_level", table_name="users", postgresql_concurrently=True)\n'
        '    with op.batch_alter_table("users", recreate="always") as batch_op:\n'
        '        batch_op.drop_constraint("uq_a", type_="unique")\n'
        '        batch_op.drop_column("a")'
    )


def test_an_index_that_becomes_a_constraint_goes_with_it(users):
    upgrade = """
        with op.get_context().autocommit_block():
            op.create_index("uq_level", "users", ["level"], unique=True, postgresql_concurrently=True)
        op.execute("ALTER TABLE users ADD CONSTRAINT uq_level UNIQUE USING INDEX uq_level")
        """
    assert downgrade(users, upgrade) == 'op.drop_constraint("uq_level", "users", type_="unique")'


def test_an_index_that_came_with_its_column_comes_back_under_the_name_it_was_dropped_by(project):
    project.migration(
        "a1",
        None,
        functions('op.create_table("users", sa.Column("team", sa.Integer, index=True, unique=True))', 'op.drop_table("users")'),
    )
    body = downgrade(project, 'op.drop_index("ix_users_team", table_name="users")')
    assert body == 'op.create_index("ix_users_team", "users", ["team"], unique=True)'


def test_both_branches_of_a_guard_are_undone_as_one_where_they_do_the_same(users):
    guarded = """
        if op.get_bind().dialect.name == "postgresql":
            op.execute("CREATE INDEX ix_level ON users (level)")
            with op.get_context().autocommit_block():
                op.create_index("ix_c", "users", ["level"], postgresql_concurrently=True)
        else:
            op.create_index("ix_level", "users", ["level"])
        """
    assert downgrade(users, guarded).splitlines() == [
        'if op.get_context().dialect.name != "postgresql":',
        '        op.drop_index("ix_level", table_name="users")',
        '    if op.get_context().dialect.name == "postgresql":',
        "        with op.get_context().autocommit_block():",
        '            op.drop_index("ix_c", table_name="users", postgresql_concurrently=True)',
        '        op.drop_index("ix_level", table_name="users")',
    ]
    simple = """
        if op.get_bind().dialect.name == "postgresql":
            op.execute("CREATE INDEX ix_level ON users (level)")
        else:
            op.create_index("ix_level", "users", ["level"])
        """
    assert downgrade(users, simple) == 'op.drop_index("ix_level", table_name="users")'


def test_a_setting_that_was_so_before_is_left_alone_and_a_type_set_in_sql_comes_back(users):
    upgrade = 'op.execute("ALTER TABLE users ALTER level TYPE bigint")\nop.alter_column("users", "level", nullable=False)'
    assert downgrade(users, upgrade) == 'op.alter_column("users", "level", type_=sa.Integer)'


def test_the_former_type_is_written_as_the_earlier_file_wrote_it_in_the_names_of_this_one(project):
    project.write(
        "versions/a1.py",
        "from alembic import op as o\nfrom sqlalchemy import Column, Integer, Numeric\nfrom sqlalchemy.dialects.mysql import INTEGER\n"
        'import sqlalchemy as sa\n\nrevision = "a1"\ndown_revision = None\nPRICE = Numeric(10, 2, asdecimal=False)\n\n\n'
        'def upgrade():\n    o.create_table("shop", Column("id", Integer), Column("price", PRICE),\n'
        '        Column("stock", INTEGER(unsigned=True)))\n\n\ndef downgrade():\n    o.drop_table("shop")\n',
    )
    body = downgrade(project, 'op.drop_column("shop", "price")\nop.drop_column("shop", "stock")', "--unsafe-fixes")
    assert joined(body).splitlines() == [
        'op.add_column("shop", sa.Column("stock", mysql.INTEGER(unsigned=True), nullable=True))',
        '    op.add_column("shop", sa.Column("price", sa.Numeric(10, 2, asdecimal=False), nullable=True))',
    ]
    assert "from sqlalchemy.dialects import mysql\n" in (project.root / "versions/a2.py").read_text()


def test_what_a_function_calls_by_a_name_of_its_own_is_not_taken_for_the_modules(project):
    project.migration(
        "a1",
        None,
        'KIND = sa.Integer()\n\n\ndef add(KIND):\n    op.create_table("shop", sa.Column("id", sa.Integer), sa.Column("a", KIND))\n\n\n'
        + functions("add(sa.BigInteger())", 'op.drop_table("shop")'),
    )
    assert downgrade(project, 'op.drop_column("shop", "a")', "--unsafe-fixes") == "pass"


@pytest.mark.parametrize("column", ['sa.Column("a", sa.Integer, sa.Sequence("s"))', 'sa.Column("a", sa.Integer, quote=True)'])
def test_a_column_of_which_the_source_says_more_than_is_known_does_not_come_back(project, column):
    project.migration(
        "a1", None, functions(f'op.create_table("shop", sa.Column("id", sa.Integer), {column})', 'op.drop_table("shop")')
    )
    assert downgrade(project, 'op.drop_column("shop", "a")', "--unsafe-fixes") == "pass"


@pytest.mark.parametrize(
    ("upgrade", "why"),
    [
        (
            'op.create_table("zoo", sa.Column("id", sa.Integer))\nop.execute("UPDATE users SET level = 2")',
            "line 11: what the rows were before is not known",
        ),
        (
            "op.create_table('zoo', sa.Column('id', sa.Integer))\nop.execute(\"ALTER TYPE mood ADD VALUE 'x'\")",
            "line 11: what undoes add_enum_value is not known",
        ),
        ('op.alter_column("staff", "name", server_default="x")', "line 10: the former default of name is not known"),
        ('op.alter_column("users", "level", type_=sa.Text())', "line 10: PostgreSQL does not turn TEXT into INTEGER by itself"),
        ('op.create_unique_constraint(None, "users", ["level"])', "line 10: the constraint has no name to drop it by"),
        ('op.add_column("users", sa.Column(name(), sa.Text))', "line 10 of upgrade() cannot be read"),
        ('if enabled():\n    op.create_index("ix", "users", ["level"])', "line 11: reading cannot decide whether it runs"),
        ('op.drop_column("staff", "name")', "line 10: the earlier migrations do not show what table staff was"),
        ('op.execute("CREATE FUNCTION f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql")', "line 10: dropping a function takes"),
        (
            'op.add_column("users", sa.Column("a", sa.Text))\nop.alter_column("users", "a", new_column_name="b")',
            "line 11: it drops or",
        ),
        (
            (
                'op.create_table("copy", sa.Column("id", sa.Integer))\n'
                'op.execute("INSERT INTO copy SELECT id FROM users")\nop.drop_table("users")'
            ),
            "it changes rows and drops a table or column",
        ),
        ('op.drop_constraint("fk", "users")', "line 10: the earlier migrations do not show what constraint fk was"),
        ('op.alter_column("users", "id", autoincrement=True)', "line 10: alter_column has autoincrement"),
        (
            'op.create_table("zoo", sa.Column("id", sa.Integer))\nop.execute("DELETE FROM users")',
            "line 11: what the rows were before is not known",
        ),
    ],
)
def test_one_operation_that_cannot_be_undone_for_certain_leaves_the_file_alone(users, upgrade, why):
    body = functions(upgrade, "pass")
    path = users.migration("a2", "a1", body)
    before = path.read_bytes()
    result = users.mrt("check", "versions", "--fix", "--unsafe-fixes")
    assert path.read_bytes() == before
    assert f": {why}" in result.out
    assert "cannot be fixed for certain" in result.out


def test_a_column_that_took_no_null_cannot_come_back_over_rows(project):
    project.migration("a1", None, CREATE.replace('server_default="1", ', ""))
    assert downgrade(project, 'op.drop_column("users", "level")', "--unsafe-fixes") == "pass"


def test_what_the_databases_disagree_on_is_not_certain(users):
    users.migration(
        "a2",
        "a1",
        functions(
            'if op.get_bind().dialect.name == "postgresql":\n    op.alter_column("users", "level", server_default="2")',
            'if op.get_bind().dialect.name == "postgresql":\n    op.alter_column("users", "level", server_default="1")',
        ),
    )
    path = users.migration("a3", "a2", functions('op.drop_column("users", "level")', "pass"))
    before = path.read_bytes()
    assert "not the same on every database" in users.mrt("check", "versions", "--fix", "--unsafe-fixes").out
    assert path.read_bytes() == before
    users.mrt("check", "versions", "--fix", "--unsafe-fixes", "--dialect", "postgresql")
    assert 'server_default="2"' in path.read_text()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("def downgrade():\n    pass\n", 'def downgrade():\n    op.drop_column("users", "a")\n'),
        ("def downgrade() -> None:\n\tpass", 'def downgrade() -> None:\n\top.drop_column("users", "a")'),
        ("def downgrade(): pass\n", 'def downgrade():\n    op.drop_column("users", "a")\n'),
        ('def downgrade():\n    """Go back."""\n', 'def downgrade():\n    """Go back."""\n    op.drop_column("users", "a")\n'),
        (
            'def downgrade():\n    """Go back."""\n    ...\n    return\n',
            'def downgrade():\n    """Go back."""\n    op.drop_column("users", "a")\n',
        ),
        (
            (
                "def downgrade():\n    # ### commands auto generated by Alembic - please adjust! ###\n    pass\n"
                "    # ### end Alembic commands ###\n"
            ),
            (
                "def downgrade():\n    # ### commands auto generated by Alembic - please adjust! ###\n"
                '    op.drop_column("users", "a")\n    # ### end Alembic commands ###\n'
            ),
        ),
        ("", '\n\n\ndef downgrade():\n    op.drop_column("users", "a")'),
    ],
)
def test_the_function_is_written_where_it_was_empty_and_nothing_else_moves(users, before, after):
    upgrade = 'def upgrade():\n    op.add_column("users", sa.Column("a", sa.Text))'
    middle = "\n\n\n" if before else ""
    assert fix(users, upgrade + middle + before) == upgrade + middle + after


def test_a_comment_in_the_empty_function_may_say_why_it_is_empty(users):
    body = functions('op.add_column("users", sa.Column("a", sa.Text))', "pass  # the release cannot go back")
    assert fix(users, body) == body
    assert fix(users, body, "--unsafe-fixes").endswith(
        'def downgrade():\n    # the release cannot go back\n    op.drop_column("users", "a")\n'
    )


@pytest.mark.parametrize(
    "before",
    [
        'def downgrade():\n    """Deliberately empty: dropping would lose what customers wrote."""\n',
        "# nobody goes back behind this one\ndef downgrade():\n    pass\n",
    ],
)
def test_a_docstring_or_a_comment_above_may_say_why_it_is_empty(users, before):
    text = 'def upgrade():\n    op.add_column("users", sa.Column("a", sa.Text))\n\n\n' + before
    assert fix(users, text) == text
    assert "op.drop_column" in fix(users, text, "--unsafe-fixes")


@pytest.mark.parametrize(
    ("upgrade", "why"),
    [
        (
            'op.alter_column("users", "level", type_=sa.BigInteger(), existing_type=sa.Integer(), postgresql_using="level * 100")',
            "USING converts what level holds",
        ),
        ('op.execute("ALTER TABLE users ALTER level TYPE bigint USING level * 100")', "USING converts what level holds"),
        (
            'op.execute("PRAGMA foreign_keys=OFF")\nop.add_column("users", sa.Column("a", sa.Text))',
            "what PRAGMA changes may matter in downgrade(), too",
        ),
        (
            'op.execute("SET search_path TO app")\nop.add_column("users", sa.Column("a", sa.Text))',
            "what SET changes may matter in downgrade(), too",
        ),
        (
            'op.alter_column("users", "email", type_=sa.Text(), existing_type=sa.String(50, collation="C"))',
            "existing_type of email is not what the migrations before say",
        ),
        (
            'op.alter_column("users", "level", existing_type=mysql.INTEGER(unsigned=True), server_default="7")',
            "existing_type of level is not what the migrations before say",
        ),
    ],
)
def test_what_upgrade_does_beside_the_schema_is_not_left_out(users, upgrade, why):
    body = "from sqlalchemy.dialects import mysql\n\n\n" + functions(upgrade, "pass")
    path = users.migration("a2", "a1", body)
    out = users.mrt("check", "versions", "--fix", "--unsafe-fixes", "--select", "MRT102").out
    assert path.read_text().endswith(body)
    assert why in out


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


def test_an_index_that_only_its_condition_ties_to_a_column_comes_back_with_it(users):
    users.migration("a2", "a1", functions(SOME, "raise NotImplementedError"))
    path = users.migration("a3", "a2", functions('op.drop_column("users", "level")', "pass"))
    users.mrt("check", "versions", "--fix", "--unsafe-fixes", "--select", "MRT102")
    assert joined(path.read_text()).endswith(f"    {SOME}\n")


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
    assert "no index of a partitioned table concurrently" in out


def test_a_diff_ends_names_with_blanks_by_a_tab():
    assert unified("a b.py", b"1\n", b"2\n").startswith("--- a b.py\t\n+++ a b.py\t\n")
    assert unified("ab.py", b"1\n", b"2\n").startswith("--- ab.py\n+++ ab.py\n")


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


def test_a_function_with_statements_of_its_own_is_left_alone(users):
    body = functions('op.add_column("users", sa.Column("a", sa.Text))', 'print("going back")')
    assert fix(users, body, "--unsafe-fixes") == body


@pytest.mark.parametrize(
    ("upgrade", "before", "after"),
    [
        (
            'op.add_column("users", sa.Column("a", sa.Text))\nop.create_index("ix_a", "users", ["level"])',
            'op.drop_column("users", "a")',
            'op.drop_index("ix_a", table_name="users")\nop.drop_column("users", "a")',
        ),
        (
            'op.rename_table("users", "people")\nop.add_column("people", sa.Column("a", sa.Text))',
            'op.drop_column("people", "a")',
            'op.drop_column("people", "a")\nop.rename_table("people", "users")',
        ),
        (
            'op.alter_column("users", "email", new_column_name="mail")\nop.add_column("users", sa.Column("a", sa.Text))',
            'op.drop_column("users", "a")  # first',
            'op.drop_column("users", "a")  # first\nop.alter_column("users", "mail", new_column_name="email")',
        ),
        (
            'op.drop_index("ix_users_email", "users")\nop.add_column("users", sa.Column("a", sa.Text))',
            'op.drop_column("users", "a")',
            'op.drop_column("users", "a")\nop.create_index(op.f("ix_users_email"), "users", ["email"], unique=True)',
        ),
        (
            'op.add_column("users", sa.Column("a", sa.Text))\nop.alter_column("users", "email", nullable=False)',
            'op.drop_column("users", "a")',
            'op.alter_column("users", "email", nullable=True)\nop.drop_column("users", "a")',
        ),
        (
            'op.add_column("users", sa.Column("a", sa.Text))\nop.execute("ALTER TABLE users ALTER email SET NOT NULL")',
            'op.drop_column("users", "a")',
            'op.alter_column("users", "email", nullable=True)\nop.drop_column("users", "a")',
        ),
        (
            'op.add_column("users", sa.Column("a", sa.Text))\nop.execute("CREATE VIEW v AS SELECT id FROM users")',
            'op.drop_column("users", "a")',
            'op.execute("DROP VIEW v")\nop.drop_column("users", "a")',
        ),
    ],
)
def test_a_step_that_downgrade_lacks_is_added_where_it_can_run(users, upgrade, before, after):
    written = fix(users, functions(upgrade, before), "--select", "MRT1,MRT2,MRT3,MRT402,MRT403,MRT408")
    assert written == functions(upgrade, after)


@pytest.mark.parametrize(
    ("made", "dropped", "written"),
    [
        (
            'op.execute("CREATE VIEW adults AS SELECT id FROM users")',
            'op.execute("DROP VIEW adults")',
            'op.execute("CREATE VIEW adults AS SELECT id FROM users")',
        ),
        (
            'op.create_check_constraint("ck_level", "users", "level > 0")',
            'op.drop_constraint("ck_level", "users", type_="check")',
            'op.create_check_constraint("ck_level", "users", "level > 0")',
        ),
        (
            'op.create_foreign_key("fk", "users", "users", ["level"], ["id"], ondelete="SET NULL")',
            'op.drop_constraint("fk", "users", type_="foreignkey")',
            'op.create_foreign_key("fk", "users", "users", ["level"], ["id"], ondelete="SET NULL")',
        ),
    ],
)
def test_what_is_dropped_is_made_again_beside_what_downgrade_does_already(users, made, dropped, written):
    users.migration("a2", "a1", functions(made, "raise NotImplementedError"))
    add, remove = 'op.add_column("users", sa.Column("a", sa.Text))', 'op.drop_column("users", "a")'
    path = users.migration("a3", "a2", functions(f"{add}\n{dropped}", remove))
    users.mrt("check", "versions", "--fix", "--ignore", "MRT42")
    assert joined(path.read_text()).endswith(functions(f"{add}\n{dropped}", f"{written}\n{remove}"))


@pytest.mark.parametrize(
    "op", ['op.create_table("notes", sa.Column("id", sa.Integer))', 'op.add_column("users", sa.Column("b", sa.Text))']
)
def test_dropping_what_downgrade_leaves_alone_waits_for_the_user_to_agree(users, op):
    body = functions(f'op.add_column("users", sa.Column("a", sa.Text))\n{op}', 'op.drop_column("users", "a")')
    assert fix(users, body) == body
    assert fix(users, body, "--unsafe-fixes").count("    op.drop_") == 2


SOME = 'op.create_index("ix_some", "users", ["email"], postgresql_where=sa.text("level > 0"))'


@pytest.mark.parametrize(
    ("index", "made"),
    [
        ("ix_users_email", 'op.create_index("ix_users_email", "users", ["email"])'),
        ("ix_users_email", 'op.create_index(op.f("IX_users_email"), table_name="users", columns=["id"])'),
        ("ix_users_email", 'op.execute("CREATE INDEX IF NOT EXISTS ix_users_email ON users (email)")'),
        ("ix_some", 'op.create_index("ix_some", "users", ["email"])'),
    ],
)
def test_what_downgrade_makes_itself_is_never_made_a_second_time(users, index, made):
    users.migration("a2", "a1", functions(SOME, 'op.drop_index("ix_some", "users")'))
    body = functions(f'op.drop_index("{index}", "users")', made)
    path = users.migration("a3", "a2", body)
    said = users.mrt("check", "versions", "--fix", "--unsafe-fixes", "--ignore", "MRT42")
    assert path.read_text().endswith(body)
    assert "itself, otherwise than it was" in said.out.lower().partition(f"downgrade() makes index '{index}'")[2]


@pytest.mark.parametrize(
    ("op", "names"),
    [
        (ops.CreateIndex(index="ix", table="t", schema="app"), ["index 'ix'"]),
        (ops.CreateIndex(index=None, table="t"), []),
        (ops.CreateUniqueConstraint(table="t", definition=Constraint(kind="unique", name="uq")), ["constraint 'uq'"]),
        (ops.AddColumn(table="t", column="a", definition=Column(name="a")), ["column 'a'"]),
        (
            ops.CreateTable(table="t", columns=(Column(name="a"),), constraints=(Constraint(kind="primary", name="pk"),)),
            ["table 't'", "column 'a'", "constraint 'pk'"],
        ),
        (ops.CreateObject(kind="materialized view", name="v"), ["materialized view 'v'"]),
        (ops.DropTable(table="t"), []),
    ],
)
def test_the_names_that_an_operation_takes(op, names):
    assert list(taken_names(op).values()) == names


# Other fixes ------------------------------------------------------------------------------------------------------------------


def test_an_index_is_built_and_dropped_concurrently(users):
    body = functions(
        """
        op.create_index("ix_level", "users", ["level"])  # for the ranking
        op.create_index(
            "ix_pair",
            "users",
            ["level", "email"],
        )
        op.execute("CREATE UNIQUE INDEX ix_sql ON users (level)")
        """,
        """
        op.drop_index("ix_sql", table_name="users")
        op.drop_index("ix_pair", table_name="users")
        op.drop_index("ix_level", "users")
        """,
    )
    assert fix(users, body, "--unsafe-fixes") == functions(
        """
        with op.get_context().autocommit_block():
            op.create_index("ix_level", "users", ["level"], postgresql_concurrently=True)  # for the ranking
            op.create_index(
                "ix_pair",
                "users",
                ["level", "email"],
                postgresql_concurrently=True,
            )
            op.execute("CREATE UNIQUE INDEX CONCURRENTLY ix_sql ON users (level)")
        """,
        """
        with op.get_context().autocommit_block():
            op.drop_index("ix_sql", table_name="users", postgresql_concurrently=True)
            op.drop_index("ix_pair", table_name="users", postgresql_concurrently=True)
            op.drop_index("ix_level", "users", postgresql_concurrently=True)
        """,
    )


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        ('op.create_index("a", "users", ["level"])\nop.create_index("b", "users", ["email"])', "pass"),
        ('op.execute("CREATE INDEX a ON users (level)")\nop.execute("DROP INDEX ix_users_email")', "pass"),
        ('op.execute("SET LOCAL lock_timeout = 1000")\nop.create_index("a", "users", ["level"])', "pass"),
        ('op.execute("LOCK TABLE users")\nop.create_index("a", "users", ["level"])', "pass"),
        ('op.create_index("a", "users", ["level"])', 'op.drop_index("a", "users")\nop.drop_index("ix_users_email", "users")'),
    ],
)
def test_an_index_beside_anything_else_waits_for_the_user_to_agree(users, upgrade, downgrade):
    body = functions(upgrade, downgrade)
    assert fix(users, body, "--select", "MRT407,MRT420") == body
    assert "oncurrently" in fix(users, body, "--select", "MRT407,MRT420", "--unsafe-fixes").lower()


@pytest.mark.parametrize(
    ("upgrade", "downgrade"),
    [
        ('op.execute("CREATE INDEX a ON users (lower(email))")', 'op.execute("DROP INDEX a")'),
        ('op.execute("DROP INDEX ix_users_email")', 'op.create_index("ix_users_email", "users", ["email"])'),
        ('op.create_index("a", "users", ["level"])', 'op.execute("DROP INDEX a")'),
    ],
)
def test_sql_that_may_run_elsewhere_becomes_postgresqls_only_where_the_user_agrees(users, upgrade, downgrade):
    body = functions(upgrade, downgrade)
    assert fix(users, body, "--select", "MRT407,MRT420") == body
    out = users.mrt("check", "versions", "--fix", "--select", "MRT407,MRT420").out
    assert "PostgreSQL alone understands CONCURRENTLY in SQL" in out
    asked = fix(users, body, "--select", "MRT407,MRT420", "--unsafe-fixes")
    assert " INDEX CONCURRENTLY " in asked
    assert fix(users, body, "--select", "MRT407,MRT420", "--dialect", "postgresql") == asked


def test_sql_under_a_guard_is_postgresqls_already(users):
    guarded = 'if op.get_bind().dialect.name == "postgresql":\n    op.execute("{}")'
    body = functions(guarded.format("CREATE INDEX a ON users (level)"), guarded.format("DROP INDEX a"))
    assert fix(users, body).count(" INDEX CONCURRENTLY a") == 2


def test_an_index_by_itself_is_built_and_dropped_concurrently_without_being_asked(users):
    body = functions('op.execute("CREATE INDEX a ON users (level)")', 'op.drop_index("a", "users")')
    written = fix(users, body, "--dialect", "postgresql")
    assert "CREATE INDEX CONCURRENTLY a" in written
    assert 'op.drop_index("a", "users", postgresql_concurrently=True)' in written


@pytest.mark.parametrize(
    ("upgrade", "why"),
    [
        ('op.create_index("a", "users", ["level"]); op.execute("SELECT 1")', "another statement is on its line"),
        ('op.execute("DROP INDEX ix_users_email CASCADE")', "PostgreSQL knows no DROP INDEX CONCURRENTLY … CASCADE"),
        (
            'with op.batch_alter_table("users") as batch:\n    batch.create_check_constraint("ck", "level > 0")',
            "it is in a batch, which does its work at its end",
        ),
    ],
)
def test_what_cannot_be_rewritten_where_it_stands_is_left_alone_with_a_reason(users, upgrade, why):
    body = functions(upgrade, 'raise NotImplementedError("no")')
    path = users.migration("a2", "a1", body)
    out = users.mrt("check", "versions", "--fix", "--unsafe-fixes").out
    assert path.read_text().endswith(body)
    assert why in out


def test_what_is_left_is_not_promised_once_more(users):
    back = 'op.create_index("ix_users_email", "users", ["email"])'
    users.migration("a2", "a1", functions('op.drop_index("ix_users_email", "users")', back))
    assert "may be fixable" in users.mrt("check", "versions", "--ignore", "MRT42").out
    said = users.mrt("check", "versions", "--fix", "--ignore", "MRT42").out
    assert "cannot be fixed for certain" in said
    assert "may be fixable" not in said


def test_places_are_told_in_characters_whatever_the_encoding(users):
    body = functions('op.create_index("ix_größe_😀", "users", ["level"])  # größer', 'op.drop_index("ix_größe_😀", "users")')
    written = fix(users, body)
    assert '        op.create_index("ix_größe_😀", "users", ["level"], postgresql_concurrently=True)  # größer\n' in written
    path = users.write(
        "versions/a2.py",
        ("# coding: latin-1\n" + HEADER.format(revision="a2", parent="a1") + body).replace("😀", "ß").encode("latin-1"),
    )
    users.mrt("check", "versions", "--fix")
    assert path.read_bytes().count(b'"ix_gr\xf6\xdfe_\xdf", "users", ["level"], postgresql_concurrently=True)  # gr\xf6\xdfer') == 1


def test_an_index_beside_other_changes_waits_for_the_user_to_agree(users):
    body = functions(
        'op.add_column("users", sa.Column("a", sa.Text))\nop.create_index("ix", "users", ["a"])',
        'op.drop_index("ix", "users")\nop.drop_column("users", "a")',
    )
    assert fix(users, body) == body
    assert fix(users, body, "--unsafe-fixes").count("autocommit_block") == 2


@pytest.mark.parametrize(
    "upgrade",
    [
        'with op.batch_alter_table("users") as batch:\n    batch.create_index("ix", ["level"])',
        'for name in ("level", "email"):\n    op.create_index(f"ix_{name}", "users", [name])',
        'op.create_index("ix", "users", ["level"], if_not_exists=True)',
        'op.add_column("users", sa.Column("a", sa.Text, index=True))',
    ],
)
def test_an_index_that_no_plain_statement_builds_is_left_alone(users, upgrade):
    text = fix(users, functions(upgrade, 'raise NotImplementedError("no")'), "--unsafe-fixes")
    assert "oncurrently" not in text


def test_what_is_concurrent_already_leaves_the_transaction(users):
    body = functions('op.create_index("ix", "users", ["level"], postgresql_concurrently=True)', 'op.drop_index("ix", "users")')
    assert fix(users, body).startswith(
        "def upgrade():\n    with op.get_context().autocommit_block():\n"
        '        op.create_index("ix", "users", ["level"], postgresql_concurrently=True)\n'
    )


def test_constraints_are_added_not_valid_and_the_user_is_told_what_is_left(users):
    body = functions(
        """
        op.create_foreign_key("fk", "users", "users", ["level"], ["id"])
        op.create_check_constraint("ck", "users", "level > 0")
        """,
        'op.drop_constraint("ck", "users")\nop.drop_constraint("fk", "users")',
    )
    assert fix(users, body) == body
    path = users.migration("a2", "a1", body)
    out = users.mrt("check", "versions", "--fix", "--unsafe-fixes").out
    assert path.read_text().count("postgresql_not_valid=True") == 2
    assert 'validate it in a later revision: op.execute("ALTER TABLE users VALIDATE CONSTRAINT fk")' in out
    assert 'op.execute("ALTER TABLE users VALIDATE CONSTRAINT ck")' in out


@pytest.mark.parametrize("dialect", ["mysql", "mariadb"])
def test_nothing_is_added_not_valid_where_the_database_does_not_know_that(users, dialect):
    body = functions(
        'op.create_check_constraint("ck", "users", "level > 0")\nop.create_foreign_key("fk", "users", "levels", ["level"], ["id"])',
        'op.drop_constraint("fk", "users", type_="foreignkey")\nop.drop_constraint("ck", "users", type_="check")',
    )
    assert fix(users, body, "--unsafe-fixes", "--dialect", dialect) == body


def test_an_enum_type_goes_with_its_table(users):
    body = functions(
        'op.create_table("people", sa.Column("mood", sa.Enum("sad", "ok", name="Mood")), sa.Column("b", sa.Enum("x", name="b")))',
        'op.drop_table("people")  # bye',
    )
    written = fix(users, body)
    assert written.splitlines()[-3:] == [
        '    op.drop_table("people")  # bye',
        '    sa.Enum(name="Mood").drop(op.get_bind(), checkfirst=True)',
        '    sa.Enum(name="b").drop(op.get_bind(), checkfirst=True)',
    ]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("1  # noqa: MRT201", "1"),
        ("1  # noqa: MRT201 because", "1  # noqa: MRT201 because"),
        ("1  # noqa: E501, MRT201", "1  # noqa: E501"),
        ("1  # noqa: MRT201, E501", "1  # noqa: E501"),
        ("1  # noqa: E501,MRT201,E203 so", "1  # noqa: E501,E203 so"),
        ("'''  # noqa: MRT201'''", "'''  # noqa: MRT201'''"),
    ],
)
def test_a_code_that_silences_nothing_is_taken_out_of_its_comment(users, before, after):
    body = functions('op.create_table("notes", sa.Column("id", sa.Integer))', 'op.drop_table("notes")')
    assert fix(users, f"LEVEL = {before}\n\n\n{body}") == f"LEVEL = {after}\n\n\n{body}"


# Bytes and files --------------------------------------------------------------------------------------------------------------

ADD = functions('op.add_column("users", sa.Column("a", sa.Text))', "pass")
WANTED = b'    op.drop_column("users", "a")'


@pytest.mark.parametrize(
    "spell",
    [
        lambda text: text.encode(),
        lambda text: text.replace("\n", "\r\n").encode(),
        lambda text: text.replace("\n", "\r").encode(),
        lambda text: b"\xef\xbb\xbf" + text.encode(),
        lambda text: f"# -*- coding: latin-1 -*-\n# \u00e4\u00f6\n{text}".encode("latin-1"),
        lambda text: f"# \u00e4 \U0001f600\n{text}".encode(),
        lambda text: text.rstrip("\n").encode(),
        lambda text: f"{text}\n\n# the end \t\n".encode(),
        lambda text: text.replace("    ", "\t").encode(),
        lambda text: text.replace("def upgrade", "A  =  'x' ;B=\"y\"\n\x0c\ndef upgrade").encode(),
    ],
)
def test_every_other_byte_stays_as_it_was(users, spell):
    path = users.migration("a2", "a1", ADD)
    before = spell(path.read_text())
    path.write_bytes(before)
    users.mrt("check", "versions", "--fix")
    after = path.read_bytes()
    wanted = WANTED.replace(b"    ", b"\t") if b"\tpass" in before else WANTED
    assert after == before.replace(wanted.partition(b"op")[0] + b"pass", wanted)
    assert after != before
    users.mrt("check", "versions", "--fix")
    assert path.read_bytes() == after


def test_a_link_is_written_through_and_permissions_stay(users):
    path = users.migration("a2", "a1", ADD)
    real = users.root / "elsewhere.txt"
    path.rename(real)
    real.chmod(0o640)
    path.symlink_to(real)
    users.mrt("check", "versions", "--fix")
    assert path.is_symlink()
    assert WANTED in real.read_bytes()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in users.root.joinpath("versions").iterdir()) == ["a1.py", "a2.py"]


def test_a_hard_link_is_left_alone_as_its_other_name_would_not_change(users):
    path = users.migration("a2", "a1", ADD)
    other = users.root / "other.txt"
    other.hardlink_to(path)
    result = users.mrt("check", "versions", "--fix")
    said = "it is a hard link, and the file's other names would keep what it was"
    assert (result.code, result.err) == (2, f"mrt check: versions/a2.py could not be fixed: {said}.\n")
    assert b"pass" in path.read_bytes()
    assert sorted(path.name for path in users.root.joinpath("versions").iterdir()) == ["a1.py", "a2.py"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_file_keeps_its_owner(users):
    path = users.migration("a2", "a1", ADD)
    os.chown(path, 1234, 4321)
    users.mrt("check", "versions", "--fix")
    assert WANTED in path.read_bytes()
    assert (path.stat().st_uid, path.stat().st_gid) == (1234, 4321)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root makes files of others")
def test_a_file_that_cannot_keep_its_owner_is_left_alone(users, monkeypatch):
    path = users.migration("a2", "a1", ADD)
    os.chown(path, 1234, -1)

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "chown", refuse)
    result = users.mrt("check", "versions", "--fix")
    assert (result.code, result.err) == (2, "mrt check: versions/a2.py could not be fixed: it belongs to another user.\n")
    assert b"pass" in path.read_bytes()


def test_a_file_that_may_not_be_written_is_named_and_the_others_are_fixed(users):
    locked = users.migration("a2", "a1", ADD)
    other = users.migration("a3", "a2", ADD.replace('"a"', '"b"'))
    locked.chmod(0o444)
    result = users.mrt("check", "versions", "--fix")
    assert (result.code, result.err) == (2, "mrt check: versions/a2.py could not be fixed: it is read-only.\n")
    assert b"pass" in locked.read_bytes()
    assert b'op.drop_column("users", "b")' in other.read_bytes()
    assert "Fixed 1 finding in 1 file:\n  versions/a3.py: MRT102 noop-downgrade\n" in result.out


@pytest.mark.parametrize(
    ("meanwhile", "why"),
    [
        (lambda path: path.write_bytes(path.read_bytes() + b"# edited\n"), "was changed since it was read: it was left alone, run"),
        (lambda path: path.unlink(), "no longer exists since it was read: nothing was written."),
    ],
)
def test_a_file_that_somebody_changes_meanwhile_is_left_alone(users, monkeypatch, meanwhile, why):
    path = users.migration("a2", "a1", ADD)
    replace = write._replace

    def late(target, before, after):
        meanwhile(path)
        kept.append(path.read_bytes() if path.exists() else None)
        replace(target, before, after)

    kept: list[bytes | None] = []
    monkeypatch.setattr(write, "_replace", late)
    result = users.mrt("check", "versions", "--fix")
    assert result.code == 2
    assert f"versions/a2.py {why}" in result.err
    assert (path.read_bytes() if path.exists() else None) == kept[0]
    assert not list(users.root.glob("versions/.*"))


def test_a_failure_while_writing_leaves_the_file_and_no_other(users, monkeypatch):
    path = users.migration("a2", "a1", ADD)
    before = path.read_bytes()

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    result = users.mrt("check", "versions", "--fix")
    assert (result.code, result.err) == (2, "mrt check: versions/a2.py could not be fixed: No space left on device.\n")
    assert path.read_bytes() == before
    assert sorted(path.name for path in users.root.joinpath("versions").iterdir()) == ["a1.py", "a2.py"]


def test_a_folder_that_may_not_be_written_is_named(users, monkeypatch):
    path = users.migration("a2", "a1", ADD)
    before = path.read_bytes()

    def refuse(**_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(write.tempfile, "mkstemp", refuse)
    result = users.mrt("check", "versions", "--fix")
    said = "mrt check: versions/a2.py could not be fixed: nothing can be written in its folder (Permission denied).\n"
    assert (result.code, result.err, path.read_bytes()) == (2, said, before)


# The command ------------------------------------------------------------------------------------------------------------------


def test_fix_reports_what_is_left_and_says_what_was_fixed(users):
    users.migration(
        "a2", "a1", functions('op.drop_column("users", "level")', 'op.add_column("users", sa.Column("level", sa.Integer))')
    )
    users.migration("a3", "a2", ADD)
    result = users.mrt("check", "versions", "--fix")
    assert result.code == 1
    assert "MRT201" in result.out
    assert "\n\nFixed 1 finding in 1 file:\n  versions/a3.py: MRT102 noop-downgrade\n" in result.out
    assert result.err == ""


def test_nothing_left_is_exit_code_zero_and_the_cache_tells_the_truth(users):
    users.migration("a2", "a1", ADD)
    assert users.mrt("check", "versions").code == 1
    assert users.mrt("check", "versions", "--fix").code == 0
    assert users.mrt("check", "versions").code == 0


def test_the_summary_stays_out_of_what_programs_read(users):
    users.migration("a2", "a1", ADD)
    result = users.mrt("check", "versions", "--fix", "--format", "json")
    assert json.loads(result.out)["findings"] == []
    assert result.err == "Fixed 1 finding in 1 file:\n  versions/a2.py: MRT102 noop-downgrade\n"


def test_diff_prints_what_fix_would_write_and_writes_nothing(users):
    path = users.migration("a2", "a1", ADD.rstrip("\n"))
    before = path.read_bytes()
    result = users.mrt("check", "versions", "--diff")
    assert (result.code, path.read_bytes()) == (1, before)
    assert result.out == (
        "--- versions/a2.py\n+++ versions/a2.py\n@@ -11,4 +11,4 @@\n \n \n def downgrade():\n-    pass\n"
        '\\ No newline at end of file\n+    op.drop_column("users", "a")\n\\ No newline at end of file\n'
    )
    assert result.err == "Would fix 1 finding in 1 file:\n  versions/a2.py: MRT102 noop-downgrade\n"
    users.mrt("check", "versions", "--fix")
    result = users.mrt("check", "versions", "--diff")
    assert (result.code, result.out) == (0, "")


def test_diff_fails_where_an_error_remains_that_nothing_can_fix(users):
    users.migration(
        "a2", "a1", functions('op.drop_column("users", "level")', 'op.add_column("users", sa.Column("level", sa.Integer))')
    )
    result = users.mrt("check", "versions", "--diff")
    assert (result.code, result.out) == (1, "")


@pytest.mark.parametrize(
    "arguments",
    [("--ignore", "MRT1"), ("--select", "MRT2"), ("--since", "a2"), ("--baseline", "base.json")],
)
def test_what_would_not_be_reported_is_not_fixed(users, arguments):
    path = users.migration("a2", "a1", ADD)
    before = path.read_bytes()
    users.mrt("baseline", "versions", "--output", "base.json")
    users.mrt("check", "versions", "--fix", *arguments)
    assert path.read_bytes() == before


def test_what_noqa_silences_is_not_fixed(users):
    body = ADD.replace("def downgrade():", "def downgrade():  # noqa: MRT102")
    assert fix(users, body) == body


def test_a_locked_revision_is_not_touched(users):
    path = users.migration("a2", "a1", ADD)
    before = path.read_bytes()
    assert users.mrt("lock", "versions").code == 0
    assert "MRT102: mrt.lock holds this revision as it is" in users.mrt("check", "versions", "--fix").out
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--unsafe-fixes",), "--unsafe-fixes says which fixes are made: write it beside --fix or --diff."),
        (("--fix", "--watch"), "--watch only looks: leave it out, or --fix and --diff."),
        (("--diff", "--format", "json"), "--diff prints a diff: leave out --format and --statistics, or --diff."),
    ],
)
def test_options_that_cannot_be_meant_are_one_sentence(users, arguments, said):
    result = users.mrt("check", "versions", *arguments)
    assert (result.code, result.err) == (2, f"mrt check: {said}\n")


def test_the_report_promises_no_fix_that_was_not_tried(users):
    users.migration("a2", "a1", ADD)
    users.migration("a3", "a2", functions("op.execute('DELETE FROM users')", "pass"))
    said = users.mrt("check", "versions").out
    assert "Up to 2 of these may be fixable: mrt check --diff shows what --fix would write.\n" in said
    said += users.mrt("check", "versions", "--format", "concise").out
    assert "[*]" not in said
    assert "It may be fixable: mrt check --diff" in users.mrt("check", "versions/a2.py").out
    assert "fixable" not in users.mrt("check", "versions", "--select", "MRT214").out
    assert json.loads(users.mrt("check", "versions", "--format", "json").out)["findings"][0]["fix"] == "safe"


def test_a_fix_that_trips_is_said_and_keeps_no_other_from_being_made(users, monkeypatch):
    users.migration("a2", "a1", ADD)
    users.migration("a3", "a2", functions('op.create_index("ix", "users", ["level"])', 'op.drop_index("ix", "users")'))

    def trip(*_):
        raise KeyError("x")

    monkeypatch.setattr(fixers()["MRT102"], "propose", trip)
    result = users.mrt("check", "versions", "--fix")
    assert "  MRT102: trying failed (KeyError: 'x')\n" in result.out
    assert "  versions/a3.py: MRT407 index-without-concurrently\n" in result.out


def test_a_long_list_of_files_is_cut_short(users):
    for number in range(2, 55):
        users.migration(f"a{number}", f"a{number - 1}", ADD.replace('"a"', f'"a{number}"'))
    result = users.mrt("check", "versions", "--fix")
    assert "Fixed 53 findings in 53 files:\n" in result.out
    assert result.out.endswith("  … and 3 more files\n")


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("pass", "pass  # touched", "the finding would stay"),
        ("pass", "op.drop_column(", "what is to be written cannot be read: "),
        ("pass", "op.execute(text)", "what is to be written cannot be read in full"),
        ("pass", 'op.drop_column("staff", "x")', "it would raise MRT"),
        ('sa.Column("a"', 'sa.Column("b"', "it would change what upgrade() does"),
        ('"a2"', '"a9"', "it would change the revision's place in the history"),
        ("pass", 'op.drop_column("users", "a")', "what was meant is something else"),
        ("a", "b", "its edits overlap"),
    ],
)
def test_what_does_not_hold_when_it_is_read_again_is_not_written(users, monkeypatch, old, new, why):
    path = users.migration("a2", "a1", ADD)
    before = path.read_bytes()

    def propose(context, _):
        at = context.text.text.index(old)
        edits = [TextEdit(at, at + len(old), new)]
        if "upgrade()" in why:
            down = context.text.text.rindex("pass")
            edits.append(TextEdit(down, down + 4, 'op.drop_column("users", "b")'))
        if "overlap" in why:
            edits *= 2
        return ProposedFix(edits=tuple(edits), keeps_upgrade=True, proof=refuse if "meant" in why else None)

    def refuse(_):
        raise NoFix(why)

    monkeypatch.setattr(fixers()["MRT102"], "propose", propose)
    result = users.mrt("check", "versions", "--fix")
    assert f"MRT102: {why}" in result.out
    assert path.read_bytes() == before


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
