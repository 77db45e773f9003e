"""Every kind of change on SQLite is told in the right words, and nothing is told when it is undone."""

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mrt_runtime.compare.schema_difference import SECOND_UPGRADE, diff

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50), age INTEGER)"


def remade(text):
    """Replace the table users, which is how SQLite changes anything about it."""
    return ["DROP TABLE users", text]


CASES = {
    "table left behind": ([], USERS, ["Table 'users' still exists after rollback"], "DROP TABLE users"),
    "table missing with all that hangs on it": (
        [USERS, "CREATE INDEX ix_name ON users (name)", "CREATE TRIGGER tr AFTER INSERT ON users BEGIN SELECT 1; END"],
        "DROP TABLE users",
        ["Table 'users' missing after rollback"],
        [USERS, "CREATE INDEX ix_name ON users (name)", "CREATE TRIGGER tr AFTER INSERT ON users BEGIN SELECT 1; END"],
    ),
    "column left behind": (
        USERS,
        "ALTER TABLE users ADD COLUMN phone TEXT",
        ["Column 'users.phone' still exists after rollback"],
        "ALTER TABLE users DROP COLUMN phone",
    ),
    "column missing": (
        USERS,
        "ALTER TABLE users DROP COLUMN age",
        ["Column 'users.age' missing after rollback"],
        "ALTER TABLE users ADD COLUMN age INTEGER",
    ),
    "type": (
        USERS,
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, age INTEGER)"),
        ["Column 'users.name': type VARCHAR(50) became TEXT after rollback"],
        remade(USERS),
    ),
    "nullability": (
        USERS,
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50) NOT NULL, age INTEGER)"),
        ["Column 'users.name': NULL became NOT NULL after rollback"],
        remade(USERS),
    ),
    "default": (
        USERS,
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50) DEFAULT 'x', age INTEGER)"),
        ["Column 'users.name': default none became 'x' after rollback"],
        remade(USERS),
    ),
    "collation": (
        USERS,
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50) COLLATE NOCASE, age INTEGER)"),
        ["Column 'users.name': collation none became NOCASE after rollback"],
        remade(USERS),
    ),
    "generated": (
        "CREATE TABLE users (id INTEGER PRIMARY KEY, twice AS (id * 2) VIRTUAL)",
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, twice AS (id * 3) STORED)"),
        [
            "Column 'users.twice': generated as id * 2 became id * 3 after rollback",
            "Column 'users.twice': VIRTUAL became STORED after rollback",
        ],
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, twice AS (id * 2) VIRTUAL)"),
    ),
    "column order is a warning": (
        USERS,
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, age INTEGER, name VARCHAR(50))"),
        ["Table 'users': column order (id, name, age) became (id, age, name) after rollback"],
        remade(USERS),
    ),
    "primary key": (
        USERS,
        remade("CREATE TABLE users (id INTEGER NOT NULL, name VARCHAR(50), age INTEGER, PRIMARY KEY (id, age))"),
        [
            "Column 'users.id': identity auto became none after rollback",
            "Primary key of 'users': columns (id) became (id, age) after rollback",
        ],
        remade(USERS),
    ),
    "autoincrement": (
        USERS,
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name VARCHAR(50), age INTEGER)"),
        ["Table 'users': options none became (autoincrement) after rollback"],
        remade(USERS),
    ),
    "named unique constraint": (
        USERS,
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50), age INTEGER, CONSTRAINT uq_name UNIQUE (name))"),
        ["Unique constraint 'uq_name' on 'users' still exists after rollback"],
        remade(USERS),
    ),
    "unnamed unique constraint": (
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT UNIQUE)",
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT)"),
        ["Unique constraint (name) on 'users' missing after rollback"],
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT, UNIQUE (name))"),
    ),
    "check": (
        "CREATE TABLE users (age INTEGER CONSTRAINT ck_age CHECK (age > 0))",
        remade("CREATE TABLE users (age INTEGER CONSTRAINT ck_age CHECK (age > 1))"),
        ["Check constraint 'ck_age' on 'users': condition age > 0 became age > 1 after rollback"],
        remade('CREATE TABLE "users" (age INTEGER, CONSTRAINT ck_age check ( "age">0 ))'),
    ),
    "unnamed check": (
        "CREATE TABLE users (age INTEGER CHECK (age > 0))",
        remade("CREATE TABLE users (age INTEGER)"),
        ["Check constraint (age > 0) on 'users' missing after rollback"],
        remade("CREATE TABLE users (age INTEGER, CHECK (age>0))"),
    ),
    "foreign key action": (
        [USERS, "CREATE TABLE posts (author INTEGER REFERENCES users (id) ON DELETE CASCADE)"],
        ["DROP TABLE posts", "CREATE TABLE posts (author INTEGER REFERENCES users (id))"],
        ["Foreign key (author) on 'posts': ON DELETE CASCADE became NO ACTION after rollback"],
        ["DROP TABLE posts", "CREATE TABLE posts (author INTEGER, FOREIGN KEY (author) REFERENCES users ON DELETE CASCADE)"],
    ),
    "foreign key missing": (
        [USERS, "CREATE TABLE posts (author INTEGER, CONSTRAINT fk_author FOREIGN KEY (author) REFERENCES users (id))"],
        ["DROP TABLE posts", "CREATE TABLE posts (author INTEGER)"],
        ["Foreign key 'fk_author' on 'posts' missing after rollback"],
        ["DROP TABLE posts", "CREATE TABLE posts (author INTEGER CONSTRAINT fk_author REFERENCES users (id))"],
    ),
    "a foreign key that got a name": (
        [USERS, "CREATE TABLE posts (author INTEGER REFERENCES users (id))"],
        ["DROP TABLE posts", "CREATE TABLE posts (author INTEGER CONSTRAINT fk_author REFERENCES users (id))"],
        ["Foreign key (author) on 'posts': name none became 'fk_author' after rollback"],
        ["DROP TABLE posts", "CREATE TABLE posts (author INTEGER REFERENCES users (id))"],
    ),
    "constraint with another name": (
        "CREATE TABLE users (age INTEGER CONSTRAINT ck_age CHECK (age > 0))",
        remade("CREATE TABLE users (age INTEGER CONSTRAINT ck_users CHECK (age > 0))"),
        [
            "Check constraint 'ck_age' on 'users' missing after rollback",
            "Check constraint 'ck_users' on 'users' still exists after rollback",
        ],
        remade("CREATE TABLE users (age INTEGER CONSTRAINT ck_age CHECK (age > 0))"),
    ),
    "index left behind": (
        USERS,
        "CREATE INDEX ix_name ON users (name)",
        ["Index 'ix_name' on 'users' still exists after rollback"],
        "DROP INDEX ix_name",
    ),
    "index changed": (
        [USERS, "CREATE INDEX ix_name ON users (name)"],
        ["DROP INDEX ix_name", "CREATE UNIQUE INDEX ix_name ON users (lower(name) DESC, age) WHERE age > 0"],
        [
            "Index 'ix_name' on 'users': not unique became UNIQUE after rollback",
            "Index 'ix_name' on 'users': columns (name) became (lower(name) DESC, age) after rollback",
            "Index 'ix_name' on 'users': condition none became age > 0 after rollback",
        ],
        ["DROP INDEX ix_name", 'create index "ix_name" on "users" ( "name" )'],
    ),
    "view": (
        [USERS, "CREATE VIEW adults AS SELECT id FROM users WHERE age > 17"],
        ["DROP VIEW adults", "CREATE VIEW adults AS SELECT id FROM users WHERE age > 20"],
        ["View 'adults': definition changed after rollback"],
        ["DROP VIEW adults", 'CREATE VIEW "adults" AS SELECT id  FROM users -- grown up\n WHERE age > 17'],
    ),
    "trigger": (
        [USERS, "CREATE TRIGGER tr AFTER INSERT ON users BEGIN SELECT 1; END"],
        "DROP TRIGGER tr",
        ["Trigger 'tr' on 'users' missing after rollback"],
        "CREATE TRIGGER tr AFTER INSERT ON users BEGIN SELECT 1; END",
    ),
    "virtual table without its inside": (
        [],
        "CREATE VIRTUAL TABLE notes USING fts5(title, body)",
        ["Table 'notes' still exists after rollback"],
        "DROP TABLE notes",
    ),
    "strictness": (
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT) WITHOUT ROWID",
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY NOT NULL, name TEXT) STRICT"),
        [
            "Table 'users': options (without rowid) became (strict) after rollback",
            "Column 'users.id': identity none became auto after rollback",
        ],
        remade("CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT) WITHOUT ROWID"),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_change_is_told_and_its_undoing_is_not(sqlite, case):
    sqlite.check(*case)


