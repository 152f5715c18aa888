"""Everything that can be on the screen, and what brings it there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from textual.screen import Screen

from codex_ssh.core.attach_command import attach_command
from codex_ssh.core.fleet import Reach
from codex_ssh.core.git_commits import Commits
from codex_ssh.core.git_work import GitState, LeftOut, Patch, Untracked, Work
from codex_ssh.core.handoff import Origin
from codex_ssh.core.keymap import Keymap
from codex_ssh.core.question import Question, QuestionKind
from codex_ssh.core.workspace_methods import DirectoryEntry
from codex_ssh.tui import palette
from codex_ssh.tui.badge import Badge
from codex_ssh.tui.handoff import Gathered
from codex_ssh.tui.page import text_page
from codex_ssh.tui.screens.all_hosts_screen import AllHostsScreen
from codex_ssh.tui.screens.ask_screen import AskScreen
from codex_ssh.tui.screens.attach_screen import AttachScreen
from codex_ssh.tui.screens.browse_screen import BrowseScreen
from codex_ssh.tui.screens.confirm_screen import ConfirmScreen
from codex_ssh.tui.screens.handoff_screen import HandoffScreen
from codex_ssh.tui.screens.hosts_screen import HostsScreen, Open
from codex_ssh.tui.screens.inbox_screen import InboxScreen
from codex_ssh.tui.screens.line_screen import LineScreen
from codex_ssh.tui.screens.login_screen import LoginScreen
from codex_ssh.tui.screens.page_screen import PageScreen
from codex_ssh.tui.screens.pick_screen import Choice, PickScreen
from codex_ssh.tui.screens.ports_screen import PortsScreen
from codex_ssh.tui.screens.prompt_screen import PromptScreen
from codex_ssh.tui.screens.question_screen import QuestionScreen
from codex_ssh.tui.screens.tell_screen import TellScreen
from codex_ssh.tui.screens.threads_screen import ThreadsScreen
from codex_ssh.tui.screens.waiting_screen import WaitingScreen
from tests.tui.stage import Stage
from tests.tui.test_many_hosts import Written, report

LONG = "a line that is longer than the narrowest of all terminals, and 漢字 which are wide " * 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Something that can be on the screen.

    Attributes:
        begin: Does what brings it there, and does not wait for it.
        screen: What is on top then; None for the conversation itself.
        shows: What has to be seen of it, also at 40×20.
    """

    begin: Callable[[Stage], Awaitable[None]]
    screen: type[Screen[Any]] | None
    shows: tuple[str, ...]

    async def open(self, stage: Stage) -> None:
        """Bring it on the screen."""
        await self.begin(stage)
        if self.screen is not None:
            await stage.on_top(self.screen)
        for text in self.shows:
            await stage.wait_text(text)


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


async def questions(stage: Stage) -> None:
    options = [{"label": f"{word} {LONG}", "description": LONG} for word in ("red", "green", "blue")]
    asked = [{"id": n, "header": "Colour", "question": f"Which? {LONG}", "options": options} for n in "ab"]
    stage.script.ask(5, "item/tool/requestUserInput", questions=asked)


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


async def pick(stage: Stage) -> None:
    choices = [Choice(value=str(n), label=f"{n} {LONG}", about=LONG) for n in range(50)]
    stage.app.push_screen(PickScreen("which of them?", choices))


async def threads(stage: Stage) -> None:
    await stage.type("/resume")


async def login(stage: Stage) -> None:
    stage.chat.sign_in.offer(LONG)


async def prompt(stage: Stage) -> None:
    stage.app.push_screen(
        PromptScreen(Question(kind=QuestionKind.PASSWORD, host="devbox", text=f"Password? {LONG}"))
    )


async def confirm(stage: Stage) -> None:
    stage.app.push_screen(ConfirmScreen("really?", LONG))


async def line(stage: Stage) -> None:
    stage.app.push_screen(LineScreen(f"save {LONG} here as", "enter: save, esc: not", begin=f"./{LONG}"))


async def browse(stage: Stage) -> None:
    async def look(path: str) -> tuple[DirectoryEntry, ...]:
        return tuple(DirectoryEntry(name=f"{n} {LONG}", is_directory=True) for n in range(40))

    async def resolve(path: str, base: str) -> str:
        return path

    stage.app.push_screen(BrowseScreen("devbox", f"/w/{LONG}", look, resolve))


async def hosts(stage: Stage) -> None:
    fleet = Written(report(LONG.replace(" ", "-")), report("web", Reach.OFF, why=LONG))
    stage.app.push_screen(HostsScreen(fleet, [Open(host="devbox", is_here=True, words=LONG)], Keymap()))


async def inbox(stage: Stage) -> None:
    stage.script.ask_command(3, f"make {LONG}")
    await stage.wait(lambda: stage.app.here.asks.card.display, "the card")
    await stage.pilot.press("alt+w")


async def ports(stage: Stage) -> None:
    app = stage.app
    app.push_screen(PortsScreen(app.chat.ports, app.keymap, app.desk, app.chat.facts.host))


