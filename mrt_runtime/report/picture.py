"""The picture on a terminal: a line a revision as it happens, the evidence under it, the conclusion in a box."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import TextIO

from mrt_runtime.report.words import conclude, describe
from mrt_runtime.verdict import Failure, Outcome, Verdict

TITLE = "MRT — Migration Rollback Test"
RED, GREEN, YELLOW, DIM = "31", "32", "33", "2"
PLAIN = str.maketrans({"─": "-", "│": "|", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "└": "`", "✓": "+", "✗": "x", "—": "-"})


class Picture:
    """Draws on one stream; colour only on a terminal, plain letters where the stream's encoding has no others."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.colour = may_colour(stream)
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
        self._write(f"  {self._paint(mark, colour)}  {verdict.revision}  {self._paint(describe(verdict), colour)}")
        for failure in verdict.failures:
            self._write(*self._evidence(failure))
        for warning in verdict.warnings:
            self._write(f"     └─ {self._paint('warning: ' + warning, YELLOW)}")

    def end(self, verdicts: Sequence[Verdict]) -> None:
        """Draw the conclusion in its box, of an even width as in the guide."""
        text = "  " + conclude(verdicts)
        text += " " * (len(text) % 2)
        colour = GREEN if all(verdict.passed for verdict in verdicts) else RED
        self._write(
            "",
            "  " + self._paint(f"╭{'─' * len(text)}╮", colour),
            f"  {self._paint('│', colour)}{text}{self._paint('│', colour)}",
            "  " + self._paint(f"╰{'─' * len(text)}╯", colour),
            "",
        )

    def _evidence(self, failure: Failure) -> Iterable[str]:
        yield f"     └─ {self._paint(failure.message, RED)}"
        if failure.file and failure.line:
            yield f"        {self._paint(f'{failure.file}:{failure.line}', DIM)}"
        for line in failure.evidence:
            yield f"        {self._paint(line, DIM)}"

    def _paint(self, text: str, colour: str) -> str:
        return f"\x1b[{colour}m{text}\x1b[0m" if self.colour else text

    def _write(self, *lines: str) -> None:
        text = "\n".join(lines) + "\n"
        if self.plain:
            text = text.translate(PLAIN)
            encoding = self.stream.encoding or "ascii"
            text = text.encode(encoding, "backslashreplace").decode(encoding)
        self.stream.write(text)
        self.stream.flush()


def may_colour(stream: TextIO) -> bool:
    """Whether colour is wanted: on a terminal, unless NO_COLOR says no; FORCE_COLOR says yes anywhere (no-color.org)."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or (stream.isatty() and os.environ.get("TERM") != "dumb")


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
