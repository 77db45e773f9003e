"""Files beside a migration whose text it reads: paths that start from `__file__`, and what is in them.

Only files of the project are read, and only where their path is known: `Path(__file__).parent / "up.sql"`, `os.path.join(…)`.
Sources: https://docs.python.org/3/library/pathlib.html, https://docs.python.org/3/library/os.path.html
"""

from __future__ import annotations

import os.path
from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Final

from mrt_lint.model.values import HOLE, UNKNOWN
from mrt_lint.parse.python.convert import is_known
from mrt_lint.parse.python.objects import CallArguments, FilePath, OpenFile, Value
from mrt_lint.parse.python.run import FunctionRun

_OF_TEXT: Final[dict[str, Callable[..., object]]] = {
    f"os.path.{function.__name__}": function
    for function in (os.path.join, os.path.dirname, os.path.basename, os.path.normpath, os.path.splitext, os.path.split)
}
# what they would ask the file system for is not looked at: links of a checkout lead to where its files are
_SAME: Final = frozenset({"os.path.abspath", "os.path.realpath", "os.path.expanduser", "os.fspath"})
_OPENING: Final = frozenset({"builtins.open", "io.open", "codecs.open"})
_PATHS: Final = frozenset({"pathlib.Path", "pathlib.PurePath", "pathlib.PosixPath"})
_STEPS: Final = frozenset({"joinpath", "with_name", "with_suffix", "with_stem", "relative_to"})
_STILL: Final = frozenset({"resolve", "absolute", "expanduser"})


def call_path_function(name: str, arguments: CallArguments) -> Value | None:
    """Return what a function of `os.path`, `pathlib.Path` or `open()` returns; None for any other function."""
    if name in _OPENING:
        path = _path(arguments.get(0, "file", UNKNOWN))
        mode = arguments.get(1, "mode", "r")
        return OpenFile(path) if path is not None and isinstance(mode, str) and not set(mode) & set("bwax+") else UNKNOWN
    if name in _PATHS or name in _SAME or name in _OF_TEXT:
        parts = _texts(arguments.positional)
        if not parts or not arguments.complete or arguments.keyword:
            return UNKNOWN
        if name in _PATHS:
            return FilePath(PurePath(*parts))
        return parts[0] if name in _SAME else _run(_OF_TEXT[name], parts)
    return None


def _run(function: Callable[..., object], parts: list[str]) -> Value:
    try:
        return function(*parts)
    except TypeError:  # one argument too many, as the migration itself would find
        return UNKNOWN


def get_path_attribute(value: FilePath, name: str) -> Value | None:
    """Return an attribute of a path; None where it is a method, or none that is known."""
    if name == "parent":
        return FilePath(value.path.parent)
    if name == "parents":
        return tuple(map(FilePath, value.path.parents))
    return getattr(value.path, name) if name in ("name", "stem", "suffix", "parts") else None


def call_path_method(run: FunctionRun, value: FilePath | OpenFile, name: str, arguments: CallArguments) -> Value:
    """Return what a method of a path or an open file returns, UNKNOWN where that is not known."""
    if isinstance(value, OpenFile):
        if name in ("__enter__", "read", "readlines"):
            text = read_file(run, value.path) if not arguments.positional else UNKNOWN
            return (
                value
                if name == "__enter__"
                else text.splitlines(keepends=True)
                if name != "read" and isinstance(text, str)
                else text
            )
        return UNKNOWN
    if name == "read_text":
        return read_file(run, value.path)
    if name == "open":
        return call_path_function("io.open", CallArguments([value, *arguments.positional], arguments.keyword)) or UNKNOWN
    if name in _STILL:
        return value
    if name == "as_posix":
        return value.path.as_posix()
    parts = _texts(arguments.positional)
    if name not in _STEPS or parts is None or not arguments.complete:
        return UNKNOWN
    try:
        return FilePath(getattr(value.path, name)(*parts))
    except (TypeError, ValueError, AttributeError):
        return UNKNOWN


def join_path(left: Value, right: Value) -> Value | None:
    """`path / "name"`; None where neither is a path."""
    if not isinstance(left, FilePath) and not isinstance(right, FilePath):
        return None
    parts = _texts((left, right))
    return UNKNOWN if parts is None else FilePath(PurePath(*parts))


def read_file(run: FunctionRun, path: PurePath) -> Value:
    """Return the text of a file of the project; UNKNOWN of any other, and of one that is not there."""
    text = run.modules.read_text(str(path)) if run.modules is not None else None
    return UNKNOWN if text is None or HOLE in text else text


def _path(value: Value) -> PurePath | None:
    texts = _texts([value])
    return None if texts is None else PurePath(*texts)


def _texts(values: Iterable[Value]) -> list[str] | None:
    """Return the texts of paths, or of parts of one; None if one of them is not known."""
    texts: list[str] = []
    for value in values:
        text = str(value.path) if isinstance(value, FilePath) else value
        if not isinstance(text, str) or not is_known(text):
            return None
        texts.append(text)
    return texts
