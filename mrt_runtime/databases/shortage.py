"""What says nothing about a migration: the database's machine has run out of disk or memory."""

from __future__ import annotations

import errno
import re

from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases.driver_error import list_causes, read_state, read_words
from mrt_runtime.databases.sentences import end, join

STATES = re.compile(r"53(?!300)[0-9A-Z]{3}|58030")
"""SQLSTATEs of PostgreSQL: class 53, insufficient resources, and io_error. Source: its manual, appendix A."""
NUMBERS = {1021, 1037, 1038, 1041, 1114, 1135}
"""Error numbers: disk full, out of memory (three), table full, no thread. Source: MySQL's server error reference."""
WORDS = re.compile(
    r"database or disk is full|disk I/O error|No space left on device|Too many open files|errno: (?:23|24|28)\b|Got error 28\b"
)
"""SQLite's words (https://sqlite.org/rescode.html) and what servers quote from the operating system."""


OPEN_FILES = "Too many open files"
"""What the operating system says, to this process or to the server. Source: strerror of EMFILE and ENFILE."""


def find_shortage(error: BaseException) -> str | None:
    """Return the words in which a database says that it has run out of something; None where an error is about anything else."""
    return next((end(join(read_words(cause))) for cause in list_causes(error) if _is_shortage(cause)), None)


def explain_shortage(words: str) -> ConfigurationError:
    """Report that the run cannot go on."""
    if OPEN_FILES in words:
        return ConfigurationError(
            f"No more files can be opened: {words} Nothing is known about the revision that the run was at. Raise the limit "
            "(ulimit -n), or close what env.py and the migrations open, and run again."
        )
    return ConfigurationError(
        f"The database has run out of room: {words} Nothing is known about the revision that it was at. Make room there "
        "(SQLite's scratch files are in the temporary folder, which TMPDIR names), and run again."
    )


def _is_shortage(error: BaseException) -> bool:
    if isinstance(error, OSError):
        return error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE}
    if not any(cls.__name__ == "Error" for cls in type(error).__mro__):  # what PEP 249 has every driver call its base
        return False
    state, number = read_state(error)
    if STATES.fullmatch(state):
        return True
    return number in NUMBERS or WORDS.search(str(read_words(error))) is not None
