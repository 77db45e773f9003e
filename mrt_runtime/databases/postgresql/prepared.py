"""Queries of the catalogue that a session prepares once: planning them takes longer than answering them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

PREFIX = "mrt_"
KNOWN = f"ARRAY(SELECT name FROM pg_prepared_statements WHERE name ^@ '{PREFIX}')"
"""Which are prepared, asked at each reading: psycopg deallocates them all when it clears a cache of its own."""


class PreparedQueries:
    """The queries that one session has prepared, each by its name."""

    def __init__(self, cursor: Any, known: Collection[str]) -> None:
        """Take a cursor of the session, and what `KNOWN` returned in it."""
        self._cursor = cursor
        self._known = set(known)

    def run(self, name: str, query: str, kind: str | None = None, value: str = "") -> list[Any]:
        """Return the rows of a query, which is the same one whenever it is run under this name.

        kind, value: the type and the text of what it takes as `$1`, where it takes something.
        """
        name = PREFIX + name
        if name not in self._known:
            self._cursor.execute(f"PREPARE {name}{f' ({kind})' if kind else ''} AS {query}")
            self._known.add(name)
        self._cursor.execute(f"EXECUTE {name}" + (f" ('{value}')" if kind else ""))
        rows: list[Any] = self._cursor.fetchall()
        return rows

    def run_among(self, name: str, query: str, oids: Collection[int]) -> list[Any]:
        """Return the rows of a query that takes OIDs as `$1`."""
        return self.run(name, query, "oid[]", f"{{{','.join(map(str, oids))}}}")
