"""`mrt stats`: what it reads of each database, what it writes, that the database is as before, and a sentence for what goes wrong."""

import contextlib
import sqlite3
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from mrt_lint.cli import main
from mrt_lint.files.statistics_file import loads
from mrt_runtime.databases import read_statistics
from mrt_runtime.databases.mysql.statistics import BEGIN
from tests.runtime.own_names import own

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

FILE = "mrt-stats.toml"


@pytest.fixture
def command(tmp_path, monkeypatch, capsys):
    """Run the command in a folder of its own; gives its exit code and what it wrote on the two streams."""
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("alembic.ini").touch()

    def run(*arguments):
        try:
            code = main(["stats", *map(str, arguments)])
        except SystemExit as exited:
            code = exited.code
        return code, *capsys.readouterr()

    return run


def execute(url, *statements):
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


@contextlib.contextmanager
def tables(url, *statements, drops):
    """What these statements make in a database that other tests use too."""
    try:
        execute(url, *statements)
        yield url
    finally:
        execute(url, *drops)


VERSION = ("CREATE TABLE alembic_version (version_num VARCHAR(32))", "INSERT INTO alembic_version VALUES ('4f2a91c0de77')")


@pytest.fixture(scope="module")
def postgres(postgres_url):
    statements = (
        *VERSION,
        "CREATE TABLE users AS SELECT n AS id, repeat('x', 90) AS name FROM generate_series(1, 5000) AS n",
        "CREATE TABLE empty (id int)",
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.users AS SELECT n AS id FROM generate_series(1, 12) AS n",
        "CREATE TABLE parts (id int) PARTITION BY RANGE (id)",
        "CREATE TABLE parts_1 PARTITION OF parts FOR VALUES FROM (0) TO (1000)",
        "CREATE TABLE parts_2 PARTITION OF parts FOR VALUES FROM (1000) TO (5000)",
        "INSERT INTO parts SELECT generate_series(1, 3000)",
        "ANALYZE",
    )
    drops = ("DROP TABLE IF EXISTS alembic_version, users, empty, parts, crm.users", "DROP SCHEMA IF EXISTS crm")
    with tables(postgres_url, *statements, drops=drops) as url:
        yield url


@pytest.fixture(scope="module")
def mysql(mysql_url):
    some = "(" + "), (".join(map(str, range(1, 1501))) + ")"
    statements = (
        *VERSION,
        "CREATE TABLE users (id INT PRIMARY KEY)",
        f"INSERT INTO users VALUES {some}",
        "CREATE TABLE plans (id INT PRIMARY KEY)",
        "CREATE VIEW seen AS SELECT * FROM users",
        "ANALYZE TABLE users, plans",
    )
    drops = ("DROP VIEW IF EXISTS seen", "DROP TABLE IF EXISTS alembic_version, users, plans")
    with tables(mysql_url, *statements, drops=drops) as url:
        yield url


@pytest.fixture
def sqlite(tmp_path):
    file = tmp_path / "app.db"
    with contextlib.closing(sqlite3.connect(file)) as connection:
        for statement in (*VERSION, "CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT)", 'CREATE TABLE "a ""b" (x)'):
            connection.execute(statement)
        connection.executemany("INSERT INTO users VALUES (?)", [(number,) for number in range(1234)])
        connection.commit()
    return f"sqlite:///{file}"


def test_postgresql_estimates_rows_and_tells_sizes(postgres, command):
    assert command(postgres) == (0, f"{FILE}: 4 tables\n", "")
    written = tomllib.loads(Path(FILE).read_text())
    assert written["revisions"] == ["4f2a91c0de77"]
    assert {name: entry["rows"] for name, entry in written["tables"].items()} == {"empty": 0, "parts": 3000, "users": 5000}
    assert written["schemas"]["crm"]["users"]["rows"] == 12
    assert written["tables"]["users"]["bytes"] > 500_000
    assert written["tables"]["parts"]["bytes"] > 100_000


def test_rows_that_came_after_analyze_are_estimated_by_the_pages_of_now(postgres):
    with tables(
        postgres,
        "CREATE TABLE grows (id int) WITH (autovacuum_enabled = off)",
        "INSERT INTO grows SELECT generate_series(1, 2000)",
        "ANALYZE grows",
        "INSERT INTO grows SELECT generate_series(1, 20000)",
        drops=["DROP TABLE grows"],
    ):
        rows = {table.name: table.rows for table in read_statistics(postgres).tables}["grows"]
    assert 20_000 < rows < 24_000


