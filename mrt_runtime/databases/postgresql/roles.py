"""Statements about roles, which belong to the whole server, as statements about roles that this run made.

A role that the server has keeps its name where it is given privileges: that changes the scratch database alone. Where a migration
would hand it an object, a stand-in takes its place, because those who may become an owner may change it; and where a migration
would become it, it stays the scratch role, which owns what that role may use. A role that the server does not have is a stand-in
everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from mrt_lint.parse.sql.cursor import TokenCursor
from mrt_lint.parse.sql.tokens import SqlToken
from mrt_runtime.databases.edit import Edit
from mrt_runtime.databases.postgresql.answers import home_of
from mrt_runtime.databases.postgresql.command import NOTHING, Command
from mrt_runtime.databases.postgresql.quoting import literal, quote
from mrt_runtime.databases.postgresql.role import ScratchRole

ROLE = ("ROLE", "USER", "GROUP")
SPECIAL = {"PUBLIC", "CURRENT_USER", "SESSION_USER", "CURRENT_ROLE", "NONE", "DEFAULT", "ALL"}
"""Words that mean a role, and are the name of none. Source: PostgreSQL's manual, GRANT."""
NAMING: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "ALTER DEFAULT PRIVILEGES": (("FOR ROLE", "FOR USER"), ("TO", "FROM")),
    "ALTER POLICY": ((), ("TO",)),
    "ALTER": (("OWNER TO",), ()),
    "CREATE POLICY": ((), ("TO",)),
    "CREATE SCHEMA": (("AUTHORIZATION",), ()),
    "DROP OWNED": (("BY",), ()),
    "GRANT": ((), ("TO",)),
    "REASSIGN OWNED": (("BY", "TO"), ()),
    "REVOKE": ((), ("FROM",)),
}
"""Commands → what is followed by roles that the migration becomes or hands an object, and by roles that it grants to."""
ENDS_OF_ROLES = {"WITH", "GRANTED", "CASCADE", "RESTRICT", "USING", "GRANT", "REVOKE", "IN", "TO", ";"}
ROLE_COLUMNS = {"ROLNAME", "USENAME", "GRONAME"}
ASKING = re.compile(r"PG_HAS_ROLE|TO_REGROLE")
# names that need no quotes; those that begin with pg_ are the server's own
ROLE_NAME = re.compile(r"(?!pg_)[a-z_][\w$-]*")
PRIVILEGES = {"member", "usage", "set"}
KINDS = {
    **dict.fromkeys(("ALTER TABLE", "ALTER VIEW", "ALTER SEQUENCE", "ALTER MATERIALIZED VIEW", "ALTER FOREIGN TABLE"), "relation"),
    "ALTER SCHEMA": "schema",
    **dict.fromkeys(("ALTER TYPE", "ALTER DOMAIN"), "type"),
    **dict.fromkeys(("ALTER FUNCTION", "ALTER PROCEDURE", "ALTER ROUTINE", "ALTER AGGREGATE"), "routine"),
}
"""What has an owner that a migration may change → the argument of the procedure that does it."""
OF_THE_GIVEN_ROLE = ("ALTER PUBLICATION", "ALTER EVENT TRIGGER")
"""What only superusers may own, and so the given role does where it is made for a migration."""
TYPES = {"relation": "class", "schema": "namespace", "type": "type", "routine": "procedure"}
LEFT_OUT = "was not run: roles belong to the whole server"


def leave_settings(command: Command) -> Iterator[Edit]:
    """Leave out what changes a role of the server, where migrations run as one of them: its password locks people out."""
    if command.cursor().accept(*(f"ALTER {kind}" for kind in ROLE)) and not command.cursor().at("ALTER USER MAPPING"):
        yield Edit(*command.whole, NOTHING, f"{command.statement.tokens[0].key} {_words(command)} {LEFT_OUT}")


