"""Python's own functions, and what of the standard library a migration computes with."""

from __future__ import annotations

import builtins
import inspect
import itertools
import textwrap
from collections.abc import Callable
from typing import Any, Final

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.control.iteration import iterate
from mrt_lint.parse.python.convert import is_known, to_text
from mrt_lint.parse.python.expressions import operators
from mrt_lint.parse.python.library.packages import STANDARD
from mrt_lint.parse.python.objects import (
    CallArguments,
    DialectName,
    EnvironmentText,
    ExternalName,
    LocalInstance,
    PartialCall,
    PossibleItem,
    Value,
)
from mrt_lint.parse.python.run import MAX_LENGTH, MAX_TURNS, FunctionRun

_PURE_WORDS = "abs round min max sum int float bool repr chr ord divmod pow bytes hash format len set frozenset sorted"
PURE: Final = frozenset(_PURE_WORDS.split())
"""Builtins that Python may run on wholly known arguments."""


def call_builtin(run: FunctionRun, name: str, arguments: CallArguments) -> Value:
    """Return a call of a builtin; UNKNOWN if its result cannot be computed."""
    values = arguments.positional
    maker = MAKERS.get(name)
    if maker is not None and arguments.complete:
        return maker(run, arguments)
    if name in PURE and arguments.complete and all(map(is_known, arguments.everything())):
        # pow(9, 9**9), bytes(10**10): Python would be busy for minutes, or out of memory
        if name == "pow" or any(isinstance(value, int) and abs(value) > MAX_LENGTH for value in values):
            return UNKNOWN
        return _run_pure(name, arguments)
    return UNKNOWN


def _run_pure(name: str, arguments: CallArguments) -> Value:
    try:
        return getattr(builtins, name)(*arguments.positional, **arguments.keyword)
    except Exception:  # noqa: BLE001 - the migration would fail in the same way
        return UNKNOWN


def _turns(run: FunctionRun, value: Value) -> list[Value]:
    turns = iterate(run, value)
    return [PossibleItem(UNKNOWN)] if turns is None else turns


def _range(_run: FunctionRun, arguments: CallArguments) -> Value:
    numbers = [value for value in arguments.positional if isinstance(value, int)]
    if len(numbers) != len(arguments.positional) or not 1 <= len(numbers) <= 3:  # noqa: PLR2004 - what range takes
        return UNKNOWN
    try:
        made = range(*numbers)
        return made if len(made) <= MAX_TURNS else UNKNOWN
    except (ValueError, TypeError, OverflowError):
        return UNKNOWN


def _zip(run: FunctionRun, arguments: CallArguments) -> Value:
    columns = [_turns(run, value) for value in arguments.positional]
    return [_gather(row) for row in zip(*columns, strict=False)]


def _gather(row: tuple[Value, ...]) -> Value:
    plain = tuple(item.value if isinstance(item, PossibleItem) else item for item in row)
    return PossibleItem(plain) if any(isinstance(item, PossibleItem) for item in row) else plain


def _enumerate(run: FunctionRun, arguments: CallArguments) -> Value:
    start = arguments.get(1, "start", 0)
    turns = _turns(run, arguments.get(0, "iterable"))
    if not isinstance(start, int):
        return [PossibleItem((UNKNOWN, UNKNOWN))]
    return [
        PossibleItem((UNKNOWN, turn.value)) if isinstance(turn, PossibleItem) else (number, turn)
        for number, turn in enumerate(turns, start)
    ]


def _sequence(kind: Callable[[list[Value]], Value]) -> Callable[[FunctionRun, CallArguments], Value]:
    def make(run: FunctionRun, arguments: CallArguments) -> Value:
        if not arguments.positional:
            return kind([])
        try:
            return kind(_turns(run, arguments.positional[0]))
        except TypeError:
            return UNKNOWN

    return make


def _sorted(items: list[Value]) -> Value:
    try:
        return sorted(items) if is_known(items) else UNKNOWN  # type: ignore[type-var] # Python itself raises TypeError
    except TypeError:
        return UNKNOWN


def _dict(run: FunctionRun, arguments: CallArguments) -> Value:
    result: dict[Any, Value] = {}
    if arguments.positional:
        source = arguments.positional[0]
        turns = list(source.items()) if isinstance(source, dict) else _turns(run, source)
        for turn in turns:
            if not isinstance(turn, (tuple, list)) or len(turn) != 2:  # noqa: PLR2004 - a pair
                return UNKNOWN
            try:
                result[turn[0]] = turn[1]
            except TypeError:
                return UNKNOWN
    return {**result, **arguments.keyword}


