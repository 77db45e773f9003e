"""The schema that the history replays is the one that the migrations make, and what it cannot know it calls UNKNOWN."""

import os
import time

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations

from mrt_lint.history import History, ReplayedTable
from mrt_lint.model import ops
from mrt_lint.model.migration import Migration, MigrationFunction
from mrt_lint.model.values import UNKNOWN, Column, Constraint, SourceSpan, SqlType
from mrt_lint.parse.python import parse_migration
from mrt_lint.parse.sql.expand import expand_sql
from tests.runtime.conftest import own_database, postgres_server  # noqa: F401 - a fixture

PLACE = SourceSpan(1, 1, 1, 1)
INTEGER = SqlType(name="INTEGER")
TEXT = SqlType(name="TEXT")

HEADER = (
    "import sqlalchemy as sa\nfrom alembic import op\nrevision = {revision!r}\ndown_revision = {parents!r}\n\n\ndef upgrade():\n"
)

PROJECT = [
    """
    op.create_table(
        "users",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("email", sa.String(50), nullable=False),
        sa.Column("age", sa.SmallInteger, server_default="0"),
        sa.UniqueConstraint("email", name="uq_email"),
    )
    op.create_table(
        "posts",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("author", sa.Integer, sa.ForeignKey("users.id", name="fk_author", ondelete="CASCADE"), index=True),
        sa.Column("title", sa.Text),
        sa.CheckConstraint("title <> ''", name="ck_title"),
    )
    """,
    """
    with op.batch_alter_table("users") as batch:
        batch.add_column(sa.Column("phone", sa.String(20)))
        batch.alter_column("email", new_column_name="mail", existing_type=sa.String(50), existing_nullable=False)
        batch.alter_column("age", type_=sa.Integer(), existing_type=sa.SmallInteger(), existing_server_default="0")
    op.create_index("ix_phone", "users", ["phone"])
    """,
    """
    op.rename_table("posts", "articles")
    op.execute("ALTER TABLE articles ADD COLUMN words INTEGER DEFAULT 0 NOT NULL")
    op.execute("CREATE TABLE tags (id INTEGER NOT NULL PRIMARY KEY, name VARCHAR(9) NOT NULL UNIQUE)")
    """,
    """
    op.execute("ALTER TABLE users RENAME COLUMN phone TO telephone")
    op.execute("DROP INDEX ix_phone")
    op.drop_column("articles", "words")
    op.drop_table("tags")
    """,
]
ON_POSTGRESQL = [
    """
    op.execute('''
        ALTER TABLE users ALTER telephone SET NOT NULL, ALTER age DROP DEFAULT, ALTER COLUMN mail TYPE text;
        ALTER TABLE users DROP CONSTRAINT uq_email, ADD CONSTRAINT uq_telephone UNIQUE (telephone);
        CREATE UNIQUE INDEX ix_mail ON users (mail); ALTER TABLE users ADD CONSTRAINT uq_mail UNIQUE USING INDEX ix_mail;
    ''')
    op.execute("CREATE TABLE pairs (a int, b int, PRIMARY KEY (a, b), CHECK (a > b)); ALTER TABLE pairs DROP CONSTRAINT pairs_check")
    op.execute("CREATE TYPE mood AS ENUM ('sad'); ALTER TYPE mood ADD VALUE 'ok'; ALTER TYPE mood RENAME VALUE 'sad' TO 'low'")
    """,
]


def source(revision, body, parents):
    return HEADER.format(revision=revision, parents=parents) + body


def migrations(bodies):
    parents = (None, *map(str, range(len(bodies))))
    sources = [source(str(number), body, parents[number]) for number, body in enumerate(bodies)]
    return sources, [expand_sql(parse_migration(text.encode(), f"{number}.py")) for number, text in enumerate(sources)]


def run(connection, sources):
    """Run the upgrades as Alembic would."""
    context = MigrationContext.configure(connection)
    with Operations.context(context):
        for text in sources:
            module = {}
            exec(compile(text, "migration", "exec"), module)
            module["upgrade"]()


