"""The files that an editor has open: looked at again, soon, whenever one of them or anything around them may have changed."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import stack_size
from typing import Final, NamedTuple, TypeVar

from lsprotocol.types import Diagnostic
from pygls.uris import to_fs_path
from pygls.workspace import TextDocument

from mrt_lint.lsp.buffer_text import encoded
from mrt_lint.lsp.checker import CheckRound, EditorChecker
from mrt_lint.lsp.diagnostics import diagnostics_of, mistake
from mrt_lint.lsp.text_position import lines_of
from mrt_lint.model.finding import Finding
from mrt_lint.parse.reading import prepare
from mrt_lint.usage import UsageError

_PAUSE: Final = 0.04
"""Seconds without a keystroke before a text is looked at."""
# a thread of macOS has half a megabyte, which a deeply nested file would overrun
_STACK: Final = 16 << 20

_Answer = TypeVar("_Answer")

ShownDiagnostics = list[tuple[Diagnostic, Finding | None]]
"""What an editor shows of a file, each with the finding that it is about."""


class OpenText(NamedTuple):
    """The text of one open file at one moment."""

    document: TextDocument
    file: Path
    text: str
    version: int | None


class OpenFiles:
    """Looks at the open files in a thread of its own, the one that was changed first, and publishes what has become different.

    `documents` returns those that are open now; `publish` is given a URI, the version that was looked at, and what to show.
    """

    def __init__(
        self,
        documents: Callable[[], dict[str, TextDocument]],
        publish: Callable[[str, int | None, list[Diagnostic]], None],
    ) -> None:
        self._documents = documents
        self._publish = publish
        self._checker = EditorChecker()
        stack_size(_STACK)
        self._thread = ThreadPoolExecutor(1, "mrt")
        self._waiting: dict[str, None] = {}
        self._changes = 0
        self._task: asyncio.Task[None] | None = None
        self._shown: dict[str, ShownDiagnostics] = {}

    def touch(self, uri: str | None = None) -> None:
        """Look at all open files soon, at this one first: what is in one may decide what is wrong with another."""
        self._changes += 1
        first = {} if uri is None else {uri: None}
        self._waiting = first | self._waiting | dict.fromkeys(self._documents())
        if self._task is None or self._task.done():
            self._task = asyncio.get_running_loop().create_task(self._work())

    def close(self, uri: str) -> None:
        """Take back what is shown of a file."""
        self._show(uri, None, [])
        self._shown.pop(uri, None)
        self.touch()

    def stop(self) -> None:
        """Begin nothing more."""
        self._waiting.clear()
        self._thread.shutdown(wait=False, cancel_futures=True)

    def shown(self, uri: str) -> ShownDiagnostics:
        """Return what is shown of a file."""
        return self._shown.get(uri, [])

    async def settle(self) -> None:
        """Wait until everything that has changed was looked at."""
        while self._task is not None and not self._task.done():
            await asyncio.shield(self._task)

    async def in_thread(self, work: Callable[[CheckRound], _Answer]) -> _Answer:
        """Do a piece of work on all files as they are now, in a thread, so that no request has to wait."""
        texts = {opened.file: opened.text for opened in self._opened().values()}
        return await self._run(lambda: work(self._begin(texts)))

    async def _work(self) -> None:
        while self._waiting:
            before = -1
            while before != self._changes:
                before = self._changes
                await asyncio.sleep(_PAUSE)
            opened = self._opened()
            texts = {entry.file: entry.text for entry in opened.values()}
            checks = await self._run(lambda texts=texts: self._begin(texts))  # type: ignore[misc]  # mypy cannot infer the default
            while self._waiting and before == self._changes:
                uri = next(iter(self._waiting))
                if uri in opened:
                    entry = opened[uri]
                    shown = await self._run(lambda checks=checks, entry=entry: _look(checks, entry))  # type: ignore[misc]  # as above
                    if before != self._changes:  # what was found would be shown in the wrong place
                        break
                    self._show(uri, entry.version, shown)
                self._waiting.pop(uri, None)
        # a history that comes from the cache needs no parser: the first edit need not wait for its import
        with suppress(RuntimeError):  # the editor may have left
            self._thread.submit(prepare)

    def _opened(self) -> dict[str, OpenText]:
        """Return the Python files among the documents that are open, by URI."""
        found = ((uri, document, file_of(uri)) for uri, document in self._documents().items())
        return {
            uri: OpenText(document, file, document.source, document.version) for uri, document, file in found if file is not None
        }

    def _begin(self, texts: dict[Path, str]) -> CheckRound:
        return self._checker.round({file: encoded(text) for file, text in texts.items()})

    async def _run(self, work: Callable[[], _Answer]) -> _Answer:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)

    def _show(self, uri: str, version: int | None, shown: ShownDiagnostics) -> None:
        diagnostics = [diagnostic for diagnostic, _ in shown]
        if diagnostics != [diagnostic for diagnostic, _ in self.shown(uri)]:
            self._publish(uri, version, diagnostics)
        self._shown[uri] = shown


def _look(checks: CheckRound, opened: OpenText) -> ShownDiagnostics:
    """Return what is to be shown of a file; whatever goes wrong is shown in it, too."""
    units = opened.document.position_codec.client_num_units
    try:
        check = checks.check(opened.file)
    except UsageError as error:
        return [(mistake(str(error), lines_of(opened.text), units), None)]
    except Exception as error:  # noqa: BLE001  one file must not end the service for all others
        why = f"looking at it failed ({type(error).__name__}: {error})"
        return [(mistake(why, lines_of(opened.text), units), None)]
    return [] if check is None else diagnostics_of(check, opened.text, units)


def file_of(uri: str) -> Path | None:
    """Return the Python file that a URI names, None for everything else."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return Path(os.path.abspath(path)) if path and path.endswith(".py") else None  # noqa: PTH100  resolve() would follow links
