"""One file that `mrt init` proposes to write."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from mrt_lint.check.engine import read_file, shown
from mrt_lint.fix.diff import harmless, unified
from mrt_lint.fix.write import create_file, write_file
from mrt_lint.report.style import counted
from mrt_lint.usage import UsageError

_LONGEST: Final = 60
"""Lines of a new file that are shown; a longer one is data."""


@dataclass(frozen=True)
class FileChange:
    """A file with the bytes that it has, None for one that is new, and those that it gets; `purpose` is what for."""

    path: Path
    before: bytes | None
    after: bytes
    purpose: str

    @property
    def name(self) -> str:
        """The path as people want to read it."""
        return os.path.relpath(self.path)

    def diff(self) -> str:
        """Return what would change, as a unified diff for a terminal; of a long new file its length only."""
        lines = self.after.count(b"\n")
        if self.before is None and lines > _LONGEST:
            return f"--- {self.name}\n+++ {self.name}\n({counted(lines, 'line')})\n"
        return harmless(unified(self.name, self.before or b"", self.after))

    def write(self) -> None:
        """Write the file in one move. Raises UsageError, and changes nothing, if it cannot be, or is not what it was."""
        if self.before is None:
            create_file(self.path, self.after, shown_as=self.name)
        else:
            write_file(self.path, self.before, self.after, shown_as=self.name, command="mrt init")


class FileText:
    """The text of a file with plain line ends; what is made of it gets back those that the file has."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.content = read_file(path) if path.exists() else None
        try:
            text = (self.content or b"").decode("utf-8")
        except UnicodeDecodeError:
            raise UsageError(f"{shown(path)} is not UTF-8, and was left alone.") from None
        self._has_crlf = "\r\n" in text and "\n" not in text.replace("\r\n", "")
        self.text = text.replace("\r\n", "\n") if self._has_crlf else text

    def changed(self, text: str, purpose: str) -> FileChange:
        """Return the change that gives the file another text."""
        after = text.replace("\n", "\r\n") if self._has_crlf else text
        return FileChange(self.path, self.content, after.encode(), purpose)
