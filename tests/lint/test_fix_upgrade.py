"""`mrt check --fix`: what is written in upgrade(): indexes built concurrently, constraints added NOT VALID, types, comments."""

from __future__ import annotations

import pytest

from tests.lint.conftest import HEADER, functions
from tests.lint.fixing import fix


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
    out = users.mrt("check", "versions", "--fix", "--extend-select", "MRT420", "--unsafe-fixes").out
    assert path.read_text().endswith(body)
    assert why in out


def test_what_is_left_is_not_promised_once_more(users):
    back = 'op.create_index("ix_users_email", "users", ["email"])'
    users.migration("a2", "a1", functions('op.drop_index("ix_users_email", "users")', back))
    assert "mrt check --diff" in users.mrt("check", "versions", "--ignore", "MRT42").out
    said = users.mrt("check", "versions", "--fix", "--ignore", "MRT42").out
    assert "cannot be fixed for certain" in said
    assert "mrt check --diff" not in said


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
    out = users.mrt("check", "versions", "--fix", "--extend-select", "MRT420", "--unsafe-fixes").out
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
