"""What `mrt check --format json` and `mrt verify --format json` wrote, read back."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from mrt_lint import __version__
from mrt_lint.model.finding import Consequence, Finding, FixSafety, Severity
from mrt_lint.model.values import SourceSpan
from mrt_lint.report import UnreadCall
from mrt_lint.usage import UsageError
from mrt_report.results import CheckResults, VerifyResults
from mrt_runtime.report.json import from_json
from mrt_runtime.report.observed_text import spell_size
from mrt_runtime.report.rehearsal import count

Results = TypeVar("Results", CheckResults, VerifyResults)


def read_check(path: Path) -> CheckResults:
    """Return what a check wrote. Raises UsageError, one sentence, where the file is no such document or of another version."""
    return _read(path, "mrt check", _make_check)


def read_verify(path: Path) -> VerifyResults:
    """Return what a verification wrote, or `mrt report merge`. Raises UsageError as `read_check` does."""
    return _read(path, "mrt verify", _make_verify)


def _read(path: Path, command: str, make: Callable[[Mapping[str, Any]], Results]) -> Results:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        version = document["version"]
        if version == __version__:
            return make(document)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror or error}.") from None
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise UsageError(f"{path} is not what {command} wrote: write it with {command} --format json --output {path}") from None
    raise UsageError(
        f"{path} was written by pytest-mrt {version}, and this is {__version__}: write it again with {command} --format json."
    )


def _make_check(document: Mapping[str, Any]) -> CheckResults:
    summary = document["summary"]
    return CheckResults(
        findings=tuple(map(_make_finding, document["findings"])),
        unreadable=tuple(UnreadCall(**unread) for unread in document["unreadable"]),
        migrations=int(summary["files"]),
        silenced=int(summary["suppressed"]),
    )


def _make_finding(found: Mapping[str, Any]) -> Finding:
    return Finding(
        path=_text(found["path"]),
        place=SourceSpan(*(int(found[name]) for name in ("line", "column", "end_line", "end_column"))),
        code=_text(found["code"]),
        name=_text(found["name"]),
        severity=Severity(found["severity"]),
        consequence=Consequence(found["consequence"]),
        revision=None if found["revision"] is None else _text(found["revision"]),
        message=_text(found["message"]),
        instead=_text(found["instead"]),
        fix=FixSafety(found["fix"]) if "fix" in found else None,
    )


def _make_verify(document: Mapping[str, Any]) -> VerifyResults:
    database, shard = document["database"], document.get("shard")
    return VerifyResults(
        verdicts=tuple(map(from_json, document["revisions"])),
        database={_text(name): _text(value) for name, value in database.items()} | {"dialect": database["dialect"]},
        stopped=document["stopped"],
        shard=f"{shard['number']} of {shard['count']}" if shard else None,
        copied=_describe_copy(document["copy"]) if "copy" in document else "",
    )


def _describe_copy(copy: Mapping[str, Any]) -> str:
    """Return what `mrt rehearse` copied, in words."""
    tables, rows = (count(int(copy[name]), name.removesuffix("s")) for name in ("tables", "rows"))
    part = "" if copy["subset"] is None else ", a sample"
    return f"{tables} with {rows} ({spell_size(int(copy['bytes']))}{part})"


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    return value
