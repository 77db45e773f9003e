"""What is executed in place of a statement that names something of the given server which a scratch database has otherwise.

Read as tokens and changed only where a token is: the rest of the text stays as the migration wrote it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache, partial
from itertools import pairwise

from sqlalchemy.engine import Connection

from mrt_lint.model.values import HOLE
from mrt_lint.parse.sql.tokens import SqlToken, StatementTokens, statements
from mrt_runtime.databases.edit import Edit, apply_edits
from mrt_runtime.databases.isolation import Translation
from mrt_runtime.databases.mysql.outside import find_outside, is_about_accounts, named_database
from mrt_runtime.databases.mysql.place import ScratchPlace
from mrt_runtime.databases.mysql.quoting import quote

NOTHING = "DO 0"
"""A statement of both servers that does nothing."""
PROGRAMS = frozenset({"VIEW", "TRIGGER", "PROCEDURE", "FUNCTION", "EVENT", "PACKAGE", "TABLE"})
SECRET = frozenset({"BY", "AS", "USING", "PASSWORD", "REPLACE", "=", "("})
"""What is before a password in a statement about accounts."""
LONGEST = 100
"""Characters of a statement that a note shows."""
LONGEST_KEPT = 20_000
"""Characters of a statement whose translation is kept for the next time."""


def translate(text: str, place: ScratchPlace, answer: Callable[[str, Connection], None]) -> Translation:
    """Return what is executed in place of a text of SQL.

    answer: creates a trigger or function over the given account, where the server does not let the scratch account.
    """
    translated, outside, notes, program = (kept if len(text) <= LONGEST_KEPT else read)(text, place)
    deed = partial(answer, program) if program and not outside else None
    return Translation(statement=NOTHING if deed is not None else translated, outside=outside, notes=notes, answer=deed)


def read(text: str, place: ScratchPlace) -> tuple[str, str, tuple[str, ...], str]:
    """Return a text's translation, what it changes outside, the notes, and it as a program to be created over the given account."""
    found = list(statements(text, place.dialect))
    edits = [edit for statement in found for edit in find_edits(statement, place)]
    translated = apply_edits(edits, text)
    program = define(found[0], place) if len(found) == 1 and not place.trusts else ""
    return translated, find_outside(translated, place), tuple(edit.note for edit in edits if edit.note), program


kept = lru_cache(1024)(read)


def find_edits(statement: StatementTokens, place: ScratchPlace) -> Iterator[Edit]:
    """Yield what is changed in one statement."""
    tokens = statement.tokens
    keys = [token.key for token in tokens]
    if is_about_accounts(keys, 0) or keys[:2] == ["FLUSH", "PRIVILEGES"]:
        why = "accounts and their rights belong to the whole server"
        yield Edit(tokens[0].start, tokens[-1].end, NOTHING, f"Not run: {show(tokens, statement.source)}; {why}")
    elif keys[0] == "SET":
        yield from edit_settings(statement, place)
    elif keys[0] in {"USE", "CREATE", "ALTER"} and (named := find_given(tokens, keys, place)) is not None:
        note = f"The database {named.text} in {keys[0]}{' DATABASE' * (keys[0] != 'USE')} became the scratch database"
        yield Edit(named.start, named.end, quote(place.own), note)
    elif place.definer is not None and (span := find_definer(tokens, keys)) is not None:
        start, end = tokens[span[0]].start, tokens[span[1] - 1].end
        note = f"DEFINER={statement.source[start:end]} became the scratch account, the only one whose rights it may use"
        yield Edit(start, end, "CURRENT_USER", note.replace("%%", "%"))


def find_given(tokens: Sequence[SqlToken], keys: Sequence[str], place: ScratchPlace) -> SqlToken | None:
    """Return the name of the given database in a statement that means the database which it runs in."""
    named = named_database(tokens, keys, 0)
    if named is None or place.is_own(named.text) or not place.is_given(named.text):
        return None
    return named if keys[0] != "CREATE" or keys[2:4] == ["IF", "NOT"] else None


def edit_settings(statement: StatementTokens, place: ScratchPlace) -> Iterator[Edit]:
    """Yield what is changed in SET: settings of the binary log, which the scratch account may not change and need not."""
    if place.definer is None:
        return
    tokens, source = statement.tokens, statement.source
    assignments = list(split(tokens[1:]))
    left = [each for each in assignments if not is_of_the_log(each, is_alone=len(assignments) == 1)]
    if len(left) < len(assignments):
        new = ", ".join(source[each[0].start : each[-1].end] for each in left if each)
        note = f"Not run: {show(tokens, source)}; what is written to the binary log belongs to the whole server"
        yield Edit(tokens[0].start, tokens[-1].end, f"SET {new}" if left else NOTHING, note)


