"""PostgreSQL's commands that change something outside of the database in which they run.

They are found to be stopped early, with the migration's line. What is not found here the server refuses to the scratch role.
"""

from __future__ import annotations

from mrt_runtime.databases.postgresql.command import Command

SERVER = "the server's configuration"
OF_THE_SERVER = {
    "ALTER SYSTEM": SERVER,
    "CREATE TABLESPACE": "a folder of the server",
    "ALTER TABLESPACE": "a tablespace of the server",
    "DROP TABLESPACE": "a tablespace of the server",
    "CREATE SUBSCRIPTION": "another server",
    "ALTER SUBSCRIPTION": "another server",
}
FUNCTIONS = {
    "LO_EXPORT": "a file of the server",
    "PG_FILE_WRITE": "a file of the server",
    "PG_FILE_UNLINK": "a file of the server",
    "PG_FILE_RENAME": "a file of the server",
    "PG_RELOAD_CONF": SERVER,
    "DBLINK_EXEC": "another database",
    "DBLINK_CONNECT": "another database",
    "DBLINK_CONNECT_U": "another database",
    "DBLINK_SEND_QUERY": "another database",
    "DBLINK": "another database",
}
"""Functions that write where no command can be seen to. Source: PostgreSQL's manual, System Administration Functions, dblink."""


def find_outside(command: Command, database: str) -> str:
    """Return what a command would change outside of this database; empty where it is not seen to change anything there."""
    cursor = command.cursor()
    if cursor.accept("CREATE DATABASE", "DROP DATABASE"):
        cursor.accept("IF EXISTS")
        name = cursor.name()
        return "" if name == database else f"database {name!r}" if isinstance(name, str) else "another database"
    phrase = cursor.accept(*OF_THE_SERVER)
    if phrase:
        return OF_THE_SERVER[phrase]
    if cursor.accept("COPY"):
        return find_copied_to(command)
    for token, following in zip(command.statement.tokens, command.statement.tokens[1:], strict=False):
        name = token.text.upper() if token.kind in {"word", "name"} else ""
        if following.key == "(" and name in FUNCTIONS:
            return FUNCTIONS[name]
    return ""


def find_copied_to(command: Command) -> str:
    """Return where COPY writes, if that is a file or a program of the server; COPY … FROM only reads, except from a program."""
    cursor = command.cursor()
    cursor.accept("COPY")
    direction = ""
    while not cursor.done and not direction:
        direction = cursor.accept("TO", "FROM")
        if not direction:
            cursor.skip()
    if cursor.accept("PROGRAM"):
        return "a program of the server"
    return "a file of the server" if direction == "TO" and cursor.token.kind == "string" else ""
