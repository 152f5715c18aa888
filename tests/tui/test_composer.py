"""What the composer's other keys mean: history and its search, and what a popup offers."""

from __future__ import annotations

import asyncio
from typing import TypeVar

from textual import events

from codex_ssh.core.call import Call
from codex_ssh.core.lifecycle import LinkState
from codex_ssh.core.rpc import Json
from tests.tui.conversation import Script
from tests.tui.stage import Stage, open_stage

T = TypeVar("T")

FOUND = {"root": "/w", "match_type": "file", "file_name": "x", "score": 1, "indices": []}


def finds(script: Script, **files: list[str]) -> None:
    """Let a search session find files: by query, their paths."""

    def update(params: Json) -> Json:
        found = [FOUND | {"path": path} for path in files.get(params["query"], [])]
        script.tell(
            "fuzzyFileSearch/sessionUpdated",
            sessionId=params["sessionId"],
            query=params["query"],
            files=found,
        )
        return {}

    script.replies["fuzzyFileSearch/sessionStart"] = lambda _: {}
    script.replies["fuzzyFileSearch/sessionStop"] = lambda _: {}
    script.replies["fuzzyFileSearch/sessionUpdate"] = update


async def say(stage: Stage, *texts: str) -> None:
    for text in texts:
        await stage.type(text)
        await stage.wait_text(f"› {text}")


async def test_a_search_shows_the_match_and_enter_takes_it() -> None:
    async with open_stage() as stage:
        await say(stage, "make tests", "fix it", "make docs")
        sent = len(stage.script.calls)
        await stage.type("unsent", then="ctrl+r")
        await stage.wait_text("history:")
        await stage.type("ake", then="")
        await stage.wait_text("history: ake")
        assert stage.composer.text == "make docs"
        await stage.pilot.press("ctrl+r")
        assert stage.composer.text == "make tests"
        await stage.pilot.press("ctrl+s")
        assert stage.composer.text == "make docs"
        await stage.pilot.press("ctrl+r", "enter")
        await stage.wait_gone("history:")
        assert stage.composer.text == "make tests"
        assert len(stage.script.calls) == sent, "enter took it, and sent nothing"


async def test_a_search_that_is_given_up_brings_back_what_was_there() -> None:
    async with open_stage() as stage:
        await say(stage, "make tests")
        await stage.type("unsent", then="ctrl+r")
        await stage.type("makx", then="")
        await stage.wait_text("(nothing)")
        await stage.pilot.press("backspace")
        await stage.wait_gone("(nothing)")
        assert stage.composer.text == "make tests"
        await stage.pilot.press("escape")
        assert stage.composer.text == "unsent"
        await stage.wait_gone("history:")
        assert not stage.script.asked("turn/interrupt")


async def test_another_key_ends_the_search_and_does_what_it_does() -> None:
    async with open_stage() as stage:
        await say(stage, "make tests")
        await stage.pilot.press("ctrl+r", "t", "ctrl+a", "x")
        assert stage.composer.text == "xmake tests"


async def test_ctrl_r_reconnects_only_without_a_link() -> None:
    async with open_stage() as stage:
        await stage.pilot.press("ctrl+r")
        await stage.wait_text("history:")
        assert stage.script.tries == 0
        await stage.pilot.press("escape")
        stage.script.drop(LinkState.LOST)
        await stage.wait(lambda: stage.chat.status.state is not LinkState.UP, "it is lost")
        await stage.pilot.press("ctrl+r")
        await stage.wait(lambda: stage.script.tries == 1, "it is tried")


async def test_ctrl_p_and_ctrl_n_walk_through_the_history() -> None:
    async with open_stage() as stage:
        await say(stage, "one", "two")
        await stage.pilot.press("ctrl+p", "ctrl+p")
        assert stage.composer.text == "one"
        await stage.pilot.press("ctrl+n")
        assert stage.composer.text == "two"


# ---------------------------------------------------------------- files on the devbox


async def test_a_file_on_the_devbox_is_named_and_goes_along() -> None:
    script = Script()
    finds(script, m=["main.py", "doc/my notes.md"], my=["doc/my notes.md"])
    async with open_stage(script) as stage:
        await stage.type("look at @m", then="")
        await stage.wait_text("main.py")
        await stage.type("y", then="")
        await stage.wait_gone("main.py")
        await stage.wait(lambda: stage.chat.search.query == "my", "the answer")
        await stage.pilot.press("enter")
        assert stage.composer.draft.seen == 'look at @"doc/my notes.md" '
        assert not script.asked("turn/start"), "enter took the file"
        await stage.type("please")
        await stage.wait_call("turn/start")
        text, mention = script.asked("turn/start")[0]["input"]
        assert text["text"] == 'look at @"doc/my notes.md" please'
        assert mention == {"type": "mention", "name": "doc/my notes.md", "path": "/w/doc/my notes.md"}
        assert script.asked("fuzzyFileSearch/sessionStart")[0]["roots"] == ["/w"]
        await stage.wait_call("fuzzyFileSearch/sessionStop")


async def test_a_named_file_is_deleted_as_one_and_does_not_go_along_then() -> None:
    script = Script()
    finds(script, m=["main.py"])
    async with open_stage(script) as stage:
        await stage.type("see @m", then="")
        await stage.wait_text("main.py")
        await stage.pilot.press("tab", "backspace", "backspace")
        assert stage.composer.text == "see "
        await stage.pilot.press("enter")
        await stage.wait_call("turn/start")
        assert [one["type"] for one in script.asked("turn/start")[0]["input"]] == ["text"]


