"""`mrt show --at`: the schema as it stands at a revision, and what is not known of it."""

from __future__ import annotations

import json

import pytest

from tests.lint.conftest import DROP

USERS = """def upgrade():
    op.create_table(
        "users",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.String(50), nullable=False, server_default="?", comment="as written"),
        sa.Column("mood", sa.Enum("sad", "glad", name="mood")),
        sa.Column("upper", sa.Text, sa.Computed("upper(name)", persisted=True)),
        sa.UniqueConstraint("name", name="uq_users_name"),
    )
    op.execute("CREATE VIEW happy AS SELECT * FROM users WHERE mood = 'glad'")
    op.execute("CREATE SEQUENCE numbers")
"""
ORDERS = """def upgrade():
    op.create_table(
        "orders",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("user_id", sa.BigInteger, sa.ForeignKey("users.id", ondelete="CASCADE", name="fk_user"), nullable=False),
        sa.Column("paid", sa.Numeric(10, 2)),
        schema="shop",
    )
    op.create_index("ix_paid", "orders", ["paid"], unique=True, schema="shop", postgresql_where=sa.text("paid > 0"))
    op.execute("ALTER TABLE shop.orders ADD CONSTRAINT ck_paid CHECK (paid > 0) NOT VALID")
"""


@pytest.fixture
def shop(project):
    """Two tables, and a column of one dropped again."""
    project.migration("a1", None, USERS)
    project.migration("a2", "a1", ORDERS)
    project.migration("a3", "a2", 'def upgrade():\n    op.drop_column("users", "upper")\n')
    return project


def schema(project, *arguments: str):
    return json.loads(project.mrt("show", "--format", "json", "--at", *arguments, "versions").out)


def test_the_schema_for_people(shop):
    assert shop.mrt("show", "--at", "a2", "versions").out == (
        "schema at a2, as 2 migrations leave it; read for postgresql\n"
        "\n"
        "table users\n"
        "    id     BIGINT       not null  identity always\n"
        "    name   VARCHAR(50)  not null  default '?', comment as written\n"
        "    mood   mood         null\n"
        "    upper  TEXT         null      generated as (upper(name)) stored\n"
        "    primary key (id)\n"
        "    unique uq_users_name (name)\n"
        "\n"
        "table shop.orders\n"
        "    id       INTEGER         not null\n"
        "    user_id  BIGINT          not null\n"
        "    paid     NUMERIC(10, 2)  null\n"
        "    primary key (id)\n"
        "    foreign key fk_user (user_id) references users (id) on delete cascade\n"
        "    check ck_paid (paid > 0) not valid\n"
        "    unique index ix_paid (paid) where paid > 0\n"
        "\n"
        "sequence numbers\n"
        "enum mood (sad, glad)\n"
        "view happy\n"
    )


def test_the_document_has_the_promised_shape(shop):
    document = schema(shop, "head")
    assert list(document) == ["version", "at", "revisions", "migrations", "dialect", "tables", "objects", "mentioned", "doubts"]
    assert (document["at"], document["revisions"], document["migrations"]) == ("head", ["a3"], 3)
    users, orders = document["tables"]
    assert list(users) == [
        "name", "schema", "certain", "created", "complete", "columns", "constraints", "indexes", "doubts", "unknown",
    ]  # fmt: skip
    assert [column["name"] for column in users["columns"]] == ["id", "name", "mood"]
    assert users["columns"][1] == {
        "name": "name",
        "type": {"name": "VARCHAR", "args": [50]},
        "nullable": False,
        "default": "'?'",
        "primary_key": False,
        "autoincrement": False,
        "identity": None,
        "computed": None,
        "persisted": None,
        "comment": "as written",
        "certain": True,
        "unknown": [],
    }
    assert (orders["schema"], orders["complete"], orders["created"]) == ("shop", True, True)
    [check] = [constraint for constraint in orders["constraints"] if constraint["kind"] == "check"]
    assert (check["name"], check["condition"], check["valid"]) == ("ck_paid", "paid > 0", False)
    assert orders["indexes"] == [
        {"name": "ix_paid", "columns": ["paid"], "unique": True, "where": "paid > 0", "using": None, "certain": True, "unknown": []}
    ]
    assert [(made["kind"], made["name"], made["members"]) for made in document["objects"]] == [
        ("sequence", "numbers", None),
        ("enum", "mood", ["sad", "glad"]),
        ("view", "happy", None),
    ]


UNCERTAIN = """def upgrade():
    op.add_column("accounts", sa.Column("iban", kind(), sa.ForeignKey("banks.id")))
    if flag():
        op.add_column("users", sa.Column("fax", sa.Text))
        op.alter_column("users", "name", nullable=True)
        op.create_table("maybe", sa.Column("id", sa.Integer))
    op.drop_column(which(), "phone")
    op.execute("DO $$ BEGIN PERFORM hide(); END $$")
    op.get_bind().execute(build())
    session = sa.orm.Session(bind=op.get_bind())
    session.add_all([User(), User()])
"""


