"""What can go wrong while migrations run, said in one line with the place in the user's own files."""

from __future__ import annotations

import functools
import os
import re
import traceback
from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from sqlalchemy import exc

from mrt_lint.escape import printable
from mrt_runtime.compare.blame import place_of
from mrt_runtime.config import ConfigurationError
from mrt_runtime.databases import driver_error
from mrt_runtime.databases.sentences import join
from mrt_runtime.migrate.changed_rows import OF_A_BATCH
from mrt_runtime.migrate.exits import ExitError
from mrt_runtime.migrate.missing_module import describe_folder, find_folder
from mrt_runtime.migrate.unset_variable import describe_unset, show_setting
from mrt_runtime.secret import conceal, scrub

Phase = Literal["upgrade", "downgrade", "env"]

ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
"""Where Python shows an object in memory, another place in each run."""
NAMELESS = re.compile(r"for constraint (\w+)\(.*\); it has no name$", re.DOTALL)
WRITE_NAME = "without a name: write the one that the database has into op.drop_constraint()"
WRITE_INDEX = WRITE_NAME.replace("constraint", "index")
QUOTED_STATEMENT = re.compile(
    r'(SQL statement "(?:(?!"\s+(?:PL/pgSQL|SQL )).){60}).*?"(?=\s*(?:$|PL/pgSQL|SQL function|SQL statement))', re.DOTALL
)
"""A statement within a block or a function, which PostgreSQL shows whole."""
FAILING_ROW = re.compile(r"(Failing row contains \(.{120}).+?\)(?=\.(?:\s|$))", re.DOTALL)
PARAMETER = re.compile(r"\.? CONTEXT: unnamed portal parameter \$\d+(?: = '(?:[^']|'')*')?")
"""Which parameter of a statement PostgreSQL could not read; its value is shown before it, or cut to three dots."""
SCRATCH = re.compile(r"`\w*mrt_[0-9a-f]{20}\w*`\.|\b\w*mrt_[0-9a-f]{20}\w*\.(?=[\w`])")
"""The database in front of a table's name, where it is the scratch database: its name says nothing to the reader."""
HAS_NO_NAME = rf"for a \1 {WRITE_NAME}"
"""SQLAlchemy shows the whole table instead, and on MySQL nothing but a failed assertion."""


class WrongDatabaseError(ConfigurationError):
    """env.py opened another database than the scratch database; nothing was executed there. `place` says which."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place


class OutsideError(Exception):
    """A statement of a migration names another database; it is that migration's failure."""


class MigrationError(Exception):
    """A migration, or the env.py around it, ended with an error.

    `cause` is one line in the database's (or Python's) own words, without passwords. `revision` and `phase` name which
    function ran; phase "env" means that env.py failed outside of it. `file` and `line` are the innermost place in the migration
    or in env.py. `output` is what was printed meanwhile.
    """

    def __init__(
        self,
        cause: str,
        *,
        phase: Phase,
        revision: str | None = None,
        file: str | None = None,
        line: int | None = None,
        output: str = "",
    ) -> None:
        self.cause = printable(conceal(cause))
        super().__init__(self.cause)
        self.phase = phase
        self.revision = revision
        self.file = file
        self.line = line
        self.output = conceal(output)

    def __str__(self) -> str:
        what = "env.py" if self.phase == "env" else f"{self.phase}() of {printable(str(self.revision))}"
        return f"{what}: {self.cause}{printable(place_of(self.file, self.line))}"


class StrayMigrationError(MigrationError):
    """The migration itself, not env.py, opened another database; nothing was executed there."""


class MigrationTimeout(MigrationError):  # noqa: N818 - what happened is no error of the migration's own
    """It took longer than `migration_timeout` allows and was cancelled."""


def describe(error: BaseException) -> str:
    """Describe an exception in one line, in the words of the database where it came from there, without passwords."""
    if isinstance(error, ExitError):
        return str(error)
    if isinstance(error, SystemExit):
        return f"it called sys.exit({'' if error.code is None else repr(error.code)})"
    inner: BaseException = error.orig if isinstance(error, exc.DBAPIError) and error.orig is not None else error
    text = NAMELESS.sub(HAS_NO_NAME, ADDRESS.sub("", shorten_quotations(join(read_words(inner)))))
    if isinstance(error, exc.IntegrityError):  # the rows are those of the table that takes the name next
        text = text.replace(OF_A_BATCH, "")
    name = type(inner).__name__
    advice = remedy(inner) or ("" if NAMELESS.search(str(inner)) else describe_nameless(error))
    text = text.removesuffix(".") if advice.startswith(".") else text
    return scrub(f"{name}: {text}{advice}" if text else f"{name}{quote_line(inner)}{advice}")


