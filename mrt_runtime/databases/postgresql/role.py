"""The role that migrations run as: owner of one scratch database and allowed nothing else, so that the server refuses the rest."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import exc

from mrt_runtime.databases.postgresql.quoting import literal, quote
from mrt_runtime.databases.postgresql.server import PostgresServer
from mrt_runtime.databases.postgresql.source import LISTS, USER
from mrt_runtime.secret import register_secret

LONGEST_NAME = 63
STAND_IN = "_as"
"""Marks the names of roles that are used in place of others."""
GIVEN = (
    "SELECT current_user, rolsuper, rolcreaterole OR rolsuper, rolbypassrls OR rolsuper FROM pg_roles WHERE rolname = current_user"
)
SETTINGS = """
SELECT unnest(s.setconfig) FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
WHERE r.rolname = current_user AND s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = {database}))
"""
NOT_COPIED = {"default_transaction_read_only", "role", "session_authorization"}


@dataclass(frozen=True, slots=True)
class ScratchRole:
    """A role of this run, and what it takes to give other roles a stand-in.

    name: of the role, which is also the name of its scratch database.
    given: the role in `db_url`, which this one acts for.
    tail: the end of the name of every stand-in of this scratch database.
    existing: the roles that the server has, of which migrations may become none.
    is_answered: whether the given role is a superuser, so that what only a superuser may do inside a database is done for it.
    settings: the given role's, each as it follows ALTER ROLE … SET.
    """

    name: str
    given: str
    tail: str
    existing: frozenset[str]
    is_answered: bool
    settings: tuple[str, ...]
    password: str = field(repr=False)

    def stand_in(self, role: str) -> str:
        """Return the name of the role that is used in place of another; long ones stay different from each other."""
        room = LONGEST_NAME - len(self.tail.encode())
        if len(role.encode()) <= room:
            return role + self.tail
        mark = hashlib.blake2s(role.encode(), digest_size=3).hexdigest()
        return role.encode()[: room - len(mark)].decode(errors="ignore") + mark + self.tail

    def set_up(self, server: PostgresServer) -> None:
        """Restore the password and the settings that the role has at first: a role may change both for itself."""
        name = quote(self.name)
        server.run(f"ALTER ROLE {name} PASSWORD {literal(self.password)}")
        server.run(f"ALTER ROLE {name} RESET ALL")
        for setting in self.settings:
            server.try_running(f"ALTER ROLE {name} SET {setting}")


def create_role(server: PostgresServer, name: str, database: str) -> ScratchRole | str:
    """Create the role of a scratch database; return why none can be had, as the end of a sentence, where that is so.

    It cannot connect before it is set up.

    database: the given one, whose settings for the given role are this role's, too.
    """
    given, is_super, may_create, ignores_policies = server.run(GIVEN)[0]
    if not may_create:
        return f'the role {given!r} may create no role for the run (ALTER ROLE "{given}" CREATEROLE allows it)'
    role = ScratchRole(
        name=name,
        given=str(given),
        tail=name.removeprefix(name.partition("_mrt_")[0]) + STAND_IN,
        existing=frozenset(str(found) for (found,) in server.run("SELECT rolname FROM pg_catalog.pg_roles")),
        is_answered=bool(is_super),
        settings=tuple(read_settings(server, str(given), database)),
        password=secrets.token_urlsafe(24),
    )
    register_secret(role.password)
    # Row level security is for those whom migrations work for, not for what they are run by in `db_url`.
    rights = "LOGIN" + (" BYPASSRLS" if ignores_policies and is_super else "")
    try:
        server.run(f"CREATE ROLE {quote(name)} {rights}")
        server.run(f"GRANT {quote(name)} TO {quote(role.given)}" if not is_super else "SELECT 1")
    except exc.DBAPIError as error:
        return f"the server refuses a role for the run: {error.orig}"
    return role


def read_settings(server: PostgresServer, given: str, database: str) -> Iterator[str]:
    """Yield what the given role has set for itself, in general and in the given database."""
    for (setting,) in server.run(SETTINGS.format(database=literal(database))):
        parameter, _, value = str(setting).partition("=")
        if parameter not in NOT_COPIED:
            shown = value if parameter in LISTS and value else literal(value)
            yield f"{parameter} TO {shown.replace(USER, quote(given)) if parameter == 'search_path' else shown}"
