"""`mrt show`: what a migration does, as it was read."""

from __future__ import annotations

import json

import pytest

from tests.lint.conftest import functions


def show(project, *arguments: str):
    return json.loads(project.mrt("show", *arguments, "--format", "json").out)


def test_the_document_has_the_promised_shape(history):
    document = show(history, "versions/a2.py")
    assert list(document) == ["path", "revision", "down_revision", "upgrade", "downgrade", "unreadable"]
    assert document["revision"] == "a2"
    assert document["down_revision"] == ["a1"]
    assert document["upgrade"] == [
        {"op": "drop_column", "line": 10, "table": "users", "column": "phone", "dialects": None, "certain": True}
    ]
    assert document["downgrade"][0]["definition"] == {"name": "phone", "type": {"name": "VARCHAR", "args": [20]}}


def test_what_was_understood_from_sql_follows_its_execute(project):
    project.migration("a1", None, "def upgrade():\n    op.execute('ALTER TABLE users DROP COLUMN phone')\n")
    upgrade = show(project, "versions/a1.py")["upgrade"]
    assert [op["op"] for op in upgrade] == ["execute", "drop_column"]
    assert [op.get("sql") for op in upgrade] == [None, True]
    assert upgrade[0]["statement"] == "ALTER TABLE users DROP COLUMN phone"


def test_what_could_not_be_read_is_null_and_named(project):
    body = "def upgrade():\n    op.drop_column(name(), 'phone')\n    op.create_index('i', 'users', [name(), 'a'])\n    op.execute(build_sql())\n"
    project.migration("a1", None, body)
    document = show(project, "versions/a1.py")
    drop, index, *_ = document["upgrade"]
    assert (drop["table"], drop["column"], drop["unknown"]) == (None, "phone", ["table"])
    assert (index["columns"], index["unknown"]) == ([None, "a"], ["columns[0]"])
    assert [(unread["line"], unread["function"]) for unread in document["unreadable"]][-1] == (12, "upgrade")


def test_guards_and_doubts_are_shown(project):
    body = "def upgrade():\n    if op.get_bind().dialect.name == 'postgresql':\n        op.drop_table('a')\n    if flag():\n        op.drop_table('b')\n"
    project.migration("a1", None, body)
    first, second = show(project, "versions/a1.py")["upgrade"]
    assert (first["dialects"], first["certain"]) == (["postgresql"], True)
    assert (second["dialects"], second["certain"]) == (None, False)
    text = project.mrt("show", "versions/a1.py").out
    assert "drop_table a  (only on postgresql)" in text
    assert "drop_table b  (perhaps)" in text


WORDS = """def upgrade():
    op.create_table("t", sa.Column("a", sa.Integer, primary_key=True), sa.Column("b", kind()), sa.UniqueConstraint("b", name="u"), schema="s")
    op.add_column("users", sa.Column("fax", sa.Text, nullable=False, server_default="x"))
    op.alter_column("users", "fax", new_column_name="mail", existing_type=sa.Text(), nullable=True, existing_nullable=False)
    op.create_index("ix", "users", ["fax", name()], unique=True)
    op.create_foreign_key("fk", "users", "t", ["a"], ["a"], referent_schema="s", ondelete="CASCADE")
    op.drop_constraint(None, "users")
    op.rename_table("users", "people")
    op.execute("DELETE FROM users; SELECT 1; DO $$ BEGIN PERFORM f(); END $$")
    op.execute(f"CREATE VIEW s.v AS SELECT {one()}")
"""


def test_people_see_what_is_done_to_whom(project):
    project.migration("a2", "a1", WORDS)
    assert project.mrt("show", "versions/a2.py").out == (
        "versions/a2.py\n"
        "revision a2, after a1: Change something\n"
        "\n"
        "upgrade()\n"
        "    10  create_table s.t\n"
        "            a INTEGER primary key\n"
        "            b ?\n"
        "            unique u (b)\n"
        "    11  add_column users.fax TEXT not null default 'x'\n"
        "    12  alter_column users.fax, null, to mail, was TEXT, was not null\n"
        "    13  create_index ix on users (fax, ?), unique\n"
        "    14  create_foreign_key fk on users foreign key (a) references s.t (a) on delete cascade\n"
        "    15  drop_constraint without a name on users\n"
        "    16  rename_table users, to people\n"
        "    17  execute DELETE FROM users; SELECT 1; DO $$ BEGIN PERFORM f(); END $$\n"
        "          delete users, all rows\n"
        "          statement SELECT, changes nothing\n"
        "          statement DO, reading cannot decide what it changes\n"
        "    18  execute CREATE VIEW s.v AS SELECT …\n"
        "          create_view s.v, body ?\n"
        "\n"
        "there is no downgrade()\n"
    )


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        ("gone.py", "gone.py cannot be read: No such file or directory"),
        ("head", "There is no file head; for the schema at a revision, mrt show --at head"),
        ("versions", "versions is a folder: name one migration in it."),
        ("model.py", "model.py is no migration: it assigns no revision."),
        ("broken.py", "broken.py:1:"),
    ],
)
def test_what_is_no_migration_is_one_sentence(history, file, sentence):
    history.write("model.py", "x = 1\n")
    history.write("broken.py", "def upgrade(:\n")
    result = history.mrt("show", file)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"mrt show: {sentence}")
    assert result.err.count("\n") == 1


def test_what_a_text_is_bound_to_is_not_shown(project):
    project.migration("a1", None, functions('op.execute(sa.text("SELECT :a").bindparams(b=1))', "pass"))
    for form in ("table", "json"):
        out = project.mrt("show", "versions/a1.py", *(["--format", form] if form == "json" else [])).out
        assert "bound" not in out
        assert "SELECT :a" in out
