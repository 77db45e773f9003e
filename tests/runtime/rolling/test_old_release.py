"""What an older release still executes after a change of the schema, as each database says it."""

import re

import pytest

from mrt_runtime.compare.schema import CatalogueDetail, Schema, Table
from mrt_runtime.compare.snapshot import read_schema
from mrt_runtime.databases.registry import backend_of
from mrt_runtime.rolling.lost_right import find_lost_rights
from mrt_runtime.rolling.release import record_release
from mrt_runtime.rolling.trial import ReleaseTrial
from mrt_runtime.seed import Seeder
from tests.axes import DATABASES, keep_every, keep_pairs

ALL, WRITES = "SELECT, INSERT and UPDATE", "INSERT and UPDATE"
OF_TABLE = "SELECT, INSERT, UPDATE and DELETE"
BASE = (
    "CREATE TABLE orgs (id INTEGER PRIMARY KEY, title VARCHAR(20) NOT NULL)",
    (
        "CREATE TABLE users (id INTEGER PRIMARY KEY, name VARCHAR(50), phone VARCHAR(20), age INTEGER, "
        "state VARCHAR(10) DEFAULT 'new' NOT NULL, org_id INTEGER, FOREIGN KEY (org_id) REFERENCES orgs (id))"
    ),
)
EVERYWHERE = {
    "nothing": ((), {}),
    "a new column": (("ALTER TABLE users ADD COLUMN x INTEGER",), {}),
    "a new column with a default": (("ALTER TABLE users ADD COLUMN x INTEGER DEFAULT 1 NOT NULL",), {}),
    "a column dropped": (("ALTER TABLE users DROP COLUMN phone",), {"users.phone": ALL}),
    "a column renamed": (("ALTER TABLE users RENAME COLUMN phone TO tel",), {"users.phone": ALL}),
    "two things at once": (
        ("ALTER TABLE users DROP COLUMN phone", "CREATE UNIQUE INDEX uq ON users (age)"),
        {"users.phone": ALL, "users.age": WRITES},
    ),
    "a table renamed": (("ALTER TABLE users RENAME TO people",), {"users": OF_TABLE}),
    "a table dropped": (("DROP TABLE users",), {"users": OF_TABLE}),
    "a unique index": (("CREATE UNIQUE INDEX uq ON users (phone)",), {"users.phone": "INSERT"}),
    "a unique index of two columns": (("CREATE UNIQUE INDEX uq ON users (name, phone)",), {"users": "INSERT"}),
    "a table that may refer to others": (
        ("CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER, FOREIGN KEY (user_id) REFERENCES users (id))",),
        {},
    ),
    "another table": (("ALTER TABLE orgs RENAME COLUMN title TO name",), {"orgs.title": ALL, "orgs.name": "INSERT"}),
}
ON_SERVERS = {
    "rows that refer to others": (
        (
            "CREATE TABLE notes (id INTEGER PRIMARY KEY, user_id INTEGER, FOREIGN KEY (user_id) REFERENCES users (id))",
            "INSERT INTO notes SELECT id, id FROM users",
        ),
        {"users": "DELETE"},
    ),
    "a table renamed, with a view": (
        ("ALTER TABLE users RENAME TO people", "CREATE VIEW users AS SELECT id, name, phone, age, state, org_id FROM people"),
        {},
    ),
    "a check": (("UPDATE users SET age = 1", "ALTER TABLE users ADD CONSTRAINT ck CHECK (age > 0)"), {"users.age": WRITES}),
}
ON_POSTGRES = {
    "a new column without a default": (
        ("DELETE FROM users", "ALTER TABLE users ADD COLUMN mail text NOT NULL"),
        {"users.mail": "INSERT"},
    ),
    "a type that is narrower": (("ALTER TABLE users ALTER name TYPE varchar(5) USING left(name, 5)",), {"users.name": WRITES}),
    "a type that is wider": (("ALTER TABLE users ALTER name TYPE text",), {}),
    "another type": (("ALTER TABLE users ALTER age TYPE text",), {"users.age": "reads str instead of int"}),
    "NOT NULL": (("UPDATE users SET name = 'x'", "ALTER TABLE users ALTER name SET NOT NULL"), {"users.name": WRITES}),
    "a default dropped": (("ALTER TABLE users ALTER state DROP DEFAULT",), {"users.state": "INSERT"}),
    "generated": (
        ("ALTER TABLE users DROP age", "ALTER TABLE users ADD age integer GENERATED ALWAYS AS (id * 2) STORED"),
        {"users.age": WRITES},
    ),
    "a trigger that refuses": (
        (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''read only''; END'",
            "CREATE TRIGGER t BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION refuse()",
        ),
        {"users": "INSERT"},
    ),
    "a trigger that keeps rows": (
        (
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''kept''; END'",
            "CREATE TRIGGER t BEFORE DELETE ON orgs FOR EACH ROW EXECUTE FUNCTION keep()",
        ),
        {"orgs": "DELETE"},
    ),
    "no cascade any more": (
        (
            "ALTER TABLE parts DROP CONSTRAINT parts_whole_fkey",
            "ALTER TABLE parts ADD CONSTRAINT parts_whole_fkey FOREIGN KEY (whole) REFERENCES wholes",
        ),
        {"wholes": "DELETE"},
    ),
    "a right to delete": (("REVOKE DELETE ON users FROM CURRENT_USER",), {"users": "DELETE"}),
    "an enum without a label": (
        (
            "UPDATE moods SET m = 'good'",
            "ALTER TYPE mood RENAME TO mood_old",
            "CREATE TYPE mood AS ENUM ('good')",
            "ALTER TABLE moods ALTER m TYPE mood USING m::text::mood",
        ),
        {"moods.m": WRITES},
    ),
    "a partitioned table": (("ALTER TABLE events DROP COLUMN note",), {"events.note": ALL}),
    "a composite key": (
        (
            "UPDATE pairs SET note = 'x'",
            "ALTER TABLE pairs ALTER note SET NOT NULL",
        ),
        {"pairs.note": WRITES},
    ),
    "no key": (("ALTER TABLE keyless DROP COLUMN note",), {"keyless.note": "SELECT and INSERT"}),
    "a right of the owner": (("REVOKE UPDATE ON users FROM CURRENT_USER",), {"users": "UPDATE", "orgs": "DELETE"}),
    "a name with a percent sign": (('ALTER TABLE "50%" DROP COLUMN "a%b"',), {"50%.a%b": ALL}),
}
POSTGRES_TABLES = (
    "CREATE TYPE mood AS ENUM ('good', 'bad')",
    "CREATE TABLE moods (id int PRIMARY KEY, m mood)",
    "CREATE TABLE events (id int, day date NOT NULL, note text, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
    "CREATE TABLE events_old PARTITION OF events FOR VALUES FROM ('2000-01-01') TO ('2020-01-01')",
    "CREATE TABLE events_new PARTITION OF events FOR VALUES FROM ('2020-01-01') TO ('2100-01-01')",
    "CREATE TABLE pairs (a int, b int, note text, PRIMARY KEY (a, b))",
    "CREATE TABLE keyless (a int, note text)",
    "CREATE TABLE wholes (id int PRIMARY KEY)",
    "CREATE TABLE parts (id int PRIMARY KEY, whole int NOT NULL REFERENCES wholes ON DELETE CASCADE)",
    'CREATE TABLE "50%" (id int PRIMARY KEY, "a%b" text)',
)
ON_MYSQL = {
    "an enum without a label": (
        ("UPDATE moods SET m = 'good'", "ALTER TABLE moods MODIFY m ENUM('good')"),
        {"moods.m": WRITES},
    ),
    "another type": (("ALTER TABLE users MODIFY age VARCHAR(20)",), {"users.age": "reads str instead of int"}),
    "a type that is narrower": (
        ("UPDATE users SET name = 'x'", "ALTER TABLE users MODIFY name VARCHAR(5)"),
        {"users.name": WRITES},
    ),
    "a counter dropped": (("ALTER TABLE counted MODIFY id INTEGER NOT NULL",), {"counted.id": "INSERT"}),
}
MYSQL_TABLES = (
    "CREATE TABLE moods (id INTEGER PRIMARY KEY, m ENUM('good', 'bad'))",
    "CREATE TABLE counted (id INTEGER PRIMARY KEY AUTO_INCREMENT, note TEXT)",
    "CREATE TABLE kept (id INTEGER PRIMARY KEY, note TEXT) ENGINE=MyISAM",
)


