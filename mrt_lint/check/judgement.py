"""Judge one history: run the rules over what was read, then apply the `noqa` comments to the findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from mrt_lint import rules
from mrt_lint.analysis.table_size import RecordedSizes
from mrt_lint.check.losses import fold_losses, irreversible, is_agreed
from mrt_lint.files.lock import LockViolation
from mrt_lint.history import History
from mrt_lint.model.context import RuleContext
from mrt_lint.model.finding import Consequence, Finding, Severity
from mrt_lint.model.migration import Migration
from mrt_lint.model.rule import Rule
from mrt_lint.model.values import SourceSpan
from mrt_lint.parse.outline import history_of, outline
from mrt_lint.parse.reading import BrokenFile, ReadResult
from mrt_lint.report import CheckReport, UnreadCall
from mrt_lint.rules.unparsable_file import DEFECT
from mrt_lint.settings import Settings, nearest
from mrt_lint.suppress.noqa import NoqaComments, read_lines
from mrt_lint.usage import UsageError

_BROKEN = "MRT902"
_USELESS_NOQA = "MRT990"


def judge(
    sources: Mapping[str, bytes],
    readings: Mapping[str, ReadResult],
    settings: Settings,
    breaches: tuple[LockViolation, ...] = (),
    *,
    history: History | None = None,
    only: Collection[str] | None = None,
) -> CheckReport:
    """Judge the files of one history, given their bytes and what was read of them, both by path, and what its lock file misses.

    A broken file keeps its place in the history by its header, so that its neighbours are not reported for it. `history` is that of
    these readings, if it is known already; `only` are the files to report on, if not all. Raises UsageError if the settings name a
    code that no rule has.
    """
    chosen = choose(settings)
    if history is None:
        history = history_of(sources, readings, settings.target)
    context = context_of(history, settings, breaches)
    if only is not None:
        sources = {path: source for path, source in sources.items() if path in only}
    read = {path: readings[path] for path in sources}
    migrations = migrations_of(read)
    broken = {path: reading for path, reading in read.items() if isinstance(reading, BrokenFile)}
    stand_ins = [outline(path, sources[path]) for path in broken]
    stopped: dict[str, list[str]] = {path: [] for path in migrations}
    findings = [
        *rules.check_history(history, context, chosen),
        *(finding for path, migration in migrations.items() for finding in _check(migration, context, chosen, stopped[path])),
        *(finding for stand_in in stand_ins for finding in _unparsable(stand_in, broken[stand_in.path], chosen)),
    ]
    if settings.target.begun_by_env:
        findings = [_with_begun(finding, settings.target.begun_by_env) for finding in findings]
    reported, silenced = _apply_noqa(findings, sources, migrations, chosen)
    unreadable = (_unread(migration) for migration in migrations.values())
    reported, accepted = _apply_exemptions(reported, settings, migrations)
    newest = (history.migrations[revision].path for revision in reversed(history.order))
    report = CheckReport(
        files=(*migrations, *broken),
        newest=tuple(path for path in newest if path in migrations or path in broken),
        findings=tuple(reported),
        suppressed=tuple(silenced),
        accepted=tuple(accepted),
    )
    if not any(rule.code == _BROKEN for rule in chosen):  # without it nothing would say that these files were not checked
        report += CheckReport(unreadable=tuple(_unread_file(path, sources[path], reading) for path, reading in broken.items()))
    unjudged = (_unjudged(migrations[path], sources[path], codes) for path, codes in stopped.items() if codes)
    return report + CheckReport(unreadable=(*(unread for several in unreadable for unread in several), *unjudged))


_BEGUN = {
    "statement": (
        "env.py runs a statement before context.configure(), and autocommit_block() fails until it commits that: "
        "connection.commit()"
    ),
    "begin": (
        "env.py begins the transaction by itself, and autocommit_block() fails in it: there, connect without begin(), and have "
        "context.begin_transaction() around context.run_migrations()"
    ),
}


def _with_begun(finding: Finding, begun: str) -> Finding:
    """Return a finding whose advice works where env.py has begun a transaction before Alembic."""
    if "autocommit_block" not in finding.instead:
        return finding
    return replace(finding, instead=f"{finding.instead} ({_BEGUN[begun]})", fix=None)


def migrations_of(readings: Mapping[str, ReadResult]) -> dict[str, Migration]:
    """Return the migrations among what was read, by path."""
    return {path: reading for path, reading in readings.items() if isinstance(reading, Migration) and reading.revision is not None}


def context_of(history: History, settings: Settings, breaches: tuple[LockViolation, ...] = ()) -> RuleContext:
    """Return what rules may know besides a migration of this history."""
    return RuleContext(
        target=settings.target,
        history=history,
        independent_branches=settings.independent_branches,
        small_tables=settings.small_tables,
        sizes=RecordedSizes(settings.statistics, history) if settings.statistics is not None else None,
        irreversible=settings.irreversible,
        breaches=breaches,
    )


def judge_file(migration: Migration, source: bytes, context: RuleContext, settings: Settings) -> list[Finding]:
    """Judge one migration again; rules of the graph, which its functions do not change, are left out."""
    chosen = choose(settings)
    findings = _check(migration, context, chosen, [])
    reported, _ = _apply_noqa(findings, {migration.path: source}, {migration.path: migration}, chosen)
    return _apply_exemptions(reported, settings, {migration.path: migration})[0]


def choose(settings: Settings) -> tuple[Rule, ...]:
    """Return the rules that the settings want. Raises UsageError for a code that no rule has."""
    every = rules.all_rules()
    excused = (code for exemption in (*settings.files, *settings.revisions) for code in exemption.codes)
    for prefix in (*settings.select, *settings.extend_select, *settings.ignore, *excused):
        if not any(rule.code.startswith(prefix) for rule in every):
            beginnings = {rule.code[: max(len(prefix), len("MRT1"))] for rule in every}
            raise UsageError(f"There is no rule {prefix}{nearest(prefix.upper(), sorted(beginnings))}")
    return tuple(rule for rule in every if settings.selects(rule.code, default=rule.default))


def _check(migration: Migration, context: RuleContext, chosen: Sequence[Rule], stopped: list[str]) -> list[Finding]:
    """Check one migration; a rule that fails on it is reported for this file, and the other files are still checked."""
    try:
        return list(rules.check(migration, context, chosen, stopped))
    except Exception as error:  # noqa: BLE001  see above
        reason = f"{type(error).__name__}: {error}"
        return list(_unparsable(migration, BrokenFile(place=migration.place, reason=reason, defect=True), chosen))


def _unparsable(migration: Migration, broken: BrokenFile, chosen: Sequence[Rule]) -> Iterator[Finding]:
    for rule in chosen:
        if rule.code == _BROKEN:
            yield rule.found(migration, broken.place, DEFECT if broken.defect else None, reason=broken.reason)


def _unread_file(path: str, source: bytes, broken: BrokenFile) -> UnreadCall:
    return _unread_at(
        path, source, broken.place, f"{'mrt failed on it' if broken.defect else 'the file does not parse'}: {broken.reason}"
    )


def _unjudged(migration: Migration, source: bytes, codes: Sequence[str]) -> UnreadCall:
    why = f"the file is too long: {', '.join(codes)} {'were' if len(codes) > 1 else 'was'} stopped before its end"
    return _unread_at(migration.path, source, migration.place, why)


def _unread_at(path: str, source: bytes, place: SourceSpan, why: str) -> UnreadCall:
    text = "".join(source.decode("utf-8", "replace").splitlines()[place.line - 1 : place.line])
    return UnreadCall(path=path, line=place.line, column=place.column, source=text, why=why)


def _unread(migration: Migration) -> Iterator[UnreadCall]:
    """Return what could not be read, once where that concerns both functions."""
    for place, source, why in dict.fromkeys((found.place, found.source, found.why) for found in migration.unreadable):
        yield UnreadCall(path=migration.path, line=place.line, column=place.column, source=source, why=why)


def _apply_noqa(
    findings: Sequence[Finding], sources: Mapping[str, bytes], migrations: Mapping[str, Migration], chosen: Sequence[Rule]
) -> tuple[list[Finding], list[Finding]]:
    """Separate the findings that a comment silences; a comment that silences nothing is a finding of its own."""
    reported = [finding for finding in findings if finding.path not in sources]
    silenced: list[Finding] = []
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.path, []).append(finding)
    for path, source in sources.items():
        here = by_path.get(path, [])
        # tokenizing a file takes a seventh of the time of reading all of its operations
        if b"noqa" not in source.lower():
            reported += here
            continue
        silences = NoqaComments(read_lines(source))
        for finding in here:
            (silenced if silences.silence(finding.place.line, finding.code) else reported).append(finding)
        for rule in chosen:
            if rule.code == _USELESS_NOQA and path in migrations:
                reported += _useless(rule, migrations[path], silences, chosen)
    return reported, silenced


def _useless(rule: Rule, migration: Migration, silences: NoqaComments, chosen: Sequence[Rule]) -> Iterator[Finding]:
    """Find the codes of ours that a comment names in vain; one that was not asked for may yet serve another run, if there is it."""
    every = rules.all_rules()
    for line, column, code in silences.useless():
        if any(asked.code.startswith(code) for asked in chosen) or not any(known.code.startswith(code) for known in every):
            yield rule.found(migration, SourceSpan(line, column, line, column + len(code)), code=code)


def _is_done(finding: Finding, settings: Settings) -> bool:
    """Return whether a finding only warns of a lock that has been, since its revision was deployed before the baseline."""
    is_lock_warning = finding.severity is Severity.WARNING and finding.consequence is Consequence.DEPLOY_BLOCKS
    return is_lock_warning and finding.revision in settings.deployed


def _apply_exemptions(
    findings: Sequence[Finding], settings: Settings, migrations: Mapping[str, Migration]
) -> tuple[list[Finding], list[Finding]]:
    """Separate the findings that the configuration accepts, and fold what is lost in an irreversible revision into one."""
    exemptions = (*settings.files, *settings.revisions)
    agreed = dict(settings.irreversible).keys() & irreversible(migrations.values()) if settings.irreversible else set()
    if not exemptions and not agreed and not settings.deployed:
        return fold_losses(findings), []
    reported: list[Finding] = []
    accepted: list[Finding] = []
    for finding in findings:
        path = settings.from_root(finding.path)
        excused = is_agreed(finding, agreed) or _is_done(finding, settings)
        excused = excused or any(exemption.covers(finding.code, finding.revision, path) for exemption in exemptions)
        (accepted if excused else reported).append(finding)
    return fold_losses(reported), accepted