def reflected(connection, table):
    inspector = sa.inspect(connection)
    columns = {
        column["name"]: (column["nullable"], column["default"] is not None or bool(column.get("identity")))
        for column in inspector.get_columns(table)
    }
    keys = {key["name"]: (tuple(key["constrained_columns"]), key["referred_table"]) for key in inspector.get_foreign_keys(table)}
    uniques = {key["name"] for key in inspector.get_unique_constraints(table) if key["name"]}
    indexes = {index["name"] for index in inspector.get_indexes(table) if not index.get("duplicates_constraint")}
    return columns, keys, uniques, indexes, tuple(inspector.get_pk_constraint(table)["constrained_columns"])


def replayed(table, *, serial):
    columns = {}
    for column in table.columns.values():
        numbered = serial and column.primary_key and table.name != "pairs"
        columns[column.name] = (column.nullable, column.server_default is not None or numbered)
    keys = {key.name: (key.columns, key.referred_table) for key in table.known_constraints("foreignkey")}
    uniques = {key.name for key in table.known_constraints("unique") if key.name}
    return columns, keys, uniques, {index.index for index in table.known_indexes()}, table.primary_key


def compare(connection, sources, lifted, dialect):
    run(connection, sources)
    history = History.of(lifted, dialect)
    schema = history.at(history.heads[0])
    tables = set(sa.inspect(connection).get_table_names())
    assert {table.name for table in schema.tables()} == tables
    for name in tables:
        table = schema.table(name)
        assert replayed(table, serial=dialect == "postgresql") == reflected(connection, name)
        assert table.complete


def test_a_project_is_replayed_as_sqlite_has_it():
    sources, lifted = migrations(PROJECT)
    with sa.create_engine("sqlite://").connect() as connection:
        compare(connection, sources, lifted, "sqlite")


def test_a_project_is_replayed_as_postgresql_has_it(postgres_server):  # noqa: F811 - as fixtures are asked for
    sources, lifted = migrations(PROJECT + ON_POSTGRESQL)
    with own_database(postgres_server, f"mrt_replay_{os.getpid()}") as url:
        engine = sa.create_engine(url, poolclass=sa.NullPool)
        with engine.connect() as connection:
            compare(connection, sources, lifted, "postgresql")
    assert History.of(lifted).at("4").object("type", "mood").members == ("low", "ok")


def made(revision, *operations, parents=(), **fields):
    function = MigrationFunction(place=PLACE, ops=operations)
    return Migration(path=f"{revision}.py", revision=revision, down_revision=parents, upgrade=function, **fields)


def create(table, *names, **fields):
    return ops.CreateTable(table=table, columns=tuple(Column(name=name, type=INTEGER) for name in names), **fields)


def add(table, name, **fields):
    return ops.AddColumn(table=table, column=name, definition=Column(name=name, type=TEXT), **fields)


def at_head(*migrations, dialect=None):
    history = History.of(migrations, dialect)
    [head] = history.heads
    return history.at(head)


def table_of(*operations, dialect=None):
    return at_head(made("1", *operations), dialect=dialect).table("t")


def test_what_no_migration_speaks_of_is_unknown_and_what_was_dropped_is_gone():
    schema = at_head(made("1", create("t", "a"), create("u", "a"), ops.DropTable(table="u")))
    assert schema.table("nope") is UNKNOWN
    assert schema.table("u") is None
    assert schema.table("t").column("nope") is None
    assert schema.object("view", "nope") is UNKNOWN


def test_a_table_that_stood_before_the_chain_is_known_by_what_is_said_of_it():
    altered = ops.AlterColumn(table="t", column="b", nullable=False, existing_type=TEXT)
    check = Constraint(kind="check", name="c", condition="b IS NOT NULL", not_valid=True)
    table = table_of(add("t", "a"), altered, ops.CreateCheckConstraint(table="t", definition=check))
    assert not table.complete
    assert table.column("a").type == TEXT
    assert (table.column("b").nullable, table.column("b").type, table.column("b").server_default) == (False, UNKNOWN, UNKNOWN)
    assert table.column("c") is UNKNOWN
    assert table.constraint("c").not_valid is True


