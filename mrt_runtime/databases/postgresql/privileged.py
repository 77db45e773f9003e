"""Commands that only a superuser may run inside a database, as calls of the procedures that run them (see `answers`)."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_runtime.databases.edit import Edit
from mrt_runtime.databases.postgresql.answers import home_of
from mrt_runtime.databases.postgresql.command import Command
from mrt_runtime.databases.postgresql.quoting import literal
from mrt_runtime.databases.postgresql.role import ScratchRole

NULL, TRUE, FALSE = "NULL", "true", "false"


def answer(command: Command, role: ScratchRole) -> Edit | None:
    """Return the edit that puts a call in a command's place; None for a command that the scratch role runs itself."""
    cursor = command.cursor()
    for phrases, write in WRITERS:
        if cursor.accept(*phrases):
            calls = list(write(cursor))
            if not calls or not cursor.done:
                return None
            home = home_of(role)
            return Edit(*command.whole, "; ".join(f"CALL {home}.mrt_{call}" for call in calls))
    return None


def _create_extension(cursor: TokenCursor) -> Iterator[str]:
    lenient = bool(cursor.accept("IF NOT EXISTS"))
    name, place, number, deep = _name(cursor), "current_schema()::text", NULL, FALSE
    cursor.accept("WITH")
    while not cursor.done:
        match cursor.accept("SCHEMA", "VERSION", "CASCADE"):
            case "SCHEMA":
                place = _name(cursor)
            case "VERSION":
                number = _name(cursor)
            case "CASCADE":
                deep = TRUE
            case _:
                return
    yield f"create_extension({name}, {place}, {number}, {deep}, {_truth(lenient)})"


def _alter_extension(cursor: TokenCursor) -> Iterator[str]:
    name = _name(cursor)
    if cursor.accept("UPDATE"):
        number = _name(cursor) if cursor.accept("TO") else NULL
        yield f"alter_extension({name}, {number}, {NULL})"
    elif cursor.accept("SET SCHEMA"):
        yield f"alter_extension({name}, {NULL}, {_name(cursor)})"


def _drop_extension(cursor: TokenCursor) -> Iterator[str]:
    lenient = bool(cursor.accept("IF EXISTS"))
    names = [_name(cursor)]
    while cursor.accept(","):
        names.append(_name(cursor))
    deep = cursor.accept("CASCADE", "RESTRICT") == "CASCADE"
    for name in names:
        yield f"drop_extension({name}, {_truth(lenient)}, {_truth(deep)})"


def _comment(cursor: TokenCursor) -> Iterator[str]:
    kind = cursor.accept("EXTENSION", "EVENT TRIGGER", "PUBLICATION")
    name = _name(cursor)
    if kind and cursor.accept("IS"):
        yield f"comment({literal(kind)}, {name}, {NULL if cursor.accept('NULL') else _name(cursor)})"


def _create_event_trigger(cursor: TokenCursor) -> Iterator[str]:
    name, tags = _name(cursor), NULL
    cursor.accept("ON")
    moment = _name(cursor)
    if cursor.accept("WHEN TAG IN"):
        tags = f"ARRAY[{', '.join(_name(item) for item in cursor.group())}]"
    if not cursor.accept("EXECUTE FUNCTION", "EXECUTE PROCEDURE"):
        return
    callee = _path(cursor)
    if cursor.inside().done:
        yield f"create_event_trigger({name}, {moment}, {tags}::text[], {callee}::regproc)"


def _drop_event_trigger(cursor: TokenCursor) -> Iterator[str]:
    lenient = bool(cursor.accept("IF EXISTS"))
    name = _name(cursor)
    cursor.accept("CASCADE", "RESTRICT")
    yield f"drop_event_trigger({name}, {_truth(lenient)})"


def _alter_event_trigger(cursor: TokenCursor) -> Iterator[str]:
    name = _name(cursor)
    if cursor.accept("RENAME TO"):
        yield f"alter_event_trigger({name}, {NULL}, {_name(cursor)})"
    else:
        verb = cursor.accept("ENABLE", "DISABLE")
        if verb:
            yield f"alter_event_trigger({name}, {_truth(verb == 'ENABLE')}, {NULL})"


def _create_publication(cursor: TokenCursor) -> Iterator[str]:
    name, schemas, options = _name(cursor), NULL, NULL
    if cursor.accept("FOR TABLES IN SCHEMA"):
        names = [_name(cursor)]
        while cursor.accept(","):
            names.append(_name(cursor))
        schemas = f"ARRAY[{', '.join(names)}]"
    elif not cursor.accept("FOR ALL TABLES"):
        return
    if cursor.accept("WITH"):
        options = f"ARRAY[{', '.join(_option(item) for item in cursor.group())}]"
    yield f"create_publication({name}, {schemas}, {options})"


def _drop_publication(cursor: TokenCursor) -> Iterator[str]:
    lenient = bool(cursor.accept("IF EXISTS"))
    names = [_name(cursor)]
    while cursor.accept(","):
        names.append(_name(cursor))
    cursor.accept("CASCADE", "RESTRICT")
    for name in names:
        yield f"drop_publication({name}, {_truth(lenient)})"


def _set(cursor: TokenCursor) -> Iterator[str]:
    briefly = cursor.accept("LOCAL", "SESSION") == "LOCAL"
    if cursor.accept("SESSION_REPLICATION_ROLE") and cursor.accept("=", "TO"):
        value = literal("origin") if cursor.accept("DEFAULT") else _name(cursor)
        yield f"set_replication_role({value}, {_truth(briefly)})"


def _reset(cursor: TokenCursor) -> Iterator[str]:
    if cursor.accept("SESSION_REPLICATION_ROLE"):
        yield f"set_replication_role('origin', {FALSE})"


def _alter_table(cursor: TokenCursor) -> Iterator[str]:
    cursor.accept("IF EXISTS")
    cursor.accept("ONLY")
    table = _path(cursor)
    verb = cursor.accept("ENABLE TRIGGER ALL", "DISABLE TRIGGER ALL")
    if verb:
        yield f"switch_triggers({table}::regclass, {_truth(verb.startswith('ENABLE'))})"


WRITERS: tuple[tuple[tuple[str, ...], Callable[[TokenCursor], Iterator[str]]], ...] = (
    (("CREATE EXTENSION",), _create_extension),
    (("ALTER EXTENSION",), _alter_extension),
    (("DROP EXTENSION",), _drop_extension),
    (("COMMENT ON",), _comment),
    (("CREATE EVENT TRIGGER",), _create_event_trigger),
    (("DROP EVENT TRIGGER",), _drop_event_trigger),
    (("ALTER EVENT TRIGGER",), _alter_event_trigger),
    (("CREATE PUBLICATION",), _create_publication),
    (("DROP PUBLICATION",), _drop_publication),
    (("SET",), _set),
    (("RESET",), _reset),
    (("ALTER TABLE",), _alter_table),
)


def _name(cursor: TokenCursor) -> str:
    """Return the identifier or string that comes next as a literal; what is neither makes the call one that fails."""
    return literal(str(cursor.name()))


def _option(cursor: TokenCursor) -> str:
    """Return `name = value` as one literal; a name alone means true."""
    name = str(cursor.name())
    return literal(f"{name}={cursor.take().text if cursor.accept('=') else TRUE}")


def _path(cursor: TokenCursor) -> str:
    """Return a name that may be qualified, quoted as `regclass` reads it, as a literal."""
    return literal(".".join('"' + str(part).replace('"', '""') + '"' for part in cursor.parts()))


def _truth(value: bool) -> str:  # noqa: FBT001  it is what is written
    return TRUE if value else FALSE
