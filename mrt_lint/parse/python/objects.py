"""The values of a migration's expressions, apart from plain Python values and the values of operations.

Strings, numbers, None, tuples, lists, dicts and sets are themselves; a string may contain HOLE. Everything else that
matters (a name of SQLAlchemy's, a connection, a batch table, a function of the file) has one small class here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

from mrt_lint.model.lean import dataclass
from mrt_lint.model.values import UNKNOWN, BatchRebuild, MaybeName, Name

if TYPE_CHECKING:
    import libcst as cst

Value: TypeAlias = object
"""Whatever an expression may evaluate to."""

# What is made a dozen times a file is a class with slots of its own: a dataclass of ours takes three times as long to make.


class ExternalName:
    """Something that lives outside the file, by its dotted path: "alembic.op", "sqlalchemy.Column", "builtins.print"."""

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ExternalName) and other.path == self.path

    def __hash__(self) -> int:
        return hash(self.path)

    @property
    def last(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]

    @property
    def root(self) -> str:
        """The first part of the path."""
        return self.path.partition(".")[0]


@dataclass(slots=True, frozen=True)
class EnvironmentText:
    """A text that may come from the environment; `default` is what the file has in its place. In SQL it is a hole."""

    default: str


@dataclass(slots=True, frozen=True)
class PossibleItem:
    """An item that a list holds only if an undecidable condition came true."""

    value: Value


class NameScope:
    """The names of one function call, class body, comprehension or module; `parent` is where a name is looked up next.

    One that is `closed`, another module's, takes no further name; `stars` are the modules of which it imports every name, `outer`
    the names that belong to the scopes around it.
    """

    __slots__ = ("closed", "names", "outer", "parent", "stars")

    def __init__(self, names: dict[str, Value] | None = None, parent: NameScope | None = None) -> None:
        self.names: dict[str, Value] = {} if names is None else names
        self.parent = parent
        self.outer: frozenset[str] = frozenset()
        self.closed = False
        self.stars: list[str] = []

    def find(self, name: str) -> NameScope | None:
        """Find the scope that a name is read from."""
        scope: NameScope | None = self
        while scope is not None and name not in scope.names:
            scope = scope.parent
        return scope

    def starred(self) -> Iterator[str]:
        """Yield the modules of which every name is imported here, in the order in which a name is looked up."""
        scope: NameScope | None = self
        while scope is not None:
            yield from reversed(scope.stars)
            scope = scope.parent

    def home(self, name: str) -> NameScope:
        """Return the scope that an assignment to `name` writes to."""
        if name not in self.outer:
            return self
        return (self.parent.find(name) if self.parent else None) or self


class LocalFunction:
    """A function or lambda, with the scope it was defined in; `receiver` is what a method is bound to.

    `home` is the path of the file it is in, empty for the migration's own; `owner` is the class that a method is written in.
    """

    __slots__ = ("defaults", "home", "name", "node", "of_class", "owner", "receiver", "scope", "static")

    def __init__(self, name: str, node: cst.FunctionDef | cst.Lambda, scope: NameScope, home: str = "") -> None:
        self.name = name
        self.node = node
        self.scope = scope
        self.home = home
        self.defaults: dict[str, Value] = {}
        self.static = False
        self.of_class = False
        self.receiver: Value = None
        self.owner: LocalClass | None = None

    def bound_to(self, receiver: Value) -> LocalFunction:
        """Return the same method, bound to an object or a class."""
        bound = self.moved_to(self.scope)
        bound.receiver = receiver
        return bound

    def moved_to(self, scope: NameScope) -> LocalFunction:
        """Return the same function as it is defined in another scope."""
        moved = LocalFunction(self.name, self.node, scope, self.home)
        moved.defaults, moved.static, moved.of_class = self.defaults, self.static, self.of_class
        moved.receiver, moved.owner = self.receiver, self.owner
        return moved


@dataclass(slots=True, eq=False)
class GeneratorCall:
    """A call of a function that yields, not yet run."""

    function: LocalFunction
    arguments: CallArguments
    node: cst.CSTNode


@dataclass(slots=True, eq=False)
class LocalClass:
    """A class of the file, or of one that it imports: a model, an enum, a type, or anything else.

    `fields` are its annotated attributes in order, which a dataclass or named tuple takes as arguments; `columns` the types that
    `load_dialect_impl()` of a column's type returns, by the database, "" for any other.
    """

    name: str
    bases: tuple[Value, ...]
    scope: NameScope
    methods: dict[str, LocalFunction] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    columns: dict[str, Value] = field(default_factory=dict)

    def inherits(self, *names: str) -> bool:
        """Return whether one of its bases, or theirs, has one of these names."""
        return any(
            (isinstance(base, ExternalName) and base.last in names) or (isinstance(base, LocalClass) and base.inherits(*names))
            for base in self.bases
        )


@dataclass(slots=True, eq=False)
class LocalInstance:
    """An object of a class of the file."""

    of: LocalClass
    attributes: dict[str, Value] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class SuperProxy:
    """`super()`, in a method of `owner` that is bound to `receiver`."""

    owner: LocalClass
    receiver: Value


@dataclass(slots=True, frozen=True)
class EnumMember:
    """A member of an enum class of the file."""

    name: str
    value: Value


@dataclass(slots=True, frozen=True)
class BoundMethod:
    """A method that was looked up and not yet called."""

    receiver: Value
    name: str


@dataclass(slots=True, eq=False)
class PartialCall:
    """`functools.partial`."""

    function: Value
    arguments: CallArguments


@dataclass(slots=True, frozen=True)
class FunctionChoice:
    """One of several functions of the file, by a name of which a part is known; each is meant for a database of its own."""

    functions: tuple[LocalFunction, ...]


@dataclass(slots=True, frozen=True)
class ConnectionValue:
    """What `op.get_bind()` returns, and engines, cursors and transactions made from it; `own` is the former only.

    `apart` is True of an engine, and of the connections that it opens: they are others than the migration's.
    """

    autocommit: bool = False
    own: bool = False
    apart: bool = False


@dataclass(slots=True, frozen=True)
class SessionValue:
    """An ORM session on the migration's connection, or on another one (`apart`)."""

    apart: bool = False


