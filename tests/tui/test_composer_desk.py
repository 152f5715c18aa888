"""What the composer has from the user's own machine: editor, clipboard, images; and its drafts on disk."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from textual import events

from codex_ssh.core.image import IMAGE_BYTES, Image, decode_image
from codex_ssh.core.outbox import Kept
from codex_ssh.errors import DeskFailed, ImageRefused
from codex_ssh.local.drafts import open_drafts
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.desk import NoDesk
from tests.support.pictures import PNG
from tests.tui.conversation import Script
from tests.tui.stage import Stage, open_stage

SHOT = decode_image(PNG, name="shot.png")


class Table(NoDesk):
    """A desk with an editor, a clipboard and files.

    Attributes:
        writes: What the editor makes of a text.
        clipboard: The image on it.
        files: Images by path.
    """

    def __init__(self, writes: Callable[[str], str] | None = None) -> None:
        super().__init__()
        self.writes = writes
        self.clipboard: Image | None = None
        self.files: dict[str, Image] = {}
        self.edited: list[str] = []

    async def edit(self, text: str) -> str:
        self.edited.append(text)
        if self.writes is None:
            raise DeskFailed("there is no editor: set $EDITOR")
        return self.writes(text)

    async def pasted_image(self) -> Image | None:
        return self.clipboard

    async def read_image(self, path: str) -> Image:
        if path not in self.files:
            raise ImageRefused(f"{path!r} is not there", path=path)
        return self.files[path]


class Disk:
    """Keeps what would be on disk."""

    def __init__(self) -> None:
        self.kept = Kept()

    def save(self, kept: Kept) -> None:
        self.kept = kept


async def paste(stage: Stage, text: str) -> None:
    stage.composer.post_message(events.Paste(text))
    await stage.pilot.pause()


async def test_the_editor_gets_everything_unfolded_and_gives_it_back() -> None:
    long = "".join(f"line {n}\n" for n in range(20))
    desk = Table(writes=lambda text: text.replace("line 1\n", "LINE ONE\n") + "\n")
    desk.clipboard = SHOT
    async with open_stage(desk=desk) as stage:
        await stage.type("see ", then="ctrl+v")
        await stage.wait_text("[shot.png 3×2, ")
        await paste(stage, long)
        await stage.pilot.press("x", "ctrl+g")
        await stage.wait(lambda: "LINE ONE" in stage.composer.draft.text, "the editor's text")
        assert desk.edited == [f"see [Image #1] {long}x"]
        draft = stage.composer.draft
        assert draft.text == f"see [Image #1] {long}x".replace("line 1\n", "LINE ONE\n")
        assert draft.attachments == (SHOT.attachment(),)
        await stage.pilot.press("ctrl+z")
        assert "LINE ONE" not in stage.composer.draft.text


async def test_an_editor_that_fails_changes_nothing() -> None:
    async with open_stage(desk=Table()) as stage:
        await stage.type("keep", then="ctrl+g")
        await stage.wait_text("there is no editor: set $EDITOR")
        assert stage.composer.text == "keep"


async def test_an_image_on_the_clipboard_goes_along_and_is_removed_as_one() -> None:
    desk = Table()
    desk.clipboard = SHOT
    async with open_stage(desk=desk) as stage:
        await stage.pilot.press("ctrl+v")
        await stage.wait_text("[shot.png 3×2, ")
        await stage.pilot.press("backspace", "backspace")
        assert stage.composer.text == ""
        await stage.type("what is ", then="ctrl+v")
        await stage.wait_text("[shot.png 3×2, ")
        await stage.type("there?")
        await stage.wait_call("turn/start")
        text, image = stage.script.asked("turn/start")[0]["input"]
        assert text["text"] == "what is [Image #1] there?"
        assert image == {"type": "image", "url": SHOT.data_url()}
        await stage.wait_text("shot.png 3×2")


async def test_an_empty_paste_of_the_terminals_own_key_means_an_image() -> None:
    desk = Table()
    desk.clipboard = SHOT
    async with open_stage(desk=desk) as stage:
        await paste(stage, "")
        await stage.wait_text("[shot.png 3×2, ")


async def test_without_an_image_it_says_how_to_paste_text() -> None:
    async with open_stage(desk=Table()) as stage:
        await stage.pilot.press("ctrl+v")
        await stage.wait_text("there is no image on the clipboard")
        stage.app.copy_to_clipboard("copied here")
        await stage.pilot.press("ctrl+v")
        await stage.wait(lambda: stage.composer.text == "copied here", "the text")


async def test_a_dropped_image_is_read_and_a_path_that_is_none_stays_text() -> None:
    desk = Table()
    desk.files = {"/home/me/a b.png": SHOT, "/home/me/c.png": SHOT}
    async with open_stage(desk=desk) as stage:
        await paste(stage, "'/home/me/a b.png' /home/me/c.png")
        await stage.wait(lambda: len(stage.composer.draft.attachments) == 2, "both images")
        await stage.pilot.press("ctrl+c")
        await paste(stage, "/home/me/gone.png")
        await stage.wait_text("'/home/me/gone.png' is not there")
        assert stage.composer.draft.pieces == ("/home/me/gone.png",)
        await stage.pilot.press("ctrl+c")
        await paste(stage, "/etc/hosts")
        assert stage.composer.draft.pieces == ("/etc/hosts",)


async def test_an_image_is_named_by_a_command() -> None:
    desk = Table()
    desk.files = {"/home/me/a b.png": SHOT}
    async with open_stage(desk=desk) as stage:
        await stage.type("/image /home/me/a b.png")
        await stage.wait_text("[shot.png 3×2, ")
        await stage.pilot.press("ctrl+c")
        desk.clipboard = SHOT
        await stage.type("/image ")
        await stage.wait_text("[shot.png 3×2, ")


async def test_images_too_large_for_one_message_are_refused_with_both_sizes() -> None:
    large = Image(media_type="image/png", width=3, height=2, content=b"x" * IMAGE_BYTES, name="large.png")
    desk = Table()
    desk.clipboard = large
    async with open_stage(desk=desk) as stage:
        for _ in range(3):
            await stage.pilot.press("ctrl+v")
        await stage.wait_text("60.0 MB together")
        assert len(stage.composer.draft.attachments) == 2


async def test_a_draft_with_all_in_it_comes_back_after_a_kill(tmp_path: Path) -> None:
    desk = Table()
    desk.clipboard = SHOT
    long = "x\x1b\n" * 40
    with open_drafts(tmp_path, "devbox") as drafts:
        async with open_stage(desk=desk, drafts=drafts) as stage:
            await stage.type("see ", then="ctrl+v")
            await stage.wait_text("[shot.png 3×2, ")
            await paste(stage, long)
            draft = stage.composer.draft
            stage.app._refresh_now()
    with open_drafts(tmp_path, "devbox") as drafts:
        options = TuiOptions(grace_seconds=0, left=drafts.left[0])
        async with open_stage(options=options, drafts=drafts) as stage:
            await stage.wait(lambda: stage.composer.draft == draft, "the draft")
            await stage.pilot.press("enter")
            await stage.wait_call("turn/start")
            text, image = stage.script.asked("turn/start")[0]["input"]
            assert text["text"] == f"see [Image #1] {long}"
            assert image["url"] == SHOT.data_url()


async def test_a_refused_message_comes_back_with_its_image() -> None:
    desk = Table()
    desk.clipboard = SHOT
    script = Script()
    script.refuses("turn/start", "Server is draining; retry after reconnecting")
    async with open_stage(script, desk=desk) as stage:
        await stage.type("see ", then="ctrl+v")
        await stage.wait_text("[shot.png 3×2, ")
        draft = stage.composer.draft
        await stage.pilot.press("enter")
        await stage.wait_text("Server is draining")
        await stage.wait(lambda: stage.composer.draft == draft, "all of it is back")


async def test_a_typed_path_to_an_image_is_offered_and_enter_sends_it_as_text() -> None:
    desk = Table()
    desk.files = {"/home/me/c.png": SHOT}
    async with open_stage(desk=desk) as stage:
        await stage.type("see /home/me/c.png", then="")
        await stage.wait_text("tab: send this image of your own machine along")
        await stage.pilot.press("tab")
        assert stage.composer.draft.attachments == (SHOT.attachment(),)
        assert stage.composer.draft.text == "see [Image #1] "
        await stage.pilot.press("ctrl+c")
        await stage.type("see /home/me/c.png", then="")
        await stage.wait_text("tab: send this image of your own machine along")
        await stage.pilot.press("enter")
        await stage.wait_call("turn/start")
        assert [one["type"] for one in stage.script.asked("turn/start")[0]["input"]] == ["text"]


async def test_a_typed_path_that_is_none_here_is_text() -> None:
    async with open_stage(desk=Table()) as stage:
        await stage.type("/srv/devbox/c.png")
        await stage.wait_call("turn/start")


async def test_what_is_being_written_is_kept_while_something_older_is_shown() -> None:
    disk = Disk()
    async with open_stage(drafts=disk) as stage:
        await stage.type("said before")
        await stage.wait_text("› said before")
        await stage.type("half a sentence", then="up")
        assert stage.composer.text == "said before"
        stage.app._refresh_now()
        assert disk.kept.draft.text == "half a sentence"
        await stage.pilot.press("x")
        await stage.wait(lambda: disk.kept.draft.text == "half a sentence\n\nsaid beforex", "both are kept")
        await stage.pilot.press("ctrl+c")
        await stage.type("other", then="ctrl+r")
        await stage.type("bef", then="")
        await stage.wait(lambda: stage.composer.text == "said before", "the match")
        stage.app._refresh_now()
        assert disk.kept.draft.text == "other"


async def test_a_paste_no_server_takes_is_refused_and_a_long_one_goes_to_the_editor() -> None:
    async with open_stage(desk=Table()) as stage:
        await paste(stage, "x" * 11_000_000)
        await stage.wait_text("a paste of 11.0 MB is more than an app server takes")
        assert stage.composer.text == ""
        await paste(stage, "line\n" * 100_000)
        await stage.pilot.press("alt+o")
        await stage.wait_text("your editor takes all of it")
        assert stage.composer.draft.seen == "[pasted 100 000 lines]"
