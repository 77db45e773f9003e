"""Where a run is on a server, as what reads statements needs to know it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ScratchPlace:
    """The scratch database among the others of its server.

    own, given: the names of the scratch database and of the one in db_url; the second may be empty.
    definer: the scratch account as SQL spells it; None where there is none, and definers are left as they are.
    trusts: whether the server allows the scratch account to make triggers and functions; one that writes a binary log does not
        without `log_bin_trust_function_creators`.
    folds: whether names of databases are the same in capitals.
    """

    own: str
    given: str = ""
    dialect: str = "mysql"
    definer: str | None = None
    trusts: bool = True
    folds: bool = True

    def is_own(self, database: str) -> bool:
        """Return whether a name is the scratch database's."""
        return self._same(database, self.own)

    def is_given(self, database: str) -> bool:
        """Return whether a name is that of the database in db_url."""
        return bool(self.given) and self._same(database, self.given)

    def describe(self, database: str) -> str:
        """Return another database as a message names it, with what to write where it is the one in db_url."""
        remedy = " by its name (write names without the database: the run has a database of its own)"
        return f"the database {database}" + remedy * self.is_given(database)

    def _same(self, one: str, other: str) -> bool:
        return one.lower() == other.lower() if self.folds else one == other