def test_a_constraint_is_valid_once_it_was_validated():
    check = Constraint(kind="check", name="c", condition="a > 0", not_valid=True)
    before = made("1", create("t", "a"), ops.CreateCheckConstraint(table="t", definition=check))
    after = made("2", ops.ValidateConstraint(table="t", constraint="C"), parents=("1",))
    history = History.of([before, after])
    assert history.before("2").table("t").constraint("c").not_valid is True
    assert history.at("2").table("t").constraint("c").not_valid is False


def test_names_are_found_whatever_their_case_and_the_default_schema_needs_no_name():
    schema = at_head(made("1", create("Users", "Id", schema="public"), create("t", "a", schema="s")))
    assert schema.table("users").column("ID").name == "Id"
    assert schema.table("t") is UNKNOWN
    assert schema.table("t", "S").name == "t"


@pytest.mark.parametrize(
    ("op", "hidden"),
    [
        (ops.AlterColumn(table="t", column="a", nullable=False, certain=False), "nullable"),
        (ops.AlterColumn(table="t", column="a", type=TEXT, certain=False), "type"),
        (ops.AlterColumn(table="t", column="a", server_default="0", certain=False), "server_default"),
    ],
)
def test_an_undecided_change_hides_the_attribute_it_concerns_and_nothing_else(op, hidden):
    table = table_of(create("t", "a", "b"), op)
    known = {name: getattr(table.column("a"), name) for name in ("type", "nullable", "server_default")}
    assert known == {"type": INTEGER, "nullable": True, "server_default": None} | {hidden: UNKNOWN}
    assert table.column("b").type == INTEGER


def test_undecided_operations_leave_undecided_things():
    certain = [create("t", "a", "b"), create("u", "a"), ops.CreateIndex(index="i", table="t", columns=("a",))]
    undecided = [
        add("t", "c", certain=False),
        ops.DropColumn(table="t", column="b", certain=False),
        ops.DropIndex(index="i", certain=False),
        ops.DropTable(table="u", certain=False),
        create("v", "a", certain=False),
    ]
    schema = at_head(made("1", *certain, *undecided))
    table = schema.table("t")
    assert (table.column("a").type, table.column("b"), table.column("c"), table.index("i")) == (INTEGER, UNKNOWN, UNKNOWN, UNKNOWN)
    assert (schema.table("u"), schema.table("v")) == (UNKNOWN, UNKNOWN)


def test_an_undecided_change_that_changes_nothing_hides_nothing():
    assert (
        table_of(create("t", "a"), ops.AlterColumn(table="t", column="a", nullable=True, certain=False)).column("a").nullable
        is True
    )


def test_guards_are_decided_by_the_dialect():
    guarded = [create("t", "a"), add("t", "b", dialects=("sqlite",)), add("t", "c", dialects=("mysql", "postgresql"))]
    assert list(table_of(*guarded).columns) == ["a", "c"]
    assert list(table_of(*guarded, dialect="sqlite").columns) == ["a", "b"]


def test_a_type_is_that_of_the_dialect():
    variant = Column(name="a", type=SqlType(name="INTEGER", variants=(("postgresql", SqlType(name="BIGINT")),)))
    created = ops.CreateTable(table="t", columns=(variant,))
    assert table_of(created).column("a").type.name == "BIGINT"
    assert table_of(created, dialect="sqlite").column("a").type.name == "INTEGER"


FULL = 'sa.Column("a", sa.String(9), nullable=False, server_default="x", comment="full")'
KEYED = 'sa.Column("a", sa.Integer, primary_key=True, autoincrement=True, comment="full")'
SAID = 'existing_nullable=False, existing_server_default="x", existing_comment="full"'


