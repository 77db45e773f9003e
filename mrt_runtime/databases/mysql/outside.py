"""What a statement changes outside of the scratch database, as far as its text shows: the second line behind the account's rights.

Statements are read as tokens: comments are gone, `/*! … */` is code, a text may hold several. What a statement computes and then
executes cannot be read; there the server refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mrt_lint.parse.sql.tokens import SqlToken, StatementTokens, keywords, statements
from mrt_runtime.databases.mysql.place import ScratchPlace
from mrt_runtime.databases.mysql.targets import BOUNDARIES, TargetReader

READING = keywords("SHOW DESC DESCRIBE HELP CHECKSUM EXPLAIN")
"""First words of statements that change nothing; EXPLAIN ANALYZE is not among them."""
ACCOUNTS = {
    **dict.fromkeys(("GRANT", "REVOKE"), None),
    **dict.fromkeys(("CREATE", "ALTER", "DROP", "RENAME"), frozenset({"USER", "ROLE"})),
    "SET": frozenset({"PASSWORD", "ROLE", "DEFAULT"}),
}
"""Statements about accounts and their rights: the first word, and which second words make it one (None: any)."""
WHOLE_SERVER = {
    "FLUSH": keywords(
        "TABLES TABLE LOGS STATUS HOSTS PRIVILEGES BINARY ENGINE ERROR GENERAL SLOW RELAY QUERY USER_RESOURCES OPTIMIZER_COSTS "
        "DES_KEY_FILE LOCAL NO_WRITE_TO_BINLOG SSL USER_STATISTICS CLIENT_STATISTICS INDEX_STATISTICS TABLE_STATISTICS"
    ),
    "RESET": keywords("MASTER SLAVE REPLICA QUERY PERSIST BINARY"),
    "SHUTDOWN": frozenset({"", ";", "WAIT"}),
    "RESTART": frozenset({"", ";"}),
    "PURGE": frozenset({"BINARY", "MASTER"}),
    "CHANGE": frozenset({"MASTER", "REPLICATION"}),
    "START": frozenset({"SLAVE", "REPLICA", "GROUP_REPLICATION", "ALL"}),
    "STOP": frozenset({"SLAVE", "REPLICA", "GROUP_REPLICATION", "ALL"}),
    "INSTALL": frozenset({"PLUGIN", "SONAME", "COMPONENT"}),
    "UNINSTALL": frozenset({"PLUGIN", "SONAME", "COMPONENT"}),
    "CREATE": frozenset({"SERVER", "TABLESPACE", "LOGFILE", "UNDO", "RESOURCE"}),
    "ALTER": frozenset({"SERVER", "TABLESPACE", "LOGFILE", "UNDO", "RESOURCE", "INSTANCE"}),
    "DROP": frozenset({"SERVER", "TABLESPACE", "LOGFILE", "UNDO", "RESOURCE"}),
    "CLONE": frozenset({"LOCAL", "INSTANCE"}),
    "BACKUP": frozenset({"STAGE", "LOCK", "UNLOCK"}),
    "LOCK": frozenset({"INSTANCE"}),
    "IMPORT": frozenset({"TABLE"}),
    "CACHE": frozenset({"INDEX"}),
}
"""Statements that concern the whole server: the first word, and which second words make it one. Source: the manuals of both."""
GLOBAL = keywords("GLOBAL PERSIST PERSIST_ONLY @@GLOBAL @@PERSIST @@PERSIST_ONLY")
REMOTE = frozenset({"FEDERATED", "FEDERATEDX", "CONNECT", "SPIDER", "S3"})
"""Storage engines whose tables are somewhere else."""
CHARACTERISTICS = frozenset({")", "DATA", "SQL", "DETERMINISTIC", "INVOKER", "DEFINER"})
"""What a routine's only statement may follow."""
OPTIONS = keywords("DEFAULT CHARACTER CHARSET COLLATE COMMENT ENCRYPTION READ")
"""What ALTER DATABASE begins with where it names none."""


def find_outside(text: str, place: ScratchPlace) -> str:
    """Return what a text of SQL changes outside of the scratch database, as words for a message; nothing for all ordinary SQL.

    Executable comments are read both ways: which of them a server executes is a matter of its version.
    """
    # of the same length, so that places in the text are the same
    plain = text.replace("/*!", "/* ").replace("/*M!", "/*  ")
    for reading in dict.fromkeys((text, plain)):
        for statement in statements(reading, place.dialect):
            outside = find_in(statement, place)
            if outside:
                return outside
    return ""


def find_in(statement: StatementTokens, place: ScratchPlace) -> str:
    """Return the same for one statement."""
    tokens = strip_prefix(statement.tokens)
    keys = [token.key for token in tokens]
    if not tokens or keys[0] in READING:
        return ""
    is_routine = keys[0] == "CREATE" and not {"PROCEDURE", "FUNCTION", "EVENT", "TRIGGER"}.isdisjoint(keys)
    for at in find_beginnings(keys, is_routine=is_routine):
        outside = name_server(tokens, keys, at, place)
        if outside:
            return outside
    for database in TargetReader(tokens, statement.source).databases():
        if not place.is_own(database):
            return place.describe(database)
    return name_elsewhere(tokens, keys)


