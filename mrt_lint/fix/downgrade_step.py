"""What a step of downgrade() is: the call to be written, and the operation that has to be read there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import groupby

from mrt_lint.fix.imported_names import ImportedNames
from mrt_lint.fix.layout import CallCode, lay_out
from mrt_lint.model.lean import dataclass
from mrt_lint.model.ops import Op
from mrt_lint.model.values import DIALECTS


@dataclass(frozen=True, slots=True, kw_only=True)
class DowngradeStep:
    """One operation of downgrade().

    `dialects` is the guard it is under, `autocommit` whether it runs outside of the transaction. `batch` is the source of the
    `batch_alter_table` call it belongs to and `batch_name` the name of that. `unsafe` is one clause that its author
    has to agree to. `above` is a line that has to come first in the function, `asks` the table without which the step does not
    run. `same` returns whether an operation does what is meant if comparing for equality would be too strict.
    """

    code: CallCode
    op: Op
    dialects: tuple[str, ...] | None = None
    autocommit: bool = False
    batch: str = ""
    batch_name: str = ""
    unsafe: str = ""
    above: str = ""
    asks: str = ""
    same: Callable[[Op], bool] | None = None

    def is_done_by(self, op: Op) -> bool:
        """Return whether an operation as it was read, guards left out, is the one that was meant."""
        # a step that asks for its table first is read as one that may not run
        if op.autocommit != self.autocommit or op.certain is bool(self.asks):
            return False
        op = replace(op, certain=True)
        meant = replace(self.op, dialects=op.dialects, autocommit=op.autocommit)
        return meant == op if self.same is None else type(op) is type(self.op) and self.same(op)


def write_steps(steps: Iterable[DowngradeStep], indent: str, unit: str, names: ImportedNames) -> str:
    """Write steps as the lines of a function's body, without the last line's end."""
    steps = list(steps)
    above = dict.fromkeys(f"{indent}{step.above}" for step in steps if step.above)
    return "\n".join([*above, *_under(steps, indent, unit, names, (_guard, _question, _autocommit, _batch))])


def merged(steps: Iterable[DowngradeStep]) -> Iterator[DowngradeStep]:
    """Make one step of two that follow one another and do the same on different databases, as both branches of a guard do."""
    held: DowngradeStep | None = None
    for step in steps:
        if held is None:
            held = step
        elif (both := _both(held, step)) is not None:
            held = both
        else:
            yield held
            held = step
    if held is not None:
        yield held


def _both(one: DowngradeStep, other: DowngradeStep) -> DowngradeStep | None:
    if one.dialects is None or other.dialects is None or set(one.dialects) & set(other.dialects):
        return None
    if _alike(one) != _alike(other):
        return None
    dialects = tuple(sorted({*one.dialects, *other.dialects}))
    same, also = one.is_done_by, other.is_done_by
    guard = None if set(dialects) >= set(DIALECTS) else dialects
    return replace(one, dialects=guard, same=lambda op: same(op) and also(op), unsafe=one.unsafe or other.unsafe)


def _alike(step: DowngradeStep) -> tuple[object, ...]:
    return step.code, step.op, step.autocommit, step.batch, step.above, step.asks


_Opening = Callable[[DowngradeStep, ImportedNames], str]


def _under(
    steps: list[DowngradeStep], indent: str, unit: str, names: ImportedNames, openings: tuple[_Opening, ...]
) -> Iterator[str]:
    if not openings:
        for step in steps:
            yield indent + lay_out(step.code, indent, unit, len(indent.expandtabs()), 0)
        return
    opening, *inner = openings
    for line, group in groupby(steps, lambda step: opening(step, names)):
        if line:
            yield f"{indent}{line}"
        yield from _under(list(group), indent + unit if line else indent, unit, names, tuple(inner))


def _guard(step: DowngradeStep, names: ImportedNames) -> str:
    if step.dialects is None:
        return ""
    subject = f"{names.op('get_context')}().dialect.name"
    without = tuple(dialect for dialect in DIALECTS if dialect not in step.dialects)
    if len(step.dialects) == 1:
        return f"if {subject} == {names.quote(step.dialects[0])}:"
    if len(without) == 1:
        return f"if {subject} != {names.quote(without[0])}:"
    word, chosen = ("not in", without) if len(without) < len(step.dialects) else ("in", step.dialects)
    return f"if {subject} {word} ({', '.join(map(names.quote, chosen))}):"


def _question(step: DowngradeStep, names: ImportedNames) -> str:
    if not step.asks:
        return ""
    return f"if {names.sa('inspect')}({names.op('get_bind')}()).has_table({names.quote(step.asks)}):"


def _autocommit(step: DowngradeStep, names: ImportedNames) -> str:
    return f"with {names.op('get_context')}().autocommit_block():" if step.autocommit else ""


def _batch(step: DowngradeStep, names: ImportedNames) -> str:  # noqa: ARG001  as the others
    return f"with {step.batch} as {step.batch_name}:" if step.batch else ""