class Deploy:
    """A database whose schema is changed while an older release is in use."""

    def __init__(self, scratch):
        self.database = scratch.database
        self.values = backend_of(self.database.dialect).values
        self.scratch = scratch
        self.connection = scratch.engine.connect()

    def execute(self, *statements):
        for statement in statements:
            self.connection.exec_driver_sql(statement.replace("%", "%%") if self.database.dialect != "sqlite" else statement)
        self.connection.commit()

    def look(self):
        schema = read_schema(self.connection, self.database)
        self.connection.rollback()
        return schema

    def record(self, *, rows=True):
        """What the release that is there executes."""
        schema = self.look()
        if rows:
            Seeder(self.database).seed(self.connection, schema)
            self.connection.commit()
        backend = backend_of(self.database.dialect)
        with backend.keep_positions(self.connection, schema):
            return record_release(self.connection, self.values, schema, {table.label for table in schema.tables})

    def find_broken(self, release, *, skips_gone=False):
        trial = ReleaseTrial(self.connection, self.values, self.look(), skips_gone=skips_gone)
        return [one.describe("older", "now") for one in trial.run(release)]


@pytest.fixture
def deploy(scratch):
    made = Deploy(scratch)
    made.execute(*BASE)
    yield made
    made.connection.close()


@pytest.fixture
def postgres_deploy(postgres_scratch):
    made = Deploy(postgres_scratch)
    made.execute(*BASE, *POSTGRES_TABLES)
    yield made
    made.connection.close()


