"""Fixing the files of one history: offer, write in memory, read and judge again, and only then take it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from functools import cached_property
from typing import Final

from mrt_lint.check import judgement
from mrt_lint.fix.fix_context import FixContext
from mrt_lint.fix.fixer import fixers
from mrt_lint.fix.proposed_fix import FixSafety, NoFix, ProposedFix, apply
from mrt_lint.fix.source_text import SourceText
from mrt_lint.history import History
from mrt_lint.model.finding import Finding, Severity
from mrt_lint.model.lean import dataclass
from mrt_lint.model.migration import Migration
from mrt_lint.parse.outline import history_of
from mrt_lint.parse.reading import MigrationSource, ReadResult, read
from mrt_lint.report.fingerprint import key_of
from mrt_lint.settings import Settings

_LAST: Final = ("MRT101", "MRT102")
"""downgrade() is written from what upgrade() has become by then."""


@dataclass(slots=True, kw_only=True)
class FixOutcome:
    """What became of one file: its bytes before and after, what was fixed (with what is left to do), and what was not, and why."""

    path: str
    before: bytes
    after: bytes
    fixed: list[tuple[Finding, str]] = field(default_factory=list)
    unsafe: list[tuple[Finding, str]] = field(default_factory=list)
    refused: list[tuple[Finding, str]] = field(default_factory=list)


class FixSession:
    """The files of one history, as they become.

    `unsafe` is whether fixes are made that may change what the author meant; `breaks` returns whether new bytes of a file break
    a lock that its old bytes kept. `history` is that of these readings, if it is known already.
    """

    def __init__(
        self,
        sources: Mapping[str, bytes],
        readings: Mapping[str, ReadResult],
        settings: Settings,
        *,
        unsafe: bool,
        breaks: Callable[[str, bytes, bytes], bool],
        history: History | None = None,
    ) -> None:
        self._sources = dict(sources)
        self._history = history_of(sources, readings, settings.target) if history is None else history
        names = self._history.names
        self._migrations = {path: names.of(migration) for path, migration in judgement.migrations_of(readings).items()}
        # A fix must raise no finding of any rule, not even of those that were not selected in this run.
        wide = (*settings.extend_select, *settings.select)
        # Nor may downgrade() lose rows if it is not declared whether SQLite enforces foreign keys.
        target = (
            settings.target if settings.target.sqlite_foreign_keys is False else replace(settings.target, sqlite_foreign_keys=True)
        )
        self._settings = replace(settings, select=(), extend_select=wide, ignore=(), target=target)
        self._unsafe = unsafe
        self._breaks = breaks
        self._texts: dict[str, SourceText] = {}
        self._proposed: tuple[Migration, History] | None = None

    def fix(self, path: str, findings: Iterable[Finding], reported: Iterable[Finding] = ()) -> FixOutcome:
        """Fix what can be fixed of these findings in one file, one after the other, each in the light of those before.

        `reported` are all that are known of the file, if they are: where a fix leaves none but these, nothing else is asked.
        """
        content = self._sources[path]
        outcome = FixOutcome(path=path, before=content, after=content)
        left = asked = [finding for finding in findings if finding.code in fixers()]
        migration = self._migrations.get(path)
        if migration is None or not left:
            return outcome
        wanted = {key_of(finding) for finding in left}
        passed: dict[tuple[str, str, str], tuple[Finding, str, bool]] = {}
        state = _FileState(self, migration, content, reported)
        while left:
            finding = min(left, key=lambda finding: finding.code in _LAST)
            try:
                content, migration, note, judged = self._step(state, finding)
            except _UnsafeError as unsafe:
                passed[key_of(finding)] = (finding, str(unsafe), True)
            except NoFix as no:
                passed[key_of(finding)] = (finding, str(no), False)
            except Exception as error:  # noqa: BLE001  one fix that fails must not keep the others from being made
                passed[key_of(finding)] = (finding, f"trying failed ({type(error).__name__}: {error})", False)
            else:
                outcome.fixed.append((finding, note))
                self._accept(migration, content)
                before, state = state.keys, _FileState(self, migration, content)
                state.judged = judged
                gone = before.keys() - state.keys.keys() - {key_of(finding)}
                outcome.fixed += [(other, "") for other in asked if key_of(other) in gone]
                passed.clear()  # what prevented them may be fixed now
                # the same findings at the places where they are now
                left = state.judged
            left = [finding for finding in left if key_of(finding) in wanted - passed.keys()]
        outcome.after = content
        for finding, why, is_unsafe in passed.values():
            (outcome.unsafe if is_unsafe else outcome.refused).append((finding, why))
        return outcome

    def _step(self, state: _FileState, finding: Finding) -> tuple[bytes, Migration, str, list[Finding]]:
        context = self.context(state.migration)
        proposal = fixers()[finding.code].propose(context, finding)
        while proposal.otherwise is not None:
            with suppress(NoFix):
                return self._try(state, context.text, proposal, finding)
            proposal = proposal.otherwise
        return self._try(state, context.text, proposal, finding)

    def _try(
        self, state: _FileState, text: SourceText, proposal: ProposedFix, finding: Finding
    ) -> tuple[bytes, Migration, str, list[Finding]]:
        """Write an offer in memory. Raises NoFix if it does not hold, _UnsafeError where it does and is not wanted."""
        migration, content = state.migration, state.content
        written = text.encode(apply(text.text, proposal.edits, text.newline))
        again = self._read(migration, written, proposal)
        judged = self.judge(again, written)
        self._check_findings(finding, state, judged, proposal.leaves)
        if self._breaks(migration.path, content, written):
            raise NoFix("mrt.lock holds this revision as it is")
        if proposal.safety is FixSafety.UNSAFE and not self._unsafe:
            raise _UnsafeError(proposal.why)
        return written, again, proposal.note, judged

    def _read(self, migration: Migration, written: bytes, proposal: ProposedFix) -> Migration:
        """Read what was written. Raises NoFix if that is no longer the same migration, or less can be read of it."""
        again = read(MigrationSource(migration.path, written, self._settings.target.dialect))
        if not isinstance(again, Migration):
            raise NoFix(f"what is to be written cannot be read: {again.reason}")
        again = self._history.names.of(again)
        header = ("revision", "down_revision", "branch_labels", "depends_on")
        if any(getattr(again, name) != getattr(migration, name) for name in header):
            raise NoFix("it would change the revision's place in the history")
        if len(again.unreadable) > len(migration.unreadable):
            raise NoFix("what is to be written cannot be read in full")
        if proposal.keeps_upgrade and again.upgrade_ops != migration.upgrade_ops:
            raise NoFix("it would change what upgrade() does")
        if proposal.proof is not None:
            proposal.proof(again)
        return again

    @staticmethod
    def _check_findings(finding: Finding, state: _FileState, after: list[Finding], leaves: Collection[str]) -> None:
        """Raise NoFix unless the finding is fixed and no new one appears, but for warnings of these codes."""
        now, known, key = Counter(map(key_of, after)), state.keys, key_of(finding)
        # counted, not looked for: a file may have several findings of one key
        if now[key] < known[key] and _first_new(after, known, leaves) is None:
            return
        was = Counter(map(key_of, state.judged))
        if now[key] >= was[key]:
            raise NoFix("the finding would stay")
        new = _first_new(after, was, leaves)
        if new is not None:
            raise NoFix(f"it would raise {new.code} {new.name}: {new.message}")

    def judge(self, migration: Migration, content: bytes) -> list[Finding]:
        """Judge a file in its present or proposed state, by every rule that could be selected."""
        history = self._with(migration)
        return judgement.judge_file(migration, content, judgement.context_of(history, self._settings), self._settings)

    def _with(self, migration: Migration) -> History:
        """Return the history with a file as it is or may become; replaying it takes most of the time of a fix."""
        if migration is self._migrations[migration.path]:
            return self._history
        if self._proposed is None or self._proposed[0] is not migration:
            self._proposed = migration, self._history.with_file(migration)
        return self._proposed[1]

    def _accept(self, migration: Migration, content: bytes) -> None:
        self._history, self._proposed = self._with(migration), None
        self._migrations[migration.path] = migration
        self._sources[migration.path] = content
        self._texts.pop(migration.path, None)

    def context(self, migration: Migration) -> FixContext:
        """Return what a fixer sees of a file. Raises NoFix if that cannot be edited."""
        context = judgement.context_of(self._history, self._settings)
        return FixContext(self._sources[migration.path], migration, context, self._sources, self._texts)


class _FileState:
    """One file between two fixes: the rules are asked about it only where a fix was found and the reported do not suffice."""

    def __init__(self, session: FixSession, migration: Migration, content: bytes, reported: Iterable[Finding] = ()) -> None:
        self._session = session
        self.migration = migration
        self.content = content
        self._reported = Counter(map(key_of, reported))

    @property
    def keys(self) -> Counter[tuple[str, str, str]]:
        """The keys of the findings of every rule, or those of what is reported where that was enough so far."""
        return self._reported if "judged" not in vars(self) and self._reported else Counter(map(key_of, self.judged))

    @cached_property
    def judged(self) -> list[Finding]:
        """The findings of every rule."""
        return self._session.judge(self.migration, self.content)


def _first_new(after: list[Finding], was: Counter[tuple[str, str, str]], leaves: Collection[str]) -> Finding | None:
    """Return the first finding that was not there before, but for warnings of these codes."""
    now = Counter(map(key_of, after))
    is_left = (other.code in leaves and other.severity is Severity.WARNING for other in after)
    new = (other for other, left in zip(after, is_left, strict=True) if now[key_of(other)] > was[key_of(other)] and not left)
    return next(new, None)


class _UnsafeError(Exception):
    """There is a fix, and it may change what the author meant."""