@pytest.mark.parametrize(
    ("column", "altered", "left"),
    [
        (FULL, 'op.alter_column("t", "a", type_=sa.Text(), existing_type=sa.String(9))', (True, None, None)),
        (FULL, 'op.alter_column("t", "a", new_column_name="a", existing_type=sa.String(9))', (True, None, None)),
        (FULL, f'op.alter_column("t", "a", type_=sa.Text(), existing_type=sa.String(9), {SAID})', (False, "'x'", "full")),
        (FULL, 'op.alter_column("t", "a", comment="b", existing_type=sa.String(9), existing_nullable=False)', (False, None, "b")),
        (FULL, 'op.alter_column("t", "a", server_default="y", existing_type=sa.String(9))', (False, "'y'", "full")),
        (FULL, 'op.execute("ALTER TABLE t MODIFY a text NOT NULL")', (False, None, None)),
        (FULL, 'op.execute("ALTER TABLE t RENAME COLUMN a TO a")', (False, "'x'", "full")),
        (KEYED, 'op.alter_column("t", "a", type_=sa.BigInteger(), existing_type=sa.Integer())', (False, None, None)),
        (
            FULL,
            'with op.batch_alter_table("t", recreate="always") as batch:\n        batch.alter_column("a", type_=sa.Text())',
            (False, "'x'", "full"),
        ),
    ],
)
def test_mysql_forgets_of_a_column_what_its_new_definition_does_not_say(column, altered, left):
    text = HEADER.format(revision="1", parents=None) + f'    op.create_table("t", {column})\n    {altered}\n'
    migration = expand_sql(parse_migration(text.encode(), "1.py"))
    for dialect in ("mysql", "mariadb"):
        found = History.of([migration], dialect).at("1").table("t").column("a")
        assert (found.nullable, found.server_default, found.comment) == left
        assert found.autoincrement is not True
    if "execute" not in altered:
        kept = History.of([migration], "postgresql").at("1").table("t").column("a")
        assert kept.nullable is False
        assert kept.comment in {"full", "b"}
        assert (kept.autoincrement is True) is (column == KEYED)


def test_a_type_that_sql_only_names_is_the_enum_the_chain_made():
    mood = ops.CreateObject(kind="enum", name="mood", members=("a",))
    named = SqlType(name="mood", type_name="mood", creates_type=False)
    table = table_of(mood, create("t", "a"), ops.AlterColumn(table="t", column="a", type=named))
    assert table.column("a").type == SqlType(name="ENUM", type_name="mood", members=("a",), creates_type=False)
    assert table_of(create("t", "a"), ops.AlterColumn(table="t", column="a", type=named)).column("a").type == named


def test_a_rename_is_followed_by_keys_indexes_and_the_foreign_keys_of_others():
    key = Constraint(kind="foreignkey", name="fk", columns=("a",), referred_table="t", referred_columns=("id",))
    schema = at_head(
        made(
            "1",
            create("t", "id"),
            create("u", "a"),
            ops.CreateForeignKey(table="u", definition=key),
            ops.CreateIndex(index="i", table="t", columns=("id",)),
            ops.AlterColumn(table="t", column="id", new_column="key"),
            ops.RenameTable(table="t", new_table="things"),
            ops.RenameIndex(index="i", new_index="j"),
            ops.RenameConstraint(table="u", constraint="fk", new_constraint="fk2"),
        )
    )
    assert schema.table("t") is None
    assert schema.table("things").index("j").columns == ("key",)
    found = schema.table("u").constraint("fk2")
    assert (found.referred_table, found.referred_columns) == ("things", ("key",))
    assert schema.index("j").columns == ("key",)


def test_a_renamed_constraint_is_followed_whoever_named_it():
    for old, key in (("t_pkey", {}), ("pk", {"name": "pk"})):
        primary = Constraint(kind="primary", columns=("id",), **key)
        table = table_of(
            create("t", "id", constraints=(primary,)), ops.RenameConstraint(table="t", constraint=old, new_constraint="pk_t")
        )
        assert table.primary_key == ("id",)
        assert set(table.constraints) == {"pk_t"}
        assert not table.unnamed


def test_a_renamed_type_is_followed_by_its_columns():
    kinds = (SqlType(name="ENUM", type_name="mood", members=("a",)), SqlType(name="mood", type_name="mood", creates_type=False))
    for kind in kinds:
        column = Column(name="m", type=kind)
        made_type = ops.CreateObject(kind="enum", name="mood", members=("a",))
        renamed = ops.RenameObject(kind="type", name="mood", new_name="feeling")
        table = table_of(made_type, ops.CreateTable(table="t", columns=(column,)), renamed)
        assert table.column("m").type.type_name == "feeling"
        assert table.column("m").type.members == ("a",)