def test_what_is_not_known_is_a_question_with_a_reason_and_never_absent(shop):
    shop.migration("a4", "a3", UNCERTAIN)
    out = shop.mrt("show", "--at", "head", "versions").out
    condition = "under a condition that reading cannot decide"
    for block in (
        (
            "table accounts\n"
            "    iban  ?  null\n"
            "    foreign key (iban) references banks (id)\n"
            "    ? this history does not create it: there may be more than this\n"
            "    ? versions/a4.py:10  add_column accounts.iban  not all of it could be read\n"
        ),
        f"table maybe  ? may or may not be there\n    ? versions/a4.py:14  create_table maybe  {condition}\n",
        "    name  VARCHAR(50)  ?         default '?', comment as written\n",
        "    fax   ?            ?         may or may not be there\n",
        f"    ? versions/a4.py:12  add_column users.fax  {condition}\n    ? versions/a4.py:13  alter_column users.name  {condition}\n",
        "not created by this history, only referred to\n    banks  (by accounts)\n",
        "not followed, so that anything of the above may differ\n",
        "    ? versions/a4.py:15  drop_column ?.phone  which table it concerns could not be read\n",
        "    ? versions/a4.py:16  DO $$ BEGIN PERFORM hide(); END $$  what it does to the schema could not be read\n",
        "    ? versions/a4.py:17  op.get_bind().execute(build())  ",
    ):
        assert block in out
    assert "add_all" not in out  # rows, not the schema
    assert "table shop.orders\n    id       INTEGER         not null\n" in out


def test_in_the_document_the_unknown_is_null_and_named(shop):
    shop.migration("a4", "a3", UNCERTAIN)
    document = schema(shop, "head")
    tables = {table["name"]: table for table in document["tables"]}
    [iban] = tables["accounts"]["columns"]
    assert (iban["type"], iban["nullable"], iban["unknown"]) == (None, True, ["type"])
    assert (tables["accounts"]["created"], tables["accounts"]["complete"]) == (False, False)
    assert (tables["maybe"]["certain"], tables["maybe"]["columns"]) == (False, [])
    name, fax = tables["users"]["columns"][1], tables["users"]["columns"][-1]
    assert (name["nullable"], name["unknown"], name["certain"]) == (None, ["nullable"], True)
    assert (fax["name"], fax["type"], fax["certain"]) == ("fax", None, False)
    assert document["mentioned"] == [{"schema": None, "name": "banks", "by": ["accounts"]}]
    assert [doubt["line"] for doubt in document["doubts"]] == [15, 16, 17]
    assert list(document["doubts"][0]) == ["path", "line", "revision", "what", "why"]


def test_a_renamed_table_keeps_its_doubts_and_a_table_made_anew_has_none(project):
    project.migration(
        "a1", None, 'def upgrade():\n    op.add_column("old", sa.Column("x", sa.Text))\n    op.rename_table("old", "new")\n'
    )
    project.migration("a2", "a1", 'def upgrade():\n    op.rename_table("gone", "found")\n')
    out = project.mrt("show", "--at", "head", "versions").out
    assert "table found  ? may or may not be there\n" in out
    assert "rename_table gone  it renames gone, which this history does not create" in out
    assert "table new\n    x  TEXT  null\n    ? this history does not create it" in out
    assert "\ntable old" not in out
    again = 'def upgrade():\n    op.drop_table("new")\n    op.create_table("new", sa.Column("y", kind()))\n'
    project.migration("a3", "a2", again)
    out = project.mrt("show", "--at", "head", "versions").out
    assert "table new\n    y  ?  null\n    ? versions/a3.py:11  create_table new  not all of it could be read\n" in out + "\n"
    assert "rename_table old" not in out


MOVED = """def upgrade():
    op.create_table("old", sa.Column("x", sa.Text))
    op.create_index("ix", "old", ["x"])
    op.execute("CREATE TYPE mood AS ENUM ('sad')")
    if flag():
        op.drop_index("ix")
        op.execute("DROP TYPE mood")
    op.rename_table("old", "new")
    op.execute("ALTER TYPE mood RENAME TO feeling")
    op.execute("CREATE FUNCTION pg_temp.f() RETURNS int AS $$ SELECT 1 $$ LANGUAGE sql")
    if op.get_bind().dialect.name == "mysql":
        op.drop_column(which(), "x")
"""


def test_doubts_go_with_what_is_renamed_and_those_of_another_database_are_none(project):
    project.migration("a1", None, MOVED)
    condition = "under a condition that reading cannot decide"
    assert project.mrt("show", "--at", "head", "versions").out == (
        "schema at head (a1), as 1 migration leaves it; read for postgresql\n"
        "\n"
        "table new\n"
        "    x  TEXT  null\n"
        "    index ix ? may or may not be there\n"
        f"    ? versions/a1.py:14  drop_index ix  {condition}\n"
        "\n"
        "type feeling  ? may or may not be there\n"
        f"    ? versions/a1.py:15  drop_type mood  {condition}\n"
    )