def translate_roles(command: Command, role: ScratchRole) -> Iterator[Edit]:
    """Yield the edits of one command."""
    cursor = command.cursor()
    verb = cursor.accept("CREATE", "DROP", "ALTER", "COMMENT ON", "GRANT", "REVOKE", "SET", "REASSIGN", "SECURITY LABEL")
    if verb in {"CREATE", "DROP", "ALTER", "COMMENT ON"} and cursor.accept(*ROLE):
        if not cursor.at("MAPPING"):
            yield _manage(command, verb, cursor, role)
        return
    if verb in {"GRANT", "REVOKE"} and not _has_object(command.cursor()):
        yield Edit(*command.whole, NOTHING, f"{verb} {_words(command)} {LEFT_OUT}")
        return
    if verb == "SET":
        yield from _set_role(command, cursor, role)
        return
    owned = _change_owner(command, role) if verb == "ALTER" and role.is_answered else None
    if owned is not None:
        yield owned
        return
    yield from _name_roles_in_strings(command, role)
    for token, becomes in _positions(command):
        edit = _rename(command, token, role, becomes=becomes)
        if edit is not None:
            yield edit


def _manage(command: Command, verb: str, cursor: TokenCursor, role: ScratchRole) -> Edit:
    """Create and drop stand-ins; of what else is done to roles, only settings of the migration's own one are made."""
    lenient, home = bool(cursor.accept("IF EXISTS")), home_of(role)
    first, name = cursor.token, cursor.name()
    noted = f"{verb} ROLE {name}"
    if verb == "CREATE":
        call = f"CALL {home}.mrt_create_role({literal(str(name))}, {literal(role.stand_in(str(name)))})"
        return Edit(*command.whole, call, f"{noted} made a role for this run only, which is used in place of {name!r}")
    if verb == "DROP":
        names = [str(name)]
        while cursor.accept(","):
            names.append(str(cursor.name()))
        truth = "true" if lenient else "false"
        calls = [f"CALL {home}.mrt_drop_role({literal(each)}, {literal(role.stand_in(each))}, {truth})" for each in names]
        if role.existing.isdisjoint(names):
            return Edit(*command.whole, "; ".join(calls))
    is_own = name == role.given or first.key in SPECIAL - {"ALL", "PUBLIC"}
    if verb == "ALTER" and is_own and cursor.accept("SET", "RESET"):
        return Edit(*command.span(first, first), quote(role.name))
    return Edit(*command.whole, NOTHING, f"{noted} {LEFT_OUT}")


def _set_role(command: Command, cursor: TokenCursor, role: ScratchRole) -> Iterator[Edit]:
    cursor.accept("LOCAL", "SESSION")
    before = cursor.token
    word = cursor.accept("ROLE", "AUTHORIZATION", "SESSION AUTHORIZATION")
    if not word:
        return
    if word != "ROLE":  # only a superuser may, and to migrations it means the same
        last = command.statement.tokens[cursor.position - 1]
        yield Edit(*command.span(before, last), "ROLE")
    cursor.accept("TO", "=")
    token = cursor.token
    edit = _rename(command, token, role, becomes=True)
    if token.key == "DEFAULT" or (edit is not None and edit.taken):
        yield Edit(*command.span(token, token), "NONE")
    elif edit is not None:
        yield edit


def _change_owner(command: Command, role: ScratchRole) -> Edit | None:
    """Change an object's owner as a superuser would, who need not ask whether the new owner may create objects in the schema."""
    cursor = command.cursor()
    if cursor.accept(*OF_THE_GIVEN_ROLE):
        return _leave_owner(command, cursor.rest().to("OWNER"), role)
    kind = KINDS.get(cursor.accept(*KINDS))
    cursor.accept("IF EXISTS")
    cursor.accept("ONLY")
    first = cursor.position
    passed = cursor.until("OWNER")
    if kind is None or not cursor.accept("OWNER TO") or cursor.position != cursor.stop - 1:
        return None
    edit = _rename(command, cursor.token, role, becomes=True)
    if edit is None:
        return None
    name = command.statement.source[command.statement.tokens[first].start : command.statement.tokens[passed.stop - 1].end]
    target = edit.text[1:-1].replace('""', '"')
    arguments = [f"{literal(name) if each == kind else 'NULL'}::reg{TYPES[each]}" for each in TYPES]
    call = f"CALL {home_of(role)}.mrt_set_owner({', '.join([literal(target), *arguments])})"
    return Edit(*command.whole, call, taken=edit.taken)


