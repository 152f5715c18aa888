"""A terminal of any size, changed at any moment: nothing breaks, and at 40×20 all can still be used."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from textual import events
from textual.screen import ModalScreen, Screen

import codex_ssh.tui.screens
from codex_ssh.core.fleet import Reach
from codex_ssh.core.keymap import Keymap
from codex_ssh.core.question import Question, QuestionKind
from codex_ssh.core.workspace_methods import DirectoryEntry
from codex_ssh.tui.page import text_page
from codex_ssh.tui.screens.ask_screen import AskScreen
from codex_ssh.tui.screens.browse_screen import BrowseScreen
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen
from codex_ssh.tui.screens.dialog import Dialog
from codex_ssh.tui.screens.hosts_screen import HostsScreen, Open
from codex_ssh.tui.screens.inbox_screen import InboxScreen
from codex_ssh.tui.screens.line_screen import LineScreen
from codex_ssh.tui.screens.login_screen import LoginScreen
from codex_ssh.tui.screens.page_screen import PageScreen
from codex_ssh.tui.screens.pick_screen import Choice, PickScreen
from codex_ssh.tui.screens.ports_screen import PortsScreen
from codex_ssh.tui.screens.prompt_screen import PromptScreen
from codex_ssh.tui.screens.question_screen import QuestionScreen
from codex_ssh.tui.screens.threads_screen import ThreadsScreen
from codex_ssh.tui.screens.waiting_screen import WaitingScreen
from tests.tui.conversation import Script
from tests.tui.program import fill
from tests.tui.stage import Stage, open_stage
from tests.tui.test_many_hosts import Written, report

SIZES = [
    (1, 1),
    (300, 100),
    (2, 1),
    (1, 50),
    (300, 1),
    (5, 3),
    (12, 6),
    (80, 24),
    (20, 8),
    (139, 7),
    (3, 40),
    (59, 19),
    (61, 21),
    (40, 20),
]
"""The last one is the smallest that is promised to be usable."""

LONG = "a line that is longer than the narrowest of all terminals, and 漢字 which are wide " * 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Something that can be on the screen.

    Attributes:
        opens: Brings it there.
        screen: What is on top then; None for the conversation itself.
        shows: What has to be seen of it at 40×20.
    """

    opens: Callable[[Stage], Awaitable[None]]
    screen: type[Screen[Any]] | None
    shows: tuple[str, ...]


async def nothing(stage: Stage) -> None:
    await stage.wait_text("add")


async def draft(stage: Stage) -> None:
    stage.composer.load_text("\n".join(f"{number} {LONG}" for number in range(30)))


async def menu(stage: Stage) -> None:
    await stage.pilot.press("slash")
    await stage.wait_text("/new")


async def approval(stage: Stage) -> None:
    stage.script.ask_command(command=f"echo {LONG}", reason=LONG)
    await stage.wait_text("Run this command?")


async def edit(stage: Stage) -> None:
    rows = "".join(f"+{number} {LONG}\n" for number in range(60))
    change = {"path": "/w/new.txt", "kind": {"type": "add"}, "diff": rows}
    stage.script.item("fileChange", "i", done=False, status="inProgress", changes=[change])
    stage.script.ask(3, "item/fileChange/requestApproval", reason=LONG)
    await stage.wait(lambda: stage.app._asks.card.display, "the card")


async def whole_screen(stage: Stage) -> None:
    await edit(stage)
    await stage.wait(lambda: stage.app._asks.card.has_focus, "the keyboard at the card")
    await stage.pilot.press("f")
    await stage.wait(lambda: isinstance(stage.app.screen, AskScreen), "the whole screen")


async def questions(stage: Stage) -> None:
    options = [{"label": f"{word} {LONG}", "description": LONG} for word in ("red", "green", "blue")]
    asked = [{"id": n, "header": "Colour", "question": f"Which? {LONG}", "options": options} for n in "ab"]
    stage.script.ask(5, "item/tool/requestUserInput", questions=asked)
    await stage.wait(lambda: isinstance(stage.app.screen, QuestionScreen), "the questions")