def test_a_table_that_was_never_analyzed_is_left_out_and_named(postgres, command):
    # a session that reads before its own figures are flushed
    with tables(
        postgres,
        "CREATE TABLE raw (id int) WITH (autovacuum_enabled = off)",
        "INSERT INTO raw VALUES (1)",
        "SELECT pg_stat_force_next_flush()" if server_version(postgres) >= 15 else "SELECT 1",
        "SELECT pg_stat_reset_single_table_counters('raw'::regclass)",
        drops=["DROP TABLE raw"],
    ):
        code, out, err = command(postgres)
    assert (code, out) == (0, f"{FILE}: 4 tables\n")
    assert err == "mrt stats: the server has no statistics of raw: left out until ANALYZE has run there\n"


def server_version(url):
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        return connection.dialect.server_version_info[0]


def test_whoever_may_only_connect_reads_all_but_the_revisions(postgres):
    role = f"{own()}_reader"
    with tables(postgres, f"CREATE ROLE {role} LOGIN PASSWORD 'some-w0rd'", drops=[f"DROP ROLE {role}"]):
        url = sa.make_url(postgres).set(username=role, password="some-w0rd")
        found = read_statistics(url)
    assert (found.revisions, {table.name: table.rows for table in found.tables}["users"]) == ((), 5000)


def test_mysql_and_mariadb_estimate_rows_and_tell_sizes(mysql, command):
    assert command(mysql) == (0, f"{FILE}: 2 tables\n", "")
    written = tomllib.loads(Path(FILE).read_text())
    assert written["revisions"] == ["4f2a91c0de77"]
    assert written["dialect"] in {"mysql", "mariadb"}
    assert written["tables"]["plans"]["rows"] == 0
    assert 1_200 <= written["tables"]["users"]["rows"] <= 1_800
    assert written["tables"]["users"]["bytes"] > 16_000


def test_sqlite_counts_rows_and_believes_analyze_where_there_are_many(sqlite, command):
    assert command(sqlite) == (0, f"{FILE}: 2 tables\n", "")
    assert tomllib.loads(Path(FILE).read_text())["tables"] == {"users": {"rows": 1200}, 'a "b': {"rows": 0}}
    with contextlib.closing(sqlite3.connect(sa.make_url(sqlite).database)) as connection:
        connection.execute("ANALYZE")
        connection.execute("UPDATE sqlite_stat1 SET stat = '7654321'")
        connection.commit()
    assert command(sqlite)[0] == 0
    assert tomllib.loads(Path(FILE).read_text())["tables"]["users"] == {"rows": 7_700_000}


def test_a_sqlite_file_and_its_folder_stay_as_they_were(sqlite, command):
    file = Path(sa.make_url(sqlite).database)
    with contextlib.closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
    before = file.read_bytes(), sorted(file.parent.iterdir())
    assert command(sqlite)[0] == 0
    assert (file.read_bytes(), sorted(file.parent.iterdir())) == before


@pytest.mark.parametrize("database", ["postgres", "mysql"])
def test_the_session_may_only_read(database, request, monkeypatch):
    """What is read is replaced by a statement that writes: the server refuses it."""
    url = request.getfixturevalue(database)
    module = f"mrt_runtime.databases.{'postgresql' if database == 'postgres' else 'mysql'}.statistics"
    monkeypatch.setattr(f"{module}.TABLES", "INSERT INTO users (id) VALUES (-1)")
    with pytest.raises(Exception, match=r"(?i)read.only"):
        read_statistics(url)


def test_a_migration_that_is_running_is_not_waited_for_without_end(mysql):
    engine = sa.create_engine(mysql, poolclass=sa.NullPool)
    with engine.connect() as connection, pytest.MonkeyPatch.context() as patch:
        connection.exec_driver_sql("LOCK TABLES alembic_version WRITE")
        shorter = tuple(statement.replace("timeout = 5", "timeout = 1") for statement in BEGIN)
        assert shorter != BEGIN
        patch.setattr("mrt_runtime.databases.mysql.statistics.BEGIN", shorter)
        found = read_statistics(mysql)
        connection.exec_driver_sql("UNLOCK TABLES")
    assert (found.revisions, {table.name for table in found.tables}) == ((), {"users", "plans"})


def test_the_file_stays_as_it_is_while_figures_change_little(sqlite, command):
    command(sqlite)
    file = Path(FILE)
    file.write_text(file.read_text().replace("date = 2", "date = 1"))  # a thousand years ago
    before = file.read_text()
    with contextlib.closing(sqlite3.connect(sa.make_url(sqlite).database)) as connection:
        connection.execute("INSERT INTO users VALUES (5000)")
        connection.commit()
    assert command(sqlite) == (0, f"{FILE} is as it was: 2 tables, no size changed much\n", "")
    assert file.read_text() == before


