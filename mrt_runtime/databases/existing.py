"""The given database itself, used by a role that may not create databases: what is the same on every server."""

from __future__ import annotations

from abc import ABC, abstractmethod

from mrt_runtime.databases.protocol import Checkpoint


class ExistingContents(ABC):
    """Drops what this run made there, and nothing that it cannot prove to be its own. There are no copies."""

    def copy(self) -> Checkpoint | None:
        """Return None: a copy would take the right to create databases."""
        return None

    def replace_by(self, copy: Checkpoint) -> None:
        """Refuse: there are no copies."""
        raise TypeError(f"{copy!r} is not a checkpoint of this database, which has none")

    def _prepare_locked(self) -> str | None:
        """Prepare the database under the lock that keeps other runs out, which is let go of where that does not succeed."""
        try:
            obstacle = self._prepare()
        except BaseException:
            self._unlock()
            raise
        if obstacle is not None:
            self._unlock()
        return obstacle

    @abstractmethod
    def _prepare(self) -> str | None:
        """Drop what killed runs left and leave this run's mark; return why the database cannot be used where it cannot."""

    @abstractmethod
    def _unlock(self) -> None:
        """Release the lock that keeps other runs out."""
