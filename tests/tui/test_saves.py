"""Files of the devbox brought here: from a link, a page and a command, with progress, choices and an end."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from codex_ssh.core.copy_outcome import Outcome
from codex_ssh.core.copy_request import Conflict, CopyRules
from codex_ssh.core.copy_watch import CopyWatch
from codex_ssh.core.file_tree import Facts, Kind, spot_of
from codex_ssh.core.image import decode_image
from codex_ssh.core.upload import INLINE_BYTES, Upload
from codex_ssh.errors import CopyFailed
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.screens.line_screen import LineScreen
from tests.support import pictures
from tests.tui.stage import Stage, open_stage


@dataclass(slots=True)
class Cart:
    """Carries as told, and writes down what.

    Attributes:
        asked: From where to where.
        chosen: What the user said about a file in the way.
        may_end: The copy goes on when it is set.
        failure: What it ends with instead.
        is_in_the_way: A file is there already.
        brought: Images that went as files.
    """

    asked: list[tuple[str, str]] = field(default_factory=list)
    chosen: list[Conflict] = field(default_factory=list)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    failure: CopyFailed | None = None
    is_in_the_way: bool = False
    brought: list[Upload] = field(default_factory=list)

    async def upload(self, upload: Upload) -> str:
        if self.failure is not None:
            raise self.failure
        await self.may_end.wait()
        self.brought.append(upload)
        return f"/there/{upload.name}"

    async def save(self, path: str, to: str, rules: CopyRules, watch: CopyWatch) -> Outcome:
        assert rules.folders
        self.asked.append((path, to))
        if self.failure is not None:
            raise self.failure
        if self.is_in_the_way:
            there = Facts(kind=Kind.FILE, size=1)
            coming = Facts(kind=Kind.FILE, size=2)
            self.chosen.append(await watch.choose(spot_of(b"/here/x"), there=there, coming=coming))
        watch.planned(1, 2_000_000)
        watch.moved(900_000)
        await self.may_end.wait()
        watch.moved(1_100_000)
        return Outcome(copied=1, size=2_000_000, places=[b"/here/out\x1b.csv"])


async def linked(stage: Stage, text: str) -> None:
    stage.script.turn()
    stage.script.item("agentMessage", "a", text=text)
    await stage.wait_text("• ")
    await stage.pilot.press("f4", "l")


async def test_a_link_is_saved_where_the_user_says_with_progress_and_a_last_word() -> None:
    cart = Cart()
    async with open_stage(carrier=cart) as stage:
        await linked(stage, "see results/out.csv:12 now")
        await stage.wait_text("file:results/out.csv:12 · o: open · d: save here")
        await stage.pilot.press("d")
        await stage.wait_text("save /w/results/out.csv of devbox here as")
        await stage.pilot.press("backspace", "backspace", "backspace", "t", "x", "t", "enter")
        await stage.wait(lambda: cart.asked, "the copy")
        assert cart.asked == [("/w/results/out.csv", "./out.txt")]
        await stage.pilot.press("escape")
        await stage.wait_text("out.csv 45 % of 2.0 MB")
        cart.may_end.set()
        await stage.wait_text("saved here: /here/out␛.csv (1 file copied, 2.0 MB; checksums equal)")
        await stage.wait_gone("45 %")


@pytest.mark.parametrize(
    ("keys", "conflict"),
    [
        (["enter"], Conflict.RENAME),
        (["down", "enter"], Conflict.REPLACE),
        (["escape"], Conflict.SKIP),
    ],
)
async def test_a_file_in_the_way_is_the_users_to_decide(keys: list[str], conflict: Conflict) -> None:
    cart = Cart(is_in_the_way=True)
    cart.may_end.set()
    async with open_stage(carrier=cart) as stage:
        await stage.type("/save out.csv")
        await stage.on_top(LineScreen)
        await stage.pilot.press("enter")
        await stage.wait_text("/here/x is there (a file, 1 B), and another (a file, 2 B)")
        await stage.pilot.press(*keys)
        await stage.wait_text("saved here")
        assert cart.chosen == [conflict]


async def test_leaving_the_question_saves_nothing_and_a_refusal_is_said() -> None:
    cart = Cart(failure=CopyFailed("find", b"/w/x", where="devbox", said="there is no such file"))
    async with open_stage(carrier=cart) as stage:
        await stage.type("/save x")
        await stage.on_top(LineScreen)
        await stage.pilot.press("escape")
        await stage.wait(lambda: len(stage.app.screen_stack) == 1, "it is gone")
        assert cart.asked == []
        await stage.type("/save x")
        await stage.on_top(LineScreen)
        await stage.pilot.press("enter")
        await stage.wait_text("x is not saved: cannot find '/w/x' on devbox: there is no such file")


async def test_what_is_on_its_way_can_be_given_up() -> None:
    cart = Cart()
    async with open_stage(carrier=cart) as stage:
        await stage.type("/save stop")
        await stage.wait_text("nothing is on its way here")
        await stage.type("/save big.bin")
        await stage.on_top(LineScreen)
        await stage.pilot.press("enter")
        await stage.wait_text("big.bin 45 %")
        await stage.type("/save stop")
        await stage.wait_text("big.bin is given up; the same /save goes on where it stopped")
        await stage.wait_gone("45 %")


async def test_without_a_way_for_files_it_is_said() -> None:
    async with open_stage() as stage:
        await stage.type("/save x")
        await stage.on_top(LineScreen)
        await stage.pilot.press("enter")
        await stage.wait_text("x is not saved: cannot read '/w/x'")


async def test_a_large_image_is_brought_first_and_named_by_its_path() -> None:
    cart = Cart()
    image = decode_image(pictures.PNG + bytes(INLINE_BYTES), name="shot.png").attachment()
    options = TuiOptions(grace_seconds=0, patience=0, prompt="look", attachments=(image,))
    async with open_stage(carrier=cart, options=options, ready=False) as stage:
        await stage.wait_text("bringing an image to the devbox")
        assert not stage.script.asked("turn/start")
        cart.may_end.set()
        await stage.wait_call("turn/start")
        sent = stage.script.asked("turn/start")[0]["input"]
        assert sent[1:] == [{"type": "localImage", "path": f"/there/{cart.brought[0].name}"}]
        assert cart.brought[0].content == pictures.PNG + bytes(INLINE_BYTES)
        await stage.wait_gone("bringing an image")


async def test_an_image_that_cannot_be_brought_goes_inside_the_message() -> None:
    cart = Cart(failure=CopyFailed("write", b"x", where="devbox", said="No space left on device"))
    image = decode_image(pictures.PNG + bytes(INLINE_BYTES), name="shot.png").attachment()
    options = TuiOptions(grace_seconds=0, patience=0, prompt="look", attachments=(image,))
    async with open_stage(carrier=cart, options=options, ready=False) as stage:
        await stage.wait_call("turn/start")
        sent = stage.script.asked("turn/start")[0]["input"]
        assert [part["type"] for part in sent] == ["text", "image"]
        await stage.wait_text("the image goes inside the message: No space left on device")