def test_what_is_written_is_what_check_reads(sqlite, command, capsys):
    command(sqlite)
    Path("versions").mkdir()
    Path("versions/a1.py").write_text(
        'from alembic import op\n\nrevision = "a1"\ndown_revision = None\n\n\n'
        'def upgrade():\n    op.create_index("ix", "users", ["id"])\n\n\ndef downgrade():\n    op.drop_index("ix", "users")\n'
    )
    main(["check", "versions", "--no-cache"])
    assert "users has about 1,200 rows" in " ".join(capsys.readouterr().out.split())


def test_another_file_is_named_and_so_is_how_check_finds_it(sqlite, command):
    code, out, _ = command(sqlite, "-o", "sizes.toml")
    assert code == 0
    assert out.startswith("sizes.toml: 2 tables; for mrt check to read it, set stats under [tool.mrt] to its path")
    Path("pyproject.toml").write_text('[tool.mrt]\nstats = "sizes.toml"\n')
    assert command(sqlite)[1] == "sizes.toml is as it was: 2 tables, no size changed much\n"
    assert not Path(FILE).exists()


def test_neither_host_nor_password_is_written(postgres, command):
    url = sa.make_url(postgres).set(password="s3cret-word")
    assert command(url.render_as_string(hide_password=False))[0] == 0
    text = Path(FILE).read_text().replace("postgresql", "")
    assert not [word for word in ("s3cret-word", "127.0.0.1", "localhost", str(url.database), str(url.username)) if word in text]


def test_a_url_with_an_async_driver_is_as_good(postgres, sqlite, command):
    assert command(sa.make_url(postgres).set(drivername="postgresql+asyncpg").render_as_string(hide_password=False))[0] == 0
    assert command(sqlite.replace("sqlite:", "sqlite+aiosqlite:"))[0] == 0


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://ada:s3cret-word@127.0.0.1:1/app", "The statistics of postgresql://ada:***@127.0.0.1:1/app cannot be read: "),
        (
            "mysql+pymysql://ada:s3cret-word@127.0.0.1:1/app",
            "The statistics of mysql+pymysql://ada:***@127.0.0.1:1/app cannot be read",
        ),
        ("mysql://ada:s3cret-word@127.0.0.1:1", "mysql://ada:***@127.0.0.1:1 names no database: write it behind the last slash."),
        (
            "oracle://ada:s3cret-word@host/app",
            "The URL is for oracle: statistics are read from sqlite, postgresql, mysql, mariadb.",
        ),
        ("postgresql//ada:s3cret-word@host", "cannot be read: it looks like sqlite:///test.db"),
        ("sqlite:///missing.db", "missing.db does not exist."),
        ("sqlite://", "is in memory"),
        ("sqlite:///alembic.ini", "cannot be read as a SQLite database"),
        (" ", "The URL is empty and names no database."),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence_without_secrets(url, said, command):
    Path("alembic.ini").write_text("[alembic]\n" * 100)
    code, out, err = command(url)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert said in err
    assert "s3cret-word" not in err
    assert not Path(FILE).exists()


def test_a_database_of_another_dialect_than_the_migrations_is_refused(sqlite, command):
    Path("pyproject.toml").write_text('[tool.mrt]\ndialect = "postgresql"\n')
    message = "The URL is for sqlite, and the migrations are for postgresql: [tool.mrt] dialect says so."
    assert command(sqlite) == (2, "", f"mrt stats: {message}\n")


def test_an_empty_database_is_told_from_one_without_statistics(tmp_path, command, postgres_url):
    sqlite3.connect(tmp_path / "none.db").close()
    assert "has no table that this user may see" in command(f"sqlite:///{tmp_path / 'none.db'}")[2]


def test_a_server_that_never_gathered_statistics_is_told_to_analyze(mysql, command, monkeypatch):
    rows = "SELECT 'users', CAST(NULL AS SIGNED), 16384, 16384 UNION ALL SELECT 'plans', 0, 9000000, 9000000"
    monkeypatch.setattr("mrt_runtime.databases.mysql.statistics.TABLES", rows)
    message = "The server has no statistics of users, plans yet: run ANALYZE there first."
    assert command(mysql) == (2, "", f"mrt stats: {message}\n")


def test_a_file_of_another_kind_is_not_overwritten_and_a_damaged_one_is(sqlite, command):
    assert command(sqlite, "-o", "alembic.ini")[0] == 0, "an empty file is nobody's"
    Path("notes.txt").write_text("mine")
    code, _, err = command(sqlite, "-o", "notes.txt")
    assert (code, err) == (
        2,
        "mrt stats: notes.txt holds something else than sizes of tables: delete it, or name another file with -o.\n",
    )
    assert "is a directory" in command(sqlite, "-o", ".")[2].lower()
    Path(FILE).write_text("mrt_stats = 0\n")
    assert command(sqlite)[0] == 0
    assert loads(Path(FILE).read_text(), Path(FILE)).tables
