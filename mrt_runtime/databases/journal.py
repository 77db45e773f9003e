"""What a run notes about its own work in a database that others may use too, so that it can prove later what is its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from sqlalchemy import Connection


class Journal(Protocol):
    """Notes what the connections of this run do in a scratch database."""

    def admit(self, dbapi_connection: Any) -> None:
        """Note that this connection is the run's own."""

    def before_commit(self, connection: Connection) -> None:
        """Note what is about to be committed."""

    def execute(self, connection: Connection, statement: str, run: Callable[[], None]) -> bool:
        """Execute a statement with `run`, noting what it does by itself, outside of a transaction; False where that is not needed."""

    def require_alone(self, connection: Connection) -> None:
        """Raise ConfigurationError where something is there that this run cannot prove to be its own."""


class NoJournal:
    """Notes nothing: no other than this run works in its scratch database."""

    def admit(self, dbapi_connection: Any) -> None:
        """Do nothing."""

    def before_commit(self, connection: Connection) -> None:
        """Do nothing."""

    def execute(self, connection: Connection, statement: str, run: Callable[[], None]) -> bool:  # noqa: ARG002  as the protocol says
        """Leave the statement to the caller."""
        return False

    def require_alone(self, connection: Connection) -> None:
        """Do nothing."""