def _len(_run: FunctionRun, arguments: CallArguments) -> Value:
    value = arguments.get(0, "obj")
    if isinstance(value, (list, tuple, str, bytes)):
        return len(value) if operators.is_sized(value) else UNKNOWN
    return len(value) if isinstance(value, (dict, set, frozenset, range)) else UNKNOWN


def _str(_run: FunctionRun, arguments: CallArguments) -> Value:
    value = arguments.get(0, "object", "")
    if isinstance(value, DialectName):
        return value
    return to_text(value) if not arguments.keyword else UNKNOWN


_PLAIN: Final = {kind.__name__: kind for kind in (str, list, tuple, dict, int, set, bool)}


def _isinstance(run: FunctionRun, arguments: CallArguments) -> Value:
    value, kind = arguments.get(0, "obj"), arguments.get(1, "kind")
    plain = _PLAIN.get(kind.last) if isinstance(kind, ExternalName) and kind.root == "builtins" else None
    if plain is not None and (is_known(value) or isinstance(value, (str, list, tuple, dict))):
        return isinstance(value, plain)
    if isinstance(value, LocalInstance):
        return True if value.of is kind else UNKNOWN
    return operators.is_dialect_class(run, value, kind)


def _bool(_run: FunctionRun, arguments: CallArguments) -> Value:
    truth = operators.truth(arguments.get(0, "object", False))
    return UNKNOWN if truth is None else truth


def _truths(run: FunctionRun, arguments: CallArguments) -> list[bool | None]:
    turns = _turns(run, arguments.get(0, "iterable"))
    return [None if isinstance(turn, PossibleItem) else operators.truth(turn) for turn in turns]


def _all(run: FunctionRun, arguments: CallArguments) -> Value:
    truths = _truths(run, arguments)
    return False if False in truths else UNKNOWN if None in truths else True


def _any(run: FunctionRun, arguments: CallArguments) -> Value:
    truths = _truths(run, arguments)
    return True if True in truths else UNKNOWN if None in truths else False


def _next(run: FunctionRun, arguments: CallArguments) -> Value:
    return operators.row_among(_turns(run, arguments.get(0, "iterator"))) or UNKNOWN


MAKERS: Final[dict[str, Callable[[FunctionRun, CallArguments], Value]]] = {
    "range": _range,
    "zip": _zip,
    "enumerate": _enumerate,
    "list": _sequence(list),
    "iter": _sequence(list),
    "tuple": _sequence(tuple),
    "set": _sequence(set),
    "frozenset": _sequence(frozenset),
    "reversed": _sequence(lambda items: items[::-1]),
    "dict": _dict,
    "len": _len,
    "str": _str,
    "bool": _bool,
    "isinstance": _isinstance,
    "all": _all,
    "any": _any,
    "next": _next,
}


_DEDENTING: Final = {"textwrap.dedent": textwrap.dedent, "inspect.cleandoc": inspect.cleandoc}
"""Functions that run on a text with holes, each of which is as good as a word to them."""


def call_library(run: FunctionRun, ref: ExternalName, arguments: CallArguments) -> Value:
    """Return a call of a package that has nothing to do with the database; UNKNOWN if its result is not computed."""
    path = ref.path
    first = arguments.get(0, "text", UNKNOWN)
    if path in _DEDENTING:
        return _DEDENTING[path](first) if isinstance(first, str) else UNKNOWN
    if path == "functools.partial" and arguments.positional:
        return PartialCall(first, CallArguments(arguments.positional[1:], arguments.keyword, complete=arguments.complete))
    if path in ("itertools.chain", "itertools.product", "itertools.chain.from_iterable"):
        sources = arguments.positional if not path.endswith("from_iterable") else _turns(run, first)
        turns = [_turns(run, source) for source in sources]
        if path == "itertools.product":
            return [_gather(row) for row in itertools.islice(itertools.product(*turns), MAX_TURNS)]
        return list(itertools.chain(*turns))
    if path in ("os.getenv", "os.environ.get"):
        default = arguments.get(1, "default")
        return EnvironmentText(default) if isinstance(default, str) else UNKNOWN
    if path in ("collections.OrderedDict", "copy.copy", "copy.deepcopy"):
        return _dict(run, arguments) if path.startswith("coll") else first
    if path == "textwrap.indent" and isinstance(first, str):
        return first
    return UNKNOWN if ref.root in STANDARD else ref  # methods of a client are its package's
