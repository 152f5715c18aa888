"""The TUI for whoever listens: lines one after the other, no full screen, nothing is ever drawn again.

Lives here: what is asked of the user, and what a typed line means. Not here: telling what goes on
(:mod:`codex_ssh.tui.line_teller`), the words (:mod:`codex_ssh.tui.spoken`), the conversation
(:mod:`codex_ssh.tui.chat`), and the terminal, which is handed in.
"""

from __future__ import annotations

import asyncio
import posixpath
import time
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Final, Protocol

from codex_ssh.core.ask import Ask, ElicitationAsk, QuestionsAsk
from codex_ssh.core.attach_command import attach_command
from codex_ssh.core.attachment import Attachment, Picture, PictureThere, label
from codex_ssh.core.copy_request import Conflict
from codex_ssh.core.decision import Decision
from codex_ssh.core.draft import Draft
from codex_ssh.core.plain_text import plain_line, plain_lines
from codex_ssh.core.ports import read_wishes
from codex_ssh.core.rpc import Json, RequestId
from codex_ssh.core.thread import Need
from codex_ssh.errors import CodexSshError, LinkLost, RpcFailed, UsageError
from codex_ssh.tui import remote_files, spoken
from codex_ssh.tui.bridge import Drafts, ExitReason, Lifeline, TuiOptions, TuiOutcome
from codex_ssh.tui.carrier import Carrier
from codex_ssh.tui.chat import Chat, open_chat
from codex_ssh.tui.line_teller import LineTeller
from codex_ssh.tui.pages import status_text
from codex_ssh.tui.port_watch import PortKeeper
from codex_ssh.tui.saves import Saves

THREADS_SAID: Final = 15
"""So many threads are said to choose from."""

HELP: Final = """\
a line and enter: say it; while a turn runs it steers the turn
/interrupt, or control c: stop the turn; control c twice: leave
/new: begin a new thread
/resume: choose a thread by its number; /resume ID: go on with that one
/fork: go on in a copy of this thread
/attach: the command that joins this thread from another device
/model NAME EFFORT: use another model from the next turn on; the effort may be left out
/again: say the approval or question once more
/ports: open the ports that are offered; /ports PORT: open that one of the devbox
/save PATH: bring a file or folder of the devbox here, to where codex-ssh runs; /save stop gives it up
/status: host, thread, model, tokens
/help: this
/quit, or control d: leave; a running turn goes on"""


class LineTerminal(Protocol):
    """The terminal, line by line.

    Attributes:
        on_interrupt: Called at Control-C.
    """

    on_interrupt: Callable[[], None]

    def write(self, text: str) -> None:
        """Append lines."""

    async def read(self) -> str | None:
        """Wait for a line; None at the end of input."""


