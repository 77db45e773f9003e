"""Histories drawn for a terminal: a line for each revision, newest first, with the mark of what a check found in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from mrt_lint.escape import printable
from mrt_lint.history.revision_log import LoggedRevision
from mrt_lint.report.history.chronicle import HistoryReport
from mrt_lint.report.history.lanes import DrawnRow, LaneDrawing
from mrt_lint.report.style import TextStyle

_MARKS: Final = {"clean": ("●", "o"), "warning": ("▲", "!"), "error": ("✗", "x"), "broken": ("?", "?")}
_COLOURS: Final = {"clean": "green", "warning": "yellow", "error": "red", "broken": "red"}
_MEANINGS: Final = {
    "broken": "in a file that does not parse",
    "error": "with errors",
    "warning": "with warnings",
    "clean": "with nothing found",
}
SAMPLE: Final = "│─├┤┼┬┴╭╮╰╯┆●▲✗"
"""What must be writable for a drawing that is not in ASCII."""


class GraphDrawing:
    """Draws chronicles. `width` is where lines are cut, None for not at all; `files` adds the file of each revision."""

    def __init__(self, style: TextStyle, *, unicode: bool, width: int | None = None, files: bool = False) -> None:
        self._style = style
        self._unicode = unicode
        self._width = width
        self._files = files

    def render(self, chronicles: Sequence[HistoryReport]) -> str:
        """Draw each history, and say in a line what the marks mean."""
        blocks = []
        for chronicle in chronicles:
            title = [self._style.paint(printable(", ".join(chronicle.folders)), "bold")] if len(chronicles) > 1 else []
            blocks.append("\n".join([*title, *self._drawing(chronicle), *self._rest(chronicle)]))
        blocks.append(self._summary(chronicles))
        return "\n\n".join(block for block in blocks if block) + "\n"

    def _drawing(self, chronicle: HistoryReport) -> Iterator[str]:
        entries = {entry.key: entry for entry in chronicle.entries}
        nodes = ((key, [parent for parent in entry.parents if parent not in entry.above]) for key, entry in entries.items())
        for row in LaneDrawing(unicode=self._unicode).draw(nodes):
            yield self._line(row, entries, chronicle) if row.node is not None else self._style.paint(row.text, "dim")

    def _line(self, row: DrawnRow, entries: Mapping[str, LoggedRevision], chronicle: HistoryReport) -> str:
        entry = entries[str(row.node)]
        verdict = chronicle.verdict(entry)
        colour = _COLOURS[verdict.mark]
        parts = [
            (printable(entry.revision), "bold"),
            (printable(entry.migration.message), ""),
            (_place(entry, entries), "cyan"),
            (str(verdict), colour),
            ("; ".join(map(printable, entry.problems)), "red"),
            (printable(entry.key) if self._files else "", "dim"),
        ]
        # a graph as wide as the terminal leaves no room; lines then run over rather than say nothing
        left = None if self._width is None else max(self._width - len(row.text) - 2, 20)
        mark = self._style.paint(_MARKS[verdict.mark][not self._unicode], "bold", colour)
        before = self._style.paint(row.text[: row.place], "dim")
        after = self._style.paint(row.text[row.place + 1 :], "dim")
        return f"{before}{mark}{after}  {self._join(parts, left)}"

    def _join(self, parts: Sequence[tuple[str, str]], left: int | None) -> str:
        """Join the parts that say something; where there is not room for all, the message is the first to be cut."""
        texts = [(text, styles) for text, styles in parts if text]
        over = sum(len(text) + 2 for text, _ in texts) - 2 - left if left is not None else 0
        if over > 0 and parts[1][0]:
            message = parts[1][0]
            kept = max(len(message) - over - 1, 10)
            cut = message if kept >= len(message) else f"{message[:kept].rstrip()}{'…' if self._unicode else '.'}"
            texts = [(cut if text == message and not styles else text, styles) for text, styles in texts]
        return "  ".join(self._style.paint(text, *styles.split()) for text, styles in texts)

    def _rest(self, chronicle: HistoryReport) -> Iterator[str]:
        if chronicle.omitted:
            more = "…" if self._unicode else "..."
            yield f"{more} {_count(chronicle.omitted, 'more revision')}"
        if chronicle.unplaced:
            yield self._style.paint("in no place, for what they assign to revision could not be read", "bold", "red")
            yield from (f"  {printable(path)}  {chronicle.verdicts.get(path, '')}".rstrip() for path in chronicle.unplaced)

    def _summary(self, chronicles: Sequence[HistoryReport]) -> str:
        counts = sum((chronicle.marks() for chronicle in chronicles), Counter[str]())
        said = [
            f"{counts[mark]:,} {self._style.paint(_MARKS[mark][not self._unicode], 'bold', _COLOURS[mark])} {meaning}"
            for mark, meaning in _MEANINGS.items()
            if counts[mark]
        ]
        hint = " mrt check says what was found." if counts.total() > counts["clean"] else ""
        return f"{': '.join([_count(counts.total(), 'revision'), *([', '.join(said)] if said else [])])}.{hint}"


def _place(entry: LoggedRevision, entries: Mapping[str, LoggedRevision]) -> str:
    """Return the notes on a revision's place: (head, branch billing, needs 4f2a91c0de77)."""
    said = [*(["head"] if entry.is_head else []), *(["base"] if entry.is_base else [])]
    said += [f"branch {printable(label)}" for label in entry.migration.branch_labels]
    said += [f"needs {printable(entries[key].revision if key in entries else name)}" for key, name in _needs(entry)]
    return f"({', '.join(said)})" if said else ""


def _needs(entry: LoggedRevision) -> Iterator[tuple[str, str]]:
    """Return what a revision depends on, by key where there is such a file, and by name."""
    names = entry.migration.depends_on
    for index, name in enumerate(names):
        yield entry.needs[index] if len(entry.needs) == len(names) else name, name


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"