async def form(stage: Stage) -> None:
    fields = {f"field{n}": {"type": "string", "title": f"Field {n} {LONG}"} for n in range(6)}
    schema = {"type": "object", "properties": fields, "required": ["field0"]}
    stage.script.ask(
        7,
        "mcpServer/elicitation/request",
        serverName="jira",
        mode="form",
        message=LONG,
        requestedSchema=schema,
    )
    await stage.wait(lambda: isinstance(stage.app.screen, QuestionScreen), "the form")


async def pick(stage: Stage) -> None:
    choices = [Choice(value=str(n), label=f"{n} {LONG}", about=LONG) for n in range(50)]
    stage.app.push_screen(PickScreen("which of them?", choices))
    await stage.wait_text("which of them?")


async def threads(stage: Stage) -> None:
    await stage.type("/resume")
    await stage.wait(lambda: isinstance(stage.app.screen, ThreadsScreen), "the threads")


async def login(stage: Stage) -> None:
    stage.chat.sign_in.offer(LONG)
    await stage.wait(lambda: isinstance(stage.app.screen, LoginScreen), "the sign-in")


async def prompt(stage: Stage) -> None:
    stage.app.push_screen(
        PromptScreen(Question(kind=QuestionKind.PASSWORD, host="devbox", text=f"Password? {LONG}"))
    )
    await stage.wait(lambda: isinstance(stage.app.screen, PromptScreen), "the question of a login")


async def confirm(stage: Stage) -> None:
    stage.app.push_screen(ConfirmScreen("really?", LONG))
    await stage.wait(lambda: isinstance(stage.app.screen, ConfirmScreen), "the question")


async def line(stage: Stage) -> None:
    stage.app.push_screen(LineScreen(f"save {LONG} here as", "enter: save, esc: not", begin=f"./{LONG}"))
    await stage.wait(lambda: isinstance(stage.app.screen, LineScreen), "the line")


async def browse(stage: Stage) -> None:
    async def look(path: str) -> tuple[DirectoryEntry, ...]:
        return tuple(DirectoryEntry(name=f"{n} {LONG}", is_directory=True) for n in range(40))

    async def resolve(path: str, base: str) -> str:
        return path

    stage.app.push_screen(BrowseScreen("devbox", f"/w/{LONG}", look, resolve))
    await stage.wait_text("0 a line")


async def hosts(stage: Stage) -> None:
    fleet = Written(report(LONG.replace(" ", "-")), report("web", Reach.OFF, why=LONG))
    stage.app.push_screen(HostsScreen(fleet, [Open(host="devbox", is_here=True, words=LONG)], Keymap()))
    await stage.wait(lambda: isinstance(stage.app.screen, HostsScreen), "the hosts")


async def inbox(stage: Stage) -> None:
    stage.script.ask_command(3, f"make {LONG}")
    await stage.wait(lambda: stage.app.here.asks.card.display, "the card")
    await stage.pilot.press("alt+w")
    await stage.wait(lambda: isinstance(stage.app.screen, InboxScreen), "the request")


async def ports(stage: Stage) -> None:
    app = stage.app
    app.push_screen(PortsScreen(app.chat.ports, app.keymap, app.desk, app.chat.facts.host))
    await stage.wait(lambda: isinstance(app.screen, PortsScreen), "the ports")


async def waiting(stage: Stage) -> None:
    stage.app.push_screen(WaitingScreen(f"waiting for {LONG}"))
    await stage.wait(lambda: isinstance(stage.app.screen, WaitingScreen), "what is waited for")


async def page(stage: Stage) -> None:
    async def same(text: str) -> str:
        return text

    shown = text_page("the title", f"{LONG}\n" * 200)
    screen = PageScreen(shown, stage.app.keymap, copy=same, edit=same, waits=lambda: "an approval waits")
    await stage.app.push_screen(screen)
    await stage.wait_text("a line")


