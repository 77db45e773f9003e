"""One program's output as another one's input, streamed through this process: both end when it does, however that happens."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO, Any

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.sentences import end, join
from mrt_runtime.secret import scrub

PIECE = 1 << 20  # bytes that are on their way at a time
MOST_WORDS = 2000  # characters of what a program says that are read
GRACE = 10.0
"""Seconds that a program gets to end once it was asked to."""


def transfer(
    dump: Sequence[str],
    restore: Sequence[str],
    variables: Mapping[str, str],
    restore_variables: Mapping[str, str],
    head: bytes = b"",
) -> None:
    """Run two programs, the second fed with what the first one writes; ConfigurationError in the words of the one that fails.

    head: what the second one reads before.
    """
    with tempfile.TemporaryFile() as dump_words, tempfile.TemporaryFile() as restore_words, contextlib.ExitStack() as stack:
        source = stack.enter_context(_running(dump, variables, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, stderr=dump_words))
        target = stack.enter_context(
            _running(restore, restore_variables, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=restore_words)
        )
        _feed(source.stdout, target.stdin, head)
        codes = source.wait(), target.wait()
        # the second is the cause where the first could not write any more
        for code, words, name in ((codes[1], restore_words, restore[0]), (codes[0], dump_words, dump[0])):
            if code:
                raise ConfigurationError(f"The copy could not be made: {os.path.basename(name)}: {_read(words)}")  # noqa: PTH119  a name


def _feed(source: IO[bytes] | None, target: IO[bytes] | None, head: bytes) -> None:
    assert source is not None  # noqa: S101  both were opened as pipes
    assert target is not None  # noqa: S101  as above
    try:
        with contextlib.suppress(BrokenPipeError):  # it has ended, and says why
            target.write(head)
            shutil.copyfileobj(source, target, PIECE)
    finally:
        source.close()
        with contextlib.suppress(BrokenPipeError):
            target.close()


@contextlib.contextmanager
def _running(command: Sequence[str], variables: Mapping[str, str], **streams: Any) -> Any:
    """Start a program in a group of its own, so that Ctrl-C reaches this process alone, which ends it."""
    try:
        process = subprocess.Popen(command, env={**os.environ, **variables}, start_new_session=True, **streams)  # noqa: S603  found by name on the user's own path
    except OSError as error:
        raise ConfigurationError(f"The copy could not be made: {command[0]} does not start: {error.strerror}.") from None
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(GRACE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _read(words: IO[bytes]) -> str:
    """Return the first of what a program wrote as a sentence; what comes later follows from that."""
    words.seek(0)
    text = words.read(MOST_WORDS).decode(errors="replace")
    lines = [line for line in text.splitlines() if line.strip() and "warning" not in line.lower()]
    return end(scrub(join("\n".join(lines[:3])))) if lines else "it failed without a word."
