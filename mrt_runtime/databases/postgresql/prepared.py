"""Queries of the catalogue that a session prepares once: planning them takes longer than answering them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Hashable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mrt_runtime.databases.batch import fetch_all, is_apart

PREFIX = "mrt_"
ASK = f"SELECT name FROM pg_prepared_statements WHERE name ^@ '{PREFIX}'"
KNOWN = "pytest-mrt prepared"
"""Key in a connection's `info`, which lives exactly as long as the session: which queries it has prepared."""
SEEN = "pytest-mrt seen"
"""The same for the queries that `repeated` was asked for."""
MOST = 1000
"""How many queries a session prepares at most: it keeps a plan for each."""


@dataclass(frozen=True, slots=True)
class PreparedQuery:
    """A query that is the same one whenever it is run under this name; kind, value: the type and the text of its `$1`, if any."""

    name: str
    text: str
    kind: str = ""
    value: str = ""

    @classmethod
    def among(cls, name: str, text: str, oids: Collection[int]) -> PreparedQuery:
        """Return a query that takes OIDs as `$1`."""
        return cls(name, text, "oid[]", f"{{{','.join(map(str, oids))}}}")

    @property
    def prepare(self) -> str:
        """The statement that prepares it."""
        return f"PREPARE {PREFIX}{self.name}{self.kind and f' ({self.kind})'} AS {self.text}"

    @property
    def execute(self) -> str:
        """The statement that runs it."""
        value = f" ('{self.value}')" if self.kind else ""
        return f"EXECUTE {PREFIX}{self.name}{value}"


class PreparedQueries:
    """The queries that one session has prepared, each by its name."""

    def __init__(self, cursor: Any, info: MutableMapping[Any, Any]) -> None:
        """Take a cursor of the session, and the `info` of its connection."""
        self._cursor = cursor
        self._info = info
        if not is_apart(cursor):
            info.pop(KNOWN, None)  # a query that fails would take the transaction along

    def run(self, queries: Sequence[PreparedQuery | str]) -> list[list[Any]]:
        """Return the rows of each query; a text is one that is planned each time."""
        if KNOWN not in self._info:
            self._ask()
        known = self._info[KNOWN]
        try:
            return self._run(queries)
        except Exception:
            # a session that forgot what it had prepared is asked again what it knows
            if not is_apart(self._cursor) or self._ask() == known:
                raise
            return self._run(queries)

    def repeated(self, key: Hashable, write: Callable[[str], str], kind: str = "", value: str = "") -> PreparedQuery | str:
        """Return a query that may never come again: it is prepared where it comes for the second time.

        key: what its text depends on; write: returns the text for what `$1` is; kind, value: as those of a PreparedQuery.
        """
        seen: dict[Hashable, PreparedQuery] = self._info.setdefault(SEEN, {})
        known = seen.get(key)
        if known is not None and (PREFIX + known.name in self._info.get(KNOWN, ()) or len(self._info.get(KNOWN, ())) < MOST):
            return replace(known, value=value) if kind else known
        if known is None:
            text = write("$1")
            seen[key] = PreparedQuery(hashlib.md5(text.encode(), usedforsecurity=False).hexdigest(), text, kind)
        return write(f"'{value}'::{kind}") if kind else seen[key].text

    def _ask(self) -> frozenset[str]:
        [rows] = fetch_all(self._cursor, [ASK])
        known = self._info[KNOWN] = frozenset(str(name) for (name,) in rows)
        return known

    def _run(self, queries: Sequence[PreparedQuery | str]) -> list[list[Any]]:
        wanted = {query.name: query for query in queries if isinstance(query, PreparedQuery)}
        new = [query.prepare for name, query in wanted.items() if PREFIX + name not in self._info[KNOWN]]
        texts = [query if isinstance(query, str) else query.execute for query in queries]
        answers = fetch_all(self._cursor, [*new, *texts])
        self._info[KNOWN] |= {PREFIX + name for name in wanted}
        return answers[len(new) :]
