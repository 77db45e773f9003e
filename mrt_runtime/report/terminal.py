"""The picture on a terminal: a line a revision as it happens, the evidence under it, the conclusion in a box."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TextIO

from mrt_lint.escape import printable
from mrt_lint.report.style import TextStyle
from mrt_runtime.report.wording import conclude, describe
from mrt_runtime.verdict import Failure, Outcome, Verdict

TITLE = "MRT — Migration Rollback Test"
RED, GREEN, YELLOW, DIM = "red", "green", "yellow", "dim"
PLAIN = str.maketrans({"─": "-", "│": "|", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "└": "`", "✓": "+", "✗": "x", "—": "-"})


class TerminalReport:
    """Draws on one stream; colour only on a terminal, plain letters where the stream's encoding has no others."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self._style = TextStyle.of(stream)
        self.plain = not can_encode(stream, TITLE + "─│╭╮╰╯└✓✗")

    def begin(self) -> None:
        """Draw the title."""
        rule = "─" * 12
        self._write("", f"  {rule} {TITLE} {rule}", "")

    def show(self, verdict: Verdict) -> None:
        """Draw one revision: its mark, its outcome, its failures and warnings."""
        mark, colour = {
            Outcome.SKIPPED: ("-", DIM),
            Outcome.NOT_REACHED: ("-", RED),
        }.get(verdict.outcome, ("✓", GREEN) if verdict.passed else ("✗", RED))
        self._write(
            f"  {self._style.paint(mark, colour)}  {printable(verdict.revision)}  {self._style.paint(describe(verdict), colour)}"
        )
        for failure in verdict.failures:
            self._write(*self._evidence(failure))
        for warning in verdict.warnings:
            self._write(f"     └─ {self._style.paint('warning: ' + printable(warning), YELLOW)}")
        if verdict.steps:
            from mrt_runtime.report.observed_text import draw_step  # noqa: PLC0415  only where steps were observed

            for step in verdict.steps:
                self._write(*draw_step(step, self._style))

    def end(self, verdicts: Sequence[Verdict]) -> None:
        """Draw the conclusion in its box, of an even width as in the guide."""
        text = "  " + conclude(verdicts)
        text += " " * (len(text) % 2)
        colour = GREEN if all(verdict.passed for verdict in verdicts) else RED
        self._write(
            "",
            "  " + self._style.paint(f"╭{'─' * len(text)}╮", colour),
            f"  {self._style.paint('│', colour)}{text}{self._style.paint('│', colour)}",
            "  " + self._style.paint(f"╰{'─' * len(text)}╯", colour),
            "",
        )

    def _evidence(self, failure: Failure) -> Iterable[str]:
        yield f"     └─ {self._style.paint(printable(failure.message), RED)}"
        if failure.file and failure.line:
            yield f"        {self._style.paint(f'{printable(failure.file)}:{failure.line}', DIM)}"
        for line in failure.evidence:
            yield f"        {self._style.paint(printable(line), DIM)}"

    def _write(self, *lines: str) -> None:
        text = "\n".join(lines) + "\n"
        if self.plain:
            text = text.translate(PLAIN)
            encoding = self.stream.encoding or "ascii"
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        self.stream.write(text)
        self.stream.flush()


def can_encode(stream: TextIO, text: str) -> bool:
    """Whether the stream can take the text; one without an encoding keeps text as it is."""
    encoding = getattr(stream, "encoding", None)
    if not encoding:
        return True
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
