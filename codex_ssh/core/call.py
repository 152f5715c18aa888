"""A request to the app server as a value: its method, its parameters, and how its answer is read.

Lives here: :class:`Call` and the shapes many answers share. Not here: which methods there are
(:mod:`codex_ssh.core.methods` and its neighbours) and sending (:mod:`codex_ssh.link.session`).

``params`` is always sent, as ``{}`` where there is nothing to say: codex refuses most methods without it.
Parameters that are None or empty are left out, so that the server's own configuration decides.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Generic, TypeVar

from codex_ssh.core.fields import list_at, text_at
from codex_ssh.core.rpc import Json
from codex_ssh.core.value import dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call(Generic[T]):
    """A request to the app server and how to read its answer.

    Attributes:
        params: Not in the ``repr``: a key may be among them.
        decode: Reads the result. Never raises on unknown or missing fields.
        is_repeatable: Asking twice does no more than asking once.
    """

    method: str
    params: Mapping[str, Json] = field(repr=False)
    decode: Callable[[Json], T]
    is_repeatable: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        cursor: Asks for the next page; None on the last.
    """

    data: tuple[T, ...]
    cursor: str | None = None


class Order(enum.Enum):
    """Sort direction; the value is the app server's word."""

    OLDEST_FIRST = "asc"
    NEWEST_FIRST = "desc"


def said(**params: Json) -> dict[str, Json]:
    """Give the parameters that say something: neither None nor an empty text."""
    return {name: value for name, value in params.items() if value is not None and value != ""}


def nothing(_: Json) -> None:
    """Read an answer that tells nothing."""
    return


def page_of(decode: Callable[[Json], T]) -> Callable[[Json], Page[T]]:
    """Give the reader of a page whose entries ``decode`` reads."""

    def decode_page(result: Json) -> Page[T]:
        return Page(
            data=tuple(decode(entry) for entry in list_at(result, "data")),
            cursor=text_at(result, "nextCursor") or None,
        )

    return decode_page
