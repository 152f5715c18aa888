"""Every command that is offered works with that app server: codex 0.163 and 0.169, and the rehearsal."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.endpoint import WsEndpoint
from codex_ssh.core.entry import Level, Notice
from codex_ssh.core.facts import ServerFacts
from codex_ssh.core.lifecycle import LinkState, LinkStatus
from codex_ssh.core.methods import initialize
from codex_ssh.core.secret import Secret
from codex_ssh.errors import LinkLost
from codex_ssh.link.dial import DoorDial
from codex_ssh.link.session import Session
from codex_ssh.link.websocket import open_websocket
from codex_ssh.local.tasks import open_tasks
from codex_ssh.server.address import TcpAddress
from codex_ssh.server.listener import ListenerConfig, open_listener
from codex_ssh.server.rehearsal.engine import open_rehearsal
from codex_ssh.tui.app import CodexApp
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import open_chat
from codex_ssh.tui.commands.registry import COMMANDS
from codex_ssh.tui.commands.tool_commands import SIGN_IN
from codex_ssh.tui.desk import NoDesk
from tests.conftest import StartCodex
from tests.support.codex import require_codex
from tests.support.waiting import until

pytestmark = pytest.mark.codex

PEERS = ("pypi", "npm", "rehearsal")

LEAVES = {"quit"}
"""What ends the TUI, and is done last."""

WRITTEN: dict[str, tuple[str, ...]] = {
    "archive": (),  # it would put away the thread the others need
    "delete": (),
    "permissions": ("/permissions read", "/permissions ask", "/permissions"),
    "plan": ("/plan", "/plan"),
    "goal": ("/goal", "/goal a door", "/goal pause", "/goal", "/goal clear"),
    "cd": ("/cd below", "/cd ..", "/cd"),
    "view": ("/view a.txt:1",),
    "diff": ("/diff", "/diff turn"),
    "review": ("/review", "/review the new door"),
    "export": ("/export out.md", "/export"),
    "copy": ("/copy", "/copy code"),
    "rename": ("/rename a name",),
    "resume": ("/resume",),
    "mcp": ("/mcp", "/mcp login"),
    "stop": ("/stop", "/stop all"),
    "theme": ("/theme mono", "/theme terminal"),
    "image": ("/image picture.png",),
}
"""What is typed for a command, where its name alone is not all there is to it; nothing leaves it out."""

REFUSED_HERE = {"image", "theme", "statusline", "title"}
"""What this test's machine, which has nothing on it, refuses by itself."""


class Paper(NoDesk):
    """A machine with a clipboard, files and a terminal that takes everything."""

    async def copy(self, text: str) -> str:
        return "clipboard"

    def save(self, path: str, text: str) -> str:
        return path


class OneLink:
    """A lifeline with one session that is open."""

    def __init__(self, session: Session, facts: ServerFacts) -> None:
        self.facts = facts
        self.on_change: Callable[[], None] = lambda: None
        self.round_trip: float | None = 0.001
        self.silent_for = 0.0
        self.status = LinkStatus().step(LinkState.UP, now=0.0)
        self._session = session

    async def sessions(self) -> AsyncIterator[Session]:
        yield self._session
        await asyncio.Event().wait()

    def try_now(self) -> None:
        raise AssertionError("the link is up")

    async def fence(self) -> None:
        raise AssertionError("there is only one connection")


@asynccontextmanager
async def open_link(url: str, token: str) -> AsyncGenerator[OneLink, None]:
    """Give an initialized session with an app server on loopback."""

    async def explain(lost: LinkLost) -> LinkLost:
        return lost

    host, port = url.removeprefix("ws://").split(":")
    dial = DoorDial(WsEndpoint(host=host, port=int(port)), token=Secret(token or "none"), transport="test")
    async with open_websocket(dial, "devbox") as websocket, open_tasks() as tasks:
        session = Session(websocket, "devbox", explain=explain)
        tasks.start(session.pump())
        said = await session.call(initialize(name="tests", title="tests", version="0"))
        facts = ServerFacts(
            host="devbox",
            user="alice",
            hostname="box",
            transport="test",
            server_version=said.server_version,
            codex_home=said.codex_home,
        )
        yield OneLink(session, facts)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a change, and a directory to go to."""
    path = tmp_path / "repository"
    path.mkdir()
    script = """
    git init -q -b main . && git config user.email a@example.com && git config user.name A
    mkdir below; echo one > a.txt; touch below/b; git add . && git commit -q -m 'the first'; git branch other
    echo two >> a.txt; echo new > new.txt
    """
    subprocess.run(["sh", "-ec", script], cwd=path, check=True)
    return path


@pytest.fixture(params=PEERS)
async def link(
    request: pytest.FixtureRequest, start_codex: StartCodex, tmp_path: Path, repository: Path
) -> AsyncGenerator[OneLink, None]:
    """A link to each app server in turn."""
    if request.param != "rehearsal":
        codex = await start_codex(require_codex(request.param))
        async with open_link(codex.endpoint, codex.token) as found:
            yield found
        return
    config = ListenerConfig(address=TcpAddress(ip="127.0.0.1", port=0))
    async with (
        open_rehearsal(codex_home=tmp_path, cwd=repository) as engine,
        open_listener(config, engine) as listener,
        open_link(listener.url, "") as found,
    ):
        yield found


def faults(app: CodexApp) -> list[str]:
    """Give what went wrong, by the transcript."""
    transcript = app.chat.transcript
    notices = [entry.content for entry in transcript.entries] if transcript is not None else []
    return [
        f"{notice.text} {notice.details}"
        for notice in notices
        if isinstance(notice, Notice) and notice.level is Level.ERROR
    ]


async def test_every_offered_command_succeeds(link: OneLink, repository: Path) -> None:
    options = TuiOptions(cwd=str(repository), grace_seconds=0, approval_policy="never")
    async with open_chat(link, options) as chat:
        app = CodexApp(chat, Paper())
        async with app.run_test(size=(100, 40)) as pilot:

            def is_calm() -> bool:
                transcript = chat.transcript
                busy = [one for one in app.workers if one.name == "run_command" and one.is_running]
                return transcript is not None and not (busy or transcript.state.is_running or chat.doing)

            async def calm(line: str) -> None:
                """Wait until nothing is under way; dialogs are left."""
                for _ in range(100):
                    await until(lambda: is_calm() or len(app.screen_stack) > 1, f"{line} is done, or asks")
                    if len(app.screen_stack) == 1 and is_calm():
                        return
                    await pilot.press("escape")
                raise AssertionError(f"it never ends: {app.screen_stack}")

            await until(lambda: chat.transcript is not None, "a thread")
            await until(lambda: chat.knows("thread/start") is not None, "the methods")
            chat.send("say here is code\n\n")
            await until(lambda: chat.has_turns, "a turn")
            await calm("the turn")
            done = []
            for command in app.offered:
                for line in WRITTEN.get(command.name, (f"/{command.name}",)):
                    if command.name in LEAVES | REFUSED_HERE:
                        continue
                    if line == "/mcp login" and chat.knows(SIGN_IN) is False:
                        continue  # the rest of /mcp works without
                    app.type_command(line)
                    await pilot.pause()
                    await calm(line)
                    assert faults(app) == [], line
                    app.composer.text = ""
                done.append(command.name)
            assert {"permissions", "goal", "diff", "cd", "view", "export"} <= set(done)
            left_out = {command.name for command in COMMANDS} - set(done)
            for command in COMMANDS:
                if command.name in left_out:
                    assert any(chat.knows(method) is False for method in command.needs), command.name
