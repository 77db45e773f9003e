"""How every command of the runtime ends: with the exit code of its work, or with one sentence on standard error."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Final

from mrt_lint.escape import printable
from mrt_lint.usage import UsageError
from mrt_runtime.config import ConfigurationError
from mrt_runtime.secret import conceal
from mrt_runtime.termination import Termination, TerminationError, catching

WRONG: Final = 2
"""Exit code of a command that is wrong itself, or whose configuration is."""
INTERRUPTED: Final = 130
"""Exit code after Ctrl-C, as shells have it: 128 and the number of the signal."""


def run_command(name: str, work: Callable[[], int], describe_end: Callable[[BaseException], str]) -> int:
    """Do the work of a command and return its exit code; what is wrong with the command itself is one sentence on standard error.

    name: of the command, such as "mrt verify". describe_end: says what was left, where a signal ended the work.
    """
    with Termination(), catching():
        try:
            return work()
        except (UsageError, ConfigurationError) as error:
            sys.stderr.write(f"{name}: {printable(conceal(str(error)))}\n")
            return WRONG
        except KeyboardInterrupt as error:
            sys.stderr.write(f"{name}: {describe_end(error)}\n")
            return error.exit_code if isinstance(error, TerminationError) else INTERRUPTED


def say_stop(error: BaseException) -> str:
    """Describe why a run ended before its last revision."""
    if isinstance(error, TerminationError):
        return f"ended by {error.signal.name}"
    return "interrupted" if isinstance(error, KeyboardInterrupt) else str(error)
