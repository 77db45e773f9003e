"""Statements that change something outside of a scratch database on PostgreSQL, composed at random and executed by migrations.

usage: python benchmarks/postgresql_escapes.py [N] [URL]

N: compositions, default 2000. URL: a server's, as a superuser; without one, the embedded server. It prints what became of them, and ends
with 1 where anything outside of the scratch database has changed.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random

import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.config import MRTConfig
from mrt_runtime.migrate import MigrationError, Migrator

NAME = f"victim_{os.getpid()}"
"""What the names of the victim's databases, roles and files begin with; other tests may share the server."""
OURS = "({column} IN ('postgres', 'template0', 'template1', current_user) OR {column} ~ '^pg_' OR {column} LIKE '{name}%' AND {column} !~ '_mrt_')"
# A database's default privileges count as the same written out and not: an idle GRANT of someone without a say writes them out.
SHARED = {
    "databases": "SELECT to_jsonb(d) - 'datfrozenxid' - 'datminmxid' - 'dathasloginevt' - 'datacl' || jsonb_build_object('acl',"
    " (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(coalesce(datacl, acldefault('d', datdba))) a)) FROM pg_database d"
    " WHERE {datname}",
    "roles": "SELECT to_jsonb(r) FROM pg_authid r WHERE {rolname}",
    "members": "SELECT jsonb_build_array(g.rolname, m.rolname, a.admin_option) FROM pg_auth_members a"
    " JOIN pg_authid g ON g.oid = roleid JOIN pg_authid m ON m.oid = member WHERE {g.rolname}",
    "settings": "SELECT to_jsonb(s) FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = setdatabase"
    " LEFT JOIN pg_roles r ON r.oid = setrole WHERE (setdatabase = 0 OR {datname}) AND (setrole = 0 OR {rolname})",
    "tablespaces": "SELECT to_jsonb(t) FROM pg_tablespace t",
    "parameters": "SELECT to_jsonb(p) FROM pg_parameter_acl p",
    "comments": "SELECT to_jsonb(c) FROM pg_shdescription c JOIN pg_database d ON d.oid = c.objoid WHERE {datname} UNION ALL"
    " SELECT to_jsonb(c) FROM pg_shdescription c JOIN pg_authid r ON r.oid = c.objoid WHERE {rolname}",
    "labels": "SELECT to_jsonb(l) FROM pg_shseclabel l",
    "configuration": "SELECT to_jsonb(f) FROM pg_file_settings f",
    "slots": "SELECT to_jsonb(s.slot_name) FROM pg_replication_slots s WHERE s.slot_name LIKE '{name}%'",
    "transactions": "SELECT to_jsonb(gid) FROM pg_prepared_xacts WHERE gid LIKE '{name}%'",
}
INSIDE = {
    **{
        catalogue: f"SELECT to_jsonb(x) - 'relfrozenxid' - 'relminmxid' - 'reltuples' - 'relpages' - 'relallvisible'"
        f" - 'relallfrozen' FROM {catalogue} x WHERE oid >= 16384"
        for catalogue in ("pg_class", "pg_namespace", "pg_proc", "pg_type", "pg_extension", "pg_constraint", "pg_foreign_server",
                          "pg_largeobject_metadata", "pg_event_trigger", "pg_publication", "pg_trigger", "pg_policy")
    },
    "pg_attribute": "SELECT to_jsonb(x) FROM pg_attribute x WHERE attrelid >= 16384",
    "rows": "SELECT to_jsonb(t) FROM precious t",
}  # fmt: skip


