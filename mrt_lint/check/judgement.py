"""Judge one history: the rules over what was read, then the `noqa` comments over what the rules say."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from mrt_lint import rules
from mrt_lint.files.lock import Breach
from mrt_lint.history import History
from mrt_lint.model.context import Context
from mrt_lint.model.finding import Finding
from mrt_lint.model.migration import Migration
from mrt_lint.model.rule import Rule
from mrt_lint.model.values import Place
from mrt_lint.parse.outline import outline
from mrt_lint.parse.reading import Broken, Reading
from mrt_lint.report import Report, Unread
from mrt_lint.settings import Settings, nearest
from mrt_lint.suppress.noqa import Silences, read_lines
from mrt_lint.usage import UsageError

_BROKEN = "MRT902"
_USELESS_NOQA = "MRT990"


def judge(
    sources: Mapping[str, bytes], readings: Mapping[str, Reading], settings: Settings, breaches: tuple[Breach, ...] = ()
) -> Report:
    """Judge the files of one history, given their bytes and what was read of them, both by path, and what its lock file misses.

    A broken file stands in the history by its header, so that its neighbours are not blamed for it. Raises UsageError where
    the settings name a code that no rule has.
    """
    chosen = choose(settings)
    migrations = migrations_of(readings)
    broken = {path: reading for path, reading in readings.items() if isinstance(reading, Broken)}
    stand_ins = [outline(path, sources[path]) for path in broken]
    history = history_of(sources, readings, settings)
    context = context_of(history, settings, breaches)
    stopped: dict[str, list[str]] = {path: [] for path in migrations}
    findings = [
        *rules.check_history(history, context, chosen),
        *(finding for path, migration in migrations.items() for finding in _check(migration, context, chosen, stopped[path])),
        *(finding for stand_in in stand_ins for finding in _unparsable(stand_in, broken[stand_in.path], chosen)),
    ]
    spoken, silenced = _hush(findings, sources, migrations, chosen)
    unreadable = (_unread(migration) for migration in migrations.values())
    spoken, accepted = _excuse(spoken, settings)
    report = Report(files=(*migrations, *broken), findings=tuple(spoken), suppressed=tuple(silenced), accepted=tuple(accepted))
    if not any(rule.code == _BROKEN for rule in chosen):  # nobody else says that silence about these is no safety
        report += Report(unreadable=tuple(_unread_file(path, sources[path], reading) for path, reading in broken.items()))
    unjudged = (_unjudged(migrations[path], sources[path], codes) for path, codes in stopped.items() if codes)
    return report + Report(unreadable=(*(unread for several in unreadable for unread in several), *unjudged))


def migrations_of(readings: Mapping[str, Reading]) -> dict[str, Migration]:
    """Give the migrations among what was read, by path."""
    return {path: reading for path, reading in readings.items() if isinstance(reading, Migration) and reading.revision is not None}


def history_of(sources: Mapping[str, bytes], readings: Mapping[str, Reading], settings: Settings) -> History:
    """Give the history that files make; a broken one stands in it by its header, and what it does to the schema is not known."""
    broken = (path for path, reading in readings.items() if isinstance(reading, Broken))
    stand_ins = (replace(outline(path, sources[path]), unseen=True) for path in broken)
    known = [*migrations_of(readings).values(), *(stand_in for stand_in in stand_ins if stand_in.revision)]
    return History.of(known, settings.target.dialect)


def context_of(history: History, settings: Settings, breaches: tuple[Breach, ...] = ()) -> Context:
    """Give what rules may know beside a migration of this history."""
    return Context(
        target=settings.target,
        history=history,
        independent_branches=settings.independent_branches,
        irreversible=settings.irreversible,
        breaches=breaches,
    )


def judge_file(migration: Migration, source: bytes, context: Context, settings: Settings) -> list[Finding]:
    """Judge one migration again; rules of the graph, which its functions do not change, are left out."""
    chosen = choose(settings)
    findings = _check(migration, context, chosen, [])
    spoken, _ = _hush(findings, {migration.path: source}, {migration.path: migration}, chosen)
    return _excuse(spoken, settings)[0]


def choose(settings: Settings) -> tuple[Rule, ...]:
    """Give the rules that the settings want. Raises UsageError for a code that no rule has."""
    every = rules.all_rules()
    excused = (code for exemption in (*settings.files, *settings.revisions) for code in exemption.codes)
    for prefix in (*settings.select, *settings.extend_select, *settings.ignore, *excused):
        if not any(rule.code.startswith(prefix) for rule in every):
            beginnings = {rule.code[: max(len(prefix), len("MRT1"))] for rule in every}
            raise UsageError(f"There is no rule {prefix}{nearest(prefix.upper(), sorted(beginnings))}")
    return tuple(rule for rule in every if settings.selects(rule.code, default=rule.default))


def _check(migration: Migration, context: Context, chosen: Sequence[Rule], stopped: list[str]) -> list[Finding]:
    """Check one migration; a rule that trips over it costs the findings in this file, and says so, not those in the others."""
    try:
        return list(rules.check(migration, context, chosen, stopped))
    except Exception as error:  # noqa: BLE001  see above
        reason = f"looking at it failed ({type(error).__name__}: {error})"
        return list(_unparsable(migration, Broken(place=migration.place, reason=reason), chosen))


def _unparsable(migration: Migration, broken: Broken, chosen: Sequence[Rule]) -> Iterator[Finding]:
    for rule in chosen:
        if rule.code == _BROKEN:
            yield rule.found(migration, broken.place, reason=broken.reason)


def _unread_file(path: str, source: bytes, broken: Broken) -> Unread:
    return _unread_at(path, source, broken.place, f"the file does not parse: {broken.reason}")


def _unjudged(migration: Migration, source: bytes, codes: Sequence[str]) -> Unread:
    why = f"the file is too long: {', '.join(codes)} {'were' if len(codes) > 1 else 'was'} stopped before its end"
    return _unread_at(migration.path, source, migration.place, why)


def _unread_at(path: str, source: bytes, place: Place, why: str) -> Unread:
    text = "".join(source.decode("utf-8", "replace").splitlines()[place.line - 1 : place.line])
    return Unread(path=path, line=place.line, column=place.column, source=text, why=why)


def _unread(migration: Migration) -> Iterator[Unread]:
    """Give what could not be read, once where that concerns both functions."""
    for place, source, why in dict.fromkeys((found.place, found.source, found.why) for found in migration.unreadable):
        yield Unread(path=migration.path, line=place.line, column=place.column, source=source, why=why)


def _hush(
    findings: Sequence[Finding], sources: Mapping[str, bytes], migrations: Mapping[str, Migration], chosen: Sequence[Rule]
) -> tuple[list[Finding], list[Finding]]:
    """Part what is to be reported from what a comment silences; a comment that silences nothing is a finding of its own."""
    spoken = [finding for finding in findings if finding.path not in sources]
    silenced: list[Finding] = []
    by_path: dict[str, list[Finding]] = {}
    for finding in findings:
        by_path.setdefault(finding.path, []).append(finding)
    for path, source in sources.items():
        here = by_path.get(path, [])
        if b"noqa" not in source.lower():
            spoken += here
            continue
        silences = Silences(read_lines(source))
        for finding in here:
            (silenced if silences.silence(finding.place.line, finding.code) else spoken).append(finding)
        for rule in chosen:
            if rule.code == _USELESS_NOQA and path in migrations:
                spoken += _useless(rule, migrations[path], silences, chosen)
    return spoken, silenced


def _useless(rule: Rule, migration: Migration, silences: Silences, chosen: Sequence[Rule]) -> Iterator[Finding]:
    """Find the codes of ours that a comment names in vain; one that was not asked for may yet serve another run, if there is it."""
    every = rules.all_rules()
    for line, column, code in silences.useless():
        if any(asked.code.startswith(code) for asked in chosen) or not any(known.code.startswith(code) for known in every):
            yield rule.found(migration, Place(line, column, line, column + len(code)), code=code)


def _excuse(findings: Sequence[Finding], settings: Settings) -> tuple[list[Finding], list[Finding]]:
    """Part what is to be reported from what the configuration accepts."""
    exemptions = (*settings.files, *settings.revisions)
    if not exemptions:
        return list(findings), []
    spoken: list[Finding] = []
    accepted: list[Finding] = []
    for finding in findings:
        path = settings.from_root(finding.path)
        excused = any(exemption.covers(finding.code, finding.revision, path) for exemption in exemptions)
        (accepted if excused else spoken).append(finding)
    return spoken, accepted
