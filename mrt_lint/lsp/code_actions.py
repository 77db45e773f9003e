"""The fixes of `mrt check --fix` as edits that an editor offers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from lsprotocol.types import (
    CodeAction,
    CodeActionKind,
    Diagnostic,
    OptionalVersionedTextDocumentIdentifier,
    TextDocumentEdit,
    WorkspaceEdit,
)

from mrt_lint.fix.session import FixOutcome
from mrt_lint.lsp.buffer_text import decoded
from mrt_lint.lsp.checker import CheckRound
from mrt_lint.lsp.text_position import CountUnits, edits_between
from mrt_lint.model.finding import Finding
from mrt_lint.report.style import counted

FIX_ALL: Final = "source.fixAll.mrt"
"""The kind of the action that makes all safe fixes of a file; `source.fixAll` asks for it, too."""


class FixActions:
    """The actions of one text of one file."""

    def __init__(
        self, checks: CheckRound, file: Path, document: OptionalVersionedTextDocumentIdentifier, units: CountUnits
    ) -> None:
        self._checks = checks
        self._file = file
        self._document = document
        self._units = units

    def of(self, diagnostic: Diagnostic, finding: Finding) -> CodeAction | None:
        """Return the fix of one finding, None where none is certain. One that may change what was meant says so."""
        if finding.fix is None:
            return None
        title = f"Fix {finding.code} {finding.name}"
        outcome = self._checks.fix(self._file, [finding], unsafe=False)
        is_safe = outcome is None or not outcome.unsafe
        if outcome is not None and outcome.unsafe:
            title += f" (unsafe: {outcome.unsafe[0][1]})"
            outcome = self._checks.fix(self._file, [finding], unsafe=True)
        if outcome is None or outcome.after == outcome.before:
            return None
        note = next((note for _, note in outcome.fixed if note), "")
        return CodeAction(
            f"{title}; {note}" if note else title,
            CodeActionKind.QuickFix,
            diagnostics=[diagnostic],
            is_preferred=is_safe,
            edit=self._edit(outcome),
        )

    def of_all(self, findings: Sequence[Finding]) -> CodeAction | None:
        """Return all safe fixes of the file as one action, None if there are none."""
        wanted = [finding for finding in findings if finding.fix is not None]
        outcome = self._checks.fix(self._file, wanted, unsafe=False) if wanted else None
        if outcome is None or outcome.after == outcome.before:
            return None
        return CodeAction(f"Fix {counted(len(outcome.fixed), 'finding')} of mrt", FIX_ALL, edit=self._edit(outcome))

    def _edit(self, outcome: FixOutcome) -> WorkspaceEdit:
        edits = edits_between(decoded(outcome.before), decoded(outcome.after), self._units)
        if self._document.version is None:  # the client knows no versions of documents in edits
            return WorkspaceEdit(changes={self._document.uri: edits})
        return WorkspaceEdit(document_changes=[TextDocumentEdit(self._document, [*edits])])
