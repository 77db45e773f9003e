"""One reading of one function for one set of dialects: what it has done so far, under which conditions, within which bounds."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import field
from typing import TYPE_CHECKING, Any

from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import Execute, InvalidCall, Op
from mrt_lint.model.values import UNKNOWN
from mrt_lint.parse.python.convert import weigh
from mrt_lint.parse.python.objects import (
    CallArguments,
    DialectName,
    ExternalName,
    GeneratorCall,
    LocalClass,
    LocalFunction,
    NameScope,
    Value,
)

if TYPE_CHECKING:
    import libcst as cst

    from mrt_lint.parse.python.project_modules import ProjectModules

MAX_DEPTH = 24
"""Calls of functions of the file within one another."""
MAX_STEPS = 200_000
"""Expressions and statements evaluated in one reading."""
MAX_OPERATIONS = 3_000
"""Operations of one function."""
MAX_SECONDS = 4
"""Seconds of processor time for one function, for what few steps make long."""
_AT_ONCE = (Execute, InvalidCall)
"""What a batch does not put off until it ends."""
_STEPS_A_LOOK = 8
"""Steps between two looks at the deadline."""
MAX_TURNS = 2_000
"""Turns of one loop."""
MAX_LENGTH = 2_000_000
"""Characters or items that an expression may build."""
MAX_BUILT = 50_000_000
"""Characters and items that one reading may build."""


def backend_of(url: str) -> tuple[str, bool]:
    """Return how a URL or the beginning of one begins, up to its driver, and whether that is a whole word."""
    found = re.split(r"[+:]", url, maxsplit=1)
    return found[0], len(found) > 1


class DialectSplit(Exception):  # noqa: N818 - a request, not an error
    """The reading asked for something in which its dialects differ: read again for each of the two parts."""

    def __init__(self, yes: frozenset[str], no: frozenset[str]) -> None:
        super().__init__()
        self.yes = yes
        self.no = no


class UnlistedDialect(Exception):  # noqa: N818 - a request, not an error
    """A guard names a dialect that is not known yet: read again with it."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class TooLongError(Exception):
    """The function takes more than a reading may: one clause that says of what."""


class Deadline:
    """The end of so many seconds of processor time from now."""

    __slots__ = ("_processor", "_wall")

    def __init__(self, seconds: float) -> None:
        self._processor = time.process_time() + seconds
        self._wall = time.monotonic() + seconds

    def has_passed(self) -> bool:
        """Return whether the time is over."""
        # asking the processor's clock takes up to 1.5 µs, as long as a short step: only once the other says that it may be
        return time.monotonic() > self._wall and time.process_time() > self._processor


class RecordedOp:
    """An operation before its place and its dialects are known."""

    __slots__ = ("autocommit", "batch", "certain", "fields", "kind", "node", "statement")

    def __init__(
        self,
        kind: type[Op],
        fields: dict[str, Any],
        node: cst.CSTNode,
        statement: cst.CSTNode | None,
        *,
        certain: bool,
        autocommit: bool,
        batch: bool,
    ) -> None:
        self.kind = kind
        self.fields = fields
        self.node = node
        self.statement = statement
        self.certain = certain
        self.autocommit = autocommit
        self.batch = batch

    def is_same(self, other: RecordedOp) -> bool:
        """Return whether another reading did the same in the same place."""
        return (
            self.node is other.node
            and self.kind is other.kind
            and self.certain == other.certain
            and self.autocommit == other.autocommit
            and self.fields == other.fields
        )


@dataclass(slots=True)
class ReadFailure:
    """A call that could not be read; `dialects` are those it is under, None for all; `concerns` as of `UnreadableCall`."""

    node: cst.CSTNode
    statement: cst.CSTNode | None
    why: str
    dialects: tuple[str, ...] | None = None
    concerns: str = ""


class CallFrame:
    """One call of a function of the file: what it has returned so far, and who takes what it yields."""

    __slots__ = ("on_yield", "returns")

    def __init__(self, on_yield: Callable[[Value], None] | None = None) -> None:
        self.returns: list[Value] = []
        self.on_yield = on_yield


