"""`mrt completion`: the script with which a shell completes commands, options and files."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, _SubParsersAction
from collections.abc import Iterator
from typing import Final

import shtab

SHELLS: Final = ("bash", "zsh", "fish")
_PATHS: Final = {"PATH", "FILE"}
"""What an argument is called that names a file or a folder."""


def run(options: Namespace) -> int:
    """Print the script for a shell."""
    from mrt_lint.cli import describe_all  # noqa: PLC0415  it imports this module

    parser = describe_all()
    for command in (parser, *_commands(parser)):
        for action in command._actions:  # noqa: SLF001  argparse has no other way to list them
            if action.metavar in _PATHS:
                action.complete = shtab.FILE  # type: ignore[attr-defined]  # what shtab looks for
    sys.stdout.write(shtab.complete(parser, options.shell).rstrip() + "\n")
    return 0


def _commands(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    """Yield the parsers of all commands, of those inside of one as well."""
    for action in parser._actions:  # noqa: SLF001  as above
        if isinstance(action, _SubParsersAction):
            for command in action.choices.values():
                yield command
                yield from _commands(command)
