"""The picture on a terminal: a line a revision as it happens, the evidence under it, the conclusion in a box."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TextIO

from mrt_lint.escape import printable
from mrt_lint.report.cells import cell_width, wrap_cells
from mrt_lint.report.style import TextStyle
from mrt_runtime.report.wording import conclude, describe
from mrt_runtime.verdict import Failure, Outcome, Verdict

TITLE = "MRT — Migration Rollback Test"
RED, GREEN, YELLOW, DIM = "red", "green", "yellow", "dim"
PLAIN = str.maketrans({"─": "-", "│": "|", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "└": "`", "✓": "+", "✗": "x", "—": "-"})


class TerminalReport:
    """Draws on one stream; colour only on a terminal, plain letters where the stream's encoding has no others.

    Lines are as wide as the terminal at most; elsewhere each stays one line, which can be searched. A quiet one draws only
    what did not pass or is warned of. Revisions in a row behind the same one, or too old, are a single line.
    """

    def __init__(self, stream: TextIO, *, is_quiet: bool = False) -> None:
        self.stream = stream
        self._is_quiet = is_quiet
        self._blocked: list[Verdict] = []
        self._style = TextStyle.of(stream)
        self._width = shutil.get_terminal_size().columns if stream.isatty() else None
        self.plain = not can_encode(stream, TITLE + "─│╭╮╰╯└✓✗")

    def begin(self) -> None:
        """Draw the title."""
        if self._is_quiet:
            return
        room = 12 if self._width is None else max(0, min(12, (self._width - len(TITLE) - 6) // 2))
        title = f"{'─' * room} {TITLE} {'─' * room}".strip()
        self._write("", *self._wrap("  ", "  ", title), "")

    def show(self, verdict: Verdict) -> None:
        """Draw one revision, or wait for those that are not reached, or too old, for the same reason."""
        is_one_of_many = verdict.shares_reason and not verdict.warnings
        if not is_one_of_many or (self._blocked and self._blocked[0].reason != verdict.reason):
            self.flush()
        if is_one_of_many:
            self._blocked.append(verdict)
        else:
            self._draw(verdict)

    def flush(self) -> None:
        """Draw the revisions that were waited with; the first and the last of them by name."""
        blocked, self._blocked = self._blocked, []
        if len(blocked) > 1:
            names = f"{blocked[0].revision} to {blocked[-1].revision}"
            self._draw(replace(blocked[0], revision=names, reason=f"{len(blocked)} revisions {blocked[0].reason}"))
        elif blocked:
            self._draw(blocked[0])

    def _draw(self, verdict: Verdict) -> None:
        """Draw one revision: its mark, its outcome, its failures and warnings."""
        if self._is_quiet and verdict.passed and not verdict.warnings:
            return
        mark, colour = {
            Outcome.SKIPPED: ("-", DIM),
            Outcome.NOT_REACHED: ("-", RED),
        }.get(verdict.outcome, ("✓", GREEN) if verdict.passed else ("✗", RED))
        first, *rest = self._wrap("     ", "     ", f"{printable(verdict.revision)}  {describe(verdict)}")
        revision, blank, phrase = first.strip().partition("  ")
        head = f"  {self._style.paint(mark, colour)}  {revision}{blank}{self._style.paint(phrase, colour)}"
        self._write(head, *(self._style.paint(line, colour) for line in rest))
        for failure in verdict.failures:
            self._write(*self._evidence(failure))
        for warning in verdict.warnings:
            self._write(*self._branch(f"warning: {printable(warning)}", YELLOW))
        if verdict.half_way:
            from mrt_runtime.report.half_way_text import summarize  # noqa: PLC0415  only where it was tried

            for sentence in summarize(verdict.half_way):
                self._write(*self._wrap("     ", "       ", printable(sentence)))
        if verdict.steps:
            from mrt_runtime.report.observed_text import draw_step  # noqa: PLC0415  only where steps were observed

            for step in verdict.steps:
                self._write(*draw_step(step, self._style))

    def end(self, verdicts: Sequence[Verdict]) -> None:
        """Draw the conclusion in its box, of an even width as in the guide."""
        self.flush()
        if self._is_quiet and all(verdict.passed for verdict in verdicts):
            return
        lines = [f"  {line}" for line in self._wrap("", "", conclude(verdicts), 6)]
        width = max(map(cell_width, lines))
        width += width % 2
        colour = GREEN if all(verdict.passed for verdict in verdicts) else RED
        edge = self._style.paint("│", colour)
        self._write(
            "",
            "  " + self._style.paint(f"╭{'─' * width}╮", colour),
            *(f"  {edge}{line}{' ' * (width - cell_width(line))}{edge}" for line in lines),
            "  " + self._style.paint(f"╰{'─' * width}╯", colour),
            "",
        )
        stopped = [step for verdict in verdicts for step in verdict.half_way]
        if stopped:
            from mrt_runtime.report.half_way_text import summarize_all  # noqa: PLC0415  only where it was tried

            self._write(*self._wrap("  ", "  ", summarize_all(stopped)))

    def close(self, database: str) -> None:
        """Draw what was verified on."""
        if not self._is_quiet:
            self._write(*self._wrap("  ", "  ", database), "")

    def _evidence(self, failure: Failure) -> Iterable[str]:
        yield from self._branch(printable(failure.message), RED)
        if failure.place:
            yield f"        {self._style.paint(printable(failure.place), DIM)}"
        for line in failure.evidence:
            for part in self._wrap("        ", "          ", printable(line)):
                text = part.lstrip()
                yield part[: len(part) - len(text)] + self._style.paint(text, DIM)

    def _branch(self, text: str, colour: str) -> Iterator[str]:
        """Yield the lines of what hangs on a revision."""
        first, *rest = self._wrap("        ", "        ", text)
        yield f"     └─ {self._style.paint(first.strip(), colour)}"
        yield from (f"        {self._style.paint(line.strip(), colour)}" for line in rest)

    def _wrap(self, first: str, later: str, text: str, margin: int = 0) -> list[str]:
        """Return a text in lines with these indents, as wide as the terminal but for a margin; one line where there is none."""
        if self._width is None or cell_width(first + text) + margin <= self._width:
            return [first + text]
        lines = wrap_cells(text, self._width - margin - max(len(first), len(later)))
        return [first + lines[0], *(later + line for line in lines[1:])]

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
