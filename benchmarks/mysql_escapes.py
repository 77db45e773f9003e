"""Statements by which a migration might change something outside of its scratch database on MySQL and MariaDB, composed at random.

usage: python benchmarks/mysql_escapes.py URL [N] [SEED]

Each is a form (what is done) in a spelling (comments, quoting, capitals), in a nest (a block, a routine, dynamic SQL). It is
executed straight on the server as the scratch account, past everything that reads statements; and it is read. Afterwards the
victim, a database beside the scratch database, must be as it was.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import sqlalchemy as sa
from pymysql.constants import CLIENT

from mrt_runtime.databases import Scratch, connect

FORMS = {
    "delete": "DELETE FROM {v}.p",
    "delete of several": "DELETE x FROM {v}.p AS x",
    "delete, named": "DELETE {v}.p FROM {v}.p",
    "delete, joined": "DELETE x FROM t JOIN {v}.p AS x ON x.id > 0",
    "delete using": "DELETE FROM x USING t JOIN {v}.p AS x ON x.id > 0",
    "update": "UPDATE {v}.p SET n = 'gone'",
    "update, joined": "UPDATE t JOIN {v}.p ON p.id > 0 SET p.n = 'gone'",
    "update, listed": "UPDATE t, {v}.p AS x SET x.n = 'gone'",
    "update, in a group": "UPDATE (t JOIN {v}.p AS x ON x.id > 0) SET x.n = 'gone'",
    "insert": "INSERT INTO {v}.p VALUES (77, 'new')",
    "insert from": "INSERT {v}.p SELECT 78, 'new'",
    "replace": "REPLACE INTO {v}.p VALUES (1, 'gone')",
    "truncate": "TRUNCATE {v}.p",
    "drop": "DROP TABLE {v}.p",
    "drop, listed": "DROP TABLE IF EXISTS nowhere, {v}.p",
    "alter": "ALTER TABLE {v}.p ADD COLUMN z INT",
    "rename": "RENAME TABLE {v}.p TO {v}.q",
    "rename into": "RENAME TABLE t TO {v}.t",
    "alter, renamed into": "ALTER TABLE t RENAME {v}.t",
    "rename, listed": "RENAME TABLE t TO u, u TO {v}.t",
    "index": "CREATE INDEX i ON {v}.p (n)",
    "create table": "CREATE TABLE {v}.made (a INT)",
    "create from": "CREATE TABLE {v}.made AS SELECT 1 AS a",
    "create like": "CREATE TABLE {v}.made LIKE t",
    "view": "CREATE VIEW {v}.w AS SELECT 1",
    "procedure": "CREATE PROCEDURE {v}.made() SELECT 1",
    "event": "CREATE EVENT {v}.made ON SCHEDULE EVERY 1 DAY DO SET @a = 1",
    "trigger": "CREATE TRIGGER {v}.tr BEFORE INSERT ON {v}.p FOR EACH ROW SET NEW.n = 'gone'",
    "call": "CALL {v}.ruin()",
    "function": "DO {v}.ruined()",
    "selected function": "SELECT {v}.ruined()",
    "database": "DROP DATABASE {v}",
    "character set": "ALTER DATABASE {v} CHARACTER SET ascii",
    "create database": "CREATE DATABASE {v}_beside",
    "use": "USE {v}",
}
"""What reaches outside; each changes the victim where the account may (USE: what follows it would)."""
SERVER_FORMS = {
    "grant": "GRANT ALL ON {v}.* TO PUBLIC",
    "user": "CREATE USER {v}_intruder",
    "global": "SET GLOBAL max_connect_errors = 4321",
    "global variable": "SET @@GLOBAL.max_connect_errors = 4321",
    "flush": "FLUSH TABLES",
    "plugin": "INSTALL PLUGIN x SONAME 'y.so'",
    "purge": "PURGE BINARY LOGS BEFORE '2001-01-01'",
    "master": "CHANGE MASTER TO MASTER_HOST = 'nowhere'",
    "server": "CREATE SERVER {v}_s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'nowhere')",
    "file": "SELECT 1 INTO OUTFILE '/tmp/{v}.txt'",
}
QUOTINGS = ("{v}", "`{v}`", "{v} ", "`{v}`/**/", "{v}/* . x */")
COMMENTS = ("", "-- clean up\n", "# x\n", "/* x */ ", "/*! */", "\n\t/* ; */ -- '\n", "/* ' */")
NESTS = {
    "alone": "{s}",
    "executable comment": "/*!50000 {s} */",
    "executable comment of MariaDB": "/*M!100000 {s} */",
    "block": "BEGIN NOT ATOMIC {s}; END",
    "condition": "IF 1 THEN {s}; END IF",
    "loop": "BEGIN NOT ATOMIC l: LOOP {s}; LEAVE l; END LOOP; END",
    "handler": "BEGIN NOT ATOMIC DECLARE EXIT HANDLER FOR SQLWARNING BEGIN END; {s}; END",
    "case": "BEGIN NOT ATOMIC CASE WHEN 1 THEN {s}; ELSE SET @a = 1; END CASE; END",
    "immediate": "EXECUTE IMMEDIATE {l}",
    "computed": "EXECUTE IMMEDIATE CONCAT({c})",
    "prepared": "BEGIN NOT ATOMIC PREPARE s FROM {l}; EXECUTE s; END",
    "with a setting": "SET STATEMENT max_statement_time = 5 FOR {s}",
    "routine": "CREATE OR REPLACE PROCEDURE nest() BEGIN {s}; END",
    "behind another": "SELECT 1; {s}",
}
COMPUTED = frozenset({"computed"})
"""Nests whose text does not tell what is executed: there only the server refuses."""

BATCH = 20
"""Statements after which the victim is looked at."""


@dataclass(frozen=True, slots=True)
class Escape:
    """A composed statement."""

    form: str
    nest: str
    text: str


def compose(random: Random, victim: str) -> Escape:
    """Return one at random."""
    forms = FORMS | SERVER_FORMS
    form, nest = random.choice(sorted(forms)), random.choice(sorted(NESTS))
    if form == "use":
        nest = random.choice(["alone", "behind another"])
    quoting = random.choice(QUOTINGS) if form in FORMS and form != "create database" else "{v}"
    statement = forms[form].replace("{v}", quoting.replace("{v}", victim))
    if random.random() < 0.3:
        statement = statement.replace(" ", random.choice(["  ", "\n", "/**/ ", "\t"]), 1)
    if random.random() < 0.3 and "'" not in statement:
        head, _, tail = statement.partition(" ")
        statement = f"{head.lower() if random.random() < 0.5 else head.title()} {tail}"
    half = len(statement) // 2
    text = NESTS[nest].format(s=statement, l=literal(statement), c=f"{literal(statement[:half])}, {literal(statement[half:])}")
    return Escape(form, nest, random.choice(COMMENTS) + text)


def literal(text: str) -> str:
    """Quote a string."""
    return "'" + text.replace("'", "''") + "'"


class Victim:
    """A database that must stay as it is, with all that a form reaches for."""

    def __init__(self, server: sa.URL, name: str) -> None:
        self.name = name
        self._engine = sa.create_engine(
            server._replace(database=None),
            poolclass=sa.NullPool,
            isolation_level="AUTOCOMMIT",
            execution_options={"no_parameters": True},
        )
        self.make()

    def make(self) -> None:
        """Make it anew."""
        self.drop()
        self.run(
            f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4",
            f"CREATE TABLE {self.name}.p (id INT PRIMARY KEY, n VARCHAR(20))",
            f"INSERT INTO {self.name}.p VALUES (1, 'one'), (2, 'two')",
            f"CREATE VIEW {self.name}.seen AS SELECT * FROM {self.name}.p",
            f"CREATE PROCEDURE {self.name}.ruin() DELETE FROM {self.name}.p",
            f"CREATE FUNCTION {self.name}.ruined() RETURNS INT MODIFIES SQL DATA BEGIN DELETE FROM {self.name}.p; RETURN 1; END",
        )

    def drop(self) -> None:
        """Drop it, and what a form may have made beside it."""
        self.run(f"DROP DATABASE IF EXISTS {self.name}", f"DROP DATABASE IF EXISTS {self.name}_beside")
        self.run(f"DROP USER IF EXISTS {self.name}_intruder")

    def run(self, *statements: str) -> None:
        """Execute statements as the account that may do everything."""
        with self._engine.connect() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def snapshot(self) -> list[object]:
        """Return all that must stay: contents, definitions, grants, accounts, settings of the server."""
        name = self.name
        queries = [
            f"CHECKSUM TABLE {name}.p",
            f"SHOW CREATE TABLE {name}.p",
            f"SHOW CREATE DATABASE {name}",
            f"SELECT table_name, table_type, create_time FROM information_schema.tables WHERE table_schema = '{name}'",
            f"SELECT routine_name, created, last_altered FROM information_schema.routines WHERE routine_schema = '{name}'",
            f"SELECT trigger_name FROM information_schema.triggers WHERE trigger_schema = '{name}'",
            f"SELECT event_name FROM information_schema.events WHERE event_schema = '{name}'",
            f"SELECT * FROM mysql.db WHERE db LIKE '{name}%'",
            f"SELECT user, host FROM mysql.user WHERE user LIKE '{name}%'",
            f"SELECT schema_name FROM information_schema.schemata WHERE schema_name LIKE '{name}%'",
            "SHOW GLOBAL VARIABLES WHERE variable_name IN ('max_connect_errors', 'max_connections', 'event_scheduler', 'sql_mode')",
            "SELECT name FROM mysql.plugin",
            "SELECT server_name FROM mysql.servers",
        ]
        with self._engine.connect() as connection:
            return [ask(connection, query) for query in queries]


def ask(connection: sa.Connection, query: str) -> object:
    """Return the rows of a query, or what the server says in their place."""
    try:
        return [tuple(row) for row in connection.exec_driver_sql(query)]
    except sa.exc.DBAPIError as error:
        return str(error.orig)


def execute(scratch: Scratch, text: str) -> None:
    """Execute a text on the server as the scratch account, past all that reads statements, and a routine that it made."""
    several = {"client_flag": CLIENT.MULTI_STATEMENTS}
    with sa.create_engine(scratch.url, poolclass=sa.NullPool, connect_args=several).connect() as connection:
        dbapi = connection.connection
        for statement in (
            "CREATE TABLE IF NOT EXISTS t (id INT, n VARCHAR(20))",
            "INSERT INTO t VALUES (1, 'x')",
            text,
            "CALL nest()",
        ):
            with contextlib.suppress(Exception), dbapi.cursor() as cursor:
                cursor.execute(statement)
                while cursor.nextset():
                    pass
            with contextlib.suppress(Exception):
                dbapi.commit()


def find_escapes(scratch: Scratch, victim: Victim, random: Random, count: int) -> Iterator[str]:
    """Yield a line for each composed statement that was read without being stopped, and for each batch that changed the victim."""
    before = victim.snapshot()
    for start in range(0, count, BATCH):
        batch = [compose(random, victim.name) for _ in range(min(BATCH, count - start))]
        for escape in batch:
            translation = scratch.translate(escape.text)
            if not translation.outside and translation.statement == escape.text and escape.nest not in COMPUTED:
                yield f"read and let through: {escape}"
            execute(scratch, escape.text)
        if victim.snapshot() != before:
            yield f"changed the victim: one of {batch}"
            victim.make()
            before = victim.snapshot()


def main(arguments: list[str]) -> None:
    """Print what got through."""
    url, count, seed = arguments[0], int((*arguments, 1000)[1] if len(arguments) > 1 else 1000), (*arguments[2:], "0")[0]
    database = connect(url)
    victim = Victim(sa.make_url(url), "mrt_escapes_victim")
    with database.make_scratch() as scratch:
        found = list(find_escapes(scratch, victim, Random(seed), count))
        print(f"{database.dialect} {database.version()}, isolation: {scratch.isolation.level}")
    victim.drop()
    database.close()
    print("\n".join([*found, f"{count} statements, {len(found)} got through"]))
    sys.exit(bool(found))


if __name__ == "__main__":
    main(sys.argv[1:])
