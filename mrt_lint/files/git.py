"""What git knows about files: which were added or changed since a branch left another."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable
from pathlib import Path

from mrt_lint.usage import UsageError


def changed_since(reference: str, files: Iterable[Path]) -> set[Path]:
    """Return those files that were added or changed since the merge base with a reference, uncommitted changes included.

    A file that was only moved is not among them. Raises UsageError if git is missing, the current folder or one of the files
    is not in a repository, or the reference shares no history with what is checked out.
    """
    root = Path(os.fsdecode(_ask("rev-parse", "--show-toplevel")).rstrip("\n")).resolve()
    base = _merge_base(reference)
    # Against the work tree, not HEAD: what is about to be committed counts. Only an exact copy under another name is a move.
    compared = _ask(
        "diff", "-z", "--name-only", "--no-relative", "--find-renames=100%", "--diff-filter=dr", base, "--", folder=root
    )
    untracked = _ask("ls-files", "-z", "--others", "--exclude-standard", folder=root)
    changed = {root / os.fsdecode(name) for name in (compared + untracked).split(b"\0") if name}
    real = {file: file.parent.resolve() / file.name for file in files}
    outside = next((file for file, place in real.items() if root not in place.parents), None)
    if outside:
        raise UsageError(f"{outside} is not in the git repository {root}, so --diff-base can say nothing about it.")
    return {file for file, place in real.items() if place in changed}


def _merge_base(reference: str) -> str:
    if reference.startswith("-") or _run("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}").returncode:
        raise UsageError(f"git knows no commit {reference}: fetch it first, or name another.")
    found = _run("merge-base", reference, "HEAD")
    if found.returncode:
        raise UsageError(f"{reference} and HEAD have no commit in common here; a shallow clone needs git fetch --unshallow first.")
    return os.fsdecode(found.stdout).strip()


def _ask(*arguments: str, folder: Path | None = None) -> bytes:
    """Run git and return what it prints. Raises UsageError with git's error message."""
    run = _run(*arguments, folder=folder)
    if run.returncode:
        complaint = os.fsdecode(run.stderr).strip().partition("\n")[0].removeprefix("fatal: ")
        raise UsageError(f"--diff-base needs a git repository, and git says: {complaint}")
    return run.stdout


def _run(*arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[bytes]:
    # No shell, and no argument that git could take for an option; a repository's own file system monitor stays asleep.
    command = ["git", "-c", "core.fsmonitor=false", *arguments]
    try:
        return subprocess.run(command, cwd=folder, capture_output=True, check=False, stdin=subprocess.DEVNULL)  # noqa: S603  see above
    except FileNotFoundError:
        raise UsageError("--diff-base asks git what has changed, and there is no git on the PATH.") from None
    except OSError as error:
        raise UsageError(f"--diff-base asks git what has changed, and git cannot be run: {error}") from None
