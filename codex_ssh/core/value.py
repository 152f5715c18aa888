"""Frozen dataclasses whose methods are written when the first value is made.

Lives here: :func:`dataclass`, which modules take in place of the standard one.

The standard decorator writes and compiles six functions for every class, a third of a millisecond each time.
A start loads two hundred classes and makes values of a few. So a class gets its slots at once, and what the
standard decorator writes when somebody makes a value of it or asks for its fields. What there is then is the
same; a type checker sees the standard decorator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

__all__ = ["dataclass"]

_WRITTEN: Final = (
    *("__dataclass_params__", "__dataclass_fields__", "__match_args__", "__getstate__", "__setstate__"),
    *("__repr__", "__eq__", "__hash__", "__init__"),
)
"""What the standard decorator adds; ``__init__`` is the last, so that no value is made of half a class."""


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool, **options: bool) -> Callable[[type], type]:
        """Make a class a frozen dataclass with slots, as the standard decorator does with these options."""
        assert frozen, "a class that is not frozen takes the standard decorator"
        assert slots, "a class without slots takes the standard decorator"
        return lambda shape: _put_off(shape, options)


class _Fields:
    """Stands for ``__dataclass_fields__`` until somebody asks."""

    __slots__ = ("_finish",)

    def __init__(self, finish: Callable[[], type]) -> None:
        self._finish = finish

    def __get__(self, _: object, __: type) -> Any:
        return self._finish().__dict__["__dataclass_fields__"]


def _put_off(shape: type, options: dict[str, bool]) -> type:
    """Give the class with its slots; the rest is written when it is first needed."""
    body = {name: told for name, told in shape.__dict__.items() if name not in ("__dict__", "__weakref__")}

    def finish() -> type:
        # Made anew each time: two threads that come at once must not find each other's half.
        copy = type(shape)(shape.__name__, shape.__bases__, dict(body))
        made = dataclasses.dataclass(frozen=True, slots=True, **options)(copy).__dict__
        for name in _WRITTEN:
            if name in made:
                setattr(value, name, made[name])
        return value

    def first(self: object, *args: Any, **fields: Any) -> None:
        finish().__init__(self, *args, **fields)  # type: ignore[misc] # of this class, whatever self is

    names = tuple(shape.__annotations__)
    value = type(shape)(
        shape.__name__,
        shape.__bases__,
        {name: told for name, told in body.items() if name not in names}
        | {"__slots__": names, "__dataclass_fields__": _Fields(finish), "__init__": first}
        | {"__setattr__": _refuse_set, "__delattr__": _refuse_delete},
    )
    value.__qualname__ = shape.__qualname__
    return value


def _refuse_set(_: object, name: str, __: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(_: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
