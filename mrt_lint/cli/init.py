"""`mrt init`: look at a project, propose what it needs, and write what is agreed to."""

from __future__ import annotations

import os
import sys
from argparse import Namespace
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Final

from mrt_lint.check.engine import shown
from mrt_lint.escape import printable
from mrt_lint.report.status_line import showing
from mrt_lint.report.style import TextStyle, counted
from mrt_lint.setup.change import FileChange
from mrt_lint.setup.configuration import propose_baseline, propose_hook, propose_settings, propose_test
from mrt_lint.setup.history import HistoryLook, look_at
from mrt_lint.setup.pipeline import propose_pipeline
from mrt_lint.setup.project import ProjectSurvey, find_project, survey
from mrt_lint.setup.summary import acceptance, remarks, summarize
from mrt_lint.suppress.baseline import BASELINE_FILE
from mrt_lint.usage import UsageError

_DONE, _WRONG = 0, 2
_COLOURS: Final = {"+": "green", "-": "red", "@": "cyan"}


def run(options: Namespace) -> int:
    """Show what was found and each change, write those that are agreed to, and check. Return 0, or 2 where something was not done.

    Raises UsageError if there are no migrations, or the project's configuration cannot be read.
    """
    here = Path.cwd()
    folder = find_project(here)
    if folder == here:
        return _set_up(options)
    name = printable(folder.relative_to(here).as_posix())
    sys.stdout.write(f"The project is in {name}/, which has a pyproject.toml of its own: mrt is to be run there, and is now.\n\n")
    os.chdir(folder)
    try:
        return _set_up(options)
    finally:
        os.chdir(here)


def _set_up(options: Namespace) -> int:
    with showing(sys.stderr, "looking at the project and checking its migrations"):
        project = survey(Path.cwd())
        look = look_at(project)
    sys.stdout.write(printable(summarize(project, look), keep="\n") + "\n")
    changes, refused = _proposals(project, look)
    code = _WRONG if refused else _DONE
    if not changes:
        sys.stdout.write("Nothing to do: everything is set up already.\n" if not refused else "")
    elif options.dry_run:
        _show(changes)
        sys.stdout.write(f"\nNothing was written (--dry-run): {counted(len(changes), 'file')} would be.\n")
        return code
    elif not options.yes and not (sys.stdin.isatty() and sys.stdout.isatty()):
        _show(changes)
        raise UsageError(
            "nothing was written, since this is not a terminal where you can be asked: mrt init --yes writes all of it."
        )
    else:
        code = max(code, _write(changes, ask=not options.yes))
    sys.stdout.write("".join(f"{printable(line)}\n" for line in remarks(project, look)))
    return max(code, _check_all(project, look) if look.is_old else _check())


def _proposals(project: ProjectSurvey, look: HistoryLook) -> tuple[list[FileChange], bool]:
    """Return the changes; what cannot be changed for sure is said, and the rest goes on."""
    proposed: list[Callable[[], FileChange | None]] = [
        partial(propose_settings, project, look),
        partial(propose_baseline, project, look),
        partial(propose_test, project),
        partial(propose_hook, project),
        partial(propose_pipeline, project),
    ]
    tried = [_tried(propose) for propose in proposed]
    return [change for change, _ in tried if change], any(refused for _, refused in tried)


def _tried(propose: Callable[[], FileChange | None]) -> tuple[FileChange | None, bool]:
    """Return a change, and whether one is refused."""
    try:
        return propose(), False
    except UsageError as error:
        sys.stderr.write(f"mrt init: {printable(str(error), keep=chr(10))}\n")
        return None, True


def _show(changes: Iterable[FileChange]) -> None:
    style = TextStyle.of(sys.stdout)
    for change in changes:
        heading = f"{change.name}{' (new)' if change.before is None else ''}: {change.purpose}"
        sys.stdout.write(f"\n{style.paint(printable(heading), 'bold')}\n")
        for line in change.diff().splitlines():
            sys.stdout.write(f"{style.paint(line, *filter(None, [_COLOURS.get(line[:1])]))}\n")


def _write(changes: list[FileChange], *, ask: bool) -> int:
    """Write the changes, after a question each where someone can be asked; one that cannot be written keeps no other from it."""
    code = _DONE
    for change in changes:
        _show([change])
        if ask and not _agrees(change):
            continue
        code = max(code, _written(change))
    return code


def _written(change: FileChange) -> int:
    try:
        change.write()
    except UsageError as error:
        sys.stderr.write(f"mrt init: {printable(str(error))}\n")
        return _WRONG
    sys.stdout.write(f"{'Written' if change.before is None else 'Changed'}: {printable(change.name)}\n")
    return _DONE


def _agrees(change: FileChange) -> bool:
    """Ask whether to write a change; Enter is yes, the end of the input no."""
    sys.stdout.write(f"{'Write' if change.before is None else 'Change'} {printable(change.name)}? [Y/n] ")
    sys.stdout.flush()
    answer = sys.stdin.readline()
    if not answer:
        sys.stdout.write("\n")
    return answer.strip().lower() in {"y", "yes", ""} and answer != ""


def _check_all(project: ProjectSurvey, look: HistoryLook) -> int:
    """Show what there is in an old history, then that it is accepted, and what the check reports from now on."""
    code = _check("--no-baseline")
    baseline = project.root / (project.settings.baseline or BASELINE_FILE)
    if not baseline.exists():  # it was not agreed to
        return code
    sys.stdout.write(f"\n{printable(acceptance(shown(baseline), look))}\n")
    return max(code, _check())


def _check(*options: str) -> int:
    """Run the check; what it finds is for people to read, and only a check that cannot run is wrong."""
    from mrt_lint.cli import check, parse_command  # noqa: PLC0415  it imports this module

    sys.stdout.write(f"\n$ {' '.join(['mrt check', *options])}\n")
    sys.stdout.flush()
    try:
        check.run(parse_command(["check", *options]))
    except UsageError as error:
        sys.stderr.write(f"mrt check: {printable(str(error))}\n")
        return _WRONG
    return _DONE
