"""Environment variables that env.py, a migration or what they import cannot do without, and that are not set."""

from __future__ import annotations

import ast
import os
import re
import traceback
from collections.abc import Iterator

from mrt_runtime.migration_file import parse_file

OF_A_DATABASE = re.compile(r"(?i)ur[il]|dsn|database|(^|_)db(_|$)")
"""Names of environment variables that hold a database's URL."""
SETTINGS = ("pydantic_settings", "env_settings")
"""Where pydantic reads the environment: the package of its version 2, the module of its version 1."""
ABSENT = frozenset({"missing", "value_error.missing"})


def describe_unset(error: BaseException) -> str:
    """Describe how to set what an error comes of; empty where it is not a variable that is not set."""
    names = find_unset(error)
    if not names:
        return ""
    what = "an environment variable that is not set" if len(names) == 1 else "environment variables that are not set"
    is_named = isinstance(error, KeyError)
    return f"{'' if is_named else '; ' + ' and '.join(names)}, {what}: {show_setting(names[0], suggest_value(names[0]))}"


def find_unset(error: BaseException) -> list[str]:
    """Find the variables: the one that `os.environ` lacks, those of a settings class, or those that are None on the line."""
    frames = list(traceback.walk_tb(error.__traceback__))
    if isinstance(error, KeyError):
        is_environ = bool(frames) and frames[-1][0].f_code is type(os.environ).__getitem__.__code__
        return [str(error.args[0])] if is_environ else []
    if any(part in frame.f_code.co_filename for frame, _ in frames for part in SETTINGS) and hasattr(error, "errors"):
        missing = (entry for entry in error.errors() if entry.get("type") in ABSENT and entry.get("loc"))
        return [str(entry["loc"][0]).upper() for entry in missing]
    if isinstance(error, (AttributeError, TypeError, ValueError)) and frames:
        frame, line = frames[-1]
        return [name for name in read_line(frame.f_code.co_filename, line) if name not in os.environ]
    return []


def read_line(file: str, line: int) -> Iterator[str]:
    """Yield the variables that the statement on a line of a file asks for without a default of its own."""
    parsed = parse_file(file)
    nodes = ast.walk(parsed[1]) if parsed is not None else ()
    around = [node for node in nodes if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or 0)]
    for node in ast.walk(max(around, key=lambda node: node.lineno)) if around else ():
        if isinstance(node, ast.Call) and len(node.args) == 1 and not node.keywords and is_reader(node.func):
            (name,) = node.args
            if isinstance(name, ast.Constant) and isinstance(name.value, str):
                yield name.value


def is_reader(function: ast.expr) -> bool:
    """Whether a call of this is `os.getenv`, `getenv` or `os.environ.get`."""
    if isinstance(function, ast.Name):
        return function.id == "getenv"
    return isinstance(function, ast.Attribute) and (
        function.attr == "getenv" or (function.attr == "get" and ast.unparse(function.value).endswith("environ"))
    )


def show_setting(name: str, value: str = "{url}") -> str:
    """Write where env.py's environment variables are set; `{url}` stands for the scratch database's URL."""
    return f'set MRTConfig(env={{"{name}": "{value}"}}), or {name} = "{value}" under [tool.mrt.env] in pyproject.toml'


def suggest_value(name: str) -> str:
    """Return what to set a variable to, by its name."""
    return "{url}" if OF_A_DATABASE.search(name) else "..."
