"""How two definitions of a view provably differ: in their columns, in their kind, or in whether it has rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from mrt_lint.analysis.downgrade.tracked_objects import readable
from mrt_lint.history.schema import fold, object_place
from mrt_lint.model.ops import CreateObject, Op, Statement

_UNSEEN: Final = re.compile(r"--[^\n]*|/\*.*?\*/", re.DOTALL)
_TEXT: Final = re.compile(r"'(?:[^']|'')*'")
_LISTED: Final = re.compile(r"\s*\(([\w\s,\"]+)\)")
_ALIAS: Final = re.compile(r"\bas\s+\"?(\w+)\"?\s*$", re.IGNORECASE)
_COLUMN: Final = re.compile(r"(?:\"?\w+\"?\.)*\"?([a-z_]\w*)\"?", re.IGNORECASE)
_MARK: Final = re.compile(r"[(),]|\b(?:select|from)\b", re.IGNORECASE)
_EMPTY: Final = re.compile(r"\bwith\s+no\s+data\s*;?\s*$", re.IGNORECASE)
_FILLED: Final = re.compile(r"\s*\bwith\s+data\s*;?\s*$|\s*;\s*$", re.IGNORECASE)


def difference(before: CreateObject, now: CreateObject, made: Iterable[CreateObject], behind: Iterable[Op]) -> str | None:
    """Return one clause on how a view differs from what it was; None if it need not.

    `made` are the definitions that upgrade() gave it, `behind` the operations after the one that made it last. The same query can
    be written in many ways, so another text alone proves nothing.
    """
    if before.kind != now.kind:
        return f"it was a {before.kind} and becomes a {now.kind}"
    if not readable(before.body) or not readable(now.body):
        return None
    was, becomes = columns_of(before.body), columns_of(now.body)
    if was is not None and becomes is not None and was != becomes:
        return f"its columns were ({', '.join(was)}) and become ({', '.join(becomes)})"
    plain = _plain(now.body)
    if plain != _plain(before.body) and any(readable(new.body) and _plain(new.body) == plain for new in made):
        return "it becomes what upgrade made of it"
    if _EMPTY.search(now.body) and not _EMPTY.search(before.body) and not any(_refreshes(op, now) for op in behind):
        return "it comes back WITH NO DATA, and who reads it fails until REFRESH MATERIALIZED VIEW has filled it"
    return None


def _refreshes(op: Op, view: CreateObject) -> bool:
    is_refresh = isinstance(op, Statement) and op.command.startswith("REFRESH")
    return is_refresh and isinstance(op, Statement) and fold(str(view.name)) in fold(op.text)


def is_filled(view: CreateObject) -> bool:
    """Return whether a materialized view has rows once it is created."""
    return not readable(view.body) or _EMPTY.search(view.body) is None


def same_place(one: CreateObject, other: CreateObject) -> bool:
    """Return whether two views have one name."""
    return object_place(one.kind, one.schema, str(one.name)) == object_place(other.kind, other.schema, str(other.name))


def columns_of(body: str) -> tuple[str, ...] | None:
    """Return the names of the columns of a view, folded; None where its text leaves one open."""
    text = _TEXT.sub("''", _UNSEEN.sub(" ", body))
    if listed := _LISTED.match(text):
        return tuple(fold(name.strip(' "\n\t')) for name in listed[1].split(","))
    found = tuple(map(_named, _selected(text)))
    return tuple(name for name in found if name is not None) if found and None not in found else None


def _selected(text: str) -> Iterator[str]:
    """Return what the first SELECT outside of parentheses selects."""
    depth, begun = 0, None
    for mark in _MARK.finditer(text):
        word = mark[0].lower()
        depth += {"(": 1, ")": -1}.get(word, 0)
        if depth or word in "()":
            continue
        if word == "select" and begun is None:
            begun = mark.end()
        elif begun is not None and word in {",", "from"}:
            yield text[begun : mark.start()].strip()
            begun = mark.end()
            if word == "from":
                return
    if begun is not None:
        yield _FILLED.sub("", text[begun:]).strip()


def _named(item: str) -> str | None:
    found = _ALIAS.search(item) or _COLUMN.fullmatch(item)
    return fold(found[1]) if found is not None else None


def _plain(body: str) -> str:
    """Return a query without comments and the spaces between its words."""
    return " ".join(re.findall(r"\w+|'(?:[^']|'')*'|[^\w\s]", fold(_FILLED.sub("", _UNSEEN.sub(" ", body)))))
