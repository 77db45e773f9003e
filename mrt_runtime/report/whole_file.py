"""A report in a file that is there whole or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mrt_runtime.config import ConfigurationError


class WholeFile(io.StringIO):
    """Takes a report and puts it into its file at once, by `keep`; until then an older file stays as it is.

    Raises ConfigurationError where the file cannot be written: when it is made, as far as that is known then.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._target = path.resolve()
        # Nothing is put in the place of a device or a pipe, and nothing beside it.
        self._is_special = self._target.exists() and not self._target.is_file()
        with self._telling():
            if self._target.is_dir():
                raise IsADirectoryError(21, "Is a directory")
            if not self._is_special:
                self._make_beside().unlink()

    def keep(self) -> None:
        """Write what was taken so far."""
        with self._telling():
            if self._is_special:
                self._target.write_text(self.getvalue(), encoding="utf-8")
                return
            beside = self._make_beside()
            try:
                beside.write_text(self.getvalue(), encoding="utf-8")
                if self._target.exists():
                    shutil.copymode(self._target, beside)
                beside.replace(self._target)
            except BaseException:
                beside.unlink(missing_ok=True)
                raise

    def _make_beside(self) -> Path:
        """Make an empty file in the same folder, with the rights that a new file has there."""
        number, name = tempfile.mkstemp(prefix=f".{self._target.name}.", dir=self._target.parent)
        os.close(number)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        return Path(name)

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ConfigurationError(f"The report cannot be written to {self._path}: {error.strerror}.") from None