def test_a_dropped_column_takes_what_covers_it():
    table = table_of(
        create("t", "a", "b"), ops.CreateIndex(index="i", table="t", columns=("a", "b")), ops.DropColumn(table="t", column="a")
    )
    assert table.index("i") is None


def test_a_primary_key_makes_its_columns_not_null_and_they_stay_so():
    key = Constraint(kind="primary", columns=("a",))
    table = table_of(create("t", "a", constraints=(key,)), ops.DropConstraint(table="t", constraint="t_pkey"))
    assert (table.primary_key, table.column("a").nullable, table.column("a").primary_key) == (None, False, False)


def test_a_constraint_without_a_name_is_found_by_the_one_postgresql_gave_it():
    unique = Constraint(kind="unique", columns=("a", "b"))
    table = table_of(create("t", "a", "b", constraints=(unique, Constraint(kind="primary", columns=("a",)))))
    assert table.constraint("t_a_b_key") == unique
    assert table.constraint("T_pkey").kind == "primary"
    assert table.constraint("named_by_a_convention") is UNKNOWN
    dropped = table_of(create("t", "a", "b", constraints=(unique,)), ops.DropConstraint(table="t", constraint="t_a_b_key"))
    assert dropped.constraint("t_a_b_key") is None


def test_branches_meet_in_their_merge_and_do_not_see_each_other():
    base = made("base", create("t", "a"))
    left = made("left", add("t", "l"), parents=("base",))
    right = made("right", add("t", "r"), parents=("base",))
    more = made("more", ops.DropColumn(table="t", column="a"), parents=("right",))
    merge = made("merge", parents=("left", "more"))
    history = History.of([merge, more, right, left, base])
    assert set(history.before("merge").table("t").columns) == {"l", "r"}
    assert set(history.at("left").table("t").columns) == {"a", "l"}
    assert set(history.before("more").table("t").columns) == {"a", "r"}


def test_a_dependency_has_run():
    other = made("x", create("t", "a"))
    assert History.of([made("1", depends_on=("x",)), other]).before("1").table("t").column("a").type == INTEGER


def test_an_operation_whose_names_cannot_be_read_makes_what_it_may_have_touched_unknown():
    table = table_of(create("t", "a", "b"), ops.DropColumn(table="t", column=UNKNOWN))
    assert (table.column("a"), table.complete) == (UNKNOWN, False)
    table = table_of(create("t", "a"), ops.AlterColumn(table="t", column=UNKNOWN, nullable=False))
    assert (table.column("a").nullable, table.column("a").type) == (UNKNOWN, INTEGER)


def test_views_and_sequences_are_known_until_they_are_dropped():
    view = ops.CreateObject(kind="materialized view", name="v", body="AS SELECT 1")
    before = made("1", view, ops.CreateObject(kind="sequence", name="s"))
    after = made(
        "2", ops.DropObject(kind="view", name="v"), ops.RenameObject(kind="sequence", name="s", new_name="z"), parents=("1",)
    )
    history = History.of([before, after])
    assert history.at("1").object("view", "v") == view
    assert history.at("2").object("view", "v") is None
    assert history.at("2").object("sequence", "s") is None
    assert history.at("2").object("sequence", "z").name == "z"


def test_an_enum_comes_with_its_table_and_outlives_it():
    mood = SqlType(name="ENUM", type_name="mood", members=("a", "b"))
    created = ops.CreateTable(table="t", columns=(Column(name="m", type=mood),))
    replayed = at_head(made("1", created, ops.DropTable(table="t"), ops.AddEnumValue(enum="mood", value="c")))
    assert replayed.object("type", "mood").members == ("a", "b", "c")


def test_a_thousand_revisions_over_many_tables_cost_no_more_than_their_operations():
    chain = [made("0", *(create(f"t{number}", "a") for number in range(400)))]
    chain += [made(str(n), add(f"t{n % 400}", f"c{n}"), parents=(str(n - 1),)) for n in range(1, 1_000)]
    history = History.of(chain)
    started = time.process_time()
    for revision in history.migrations:
        assert isinstance(history.before(revision).table("t0"), ReplayedTable) or revision == "0"
    assert time.process_time() - started < 3