@dataclass(slots=True, frozen=True)
class ContextValue:
    """Alembic's migration context."""


@dataclass(slots=True, frozen=True)
class InspectorValue:
    """`sa.inspect(bind)`: it only reads."""


@dataclass(slots=True, frozen=True)
class FilePath:
    """A `pathlib.Path` whose parts are known."""

    path: PurePath


@dataclass(slots=True, frozen=True)
class OpenFile:
    """What `open()` returns, in text mode."""

    path: PurePath


@dataclass(slots=True, frozen=True)
class DialectValue:
    """`bind.dialect`."""


@dataclass(slots=True, frozen=True)
class DialectName:
    """`bind.dialect.name`, which the run decides; `description` for "postgresql+psycopg2" and the like, `url` for a URL's text."""

    description: bool = False
    url: bool = False


@dataclass(slots=True, frozen=True)
class AutocommitBlock:
    """`context.autocommit_block()`."""


@dataclass(slots=True, frozen=True)
class BatchValue:
    """What `with op.batch_alter_table(…)` returns; `number` is its own in the function."""

    table: Name
    schema: MaybeName
    rebuild: BatchRebuild | None = None
    number: int = 0


class CallArguments:
    """The evaluated arguments of one call; `complete` is False if a star argument could not be read."""

    __slots__ = ("complete", "keyword", "positional")

    def __init__(
        self, positional: list[Value] | None = None, keyword: dict[str, Value] | None = None, *, complete: bool = True
    ) -> None:
        self.positional: list[Value] = [] if positional is None else positional
        self.keyword: dict[str, Value] = {} if keyword is None else keyword
        self.complete = complete

    def get(self, position: int, name: str, default: Value = None) -> Value:
        """Return the argument at a position or by name; UNKNOWN if an unreadable star argument may have given it."""
        if name in self.keyword:
            return self.keyword[name]
        if 0 <= position < len(self.positional):
            return self.positional[position]
        return default if self.complete else UNKNOWN

    def everything(self) -> list[Value]:
        """Return all arguments, named or not."""
        return [*self.positional, *self.keyword.values()]
