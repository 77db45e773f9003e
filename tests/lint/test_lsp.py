"""`mrt lsp`, driven by a real client: one server, and in it several projects at once."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
import tomlkit as toml
from lsprotocol.types import DiagnosticSeverity, Position, Range
from lupa import LuaRuntime

from mrt_lint.cache.store import DiskCache
from mrt_lint.check.engine import CheckEngine
from mrt_lint.settings import load_settings
from tests.lint.conftest import CREATE, DROP, HEADER, USERS, functions
from tests.lint.editor import Editor, applied

EVERYWHERE = Range(Position(0, 0), Position(10_000, 0))
NO_WAY_BACK = functions('op.add_column("users", sa.Column("phone", sa.String(20)))', "pass")


@pytest.fixture(scope="module")
def editor(tmp_path_factory):
    folder = tmp_path_factory.mktemp("editor")
    editor = Editor(folder, cwd=folder)
    yield editor
    assert editor.leave() == 0


@pytest.fixture
def workspace(editor, tmp_path_factory):
    """A project of its own in the editor that all tests share: three migrations, the second of which loses data."""
    root = tmp_path_factory.mktemp("project")
    for revision, parent, body in (("a1", None, USERS), ("a2", "a1", DROP.replace("phone", "email")), ("a3", "a2", NO_WAY_BACK)):
        write(root, revision, parent, body)
    (root / "pyproject.toml").write_text("[tool.mrt]\n")
    yield root
    for uri in list(editor.shown):
        if uri.startswith(root.as_uri()):
            editor.shown.pop(uri)


def write(root, revision, parent, body):
    path = root / "versions" / f"{revision}.py"
    path.parent.mkdir(exist_ok=True)
    path.write_text(HEADER.format(revision=revision, parent=parent) + body)
    return path


def checked(path):
    """Return what `mrt check` finds in a file."""
    settings = load_settings(path.parent)
    return CheckEngine(settings, cache=DiskCache(None)).check([path]).findings


def test_a_file_shows_what_check_finds_in_the_light_of_its_history(editor, workspace):
    for name in ("a1", "a2", "a3"):
        path = workspace / "versions" / f"{name}.py"
        editor.open(path)
        found = checked(path)
        shown = editor.diagnostics(path)
        assert [diagnostic.code for diagnostic in shown] == [finding.code for finding in found]
        for diagnostic, finding in zip(shown, found, strict=True):
            assert diagnostic.source == "mrt"
            assert diagnostic.message == f"{finding.name}: {finding.message}\nInstead: {finding.instead}"
            assert diagnostic.code_description.href.endswith(f"/docs/rules/{finding.code}.md")
            assert diagnostic.severity == {"error": 1, "warning": 2}[finding.severity.value]
            start, end = diagnostic.range.start, diagnostic.range.end
            assert (start.line, start.character) == (finding.place.line - 1, finding.place.column - 1)
            assert (end.line, end.character) == (finding.place.end_line - 1, finding.place.end_column - 1)
    assert "MRT201" in editor.codes(workspace / "versions/a2.py")


def test_what_is_typed_counts_before_it_is_saved_and_in_the_other_files_too(editor, workspace):
    first, last = (workspace / "versions" / name for name in ("a1.py", "a3.py"))
    editor.open(last)
    assert editor.codes(last) == ["MRT102"]
    editor.open(first)
    # the column that the last one adds is there from the beginning
    added = '        "users",\n        sa.Column("phone", sa.Text),\n'
    editor.change(first, first.read_text().replace('        "users",\n', added, 1))
    assert editor.codes(last) == ["MRT441", "MRT102"]
    assert [finding.code for finding in checked(last)] == ["MRT102"]
    editor.change(first, first.read_text())
    assert editor.codes(last) == ["MRT102"]


def test_a_file_that_is_not_on_disk_yet_takes_its_place(editor, workspace):
    new = workspace / "versions/a4.py"
    editor.open(new, HEADER.format(revision="a4", parent="a3") + functions('op.drop_column("users", "phone")', "pass"))
    assert "MRT201" in editor.codes(new)
    head = workspace / "versions/a3.py"
    editor.open(head)
    editor.change(new, HEADER.format(revision="a4", parent="a2") + CREATE)
    assert editor.codes(head)[0] == "MRT901"
    editor.close(new)
    assert editor.codes(new) == []
    assert "MRT901" not in editor.codes(head)


def test_a_half_edited_file_keeps_what_was_found_beside_a_calm_note(editor, workspace):
    path, other = (workspace / "versions" / name for name in ("a2.py", "a3.py"))
    text = path.read_text()
    editor.open(path)
    editor.open(other)
    before = {file: editor.diagnostics(file) for file in (path, other)}
    start = text.index("def upgrade")
    told = len(editor.told)
    for typed in ("def helper(", "def helper(x", 'def helper("""'):
        editor.change(path, f"{text[:start]}{typed}\n\n\n{text[start:]}")
        note, *kept = editor.diagnostics(path)
        assert note.severity == DiagnosticSeverity.Information
        assert note.message.startswith("This does not parse yet, what is shown is from before: ")
        # what was found has moved with its lines
        assert [(entry.code, entry.range.start.line - 3) for entry in kept] == [
            (entry.code, entry.range.start.line) for entry in before[path]
        ]
    assert editor.diagnostics(other) == before[other]
    assert not [heard for heard in editor.told[told:] if heard.uri == other.as_uri()]
    editor.change(path, text)
    assert editor.diagnostics(path) == before[path]


