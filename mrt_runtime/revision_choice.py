"""Which revisions a run is about. Without Alembic and SQLAlchemy: what only hands on the choice need not wait for them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mrt_lint.files.git import changed_since
from mrt_lint.usage import UsageError
from mrt_runtime.config import ConfigurationError
from mrt_runtime.shard import WHOLE, Shard

if TYPE_CHECKING:
    from mrt_runtime.migrate.graph import HistoryStep, MigrationGraph

MAKES_TABLE = re.compile(rb"create_table\(|CREATE\s+TABLE", re.IGNORECASE)
FOR_A_TABLE = 1 / 150
"""What each table that is there adds to what checking a revision costs without any, as measured on SQLite and PostgreSQL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionChoice:
    """What a user asks for; each part that is given leaves fewer revisions.

    revisions: names of some; empty for all. since: only those that a database at this revision has not run yet.
    diff_base: only those whose files were added or changed since git's merge base with this. shard: the part of what is left
    that this machine verifies; job: the part of that which is this process's.
    """

    revisions: Sequence[str] = ()
    since: str | None = None
    diff_base: str | None = None
    shard: Shard = WHOLE
    job: Shard = WHOLE

    @property
    def may_be_empty(self) -> bool:
        """Whether it is no mistake where nothing is left: nothing is new, or there are more shards than revisions."""
        return self.since is not None or self.diff_base is not None or self.shard != WHOLE

    def choose(self, graph: MigrationGraph) -> list[HistoryStep]:
        """Return the revisions, bases first. Raises ConfigurationError where a name means none, or git does not know."""
        whole = self.choose_whole(graph)
        if self.shard == self.job == WHOLE:
            return whole
        costs = weigh(graph)
        part = self.shard.cut(whole, [costs[step.revision] for step in whole])
        return self.job.cut(part, [costs[step.revision] for step in part])

    def choose_whole(self, graph: MigrationGraph) -> list[HistoryStep]:
        """Return the revisions of all shards."""
        steps = list(graph)
        if self.revisions:
            asked = {graph.resolve(revision).revision for revision in self.revisions}
            steps = [step for step in steps if step.revision in asked]
        if self.since is not None and self.since != "base":
            done = graph.ancestors([graph.resolve(self.since).revision])
            steps = [step for step in steps if step.revision not in done]
        if self.diff_base is not None:
            files = {step.revision: Path(step.file).resolve() for step in steps}
            try:
                changed = changed_since(self.diff_base, files.values())
            except UsageError as error:
                from mrt_runtime.databases.sentences import end  # noqa: PLC0415  as above

                raise ConfigurationError(end(str(error))) from None
            steps = [step for step in steps if files[step.revision] in changed]
        return steps


def weigh(graph: MigrationGraph) -> dict[str, float]:
    """Estimate what checking each revision costs, in that of one that finds no table: each look is at all there are."""
    costs, tables = dict[str, float](), 0
    for step in graph:
        costs[step.revision] = 1 + tables * FOR_A_TABLE
        tables += len(MAKES_TABLE.findall(Path(step.file).read_bytes()))
    return costs


def digest(steps: Iterable[HistoryStep]) -> str:
    """Compute a digest that shows whether two runs were about the same revisions, in the same order and of the same text."""
    known = hashlib.blake2s(digest_size=16)
    for step in steps:
        text = b"\n".join(Path(step.file).read_bytes().splitlines())  # git may write other ends of lines elsewhere
        known.update(repr((step.revision, step.parents, text)).encode(errors="surrogatepass"))
    return known.hexdigest()