class LineFront:
    """One conversation, told and steered by lines.

    Args:
        chat: The conversation.
        terminal: Where it is told.
    """

    def __init__(self, chat: Chat, terminal: LineTerminal) -> None:
        self._chat = chat
        self._terminal = terminal
        self._teller = LineTeller(chat, self._say)
        self._asked: RequestId | None = None
        self._asked_at = 0.0
        self._answered: RequestId | None = None
        self._answers: list[tuple[str, ...]] = []
        self._choices: list[str] = []
        self._early: list[str] = []
        self._along: tuple[Attachment, ...] = ()
        self._interrupted_at = float("-inf")
        self._changed = asyncio.Event()
        self._saves = Saves(chat.carrier, lambda _level, text: self._say(text), lambda: None)
        self._running: list[asyncio.Task[None]] = []
        self._over: asyncio.Future[TuiOutcome] = asyncio.get_running_loop().create_future()

    async def run(self) -> TuiOutcome:
        """Tell and listen until the user leaves or the link is lost for good."""
        self._chat.on_change = self._changed.set
        self._terminal.on_interrupt = self._interrupt
        self._say(f"codex on {plain_line(self._chat.facts.host)}; /help says what can be typed")
        async with asyncio.TaskGroup() as tasks:
            self._spawn = tasks.create_task
            self._running = [self._spawn(self._tell_all()), self._spawn(self._listen())]
            if self._chat.options.resume == "":
                self._running.append(self._spawn(self._refusable(self._choose_thread)))
            else:
                self._chat.open()
            outcome = await self._over
            for task in self._running:
                task.cancel()
        return outcome

    # ---------------------------------------------------------------- telling

    async def _tell_all(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            self._tell()

    def _tell(self) -> None:
        """Say what is new."""
        chat = self._chat
        self._teller.tell()
        if self._teller.shown is not None:
            early, self._early = self._early, []
            for line in early:
                self._send(line)
        self._tell_asks()
        self._teller.tell_offers()
        if chat.draft:
            self._take_back(chat.draft)
            chat.draft = Draft()
        if chat.offers_threads:
            chat.offers_threads = False
            self._say("threads go on here")
            self._tell_threads()
        if chat.lost is not None:
            self._finish(ExitReason.LINK_LOST)

    def _take_back(self, draft: Draft) -> None:
        """Say what was not sent; its images go along with what is said next."""
        text = draft.without_images
        if text:
            self._say("not taken by the server, say it again if you want to:", text)
        self._along = tuple(one for one in draft.attachments if isinstance(one, Picture | PictureThere))
        for image in self._along:
            self._say(f"goes along with what you say next: {plain_line(label(image))}")

    def _send(self, line: str) -> None:
        along, self._along = self._along, ()
        self._chat.send(line, along)

    def _tell_asks(self) -> None:
        ask = self._ask()
        number = ask.request_id if ask is not None else None
        if number == self._asked:
            return
        if self._asked is not None and self._chat.is_online and self._answered != self._asked:
            self._say("that was answered elsewhere, or is not needed any more")
        self._asked, self._answers = number, []
        self._asked_at = asyncio.get_running_loop().time()
        if ask is not None:
            self._say_ask(ask)

    def _say_ask(self, ask: Ask) -> None:
        if isinstance(ask, QuestionsAsk | ElicitationAsk) and ask.questions:
            self._say(*spoken.question(ask, len(self._answers)))
        else:
            shown = self._teller.shown
            edit = shown.edit_of(ask) if shown is not None else None
            changes = edit.changes if edit is not None else ()
            self._say(*spoken.asked(ask, self._chat.facts, self._chat.cwd, changes))

    # ---------------------------------------------------------------- listening

    async def _listen(self) -> None:
        while True:
            line = await self._terminal.read()
            if line is None:
                self._finish(ExitReason.QUIT)
                return
            await self._refusable(partial(self._take, line))

    async def _refusable(self, do: Callable[[], Awaitable[None]]) -> None:
        try:
            await do()
        except (RpcFailed, LinkLost) as error:
            self._say(f"error: {plain_lines(str(error))}")

    async def _take(self, line: str) -> None:
        """Do what a line says."""
        text = line.strip()
        ask = self._ask()
        if self._choices and text.isdigit():
            self._choose(int(text))
        elif text.startswith("/") and (command := _COMMANDS.get(text[1:].split(" ")[0].lower())):
            await command(self, text.split()[1:])
        elif isinstance(ask, QuestionsAsk | ElicitationAsk) and ask.questions:
            self._answer_question(ask, text)
        elif ask is not None and (decision := _decision(ask, text)) is not None:
            self._decide(ask, decision)
        elif text and self._chat.options.approves_only:
            self._say("not sent: this view only approves")
        elif text:
            self._choices = []
            if self._chat.transcript is None:
                self._early.append(line)
                if not self._chat.doing:
                    self._say("kept until a thread is open: /new begins one")
            else:
                self._send(line)
            if not self._chat.is_online:
                self._say("kept until there is a link")

    def _ask(self) -> Ask | None:
        # Without a link nothing is approved: the server asks again.
        return next(iter(self._chat.asks), None) if self._chat.is_online else None

    def _decide(self, ask: Ask, decision: Decision) -> None:
        since = asyncio.get_running_loop().time() - self._asked_at
        if ask.request_id != self._asked or since < self._chat.options.grace_seconds:
            # Typed before it was said what is asked: that decides nothing.
            self._say("that came too early to be an answer; answer again")
            return
        self._answer(ask, decision.result, declined=not decision.verdict.lets_it_happen)
        self._say(f"answered: {plain_line(decision.label)}")

    def _answer(self, ask: Ask, result: Json, *, declined: bool) -> None:
        self._answered = ask.request_id
        self._chat.answer(ask, result, declined=declined)

    def _answer_question(self, ask: QuestionsAsk | ElicitationAsk, text: str) -> None:
        one = ask.questions[len(self._answers)]
        answer: tuple[str, ...] = (text,) if text else ()
        if text.isdigit() and 1 <= int(text) <= len(one.options):
            answer = (one.options[int(text) - 1].value,)
        elif text and not one.takes_text:
            self._say("answer with a number", *spoken.question(ask, len(self._answers)))
            return
        if fault := one.fault(answer):
            self._say(fault)
            return
        self._answers.append(answer)
        if len(self._answers) < len(ask.questions):
            self._say(*spoken.question(ask, len(self._answers)))
            return
        answers = {question.id: said for question, said in zip(ask.questions, self._answers, strict=True)}
        self._answer(ask, ask.answer(answers), declined=False)
        self._say("answered")

    # ---------------------------------------------------------------- commands

    async def _choose_thread(self) -> None:
        await self._chat.roster.read()
        self._tell_threads()

    def _tell_threads(self) -> None:
        threads = self._chat.roster.threads[:THREADS_SAID]
        if not threads:
            self._say("there are no threads to go on with")
        words = {Need.RUNNING: ", running", Need.WAITING: ", waits for you", Need.NONE: ""}
        for at, thread in enumerate(threads):
            title = f"{plain_line(thread.title)}{words[thread.status.need]}"
            self._say(f"{at + 1}: {title}, in {plain_line(thread.cwd)}")
        self._choices = [thread.id for thread in threads]
        if threads:
            self._say("type a number and enter to go on with it, or /new")
        elif self._chat.transcript is None:
            self._chat.new()

    def _choose(self, number: int) -> None:
        if 1 <= number <= len(self._choices):
            chosen = self._choices[number - 1]
            self._choices = []
            self._chat.resume(chosen)
        else:
            self._say(f"there is no {number}")

    async def new(self, _words: list[str]) -> None:
        """Begin a thread."""
        self._choices = []
        self._chat.new()

    async def resume(self, words: list[str]) -> None:
        """Go on with a thread."""
        if words:
            self._chat.resume(words[0])
        else:
            await self._choose_thread()

    async def fork(self, _words: list[str]) -> None:
        """Go on in a copy."""
        self._chat.fork()

    async def attach(self, _words: list[str]) -> None:
        """Say how another device joins."""
        transcript = self._chat.transcript
        if transcript is None or not self._chat.has_turns:
            self._say("nothing was said yet: codex keeps a thread from its first turn on")
        else:
            self._say(attach_command(self._chat.facts.host, transcript.thread_id))

    async def model(self, words: list[str]) -> None:
        """Choose a model, or say which there are."""
        if words:
            self._chat.choose_model(words[0], words[1] if len(words) > 1 else "")
            self._say(f"from the next turn on: {plain_line(' '.join(words[:2]))}")
            return
        for one in await self._chat.models():
            efforts = plain_line(", ".join(one.efforts))
            self._say(f"{plain_line(one.id)}: {plain_line(one.description)} efforts: {efforts}")

    async def interrupt(self, _words: list[str]) -> None:
        """Stop the turn."""
        self._chat.interrupt()

    async def again(self, _words: list[str]) -> None:
        """Say once more what waits."""
        ask = self._ask()
        if ask is None:
            self._say("nothing waits for you")
        else:
            self._say_ask(ask)

    async def skip(self, _words: list[str]) -> None:
        """Skip the questions that wait."""
        ask = self._ask()
        if isinstance(ask, QuestionsAsk | ElicitationAsk):
            self._answer(ask, ask.decisions[0].result, declined=True)

    async def status(self, _words: list[str]) -> None:
        """Say all that is known."""
        self._say(status_text(self._chat, now=time.time()))

    async def login(self, _words: list[str]) -> None:
        """Sign in by a code."""
        self._chat.sign_in.offer()
        self._chat.sign_in.by_code()

    async def ports(self, words: list[str]) -> None:
        """Open the ports that are offered, or those that are named."""
        ports = self._chat.ports
        if not words and not ports.offered:
            opened = [one.said(plain_line(self._chat.facts.host)) for one in ports.forwards]
            self._say(*opened or ["no port is offered; /ports PORT opens one"])
        elif not words:
            ports.take()
        try:
            for wish in read_wishes(words):
                await ports.open(wish)
        except UsageError as error:
            self._say(f"error: {plain_line(str(error))}; {error.hint}")

    async def save(self, words: list[str]) -> None:
        """Bring a file or a folder here, while the conversation goes on."""
        if words == ["stop"]:
            if not self._saves.stop():
                self._say("nothing is on its way here")
            return
        if not words:
            self._say("/save PATH brings a file or folder of the devbox here")
            return
        cwd = self._chat.transcript.cwd if self._chat.transcript is not None else "/"
        path = await remote_files.absolute(self._chat, " ".join(words), cwd)

        async def keep_both(_place: str, _there: str, _coming: str) -> Conflict:
            return Conflict.RENAME

        self._say(f"saving {plain_line(path)} here; what is there already stays")
        to = f"./{posixpath.basename(path) or 'devbox'}"
        self._running.append(self._spawn(self._saves.run(path, to, keep_both)))

    async def reconnect(self, _words: list[str]) -> None:
        """Try once more at once."""
        self._chat.try_now()

    async def help(self, _words: list[str]) -> None:
        """Say what can be typed."""
        self._say(HELP)

    async def leave(self, _words: list[str]) -> None:
        """Leave."""
        self._finish(ExitReason.QUIT)

    def _interrupt(self) -> None:
        now = asyncio.get_running_loop().time()
        transcript = self._chat.transcript
        if now - self._interrupted_at < 2.0:
            self._finish(ExitReason.QUIT)
        elif transcript is not None and transcript.state.is_running:
            self._say("interrupting; control c once more leaves")
            self._chat.interrupt()
        else:
            self._say("control c once more leaves")
        self._interrupted_at = now

    # ---------------------------------------------------------------- saying, ending

    def _say(self, *lines: str) -> None:
        for line in lines:
            self._terminal.write(f"{plain_lines(line)}\n")

    def _finish(self, reason: ExitReason) -> None:
        if not self._over.done():
            self._chat.on_change = lambda: None
            self._over.set_result(self._chat.outcome(reason))


def _decision(ask: Ask, text: str) -> Decision | None:
    """Give what a line decides; None when it is no decision."""
    offered: Sequence[Decision] = getattr(ask, "decisions", ())
    wanted = {"n": "d", "yes": "y", "no": "d"}.get(text.lower(), text.lower())
    return next((one for at, one in enumerate(offered) if wanted in (one.key or " ", str(at + 1))), None)


_COMMANDS: Final[dict[str, Callable[[LineFront, list[str]], Coroutine[None, None, None]]]] = {
    "new": LineFront.new,
    "resume": LineFront.resume,
    "fork": LineFront.fork,
    "attach": LineFront.attach,
    "model": LineFront.model,
    "interrupt": LineFront.interrupt,
    "again": LineFront.again,
    "skip": LineFront.skip,
    "status": LineFront.status,
    "login": LineFront.login,
    "ports": LineFront.ports,
    "save": LineFront.save,
    "reconnect": LineFront.reconnect,
    "help": LineFront.help,
    "quit": LineFront.leave,
}


async def run_lines(
    lifeline: Lifeline,
    options: TuiOptions,
    terminal: LineTerminal,
    drafts: Drafts | None = None,
    keeper: PortKeeper | None = None,
    carrier: Carrier | None = None,
) -> TuiOutcome:
    """Tell a conversation until the user leaves or the link is lost for good."""
    try:
        async with open_chat(lifeline, options, drafts, keeper, carrier) as chat:
            return await LineFront(chat, terminal).run()
    except* CodexSshError as group:
        raise group.exceptions[0] from None
