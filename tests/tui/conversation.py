"""A conversation written by hand: the TUI's peer in these tests. It answers what it was told to answer.

It is no app server: what real servers say, and in what order, is tested on recordings
(``tests/unit/test_core_transcript.py``) and end to end (``tests/e2e``).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

from codex_ssh.core.call import Call
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.lifecycle import LinkState, LinkStatus
from codex_ssh.core.rpc import Json, Notification, Request, RequestId
from codex_ssh.errors import LinkLost, RpcFailed, Stage

T = TypeVar("T")

THREAD = "t-1"

Answerer = Callable[[Json], Json]


def thread(number: str = THREAD, **more: Json) -> Json:
    """Give a thread as the wire has it."""
    return {"id": number, "preview": "", "cwd": "/w", "status": {"type": "idle"}, "turns": [], **more}


def opened(number: str = THREAD) -> Json:
    """Give the answer to ``thread/start`` and ``thread/resume``."""
    return {"thread": thread(number), "model": "gpt-test", "cwd": "/w", "approvalPolicy": "on-request"}


class Script:
    """A conversation that plays what the test says, and the lifeline it comes over.

    Attributes:
        tries: How often the user wanted to reconnect at once.
        lacking: Methods this server does not have.
    """

    round_trip: float | None = 0.012
    silent_for = 1.0

    def __init__(self, facts: ServerFacts | None = None) -> None:
        self._facts = facts or ServerFacts(
            host="devbox",
            user="alice",
            hostname="box-17",
            transport="ssh",
            server_version="0.169.0",
            codex_home="/home/alice/.codex",
        )
        self.calls: list[tuple[str, Json]] = []
        self.answers: list[tuple[RequestId, Json]] = []
        self.refusals: list[tuple[RequestId, int]] = []
        self._inbox: asyncio.Queue[Notification | Request | LinkLost] = asyncio.Queue()
        self.on_change: Callable[[], None] = lambda: None
        self.status = LinkStatus().step(LinkState.UP, now=0.0)
        self.tries = 0
        self.lacking: set[str] = set()
        self.silent_about_answers = False
        self._ended: LinkLost | None = None
        self._back = asyncio.Event()
        self._turns = 0
        self.replies: dict[str, Answerer] = {
            "thread/start": lambda _: opened(),
            "thread/resume": lambda params: opened(params["threadId"]),
            "thread/unsubscribe": lambda _: {"status": "unsubscribed"},
            "thread/list": lambda _: {"data": []},
            "thread/turns/list": lambda _: {"data": []},
            "thread/items/list": lambda _: {"data": []},
            "thread/queue/list": lambda _: {"data": []},
            "model/list": lambda _: {"data": []},
            "command/exec": lambda _: {"exitCode": 128, "stdout": "", "stderr": "not a git repository"},
            "account/read": lambda _: {"account": None, "requiresOpenaiAuth": False},
            "account/rateLimits/read": lambda _: {"rateLimits": {}},
            "turn/start": self._start_turn,
            "turn/steer": lambda params: {"turnId": params["expectedTurnId"]},
            "turn/interrupt": lambda _: {},
            "thread/settings/update": lambda _: {},
        }

    @property
    def facts(self) -> ServerFacts:
        return self._facts

    async def sessions(self) -> AsyncIterator[Script]:
        while True:
            yield self
            await self._back.wait()
            self._back.clear()
            if self._ended is not None:
                raise self._ended

    def try_now(self) -> None:
        self.tries += 1

    async def fence(self) -> None:
        self.calls.append(("fence", {}))

    async def call(self, call: Call[T]) -> T:
        self.calls.append((call.method, call.params))
        await asyncio.sleep(0)
        reply = self.replies[call.method](call.params)
        # The reader may be ahead of whoever waits for the answer.
        await asyncio.sleep(0.01)
        return call.decode(reply)

    async def answer(self, request_id: RequestId, result: Json) -> None:
        self.answers.append((request_id, result))
        if not self.silent_about_answers:
            self.say("serverRequest/resolved", requestId=request_id)

    async def refuse(self, request_id: RequestId, code: int, message: str) -> None:
        self.refusals.append((request_id, code))

    def knows(self, method: str) -> bool | None:
        return method not in self.lacking

    async def learn_methods(self) -> None:
        pass

    async def incoming(self) -> AsyncIterator[Notification | Request]:
        while True:
            message = await self._inbox.get()
            if isinstance(message, LinkLost):
                raise message
            yield message

    # ---------------------------------------------------------------- what the test says

    def asked(self, method: str) -> list[Json]:
        """Give the parameters of every call of a method."""
        return [params for name, params in self.calls if name == method]

    def say(self, method: str, **params: Json) -> None:
        """Send a notification about the thread."""
        self._inbox.put_nowait(Notification(method=method, params={"threadId": THREAD, **params}))

    def tell(self, method: str, **params: Json) -> None:
        """Send a notification about no thread."""
        self._inbox.put_nowait(Notification(method=method, params=params))

    def ask(self, number: RequestId, method: str, **params: Json) -> None:
        """Send a request about the thread's turn."""
        params = {"threadId": THREAD, "turnId": "turn-1", "itemId": "i", **params}
        self._inbox.put_nowait(Request(id=number, method=method, params=params))

    def ask_command(self, number: RequestId = 0, command: str = "make test", **params: Json) -> None:
        """Ask for the approval of a command, as codex does."""
        amendment = {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["make"]}}
        offered = ["accept", "acceptForSession", amendment, "decline", "cancel"]
        asked = {
            "command": f"/bin/bash -lc '{command}'",
            "cwd": "/w/sub",
            "availableDecisions": offered,
            **params,
        }
        self.ask(number, "item/commandExecution/requestApproval", **asked)

    def turn(self, status: str = "inProgress", **more: Json) -> None:
        """Begin or end the turn."""
        what = "started" if status == "inProgress" else "completed"
        self.say(f"turn/{what}", turn={"id": "turn-1", "status": status, "items": [], **more})

    def item(self, kind: str, number: str, *, done: bool = True, **more: Json) -> None:
        """Begin or finish an item."""
        what = "completed" if done else "started"
        self.say(f"item/{what}", turnId="turn-1", item={"type": kind, "id": number, **more})

    def delta(self, number: str, text: str) -> None:
        """Stream a piece of an answer."""
        self.say("item/agentMessage/delta", turnId="turn-1", itemId=number, delta=text)

    def lose(self, said: str = "connection lost") -> None:
        """End the link for good."""
        self._ended = self._lost(said)
        self._inbox.put_nowait(self._ended)
        self._back.set()

    def drop(self, state: LinkState = LinkState.LOST, said: str = "connection lost") -> None:
        """Break the link; it can come back."""
        self._inbox.put_nowait(self._lost(said))
        self._step(LinkState.LOST, said)
        if state is not LinkState.LOST:
            self._step(state, said)

    def breaks(self, method: str) -> None:
        """Break the link under a request, once: it was sent, and nobody knows what became of it."""
        answerer = self.replies[method]

        def break_now(_: Json) -> Json:
            self.replies[method] = answerer
            self.drop()
            raise self._lost("reset")

        self.replies[method] = break_now

    def come_back(self) -> None:
        """Bring the link back."""
        self._step(LinkState.CONNECTING)
        self._step(LinkState.UP)
        self._back.set()

    def _step(self, state: LinkState, reason: str = "") -> None:
        self.status = self.status.step(state, now=0.0, reason=reason)
        self.on_change()

    def _lost(self, said: str) -> LinkLost:
        return LinkLost("the link is gone", stage=Stage.SSH, host=self._facts.host, said=said)

    def refuses(self, method: str, said: str, code: int = -32600) -> None:
        """Answer a method with an error from now on."""

        def refuse(_: Json) -> Json:
            raise RpcFailed(method, code=code, said=said)

        self.replies[method] = refuse

    def _start_turn(self, _: Json) -> Json:
        self._turns += 1
        return {"turn": {"id": f"turn-{self._turns}", "status": "inProgress", "items": []}}