def test_a_file_that_is_opened_half_edited_is_only_noted_until_it_is_saved_so(editor, workspace):
    path = workspace / "versions/a4.py"
    text = HEADER.format(revision="a4", parent="a3") + "def upgrade(:\n    pass\n"
    editor.open(path, text)
    (note,) = editor.diagnostics(path)
    assert (note.code, note.severity) == ("MRT902", DiagnosticSeverity.Information)
    assert "it is checked as soon as it does" in note.message
    editor.save(path, text)
    assert ("MRT902", DiagnosticSeverity.Error) in {(entry.code, entry.severity) for entry in editor.diagnostics(path)}


def test_every_prefix_of_a_migration_is_survived(editor, workspace):
    path = workspace / "versions/a2.py"
    text = path.read_text()
    editor.open(path)
    good = editor.codes(path)
    for end in range(0, len(text), 61):
        editor.change(path, text[:end])
        assert "Not checked" not in str(editor.diagnostics(path))
    editor.change(path, text)
    assert editor.codes(path) == good


def test_files_that_are_no_migrations_are_passed_over_in_silence(editor, workspace):
    told = len(editor.told)
    for name, text in (
        ("models.py", "x = 1\n"),
        ("broken.py", "def (\n"),
        ("notes.md", "MRT201"),
        ("versions/script.py", "x = 1\n"),
    ):
        (workspace / name).write_text(text)
        editor.open(workspace / name)
        assert editor.diagnostics(workspace / name) == []
    assert editor.told[told:] == []


def test_the_configuration_is_read_anew_when_it_changes(editor, workspace):
    path, configuration = workspace / "versions/a2.py", workspace / "pyproject.toml"
    editor.open(path)
    assert "MRT201" in editor.codes(path)
    configuration.write_text('[tool.mrt]\nignore = ["MRT2"]\n')
    editor.notice(configuration)
    assert "MRT201" not in editor.codes(path)
    configuration.write_text("[tool.mrt]\nignored = 1\n")
    editor.notice(configuration)
    (mistake,) = editor.diagnostics(path)
    assert mistake.message.startswith("Not checked: ")
    assert "[tool.mrt] has no key 'ignored'" in mistake.message
    configuration.write_text("[tool.black]\nline-length = 3\n")  # another tool's
    editor.notice(configuration)
    assert "MRT201" in editor.codes(path)


def test_the_folder_that_alembic_ini_declares_makes_the_history(editor, workspace):
    path = workspace / "versions/a2.py"
    elsewhere = workspace / "older"
    elsewhere.mkdir()
    editor.open(path)
    assert "MRT903" not in editor.codes(path)
    (workspace / "versions/a1.py").rename(elsewhere / "a1.py")
    editor.notice(elsewhere / "a1.py")
    assert "MRT903" in editor.codes(path)
    (workspace / "alembic.ini").write_text("[alembic]\nscript_location = .\nversion_locations = versions older\n")
    editor.notice(workspace / "alembic.ini")
    assert "MRT903" not in editor.codes(path)


def test_a_baseline_a_comment_and_the_lock_hold_here_too(editor, workspace):
    path = workspace / "versions/a2.py"
    editor.open(path)
    (finding,) = [finding for finding in checked(path) if finding.code == "MRT201"]
    entry = f'{{"where": "a2", "code": "MRT201", "message": {quoted(finding.message)}, "count": 1}}'
    (workspace / "accepted.json").write_text(f'{{"mrt_baseline": 1, "accepted": [{entry}], "revisions": []}}')
    (workspace / "pyproject.toml").write_text('[tool.mrt]\nbaseline = "accepted.json"\n')
    editor.notice(workspace / "accepted.json")
    assert "MRT201" not in editor.codes(path)
    (workspace / "pyproject.toml").write_text("[tool.mrt]\n")
    line = next(line for line in path.read_text().splitlines() if "drop_column" in line)
    editor.change(path, path.read_text().replace(line, f"{line}  # noqa: MRT201"))
    assert "MRT201" not in editor.codes(path)


