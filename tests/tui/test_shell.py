"""``!`` runs a command on the devbox, says so while it is typed, and never runs it twice or here."""

from codex_ssh.core.lifecycle import LinkState
from tests.tui.conversation import Script
from tests.tui.stage import open_stage


async def test_a_command_of_the_users_own_is_run_in_the_thread() -> None:
    script = Script()
    script.replies["thread/shellCommand"] = lambda _: {}
    async with open_stage(script) as stage:
        await stage.type("!", then="")
        await stage.wait_text("shell command on the devbox, run as you")
        await stage.type(" ls | wc")
        await stage.wait_call("thread/shellCommand")
        asked = script.asked("thread/shellCommand")[0]
        assert (asked["threadId"], asked["command"]) == ("t-1", "ls | wc")
        assert not script.asked("turn/start")
        await stage.wait_gone("shell command on the devbox, run as you")
        await stage.pilot.press("up")
        assert stage.composer.text == "! ls | wc"


async def test_a_sign_alone_is_a_message() -> None:
    async with open_stage() as stage:
        await stage.type("!")
        await stage.wait_call("turn/start")


async def test_without_a_link_nothing_is_run_and_the_command_comes_back() -> None:
    script = Script()
    async with open_stage(script) as stage:
        script.drop(LinkState.LOST)
        await stage.wait(lambda: not stage.chat.is_online, "the link is gone")
        await stage.type("!rm x")
        await stage.wait_text("the command was not run")
        await stage.wait(lambda: stage.composer.text == "!rm x", "it is back")


async def test_a_server_that_cannot_is_not_asked() -> None:
    script = Script()
    script.lacking = {"thread/shellCommand"}
    async with open_stage(script) as stage:
        await stage.type("!ls")
        await stage.wait_text("the command was not run")
        assert stage.composer.text == "!ls"


async def test_a_command_under_a_lost_link_is_not_sent_again() -> None:
    script = Script()
    script.replies["thread/shellCommand"] = lambda _: {}
    script.breaks("thread/shellCommand")
    async with open_stage(script) as stage:
        await stage.type("!make")
        await stage.wait_text("whether this command ran is not known")
        script.come_back()
        await stage.wait(lambda: stage.chat.is_online, "the link is back")
        assert len(script.asked("thread/shellCommand")) == 1
        assert stage.composer.text == ""
