"""A baseline: the findings that a project had when it began to check, accepted until the code changes.

A finding is known by its revision, code and message, and by how many of its kind there are, so that moved lines make none new.
The revisions that there were are named as well: what is only a matter of deploying need not be reported of them again. The file
holds an entry a line, so that it can be read in a review and merged by git.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from mrt_lint.model.finding import Finding
from mrt_lint.report import CheckReport
from mrt_lint.report.fingerprint import key_of
from mrt_lint.settings import Settings
from mrt_lint.usage import UsageError

# to be raised when the format changes: a file of another one is refused
_FORMAT: Final = 1
BASELINE_FILE: Final = "mrt-baseline.json"
"""Where `mrt baseline` writes if nothing else is said."""
NEVER_ACCEPTED: Final = frozenset({"MRT902", "MRT903", "MRT904", "MRT905", "MRT907"})
"""Broken files and histories, and changed locked revisions: these cannot be accepted."""
_NAMES: Final = ("where", "code", "message")

Baseline = Counter[tuple[str, str, str]]
"""How many findings of each kind are accepted."""


def dumps(findings: Iterable[Finding], revisions: Iterable[str] = ()) -> str:
    """Write a baseline that accepts these findings of a history with these revisions."""
    counts = Counter(map(key_of, findings))
    entries = [json.dumps({**dict(zip(_NAMES, key, strict=True)), "count": counts[key]}) for key in sorted(counts)]
    listed = ",\n".join(f"    {entry}" for entry in entries)
    named = ",\n".join(f"    {json.dumps(revision)}" for revision in sorted(set(revisions)))
    return f'{{\n  "mrt_baseline": {_FORMAT},\n  "accepted": {_list(listed)},\n  "revisions": {_list(named)}\n}}\n'


def _list(lines: str) -> str:
    return f"[\n{lines}\n  ]" if lines else "[]"


def load_baseline(path: Path) -> Baseline:
    """Read what a baseline accepts. Raises UsageError if there is none, or the file is damaged or of another version."""
    document = _read(path)
    try:
        return Counter(dict(map(_entry, document["accepted"])))
    except (ValueError, KeyError, TypeError):
        raise _damaged(path) from None


def with_deployed(settings: Settings) -> Settings:
    """Return the settings with the revisions of the baseline, where warnings of locks are wanted since it only.

    Raises UsageError as `load_baseline` does, and for a baseline that names no revisions.
    """
    if settings.lock_warnings != "since-baseline":
        return settings
    path = settings.root / (settings.baseline or BASELINE_FILE)
    revisions = _read(path).get("revisions")
    if revisions is None:
        raise UsageError(f"{path} is older than lock_warnings and names no revisions: mrt baseline -o {path} writes it again.")
    if not isinstance(revisions, list) or not all(isinstance(revision, str) for revision in revisions):
        raise _damaged(path)
    return replace(settings, deployed=frozenset(revisions))


def _read(path: Path) -> dict[str, Any]:
    """Read the document. Raises UsageError if there is none, or the file is damaged or of another version."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"There is no baseline {path}: mrt baseline --output {path} writes it.") from None
    except (OSError, UnicodeError) as error:
        raise UsageError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    try:
        document = json.loads(text)
        version = document["mrt_baseline"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise _damaged(path) from None
    if version != _FORMAT:
        again = f"mrt baseline --output {path} writes it again"
        raise UsageError(f"{path} is a baseline of format {version!r}, where this mrt knows {_FORMAT}: {again}.")
    return dict(document)


def _damaged(path: Path) -> UsageError:
    return UsageError(f"{path} is no baseline, or is damaged: mrt baseline --output {path} writes it again.")


def accept(report: CheckReport, baseline: Baseline) -> CheckReport:
    """Move the findings that the baseline knows, each as often as it knows it, to those that are accepted."""
    left = baseline.copy()
    new: list[Finding] = []
    known: list[Finding] = []
    for finding in report.findings:
        key = key_of(finding)
        (known if left[key] > 0 else new).append(finding)
        left[key] -= 1
    return replace(report, findings=tuple(new), accepted=(*report.accepted, *known))


def _entry(entry: dict[str, Any]) -> tuple[tuple[str, str, str], int]:
    where, code, message = (entry[name] for name in _NAMES)
    if not all(isinstance(value, str) for value in (where, code, message)) or type(entry["count"]) is not int:
        raise TypeError("a value of another type")
    return (where, code, message), entry["count"]
