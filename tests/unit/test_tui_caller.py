"""A list that comes in pages is read to its end, and a page that is refused ends it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from codex_ssh.core.call import Call, Page
from codex_ssh.errors import RpcFailed
from codex_ssh.tui.caller import read_pages

T = TypeVar("T")

PAGES = {
    None: {"data": [1, 2], "next": "a"},
    "a": {"data": [], "next": "b"},
    "b": {"data": [3], "next": None},
}


def numbers(cursor: str | None) -> Call[Page[int]]:
    return Call(
        method="numbers/list",
        params={"cursor": cursor},
        decode=lambda said: Page(data=tuple(said["data"]), cursor=said["next"]),
    )


@dataclass
class Server:
    """Has those pages, or refuses from one of them on."""

    refuses: str = ""
    asked: list[object] = field(default_factory=list)

    async def call(self, call: Call[T]) -> T:
        cursor = call.params["cursor"]
        self.asked.append(cursor)
        if cursor == self.refuses:
            raise RpcFailed(call.method, code=-32600, said="no")
        return call.decode(PAGES[cursor])


async def test_all_pages_are_read_in_order_also_past_an_empty_one() -> None:
    server = Server()

    assert await read_pages(server, numbers) == [1, 2, 3]
    assert server.asked == [None, "a", "b"]


async def test_a_page_that_is_refused_is_an_error() -> None:
    server = Server(refuses="b")

    with pytest.raises(RpcFailed):
        await read_pages(server, numbers)
    assert server.asked == [None, "a", "b"]
