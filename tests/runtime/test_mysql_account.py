"""A MariaDB or MySQL scratch database has an account of its own, made with it, gone with it, and enough for real migrations."""

import asyncio
import dataclasses
import tempfile
from pathlib import Path

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.databases.mysql.account import Login
from mrt_runtime.databases.protocol import ConnectionTarget
from mrt_runtime.databases.token import find_token
from mrt_runtime.migrate import MigrationError, Migrator
from mrt_runtime.verdict import Outcome
from tests.runtime.own_names import own
from tests.runtime.private_mariadb import PrivateMariaDB

pytestmark = pytest.mark.exhaustive

SECRET = "not-shown-7"


def execute(url, *statements):
    """The rows of the last statement."""
    with sa.create_engine(url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT").connect() as connection:
        results = [connection.execution_options(no_parameters=True).exec_driver_sql(each) for each in statements]
        return [tuple(row) for row in results[-1]] if results[-1].returns_rows else []


def accounts(server, token=""):
    return execute(server, f"SELECT user FROM mysql.user WHERE user LIKE 'mrt\\_%{token}%'")


def token_of(scratch):
    return find_token(scratch.url.database)


@pytest.fixture
def opened(mysql_url):
    database = databases.connect(mysql_url)
    yield database
    database.close()


@pytest.fixture
def scratch(opened):
    with opened.make_scratch() as made:
        yield made


# Made and dropped


def test_the_account_may_do_everything_in_its_database_and_nothing_else(scratch, mysql_server):
    token = token_of(scratch)
    assert scratch.isolation == databases.Isolation(level="role")
    assert accounts(mysql_server, token) == [(scratch.url.username,)]
    assert len(scratch.url.username) <= 32
    grants = execute(scratch.url, "SHOW GRANTS")
    assert len(grants) == 2
    assert grants[0][0].startswith("GRANT USAGE ON *.* TO")
    assert grants[1][0].startswith(f"GRANT ALL PRIVILEGES ON `{scratch.url.database}`.* TO".replace("_", "\\_"))
    assert execute(scratch.url, "SELECT schema_name FROM information_schema.schemata ORDER BY 1") == [
        ("information_schema",),
        (scratch.url.database,),
    ]


def test_env_py_and_our_own_engine_log_in_as_the_account(scratch):
    assert (scratch.env_url.username, scratch.env_url.password) == (scratch.url.username, scratch.url.password)
    with scratch.engine.connect() as connection:
        user = connection.exec_driver_sql("SELECT CURRENT_USER()").scalar_one()
        assert user.partition("@")[0] == scratch.url.username
        assert scratch.is_mine(connection)


def test_the_account_goes_with_the_database_and_survives_reset_and_restore(opened, mysql_server):
    with opened.make_scratch() as scratch:
        token = token_of(scratch)
        scratch.restore(scratch.checkpoint())
        scratch.reset()
        assert execute(scratch.url, "SELECT 1") == [(1,)]
    assert accounts(mysql_server, token) == []
    assert execute(mysql_server, f"SELECT * FROM mysql.db WHERE user LIKE '%{token}%'") == []
    scratch.drop()


def test_the_accounts_of_killed_runs_are_swept_and_those_of_living_ones_are_not(mysql_url, mysql_server, scratch):
    killed = databases.connect(mysql_url)
    dead = token_of(killed.make_scratch())
    killed.close()
    orphan = f"mrt_{databases.token.make_token()}_3"
    execute(mysql_server, f"CREATE USER `{orphan}`@`localhost`")
    database = databases.connect(mysql_url)
    database.sweep()
    database.close()
    assert accounts(mysql_server, dead) == []
    assert accounts(mysql_server, orphan[4:]) == []
    assert len(accounts(mysql_server, token_of(scratch))) == 1


def test_an_account_that_a_person_named_like_ours_is_never_swept(mysql_url, mysql_server, opened):
    for name in (f"mrt_{'0' * 20}_1", "mrt_app"):
        execute(mysql_server, f"CREATE USER `{name}`@`localhost`")
        opened.sweep()
        assert (name,) in accounts(mysql_server)
        execute(mysql_server, f"DROP USER `{name}`@`localhost`")


def test_a_second_scratch_database_of_a_run_is_out_of_reach_for_the_first(opened, scratch):
    with opened.make_scratch("second") as second:
        with pytest.raises(sa.exc.OperationalError, match="1044"):
            execute(second.url.set(username=scratch.url.username, password=scratch.url.password), "SELECT 1")
        with second.engine.connect() as connection:
            assert not scratch.is_mine(connection)


def test_names_with_wildcards_are_granted_as_they_are(mysql_server):
    name = own("wild").replace("_", "%", 1)
    database = databases.connect(mysql_server.set(database=name))
    with database.make_scratch() as scratch:
        similar = scratch.url.database.replace("%", "x").replace("_", "y", 1)
        with pytest.raises(sa.exc.DBAPIError, match="1044"):
            execute(scratch.url, f"CREATE DATABASE `{similar}`")
    database.close()


# Another account logs in


def test_another_account_in_the_scratch_database_is_refused_before_it_connects_and_after(
    project, scratch, mysql_server, monkeypatch
):
    other = mysql_server.set(database=scratch.url.database)
    assert scratch.is_elsewhere(ConnectionTarget(dialect="mysql", database=other.database, user=other.username))
    assert not scratch.is_elsewhere(ConnectionTarget(dialect="mysql", database=other.database, user=scratch.url.username))
    with sa.create_engine(other, poolclass=sa.NullPool).connect() as connection:
        assert not scratch.is_mine(connection)
    text = project.env.read_text().replace(
        "engine = engine_from_config(", "from sqlalchemy import create_engine\nengine = create_engine("
    )
    text = text.replace(
        'config.get_section(config.config_ini_section, {}), prefix="sqlalchemy."', repr(other.render_as_string(hide_password=False))
    )
    project.env.write_text(text)
    project.add("a")
    with pytest.raises(Exception, match=r"env\.py opens mysql://root@") as refused:
        Migrator(project.config(), scratch).upgrade("a")
    assert 'config.get_main_option("sqlalchemy.url")' in str(refused.value)


# Where the given account may less


@pytest.fixture
def given_account(mysql_server):
    """Make an account with these grants; its URL, on a database that need not exist."""
    name = own("given")
    user = f"'{name}'@'%'"

    def make(*grants):
        execute(mysql_server, f"DROP USER IF EXISTS {user}", f"CREATE USER {user} IDENTIFIED BY '{SECRET}'")
        for grant in grants:
            execute(mysql_server, f"GRANT {grant.replace('TO it', f'TO {user}')}")
        return mysql_server.set(username=name, password=SECRET, database=name)

    yield make
    execute(mysql_server, f"DROP USER IF EXISTS {user}")


def pattern():
    return own("given_mrt_").replace("_", "\\_") + "%"


PROGRAMS = (
    "CREATE TABLE t (a INT)",
    "INSERT INTO t VALUES (1)",
    "CREATE VIEW v AS SELECT a FROM t",
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 7",
    "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.a = 5",
)


def test_the_right_to_make_accounts_and_to_pass_on_rights_is_enough_checkpoints_included(given_account, mysql_server):
    """Neither SUPER, nor a look into mysql.user, nor the right to see and end other accounts' sessions."""
    url = given_account("CREATE USER ON *.* TO it", f"ALL ON `{pattern()}`.* TO it WITH GRANT OPTION")
    database = databases.connect(url)
    with database.make_scratch() as scratch:
        assert scratch.isolation.level == "role"
        execute(scratch.url, *PROGRAMS)
        held = sa.create_engine(scratch.url).connect()
        held.exec_driver_sql("SELECT * FROM t").all()
        checkpoint = scratch.checkpoint()
        scratch.reset()
        scratch.restore(checkpoint)
        assert execute(scratch.url, "INSERT INTO t VALUES (2)", "SELECT a, f() FROM v") == [(1, 7), (5, 7)]
        token = token_of(scratch)
    assert accounts(mysql_server, token) == []
    killed = token_of(database.make_scratch())
    database.close()
    database = databases.connect(url)
    database.sweep()
    database.close()
    assert accounts(mysql_server, killed) == []


@pytest.mark.parametrize(
    "grants",
    [("ALL ON `{pattern}`.* TO it",), ("CREATE USER ON *.* TO it", "ALL ON `{pattern}`.* TO it")],
    ids=["no accounts", "no rights to pass on"],
)
def test_without_the_right_it_says_so_and_what_to_grant(given_account, mysql_server, grants):
    url = given_account(*(grant.replace("{pattern}", pattern()) for grant in grants))
    database = databases.connect(url)
    with database.make_scratch() as scratch:
        assert scratch.isolation.level == "statements"
        assert scratch.url.username == url.username
        assert accounts(mysql_server, token_of(scratch)) == []
        reason = scratch.isolation.reason
        assert "GRANT CREATE USER ON *.* TO" in reason
        remedy = reason[reason.index("GRANT CREATE USER") :]
    database.close()
    for grant in remedy.split(", and "):
        execute(mysql_server, grant)
    database = databases.connect(url)
    with database.make_scratch() as scratch:
        assert scratch.isolation.level == "role"
    database.close()


def test_rights_that_every_account_has_are_named():
    own = ("GRANT USAGE ON *.* TO `x`@`%`", "GRANT ALL PRIVILEGES ON `s\\_1`.* TO `x`@`%`")
    assert Login("x", frozenset(), own).find_more_than("s_1") == set()
    more = (
        *own,
        "GRANT SELECT, INSERT ON `test\\_%`.* TO PUBLIC",
        "GRANT SUPER ON *.* TO PUBLIC",
        "GRANT `app`@`%` TO `x`@`%`",
        "GRANT EXECUTE ON PROCEDURE `shop`.`p` TO PUBLIC",
    )
    found = Login("x", frozenset(), more).find_more_than("s_1")
    assert found == {"`test\\_%`", "*.*", "GRANT `app`@`%` TO `x`@`%`", "GRANT EXECUTE ON PROCEDURE `shop`.`p` TO PUBLIC"}
    assert "`test`" in databases.Isolation(level="role", exposed=("`test`",)).warning


# What real migrations need

NEEDED = {
    "definer of a view": ("CREATE DEFINER=`root`@`%` SQL SECURITY DEFINER VIEW v AS SELECT a FROM t", "DROP VIEW v"),
    "definer of a trigger": (
        "CREATE DEFINER='deploy'@'10.0.0.%' TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1",
        "DROP TRIGGER r",
    ),
    "definer of a procedure": (
        "CREATE DEFINER=root@localhost PROCEDURE q() SQL SECURITY DEFINER UPDATE t SET b = 1",
        "DROP PROCEDURE q",
    ),
    "definer of a function": ("CREATE DEFINER = root@localhost FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1", "DROP FUNCTION f"),
    "definer of an event": (
        "CREATE DEFINER=root@localhost EVENT e ON SCHEDULE EVERY 1 DAY DISABLE DO UPDATE t SET b = 1",
        "DROP EVENT e",
    ),
    "character set": ("ALTER DATABASE CHARACTER SET utf8mb4", "SELECT 1"),
    "character set of the given": ("ALTER DATABASE {given} CHARACTER SET utf8mb4", "SELECT 1"),
    "use": ("USE {given}", "USE `{given}`"),
    "create if not exists": ("CREATE DATABASE IF NOT EXISTS {given}", "SELECT 1"),
    "accounts": ("CREATE USER 'app'@'%' IDENTIFIED BY 'geheim'", "DROP USER 'app'@'%'"),
    "roles": ("CREATE ROLE reader", "DROP ROLE reader"),
    "rights": ("GRANT SELECT, INSERT ON {given}.* TO 'app'@'%'", "REVOKE SELECT, INSERT ON {given}.* FROM 'app'@'%'"),
    "rights on a table": ("GRANT SELECT ON t TO app", "REVOKE SELECT ON t FROM app"),
    "rights on a routine": ("GRANT EXECUTE ON PROCEDURE {given}.q TO app", "REVOKE EXECUTE ON PROCEDURE {given}.q FROM app"),
    "privileges flushed": ("FLUSH PRIVILEGES", "FLUSH PRIVILEGES"),
    "password": ("SET PASSWORD FOR 'app'@'%' = PASSWORD('geheim')", "ALTER USER 'app'@'%' IDENTIFIED BY 'alt'"),
    "renamed account": ("RENAME USER app TO app2", "RENAME USER app2 TO app"),
    "binary log": ("SET SESSION sql_log_bin = 0", "SET sql_log_bin = 1, foreign_key_checks = 1"),
    "trust": ("SET GLOBAL log_bin_trust_function_creators = 1", "SELECT 1"),
    "session": ("SET sql_mode = 'NO_AUTO_VALUE_ON_ZERO'", "SET SESSION lock_wait_timeout = 5"),
    "full text": ("CREATE FULLTEXT INDEX x ON t (c)", "DROP INDEX x ON t"),
    "partitions": ("CREATE TABLE u (a INT PRIMARY KEY) PARTITION BY HASH (a) PARTITIONS 2", "DROP TABLE u"),
    "temporary table": ("CREATE TEMPORARY TABLE x AS SELECT * FROM t", "DROP TEMPORARY TABLE IF EXISTS x"),
    "locks": ("LOCK TABLES t WRITE, alembic_version WRITE", "UNLOCK TABLES"),
    "grants shown": ("SHOW GRANTS", "SHOW CREATE TABLE t"),
    "catalogue": (
        "SELECT COUNT(*) FROM information_schema.innodb_ft_default_stopword",
        "SELECT * FROM information_schema.columns LIMIT 1",
    ),
    "conditional": (
        "SET @s = IF((SELECT COUNT(*) FROM information_schema.columns WHERE table_schema = DATABASE()) > 0, 'SELECT 1', 'SELECT 2')",
        "PREPARE s FROM 'SELECT 1'",
    ),
}
NOTED = {
    *("definer of a view", "definer of a trigger", "definer of a procedure", "definer of a function", "definer of an event"),
    *("character set of the given", "use", "create if not exists", "accounts", "roles", "rights", "rights on a table"),
    *("rights on a routine", "privileges flushed", "password", "renamed account", "binary log", "trust"),
}
TABLE = 'op.execute("CREATE TABLE t (a INT PRIMARY KEY, b INT, c VARCHAR(20))")'


@pytest.mark.parametrize("need", sorted(NEEDED))
def test_what_real_migrations_do_goes_on_working_and_what_was_changed_is_noted(project, scratch, mysql_url, need):
    given = sa.make_url(mysql_url).database
    up, down = (statement.replace("{given}", given) for statement in NEEDED[need])
    project.add("z", upgrade=TABLE, downgrade='op.execute("DROP TABLE t")')
    project.add("a", "z", upgrade=f"op.execute({up!r})", downgrade=f"op.execute({down!r})")
    migrator = Migrator(project.config(), scratch)
    migrator.upgrade("a")
    notes = migrator.take_notes()
    migrator.downgrade("a")
    assert bool(notes) == (need in NOTED)
    assert all("(line 12)" in note and "geheim" not in note for note in notes)


def test_notes_are_shown_with_the_verdict(project, mysql_url):
    from mrt_runtime.verify.session import Verification

    project.add("z", upgrade=TABLE, downgrade='op.execute("DROP TABLE t")')
    project.add(
        "a",
        "z",
        upgrade="op.execute(\"GRANT SELECT ON t TO 'app'@'%'\")",
        downgrade="op.execute(\"REVOKE SELECT ON t FROM 'app'@'%'\")",
    )
    verification = Verification(project.config(db_url=mysql_url))
    try:
        verdict = verification.check("a")
    finally:
        verification.close()
    assert verdict.outcome is Outcome.REVERSIBLE
    assert [warning.partition(";")[0] for warning in verdict.warnings] == [
        "Not run: GRANT SELECT ON t TO 'app'@'%'",
        "Not run: REVOKE SELECT ON t FROM 'app'@'%'",
    ]


def test_a_qualified_name_of_the_given_database_is_refused_with_what_to_write(project, scratch, mysql_url):
    given = sa.make_url(mysql_url).database
    project.add("a", upgrade=f'op.execute("INSERT INTO {given}.users VALUES (1)")')
    with pytest.raises(MigrationError, match="write names without the database"):
        Migrator(project.config(), scratch).upgrade("a")
    project.add("b", upgrade=f'op.execute("SELECT * FROM {given}.users")')
    with pytest.raises(MigrationError, match=rf"write users in place of {given}.users"):
        Migrator(project.config(), scratch).upgrade("b")


# A server with a binary log


def test_triggers_and_functions_are_made_over_the_given_account_where_the_server_distrusts(scratch):
    scratch._place = dataclasses.replace(scratch._place, trusts=False)
    with scratch.engine.connect() as connection:
        connection.exec_driver_sql("CREATE TABLE t (a INT)")
        connection.exec_driver_sql("SET sql_mode = 'ANSI_QUOTES'")
        for text in (
            "CREATE TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a %% 7",
            "CREATE OR REPLACE DEFINER=CURRENT_USER() FUNCTION f() RETURNS INT DETERMINISTIC RETURN 7",
        ):
            translation = scratch.translate(text)
            assert translation.statement == "DO 0"
            translation.answer(connection)
        assert connection.exec_driver_sql("SELECT f()").scalar_one() == 7
        query = "SELECT definer, sql_mode, action_statement FROM information_schema.triggers WHERE trigger_schema = DATABASE()"
        definer, mode, body = connection.exec_driver_sql(query).one()
    assert definer.partition("@")[0] == scratch.url.username
    assert (mode, body) == ("ANSI_QUOTES", "SET NEW.a = NEW.a % 7")
    assert scratch.translate("CREATE PROCEDURE q() SELECT 1").answer is None


@pytest.fixture
def logging_url(tmp_path):
    """A private MariaDB server that writes a binary log, as installed: every account has rights in `test`."""
    with tempfile.NamedTemporaryFile(prefix="#sql-", suffix=".MAI") as of_another_server:
        server = PrivateMariaDB(tmp_path / "mariadb", "--log-bin=bin", "--server-id=1")
        try:
            assert Path(of_another_server.name).exists(), "a server that misses such a file crashes"
            yield server.url
        finally:
            server.remove()


def test_a_server_with_a_binary_log_serves_and_rights_for_everyone_are_told(project, logging_url):
    trigger = "CREATE DEFINER=root@localhost TRIGGER r BEFORE INSERT ON t FOR EACH ROW SET NEW.b = 1"
    project.add("z", upgrade=TABLE, downgrade='op.execute("DROP TABLE t")')
    project.add("a", "z", upgrade=f"op.execute({trigger!r})", downgrade='op.execute("DROP TRIGGER r")')
    project.add(
        "b",
        "a",
        upgrade=f"op.get_bind().connection.cursor().execute({trigger.replace(' r ', ' s ').replace('DEFINER=root@localhost ', '')!r})",
    )
    database = databases.connect(logging_url)
    with database.make_scratch() as scratch:
        assert scratch.isolation.level == "role"
        assert scratch.isolation.exposed == ("`test\\_%`", "`test`")
        migrator = Migrator(project.config(), scratch)
        migrator.upgrade("a")
        scratch.restore(scratch.checkpoint())
        assert execute(scratch.url, "INSERT INTO t (a) VALUES (1)", "SELECT b FROM t") == [(1,)]
        with pytest.raises(MigrationError, match=r"Written with op.execute\(\)"):
            migrator.upgrade("b")
    database.close()


def test_an_async_driver_is_proved_within_a_running_event_loop(mysql_url):
    pytest.importorskip("aiomysql")

    async def make():
        database = databases.connect(sa.make_url(mysql_url).set(drivername="mysql+aiomysql"))
        with database.make_scratch() as scratch:
            level = scratch.isolation.level
        database.close()
        return level

    assert asyncio.run(make()) == "role"