def strip_prefix(tokens: Sequence[SqlToken]) -> Sequence[SqlToken]:
    """Take away what is before the statement that is executed: ANALYZE FORMAT=JSON, EXPLAIN ANALYZE, SET STATEMENT … FOR."""
    keys = [token.key for token in tokens]
    if keys[:2] == ["SET", "STATEMENT"] and "FOR" in keys:
        return strip_prefix(tokens[keys.index("FOR") + 1 :])
    if keys[:1] == ["ANALYZE"] or keys[:2] in (["EXPLAIN", "ANALYZE"], ["DESC", "ANALYZE"], ["DESCRIBE", "ANALYZE"]):
        verbs = (at for at, key in enumerate(keys) if key in {"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "TABLE"})
        at = next(verbs, len(keys))
        return tokens if keys[at : at + 1] == ["TABLE"] else tokens[at:]
    return tokens


def find_beginnings(keys: Sequence[str], *, is_routine: bool) -> Iterator[int]:
    """Yield the places where a statement begins: the first, and those inside of a routine."""
    yield 0
    for at, key in enumerate(keys[:-1]):
        if key in BOUNDARIES or (is_routine and key in CHARACTERISTICS):
            yield at + 1


def name_server(tokens: Sequence[SqlToken], keys: Sequence[str], at: int, place: ScratchPlace) -> str:
    """Return what the statement that begins here changes beyond databases' contents, by its first words."""
    first, second = keys[at], second_word(keys, at)
    if first == "SET":
        return "the whole server's settings" if is_global(keys, at) else "accounts" * is_about_accounts(keys, at)
    if is_about_accounts(keys, at):
        return "accounts and their rights"
    if first == "KILL" and place.definer is None and is_a_kill(tokens[at + 1 : at + 2]):
        return "the whole server (KILL)"  # an account of its own ends its own sessions only
    if second in WHOLE_SERVER.get(first, ()):
        return f"the whole server ({first} {second})".replace(" )", ")").replace(" ;", "")
    if first in {"USE", "CREATE", "ALTER", "DROP"}:
        named = named_database(tokens, keys, at)
        return place.describe(named.text) if named is not None and not place.is_own(named.text) else ""
    if first == "PREPARE" or (first == "EXECUTE" and second == "IMMEDIATE"):
        return find_outside("".join(token.text for token in tokens[at:] if token.kind == "string"), place)
    return ""


def is_a_kill(tokens: Sequence[SqlToken]) -> bool:
    """Return whether what is next is what KILL takes: a number, a parameter, a variable, or the word for what is ended."""
    words = {"HARD", "SOFT", "CONNECTION", "QUERY", "USER"}
    return bool(tokens) and (tokens[0].kind in {"number", "bind"} or tokens[0].text.startswith("@") or tokens[0].key in words)


def second_word(keys: Sequence[str], at: int) -> str:
    """Return the word that says what a statement is about: the second, or that behind OR REPLACE."""
    skipped = 3 if list(keys[at + 1 : at + 3]) == ["OR", "REPLACE"] else 1
    return keys[at + skipped] if at + skipped < len(keys) else ""


def is_about_accounts(keys: Sequence[str], at: int) -> bool:
    """Return whether the statement that begins here is about accounts and their rights."""
    seconds = ACCOUNTS.get(keys[at], frozenset())
    if keys[at] == "SET" and list(keys[at + 1 : at + 2]) == ["DEFAULT"]:
        return list(keys[at + 2 : at + 3]) == ["ROLE"]
    second = second_word(keys, at)
    return seconds is None or (second in seconds and (second != "ROLE" or list(keys[at + 2 : at + 3]) not in (["="], [":="])))


def is_global(keys: Sequence[str], at: int) -> bool:
    """Return whether a SET, whose assignments are parted by commas, sets something for the whole server."""
    depth = 0
    for place in range(at + 1, len(keys)):
        depth += (keys[place] == "(") - (keys[place] == ")")
        if keys[place] == ";":
            return False
        if depth == 0 and keys[place] in GLOBAL and keys[place - 1] in {"SET", ","}:
            return True
    return False


def named_database(tokens: Sequence[SqlToken], keys: Sequence[str], at: int) -> SqlToken | None:
    """Return the name in USE, or in CREATE, ALTER or DROP DATABASE; None where there is none."""
    place = at + 1
    if keys[at] != "USE":
        if second_word(keys, at) not in {"DATABASE", "SCHEMA"}:
            return None
        place = next(spot for spot in range(at, len(keys)) if keys[spot] in {"DATABASE", "SCHEMA"}) + 1
        while place < len(keys) and keys[place] in {"IF", "NOT", "EXISTS"}:
            place += 1
        if keys[at] == "ALTER" and keys[place : place + 1] and keys[place] in OPTIONS:
            return None
    return tokens[place] if place < len(tokens) else None


def name_elsewhere(tokens: Sequence[SqlToken], keys: Sequence[str]) -> str:
    """Return the file or the other server that a statement writes to, or makes a table of."""
    for at, key in enumerate(keys):
        if key == "INTO" and keys[at + 1 : at + 2] and keys[at + 1] in {"OUTFILE", "DUMPFILE"}:
            return "a file of the server"
        if key in {"DATA", "INDEX"} and keys[at + 1 : at + 2] == ["DIRECTORY"] and keys[0] in {"CREATE", "ALTER"}:
            return f"a folder of the server ({key} DIRECTORY)"
        if key == "SONAME" and keys[0] == "CREATE":
            return "the whole server (CREATE FUNCTION … SONAME)"
        if key == "ENGINE" and keys[0] in {"CREATE", "ALTER"}:
            named = [token.text.upper() for token in tokens[at + 1 : at + 3] if token.key != "="]
            engine = named[0] if named else ""
            if engine in REMOTE:
                return f"what is elsewhere (ENGINE={engine})"
    return ""