def test_a_broken_file_and_a_missing_parent_leave_everything_in_doubt(project):
    project.migration("a2", "a1")
    project.write("versions/a3.py", "revision = 'a3'\ndown_revision = 'a2'\ndef upgrade(:\n")
    out = project.mrt("show", "--at", "a3", "versions").out
    assert "table users  ? may or may not be there\n" in out
    assert "? versions/a2.py:5  a1  it follows a1, which is in no file\n" in out
    assert "? versions/a3.py:1  all of it  the file could not be read: " in out
    [table] = json.loads(project.mrt("show", "--at", "a3", "versions", "--format", "json").out)["tables"]
    assert (table["name"], table["certain"]) == ("users", False)


def test_heads_are_shown_as_a_database_that_has_run_them_all(project):
    project.migration("a1", None)
    project.migration("b1", "a1", 'def upgrade():\n    op.add_column("users", sa.Column("b", sa.Text))\n')
    project.migration("c1", "a1", 'def upgrade():\n    op.add_column("users", sa.Column("c", sa.Text))\n')
    out = project.mrt("show", "--at", "heads", "versions").out
    assert out.startswith("schema at heads (b1, c1), as 3 migrations leave it")
    assert "    b   TEXT     null\n    c   TEXT     null\n" in out
    assert project.mrt("show", "--at", "head", "versions").err.startswith("mrt show: head may be any of 2 heads: name b1 or c1")


def test_base_is_before_everything(shop):
    assert shop.mrt("show", "--at", "base", "versions").out == (
        "schema at base, no migration has run, and nothing is known of what was there before; read for postgresql\n"
    )


def test_table_narrows_to_what_is_asked_for(shop):
    assert [table["name"] for table in schema(shop, "head", "--table", "Orders", "--table", "users")["tables"]] == [
        "users",
        "orders",
    ]
    out = shop.mrt("show", "--at", "head", "--table", "shop.orders", "versions").out
    assert "table shop.orders" in out
    assert "table users" not in out
    assert "view" not in out


def test_the_dialect_decides_guards_and_variants(project):
    body = (
        "def upgrade():\n    op.create_table('t', sa.Column('c', sa.Text().with_variant(sa.String(9), 'mysql')))\n"
        "    if op.get_bind().dialect.name == 'mysql':\n        op.create_table('m', sa.Column('c', sa.Text))\n"
    )
    project.migration("a1", None, body)
    assert "table m" not in project.mrt("show", "--at", "head", "versions").out
    out = project.mrt("show", "--at", "head", "--dialect", "mysql", "versions").out
    assert "table m\n" in out
    assert "table t\n    c  VARCHAR(9)  null\n" in out


def test_without_a_path_the_configuration_says_where(shop):
    shop.write("alembic.ini", "[alembic]\nscript_location = .\n")
    assert shop.mrt("show", "--at", "a1").out.startswith("schema at a1, as 1 migration leaves it")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--at", "a22", "versions"], "There is no revision a22; did you mean a2"),
        (["--at", "heads-9", "versions"], "heads-9 leads out of the history: it ends after 3 steps."),
        (["--at", "head", "--table", "user", "versions"], "No migration up to head mentions a table user; did you mean users?"),
        (["--at", "head", "gone"], "gone does not exist."),
        (["--table", "users", "versions/a1.py"], "--table narrows a schema: say which, mrt show --at head --table users"),
        ([], "no file given, where one migration is expected: mrt show FILE, or mrt show --at head for the schema."),
        (["versions/a1.py", "versions/a2.py"], "2 files given, where one migration is expected"),
        (["--at", "base", ".", "other"], "base is in 2 histories: name the folder of one after it, other/versions or versions."),
    ],
)
def test_what_cannot_be_shown_is_one_sentence(shop, arguments, sentence):
    shop.migration("z1", None, DROP, folder="other/versions")
    result = shop.mrt("show", *arguments)
    assert (result.code, result.out) == (2, "")
    assert result.err.startswith(f"mrt show: {sentence}")
    assert result.err.count("\n") == 1


def test_a_dropped_table_and_a_circle_are_said(project):
    project.migration("a1", None)
    project.migration("a2", "a1", 'def upgrade():\n    op.drop_table("users")\n')
    project.migration("c1", "c2")
    project.migration("c2", "c1")
    dropped = project.mrt("show", "--at", "a2", "--table", "users", "versions")
    assert dropped.err == "mrt show: There is no table users at a2: a migration before it drops or renames it.\n"
    circle = project.mrt("show", "--at", "c1", "versions")
    assert circle.err.startswith("mrt show: c1 is on a cycle of revisions, or after one")


def test_control_characters_stay_off_the_terminal(project):
    project.migration(
        "a1", "\x1b[31mgone", 'def upgrade():\n    op.drop_table("\x1b[2J" + name())\n    op.create_table("\x1b[1m")\n'
    )
    for arguments in (
        ["show", "--at", "a1", "versions"],
        ["show", "versions/a1.py"],
        ["history", "versions"],
        ["check", "versions"],
    ):
        result = project.mrt(*arguments)
        assert "gone" in result.out
        assert "\x1b" not in result.out
    assert "\x1b" not in project.mrt("show", "--at", "\x1b[31mz", "versions").err