@dataclass(slots=True, eq=False)
class FunctionRun:
    """The state of one reading.

    `undecided` counts the undecidable conditions around the present statement, `forks` those of them that the code comes back
    from, so that what changes here may not hold later, `asked` the conditions being evaluated (a call in one only asks),
    `quiet` the reading of module level, where nothing is an operation. `yielding` remembers which functions yield, None if
    none can; `active` are those being walked. `modules` finds the project's own modules, `scopes` are the names of those that
    were walked, by path, `followed` what names from there are; `home` and `package` are those of the module that is being
    walked, `away` is where the migration calls code of another one. `reads` are the names of attributes and items that are taken of
    rows and tables. `asks_dialect` is whether anything depended on the dialect. `registered` are operations of the project's own,
    `implementations` what carries them out. `batches` are those that are open, each with what was caught and swallowed
    before it: its operations run when it ends.
    """

    dialects: frozenset[str]
    universe: frozenset[str]
    walk: Callable[[FunctionRun, cst.BaseSuite | Sequence[cst.CSTNode], NameScope], int]
    evaluate: Callable[[FunctionRun, cst.BaseExpression, NameScope], Value]
    inline: Callable[[FunctionRun, LocalFunction, CallArguments, cst.CSTNode], Value]
    produce: Callable[[FunctionRun, GeneratorCall, Callable[[Value], None]], None]
    follow: Callable[[FunctionRun, ExternalName], Value]
    load_imports: Callable[[FunctionRun], None]
    yielding: dict[int, bool] | None = None
    emitted: list[RecordedOp] = field(default_factory=list)
    failures: list[ReadFailure] = field(default_factory=list)
    failed: set[int] = field(default_factory=set)
    reads: set[str] = field(default_factory=set)
    modules: ProjectModules | None = None
    scopes: dict[str, NameScope | None] = field(default_factory=dict)
    followed: dict[str, Value] = field(default_factory=dict)
    home: str = ""
    package: str = ""
    away: tuple[cst.CSTNode, cst.CSTNode | None] | None = None
    registered: dict[str, tuple[LocalClass, LocalFunction]] = field(default_factory=dict)
    implementations: list[tuple[Value, LocalFunction]] = field(default_factory=list)
    followed_yielding: dict[int, bool] = field(default_factory=dict)
    asks_dialect: bool = False
    undecided: int = 0
    catching: int = 0
    swallowing: int = 0
    batches: list[tuple[int, int]] = field(default_factory=list)
    repeating: int = 0
    forks: int = 0
    asked: int = 0
    quiet: int = 0
    autocommit: int = 0
    apart: bool = False
    nested: bool = False
    depth: int = 0
    steps: int = 0
    built: int = 0
    found_none: tuple[str, ...] = ()
    if_absent: bool = False
    inspected: int = 0
    listings: set[str] = field(default_factory=set)
    deadline: Deadline | None = None
    active: list[cst.CSTNode] = field(default_factory=list)
    discarded: tuple[cst.CSTNode, ...] = ()
    entering: cst.CSTNode | None = None
    statement: cst.CSTNode | None = None
    frame: CallFrame = field(default_factory=CallFrame)

    def tick(self) -> None:
        """Count one step; raises TooLongError."""
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise TooLongError("takes too many steps to follow")
        if self.steps % _STEPS_A_LOOK == 0 and self.deadline is not None and self.deadline.has_passed():
            raise TooLongError("takes too long to follow")

    def noted(self, key: Value) -> Value:
        """Return the key of an item that is taken of something, noted if it is a name."""
        if isinstance(key, str):
            self.reads.add(key)
        return key

    def build(self, size: int) -> None:
        """Count what an expression built, in characters and items; raises TooLongError."""
        self.built += min(size, MAX_LENGTH)
        if self.built > MAX_BUILT:
            raise TooLongError("builds more than is followed")

    def emit(self, kind: type[Op], node: cst.CSTNode, /, *, batch: bool = False, autocommit: bool = False, **fields: Any) -> None:
        """Record that the migration does this here."""
        is_put_off = batch and bool(self.batches) and not issubclass(kind, _AT_ONCE)
        catching, swallowing = self.batches[-1] if is_put_off else (self.catching, self.swallowing)
        if catching:
            fields["caught"] = True if swallowing else UNKNOWN
        fields |= {"caught_too_early": True} if self.swallowing > swallowing else {}
        fields |= {"repeated": True} if self.repeating else {}
        fields |= {"elsewhere": True} if self.apart else {}
        fields |= {"if_absent": True} if self.if_absent else {}
        fields |= {"savepoint": True} if self.nested else {}
        if self.found_none:
            fields["found_none"] = self.found_none
        if not self.quiet:
            if len(self.emitted) >= MAX_OPERATIONS:
                raise TooLongError(f"has more than {MAX_OPERATIONS:,} operations")
            self.build(weigh(fields, MAX_LENGTH))
            self.emitted.append(
                RecordedOp(
                    kind,
                    fields,
                    *(self.away or (node, self.statement)),
                    certain=self.undecided == 0,
                    autocommit=autocommit or self.autocommit > 0,
                    batch=batch,
                )
            )

    def fail(self, node: cst.CSTNode, why: str, *, concerns: str = "") -> None:
        """Record that this call may touch the database and could not be read; `concerns` as of `UnreadableCall`."""
        node, statement = self.away or (node, self.statement)
        if not self.quiet and id(node) not in self.failed:
            self.failed.add(id(node))
            self.failures.append(ReadFailure(node, statement, why, concerns=concerns))

    @contextmanager
    def away_from(self, node: cst.CSTNode | None) -> Iterator[None]:
        """Run the body, which is code of another file if a node is given: what it does has its place there."""
        outermost = node is not None and self.away is None
        if node is not None and outermost:
            self.away = (node, self.statement)
        try:
            yield
        finally:
            if outermost:
                self.away = None

    @contextmanager
    def under_condition(self, uncertain: bool = True) -> Iterator[None]:  # noqa: FBT001, FBT002 - reads as a word
        """Run the body under a condition that cannot be decided, and continue after it."""
        self.undecided += uncertain
        self.forks += uncertain
        try:
            yield
        finally:
            self.undecided -= uncertain
            self.forks -= uncertain

    def is_discarded(self, node: cst.CSTNode) -> bool:
        """Return whether nothing is done with the value of an expression, so that it is there for its effect."""
        return any(node is each for each in self.discarded)

    def decide(self, matches: Callable[[str], bool]) -> bool:
        """Return whether the dialect is one that matches; raises Split where that depends."""
        self.asks_dialect = True
        yes = frozenset(filter(matches, self.dialects))
        if yes and yes != self.dialects:
            raise DialectSplit(yes, self.dialects - yes)
        return bool(yes)

    def may_be(self, matches: Callable[[str], bool]) -> bool:
        """Return whether any dialect that is known so far is one that matches."""
        self.asks_dialect = True
        return any(map(matches, self.universe))

    def is_dialect(self, value: DialectName, name: str) -> bool:
        """Return whether `value == name`; raises Split or Stranger.

        Of a URL, what precedes its driver is compared.
        """
        self.asks_dialect = True
        if value.description:
            return False
        name = backend_of(name)[0] if value.url else name
        if name not in self.universe and name.isidentifier():
            raise UnlistedDialect(name)
        return self.decide(lambda dialect: dialect == name)
