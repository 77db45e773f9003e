"""What stopped a migration where the made-up values of rows may be the reason: one that it cannot read, or a check of its own."""

from __future__ import annotations

import ast
import decimal
import re
import traceback
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import lru_cache
from types import FrameType

from sqlalchemy import exc

from mrt_runtime.databases.driver_error import ErrorKind, is_of_driver, list_causes, read_words
from mrt_runtime.migration_file import parse_file
from mrt_runtime.seed.python_refusal import ALREADY_READ, is_of_project, read_python_refusal
from mrt_runtime.seed.refused_value import RefusedValue

UNREADABLE = ErrorKind(
    r"22P02|22P03|22P05|22007|22008|22021|22023|2203[0-9A-G]|39000",
    frozenset({1292, 1366, 1411, *range(3140, 3159), 1958, *range(4037, 4043)}),
    r"malformed JSON|JSON path error|bad JSON path",
)
"""A database cannot read a value as what a statement takes it for.

Source: PostgreSQL's manual, appendix A; MySQL's Server Error Message Reference, MariaDB's Error Codes. The words are SQLite's.
"""
TRUNCATED = ErrorKind("(?!)", frozenset({1265}))
"""MySQL and MariaDB say the same of a text that is no label or number, and of NULL where it is not allowed any more."""
OUT_OF_RANGE = ErrorKind("22003", frozenset())
STOPPED = ErrorKind("P0001|45000", frozenset({1644}))
"""RAISE EXCEPTION and SIGNAL: a program in the database stops on purpose."""
OF_CHECK = ErrorKind("(?!)", frozenset({4025}))
JSON_CHECK = re.compile(r"[`'][^`'.]+\.[^`'.]+[`']")
"""MariaDB's JSON is a text with a check of its column, which has the column's name behind the table's, in any language."""
VALUE = re.compile(r"\".*\"")
"""PostgreSQL quotes a text that it reads a number from; MySQL names a column, in other marks."""
QUOTED = re.compile(r"\"((?:[^\"]|\"\")*)\"|(?<!\w)'((?:[^'\\]|\\.|'')*)'(?!\w)", re.DOTALL)
OF_OTHERS = (exc.SQLAlchemyError, NotImplementedError, ImportError, OSError, NameError, SyntaxError, MemoryError, RecursionError)
"""Errors that no value of a row brings about."""
OF_SHAPE = (TypeError, AttributeError, LookupError)
"""Errors that a value of the wrong shape brings about, but as well code that is wrong whatever the values."""
MOST_TEXTS, LONGEST = 200, 5000  # that are looked at


@dataclass(frozen=True, slots=True)
class Obstacle:
    """What stopped a step, and what is known of the value that it met.

    is_guard: whether the migration stops on purpose. is_of_database: whether the error is a database's. words: what it says.
    quoted: the texts that it quotes. statement: the one that failed, with its parameters. held: what the code that failed had in
    its variables. key: the one that a dictionary lacks. module: where a parser of Python failed. holders: the tables and columns
    that hold such a value. refused: the value that Python could not convert. is_doubtful: whether it may as well be something
    that the migration asks of all rows, which only other values show. met: in words, the value that it met, where that is known.
    needs_value: whether it says something of values only where one of `held` is a made-up one.
    """

    is_guard: bool = False
    is_of_database: bool = False
    words: str = ""
    quoted: tuple[str, ...] = ()
    statement: str = ""
    held: tuple[object, ...] = ()
    module: str = ""
    key: str | None = None
    needs_value: bool = False
    holders: tuple[tuple[str, str], ...] = ()
    refused: RefusedValue | None = None
    is_doubtful: bool = False
    met: str = ""


def read_obstacle(error: BaseException | None) -> Obstacle | None:
    """Return what stopped a migration where it may be the values of rows; None for any other error."""
    if error is None:
        return None
    causes = list(list_causes(error))
    statement = next((write_out(cause) for cause in causes if isinstance(cause, exc.DBAPIError)), "")
    for cause in causes:
        words = str(read_words(cause))
        if STOPPED.matches(cause):
            return Obstacle(is_guard=True, is_of_database=True, words=words, quoted=quotes(words), statement=statement)
        # a number that is too large is imposed by the new type, but a text that is no such number was made up
        is_unread = UNREADABLE.matches(cause) or (OUT_OF_RANGE.matches(cause) and VALUE.search(words))
        is_doubtful = TRUNCATED.matches(cause) or (
            OF_CHECK.matches(cause) and JSON_CHECK.search(words) is not None and has_json(error, statement)
        )
        if is_unread or (is_doubtful and is_of_driver(cause)):
            found = Obstacle(is_of_database=True, words=words, quoted=quotes(words), statement=statement)
            return found if is_unread else replace(found, is_doubtful=True)
    return None if any(map(is_of_driver, causes)) else read_python_error(error)


