"""A session of env.py's that is kept open where env.py closes it: its next run gets it in place of a new one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol


class KeptSession(Protocol):
    """At most one session of one scratch database. All methods may be called whether there is one or not."""

    def begin(self) -> None:
        """Note that a run of env.py begins."""

    def take(self, driver: str, arguments: Sequence[Any], settings: Mapping[str, Any]) -> Any | None:
        """Return a connection that a driver's connect() would return for these arguments; None where it has to be asked."""

    def is_taken(self, dbapi_connection: Any) -> bool:
        """Whether `take` returned this connection: it was proved to be the scratch database's when it was new."""

    def lacks(self, dbapi_connection: Any, type_name: str) -> bool:
        """Whether this connection, which `take` returned, is known to find no type of this name."""

    def watch(self, dbapi_connection: Any) -> None:
        """Read every statement on a proved connection before it is sent: after some a session cannot become like a new one."""

    def keep(self, dbapi_connection: Any) -> bool:
        """Keep a proved connection that is about to be closed; False where it has to be closed."""

    def close(self) -> None:
        """Close it: the database is about to be copied, replaced or dropped, or a run of env.py has failed."""


class NoKeptSession:
    """For databases where connecting costs little, and sessions that cannot become like new ones."""

    def begin(self) -> None:
        """Do nothing."""

    def take(self, driver: str, arguments: Sequence[Any], settings: Mapping[str, Any]) -> None:
        """Return nothing."""

    def is_taken(self, dbapi_connection: Any) -> bool:  # noqa: ARG002  as the protocol has it
        """Return False."""
        return False

    def lacks(self, dbapi_connection: Any, type_name: str) -> bool:  # noqa: ARG002  as the protocol has it
        """Return False."""
        return False

    def watch(self, dbapi_connection: Any) -> None:
        """Do nothing."""

    def keep(self, dbapi_connection: Any) -> bool:  # noqa: ARG002  as the protocol has it
        """Return False."""
        return False

    def close(self) -> None:
        """Do nothing."""
