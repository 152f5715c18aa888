"""What was typed arrives once: any order of sending, losing and hearing from the server."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from codex_ssh.core.outbox import Delivery, Message, Outbox
from codex_ssh.core.thread import ThreadId

THREAD = ThreadId("t")


class AClientAndAServer(RuleBasedStateMachine):
    """A client with an outbox, a link that breaks anywhere, and a server that keeps what arrives."""

    def __init__(self) -> None:
        super().__init__()
        self.outbox = Outbox()
        self.typed: list[str] = []
        self.server: list[str] = []
        self.on_the_way: str | None = None
        self.is_up = True
        self.is_told = True

    @rule()
    def type_something(self) -> None:
        number = f"m{len(self.typed)}"
        self.typed.append(number)
        self.outbox = self.outbox.put(Message(id=number, thread_id=THREAD, text=number))

    @precondition(lambda self: self.is_up and self.is_told and self.on_the_way is None)
    @rule()
    def send(self) -> None:
        message = self.outbox.next(THREAD)
        if message is not None:
            self.outbox = self.outbox.sending(message.id)
            self.on_the_way = message.id

    @precondition(lambda self: self.on_the_way is not None)
    @rule(answered=st.booleans(), stored=st.booleans())
    def arrive(self, answered: bool, stored: bool) -> None:
        """It gets there; what is not stored goes when the server dies, and the link with it."""
        assert self.on_the_way is not None
        if answered:
            self.outbox = self.outbox.accepted(self.on_the_way)
        if stored:
            self.server.append(self.on_the_way)
        if not (answered and stored):
            self.lose()
        self.on_the_way = None

    @precondition(lambda self: self.is_up)
    @rule()
    def see_the_last_one_in_the_thread(self) -> None:
        if self.server:
            self.outbox = self.outbox.done(self.server[-1])

    @precondition(lambda self: self.on_the_way is not None)
    @rule()
    def not_now(self) -> None:
        assert self.on_the_way is not None
        self.outbox = self.outbox.not_sent(self.on_the_way)
        self.on_the_way = None

    @precondition(lambda self: self.is_up)
    @rule()
    def lose(self) -> None:
        self.is_up = self.is_told = False
        self.on_the_way = None
        self.outbox = self.outbox.lost()

    @precondition(lambda self: not self.is_up)
    @rule()
    def come_back(self) -> None:
        self.is_up = True

    @precondition(lambda self: self.is_up and not self.is_told)
    @rule()
    def hear_the_account(self) -> None:
        self.outbox = self.outbox.told(THREAD, set(self.server))
        self.is_told = True

    @invariant()
    def nothing_is_sent_twice_and_all_in_order(self) -> None:
        assert self.server == self.typed[: len(self.server)]

    @invariant()
    def nothing_is_lost(self) -> None:
        left = {message.id for message in self.outbox.messages}
        assert set(self.typed) - set(self.server) <= left

    def teardown(self) -> None:
        """Whatever happened, it gets through once the link holds."""
        if self.on_the_way is not None:
            self.arrive(answered=True, stored=True)
        if not self.is_up:
            self.come_back()
        if not self.is_told:
            self.hear_the_account()
        while (message := self.outbox.next(THREAD)) is not None:
            self.outbox = self.outbox.sending(message.id)
            self.server.append(message.id)
            self.outbox = self.outbox.accepted(message.id)
        for number in self.typed:
            self.outbox = self.outbox.done(number)
        assert self.server == self.typed
        assert self.outbox == Outbox()


TestOutbox = AClientAndAServer.TestCase


def test_threads_do_not_wait_for_each_other_and_move_as_one() -> None:
    other = ThreadId("other")
    outbox = Outbox().put(Message(id="a", thread_id=THREAD, text="a")).sending("a").lost()
    outbox = outbox.put(Message(id="b", thread_id=other, text="b"))
    assert outbox.next(THREAD) is None
    assert (ready := outbox.next(other)) is not None
    assert ready.id == "b"
    assert outbox.unconfirmed(THREAD) == {"a"}
    moved = outbox.moved(THREAD, other).told(other, ())
    assert [(one.id, one.delivery) for one in moved.messages] == [
        ("a", Delivery.LOCAL),
        ("b", Delivery.LOCAL),
    ]
