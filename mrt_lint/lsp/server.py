"""`mrt lsp`: what the server answers to which message of the editor's."""

from __future__ import annotations

import os
from typing import Any, Final

from lsprotocol import types
from pygls.lsp.server import LanguageServer

from mrt_lint import __version__
from mrt_lint.lsp.checker import CheckRound
from mrt_lint.lsp.code_actions import FIX_ALL, FixActions
from mrt_lint.lsp.hover import code_at, explain
from mrt_lint.lsp.open_files import OpenFiles, ShownDiagnostics, file_of
from mrt_lint.lsp.text_position import lines_of

_WATCHED: Final = ("**/pyproject.toml", "**/alembic.ini", "**/mrt.lock", "**/*baseline*.json", "**/*.py")


class MigrationServer(LanguageServer):
    """A language server whose open files are looked at."""

    def __init__(self) -> None:
        # whole texts: what counts as an end of line in a partial change is not agreed upon
        super().__init__("mrt", __version__, types.TextDocumentSyncKind.Full)
        self.files = OpenFiles(lambda: dict(self.workspace.text_documents), self._publish)

    def _publish(self, uri: str, version: int | None, diagnostics: list[types.Diagnostic]) -> None:
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, diagnostics, version))

    def shutdown(self) -> None:
        """Stop, without waiting for what is being looked at."""
        self.files.stop()
        super().shutdown()  # type: ignore[no-untyped-call]  # pygls annotates no return value

    def identify(self, uri: str) -> types.OptionalVersionedTextDocumentIdentifier:
        """Return how an edit names a document: with its version, where the client knows such edits."""
        workspace = self.client_capabilities.workspace
        may_name = workspace is not None and workspace.workspace_edit is not None and workspace.workspace_edit.document_changes
        version = self.workspace.get_text_document(uri).version if may_name else None
        return types.OptionalVersionedTextDocumentIdentifier(uri, version)


async def _initialized(server: MigrationServer, _: types.InitializedParams) -> None:
    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    if watching is None or not watching.dynamic_registration:
        return
    options = types.DidChangeWatchedFilesRegistrationOptions([types.FileSystemWatcher(pattern) for pattern in _WATCHED])
    registration = types.Registration("mrt-files", types.WORKSPACE_DID_CHANGE_WATCHED_FILES, options)
    await server.client_register_capability_async(types.RegistrationParams([registration]))


def _changed(
    server: MigrationServer,
    params: types.DidOpenTextDocumentParams | types.DidChangeTextDocumentParams | types.DidSaveTextDocumentParams,
) -> None:
    server.files.touch(params.text_document.uri)


def _changed_elsewhere(server: MigrationServer, _: types.DidChangeWatchedFilesParams) -> None:
    server.files.touch()


def _closed(server: MigrationServer, params: types.DidCloseTextDocumentParams) -> None:
    server.files.close(params.text_document.uri)


def _hover(server: MigrationServer, params: types.HoverParams) -> types.Hover | None:
    """Explain the code that is written here, or else the rules of the findings that are shown here."""
    document = server.workspace.get_text_document(params.text_document.uri)
    lines = lines_of(document.source)
    if params.position.line >= len(lines):
        return None
    place = document.position_codec.position_from_client_units(lines, params.position)
    written = code_at(lines[place.line], place.character)
    here = types.Range(params.position, params.position)
    codes = [written] if written else [str(shown.code) for shown, _ in _at(server.files.shown(document.uri), here)]
    text = explain(codes)
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text)) if text else None


async def _code_actions(server: MigrationServer, params: types.CodeActionParams) -> list[types.CodeAction]:
    """Offer the fixes of what is shown in a range; all of the file's only where they are asked for."""
    await server.files.settle()
    uri, only = params.text_document.uri, params.context.only
    document = server.workspace.text_documents.get(uri)
    shown = server.files.shown(uri)
    found = [(diagnostic, finding) for diagnostic, finding in _at(shown, params.range) if finding is not None]
    if only is not None and not any(_includes(kind, types.CodeActionKind.QuickFix) for kind in only):
        found = []
    every = [finding for _, finding in shown if finding is not None]
    if only is None or not any(_includes(kind, FIX_ALL) for kind in only):
        every = []
    file = file_of(uri)
    if document is None or file is None or not (found or every):
        return []
    identifier, units = server.identify(uri), document.position_codec.client_num_units

    def offer(checks: CheckRound) -> list[types.CodeAction]:
        fixes = FixActions(checks, file, identifier, units)
        actions = [*(fixes.of(diagnostic, finding) for diagnostic, finding in found), fixes.of_all(every)]
        return [action for action in actions if action is not None]

    return await server.files.in_thread(offer)


def _includes(asked: str, kind: str) -> bool:
    """Return whether a kind of actions is asked for, by itself or by one above it."""
    return kind == asked or kind.startswith(f"{asked}.")


def _at(shown: ShownDiagnostics, place: types.Range) -> ShownDiagnostics:
    """Return what is shown in a range."""
    return [entry for entry in shown if entry[0].range.start <= place.end and place.start <= entry[0].range.end]


_FEATURES: Final[dict[str, Any]] = {
    types.INITIALIZED: _initialized,
    types.TEXT_DOCUMENT_DID_OPEN: _changed,
    types.TEXT_DOCUMENT_DID_CHANGE: _changed,
    types.TEXT_DOCUMENT_DID_SAVE: _changed,
    types.TEXT_DOCUMENT_DID_CLOSE: _closed,
    types.TEXT_DOCUMENT_HOVER: _hover,
    types.WORKSPACE_DID_CHANGE_WATCHED_FILES: _changed_elsewhere,
}


def serve() -> None:
    """Serve one editor on standard input and output, until it leaves."""
    server = MigrationServer()
    for name, answer in _FEATURES.items():
        server.feature(name)(answer)
    kinds = types.CodeActionOptions([types.CodeActionKind.QuickFix, FIX_ALL])
    server.feature(types.TEXT_DOCUMENT_CODE_ACTION, kinds)(_code_actions)
    # copies: the server closes its streams, and Python flushes standard output once more
    with os.fdopen(os.dup(0), "rb") as requests, os.fdopen(os.dup(1), "wb") as answers:
        server.start_io(requests, answers)
