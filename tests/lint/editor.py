"""An editor for tests: a real client of the protocol, on standard input and output of a real `mrt lsp`."""

from __future__ import annotations

import asyncio
import sys
import threading
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

PATIENCE = 120


class Editor:
    """Opens, changes, saves and closes files, and knows what the server last said of each."""

    def __init__(self, *folders: Path, cwd: Path) -> None:
        self.shown: dict[str, list[types.Diagnostic]] = {}
        self.told: list[types.PublishDiagnosticsParams] = []
        self.registered: list[types.Registration] = []
        self._versions: dict[str, int] = {}
        self._client = LanguageClient("editor", "1")
        self._client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)(self._listen())
        self._client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda params: self.registered.extend(params.registrations))
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True).start()
        self.run(self._client.start_io(sys.executable, "-m", "mrt_lint", "lsp", "--stdio", cwd=cwd))
        self.server = self.ask(self._client.initialize_async, _beginning(folders))
        self.call(self._client.initialized, types.InitializedParams())

    def open(self, path: Path, text: str | None = None) -> str:
        uri = path.as_uri()
        self._versions[uri] = 1
        text = path.read_bytes().decode() if text is None else text
        document = types.TextDocumentItem(uri, "python", 1, text)
        self.call(self._client.text_document_did_open, types.DidOpenTextDocumentParams(document))
        return uri

    def change(self, path: Path, text: str) -> None:
        uri = path.as_uri()
        self._versions[uri] += 1
        document = types.VersionedTextDocumentIdentifier(self._versions[uri], uri)
        whole = types.TextDocumentContentChangeWholeDocument(text)
        self.call(self._client.text_document_did_change, types.DidChangeTextDocumentParams(document, [whole]))

    def save(self, path: Path, text: str) -> None:
        path.write_bytes(text.encode())
        document = types.TextDocumentIdentifier(path.as_uri())
        self.call(self._client.text_document_did_save, types.DidSaveTextDocumentParams(document))

    def close(self, path: Path) -> None:
        document = types.TextDocumentIdentifier(path.as_uri())
        self.call(self._client.text_document_did_close, types.DidCloseTextDocumentParams(document))

    def notice(self, path: Path) -> None:
        """Notice that a file which is not open has changed on disk."""
        event = types.FileEvent(path.as_uri(), types.FileChangeType.Changed)
        self.call(self._client.workspace_did_change_watched_files, types.DidChangeWatchedFilesParams([event]))

    def diagnostics(self, path: Path) -> list[types.Diagnostic]:
        """Return what is shown of a file once the server has looked at everything: it offers no action before that."""
        self.actions(path, types.Range(types.Position(0, 0), types.Position(0, 0)), only=["refactor"])
        return self.shown.get(path.as_uri(), [])

    def codes(self, path: Path) -> list[str]:
        return [str(diagnostic.code) for diagnostic in self.diagnostics(path)]

    def actions(self, path: Path, where: types.Range, only: list[str] | None = None) -> list[types.CodeAction]:
        document = types.TextDocumentIdentifier(path.as_uri())
        context = types.CodeActionContext([], only)
        return list(self.ask(self._client.text_document_code_action_async, types.CodeActionParams(document, where, context)) or ())

    def hover(self, path: Path, line: int, character: int) -> str:
        document = types.TextDocumentIdentifier(path.as_uri())
        answer = self.ask(self._client.text_document_hover_async, types.HoverParams(document, types.Position(line, character)))
        return answer.contents.value if answer else ""

    def leave(self) -> int:
        """Shut the server down as the protocol wants it, and return its exit code."""
        self.ask(self._client.shutdown_async, None)
        self.call(self._client.exit, None)
        process = self._client._server
        code = self.run(asyncio.wait_for(process.wait(), PATIENCE))
        self.run(self._client.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        return code

    def ask(self, request, params):
        async def wait():
            return await asyncio.wait_for(request(params), PATIENCE)

        return self.run(wait())

    def call(self, notification, params) -> None:
        async def send():
            notification(params)

        self.run(send())

    def run(self, work):
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)

    def _listen(self):
        def hear(params: types.PublishDiagnosticsParams) -> None:
            self.told.append(params)
            self.shown[params.uri] = list(params.diagnostics)

        return hear


def _beginning(folders: tuple[Path, ...]) -> types.InitializeParams:
    watching = types.DidChangeWatchedFilesClientCapabilities(dynamic_registration=True)
    edits = types.WorkspaceEditClientCapabilities(document_changes=True)
    workspace = types.WorkspaceClientCapabilities(did_change_watched_files=watching, workspace_edit=edits, workspace_folders=True)
    return types.InitializeParams(
        types.ClientCapabilities(workspace=workspace),
        workspace_folders=[types.WorkspaceFolder(folder.as_uri(), folder.name) for folder in folders],
    )


def applied(text: str, action: types.CodeAction) -> str:
    """Return a text with the edits of an action made, as an editor makes them."""
    (document,) = action.edit.document_changes
    units = text.encode("utf-16-le")
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line.encode("utf-16-le")))
    for edit in sorted(document.edits, key=lambda edit: edit.range.start, reverse=True):
        start, end = (starts[place.line] + 2 * place.character for place in (edit.range.start, edit.range.end))
        units = units[:start] + edit.new_text.encode("utf-16-le") + units[end:]
    return units.decode("utf-16-le")
