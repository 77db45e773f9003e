"""The arguments of a call, stars opened."""

from __future__ import annotations

import libcst as cst

from mrt_lint.model.values import HOLE, UNKNOWN
from mrt_lint.parse.python.control.iteration import iterate
from mrt_lint.parse.python.objects import CallArguments, NameScope, PossibleItem, Value
from mrt_lint.parse.python.run import FunctionRun


def read_arguments(run: FunctionRun, node: cst.Call, scope: NameScope) -> CallArguments:
    """Return the evaluated arguments of a call, stars opened."""
    arguments = CallArguments()
    for argument in node.args:
        if argument.star:
            _open_star(run, arguments, argument.star, run.evaluate(run, argument.value, scope))
        elif argument.keyword is not None:
            arguments.keyword[argument.keyword.value] = run.evaluate(run, argument.value, scope)
        else:
            arguments.positional.append(run.evaluate(run, argument.value, scope))
    return arguments


def _open_star(run: FunctionRun, arguments: CallArguments, star: str, value: Value) -> None:
    if star == "*":
        turns = iterate(run, value)
        # one item that may be missing moves all that follow it to other parameters
        arguments.complete &= turns is not None and not any(isinstance(turn, PossibleItem) for turn in turns)
        arguments.positional.extend(UNKNOWN if isinstance(turn, PossibleItem) else turn for turn in turns or ())
    elif isinstance(value, dict) and all(isinstance(key, str) and HOLE not in key for key in value):
        arguments.keyword.update(value)
    else:
        arguments.complete = False
