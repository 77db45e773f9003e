"""What was found as one page: HTML with its style and script inside, which asks for nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Final, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from mrt_lint import __version__
from mrt_lint.escape import printable
from mrt_lint.model.finding import Consequence
from mrt_lint.report.source_lines import lines_of
from mrt_report.headline import count_outcomes, summarize
from mrt_report.page.view import slug, view_all, view_findings
from mrt_report.reported_revision import HistoryResults
from mrt_report.run_mark import CONFIRMED, NOT_MET, REFUTED
from mrt_runtime.report.wording import PHRASES
from mrt_runtime.verdict import Outcome

FOLDER: Final = Path(__file__).parent
PITCH: Final = 16
"""Pixels from one lane of the graph to the next."""
MOST_LANES: Final = 12
"""A graph of more lanes than these is drawn narrower, so that it leaves room for words."""


class FilterButton(NamedTuple):
    """A number of revisions or findings that is a filter as well: `kind` is "outcome", "word" or "mark", `value` what it keeps."""

    kind: str
    value: str
    label: str
    number: int
    tone: str


def render_page(results: HistoryResults) -> str:
    """Return the page. Names, messages and code in it are only ever text; no script but the page's own could run."""
    lines_of.cache_clear()  # files change between two reports
    rows = view_all(results)
    width = max(
        (lane for row in rows for lane in (row.lanes.lane, *row.lanes.passing, *row.lanes.leading, *row.lanes.loose)), default=0
    )
    pitch = PITCH if width < MOST_LANES else max(PITCH * MOST_LANES // (width + 1), 4)
    gutter = (width + 1) * pitch + 8
    style = Markup(f"{read('page.css')}:root{{--gutter:{gutter}px}}")  # noqa: S704  the page's own
    script = Markup(read("page.js"))  # noqa: S704  the page's own
    return (
        environment()
        .get_template("page.html")
        .render(
            headline=summarize(results),
            results=results,
            rows=rows,
            outcomes=tuple(_outcomes(results)),
            words=tuple(_words(results)),
            loose=tuple(view_findings(results.loose, None)),
            project=Path.cwd().name,
            made=datetime.now(timezone.utc).astimezone(),
            version=__version__,
            pitch=pitch,
            style=style,
            script=script,
            policy=f"default-src 'none'; img-src data:; style-src '{digest(style)}'; script-src '{digest(script)}'",
        )
    )


def environment() -> Environment:
    """Return what fills templates: whatever is put into one is escaped, and control characters are shown, not obeyed."""
    return Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_show,
    )


def _show(value: Any) -> Any:
    if not isinstance(value, str) or isinstance(value, Markup):
        return value
    return "\n".join(printable(line) for line in value.split("\n"))


def read(name: str) -> str:
    """Return a file of the page's own."""
    return (FOLDER / name).read_text(encoding="utf-8")


def digest(text: str) -> str:
    """Return what a content security policy names a text by."""
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _outcomes(results: HistoryResults) -> Iterator[FilterButton]:
    counts = count_outcomes(results.verify) if results.verify else Counter[Outcome]()
    tones = {Outcome.REVERSIBLE: "good", Outcome.SKIPPED: "none", Outcome.UNPROVEN: "open", Outcome.NOT_REACHED: "open"}
    for outcome in Outcome:
        if counts[outcome]:
            yield FilterButton("outcome", outcome.value, PHRASES[outcome], counts[outcome], tones.get(outcome, "bad"))


def _words(results: HistoryResults) -> Iterator[FilterButton]:
    """Yield what the findings come to, and what the run says of them."""
    counts = Counter(finding.consequence for finding in results.check.findings) if results.check else Counter[Consequence]()
    for consequence in Consequence:
        if counts[consequence]:
            yield FilterButton("word", slug(consequence.value), consequence.value, counts[consequence], "finding")
    for word in (CONFIRMED, REFUTED, NOT_MET):
        if results.count_marks(word):
            yield FilterButton(
                "mark",
                slug(word),
                f"{word} by the run" if word != NOT_MET else "not met in the run",
                results.count_marks(word),
                "said",
            )