def test_only_the_order_of_columns_is_a_warning(sqlite):
    sqlite.run(USERS)
    before = sqlite.look().schema
    sqlite.run(*remade("CREATE TABLE users (id INTEGER PRIMARY KEY, age INTEGER, name TEXT)"))
    told = diff(before, sqlite.look().schema)
    assert [difference.warning for difference in told] == [False, True]


def test_the_second_upgrade_has_words_of_its_own(sqlite):
    sqlite.run(USERS)
    before = sqlite.look().schema
    sqlite.run("CREATE TABLE b (a)", "DROP TABLE users")
    told = diff(before, sqlite.look().schema, SECOND_UPGRADE)
    assert [str(difference) for difference in told] == [
        "Table 'users' missing after the second upgrade",
        "Table 'b' exists only after the second upgrade",
    ]


def test_ignored_tables_are_not_looked_at(sqlite):
    before = sqlite.look(ignored=["alembic_version"])
    sqlite.run("CREATE TABLE alembic_version (version_num VARCHAR(32) PRIMARY KEY)", "INSERT INTO alembic_version VALUES ('a')")
    after = sqlite.look(before, ignored=["alembic_version"])
    assert after.schema.tables == ()
    assert after.rows.tables == {}


NAMES = st.sampled_from(["id", "name", "Order", "a b", "select", "größe"])
TYPES = st.sampled_from([sa.Integer(), sa.String(20), sa.Text(), sa.Numeric(10, 2), sa.Boolean(), sa.DateTime(), sa.LargeBinary()])


