"""Histories as a Mermaid flowchart, which GitHub and GitLab draw: the newest on top, as in a terminal.

Syntax: https://mermaid.js.org/syntax/flowchart.html. Labels are quoted, and in them every character that could mean something
to Mermaid, Markdown or HTML is written as an entity code (#34;).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Final

from mrt_lint.escape import printable
from mrt_lint.history.revision_log import LoggedRevision
from mrt_lint.report.history.chronicle import HistoryReport

MOST_EDGES: Final = 500
"""Lines that Mermaid draws in one chart by default (configuration, maxEdges)."""
_MARKS: Final = {"clean": "", "warning": "▲ ", "error": "✗ ", "broken": "? "}
_STYLES: Final = {
    "error": "stroke:#cf222e,stroke-width:2px",
    "warning": "stroke:#bf8700,stroke-width:2px",
    "broken": "stroke:#cf222e,stroke-width:2px,stroke-dasharray:4",
    "missing": "stroke-dasharray:2",
}
# Mermaid takes #35; for #; a quote or bracket would end the label
_SPECIAL: Final = re.compile(r"[^\w ,]|_", re.ASCII)
_LONGEST: Final = 60


def render(chronicles: Sequence[HistoryReport]) -> str:
    """Write one flowchart; of several histories, each is a box."""
    # edges go from a parent to its child, and so the newest is on top
    lines = ["flowchart BT"]
    names = {
        (place, entry.key): f"r{place}_{index}" for place, one in enumerate(chronicles) for index, entry in enumerate(one.entries)
    }
    for place, chronicle in enumerate(chronicles):
        mine = {key: name for (where, key), name in names.items() if where == place}
        boxed = len(chronicles) > 1
        lines += [f'  subgraph h{place}["{escape(", ".join(chronicle.folders))}"]'] if boxed else []
        lines += [f"  {line}" for line in (*_nodes(chronicle, mine), *_edges(chronicle, mine, place))]
        lines += ["  end"] if boxed else []
    lines += [f"  classDef {name} {style}" for name, style in _STYLES.items()]
    return "\n".join(lines) + "\n"


def count_edges(chronicles: Sequence[HistoryReport]) -> int:
    """Count the lines of the chart."""
    return sum(len(entry.parents) + len(entry.needs) for chronicle in chronicles for entry in chronicle.entries)


def escape(text: str) -> str:
    """Return a text escaped for a quoted label."""
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}…"
    return _SPECIAL.sub(lambda match: f"#{ord(match[0])};" if match[0].isascii() else match[0], printable(short))


def _nodes(chronicle: HistoryReport, names: dict[str, str]) -> Iterator[str]:
    for entry in chronicle.entries:
        verdict = chronicle.verdict(entry)
        said = [escape(_MARKS[verdict.mark] + entry.revision), escape(entry.migration.message), escape(_place(entry))]
        said += [escape(str(verdict)), *map(escape, entry.problems)]
        look = "" if verdict.mark == "clean" else f":::{verdict.mark}"
        yield f'{names[entry.key]}["{"<br/>".join(part for part in said if part)}"]{look}'


def _edges(chronicle: HistoryReport, names: dict[str, str], place: int) -> Iterator[str]:
    """Return a line from each revision to what follows it, dotted to what merely needs it; what is not shown has one stump."""
    others: dict[str, str] = {}
    for entry in chronicle.entries:
        for targets, line in ((entry.parents, "-->"), (entry.needs, "-.->")):
            for target in targets:
                if target not in names and target not in others:
                    others[target] = f"o{place}_{len(others)}"
                    yield f'{others[target]}["…"]:::missing'
                yield f"{names.get(target) or others[target]} {line} {names[entry.key]}"


def _place(entry: LoggedRevision) -> str:
    said = [*(["head"] if entry.is_head else []), *(["base"] if entry.is_base else [])]
    said += [f"branch {label}" for label in entry.migration.branch_labels]
    return f"({', '.join(said)})" if said else ""