CASES = {
    "conversation": Case(opens=nothing, screen=None, shows=("say what to do", "devbox")),
    "draft": Case(opens=draft, screen=None, shows=("devbox",)),
    "menu": Case(opens=menu, screen=None, shows=("/new", "devbox")),
    "approval": Case(opens=approval, screen=None, shows=("no, and go on with",)),
    "edit": Case(opens=edit, screen=None, shows=("no, and go on with",)),
    "whole screen": Case(opens=whole_screen, screen=AskScreen, shows=("no, and go on with", "esc: back")),
    "questions": Case(opens=questions, screen=QuestionScreen, shows=("Which?",)),
    "form": Case(opens=form, screen=QuestionScreen, shows=("jira",)),
    "pick": Case(opens=pick, screen=PickScreen, shows=("which of them?", "0 a line")),
    "threads": Case(opens=threads, screen=ThreadsScreen, shows=("threads",)),
    "login": Case(opens=login, screen=LoginScreen, shows=("sign in to codex", "enter: choose")),
    "prompt": Case(opens=prompt, screen=PromptScreen, shows=("Password?",)),
    "browse": Case(opens=browse, screen=BrowseScreen, shows=("0 a line",)),
    "page": Case(opens=page, screen=PageScreen, shows=("a line that",)),
    "hosts": Case(opens=hosts, screen=HostsScreen, shows=("hosts", "devbox", "Enter: go there")),
    "ports": Case(opens=ports, screen=PortsScreen, shows=("ports of devbox",)),
    "inbox": Case(opens=inbox, screen=InboxScreen, shows=("devbox waits for you", "no, and go on with")),
    "waiting": Case(opens=waiting, screen=WaitingScreen, shows=("waiting for", "Esc: leave it")),
    "line": Case(opens=line, screen=LineScreen, shows=("save", "enter: save")),
    "confirm": Case(opens=confirm, screen=ConfirmScreen, shows=("really?", "no", "yes")),
}


@pytest.mark.parametrize("name", CASES)
async def test_a_terminal_of_any_size_at_any_moment(name: str) -> None:
    case, script = CASES[name], Script()
    fill(script)
    async with open_stage(script, ready=False) as stage:
        await stage.wait_text("add")
        await case.opens(stage)
        script.item("agentMessage", "s", done=False, text="")
        for number, size in enumerate(SIZES):
            script.delta("s", f"word{number} {LONG}\n\n" if number % 3 else "| a | b |\n|---|---|\n| c |\n")
            await stage.pilot.resize_terminal(*size)
            if number % 4 == 1:
                stage.app.post_message(events.AppBlur() if number % 8 == 1 else events.AppFocus())
            await stage.pilot.pause()
            assert stage.app.crash is None
            assert stage.app.size == size
        if case.screen is not None:
            assert isinstance(stage.app.screen, case.screen)
        for text in case.shows:
            await stage.wait_text(text)
        assert all(len(line) <= 40 for line in stage.screen().splitlines())


async def test_the_composer_takes_what_is_typed_whatever_the_terminal_was_before() -> None:
    async with open_stage() as stage:
        for size in SIZES:
            await stage.pilot.resize_terminal(*size)
        await stage.type("hello there")
        await stage.wait_call("turn/start")
        assert stage.script.asked("turn/start")[0]["input"][0]["text"] == "hello there"


async def test_who_follows_the_end_follows_it_through_every_size() -> None:
    script = Script()
    fill(script)
    async with open_stage(script, ready=False) as stage:
        await stage.wait_text("add")
        script.item("agentMessage", "s", done=False, text="")
        for number, size in enumerate(SIZES):
            script.delta("s", f"word{number} {LONG}\n\n")
            await stage.pilot.resize_terminal(*size)
            await stage.pilot.pause()
        script.delta("s", "the very end")
        await stage.wait_text("the very end")


async def test_an_approval_is_answered_at_the_smallest_size() -> None:
    script = Script()
    async with open_stage(script) as stage:
        script.turn()
        await approval(stage)
        for size in SIZES:
            await stage.pilot.resize_terminal(*size)
        await stage.pilot.press("d")
        await stage.wait(lambda: script.answers, "the answer")
        assert script.answers == [(0, {"decision": "decline"})]


def test_every_dialog_there_is_has_a_case() -> None:
    for module in pkgutil.iter_modules(codex_ssh.tui.screens.__path__):
        importlib.import_module(f"codex_ssh.tui.screens.{module.name}")
    every = (*Dialog.__subclasses__(), *Screen.__subclasses__(), *ModalScreen.__subclasses__())
    ours = {kind for kind in every if kind.__module__.startswith("codex_ssh.")} - {Dialog}
    assert ours == {case.screen for case in CASES.values()} - {None}, "add the new one to CASES"
