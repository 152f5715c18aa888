"""The thread's text goes to the clipboard and to a file, whole and never over another one."""

from __future__ import annotations

import pytest

from codex_ssh.core.rpc import Json
from codex_ssh.errors import DeskFailed
from codex_ssh.tui.commands.transcript_commands import code_blocks
from codex_ssh.tui.desk import NoDesk
from tests.tui.conversation import Script
from tests.tui.stage import Stage, open_stage


class Paper(NoDesk):
    """A machine with a clipboard and files.

    Attributes:
        copied: What was copied.
        files: What was written, by path.
    """

    def __init__(self) -> None:
        super().__init__()
        self.copied: list[str] = []
        self.files: dict[str, str] = {}

    async def copy(self, text: str) -> str:
        self.copied.append(text)
        return "clipboard"

    def save(self, path: str, text: str) -> str:
        if path in self.files:
            raise DeskFailed(f"{path!r} cannot be written: File exists", hint="name another file")
        self.files[path] = text
        return f"/here/{path}"


@pytest.fixture
def paper() -> Paper:
    return Paper()


async def answered(stage: Stage, text: str) -> None:
    """Let the model answer."""
    stage.script.turn()
    stage.script.item("agentMessage", "a", text=text)
    stage.script.turn("completed", durationMs=1000)
    await stage.wait_text("worked for")


# ---------------------------------------------------------------- /copy


async def test_the_last_answer_is_copied_as_it_was_written(paper: Paper) -> None:
    async with open_stage(desk=paper) as stage:
        await stage.type("/copy")
        await stage.wait_text("there is no answer to copy yet")
        await answered(stage, "# Head\n\n\tuse **tabs**")
        await stage.type("/copy")
        await stage.wait_text("the answer is on the clipboard")
        assert paper.copied == ["# Head\n\n\tuse **tabs**"]


async def test_a_code_block_is_copied_without_its_fence(paper: Paper) -> None:
    async with open_stage(desk=paper) as stage:
        await answered(stage, "do\n\n```sh\nmake\n```\n")
        await stage.type("/copy code")
        await stage.wait_text("the code is on the clipboard")
        assert paper.copied == ["make\n"]


async def test_of_several_code_blocks_one_is_chosen(paper: Paper) -> None:
    async with open_stage(desk=paper) as stage:
        await answered(stage, "do\n\n```sh\nmake\n```\n\nor\n\n```py\nimport this\nthat\n```\n")
        await stage.type("/copy code")
        await stage.wait_text("copy which code block?")
        await stage.wait_text("import this  2 lines")
        await stage.pilot.press("down", "enter")
        await stage.wait_text("the code is on the clipboard")
        assert paper.copied == ["import this\nthat\n"]


async def test_an_answer_without_code_says_so(paper: Paper) -> None:
    async with open_stage(desk=paper) as stage:
        await answered(stage, "no code")
        await stage.type("/copy code")
        await stage.wait_text("the last answer has no code block")


async def test_a_clipboard_that_fails_is_said() -> None:
    async with open_stage() as stage:
        await answered(stage, "text")
        await stage.type("/copy")
        await stage.wait_text("there is no clipboard here")


def test_code_blocks_are_found_however_they_are_fenced() -> None:
    assert code_blocks("~~~\na ``` b\n~~~\n\n    indented\n\n- x\n\n  ```\n  in a list\n  ```\n") == [
        "a ``` b\n",
        "indented\n",
        "in a list\n",
    ]


# ---------------------------------------------------------------- /export


def with_history(turns: int) -> Script:
    """Give a server with a thread of many turns, told in pages of 100 items."""
    script = Script()
    items: list[Json] = []
    for at in range(turns):
        user = {"type": "userMessage", "id": f"u{at}", "content": [{"type": "text", "text": f"ask {at}"}]}
        agent = {"type": "agentMessage", "id": f"a{at}", "text": f"answer {at}"}
        items += [{"turnId": f"turn-{at}", "item": one} for one in (user, agent)]

    def page(params: Json) -> Json:
        order = items if params.get("sortDirection") == "asc" else items[::-1]
        start = int(params.get("cursor") or 0)
        end = start + min(100, params.get("limit", 100))
        return {"data": order[start:end], "nextCursor": str(end) if end < len(order) else None}

    script.replies["thread/items/list"] = page
    return script


async def test_the_whole_history_is_exported(paper: Paper) -> None:
    async with open_stage(with_history(180), desk=paper) as stage:
        stage.script.say("thread/name/updated", threadName="Fix the Door / now")
        await stage.type("/export door.md")
        await stage.wait_text("the thread is in /here/door.md")
        document = paper.files["door.md"]
        assert document.startswith("# Fix the Door / now\n\n- host: alice@devbox\n- directory: /w\n")
        places = [document.index(f"\nanswer {at}\n") for at in range(180)]
        assert places == sorted(places)
        assert document.count("## You") == 180


async def test_what_still_runs_is_exported_as_far_as_it_came(paper: Paper) -> None:
    async with open_stage(with_history(1), desk=paper) as stage:
        stage.script.say("turn/started", turn={"id": "turn-9", "status": "inProgress", "items": []})
        stage.script.say(
            "item/started", turnId="turn-9", item={"type": "agentMessage", "id": "x", "text": ""}
        )
        stage.script.say("item/agentMessage/delta", turnId="turn-9", itemId="x", delta="so far")
        await stage.wait_text("so far")
        await stage.type("/export now.md")
        await stage.wait_text("the thread is in")
        assert paper.files["now.md"].endswith("answer 0\n\nso far\n")


async def test_an_export_is_offered_a_name_or_the_clipboard(paper: Paper) -> None:
    async with open_stage(with_history(1), desk=paper) as stage:
        await stage.type("/export")
        await stage.wait_text("export the whole thread?")
        await stage.wait_text("to codex-t-1-")
        await stage.pilot.press("down", "enter")
        await stage.wait_text("the thread is on the clipboard")
        assert "answer 0" in paper.copied[0]
        assert paper.files == {}


async def test_nothing_is_overwritten(paper: Paper) -> None:
    async with open_stage(with_history(1), desk=paper) as stage:
        paper.files["a.md"] = "mine"
        await stage.type("/export a.md")
        await stage.wait_text("'a.md' cannot be written: File exists")
        assert paper.files["a.md"] == "mine"


async def test_a_thread_without_a_turn_can_be_exported_too(paper: Paper) -> None:
    script = Script()
    script.refuses("thread/items/list", "no rollout found", code=-32601)
    async with open_stage(script, desk=paper) as stage:
        await stage.type("/export a.md")
        await stage.wait_text("the thread is in /here/a.md")
