"""How far the linter and the runtime agree, over real histories and over generated ones.

usage: python benchmarks/agreement.py [--generated N] [--length N] [--seed N] [--url URL] [PROJECT ...]

PROJECT: a folder with an alembic.ini, verified beside the database of its sqlalchemy.url, which is not written to. --generated:
as many random histories of --length revisions (default 8) on --url (default sqlite://); one seed gives the same ones again.

Every revision is verified by the runtime and checked by the linter, the dialect declared, and that SQLite enforces foreign keys
where env.py says so. Two figures are printed:
A: of the revisions whose rollback the runtime saw fail, the share with an error or warning that says why (mrt_report/explanation.py).
B: of the revisions that the runtime proved reversible, the share with an error of the rollback groups (MRT1, MRT2, MRT3).
On PostgreSQL locks are observed. How many findings of each consequence the run confirms, refutes or does not meet is printed as well,
and each one about a lock that it refutes.
Each disagreement is printed with its file. Exits with 1 where a figure is not good enough.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.mixed_histories import write
from mrt_lint.check.judgement import judge
from mrt_lint.model.context import DatabaseTarget
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.parse.reading import MigrationSource, read
from mrt_lint.settings import Settings
from mrt_report.agreement import compare as mark
from mrt_report.explanation import explains
from mrt_runtime.config import MRTConfig
from mrt_runtime.databases import connect
from mrt_runtime.verdict import Failure, Outcome, Verdict
from mrt_runtime.verify.session import Verification

BROKEN = ("schema-not-restored", "downgrade-failed", "data-loss")
ROLLBACK = ("MRT1", "MRT2", "MRT3")
CERTAIN = frozenset({"MRT119", "MRT441", "MRT804"})
"""Codes that promise a failure of this very revision, whatever their severity and group."""
WANTED, ALLOWED = 0.90, 0.03


@dataclass(frozen=True)
class Judged:
    """One revision as both halves see it."""

    history: str
    file: str
    verdict: Verdict
    findings: tuple[Finding, ...]
    dialect: str = ""

    @property
    def failures(self) -> list[Failure]:
        """What went wrong on the way back."""
        return [failure for failure in self.verdict.failures if failure.kind in BROKEN]

    def reasons(self, failure: Failure) -> list[Finding]:
        """Give the findings that say why."""
        return [finding for finding in self.findings if explains(finding, failure, self.file)]

    @property
    def marks(self) -> Iterator[tuple[Finding, str, str]]:
        """What the run says of each finding that it says something of, and why."""
        for finding, (word, why) in mark(self.findings, self.verdict, self.file, self.dialect).items():
            yield finding, word, why

    @property
    def alarms(self) -> list[Finding]:
        """The findings that promise an upgrade or a rollback which does not work."""
        errors = [one for one in self.findings if one.severity is Severity.ERROR and one.code.startswith(ROLLBACK)]
        return errors + [one for one in self.findings if one.code in CERTAIN]

    @property
    def stumbles(self) -> list[Finding]:
        """The findings that promise an upgrade which does not work."""
        return [one for one in self.findings if one.code in {"MRT441", "MRT804"}]


@dataclass
class Agreement:
    """Counts over many revisions; `missed` and `false` are those on which the halves disagree."""

    outcomes: Counter[str] = field(default_factory=Counter)
    explained: Counter[str] = field(default_factory=Counter)
    failures: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    alarms: Counter[str] = field(default_factory=Counter)
    stumbled: Counter[str] = field(default_factory=Counter)
    marks: dict[str, Counter[str]] = field(default_factory=dict)
    refuted: list[tuple[Judged, Finding, str]] = field(default_factory=list)
    missed: list[Judged] = field(default_factory=list)
    false: list[Judged] = field(default_factory=list)

    def add(self, judged: Judged) -> None:
        """Count one revision."""
        outcome = judged.verdict.outcome
        for finding, word, why in judged.marks:
            self.marks.setdefault(finding.consequence.value, Counter())[word] += 1
            if word == "refuted" and finding.consequence is Consequence.DEPLOY_BLOCKS:
                self.refuted.append((judged, finding, why))
        self.outcomes[outcome.value] += 1
        self.stumbled["told" if judged.stumbles else "silent"] += outcome is Outcome.UPGRADE_FAILED
        alarmed = outcome is Outcome.REVERSIBLE and judged.alarms
        if alarmed or (judged.stumbles and outcome not in {Outcome.UPGRADE_FAILED, Outcome.NOT_REACHED}):
            self.false.append(judged)
            self.alarms.update({finding.code for finding in judged.alarms})
        if outcome.value in BROKEN:
            reasons = [judged.reasons(failure) for failure in judged.failures]
            self.failures.update(["explained" if some else "unexplained" for some in reasons])
            self.codes.update({finding.code for some in reasons for finding in some})
            if any(reasons):
                self.explained[outcome.value] += 1
            else:
                self.missed.append(judged)

    @property
    def figure_a(self) -> float:
        """The share of failed rollbacks that the linter explains."""
        return sum(self.explained.values()) / max(sum(self.outcomes[outcome] for outcome in BROKEN), 1)

    @property
    def figure_b(self) -> float:
        """The share of reversible revisions with an error of the rollback groups."""
        return len(self.false) / max(self.outcomes[Outcome.REVERSIBLE.value], 1)

    def report(self) -> Iterator[str]:
        """Yield the lines of the report."""
        for judged in self.missed:
            yield from described(judged, "MISSED", judged.verdict.failures, judged.findings)
        for judged in self.false:
            yield from described(judged, "FALSE ALARM", (), judged.alarms)
        for judged, finding, why in self.refuted:
            yield f"REFUTED {judged.history} {judged.file}:{finding.place.line}: {finding.code} {finding.message}"
            yield f"    saw  {why}"
        yield f"outcomes: {shown(self.outcomes)}"
        for consequence, counts in self.marks.items():
            yield f"findings of the consequence {consequence!r}: {shown(counts)}"
        broken = {outcome: f"{self.explained[outcome]} of {self.outcomes[outcome]}" for outcome in BROKEN}
        yield f"explained: {', '.join(f'{outcome} {share}' for outcome, share in broken.items())}; by {shown(self.codes)}"
        every = max(sum(self.failures.values()), 1)
        yield f"of {every} single failures {self.failures['explained']} explained ({self.failures['explained'] / every:.1%})"
        yield f"failed upgrades with MRT441 or MRT804: {self.stumbled['told']} of {sum(self.stumbled.values())}"
        yield f"alarms on reversible revisions: {shown(self.alarms) or 'none'}"
        yield f"A: {self.figure_a:.1%} of the failed rollbacks explained (wanted: {WANTED:.0%} or more)"
        yield f"B: {self.figure_b:.1%} of the reversible revisions with an error of the rollback groups (wanted: less than {ALLOWED:.0%})"


def shown(counts: Counter[str]) -> str:
    """Show counts, the largest first."""
    return ", ".join(f"{word} {count}" for word, count in counts.most_common())


def described(
    judged: Judged, word: str, failures: tuple[Failure, ...], findings: list[Finding] | tuple[Finding, ...]
) -> Iterator[str]:
    """Yield one disagreement: where, what the runtime saw, what the linter says."""
    yield f"{word} {judged.history} {judged.file}: {judged.verdict.outcome.value}"
    yield from (f"    saw  {failure.message}" for failure in failures)
    yield from (f"    says {one.place.line}: {one.code} {one.message}" for one in findings if one.code.startswith(ROLLBACK))


def lint(files: dict[str, str], target: DatabaseTarget) -> dict[str, tuple[Finding, ...]]:
    """Check the files of one history, given by revision, for a declared database; gives the findings by revision."""
    sources = {file: Path(file).read_bytes() for file in files.values()}
    readings = {file: read(MigrationSource(file, content, target.dialect)) for file, content in sources.items()}
    report = judge(
        sources, readings, Settings(root=Path("/"), target=target, extend_select=("MRT420", "MRT429", "MRT430", "MRT802", "MRT804"))
    )
    said = (*report.findings, *report.suppressed)
    return {revision: tuple(finding for finding in said if finding.path == file) for revision, file in files.items()}


def compare(name: str, ini: Path, url: str) -> Iterator[Judged]:
    """Verify and check every revision of a project."""
    observes = make_url(url).get_backend_name() == "postgresql"
    with Verification(MRTConfig(alembic_ini=str(ini), db_url=url, observe_locks=observes)) as verification:
        steps = verification.select()
        enforced = "foreign_keys" in Path(ScriptDirectory.from_config(Config(str(ini))).env_py_location).read_text()
        target = DatabaseTarget(dialect=verification.database.dialect, sqlite_foreign_keys=enforced)
        findings = lint({step.revision: str(step.file) for step in steps}, target)
        for step in steps:
            verdict = verification.check_step(step)
            yield Judged(name, str(step.file), verdict, findings[step.revision], target.dialect or "")


def compare_generated(seed: int, length: int, url: str) -> Iterator[Judged]:
    """Verify and check one random history."""
    with tempfile.TemporaryDirectory() as name:
        write(Random(seed), Path(name), connect(url).dialect, length)
        yield from compare(f"seed {seed}", Path(name) / "alembic.ini", url)


def main() -> int:
    """Print both figures; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("projects", metavar="PROJECT", nargs="*", type=Path)
    parser.add_argument("--generated", metavar="N", type=int, default=0)
    parser.add_argument("--length", metavar="N", type=int, default=8)
    parser.add_argument("--seed", metavar="N", type=int, default=0)
    parser.add_argument("--url", default="sqlite://")
    options = parser.parse_args()
    agreement = Agreement()
    for project in options.projects:
        ini = project / "alembic.ini"
        url = Config(str(ini)).get_main_option("sqlalchemy.url") or "sqlite://"
        for judged in compare(f"{project.name} on {connect(url).dialect}", ini, url):
            agreement.add(judged)
    for number in range(options.generated):
        for judged in compare_generated(options.seed + number, options.length, options.url):
            agreement.add(judged)
    print(*agreement.report(), sep="\n")
    return 0 if agreement.figure_a >= WANTED and agreement.figure_b < ALLOWED else 1


if __name__ == "__main__":
    sys.exit(main())
