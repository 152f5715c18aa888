"""How the screens about several hosts look, as SVG."""

from __future__ import annotations

import pytest
from textual.pilot import Pilot

from codex_ssh.core.keymap import Keymap
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.tui import palette
from codex_ssh.tui.bridge import NoDrafts, TuiOptions
from codex_ssh.tui.chat import Chat
from codex_ssh.tui.screens.all_hosts_screen import AllHostsScreen
from codex_ssh.tui.screens.tell_screen import TellScreen
from tests.support.waiting import until
from tests.tui.conversation import Script
from tests.tui.program import fill
from tests.tui.stage import on_top
from tests.tui.surfaces import badge
from tests.tui.test_many_hosts import facts
from tests.tui.test_snapshots import Snap, SnapApp, Tasks

SIZES = [(40, 20), (80, 24), (140, 45)]

BADGES = [
    badge("devbox", title="fix the parser", cwd="/home/alice/src/parser"),
    badge("gpu", state="running", mark="▶", style=palette.BUSY, title="train it", cwd="/srv/model", waits=1),
    badge("web", state="was running", mark="▶", style=palette.BUSY, link="no link, last contact 8 s ago"),
    badge("old", refuses="another codex process has its thread"),
]


@pytest.mark.parametrize("size", SIZES)
def test_hosts_to_say_something_to(snap_compare: Snap, size: tuple[int, int]) -> None:
    async def shown(pilot: Pilot[object]) -> None:
        app = pilot.app
        assert isinstance(app, SnapApp)
        await until(lambda: app.chat.transcript is not None, "the thread")
        app.push_screen(TellScreen(lambda: BADGES, "pull, and run the tests\nin both trees", Keymap()))
        await on_top(app, TellScreen)
        await pilot.press("down", "space")
        await pilot.pause()

    assert snap_compare(SnapApp(Script()), terminal_size=size, run_before=shown)


class Hosts(SnapApp):
    """Several conversations, none of which has a link of its own."""

    def __init__(self, *scripts: Script) -> None:
        super().__init__(scripts[0])
        self.chats = [self.chat, *(Chat(one, TuiOptions(), Tasks(), NoDrafts()) for one in scripts[1:])]

    def on_mount(self) -> None:
        for chat in self.chats[1:]:
            chat.run()
            chat.open()

    def on_unmount(self) -> None:
        for chat in self.chats[1:]:
            chat.stop()


def several() -> tuple[Script, ...]:
    """Four hosts: one has answered, one streams, one waits, one has no link."""
    scripts = [Script(facts(host)) for host in ("devbox", "gpu", "web", "build")]
    devbox, gpu, web, build = scripts
    fill(devbox)
    devbox.turn("completed", durationMs=95_000)
    gpu.say("thread/name/updated", threadName="train the model")
    gpu.turn()
    gpu.item("commandExecution", "c", command="python train.py", aggregatedOutput="epoch 1\nepoch 2\n")
    gpu.item("agentMessage", "m", done=False, text="")
    gpu.delta("m", "It goes **well** so far: the loss is\n\n- 0.31 after the first epoch\n- 0.27 after")
    web.say("thread/name/updated", threadName="deploy")
    web.turn()
    web.item("agentMessage", "m", text="All tests are green, so this can go out.")
    web.ask_command(1, "make deploy")
    build.turn()
    build.item("agentMessage", "m", text="Building the wheels takes a while.")
    return tuple(scripts)


@pytest.mark.parametrize(("size", "count"), [((40, 20), 2), ((80, 24), 2), ((140, 45), 4)])
def test_all_hosts_side_by_side(snap_compare: Snap, size: tuple[int, int], count: int) -> None:
    scripts = several()
    shown = scripts if count == 4 else scripts[1:3]

    async def drawn(pilot: Pilot[object]) -> None:
        app = pilot.app
        assert isinstance(app, Hosts)
        await until(lambda: all(chat.transcript for chat in app.chats), "the threads")
        await until(lambda: app.chats[shown.index(scripts[2])].asks, "what waits")
        await until(lambda: all(chat.transcript and chat.transcript.entries for chat in app.chats), "all")
        if count == 4:
            scripts[3].drop(LinkState.LOST)
            await until(lambda: not app.chats[3].is_online, "no link")
        app.push_screen(AllHostsScreen(lambda: app.chats, shown[0].facts.host, Keymap()))
        screen = await on_top(app, AllHostsScreen)
        screen.catch_up()
        await pilot.pause(0.2)

    assert snap_compare(Hosts(*shown), terminal_size=size, run_before=drawn)
