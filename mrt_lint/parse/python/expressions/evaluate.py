"""Expressions: the value of each, as far as reading shows it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import libcst as cst

from mrt_lint.model.ops.signatures import OPERATIONS
from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.control.iteration import iterate
from mrt_lint.parse.python.convert import CONTAINERS, is_same, to_text, weigh
from mrt_lint.parse.python.expressions import operators, strings
from mrt_lint.parse.python.expressions.arguments import read_arguments
from mrt_lint.parse.python.expressions.assignment import assign, change_inside
from mrt_lint.parse.python.expressions.attribute import get_attribute
from mrt_lint.parse.python.expressions.call import call, call_method
from mrt_lint.parse.python.expressions.comprehension import comprehend, comprehend_dict
from mrt_lint.parse.python.library.asking import READING
from mrt_lint.parse.python.library.packages import BUILTINS, may_be_of_project
from mrt_lint.parse.python.library.sqlalchemy import MAKERS
from mrt_lint.parse.python.library.types import FAMILIES
from mrt_lint.parse.python.objects import ConnectionValue, DialectValue, ExternalName, LocalFunction, NameScope, PossibleItem, Value
from mrt_lint.parse.python.run import MAX_LENGTH, FunctionRun


def evaluate(run: FunctionRun, node: cst.BaseExpression, scope: NameScope) -> Value:
    """Return the value of an expression, UNKNOWN if it cannot be read. Operations that it performs are recorded."""
    run.tick()
    reader = READERS.get(type(node))
    value = reader(run, node, scope) if reader else UNKNOWN
    if type(node) in _GIVING or not isinstance(value, _BULKY):
        return value
    weight = weigh(value, MAX_LENGTH)
    run.build(weight)
    return UNKNOWN if weight > MAX_LENGTH and not isinstance(value, str) else value


_GIVING = frozenset({cst.Name, cst.Attribute})
"""Expressions that return what was built before."""
_BULKY = (str, bytes, *CONTAINERS)


def evaluate_condition(run: FunctionRun, node: cst.BaseExpression, scope: NameScope) -> Value:
    """Return the same for a condition, in which a call only asks."""
    run.asked += 1
    try:
        return evaluate(run, node, scope)
    finally:
        run.asked -= 1


def _name(run: FunctionRun, node: cst.Name, scope: NameScope) -> Value:
    name = node.value
    if name in CONSTANTS:
        return CONSTANTS[name]
    found = scope.find(name)
    if found is not None:
        value = found.names[name]
        if type(value) is ExternalName and not run.quiet and may_be_of_project(value.path):
            return run.follow(run, value)
        return UNKNOWN if isinstance(value, PossibleItem) else value
    if name in BUILTINS:
        return ExternalName(f"builtins.{name}")
    for module in scope.starred():
        offered = ExternalName(f"{module}.{name}")
        if _offers(module, name):
            return offered
        if not run.quiet and may_be_of_project(module) and (followed := run.follow(run, offered)) is not offered:
            return followed
    return UNKNOWN


def _offers(module: str, name: str) -> bool:
    """Return whether `from module import *` brings a name, where that can be known."""
    if module == "alembic.op":
        return name in OPERATIONS or name in READING
    return module.startswith("sqlalchemy") and (name in MAKERS or name in FAMILIES or name.isupper() or name == "func")


CONSTANTS: dict[str, Value] = {"None": None, "True": True, "False": False}


def _concatenated(run: FunctionRun, node: cst.ConcatenatedString, scope: NameScope) -> Value:
    parts: list[str] = []
    rest: cst.BaseExpression = node
    while isinstance(rest, cst.ConcatenatedString):
        parts.append(to_text(evaluate(run, rest.left, scope)))
        rest = rest.right
    parts.append(to_text(evaluate(run, rest, scope)))
    return strings.joined("", parts)


def _parts(run: FunctionRun, parts: Any, scope: NameScope, *, raw: bool) -> str:
    text: list[str] = []
    for part in parts:
        if isinstance(part, cst.FormattedStringText):
            text.append(strings.read_chunk(part.value, raw=raw))
        else:
            value = evaluate(run, part.expression, scope)
            spec = _parts(run, part.format_spec, scope, raw=raw) if part.format_spec else ""
            # `{name=}` renders the source, and the value's repr
            equal = cst.Module([]).code_for_node(part.expression) + "=" if part.equal else ""
            text.append(equal + strings.apply_format(value, part.conversion or ("r" if equal and not spec else None), spec))
    return strings.joined("", text)


def _number(_run: FunctionRun, node: cst.Integer | cst.Float | cst.Imaginary, _scope: NameScope) -> Value:
    text = node.value
    try:
        return int(text) if text.isdecimal() else ast.literal_eval(text)
    except (ValueError, SyntaxError):  # a number of more digits than Python converts
        return UNKNOWN


def _elements(run: FunctionRun, node: cst.Tuple | cst.List | cst.Set, scope: NameScope) -> list[Value]:
    items: list[Value] = []
    for element in node.elements:
        value = evaluate(run, element.value, scope)
        if isinstance(element, cst.StarredElement):
            turns = iterate(run, value)
            items.extend(turns if turns is not None else [PossibleItem(UNKNOWN)])
        else:
            items.append(value)
    return items


def _set(run: FunctionRun, node: cst.Set, scope: NameScope) -> Value:
    try:
        return set(_elements(run, node, scope))
    except TypeError:
        return UNKNOWN


def _dict(run: FunctionRun, node: cst.Dict, scope: NameScope) -> Value:
    result: dict[Any, Value] = {}
    for element in node.elements:
        value = evaluate(run, element.value, scope)
        if isinstance(element, cst.StarredDictElement):
            if not isinstance(value, dict):
                return UNKNOWN
            result.update(value)
            continue
        key = evaluate(run, element.key, scope) if isinstance(element, cst.DictElement) else UNKNOWN
        try:
            result[key] = value
        except TypeError:
            return UNKNOWN
    return result


def _attribute(run: FunctionRun, node: cst.Attribute, scope: NameScope) -> Value:
    owner = evaluate(run, node.value, scope)
    if type(owner) is not ExternalName or may_be_of_project(owner.path):
        run.reads.add(node.attr.value)
    if isinstance(owner, DialectValue) and node.attr.value in operators.FEATURES:
        return run.decide(operators.FEATURES[node.attr.value].__contains__)
    value = get_attribute(owner, node.attr.value)
    if type(value) is ExternalName and not run.quiet and may_be_of_project(value.path):
        return run.follow(run, value)
    return value


def _call(run: FunctionRun, node: cst.Call, scope: NameScope) -> Value:
    func = node.func
    if isinstance(func, cst.Attribute):
        receiver = evaluate(run, func.value, scope)
        arguments = read_arguments(run, node, scope)
        if receiver is UNKNOWN and func.attr.value in CHANGING and change_inside(run, node, func.value, scope):
            return UNKNOWN
        return call_method(run, receiver, func.attr.value, arguments, node)
    value = evaluate(run, func, scope)
    arguments = read_arguments(run, node, scope)
    if isinstance(value, ExternalName) and value.path in ("builtins.globals", "builtins.locals"):
        # `globals()[f"upgrade_{engine_name}"]()`, as the template of `alembic init -t multidb` has it
        outermost = scope
        while outermost.parent is not None and value.last == "globals":
            outermost = outermost.parent
        return dict(outermost.names)
    if isinstance(value, ExternalName) and value.path == "builtins.super":
        found = scope.find("__super__")
        return found.names["__super__"] if found is not None else UNKNOWN
    return call(run, value, arguments, node)


CHANGING = frozenset(
    ["append", "extend", "remove", "clear", "update", "pop", "popitem", "add", "insert", "discard", "setdefault", "sort", "reverse"]
)
"""Methods that change a list, dict or set."""


def _binary(run: FunctionRun, node: cst.BinaryOperation, scope: NameScope) -> Value:
    # `a + b + …` of a thousand parts nests a thousand deep on the left: Python's stack is not
    chain = [node]
    while isinstance(chain[-1].left, cst.BinaryOperation):
        chain.append(chain[-1].left)
    value = evaluate(run, chain[-1].left, scope)
    for link in reversed(chain):
        run.tick()
        value = operators.combine(type(link.operator).__name__, value, evaluate(run, link.right, scope))
    return value


def _unary(run: FunctionRun, node: cst.UnaryOperation, scope: NameScope) -> Value:
    value = evaluate(run, node.expression, scope)
    if isinstance(node.operator, cst.Not):
        truth = operators.truth(value)
        return UNKNOWN if truth is None else not truth
    return operators.negate(type(node.operator).__name__, value)


def _boolean(run: FunctionRun, node: cst.BooleanOperation, scope: NameScope) -> Value:
    left = evaluate(run, node.left, scope)
    truth = operators.truth(left)
    stops_at = isinstance(node.operator, cst.Or)
    if truth is not None:
        return left if truth is stops_at else evaluate(run, node.right, scope)
    with run.under_condition():
        right = evaluate(run, node.right, scope)
    decided = operators.truth(right)
    # `unknown or True` holds; with other values than these two it may be the left one that is given
    return right if decided is stops_at and isinstance(right, bool) else UNKNOWN


def _comparison(run: FunctionRun, node: cst.Comparison, scope: NameScope) -> Value:
    left = evaluate(run, node.left, scope)
    result: Value = True
    for target in node.comparisons:
        right = evaluate(run, target.comparator, scope)
        outcome = operators.compare(run, type(target.operator).__name__, left, right)
        truth = operators.truth(outcome)
        if len(node.comparisons) == 1 or truth is False:
            return outcome
        result = UNKNOWN if truth is None else result
        left = right
    return result


def _conditional(run: FunctionRun, node: cst.IfExp, scope: NameScope) -> Value:
    truth = operators.truth(evaluate_condition(run, node.test, scope))
    if truth is not None:
        return evaluate(run, node.body if truth else node.orelse, scope)
    with run.under_condition():
        yes, no = evaluate(run, node.body, scope), evaluate(run, node.orelse, scope)
    # `bind if bind is not None else op.get_bind()`: either is the migration's connection
    return yes if is_same(yes, no) else yes if isinstance(yes, ConnectionValue) else UNKNOWN


def _subscript(run: FunctionRun, node: cst.Subscript, scope: NameScope) -> Value:
    value = evaluate(run, node.value, scope)
    if len(node.slice) != 1:
        return UNKNOWN
    part = node.slice[0].slice
    if isinstance(part, cst.Index):
        return operators.get_item(run, value, run.noted(evaluate(run, part.value, scope)))
    if not isinstance(part, cst.Slice):
        return UNKNOWN
    bounds = [evaluate(run, bound, scope) if bound else None for bound in (part.lower, part.upper, part.step)]
    return operators.get_slice(value, *bounds)


def _lambda(run: FunctionRun, node: cst.Lambda, scope: NameScope) -> Value:
    function = LocalFunction("<lambda>", node, scope, home=run.home)
    for parameter in (*node.params.params, *node.params.kwonly_params):
        if parameter.default is not None:
            function.defaults[parameter.name.value] = evaluate(run, parameter.default, scope)
    return function


def _named(run: FunctionRun, node: cst.NamedExpr, scope: NameScope) -> Value:
    value = evaluate(run, node.value, scope)
    assign(run, node.target, value, scope)
    return value


def _yield(run: FunctionRun, node: cst.Yield, scope: NameScope) -> Value:
    taker = run.frame.on_yield
    if isinstance(node.value, cst.From):
        turns = iterate(run, evaluate(run, node.value.item, scope))
        values = [PossibleItem(UNKNOWN)] if turns is None else turns
    else:
        values = [evaluate(run, node.value, scope) if node.value else None]
    for value in values if taker else ():
        taker(PossibleItem(value) if run.undecided and not isinstance(value, PossibleItem) else value)  # type: ignore[misc] # not None, as just seen
    return UNKNOWN


READERS: dict[type[cst.CSTNode], Callable[[FunctionRun, Any, NameScope], Value]] = {
    cst.Name: _name,
    cst.SimpleString: lambda _run, node, _scope: strings.read_literal(node),
    cst.ConcatenatedString: _concatenated,
    cst.FormattedString: lambda run, node, scope: _parts(run, node.parts, scope, raw="r" in node.start.lower()),
    cst.Integer: _number,
    cst.Float: _number,
    cst.Imaginary: _number,
    cst.Tuple: lambda run, node, scope: tuple(_elements(run, node, scope)),
    cst.List: _elements,
    cst.Set: _set,
    cst.Dict: _dict,
    cst.Attribute: _attribute,
    cst.Call: _call,
    cst.BinaryOperation: _binary,
    cst.UnaryOperation: _unary,
    cst.BooleanOperation: _boolean,
    cst.Comparison: _comparison,
    cst.IfExp: _conditional,
    cst.Subscript: _subscript,
    cst.Lambda: _lambda,
    cst.NamedExpr: _named,
    cst.ListComp: comprehend,
    cst.SetComp: comprehend,
    cst.GeneratorExp: comprehend,
    cst.DictComp: comprehend_dict,
    cst.Yield: _yield,
    cst.Await: lambda run, node, scope: evaluate(run, node.expression, scope),
}