def shorten(broken):
    """What breaks, as subject and verbs."""
    found = {}
    for message in broken:
        subject, rest = re.fullmatch(r"(?:Table|Column) '([^']+)': (.*)", message).groups()
        found[subject] = rest.partition(" of the older")[0].removeprefix("the older release ").removesuffix(" now")
    return found


def find_broken_by(deploy, change):
    release = deploy.record()
    deploy.execute(*change)
    return shorten(deploy.find_broken(release))


@pytest.mark.parametrize(("database", "kind"), keep_pairs(DATABASES, EVERYWHERE), indirect=["database"])
@pytest.mark.slow
def test_on_every_database(deploy, kind):
    change, expected = EVERYWHERE[kind]
    assert find_broken_by(deploy, change) == expected


@pytest.mark.parametrize(("database", "kind"), keep_pairs(["postgres", "mysql"], ON_SERVERS), indirect=["database"])
@pytest.mark.slow
def test_on_servers(deploy, kind):
    change, expected = ON_SERVERS[kind]
    assert find_broken_by(deploy, change) == expected


@pytest.mark.parametrize("kind", keep_every(3, ON_POSTGRES))
@pytest.mark.slow
def test_on_postgresql(postgres_deploy, kind):
    change, expected = ON_POSTGRES[kind]
    assert find_broken_by(postgres_deploy, change) == expected


@pytest.mark.parametrize("kind", keep_every(2, ON_MYSQL))
@pytest.mark.parametrize("database", ["mysql"], indirect=True)
@pytest.mark.slow
def test_on_mysql(deploy, kind):
    change, expected = ON_MYSQL[kind]
    deploy.execute(*MYSQL_TABLES)
    release = deploy.record()
    assert release.untried == {"kept": "MyISAM takes nothing back that a statement did"}
    deploy.execute(*change)
    assert shorten(deploy.find_broken(release)) == expected


@pytest.mark.parametrize("database", ["postgres", "mysql"], indirect=True)
@pytest.mark.slow
def test_values_of_rows_are_not_quoted(deploy):
    deploy.execute(
        "CREATE TABLE people (id INTEGER PRIMARY KEY, code VARCHAR(20))",
        "INSERT INTO people VALUES (1, 'a secret')",
    )
    release = deploy.record(rows=False)
    kind = "ALTER COLUMN code TYPE INTEGER USING 1" if deploy.database.dialect == "postgresql" else "MODIFY code INTEGER"
    deploy.execute("UPDATE people SET code = NULL", f"ALTER TABLE people {kind}")
    [message] = [one for one in deploy.find_broken(release) if "INSERT" in one]
    assert re.search(r"invalid input syntax for type integer: …$|Incorrect integer value: … for column", message)