def shorten_quotations(text: str) -> str:
    """Return a database's words without the rest of long statements and rows that they repeat, and the scratch database's name.

    That a value was a parameter without a name says nothing either.
    """
    text = PARAMETER.sub("", text)
    return SCRATCH.sub("", FAILING_ROW.sub(r"\1…)", QUOTED_STATEMENT.sub(r'\1…"', text)))


def quote_line(error: BaseException) -> str:
    """Return the line that raised an exception without words, such as an assertion; a bare `raise` says no more than its class."""
    frames = traceback.extract_tb(error.__traceback__)
    line = (frames[-1].line or "").strip() if frames else ""
    return f" at `{line}`" if line and not line.startswith("raise") else ""


def remedy(error: BaseException) -> str:
    """Describe how to set the environment variable that is not set, or where a module is that is not found."""
    if isinstance(error, ModuleNotFoundError):
        return describe_own_module(error)
    if isinstance(error, NotImplementedError):
        return ". A revision that has no way back is listed with the reason in `skip`, or under [tool.mrt.irreversible]"
    called = {frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)}
    # an assertion there, or in older SQLAlchemy what comes of quoting None
    if isinstance(error, (AssertionError, TypeError)) and "format_constraint" in called:
        return f", for an index {WRITE_INDEX}" if "visit_drop_index" in called else f", for a constraint {WRITE_NAME}"
    return describe_unset(error)


def describe_nameless(error: BaseException) -> str:
    """Describe what an error has to do with a drop of None, a constraint or an index, of which a naming convention makes a name.

    What rows are in the way of has the name that the convention makes, and is no such error.
    """
    from alembic.operations.ops import DropConstraintOp, DropIndexOp  # noqa: PLC0415  slow to import, and what failed has done so

    operations = [frame.f_locals.get("operation") for frame, _ in traceback.walk_tb(error.__traceback__)]
    is_key = any(isinstance(one, DropConstraintOp) and one.constraint_name is None for one in operations)
    is_index = any(isinstance(one, DropIndexOp) and one.index_name is None for one in operations)
    if not (is_key or is_index) or isinstance(error, exc.IntegrityError):
        return ""
    if isinstance(error, exc.DBAPIError):
        call = "op.drop_constraint()" if is_key else "op.drop_index()"
        return f". The naming convention made this name of None: write the one that the database has into {call}"
    return f", for a constraint {WRITE_NAME}" if is_key else ""


def describe_own_module(error: ModuleNotFoundError) -> str:
    """Describe which folder above the file that imports it holds a module of the project's own; nothing for one that is nowhere."""
    frames = traceback.extract_tb(error.__traceback__)
    importing = next((Path(frame.filename) for frame in reversed(frames) if not frame.filename.startswith("<frozen")), Path())
    folder = find_folder(error.name or ".", importing)
    return f": it is in {describe_folder(folder)}" if folder is not None else ""


def suggest_setting(database: str | None) -> str:
    """Describe which environment variable env.py seems to read, or show the setting with the usual one."""
    urls = {name: value.partition("?")[0] for name, value in os.environ.items() if "://" in value}
    names = [name for name, url in urls.items() if database and url.endswith(f"/{database}")]
    name = names[0] if len(names) == 1 else "DATABASE_URL"
    return f"If env.py reads an environment variable, {show_setting(name)}."


def read_words(error: BaseException) -> object:
    """Return what an error says, without a driver's number or the system's; a file that was not found is named."""
    words = driver_error.read_words(error)
    return f"{words}: {error.filename!r}" if isinstance(error, OSError) and error.filename is not None else words


def locate(error: BaseException, files: Iterable[str | None]) -> tuple[str | None, int | None]:
    """Find the innermost line of the traceback that is in one of the files, the first file being the best place."""
    if isinstance(error, SyntaxError) and error.filename:
        return error.filename, error.lineno
    frames = traceback.extract_tb(error.__traceback__)
    for file in files:
        lines = [frame.lineno for frame in frames if file is not None and is_same(frame.filename, file)]
        if lines:
            return file, lines[-1]
    return None, None


def find_function(file: str, name: str) -> int | None:
    """Find the line on which a file defines a function at its top; None where it does not, or cannot be read."""
    try:
        lines = Path(file).read_bytes().splitlines()
    except OSError:
        return None
    start = re.compile(rb"(async )?def %s\b" % name.encode())
    return next((number for number, line in enumerate(lines, start=1) if start.match(line)), None)


@functools.lru_cache(maxsize=4096)
def is_same(one: str, other: str) -> bool:
    """Whether two paths name one file, however it was reached."""
    if one == other:
        return True
    same_name = os.path.basename(one) == os.path.basename(other)  # noqa: PTH119  asked about every call on the stack: Path is slow
    return same_name and os.path.realpath(one) == os.path.realpath(other)