def badge(host: str, **more: Any) -> Badge:
    """Give a host as the lists of open hosts have it."""
    shown: dict[str, Any] = {
        "user": "alice",
        "machine": f"{host}-1",
        "thread_id": host,
        "title": "fix the parser",
        "cwd": "/w",
    }
    shown |= {"state": "idle", "mark": "●", "style": palette.GOOD, "link": "", "waits": 0}
    return Badge(host=host, **(shown | {"takes": "it begins a turn", "refuses": ""} | more))


async def all_hosts(stage: Stage) -> None:
    chat = stage.chat
    stage.script.ask_command(4, f"make {LONG}")
    stage.app.push_screen(AllHostsScreen(lambda: [chat] * 3, "devbox", Keymap()))


async def tell(stage: Stage) -> None:
    badges = [badge("devbox"), badge(LONG.replace(" ", "-"), title=LONG, cwd=LONG, state=LONG, link=LONG)]
    stage.app.push_screen(TellScreen(lambda: badges, LONG, Keymap()))


async def handoff(stage: Stage) -> None:
    names = tuple(f"{number} {LONG}".encode() for number in range(40))
    state = GitState(root="/w", commit="a" * 40, changed=names[:20], untracked=names[20:])
    files = tuple(Untracked(name=name, size=10) for name in names[20:])
    origin = Origin(
        host="devbox", user="alice", directory=f"/w/{LONG}", thread_id="t", title="", at="", git=state
    )
    gathered = Gathered(
        origin=origin,
        transcript=b"x" * 5000,
        commits=Commits(count=60, subjects=(f"abc1234 {LONG}",) * 50, continues=True, bundle=b"x"),
        work=Work(tracked=True, untracked=files, left_out=(LeftOut(name=b"big", why=LONG),)),
        patch=Patch(tracked=b"x" * 5000, untracked=b"x"),
        there=None,
        directory="/w",
        place=f"gpu:/w/{LONG}",
    )
    stage.app.push_screen(HandoffScreen(gathered, stage.app.keymap))


async def waiting(stage: Stage) -> None:
    stage.app.push_screen(WaitingScreen(f"waiting for {LONG}"))


async def attach(stage: Stage) -> None:
    app = stage.app
    app.push_screen(AttachScreen("devbox", attach_command("devbox", "t" * 36), app.keymap, app.desk))


async def page(stage: Stage) -> None:
    async def same(text: str) -> str:
        return text

    shown = text_page("the title", f"{LONG}\n" * 200)
    screen = PageScreen(shown, stage.app.keymap, copy=same, edit=same, waits=lambda: "an approval waits")
    stage.app.push_screen(screen)


SURFACES = {
    "conversation": Surface(begin=nothing, screen=None, shows=("say what to do", "devbox")),
    "draft": Surface(begin=draft, screen=None, shows=("devbox",)),
    "menu": Surface(begin=menu, screen=None, shows=("/new", "devbox")),
    "approval": Surface(begin=approval, screen=None, shows=("no, and go on with",)),
    "edit": Surface(begin=edit, screen=None, shows=("no, and go on with",)),
    "whole screen": Surface(begin=whole_screen, screen=AskScreen, shows=("no, and go on with", "esc: back")),
    "questions": Surface(begin=questions, screen=QuestionScreen, shows=("Which?",)),
    "form": Surface(begin=form, screen=QuestionScreen, shows=("jira",)),
    "pick": Surface(begin=pick, screen=PickScreen, shows=("which of them?", "0 a line")),
    "threads": Surface(begin=threads, screen=ThreadsScreen, shows=("threads",)),
    "login": Surface(begin=login, screen=LoginScreen, shows=("sign in to codex", "enter: choose")),
    "prompt": Surface(begin=prompt, screen=PromptScreen, shows=("Password?",)),
    "browse": Surface(begin=browse, screen=BrowseScreen, shows=("0 a line",)),
    "page": Surface(begin=page, screen=PageScreen, shows=("a line that",)),
    "hosts": Surface(begin=hosts, screen=HostsScreen, shows=("hosts", "devbox", "Enter: go there")),
    "ports": Surface(begin=ports, screen=PortsScreen, shows=("ports of devbox",)),
    "inbox": Surface(begin=inbox, screen=InboxScreen, shows=("devbox waits for you", "no, and go on with")),
    "all hosts": Surface(
        begin=all_hosts, screen=AllHostsScreen, shows=("alice@devbox", "esc: back", "alt+w")
    ),
    "tell": Surface(
        begin=tell, screen=TellScreen, shows=("say to which hosts?", "[ ] alice@devbox", "space:")
    ),
    "attach": Surface(begin=attach, screen=AttachScreen, shows=("--approve-only", "esc: back")),
    "handoff": Surface(
        begin=handoff, screen=HandoffScreen, shows=("hand this over?", "no", "yes, only the", "pgdn")
    ),
    "waiting": Surface(begin=waiting, screen=WaitingScreen, shows=("waiting for", "Esc: leave it")),
    "line": Surface(begin=line, screen=LineScreen, shows=("save", "enter: save")),
    "confirm": Surface(begin=confirm, screen=ConfirmScreen, shows=("really?", "no", "yes")),
}
