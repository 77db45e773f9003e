"""The project's env.py as a file that is executed again and again: it is compiled once for as long as it stays the same."""

from __future__ import annotations

from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType

from alembic.script import ScriptDirectory

NAME = "env_py"
"""What Alembic calls the module."""


class EnvFile(SourceFileLoader):
    """Loads env.py as Alembic does, as a new module each time."""

    def __init__(self, path: str) -> None:
        super().__init__(NAME, path)
        self._known: tuple[object, CodeType | None] = None, None

    def get_code(self, fullname: str) -> CodeType | None:
        """Return what the file was compiled to, the last time where it did not change since."""
        state = Path(self.path).stat()
        mark = state.st_ino, state.st_mtime_ns, state.st_size
        if self._known[0] != mark:
            self._known = mark, super().get_code(fullname)
        return self._known[1]

    def run(self, directory: ScriptDirectory) -> None:
        """Execute it; by Alembic itself where there is only what it was compiled to."""
        spec = spec_from_file_location(NAME, self.path, loader=self) if Path(self.path).exists() else None
        if spec is None:
            directory.run_env()
        else:
            self.exec_module(module_from_spec(spec))
