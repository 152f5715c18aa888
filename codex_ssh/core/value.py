"""Frozen dataclasses whose methods are written when they are worth it.

Lives here: :func:`dataclass`, which modules take in place of the standard one.

The standard decorator writes and compiles six functions for every class, a third of a millisecond each time.
A start loads two hundred classes, makes one value of some, and none of most. So a class gets its slots at
once; its first few values are made without any function of their own; and the standard decorator does its
work with the next one, or when two values are compared, one is printed, or somebody asks for the fields. What
there is then is the same; a type checker sees the standard decorator.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import MISSING
from typing import TYPE_CHECKING, Any, Final

__all__ = ["dataclass"]

FEW: Final = 8
"""The value with this number is worth the functions."""

_LATER: Final = ("__repr__", "__eq__", "__hash__", "__getstate__", "__setstate__")
"""Methods that are written when they are called."""

_WRITTEN: Final = ("__dataclass_params__", "__dataclass_fields__", "__match_args__", *_LATER, "__init__")
"""What the standard decorator adds; ``__init__`` is the last, so that no value is made of half a class."""

Recipe = Callable[[dict[str, Any]], dict[str, Any] | None]


if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool, kw_only: bool = False) -> Callable[[type], type]:
        """Make a class a frozen dataclass with slots, as the standard decorator does with these options."""
        assert frozen, "a class that is not frozen takes the standard decorator"
        assert slots, "a class without slots takes the standard decorator"
        return lambda shape: _put_off(shape, kw_only=kw_only)


class _Later:
    """Stands for an attribute of a class until somebody asks for it."""

    __slots__ = ("_finish", "_name")

    def __init__(self, finish: Callable[[], type], name: str) -> None:
        self._finish = finish
        self._name = name

    def __get__(self, _: object, __: type) -> Any:
        return self._finish().__dict__[self._name]


def _put_off(shape: type, *, kw_only: bool) -> type:
    """Give the class with its slots; the rest is written when it is needed."""
    body = {name: told for name, told in shape.__dict__.items() if name not in ("__dict__", "__weakref__")}
    names = tuple(shape.__annotations__)
    recipe = _read_recipe(shape, names)
    left = FEW

    def finish() -> type:
        # Made anew each time: two threads that come at once must not find each other's half.
        copy = type(shape)(shape.__name__, shape.__bases__, dict(body))
        made = dataclasses.dataclass(frozen=True, slots=True, kw_only=kw_only)(copy).__dict__
        for name in _WRITTEN:
            if name in made:
                setattr(value, name, made[name])
        return value

    def first(self: object, *args: Any, **given: Any) -> None:
        nonlocal left
        left -= 1
        fields = recipe(given) if recipe is not None and left > 0 and not args else None
        if fields is None:  # the written one knows what is wrong with them, if something is
            finish().__init__(self, *args, **given)  # type: ignore[misc] # of this class, whatever self is
            return
        for name, told in fields.items():
            object.__setattr__(self, name, told)

    def later(name: str) -> Callable[..., Any]:
        def method(self: object, *rest: Any) -> Any:
            return finish().__dict__[name](self, *rest)

        return method

    value = type(shape)(
        shape.__name__,
        shape.__bases__,
        {name: later(name) for name in _LATER}
        | {name: _Later(finish, name) for name in ("__dataclass_fields__", "__match_args__")}
        | {name: told for name, told in body.items() if name not in names}
        | {"__slots__": names, "__init__": first}
        | {"__setattr__": _refuse_set, "__delattr__": _refuse_delete},
    )
    value.__qualname__ = shape.__qualname__
    return value


def _read_recipe(shape: type, names: tuple[str, ...]) -> Recipe | None:
    """Give what makes all fields of a value from those that are told; None for a class that needs more."""
    if hasattr(shape, "__post_init__") or any("__dataclass_fields__" in vars(base) for base in shape.__mro__):
        return None
    defaults: dict[str, Any] = {}
    makers: dict[str, Callable[[], Any]] = {}
    for name in names:
        told = shape.__dict__.get(name, MISSING)
        if isinstance(told, dataclasses.Field):
            if not told.init:
                return None
            if told.default_factory is not MISSING:
                makers[name] = told.default_factory
            told = told.default
        if told is not MISSING:
            defaults[name] = told
    wanted = frozenset(names)

    def make(given: dict[str, Any]) -> dict[str, Any] | None:
        fields = defaults | given
        for name in makers.keys() - given.keys():
            fields[name] = makers[name]()
        return fields if fields.keys() == wanted else None

    return make


def _refuse_set(_: object, name: str, __: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_delete(_: object, name: str) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot delete field {name!r}")