class Victim:
    """A server with a victim: a database with rows, a role, and a folder of the server with a file."""

    def __init__(self, server: sa.URL, name: str = NAME) -> None:
        self.server = server
        self.folder = Path(tempfile.mkdtemp(prefix=name))
        self.folder.chmod(0o777)
        (self.folder / "precious.txt").write_text("precious")
        (self.folder / "space").mkdir()
        if os.geteuid() == 0:  # the server's own user is to own it
            os.chown(self.folder / "space", (owner := Path(self.execute("SHOW data_directory")[0][0]).stat()).st_uid, owner.st_gid)
        self.name, self.given = name, f"{name}_given"
        self.member = f"{name}_app"
        self.execute(f"CREATE ROLE {self.member}", f"CREATE ROLE {self.name}_owner", f"GRANT {self.name}_owner TO {self.member}")
        self.execute(f"COMMENT ON ROLE {self.member} IS 'precious'", f"ALTER ROLE {self.member} SET work_mem = '5MB'")
        self.execute(f"CREATE DATABASE {self.name}", f"CREATE DATABASE {self.given}")
        self.execute(f"GRANT CONNECT ON DATABASE {self.given} TO PUBLIC")
        self.execute(f"CREATE ROLE {self.name}_spare", f"CREATE DATABASE {self.name}_spare")
        for extension in ("dblink", "adminpack"):
            with contextlib.suppress(
                sa.exc.DBAPIError
            ):  # not every server has them; a scratch database gets what the given one has
                self.execute(f"CREATE EXTENSION {extension}", database=self.given)
        self.execute(
            "CREATE TABLE precious (id int PRIMARY KEY, name text)",
            "INSERT INTO precious SELECT n, 'row ' || n FROM generate_series(1, 50) n",
            "GRANT ALL ON precious TO PUBLIC",
            database=self.name,
        )

    @property
    def url(self) -> str:
        """The given database, as a user names one."""
        return self.server.set(database=self.given).render_as_string(hide_password=False)

    def fill(self, form: str) -> str:
        """Write a form with the victim's names."""
        host = self.server.host or self.server.query.get("host", "")
        link = f"host={host} port={self.server.port or 5432} user={self.server.username} dbname={self.name}"
        return form.format(v=self.name, file=self.folder / "escaped", folder=self.folder / "space", link=link)

    def engine(self, database: str) -> sa.Engine:
        """Return an engine for a database of the server."""
        return sa.create_engine(self.server.set(database=database), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")

    def execute(self, *statements: str, database: str = "postgres") -> list:
        """Execute statements, each by itself; return the rows of the last."""
        engine = self.engine(database)
        rows = []
        with engine.connect() as connection:
            for statement in statements:
                result = connection.execution_options(no_parameters=True).exec_driver_sql(statement)
                rows = result.all() if result.returns_rows else []
        return rows

    def fingerprint(self) -> dict[str, list]:
        """Everything outside of scratch databases, as text."""
        seen = {}
        columns = {column: OURS.format(column=column, name=self.name) for column in ("datname", "rolname", "g.rolname")}
        shared = {
            name: re.sub(r"\{([\w.]+)\}", lambda found: columns.get(found[1], self.name), query) for name, query in SHARED.items()
        }
        seen |= self._read(shared, "postgres", "{}")
        seen |= self._read(INSIDE, self.name, "victim's {}")
        seen |= self._read(INSIDE, self.given, "given {}") | {"given rows": []}
        seen["files"] = sorted((str(path), path.read_bytes()) for path in self.folder.glob("*") if path.is_file())
        return seen

    def _read(self, queries: dict[str, str], database: str, title: str) -> dict[str, list[str]]:
        """Read the answers to several queries through one connection."""
        found: dict[str, list[str]] = {}
        engine = self.engine(database).execution_options(no_parameters=True)
        with engine.connect() as connection:
            for name, query in queries.items():
                rows = []
                with contextlib.suppress(sa.exc.ProgrammingError):  # older servers know fewer catalogues
                    rows = sorted(json.dumps(row, sort_keys=True) for row in connection.exec_driver_sql(query).scalars())
                found[title.format(name)] = rows
        return found

    def leftovers(self) -> list:
        """Databases and roles of runs on this victim's given database."""
        return self.execute(
            f"SELECT datname FROM pg_database WHERE datname LIKE '{self.name}%mrt%'"
            f" UNION ALL SELECT rolname FROM pg_roles WHERE rolname LIKE '{self.name}%mrt%'"
        )

    def remove(self) -> None:
        """Drop the victim, and what harmed it."""
        self.execute(f"SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name LIKE '{self.name}%'")
        self.execute("ALTER SYSTEM RESET application_name", "ALTER ROLE ALL RESET application_name")
        with contextlib.suppress(sa.exc.DBAPIError):  # older servers have none
            self.execute(f"REVOKE SET ON PARAMETER log_statement FROM {self.member}")
        for (database,) in self.execute(f"SELECT datname FROM pg_database WHERE datname LIKE '{self.name}%'"):
            self.execute(f"DROP DATABASE {database} WITH (FORCE)")
        self.execute(f"DROP TABLESPACE IF EXISTS {self.name}_made")
        for (role,) in self.execute(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{self.name}%'"):
            self.execute(f"DROP ROLE {role}")
        shutil.rmtree(self.folder)


FORMS = {
    "drop a database": "DROP DATABASE {v}_spare",
    "create a database": "CREATE DATABASE {v}_made",
    "rename a database": "ALTER DATABASE {v}_spare RENAME TO {v}_other",
    "set of a database": "ALTER DATABASE {v} SET work_mem = '9MB'",
    "limit of a database": "ALTER DATABASE {v} CONNECTION LIMIT 7",
    "comment on a database": "COMMENT ON DATABASE {v} IS 'changed'",
    "grant on a database": "GRANT CREATE ON DATABASE {v} TO PUBLIC",
    "revoke on a database": "REVOKE CONNECT ON DATABASE {v} FROM PUBLIC",
    "create a role": "CREATE ROLE {v}_made",
    "create a superuser": "CREATE USER {v}_made SUPERUSER PASSWORD 'x'",
    "drop a role": "DROP ROLE {v}_spare",
    "alter a role": "ALTER ROLE {v}_app CREATEROLE",
    "rename a role": "ALTER ROLE {v}_spare RENAME TO {v}_other",
    "set of a role": "ALTER ROLE {v}_app SET work_mem = '9MB'",
    "set of a role in a database": "ALTER ROLE {v}_app IN DATABASE {v} SET work_mem = '9MB'",
    "set of all roles": "ALTER ROLE ALL SET application_name = '{v}'",
    "comment on a role": "COMMENT ON ROLE {v}_app IS 'changed'",
    "membership": "GRANT {v}_owner TO {v}_spare",
    "membership revoked": "REVOKE {v}_owner FROM {v}_app",
    "alter system": "ALTER SYSTEM SET application_name = '{v}'",
    "parameter": "GRANT SET ON PARAMETER log_statement TO {v}_app",
    "copy to a file": "COPY (SELECT 1) TO '{file}'",
    "copy to a program": "COPY (SELECT 1) TO PROGRAM 'cat > {file}'",
    "large object to a file": "SELECT lo_from_bytea(4711, 'x'); SELECT lo_export(4711, '{file}')",
    "write a file": "SELECT pg_catalog.pg_file_write('{file}', 'x', false)",
    "slot": "SELECT pg_create_physical_replication_slot('{v}_slot')",
    "tablespace": "CREATE TABLESPACE {v}_made LOCATION '{folder}'",
    "dblink": "SELECT dblink_exec('{link}', 'DELETE FROM precious')",
}
"""What a superuser may do, where {v} is the victim's name."""
ALONE = {"drop a database", "create a database", "alter system", "tablespace"}
"""Forms that no transaction may hold, so that no function can execute them."""
ELSEWHERE = {"write a file", "dblink"}
"""Forms that need an extension, which not every server has."""
COMMENTS = ("", "/* x */ ", "-- x\n", "/* /* x */ ; */", "\n\t", "--\n/**/")
PATHS: dict[str, str] = {
    "op.execute": "op.execute({sql!r})",
    "text": "op.get_bind().execute(sa.text({escaped!r}))",
    "exec_driver_sql": "op.get_bind().exec_driver_sql({sql!r})",
    "cursor": "op.get_bind().connection.cursor().execute({sql!r})",
    "autocommit": "with op.get_context().autocommit_block():\n        op.execute({sql!r})",
    "driver": "c = op.get_bind().connection.driver_connection; c.rollback(); c.autocommit = True; c.cursor().execute({sql!r})",
}


def literal(sql: str) -> str:
    """Write a text as an SQL string."""
    return "'" + sql.replace("'", "''") + "'"


def halve(sql: str) -> str:
    """Write a text as an SQL expression in whose parts no keyword can be seen."""
    return " || ".join(literal(sql[start : start + 3]) for start in range(0, len(sql), 3))


NESTS: dict[str, Callable[[str], str]] = {
    "bare": str,
    "behind another": "SELECT 1; {}".format,
    "in front of another": "{}; SELECT 1".format,
    "do": "DO $$ BEGIN {}; END $$".format,
    "do with a tag": "DO LANGUAGE plpgsql $a_1$ BEGIN IF true THEN {}; END IF; END $a_1$".format,
    "execute": lambda sql: f"DO $$ BEGIN EXECUTE {literal(sql)}; END $$",
    "execute in pieces": lambda sql: f"DO $$ BEGIN EXECUTE {halve(sql)}; END $$",
    "execute format": lambda sql: f"DO $$ BEGIN EXECUTE format('%s%s', {literal(sql[:4])}, {literal(sql[4:])}); END $$",
    "do in do": lambda sql: f"DO $a$ BEGIN DO $b$ BEGIN EXECUTE {halve(sql)}; END $b$; END $a$",
    "function": lambda sql: f"{write_function(sql)}; SELECT escape()",
    "security definer": lambda sql: f"{write_function(sql, 'SECURITY DEFINER')}; SELECT escape()",
    "function in a CTE": lambda sql: f"{write_function(sql)}; WITH x AS (SELECT escape() AS y) SELECT * FROM x",
    "procedure": lambda sql: (
        f"CREATE OR REPLACE PROCEDURE flee() LANGUAGE plpgsql AS $f$ BEGIN EXECUTE {halve(sql)}; END $f$; CALL flee()"
    ),
    "default": lambda sql: (
        f"{write_function(sql)}; CREATE TABLE {fresh()} (i int, d int DEFAULT escape()); INSERT INTO {fresh(-1)} VALUES (1)"
    ),
    "check": lambda sql: (
        f"{write_function(sql)}; CREATE TABLE {fresh()} (i int CHECK (escape() = i)); INSERT INTO {fresh(-1)} VALUES (1)"
    ),
    "generated": lambda sql: (
        f"{write_function(sql)}; {WRAPPER}; CREATE TABLE {fresh()} (i int, g int GENERATED ALWAYS AS (calm_escape() + i) STORED);"
        f" INSERT INTO {fresh(-1)} VALUES (1)"
    ),
    "index": lambda sql: (
        f"{write_function(sql)}; {WRAPPER}; CREATE TABLE {fresh()} AS SELECT 1 AS i; CREATE INDEX ON {fresh(-1)} ((i + calm_escape()))"
    ),
    "view": lambda sql: f"{write_function(sql)}; CREATE VIEW {fresh()} AS SELECT escape(); SELECT * FROM {fresh(-1)}",
    "trigger": lambda sql: (
        f"{write_trigger(sql)}; CREATE TABLE {fresh()} (i int); CREATE TRIGGER t BEFORE INSERT ON {fresh(-1)} EXECUTE FUNCTION flee_by_trigger();"
        f" INSERT INTO {fresh(-1)} VALUES (1)"
    ),
    "event trigger": lambda sql: (
        f"{write_trigger(sql, 'event_trigger')}; CREATE EVENT TRIGGER {fresh()} ON ddl_command_end EXECUTE FUNCTION flee_by_event_trigger();"
        f" CREATE TABLE {fresh()} (i int)"
    ),
    "cast": lambda sql: (
        f"{write_function(sql)}; CREATE TYPE {fresh()} AS (i int); CREATE FUNCTION {fresh(-1)}_cast({fresh(-1)}) RETURNS int"
        f" LANGUAGE sql AS 'SELECT escape()'; CREATE CAST ({fresh(-1)} AS int) WITH FUNCTION {fresh(-1)}_cast({fresh(-1)}); SELECT row(1)::{fresh(-1)}::int"
    ),
    "as an event trigger's owner": lambda sql: (
        f"{write_trigger(sql, 'event_trigger')}; CREATE EVENT TRIGGER {fresh()} ON ddl_command_end EXECUTE FUNCTION"
        f" flee_by_event_trigger(); CREATE ROLE {fresh()}; CREATE PUBLICATION {fresh()} FOR ALL TABLES"
    ),
}
"""How a statement is put into another."""
WRAPPER = (
    "CREATE OR REPLACE FUNCTION calm_escape() RETURNS int LANGUAGE plpgsql IMMUTABLE AS $f$ BEGIN RETURN public.escape(); END $f$"
)
"""What calls itself immutable may be used in indexes and generated columns."""
COUNT = [0]


def fresh(step: int = 1) -> str:
    """Return a name that was not used yet; with -1 the last one once more."""
    COUNT[0] += max(step, 0)
    return f"escape_{COUNT[0]}"


def write_function(sql: str, options: str = "") -> str:
    """Write a function that executes a statement and returns 1."""
    return f"CREATE OR REPLACE FUNCTION escape() RETURNS int LANGUAGE plpgsql {options} AS $f$ BEGIN EXECUTE {halve(sql)}; RETURN 1; END $f$"


def write_trigger(sql: str, kind: str = "trigger") -> str:
    """Write a trigger's function that executes a statement."""
    end = "RETURN NEW;" if kind == "trigger" else ""
    return f"CREATE OR REPLACE FUNCTION flee_by_{kind}() RETURNS {kind} LANGUAGE plpgsql AS $f$ BEGIN EXECUTE {halve(sql)}; {end} END $f$"


def spell(random: Random, sql: str) -> str:
    """Write a statement's words in another case, with comments between them, and its names in quotes."""
    words = []
    for word in sql.split(" "):
        written = random.choice((str, str.lower, str.title))(word) if word.isupper() else word
        if word.startswith(NAME) and word.replace("_", "").isalnum() and random.random() < 0.3:
            written = random.choice((f'"{word}"', 'U&"\\0076' + word[1:] + '"'))
        words.append(written)
    between = random.choice((" ", " ", "  ", "\n", " /* x */ ", " --\n"))
    return random.choice(COMMENTS) + (between.join(words) if "'" not in sql else " ".join(words))


def compose(random: Random, victim: Victim) -> tuple[str, str]:
    """Return what a composition is, and an upgrade() that executes it."""
    form, nest, path = random.choice(list(FORMS)), random.choice(list(NESTS)), random.choice(list(PATHS))
    if form in ALONE and random.random() < 0.7:
        nest, path = "bare", random.choice(("autocommit", "driver"))
    sql = random.choice(COMMENTS) + NESTS[nest](spell(random, victim.fill(FORMS[form])))
    return f"{form}, {nest}, {path}", write_call(path, sql)


def write_call(path: str, sql: str) -> str:
    """Write the Python that executes a statement."""
    return PATHS[path].format(sql=sql.replace("%", "%%") if path == "exec_driver_sql" else sql, escaped=sql.replace(":", "\\:"))


def try_escapes(victim: Victim, random: Random, count: int, folder: Path) -> Counter[str]:
    """Execute compositions as migrations, each as a base of its own; count those that failed and those that did nothing outside."""
    from tests.runtime.conftest import Project  # it needs pytest

    project = Project(folder)
    made = [compose(random, victim) for _ in range(count)]
    for number, (_, code) in enumerate(made):
        project.add(f"r{number}", upgrade=code)
    database = databases.connect(victim.url)
    with database.make_scratch() as scratch:
        migrator = Migrator(MRTConfig(alembic_ini=str(folder / "alembic.ini")), scratch)
        became = Counter(try_one(migrator, f"r{number}") for number in range(count))
    database.close()
    return became


def try_one(migrator: Migrator, revision: str) -> str:
    """Return what becomes of a migration; a failure has to be told in one line, with its place."""
    try:
        migrator.upgrade(revision)
    except MigrationError as error:
        return "refused" if error.line and "\n" not in str(error) else f"badly told: {error}"
    return "executed"


def main(arguments: list[str]) -> int:
    """Print what became of the compositions; return the exit code."""
    count = next((int(argument) for argument in arguments if argument.isdigit()), 2000)
    url = next((argument for argument in arguments if "://" in argument), "")
    embedded = None if url else databases.connect("embedded:postgresql")
    with tempfile.TemporaryDirectory() as name:
        victim = Victim(sa.make_url(url) if embedded is None else embedded._own)
        before = victim.fingerprint()
        for start in range(0, count, 200):
            seed = start or 1
            print(seed, dict(try_escapes(victim, Random(seed), min(200, count - start), Path(name) / str(start))), flush=True)
        after = victim.fingerprint()
        changed = [what for what in before if before[what] != after[what]]
        print("changed:", changed, "left:", victim.leftovers())
        for what in changed:
            print(set(map(str, before[what])) ^ set(map(str, after[what])))
        victim.remove()
    if embedded is not None:
        embedded.close()
    return int(bool(changed))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
