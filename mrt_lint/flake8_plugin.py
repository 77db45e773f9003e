"""The flake8 plugin: the findings of `mrt check` in every editor and hook that runs flake8.

flake8 hands over each file of a project; one that is no migration costs a search through its text and imports nothing.
"""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, ClassVar

from mrt_lint import __version__
from mrt_lint.gate import is_migration

if TYPE_CHECKING:
    import ast
    from pathlib import Path

    from flake8.options.manager import OptionManager

    from mrt_lint.cache.store import DiskCache
    from mrt_lint.check.engine import CheckEngine
    from mrt_lint.model.finding import Finding
    from mrt_lint.settings import Settings


class MigrationChecker:
    """Checks one file for flake8, which makes an instance for each and runs it."""

    name: ClassVar[str] = "pytest-mrt"
    version: ClassVar[str] = __version__

    def __init__(self, tree: ast.AST, filename: str, lines: Sequence[str], options: Namespace) -> None:  # noqa: ARG002  flake8 passes them by name
        self._filename = filename
        self._text = "".join(lines)
        self._options = options

    @staticmethod
    def add_options(option_manager: OptionManager) -> None:
        """Add our options to flake8's command line and configuration."""
        add = option_manager.add_option
        add("--mrt-dialect", default=None, parse_from_config=True, help="database of the migrations (default: [tool.mrt] dialect)")
        add("--mrt-pg-version", default=None, parse_from_config=True, help="the oldest PostgreSQL they run on (default: 14)")
        add("--mrt-mysql-version", default=None, parse_from_config=True, help="the oldest MySQL they run on (default: 8.4)")
        add("--mrt-mariadb-version", default=None, parse_from_config=True, help="the oldest MariaDB they run on (default: 10.11)")

    @staticmethod
    def parse_options(option_manager: OptionManager, options: Namespace, args: list[str]) -> None:  # noqa: ARG004  flake8 calls it so
        """End flake8 with one sentence where the options or `[tool.mrt]` cannot be meant."""
        from mrt_lint.usage import UsageError  # noqa: PLC0415  see the module

        try:
            settings = settings_of(options)
            _look_up_codes(settings)
            _read_lock(settings)
            _read_baseline(settings)
            _read_statistics(settings)
        except UsageError as error:
            from mrt_lint.escape import printable  # noqa: PLC0415  see the module

            option_manager.parser.error(printable(str(error)))

    def run(self) -> Iterator[tuple[int, int, str, type]]:
        """Yield (line, column from 0, text, type) for each finding."""
        if not is_migration(self._text.encode("utf-8", "replace")):
            return
        from mrt_lint.escape import printable  # noqa: PLC0415  see the module

        for finding in self._findings():
            text = printable(f"{finding.code} {finding.name}: {finding.message}")
            yield finding.place.line, finding.place.column - 1, text, type(self)

    def _findings(self) -> Sequence[Finding]:
        from pathlib import Path  # noqa: PLC0415  see the module

        from mrt_lint.check.engine import shown  # noqa: PLC0415  see the module

        file = Path(os.path.abspath(self._filename))  # noqa: PTH100  resolve() would follow links
        report = self._engine(file).check([file]).only({shown(file)})
        return report.findings + report.suppressed if self._options.disable_noqa else report.findings

    def _engine(self, file: Path) -> CheckEngine:
        """Return the engine of this process, or one of its own to a text that is not as it is on disk."""
        from mrt_lint.check.engine import CheckEngine  # noqa: PLC0415  see the module
        from mrt_lint.suppress.noqa import read_lines  # noqa: PLC0415  see the module

        settings = settings_of(self._options)
        if file.is_file() and "".join(read_lines(file.read_bytes())) == self._text:
            return _engine_for(settings)
        # an editor's buffer: what is kept of it must not be found for the file on disk
        return CheckEngine(settings, cache=_cache_at(settings.root), sources={file: _encode(self._text)})


def settings_of(options: Namespace) -> Settings:
    """Merge flake8's options into `[tool.mrt]`; an opt-in rule is on if flake8 selects it by its digits."""
    from dataclasses import replace  # noqa: PLC0415  see the module
    from pathlib import Path  # noqa: PLC0415  see the module

    from mrt_lint.settings import load_settings  # noqa: PLC0415  see the module

    selected = [*(options.select or ()), *(options.extend_select or ())]
    settings = load_settings(Path.cwd()).over(
        dialect=options.mrt_dialect,
        pg_version=options.mrt_pg_version,
        mysql_version=options.mrt_mysql_version,
        mariadb_version=options.mrt_mariadb_version,
    )
    return replace(settings, borrowed=tuple(code for code in selected if code.startswith("MRT")))


def _look_up_codes(settings: Settings) -> None:
    """Raise UsageError for a code that no rule has: past this flake8 shows it as a crash of ours."""
    if settings.select or settings.extend_select or settings.ignore or settings.files or settings.revisions:
        from mrt_lint.check.judgement import choose  # noqa: PLC0415  brings the rules

        choose(settings)


def _read_lock(settings: Settings) -> None:
    """Raise UsageError for a lock file that cannot be read, before flake8 has begun."""
    from mrt_lint.files.lock import LOCK_FILE  # noqa: PLC0415  see the module

    file = settings.root / LOCK_FILE
    if file.exists():
        from mrt_lint.check.engine import read_file  # noqa: PLC0415  see the module
        from mrt_lint.files.lock import loads  # noqa: PLC0415  see the module

        loads(read_file(file))


def _read_baseline(settings: Settings) -> None:
    """Raise UsageError for a baseline that is needed and cannot be read, before flake8 has begun."""
    if settings.lock_warnings != "always":
        from mrt_lint.suppress.baseline import with_deployed  # noqa: PLC0415  see the module

        with_deployed(settings)


def _read_statistics(settings: Settings) -> None:
    """Raise UsageError for a file of sizes that cannot be read, before flake8 has begun."""
    from mrt_lint.files.statistics_file import with_statistics  # noqa: PLC0415  see the module

    with_statistics(settings)


@cache
def _engine_for(settings: Settings) -> CheckEngine:
    from mrt_lint.check.engine import CheckEngine  # noqa: PLC0415  see the module

    return CheckEngine(settings, cache=_cache_at(settings.root))


@cache
def _cache_at(root: Path) -> DiskCache:
    from mrt_lint.cache.store import DiskCache  # noqa: PLC0415  see the module

    return DiskCache(root)


def _encode(text: str) -> bytes:
    """Undo what flake8 did to the bytes, with the encoding that the text declares."""
    import io  # noqa: PLC0415  see the module
    import tokenize  # noqa: PLC0415  see the module

    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(text.encode("utf-8", "replace")).readline)
    except SyntaxError:
        encoding = "utf-8"
    return text.encode(encoding, "replace")
