"""The project's own modules, imported again for env.py where the copies of this process remember another database."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

INSTALLED = frozenset({"site-packages", "dist-packages"})


class ModuleSpace:
    """A second set of the modules under a folder.

    A settings module is imported once and keeps the URL that it read; in a test session that may have been before
    MRTConfig.env was in force. Until `open` is called nothing is exchanged, because importing twice can have effects.
    """

    def __init__(self, home: Path) -> None:
        self._home = f"{home}/"
        self._is_open = False
        self._own: dict[str, ModuleType] = {}
        self._elsewhere: set[str] = set()

    def open(self) -> bool:
        """Exchange modules from now on; False where that is so already."""
        was_open, self._is_open = self._is_open, True
        return not was_open

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """Run the body among this space's modules; those of the process are back afterwards."""
        if not self._is_open:
            yield
            return
        of_the_process = self._take()
        sys.modules.update(self._own)
        try:
            yield
        finally:
            self._own = self._take()
            sys.modules.update(of_the_process)

    def _take(self) -> dict[str, ModuleType]:
        """Remove the modules under the folder, and return them."""
        unknown = sys.modules.keys() - self._elsewhere
        taken = {name: sys.modules[name] for name in unknown if self._is_here(sys.modules[name])}
        self._elsewhere |= unknown - taken.keys()
        for name in taken:
            del sys.modules[name]
        return taken

    def _is_here(self, module: ModuleType) -> bool:
        file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", ())), "")
        return is_own(str(file), self._home)


def is_own(file: str, home: str) -> bool:
    """Whether a file is the project's, and not installed in an environment within its folder. home: with a slash at its end."""
    return file.startswith(home) and not is_installed(Path(file))


def is_installed(file: Path) -> bool:
    """Whether a file is a package's that was installed, wherever the environment is."""
    return not INSTALLED.isdisjoint(file.parts)
