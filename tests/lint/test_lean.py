"""The lean decorator means what the real one means."""

from __future__ import annotations

import dataclasses
import pickle
from dataclasses import field
from functools import cached_property

import pytest

from mrt_lint.model import lean


def make(dataclass):
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Base:
        where: int | None = field(default=None, compare=False, repr=False)
        tags: tuple[str, ...] = field(default_factory=tuple)

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Child(Base):
        name: str
        size: int = 1

        @property
        def loud(self) -> str:
            return self.name.upper()

    @dataclass(frozen=True, slots=True, order=True)
    class Spot:
        line: int
        column: int = 1

    @dataclass(slots=True, eq=False)
    class Thing:
        name: str

    @dataclass(slots=True)
    class Bag:
        name: str

    return Child, Spot, Thing, Bag


@pytest.fixture(params=[dataclasses.dataclass, lean.dataclass], ids=["real", "lean"])
def classes(request):
    return make(request.param)


def test_values_compare_hash_and_show_themselves_by_their_fields(classes):
    child, spot, thing, bag = classes
    assert child(name="a", where=1) == child(name="a", where=2) != child(name="b")
    assert hash(child(name="a", where=1)) == hash(child(name="a", where=2))
    assert repr(child(name="a", where=1)).endswith("Child(tags=(), name='a', size=1)")
    assert sorted([spot(2, 1), spot(1, 9), spot(1, column=2)]) == [spot(1, 2), spot(1, 9), spot(2)]
    assert child(name="a").loud == "A"
    assert spot(1) != (1, 1)
    assert thing("a") != thing("a")
    assert len({thing("a"), thing("a")}) == 2
    assert bag("a") == bag("a")
    with pytest.raises(TypeError, match="unhashable"):
        hash(bag("a"))


def test_frozen_ones_do_not_change_and_others_do(classes):
    child, spot, thing, _ = classes
    with pytest.raises(dataclasses.FrozenInstanceError):
        child(name="a").name = "b"
    with pytest.raises(dataclasses.FrozenInstanceError):
        del spot(1).line
    changing = thing("a")
    changing.name = "b"
    assert changing.name == "b"


@pytest.mark.parametrize(
    "arguments", [((), {}), ((), {"name": "a", "colour": 1}), (("a",), {}), ((), {"colour": 1}), (("a",), {"name": "a"})]
)
def test_wrong_arguments_are_refused(classes, arguments):
    positional, named = arguments
    with pytest.raises(TypeError):
        classes[0](*positional, **named)


def test_the_standard_librarys_functions_work_on_them(classes):
    child = classes[0]
    assert dataclasses.is_dataclass(child)
    assert [field.name for field in dataclasses.fields(child)] == ["where", "tags", "name", "size"]
    changed = dataclasses.replace(child(name="a", where=3), size=2)
    assert (changed.name, changed.size, changed.where) == ("a", 2, 3)


def test_they_can_be_pickled_and_copied():
    from mrt_lint.model.values import Column

    assert pickle.loads(pickle.dumps(Column(name="a", nullable=True))) == Column(name="a", nullable=True)


def test_replace_changes_some_fields_and_forgets_what_was_computed_from_the_others():
    @lean.dataclass(frozen=True, slots=True)
    class Square:
        side: int
        name: str = "square"

        @cached_property
        def area(self) -> int:
            return self.side**2

    before = Square(2)
    assert before.area == 4
    after = lean.replace(before, side=3)
    assert (after, after.area, before) == (Square(3), 9, Square(2))
    with pytest.raises(TypeError, match="colour"):
        lean.replace(before, colour="red")
