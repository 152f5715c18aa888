"""A class finished late is the class the standard decorator makes at once."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import threading
from collections.abc import Callable
from typing import Any

import pytest

from codex_ssh.core.value import FEW, dataclass


def make() -> type[Any]:
    """A class nobody has made a value of."""

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Place:
        """Somewhere."""

        path: str
        lines: tuple[int, ...] = ()
        notes: list[str] = dataclasses.field(default_factory=list, repr=False, compare=False)

        @property
        def is_whole(self) -> bool:
            return not self.lines

    return Place


def make_standard() -> type[Any]:
    """The same by the standard decorator."""

    @dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
    class Place:
        """Somewhere."""

        path: str
        lines: tuple[int, ...] = ()
        notes: list[str] = dataclasses.field(default_factory=list, repr=False, compare=False)

        @property
        def is_whole(self) -> bool:
            return not self.lines

    return Place


def is_finished(made: type) -> bool:
    return type(made.__dict__["__dataclass_fields__"]) is dict


def test_nothing_is_written_for_a_few_values() -> None:
    made = make()

    values = [made(path=str(number)) for number in range(FEW - 1)]
    assert not is_finished(made)
    values.append(made(path="the last"))
    assert is_finished(made)

    assert [value.path for value in values] == [*map(str, range(FEW - 1)), "the last"]
    assert len({id(value.notes) for value in values}) == FEW


@pytest.mark.parametrize(
    "use",
    [repr, hash, copy.copy, dataclasses.fields, lambda value: value == value, lambda value: value != 1],
)
def test_what_is_written_is_there_when_it_is_asked_for(use: Callable[[Any], object]) -> None:
    made = make()
    value = made(path="a")
    assert not is_finished(made)

    use(value)

    assert is_finished(made)
    assert value == made(path="a")


def test_a_value_is_what_the_standard_decorator_makes() -> None:
    ours, standard = make(), make_standard()
    one, other = ours(path="a", lines=(1,)), standard(path="a", lines=(1,))

    assert repr(one).partition(".<locals>.")[2] == repr(other).partition(".<locals>.")[2]
    assert one == ours(path="a", lines=(1,), notes=["not compared"]) != ours(path="b")
    assert hash(one) == hash(other)
    assert one.notes == []
    assert not one.is_whole
    assert ours.__slots__ == standard.__slots__
    assert not hasattr(one, "__dict__")
    assert dataclasses.fields(ours)[0].name == "path"
    assert inspect.signature(ours) == inspect.signature(standard)
    assert {name for name in ours.__dict__ if not name.startswith("_")} == {
        name for name in standard.__dict__ if not name.startswith("_")
    }
    assert (ours.__name__, ours.__module__, ours.__doc__, ours.__match_args__) == (
        standard.__name__,
        standard.__module__,
        standard.__doc__,
        standard.__match_args__,
    )


def test_a_value_does_not_change() -> None:
    value = make()(path="a")

    for name in ("path", "another"):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(value, name, "b")
        with pytest.raises(dataclasses.FrozenInstanceError):
            delattr(value, name)
    assert value.path == "a"


@pytest.mark.parametrize("fields", [{}, {"path": "a", "colour": "red"}])
def test_a_value_says_what_is_wrong_with_its_fields(fields: dict[str, str]) -> None:
    made = make()

    for _ in range(FEW):
        with pytest.raises(TypeError, match=r"missing 1 required|unexpected keyword"):
            made(**fields)


def test_fields_are_known_before_there_is_a_value() -> None:
    assert [field.name for field in dataclasses.fields(make())] == ["path", "lines", "notes"]
    assert dataclasses.is_dataclass(make())


def test_values_are_replaced_copied_and_matched() -> None:
    value = make()(path="a")

    assert dataclasses.replace(value, path="b").path == "b"
    assert dataclasses.asdict(value) == {"path": "a", "lines": (), "notes": []}
    assert copy.copy(value) == copy.deepcopy(value) == value
    match value:
        case object(path=path):
            assert path == "a"


def test_fields_in_order_and_what_runs_after_them() -> None:
    @dataclass(frozen=True, slots=True)
    class Pair:
        first: int
        second: int = 2

        def __post_init__(self) -> None:
            if self.first == self.second:
                raise ValueError("twice the same")

        def __str__(self) -> str:
            return f"{self.first}:{self.second}"

    assert str(Pair(1)) == "1:2"
    with pytest.raises(ValueError, match="twice the same"):
        Pair(2)
    match Pair(3, 4):
        case Pair(first, second):
            assert (first, second) == (3, 4)


def test_a_class_made_of_one_that_was_never_used() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Base:
        name: str

    @dataclass(frozen=True, slots=True, kw_only=True)
    class More(Base):
        size: int

    class Plain(Base):
        pass

    assert More(name="a", size=1) == More(size=1, name="a")
    assert Plain(name="a").name == "a"


def test_a_class_with_a_word_of_its_own_keeps_it() -> None:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Hidden:
        code: str

        def __repr__(self) -> str:
            return "Hidden()"

    first = Hidden(code="a")
    for _ in range(2):
        assert repr(first) == "Hidden()"
        assert first == Hidden(code="a")


def test_threads_that_make_the_first_value_at_once() -> None:
    made = make()
    here = threading.Barrier(4)
    found: list[Any] = []

    def work() -> None:
        here.wait()
        found.extend(made(path="a") for _ in range(FEW))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [made(path="a")] * 4 * FEW
