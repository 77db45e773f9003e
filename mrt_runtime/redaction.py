"""Secrets taken out of what leaves in objects: verdicts, log records, and the reports of pytest. Standard library only."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from mrt_runtime.secret import conceal, find_cut, knows_secrets
from mrt_runtime.verdict import DoubtfulFailure, Failure, RollingDeploy, RowExample, UnmetStatement, Verdict

Report = TypeVar("Report")
PYTESTS_OWN = ("_pytest.", "pytest")
"""Modules of the classes that pytest writes a traceback down in."""


def redact_verdict(verdict: Verdict) -> Verdict:
    """Take secrets out of all that a verdict says; what it names (revision, table, column) stays."""
    return dataclasses.replace(
        verdict,
        failures=tuple(map(redact_failure, verdict.failures)),
        warnings=tuple(map(conceal, verdict.warnings)),
        unseeded={table: conceal(reason) for table, reason in verdict.unseeded.items()},
        reason=conceal(verdict.reason),
        doubts=tuple(DoubtfulFailure(failure=redact_failure(one.failure), warning=conceal(one.warning)) for one in verdict.doubts),
        unmet=tuple(UnmetStatement(line=one.line, message=conceal(one.message)) for one in verdict.unmet),
        rolling=_redact_rolling(verdict.rolling) if verdict.rolling else None,
    )


def _redact_rolling(rolling: RollingDeploy) -> RollingDeploy:
    return dataclasses.replace(
        rolling,
        breaks=tuple(map(redact_failure, rolling.breaks)),
        untried={table: conceal(reason) for table, reason in rolling.untried.items()},
    )


def redact_failure(failure: Failure) -> Failure:
    """Take secrets out of a failure's message, evidence and examples."""
    return dataclasses.replace(
        failure,
        message=conceal(failure.message),
        evidence=tuple(map(conceal, failure.evidence)),
        examples=tuple(
            RowExample(before=_redact_row(example.before), after=_redact_row(example.after)) for example in failure.examples
        ),
    )


def _redact_row(row: dict[str, str] | None) -> dict[str, str] | None:
    return None if row is None else {name: conceal(text) for name, text in row.items()}


def redact_report(report: Report) -> Report:
    """Take secrets out of the report of a test: its traceback with the locals, what was captured, its properties.

    Every reporter reads it from there: the terminal, JUnit's XML, and the main process of pytest-xdist.
    """
    if knows_secrets():
        for name in ("longrepr", "sections", "user_properties"):
            setattr(report, name, _redact(getattr(report, name, None)))
    return report


def _redact(value: Any) -> Any:
    """Take secrets out of every string that a value is made of; objects of pytest's are changed in place."""
    if isinstance(value, str):
        return find_cut(conceal(value))
    if isinstance(value, (list, tuple)):
        changed = [_redact(item) for item in value]
        if isinstance(value, list):
            value[:] = changed
            return value
        return tuple(changed)
    if type(value).__module__.startswith(PYTESTS_OWN) and hasattr(value, "__dict__"):
        for name, part in vars(value).items():
            object.__setattr__(value, name, _redact(part))  # some are frozen
    return value


# above any level that a record has
SILENT = logging.CRITICAL + 1
POOLS = "sqlalchemy.pool"
"""The logger that reports, with a traceback, a connection that cannot be returned because the server is gone."""


class RedactedLog:
    """Takes secrets out of every log record that is made from `open` to `close`, whichever handler writes it.

    SQLAlchemy's pools say nothing meanwhile, unless the user gave their logger a level: what a lost server means is reported once.
    """

    def __init__(self) -> None:
        self._former: Callable[..., logging.LogRecord] | None = None
        self._pools = logging.getLogger(POOLS)

    def open(self) -> None:
        """Begin; log records without secrets stay as they are."""
        self._former = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._make)
        if self._pools.level == logging.NOTSET:
            self._pools.setLevel(SILENT)

    def close(self) -> None:
        """End, unless another factory came on top, which may go on calling this one."""
        if logging.getLogRecordFactory() == self._make and self._former is not None:
            logging.setLogRecordFactory(self._former)
        # a level that was set meanwhile is kept
        if self._pools.level == SILENT:
            self._pools.setLevel(logging.NOTSET)

    def _make(self, *args: Any, **named: Any) -> logging.LogRecord:
        record = (self._former or logging.LogRecord)(*args, **named)
        try:
            message = record.getMessage()
        except Exception:  # noqa: BLE001  a call with wrong arguments is for the handler to report
            return record
        shown = conceal(message)
        if shown != message:
            record.msg, record.args = shown, ()
        return record
