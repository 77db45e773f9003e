"""What is written of a run when it has ended: JSON, Markdown, a page. Each is whole, or is not there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from mrt_lint.usage import UsageError
from mrt_runtime.config import ConfigurationError, MRTConfig
from mrt_runtime.verdict import Verdict

if TYPE_CHECKING:
    from mrt_report.report_file import ReportFile
    from mrt_report.results import VerifyResults
    from mrt_runtime.verify.run import Run


class VerdictDocument(Protocol):
    """Is written once, with what was found by then."""

    def write(self, verdicts: Sequence[Verdict], run: Run, stopped: str | None = None) -> None:
        """Write the verdicts; `stopped` says why the run ended before its last revision, where it did."""


class VerdictFile:
    """JSON or Markdown; `keep` is called once it is whole."""

    def __init__(self, form: str, stream: TextIO, keep: Callable[[], object]) -> None:
        self._form = form
        self._stream = stream
        self._keep = keep

    def write(self, verdicts: Sequence[Verdict], run: Run, stopped: str | None = None) -> None:
        """See `VerdictDocument`."""
        if self._form == "json":
            from mrt_runtime.report.json import render  # noqa: PLC0415  one form is enough

            self._stream.write(render(verdicts, run.facts, stopped, run.shard))
        else:
            from mrt_report import markdown  # noqa: PLC0415  as well
            from mrt_report.reported_revision import assemble  # noqa: PLC0415  as well

            self._stream.write(markdown.render(assemble(None, collect(verdicts, run, stopped))))
        self._keep()


class VerdictPage:
    """A page in HTML, with what the linter finds in the same history."""

    def __init__(self, file: ReportFile, config: MRTConfig) -> None:
        self._file = file
        self._config = config

    def write(self, verdicts: Sequence[Verdict], run: Run, stopped: str | None = None) -> None:
        """See `VerdictDocument`. Raises ConfigurationError where the history or the file gets in the way."""
        from mrt_report.page import render_page  # noqa: PLC0415  a wrong command need not wait for it
        from mrt_report.static_check import check  # noqa: PLC0415  as well
        from mrt_runtime.migrate import read_graph  # noqa: PLC0415  as well

        wanted = {verdict.revision for verdict in verdicts}
        steps = list(read_graph(self._config))
        try:
            found = check(step.file for step in steps).only({step.file for step in steps if step.revision in wanted})
            self._file.write(render_page(found.with_run(collect(verdicts, run, stopped))))
        except UsageError as error:
            raise ConfigurationError(str(error)) from None


def open_page(path: str, config: MRTConfig) -> VerdictPage:
    """Return the page for a path. Raises ConfigurationError where it cannot be written there."""
    from mrt_report.report_file import ReportFile  # noqa: PLC0415  only when asked for

    try:
        return VerdictPage(ReportFile(path), config)
    except UsageError as error:
        raise ConfigurationError(str(error)) from None


def collect(verdicts: Sequence[Verdict], run: Run, stopped: str | None) -> VerifyResults:
    """Return what a run found, for a report."""
    from mrt_report.results import VerifyResults  # noqa: PLC0415  only when asked for

    shard = f"{run.shard['number']} of {run.shard['count']}" if run.shard else None
    return VerifyResults(verdicts=tuple(verdicts), database=dict(run.facts), stopped=stopped, shard=shard)
