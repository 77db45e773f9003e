"""`mrt check --fix`: the reverse of each operation, written into an empty downgrade()."""

from __future__ import annotations

import json

import pytest

from tests.lint.conftest import USERS, functions
from tests.lint.fixing import downgrade, joined


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


def test_a_type_that_becomes_shorter_is_written_and_warned_of(users):
    downgrade(users, 'op.alter_column("users", "email", type_=sa.Text(), existing_nullable=True)')
    assert "MRT120" in users.mrt("check", "versions", "--dialect", "postgresql").out


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
    project.migration("a1", None, USERS.replace('server_default="1", ', ""))
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
