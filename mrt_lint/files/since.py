"""Which migrations come after a revision, by what their headers say: nothing is parsed for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from mrt_lint.history.graph import RevisionGraph
from mrt_lint.history.revision_name import find, unknown_revision
from mrt_lint.parse.outline import outline


def after(revision: str, histories: Iterable[Mapping[str, bytes]]) -> set[str]:
    """Return the paths of the migrations that a database at this revision has not run yet.

    Each history is its files' bytes by path; one that does not have the revision contributes nothing. A revision is named as on
    Alembic's command line. Raises UsageError if no history has it, or several of one could be meant.
    """
    known: list[str] = []
    paths: set[str] = set()
    is_known = False
    for sources in histories:
        outlines = {path: outline(path, source) for path, source in sources.items()}
        graph = RevisionGraph(outlines.values())
        known += graph.migrations
        present = find(revision, graph)
        if present is not None:
            is_known = True
            run = {*present, *(before for one in present for before in graph.ancestors(one))}
            paths |= {path for path, migration in outlines.items() if migration.revision not in run}
    if not is_known:
        raise unknown_revision(revision, known)
    return paths
