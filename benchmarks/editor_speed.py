"""What an edit costs in an editor: one revision of a long history is changed, and what there is to say of it is shown again.

usage: python benchmarks/editor_speed.py [N]    length of the history, default 1000

A history of N revisions is generated as for agreement.py. A real client opens the newest, one from the middle and the third, each
alone, and changes it twenty times: `text` in a comment, so that no schema changes, `schema` by another column in
upgrade(), `broken` so that it does not parse. The time goes from the change that is sent until all diagnostics that it brings are
there, the pause in which the server waits for a further keystroke included (0.04 s). `first` is the time from opening a file in a
server that has just started until its diagnostics are there, without and with the cache on disk. `fix` is asking for the fixes of
all that is found in a file. Wall time in milliseconds: median and worst; `cpu` is the server's processor time for one edit, which a
busy machine does not change.
"""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

sys.path.insert(0, str(Path(__file__).parents[1]))

from lsprotocol.types import Position, Range

from benchmarks.mixed_histories import write
from tests.lint.editor import Editor

EDITS = 20
EVERYWHERE = Range(Position(0, 0), Position(100_000, 0))


def cpu_of(editor: Editor) -> float:
    """Return the processor time that the server has used, in seconds, as Linux counts it."""
    fields = Path(f"/proc/{editor._client._server.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(work: Callable[[], object]) -> float:
    """Time a piece of work in milliseconds."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


def edited(text: str, kind: str, number: int) -> str:
    """Return a text after an edit."""
    if kind == "text":
        return f"# {number}\n{text}"
    if kind == "broken":
        return f"{text}\ndef broken{number}(:\n"
    head, mark, rest = text.partition("def upgrade")
    line, end, functions = rest.partition("\n")
    return f'{head}{mark}{line}{end}    op.add_column("extra", sa.Column("c{number}", sa.Integer()))\n{functions}'


def edit(editor: Editor, path: Path, text: str) -> None:
    """Change a file, and wait for what is shown then."""
    editor.change(path, text)
    editor.diagnostics(path)


def first(folder: Path, path: Path) -> tuple[Editor, float]:
    """Start a server, open a file, and time that until its diagnostics are there."""
    editor = Editor(folder, cwd=folder)
    return editor, timed(lambda: (editor.open(path), editor.diagnostics(path)))


def measure(editor: Editor, place: str, path: Path) -> None:
    """Print what edits of one file cost."""
    text = path.read_text()
    editor.open(path)
    editor.diagnostics(path)
    for kind in ("text", "schema", "broken"):
        used = cpu_of(editor)
        walls = [timed(lambda: edit(editor, path, edited(text, kind, number))) for number in range(EDITS)]  # noqa: B023  run at once
        used = 1000 * (cpu_of(editor) - used) / EDITS
        print(f"{place:<7} {kind:<7} {statistics.median(walls):6.0f} {max(walls):6.0f} ms   cpu {used:5.0f} ms")
        edit(editor, path, text)
    used = cpu_of(editor)
    wall = timed(lambda: editor.actions(path, EVERYWHERE))
    print(f"{place:<7} {'fix':<7} {wall:6.0f} {wall:6.0f} ms   cpu {1000 * (cpu_of(editor) - used):5.0f} ms")
    editor.close(path)


def main(length: int) -> None:
    """Print a line for each place in the history and kind of edit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(Random(length), folder, "postgresql", length)
        (folder / "pyproject.toml").write_text('[tool.mrt]\ndialect = "postgresql"\n')
        paths = sorted((folder / "migrations" / "versions").glob("*.py"))
        editor, cold = first(folder, paths[-1])
        editor.leave()
        editor, warm = first(folder, paths[-1])
        print(f"first: {cold:.0f} ms without the cache, {warm:.0f} ms with it")
        editor.close(paths[-1])
        for place, path in (("newest", paths[-1]), ("middle", paths[length // 2]), ("third", paths[2])):
            measure(editor, place, path)
        editor.leave()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000)
