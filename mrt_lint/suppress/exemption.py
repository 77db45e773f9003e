"""What a project has agreed not to be told, for some files or for one revision, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dataclasses import dataclass
else:
    from mrt_lint.model.lean import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """Codes, or prefixes of codes, that are accepted in the files that a pattern matches, or else in one revision.

    A pattern is a path from the project's root, or the end of one; `*` matches anything, slashes included.
    """

    codes: tuple[str, ...]
    reason: str
    files: str | None = None
    revision: str | None = None

    def covers(self, code: str, revision: str | None, path: str) -> bool:
        """Return whether a finding is meant, given its code, its revision and its path from the root, with slashes."""
        from fnmatch import fnmatchcase  # noqa: PLC0415  settings are read by every run, this by few

        if not code.startswith(self.codes):
            return False
        if self.files is None:
            return revision is not None and revision == self.revision
        return fnmatchcase(path, self.files) or fnmatchcase(path, f"*/{self.files}")
