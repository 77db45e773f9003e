"""A migration from its header alone, and the history of migrations of which some are known no better."""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Callable, Mapping
from dataclasses import replace

from mrt_lint.gate import MigrationHeader, read_header
from mrt_lint.history import History
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.migration import Migration
from mrt_lint.model.values import UNKNOWN, SourceSpan
from mrt_lint.parse.reading import MigrationSource, ReadResult, read

_PASSED_OVER = frozenset({tokenize.ENCODING, tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE})


def outline(path: str, source: bytes) -> Migration:
    """Make a migration of nothing but its header; `revision` is None if that names none."""
    return _outlined(path, read_header(source), "")


def outlines(
    sources: Mapping[str, bytes], read_full: Callable[[dict[str, bytes]], Mapping[str, ReadResult]]
) -> dict[str, Migration]:
    """Return every migration by its path, with its message, as far as its header shows; only an unusual header is read in full.

    `read_full` reads some of the files in full. `revision` is UNKNOWN if neither shows it, None in a file that assigns none.
    """
    headers = {path: read_header(source) for path, source in sources.items()}
    found = {path: _outlined(path, header, read_message(sources[path])) for path, header in headers.items()}
    unusual = {path: sources[path] for path, header in headers.items() if header is None or not header.plain}
    for path, reading in (read_full(unusual) if unusual else {}).items():
        if isinstance(reading, Migration):
            found[path] = reading
        elif found[path].revision is None:
            found[path] = replace(found[path], revision=UNKNOWN)
    return found


def outline_here(sources: Mapping[str, bytes], dialect: str | None) -> dict[str, Migration]:
    """Return what `outlines` does; what has to be read in full is read in this process: only files with an unusual header are."""

    def read_some(files: dict[str, bytes]) -> dict[str, ReadResult]:
        return {path: read(MigrationSource(path, content, dialect)) for path, content in files.items()}

    return outlines(sources, read_some)


def history_of(sources: Mapping[str, bytes], readings: Mapping[str, ReadResult], target: DatabaseTarget) -> History:
    """Return the history of some files, given their bytes and what was read of them, both by path.

    A file that does not parse keeps its place in the graph by its header, so that its neighbours are not reported for it; what it
    does to the schema is unknown.
    """
    parsed = (reading for reading in readings.values() if isinstance(reading, Migration) and reading.revision is not None)
    broken = (path for path, reading in readings.items() if not isinstance(reading, Migration))
    headers = (replace(outline(path, sources[path]), unseen=True) for path in broken)
    return History.of([*parsed, *(header for header in headers if header.revision)], target.dialect, target.search_path)


def read_message(source: bytes) -> str:
    """Read the first line of a file's docstring, which Alembic takes as the message; the rest of the file need not parse."""
    try:
        for token in tokenize.tokenize(io.BytesIO(source).readline):
            if token.type not in _PASSED_OVER:
                text = ast.literal_eval(token.string) if token.type == tokenize.STRING else ""
                lines = text.strip().splitlines() if isinstance(text, str) else []
                return lines[0].strip() if lines else ""
    except (SyntaxError, tokenize.TokenError, ValueError):  # an unknown encoding, a literal without an end, an f-string
        return ""
    return ""


def _outlined(path: str, header: MigrationHeader | None, message: str) -> Migration:
    if header is None:
        return Migration(path=path, revision=None, message=message)
    return Migration(
        path=path,
        revision=header.revision,
        # an expression that the header cannot read is no base: it may name any parent
        down_revision=header.down_revision if header.plain or header.down_revision else UNKNOWN,
        branch_labels=header.branch_labels,
        depends_on=header.depends_on,
        message=message,
        place=SourceSpan(header.line, 1, header.line, 1),
    )
