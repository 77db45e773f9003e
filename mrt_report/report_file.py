"""The file that a report goes to: whole at the end, or not at all."""

from __future__ import annotations

from pathlib import Path

from mrt_lint.usage import UsageError
from mrt_runtime.config import ConfigurationError
from mrt_runtime.report.whole_file import WholeFile


class ReportFile:
    """A file to be written at once. Raises UsageError where that cannot be done: before the work begins, if that is known then."""

    def __init__(self, path: str) -> None:
        self.path = path
        try:
            self._file = WholeFile(Path(path))
        except ConfigurationError as error:
            raise UsageError(str(error)) from None

    def write(self, text: str) -> None:
        """Put a whole report into the file."""
        try:
            self._file.write(text)
            self._file.keep()
        except ConfigurationError as error:
            raise UsageError(str(error)) from None
