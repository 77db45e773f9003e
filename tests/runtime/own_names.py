"""Names on servers that only this test process makes, and the removal of what killed ones left under theirs."""

import contextlib
import re
import secrets

import sqlalchemy as sa

TOKEN = secrets.token_hex(3)
OWN = re.compile(r"mrtt.(?P<token>[0-9a-f]{6})(\W|_|$)")
LOCKS = {
    "postgresql": ("SELECT pg_try_advisory_lock(hashtext('{}'))", "SELECT pg_advisory_unlock(hashtext('{}'))"),
    "mysql": ("SELECT GET_LOCK('{}', 0)", "SELECT RELEASE_LOCK('{}')"),
}
DATABASES = {"postgresql": "SELECT datname FROM pg_database", "mysql": "SHOW DATABASES"}
ACCOUNTS = {
    "postgresql": "SELECT quote_ident(rolname) FROM pg_roles",
    "mysql": "SELECT CONCAT(QUOTE(user), '@', QUOTE(host)) FROM mysql.user",
}


def own(what=""):
    """A name for a database, a role or an account; a short one, for what is made of it has to fit into 63 characters."""
    return f"mrtt_{TOKEN}" + f"_{what}" * bool(what)


@contextlib.contextmanager
def hold(server):
    """Hold a lock on a server for as long as tests may make something there, once what those without theirs left is dropped.

    A lock ends with its connection, and so with its process, however that ends.
    """
    engine = sa.create_engine(server, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    take, give_back = LOCKS[engine.dialect.name]
    with engine.connect() as connection:
        assert connection.exec_driver_sql(take.format(TOKEN)).scalar()
        for token in sorted(find(connection, DATABASES) | find(connection, ACCOUNTS)):
            if token != TOKEN and connection.exec_driver_sql(take.format(token)).scalar():
                drop_all(connection, token)
                connection.exec_driver_sql(give_back.format(token))
        yield


def find(connection, queries):
    """The tokens in the names of what there is."""
    found = connection.exec_driver_sql(queries[connection.dialect.name]).scalars()
    return {match["token"] for name in found if (match := OWN.search(name))}


def drop_all(connection, token):
    """Drop the databases and the accounts of a process; what another does at the same time is left to it."""
    dialect = connection.dialect
    quote, force, kind = ('"', " WITH (FORCE)", "ROLE") if dialect.name == "postgresql" else ("`", "", "USER")
    for name in connection.exec_driver_sql(DATABASES[dialect.name]).scalars().all():
        if token in name:
            execute(connection, f"DROP DATABASE IF EXISTS {quote}{name.replace(quote, quote * 2)}{quote}{force}")
    for name in connection.exec_driver_sql(ACCOUNTS[dialect.name]).scalars().all():
        if token in name:
            execute(connection, *([f"DROP OWNED BY {name}"] if kind == "ROLE" else []), f"DROP {kind} IF EXISTS {name}")


def execute(connection, *statements):
    for statement in statements:
        with contextlib.suppress(sa.exc.DBAPIError):
            connection.execution_options(no_parameters=True).exec_driver_sql(statement)