def read_python_error(error: BaseException) -> Obstacle | None:
    """Return what stopped the migration's Python code; None where no value of a row is the reason."""
    steps = list(traceback.walk_tb(error.__traceback__))
    is_theirs = isinstance(error, OF_OTHERS) or not isinstance(error, Exception) or type(error).__module__.startswith("alembic")
    if not steps or is_theirs:
        return None
    frames, line = [frame for frame, _ in steps], steps[-1][1]
    words, is_own = str(error), is_of_project(frames[-1].f_code.co_filename)
    if is_own and is_raised(frames[-1].f_code.co_filename, line):
        inner = error.__cause__ or error.__context__
        within = read_obstacle(inner) if inner is not None else None
        return within or Obstacle(is_guard=True, words=words, quoted=quotes(words), held=tuple(hold(frames[-1])))
    refused = read_python_refusal(error, frames, quotes(words))
    own = [frame for frame in frames if is_of_project(frame.f_code.co_filename)]
    if isinstance(error, OF_SHAPE) and not isinstance(error, UnicodeError):
        parts = (value for value in hold(own[-1] if own else None) if value and isinstance(value, str | list | dict))
        held = (*(obj for obj in (getattr(error, "obj", None),) if obj is not None), *parts)
        key = str(error.args[0]) if isinstance(error, KeyError) and error.args else None
        is_tested = refused is not None and ALREADY_READ.search(words) is not None
        if not is_own and not is_tested and not (isinstance(error, LookupError) and quotes(words)):
            return None
        held = (*held, *(refused.parts if is_tested and refused is not None else ()))
        return Obstacle(words=words, quoted=quotes(words), held=held, key=key, needs_value=True, refused=refused)
    if isinstance(error, ValueError | decimal.InvalidOperation) or not is_own:
        held = tuple(value for frame in reversed(frames) for value in hold(frame))[:MOST_TEXTS]
        return Obstacle(words=words, quoted=quotes(words), held=held, module=name_module(frames[-1]), refused=refused)
    return None


def has_json(error: BaseException, statement: str) -> bool:
    """Whether a statement, or the migration that it is of, says something of JSON."""
    files = {frame.f_code.co_filename for frame, _ in traceback.walk_tb(error.__traceback__)}
    sources = (parse_file(file) for file in sorted(files) if is_of_project(file))
    return "json" in statement.lower() or any(b"json" in found[0].lower() for found in sources if found is not None)


def quotes(words: str) -> tuple[str, ...]:
    """Return the texts that an error quotes."""
    return tuple(dict.fromkeys(double or single for double, single in QUOTED.findall(words[:LONGEST])))


def hold(frame: FrameType | None) -> Iterator[object]:
    """Yield the plain values in the variables of a function that failed."""
    for value in list(frame.f_locals.values()) if frame is not None else ():
        if type(value) in {str, bytes, int, float, bool, list, dict}:
            yield value


def name_module(frame: FrameType) -> str:
    """Return the module in which an error was raised: that of a parser."""
    return str(frame.f_globals.get("__name__", ""))


def is_raised(filename: str, line: int | None) -> bool:
    """Whether a line is of a statement that raises an error, or asserts something."""
    return line is not None and any(first <= line <= last for first, last in find_raising(filename))


@lru_cache(maxsize=8)
def find_raising(filename: str) -> tuple[tuple[int, int], ...]:
    """Return the first and last line of each statement of a file that raises an error, or asserts something."""
    parsed = parse_file(filename)
    found = (node for node in ast.walk(parsed[1]) if isinstance(node, ast.Raise | ast.Assert)) if parsed is not None else ()
    return tuple((node.lineno, node.end_lineno or node.lineno) for node in found)


def write_out(error: exc.DBAPIError) -> str:
    """Return the statement that a database refused, with its parameters in their places."""
    return fill(error.statement or "", error.params)


def fill(sql: str, given: object) -> str:
    """Return a statement with its parameters in their places, where they are known."""
    if isinstance(given, dict):
        for name, value in given.items():
            sql = sql.replace(f"%({name})s", quote(value))
    elif isinstance(given, tuple | list):
        pieces = re.split(r"%s|\?", sql)
        if len(pieces) == len(given) + 1:
            sql = "".join(piece + quote(value) for piece, value in zip(pieces, given, strict=False)) + pieces[-1]
    return sql


def quote(value: object) -> str:
    """Write a parameter as SQL."""
    if value is None:
        return "NULL"
    return str(value) if isinstance(value, int | float) else "'" + str(value).replace("'", "''") + "'"
