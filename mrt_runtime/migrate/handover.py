"""`config.attributes`, where an env.py written after Alembic's cookbook looks for a connection before it opens its own."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from mrt_runtime.databases import Scratch

if TYPE_CHECKING:
    from typing_extensions import Self

KEY = "connection"


class HandoverAttributes(dict[str, Any]):
    """Opens a connection to the scratch database when env.py asks for one, and not before: most env.py files never do.

    Some of them expect an engine there and call `connect()` on it; that works too.
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
        connection = self._connection = self[KEY] = self._scratch.engine.connect()
        connection.connect = lambda: contextlib.nullcontext(connection)  # type: ignore[attr-defined]  # some expect an engine
        return connection

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