def test_nothing_is_left_of_what_was_tried(deploy):
    numbered = {"postgresql": "id SERIAL", "sqlite": "id INTEGER"}.get(deploy.database.dialect, "id INTEGER AUTO_INCREMENT")
    deploy.execute(f"CREATE TABLE numbered ({numbered} PRIMARY KEY, note VARCHAR(20))")
    backend = backend_of(deploy.database.dialect)
    deploy.record()
    schema = deploy.look()
    before = backend.read_content(deploy.connection, schema, None)
    with backend.keep_positions(deploy.connection, schema):
        release = deploy.record(rows=False)
        deploy.find_broken(release)
    after = backend.read_content(deploy.connection, deploy.look(), None)
    assert (after.tables, after.positions) == (before.tables, before.positions)
    numbered = release.tables["numbered"]
    assert {one.verb for one in [*numbered.updates, *numbered.inserts[0], *numbered.deletes[0]]} == {"INSERT", "UPDATE", "DELETE"}


def test_empty_tables_take_rows_all_the_same(deploy):
    release = deploy.record(rows=False)
    deploy.execute("ALTER TABLE orgs RENAME COLUMN title TO name")
    assert shorten(deploy.find_broken(release)) == {"orgs.title": "SELECT and INSERT", "orgs.name": "INSERT"}


def test_what_a_rollback_takes_is_not_held_against_it(deploy):
    deploy.execute("ALTER TABLE users ADD COLUMN x INTEGER", "CREATE TABLE extra (id INTEGER PRIMARY KEY)")
    release = deploy.record()
    deploy.execute("ALTER TABLE users DROP COLUMN x", "DROP TABLE extra")
    assert deploy.find_broken(release, skips_gone=True) == []
    assert shorten(deploy.find_broken(release)) == {"users.x": ALL, "extra": "SELECT, INSERT and DELETE"}


@pytest.mark.slow
def test_rows_that_many_others_go_with_are_not_deleted(postgres_deploy):
    deploy = postgres_deploy
    deploy.execute("INSERT INTO wholes VALUES (1)", "INSERT INTO parts SELECT g, 1 FROM generate_series(1, 300) AS g")
    release = deploy.record(rows=False)
    [group] = release.tables["wholes"].deletes
    assert [one.verb for one in group].count("DELETE") == 1
    assert group[-1].key in [one.values for one in group[:-1]]
    deploy.execute("CREATE TABLE notes (id int PRIMARY KEY, whole int REFERENCES wholes)", "INSERT INTO notes VALUES (1, 1)")
    assert deploy.find_broken(release) == []


@pytest.mark.slow
def test_a_table_without_a_key_that_holds_many_rows(postgres_deploy):
    postgres_deploy.execute("INSERT INTO keyless SELECT g, 'x' FROM generate_series(1, 300) AS g")
    release = postgres_deploy.record()
    assert release.untried == {}
    postgres_deploy.execute("ALTER TABLE keyless DROP COLUMN note")
    assert shorten(postgres_deploy.find_broken(release)) == {"keyless.note": "SELECT and INSERT"}


@pytest.mark.slow
def test_rights_that_go_with_a_table(postgres_deploy):
    deploy = postgres_deploy
    deploy.execute("GRANT SELECT, DELETE, TRIGGER ON users TO PUBLIC", "GRANT UPDATE (title) ON orgs TO PUBLIC")
    before = deploy.look()
    deploy.execute(
        "ALTER TABLE users RENAME TO people",
        "CREATE VIEW users AS SELECT * FROM people",
        "REVOKE UPDATE (title) ON orgs FROM PUBLIC",
        "GRANT INSERT ON orgs TO PUBLIC",
    )
    found = list(find_lost_rights(before, deploy.look(), {"users", "orgs"}))
    assert [(one.table, one.column, one.rights) for one in found] == [
        ("orgs", "title", ("UPDATE to PUBLIC",)),
        ("users", None, ("DELETE to PUBLIC", "SELECT to PUBLIC")),
    ]


def test_the_name_of_a_role_may_have_a_comma():
    granted = "INSERT to sales, eu, SELECT to sales, eu with grant option, no TRIGGER to ann"
    detail = CatalogueDetail(subject="Table 'users'", object="users", property="grants", value=granted)
    tables = (Table(name="users"),)
    before, now = Schema(dialect="postgresql", tables=tables, details=(detail,)), Schema(dialect="postgresql", tables=tables)
    [lost] = find_lost_rights(before, now, {"users"})
    assert lost.rights == ("INSERT to sales, eu", "SELECT to sales, eu")
