"""Statements that bind a name to something to be called or looked into later: imports, functions, classes."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.control.column_loader import columns_loaded
from mrt_lint.parse.python.control.exits import FALL
from mrt_lint.parse.python.expressions.arguments import read_arguments
from mrt_lint.parse.python.expressions.evaluate import evaluate
from mrt_lint.parse.python.expressions.strings import read_literal
from mrt_lint.parse.python.library.invocation import register
from mrt_lint.parse.python.objects import EnumMember, ExternalName, LocalClass, LocalFunction, NameScope
from mrt_lint.parse.python.run import FunctionRun


def dotted(node: cst.BaseExpression | None) -> str:
    """Return a dotted name as a string."""
    if isinstance(node, cst.Attribute):
        return f"{dotted(node.value)}.{node.attr.value}"
    return node.value if isinstance(node, cst.Name) else ""


def walk_import(_run: FunctionRun, node: cst.Import, scope: NameScope) -> int:
    """`import a.b` binds `a`, `import a.b as c` binds `c`."""
    for alias in node.names:
        path = dotted(alias.name)
        if alias.asname is not None and isinstance(alias.asname.name, cst.Name):
            scope.names[alias.asname.name.value] = ExternalName(path)
        else:
            scope.names[path.partition(".")[0]] = ExternalName(path.partition(".")[0])
    return FALL


def walk_import_from(run: FunctionRun, node: cst.ImportFrom, scope: NameScope) -> int:
    """`from a import b as c`; of `from a import *` the module is kept."""
    module = "." * len(node.relative) + dotted(node.module)
    if node.relative and run.package:
        # one dot is the package itself, each further one the package around it
        above = run.package.split(".")[: len(run.package.split(".")) + 1 - len(node.relative)]
        module = ".".join([*above, *filter(None, [dotted(node.module)])])
    if isinstance(node.names, cst.ImportStar):
        scope.stars.append(module)
        return FALL
    for alias in node.names:
        name = dotted(alias.name)
        target = alias.asname.name if alias.asname is not None else alias.name
        if isinstance(target, cst.Name):
            scope.names[target.value] = ExternalName(f"{module}.{name}")
    return FALL


class YieldFinder(cst.CSTVisitor):
    """Whether a function yields itself, functions inside it left out."""

    def __init__(self) -> None:
        super().__init__()
        self.found = False
        self.depth = 0

    def visit_FunctionDef(self, node: cst.FunctionDef) -> bool:  # noqa: ARG002, N802 - libcst's name
        """Stay out of functions inside the function."""
        self.depth += 1
        return self.depth == 1

    def visit_Lambda(self, node: cst.Lambda) -> bool:  # noqa: ARG002, N802 - libcst's name
        """Stay out of lambdas."""
        return False

    def visit_Yield(self, node: cst.Yield) -> bool:  # noqa: ARG002, N802 - libcst's name
        """Find one."""
        self.found = True
        return False


def yields(run: FunctionRun, function: LocalFunction) -> bool:
    """Return whether calling a function makes a generator."""
    node = function.node
    known = run.followed_yielding if function.home else run.yielding
    if known is None or isinstance(node, cst.Lambda):
        return False
    if id(node) not in known:
        finder = YieldFinder()
        node.visit(finder)
        known[id(node)] = finder.found
    return known[id(node)]


def walk_function(run: FunctionRun, node: cst.FunctionDef, scope: NameScope) -> int:
    """`def`: the function with its defaults, which are evaluated now."""
    function = LocalFunction(node.name.value, node, scope, home=run.home)
    parameters = node.params
    for parameter in (*parameters.posonly_params, *parameters.params, *parameters.kwonly_params):
        if parameter.default is not None:
            function.defaults[parameter.name.value] = evaluate(run, parameter.default, scope)
    decorators = [dotted(decorator.decorator) for decorator in node.decorators]
    function.static, function.of_class = "staticmethod" in decorators, "classmethod" in decorators
    scope.names[function.name] = function
    _register(run, node, function, scope)
    return FALL


def _register(run: FunctionRun, node: cst.FunctionDef | cst.ClassDef, made: LocalFunction | LocalClass, scope: NameScope) -> None:
    for decorator in node.decorators:
        call = decorator.decorator
        if isinstance(call, cst.Call) and dotted(call.func).rpartition(".")[2] in {"register_operation", "implementation_for"}:
            register(run, evaluate(run, call.func, scope), read_arguments(run, call, scope), made)


def walk_class(run: FunctionRun, node: cst.ClassDef, scope: NameScope) -> int:
    """`class`: its bases and the names that its body binds; an enum's are its members."""
    bases = tuple(evaluate(run, base.value, scope) for base in node.bases)
    inner = NameScope(parent=scope)
    inherited = [name for base in reversed(bases) if isinstance(base, LocalClass) for name in base.fields]
    made = LocalClass(node.name.value, bases, inner, fields=tuple(dict.fromkeys((*inherited, *_fields(node)))))
    run.walk(run, node.body, inner)
    is_enum = made.inherits("Enum", "IntEnum", "StrEnum")
    for name, value in list(inner.names.items()):
        if isinstance(value, LocalFunction):
            inner.names.pop(name)
            value.owner = made
            made.methods[name] = value
        elif is_enum and not name.startswith("_"):
            # `auto()` of a StrEnum is the name in lower case (docs.python.org/3/library/enum.html#enum.auto)
            inner.names[name] = EnumMember(name, name.lower() if value is UNKNOWN else value)
    if (loader := made.methods.get("load_dialect_impl")) is not None:
        made.columns = {database: evaluate(run, column, loader.scope) for database, column in columns_loaded(loader.node).items()}
    scope.names[made.name] = made
    _register(run, node, made, scope)
    return FALL


def _fields(node: cst.ClassDef) -> Iterator[str]:
    """Return the annotated attributes of a class, in order."""
    for line in node.body.body:
        for statement in line.body if isinstance(line, cst.SimpleStatementLine) else ():
            if isinstance(statement, cst.AnnAssign) and isinstance(statement.target, cst.Name):
                yield statement.target.value


def read_docstring(module: cst.Module) -> str:
    """Return the first line of the module's docstring, which Alembic takes as the message."""
    line = module.body[0] if module.body else None
    first = line.body[0] if isinstance(line, cst.SimpleStatementLine) else None
    if not isinstance(first, cst.Expr):
        return ""
    try:
        text = read_literal(first.value) if isinstance(first.value, cst.SimpleString) else module.get_docstring(clean=False)
    except (SyntaxError, ValueError):  # libcst parses literals that this Python refuses
        return ""
    lines = text.strip().splitlines() if isinstance(text, str) else []
    return lines[0].strip() if lines else ""
