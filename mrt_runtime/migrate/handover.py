"""`config.attributes`, where an env.py written after Alembic's cookbook looks for a connection before it opens its own."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from sqlalchemy.engine import Connection, RootTransaction

from mrt_runtime.databases import Scratch

if TYPE_CHECKING:
    from typing_extensions import Self

KEY = "connection"


class HandedTransaction:
    """A transaction of the handed connection: entered, it is the connection, as an engine's `begin()` returns it."""

    def __init__(self, connection: Connection, transaction: RootTransaction) -> None:
        self._connection = connection
        self._transaction = transaction

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transaction, name)

    def __enter__(self) -> Connection:
        self._transaction.__enter__()
        return self._connection

    def __exit__(self, *error: object) -> None:
        self._transaction.__exit__(*error)

    async def __aenter__(self) -> Connection:
        return self.__enter__()

    async def __aexit__(self, *error: object) -> None:
        self.__exit__(*error)


class Done:
    """What was done already, for who waits for it and who does not."""

    def __await__(self) -> Generator[None, None, None]:
        yield from ()


def play_engine(connection: Connection) -> Connection:
    """Return a connection with what env.py files call of an engine, an async one too, where they expect one to be handed over."""
    begin = connection.begin

    async def run_sync(work: Callable[..., Any], *values: Any, **named: Any) -> Any:
        return work(connection, *values, **named)

    connection.connect = lambda: contextlib.nullcontext(connection)  # type: ignore[attr-defined]  # an engine's
    connection.begin = lambda: HandedTransaction(connection, begin())  # type: ignore[method-assign, assignment, return-value]
    connection.run_sync = run_sync  # type: ignore[attr-defined]  # an AsyncConnection's
    connection.dispose = Done  # type: ignore[attr-defined]  # an engine's
    return connection


class HandoverAttributes(dict[str, Any]):
    """Opens a connection to the scratch database when env.py asks for one, and not before: most env.py files never do.

    Some of them expect an engine there, or an async one; that works too.
    """

    def __init__(self, scratch: Scratch) -> None:
        super().__init__()
        self._scratch = scratch
        self._connection: Connection | None = None

    def __contains__(self, key: object) -> bool:
        return key == KEY or super().__contains__(key)

    def __missing__(self, key: str) -> Any:
        if key != KEY:
            raise KeyError(key)
        self._connection = self[KEY] = play_engine(self._scratch.engine.connect())
        return self._connection

    def get(self, key: str, default: Any = None) -> Any:
        """Return an attribute, the connection among them."""
        return self[key] if key in self else default  # noqa: SIM401 - `get` is what is being defined

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        if self._connection is not None:
            with contextlib.closing(self._connection) as connection:
                if kind is None and not connection.closed:
                    connection.commit()  # the one who hands over a connection commits it; env.py does not