def _leave_owner(command: Command, cursor: TokenCursor, role: ScratchRole) -> Edit | None:
    is_own = cursor.accept("OWNER TO") and (cursor.key in SPECIAL or cursor.name() == role.given)
    return Edit(*command.whole, NOTHING) if is_own else None


def _name_roles_in_strings(command: Command, role: ScratchRole) -> Iterator[Edit]:
    """Make a query for a role's existence ask for its stand-in."""
    tokens = command.statement.tokens
    for place, token in enumerate(tokens):
        is_plain = token.kind == "string" and command.statement.source[token.start] == "'"
        is_name = is_plain and ROLE_NAME.fullmatch(token.text) and token.text not in role.existing | PRIVILEGES
        if is_name and _is_asked_for(tokens, place):
            yield Edit(*command.span(token, token), literal(role.stand_in(token.text)))


def _is_asked_for(tokens: Sequence[SqlToken], place: int) -> bool:
    """Return whether a string is compared with a role's name, in a list or alone, or is what a function about roles is asked."""
    keys = [token.key if token.kind != "name" else token.text.upper() for token in tokens]
    if keys[place + 1 : place + 2] == ["="] and any(key in ROLE_COLUMNS for key in keys[place + 2 : place + 5]):
        return True
    before = place - 1
    while before > 0 and (keys[before] == "," or tokens[before].kind == "string"):
        before -= 1
    if keys[before] == "(" and before and keys[before - 1] in {"IN", "ANY", "ARRAY"}:
        before -= 1
    elif keys[before] == "(" and before:
        return ASKING.fullmatch(keys[before - 1]) is not None
    return before > 0 and keys[before] in {"=", "IN", "LIKE"} and keys[before - 1] in ROLE_COLUMNS


def _positions(command: Command) -> Iterator[tuple[SqlToken, bool]]:
    """Yield the tokens that name roles, and whether the migration becomes each or hands it an object."""
    cursor = command.cursor()
    kind = cursor.accept(*NAMING)
    becoming, given = NAMING.get(kind, ((), ()))
    while kind and not cursor.done:
        before = command.statement.tokens[cursor.position - 1]
        phrase = cursor.accept(*becoming, *given)
        if not phrase:
            cursor.skip()
        elif before.key != "RENAME":
            cursor.accept("GROUP")
            yield from ((token, phrase in becoming) for token in _list(cursor))


def _list(cursor: TokenCursor) -> Iterator[SqlToken]:
    while True:
        token = cursor.token
        if token.kind not in {"word", "name"} or token.key in ENDS_OF_ROLES:
            return
        cursor.take()
        yield token
        if not cursor.accept(","):
            return


def _rename(command: Command, token: SqlToken, role: ScratchRole, *, becomes: bool) -> Edit | None:
    name = token.text.lower() if token.kind == "word" else token.text
    if token.kind not in {"word", "name", "string"} or token.key in SPECIAL or name.startswith("pg_") or role.tail in name:
        return None
    place = command.span(token, token)
    if becomes and name == role.given:
        return Edit(*place, quote(role.name))
    if name not in role.existing:
        return Edit(*place, quote(role.stand_in(name)))
    return Edit(*place, quote(role.stand_in(name)), taken=frozenset({name})) if becomes else None


def _has_object(cursor: TokenCursor) -> bool:
    """Return whether a GRANT or REVOKE is about an object, and not about membership in a role."""
    return not cursor.to("ON").done


def _words(command: Command) -> str:
    words = " ".join(command.statement.text.split()[1:])
    return words if len(words) <= 60 else f"{words[:59]}…"  # noqa: PLR2004  as much as fits in a line