def split(tokens: Sequence[SqlToken]) -> Iterator[Sequence[SqlToken]]:
    """Yield the parts between commas, those in parentheses left out."""
    depth = start = 0
    for at, token in enumerate(tokens):
        depth += (token.key == "(") - (token.key == ")")
        if depth == 0 and token.key == ",":
            yield tokens[start:at]
            start = at + 1
    yield tokens[start:]


def is_of_the_log(assignment: Sequence[SqlToken], *, is_alone: bool) -> bool:
    """Return whether an assignment of SET is one of the binary log that may be left out."""
    keys = [token.key or token.text.upper() for token in assignment]
    ends = [at for at, key in enumerate(keys) if key in {"=", ":="}]
    target = [key.lstrip("@") for key in keys[: ends[0]]] if ends else []
    scope = set(target[:-1]) & {"GLOBAL", "PERSIST"}
    if target[-1:] == ["SQL_LOG_BIN"]:
        return not scope
    return target[-1:] == ["LOG_BIN_TRUST_FUNCTION_CREATORS"] and bool(scope) and is_alone


def find_definer(tokens: Sequence[SqlToken], keys: Sequence[str]) -> tuple[int, int] | None:
    """Return where the account in DEFINER=… begins and ends, unless it is CURRENT_USER; None where there is none."""
    if keys[0] not in {"CREATE", "ALTER"} or "DEFINER" not in keys:
        return None
    at = list(keys).index("DEFINER")
    if list(keys[at + 1 : at + 2]) != ["="] or not PROGRAMS.isdisjoint(keys[1:at]) or at + 2 >= len(tokens):
        return None
    if keys[at + 2] in {"CURRENT_USER", "CURRENT_ROLE"}:
        return None
    return at + 2, end_of_account(tokens, at + 2)


def end_of_account(tokens: Sequence[SqlToken], at: int) -> int:
    """Return where an account that begins at a place ends: `root`@`%`, root@db-1.example.com, CURRENT_USER()."""
    end = at + 1
    if [token.key for token in tokens[end : end + 2]] == ["(", ")"]:
        return end + 2
    if end < len(tokens) and tokens[end].text.startswith("@"):
        end += 2 if tokens[end].text == "@" else 1
        while end < len(tokens) and tokens[end].start == tokens[end - 1].end and tokens[end].key not in {"(", ";"}:
            end += 1  # a host with dots or hyphens
    return min(end, len(tokens))


def define(statement: StatementTokens, place: ScratchPlace) -> str:
    """Return a trigger's or function's definition with the scratch account as its definer, to be run over the given account.

    Nothing for any other statement. It is spelled from its tokens, without comments, some of which only some servers execute: what
    runs over the given account must be the statement that was read here.
    """
    tokens, keys = statement.tokens, [token.key for token in statement.tokens]
    if tokens[-1].key == HOLE:  # its end was not read
        return ""
    if keys[:2] == ["ALTER", "FUNCTION"]:
        return spell(tokens, statement.source)
    at = 3 if keys[1:3] == ["OR", "REPLACE"] else 1
    head = spell(tokens[:at], statement.source)
    if keys[at : at + 2] == ["DEFINER", "="]:
        at = end_of_account(tokens, at + 2)
    is_one = keys[0] == "CREATE" and (
        keys[at : at + 1] in (["TRIGGER"], ["FUNCTION"]) or keys[at : at + 2] == ["AGGREGATE", "FUNCTION"]
    )
    return f"{head} DEFINER={place.definer} {spell(tokens[at:], statement.source)}" if is_one else ""


def spell(tokens: Sequence[SqlToken], source: str) -> str:
    """Write tokens as they are in a text, one space in place of whatever is between two."""
    parts = [source[token.start : token.end] for token in tokens]
    gaps = [" " * (after.start > before.end) for before, after in pairwise(tokens)]
    return "".join(part + gap for part, gap in zip(parts, [*gaps, ""], strict=True))


def show(tokens: Sequence[SqlToken], source: str) -> str:
    """Return a statement in one line for a note, its passwords masked."""
    secrets = [
        Edit(token.start, token.end, "'***'")
        for before, token in pairwise(tokens)
        if token.kind == "string" and before.key in SECRET
    ]
    words = " ".join(apply_edits(secrets, source[: tokens[-1].end])[tokens[0].start :].split()).replace("%%", "%")
    return words if len(words) <= LONGEST else f"{words[:LONGEST]}…"
