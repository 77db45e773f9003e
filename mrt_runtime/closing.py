"""What has to be closed at its end, and closes itself as a context manager."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.sentences import warn

if TYPE_CHECKING:
    from types import TracebackType

    from typing_extensions import Self


class ClosingSession(ABC):
    """Work on databases of its own, which are dropped at its end, however that comes."""

    @abstractmethod
    def close(self) -> None:
        """Drop the databases and let go of the server. Raises ConfigurationError where the server does not allow it."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            if error is None:
                self.close()
            else:
                self._abandon(is_reported=not isinstance(error, KeyboardInterrupt))
        except KeyboardInterrupt:  # before it had begun: from then on a signal waits for its end
            self._abandon(is_reported=False)
            raise

    def _abandon(self, *, is_reported: bool = True) -> None:
        """Close where an error is on its way already: it says more than that dropping fails as well."""
        try:
            self.close()
        except ConfigurationError as error:
            if not is_reported:
                warn(str(error))
