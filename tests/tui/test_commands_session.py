"""The commands about the session say what is known here, and what the server answers."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from codex_ssh.core.ssh_hosts import Alias
from codex_ssh.tui.desk import NoDesk
from codex_ssh.tui.screens.page_screen import PageScreen
from tests.tui.conversation import Script
from tests.tui.stage import open_stage
from tests.tui.test_commands_files import Devbox


class KnownHosts(NoDesk):
    """A machine whose config files name hosts."""

    def __init__(self, *names: str) -> None:
        super().__init__()
        self._names = names

    def hosts(self) -> Sequence[Alias]:
        return [Alias(name=name, path="/home/me/.ssh/config", line=at) for at, name in enumerate(self._names)]


# ---------------------------------------------------------------- /keys


@pytest.mark.parametrize("line", ["/keys", "/help"])
async def test_the_keys_are_shown_and_can_be_searched(line: str) -> None:
    async with open_stage(size=(100, 40)) as stage:
        await stage.type(line)
        await stage.wait_text("keys and commands  1 of ")
        await stage.wait_text("Ctrl+Q")
        await stage.pilot.press("slash")
        await stage.type("reconnect", then="")
        await stage.wait_text("reconnect at once")
        await stage.pilot.press("escape", "escape")
        await stage.wait(lambda: len(stage.app.screen_stack) == 1, "the sheet is closed")


async def test_a_question_mark_opens_the_sheet_on_an_empty_line_only() -> None:
    async with open_stage() as stage:
        await stage.type("why?", then="")
        await stage.wait(lambda: stage.composer.text == "why?", "a character")
        await stage.pilot.press("ctrl+c", "question_mark")
        await stage.on_top(PageScreen)
        assert stage.composer.text == ""


async def test_a_command_the_server_cannot_do_is_not_on_the_sheet() -> None:
    script = Script()
    script.lacking.add("review/start")
    async with open_stage(script, size=(100, 40)) as stage:
        await stage.type("/keys")
        await stage.wait_text("keys and commands")
        await stage.pilot.press("end")
        await stage.wait_text("/compact")
        assert "/review" not in stage.screen()


# ---------------------------------------------------------------- /hosts


async def test_hosts_are_listed_and_this_one_is_marked() -> None:
    async with open_stage(desk=KnownHosts("laptop", "devbox")) as stage:
        await stage.type("/hosts")
        await stage.wait_text("this is devbox")
        await stage.wait_text("▶ devbox  /home/me/.ssh/config:1")
        await stage.wait_text("  laptop  /home/me/.ssh/config")
        await stage.wait_text("another one: codex-ssh NAME, in another terminal")


async def test_a_host_no_file_names_is_in_the_list_all_the_same() -> None:
    async with open_stage(desk=KnownHosts("other")) as stage:
        await stage.type("/hosts")
        await stage.wait_text("▶ devbox  as you typed it")


# ---------------------------------------------------------------- /doctor


def healthy() -> Script:
    """Give a server with nothing wrong."""
    script = Devbox().script()
    answer = script.replies["command/exec"]
    script.replies["command/exec"] = lambda params: (
        {"exitCode": 0, "stdout": "", "stderr": ""} if params["command"] == ["true"] else answer(params)
    )
    script.replies["account/read"] = lambda _: {"account": {"type": "apiKey"}, "requiresOpenaiAuth": True}
    script.replies["model/list"] = lambda _: {"data": [{"model": "gpt-test"}]}
    return script


async def test_doctor_finds_nothing_where_all_is_well() -> None:
    async with open_stage(healthy(), size=(100, 40)) as stage:
        await stage.type("/doctor")
        await stage.wait_text("devbox is well")
        for text in (
            "✔ link        ssh, round trip 12 ms",
            "✔ machine     alice@devbox, box-17",
            "✔ app server  0.169.0, /home/alice/.codex",
            "✔ account     an API key",
            "✔ models      1 to choose from",
            "✔ threads     none stored yet",
            "✔ directory   /w",
            "✔ sandbox     a program that may only read runs",
            "codex-ssh doctor devbox",
        ):
            assert text in stage.screen()


async def test_doctor_says_what_is_not_well() -> None:
    script = healthy()
    script.replies["account/read"] = lambda _: {"account": None, "requiresOpenaiAuth": True}
    script.replies["command/exec"] = lambda _: {
        "exitCode": 1,
        "stdout": "",
        "stderr": "bwrap: no namespaces\n",
    }
    script.refuses("model/list", "no models today")
    script.refuses("fs/getMetadata", "No such file or directory (os error 2)")
    async with open_stage(script, size=(100, 40)) as stage:
        await stage.type("/doctor")
        await stage.wait_text("devbox: 4 to look at")
        await stage.wait_text("✗ account     nobody is signed in: /login")
        await stage.wait_text("✗ models      no models today")
        await stage.wait_text("✗ directory   /w: No such file or directory")
        await stage.wait_text("✗ sandbox     no program runs in it: bwrap: no namespaces")
