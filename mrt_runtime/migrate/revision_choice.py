"""Which revisions a run is about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mrt_lint.files.git import changed_since
from mrt_lint.usage import UsageError
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.sentences import end
from mrt_runtime.migrate.graph import HistoryStep, MigrationGraph


@dataclass(frozen=True, slots=True, kw_only=True)
class RevisionChoice:
    """What a user asks for; each part that is given leaves fewer revisions.

    revisions: names of some; empty for all. since: only those that a database standing at this revision has not run yet.
    diff_base: only those whose files were added or changed since git's merge base with this.
    """

    revisions: Sequence[str] = ()
    since: str | None = None
    diff_base: str | None = None

    @property
    def may_be_empty(self) -> bool:
        """Whether it is no mistake where nothing is left: nothing is new."""
        return self.since is not None or self.diff_base is not None

    def choose(self, graph: MigrationGraph) -> list[HistoryStep]:
        """Return the revisions, bases first. Raises ConfigurationError where a name means none, or git cannot tell."""
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
                raise ConfigurationError(end(str(error))) from None
            steps = [step for step in steps if files[step.revision] in changed]
        return steps
