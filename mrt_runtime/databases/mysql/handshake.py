"""What the first connection to a server found out, so that the others need not find it out again: whether it uses TLS.

PyMySQL from 1.2 on asks every server for TLS and reads all of the system's certificates first, which it then does not look at.
That takes longer than all the rest of connecting, and each step of each migration connects again.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

PLACE = ("host", "port", "unix_socket")
DRIVER = "pymysql"


class Handshake:
    """Completes the arguments of `pymysql.connect` for one server; those that say something of TLS themselves are left alone."""

    def __init__(self) -> None:
        self._place: tuple[object, ...] = ()
        self._found: dict[str, Any] = {}

    def watch(self, engine: Engine) -> Engine:
        """Complete what this engine connects with, and return the engine."""

        def before_connect(dialect: Any, _record: object, _arguments: object, settings: dict[str, Any]) -> None:
            self.complete(dialect.driver, settings)

        event.listen(engine, "do_connect", before_connect)
        return engine

    def learn(self, engine: Engine, dbapi_connection: Any) -> None:
        """Remember how a connection that had the choice came about."""
        if engine.dialect.driver == DRIVER and getattr(dbapi_connection, "_ssl_required", None) is False:
            context = getattr(dbapi_connection, "ctx", None)
            is_secure = bool(getattr(dbapi_connection, "_secure", False))
            if getattr(dbapi_connection, "unix_socket", None):  # which the driver takes for secure, with TLS or without
                is_secure = isinstance(getattr(dbapi_connection, "_sock", None), ssl.SSLSocket)
            self._found = {"ssl": context} if is_secure else {"ssl_disabled": True}
            self._place = place_of(engine.dialect.create_connect_args(engine.url)[1])

    def complete(self, driver: str, settings: dict[str, Any]) -> None:
        """Add what is known of the server, where it is that server and nothing else is asked for."""
        has_own = any(name.startswith(("ssl", "read_default")) for name in settings)
        if driver == DRIVER and not has_own and place_of(settings) == self._place:
            settings.update(self._found)


def place_of(settings: Mapping[str, Any]) -> tuple[object, ...]:
    """Return which server the arguments lead to."""
    return tuple(settings.get(name) for name in PLACE)
