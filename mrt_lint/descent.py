"""Which migrations come after a revision, by what their headers say: nothing is parsed for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mrt_lint.gate import Header, read_header
from mrt_lint.settings import nearest
from mrt_lint.usage import UsageError


def after(revision: str, histories: Iterable[Mapping[str, bytes]]) -> set[str]:
    """Give the paths of the migrations that a database standing at a revision has not run yet.

    Each history is its files' bytes by path; one that does not have the revision contributes nothing. A revision may be cut
    short, as on Alembic's command line. Raises UsageError where no history has it, or the short form fits several.
    """
    known: set[str] = set()
    paths: set[str] = set()
    for sources in histories:
        headers = {path: read_header(source) for path, source in sources.items()}
        by_revision = {header.revision: header for header in headers.values() if header and header.revision}
        known |= by_revision.keys()
        start = _find(revision, by_revision)
        if start:
            before = _line(start, by_revision)
            paths |= {path for path, header in headers.items() if header is None or header.revision not in before}
    if not paths and not _find(revision, known):
        raise UsageError(f"There is no revision {revision}{nearest(revision, known) or '.'}")
    return paths


def _find(revision: str, known: Iterable[str]) -> str | None:
    """Find a revision by its name or the beginning of it."""
    fitting = [name for name in known if name.startswith(revision)] if revision else []
    if revision in fitting:
        return revision
    if len(fitting) > 1:
        raise UsageError(f"{revision} is the beginning of several revisions: {', '.join(sorted(fitting))}.")
    return fitting[0] if fitting else None


def _line(revision: str, headers: Mapping[str, Header]) -> set[str]:
    """Give a revision and everything that is run before it, dependencies on other branches included."""
    line: set[str] = set()
    waiting = [revision]
    while waiting:
        name = waiting.pop()
        if name not in line and name in headers:
            line.add(name)
            waiting += [*headers[name].down_revision, *headers[name].depends_on]
    return line