@st.composite
def tables(draw):
    """A table as projects make them, with constraints and indexes that batch mode can carry over."""
    names = draw(st.lists(NAMES, min_size=2, max_size=5, unique=True))
    items = [sa.Column("key", sa.Integer, primary_key=True)]
    for name in names:
        default = draw(st.sampled_from([None, "0", "x'y", sa.text("CURRENT_TIMESTAMP"), sa.text("(1 + 2)")]))
        items.append(sa.Column(name, draw(TYPES), nullable=draw(st.booleans()), server_default=default))
    if draw(st.booleans()):
        items.append(sa.UniqueConstraint(names[0], names[1], name=draw(st.sampled_from(["uq_one", None]))))
    if draw(st.booleans()):
        rule = draw(st.sampled_from([None, "CASCADE", "SET NULL"]))
        items.append(
            sa.ForeignKeyConstraint([names[0]], ["parent.id"], name=draw(st.sampled_from(["fk_one", None])), ondelete=rule)
        )
    indexes = [sa.Index(f"ix_{at}", name, unique=draw(st.booleans())) for at, name in enumerate(names[:2]) if draw(st.booleans())]
    return items, indexes


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tables())
def test_a_table_that_batch_mode_recreated_identically_is_the_same(sqlite, made):
    items, indexes = made
    sqlite.run("DROP TABLE IF EXISTS child", "DROP TABLE IF EXISTS parent", "CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    metadata = sa.MetaData()
    sa.Table("parent", metadata, sa.Column("id", sa.Integer, primary_key=True))
    sa.Table("child", metadata, *items, *indexes).create(sqlite.connection)
    before = sqlite.look()
    operations = Operations(MigrationContext.configure(sqlite.connection))
    for work in ("add_column", "drop_column"):
        with operations.batch_alter_table("child", recreate="always") as batch:
            getattr(batch, work)(*{"add_column": (sa.Column("extra", sa.Text),), "drop_column": ("extra",)}[work])
    assert [str(difference) for difference in diff(before.schema, sqlite.look(before).schema)] == []