def quoted(text):
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def test_hovering_explains_the_rule_of_a_finding_and_a_code_in_a_comment(editor, workspace):
    path = workspace / "versions/a2.py"
    text = path.read_text()
    editor.open(path)
    (found,) = [entry for entry in editor.diagnostics(path) if entry.code == "MRT201"]
    page = editor.hover(path, found.range.start.line, found.range.start.character + 2)
    assert "# MRT201 drop-column" in page
    assert "## Why it hurts" in page
    assert "## What to write instead" in page
    editor.change(path, f"# 🚚 accepted: MRT301\n{text}")
    assert "# MRT301" in editor.hover(path, 0, 18)
    assert editor.hover(path, 0, 3) == ""
    assert editor.hover(path, 9_999, 0) == ""


def test_a_fix_is_an_edit_that_the_server_does_not_write(editor, workspace):
    path = workspace / "versions/a3.py"
    text = path.read_text().replace('"""Change something"""', '"""Grüße 🚚"""').replace("\n", "\r\n")
    editor.open(path)
    editor.change(path, text)
    before = path.read_bytes()
    (found,) = [entry for entry in editor.diagnostics(path) if entry.code == "MRT102"]
    (action,) = [entry for entry in editor.actions(path, found.range) if "MRT102" in entry.title]
    assert (action.kind, action.is_preferred, list(action.diagnostics)) == ("quickfix", True, [found])
    fixed = applied(text, action)
    assert 'op.drop_column("users", "phone")\r\n' in fixed
    assert path.read_bytes() == before
    editor.change(path, fixed)
    assert "MRT102" not in editor.codes(path)


def test_an_unsafe_fix_says_so_and_is_not_preferred(editor, workspace):
    check = functions('op.create_check_constraint("ck_level", "users", "level > 0")', 'op.drop_constraint("ck_level", "users")')
    path = write(workspace, "a4", "a3", check)
    editor.open(path)
    editor.diagnostics(path)
    (action,) = [entry for entry in editor.actions(path, EVERYWHERE) if "unsafe" in entry.title]
    assert not action.is_preferred
    assert "postgresql_not_valid=True" in applied(path.read_text(), action)


def test_all_safe_fixes_are_one_action_where_they_are_asked_for(editor, workspace):
    path = workspace / "versions/a3.py"
    editor.open(path)
    for kind in ("source", "source.fixAll", "source.fixAll.mrt"):
        (action,) = editor.actions(path, EVERYWHERE, only=[kind])
        assert action.kind == "source.fixAll.mrt"
        assert 'op.drop_column("users", "phone")' in applied(path.read_text(), action)
    assert editor.actions(path, EVERYWHERE, only=["source.organizeImports"]) == []
    assert all(entry.kind == "quickfix" for entry in editor.actions(path, EVERYWHERE))


def test_a_file_that_does_not_parse_is_offered_no_fix(editor, workspace):
    path = workspace / "versions/a3.py"
    editor.open(path)
    editor.change(path, path.read_text() + "def broken(:\n")
    assert editor.actions(path, EVERYWHERE) == []


def test_the_editor_is_asked_to_watch_the_configuration(editor):
    patterns = {watcher["globPattern"] for entry in editor.registered for watcher in as_watchers(entry)}
    assert {"**/pyproject.toml", "**/alembic.ini", "**/mrt.lock"} <= patterns


def as_watchers(registration):
    options = registration.register_options
    return options["watchers"] if isinstance(options, dict) else [{"globPattern": entry.glob_pattern} for entry in options.watchers]


def test_without_the_library_the_command_is_one_sentence(project, monkeypatch):
    monkeypatch.setitem(sys.modules, "pygls", None)
    result = project.mrt("lsp")
    assert (result.code, result.out) == (2, "")
    assert result.err == "mrt lsp: pygls is not installed: pip install 'pytest-mrt[lsp]', where the editor finds mrt.\n"


def blocks(language):
    """Return the configurations that the page shows in a language."""
    page = (Path(__file__).parents[2] / "docs/editors.md").read_text()
    found = re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)
    assert found
    return found


def test_the_configurations_of_the_page_start_this_server():
    (settings,) = map(json.loads, blocks("json"))
    assert settings["glspc.server.command"] == "mrt"
    assert settings["glspc.server.commandArguments"] == ["lsp"]
    assert list(settings["editor.codeActionsOnSave"]) == ["source.fixAll.mrt"]
    (languages,) = map(toml.loads, blocks("toml"))
    assert languages["language-server"]["mrt"] == {"command": "mrt", "args": ["lsp"]}
    for script in blocks("lua"):
        lua = LuaRuntime()
        lua.execute(NEOVIM)
        lua.execute(script)
        assert list(lua.globals().started.values()) == ["mrt", "lsp"]


NEOVIM = """
local function start(config) started = config.cmd end
vim = {
  api = { nvim_create_autocmd = function(event, options) options.callback({ file = "versions/a1.py" }) end },
  fs = { find = function() return { "alembic.ini" } end, dirname = function(path) return path end },
  lsp = { config = function(name, config) start(config) end, enable = function() end, start = start },
}
"""
"""As much of Neovim as the page uses."""