async def test_enter_sends_while_nothing_is_found_and_nothing_is_waited_for() -> None:
    script = Script()
    finds(script)
    async with open_stage(script) as stage:
        await stage.type("mail @nobody", then="")
        await stage.wait_text("no such file on the devbox")
        await stage.pilot.press("enter")
        await stage.wait_call("turn/start")


async def test_a_late_answer_to_something_older_is_dropped() -> None:
    script = Script()
    finds(script, ab=["ab.py"])
    async with open_stage(script) as stage:
        await stage.type("@ab", then="")
        await stage.wait_text("ab.py")
        session = script.asked("fuzzyFileSearch/sessionStart")[0]["sessionId"]
        late = [FOUND | {"path": "zab late.py"}]
        script.tell("fuzzyFileSearch/sessionUpdated", sessionId=session, query="a", files=late)
        script.tell("fuzzyFileSearch/sessionUpdated", sessionId="other", query="ab", files=late)
        script.say("turn/started", turn={"id": "turn-1", "status": "inProgress"})
        await stage.wait_text("running")
        assert "late.py" not in stage.screen()


async def test_an_older_server_is_asked_for_each_name() -> None:
    script = Script()
    script.lacking = {"fuzzyFileSearch/sessionStart"}
    script.replies["fuzzyFileSearch"] = lambda params: {"files": [FOUND | {"path": params["query"] + ".py"}]}
    async with open_stage(script) as stage:
        await stage.type("@ma", then="")
        await stage.wait_text("ma.py")


async def test_a_search_that_fails_says_so_and_typing_goes_on() -> None:
    script = Script()
    finds(script)
    script.refuses("fuzzyFileSearch/sessionStart", "no such directory")
    async with open_stage(script) as stage:
        await stage.type("@ma", then="")
        await stage.wait_text("no search: no such directory")
        await stage.type("x")
        await stage.wait_call("turn/start")


async def test_escape_closes_the_popup_and_leaves_the_text_and_the_turn() -> None:
    script = Script()
    finds(script, m=["main.py"])
    async with open_stage(script) as stage:
        script.turn()
        await stage.wait_text("running")
        await stage.type("@m", then="")
        await stage.wait_text("main.py")
        await stage.pilot.press("escape")
        await stage.wait_gone("main.py")
        assert stage.composer.text == "@m"
        assert not script.asked("turn/interrupt")
        await stage.pilot.press("enter")
        await stage.wait_call("turn/steer")


async def test_a_list_that_is_longer_than_its_room_scrolls() -> None:
    script = Script()
    finds(script, f=[f"f{n}.py" for n in range(40)])
    async with open_stage(script, size=(40, 20)) as stage:
        await stage.type("@f", then="")
        await stage.wait_text("f0.py")
        await stage.wait_text("1 of 40")
        await stage.pilot.press(*["down"] * 12)
        await stage.wait_text("f12.py")
        await stage.pilot.press("tab")
        assert stage.composer.draft.seen == "@f12.py "


async def test_a_skill_is_named() -> None:
    script = Script()
    skills = [
        {"name": name, "description": f"about {name}", "path": f"/s/{name}", "enabled": True}
        for name in ("greet", "deploy")
    ]
    script.replies["skills/list"] = lambda _: {"data": [{"cwd": "/w", "skills": skills}]}
    async with open_stage(script) as stage:
        await stage.type("use $", then="")
        await stage.wait_text("about deploy")
        await stage.type("gr", then="tab")
        await stage.pilot.press("enter")
        await stage.wait_call("turn/start")
        text, skill = script.asked("turn/start")[0]["input"]
        assert text["text"] == "use $greet "
        assert skill == {"type": "skill", "name": "greet", "path": "/s/greet"}
        assert script.asked("skills/list") == [{"cwds": ["/w"]}]


async def test_a_message_of_several_lines_does_not_stop_the_walk_back() -> None:
    async with open_stage() as stage:
        await say(stage, "one")
        await stage.type("two\nlines\nlong")
        await stage.wait_text("› two")
        await stage.pilot.press("up")
        assert stage.composer.text == "two\nlines\nlong"
        await stage.pilot.press("up")
        assert stage.composer.text == "one"
        await stage.pilot.press("down", "left", "up")
        assert stage.composer.text == "two\nlines\nlong", "moved in, it is walked through"


async def test_a_paste_ends_a_search_where_it_is() -> None:
    async with open_stage() as stage:
        await say(stage, "make tests")
        await stage.pilot.press("ctrl+r", "t")
        stage.composer.post_message(events.Paste(" now"))
        await stage.wait_gone("history:")
        assert stage.composer.text == "make tests now"


async def test_nothing_is_named_for_the_model_in_a_shell_command() -> None:
    script = Script()
    finds(script, m=["main.py"])
    async with open_stage(script) as stage:
        await stage.type("!ls @m $HOME $g", then="")
        await stage.pilot.pause()
        assert not script.asked("fuzzyFileSearch/sessionStart")
        assert not stage.app.here.popup.display


class Deaf(Script):
    """Never answers a search."""

    async def call(self, call: Call[T]) -> T:
        if call.method.startswith("fuzzyFileSearch"):
            self.calls.append((call.method, call.params))
            await asyncio.get_running_loop().create_future()
        return await super().call(call)


async def test_typing_and_sending_never_wait_for_a_search() -> None:
    script = Deaf()
    async with open_stage(script) as stage:
        await stage.type("see @ma", then="")
        await stage.wait_text("searching…")
        await stage.type("in.py please")
        await stage.wait_call("turn/start")
        assert script.asked("turn/start")[0]["input"][0]["text"] == "see @main.py please"
        assert len([method for method, _ in script.calls if method.startswith("fuzzy")]) == 1
