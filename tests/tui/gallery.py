"""The transcript alone on a screen: pictures of entries do not change with what stands around it."""

from __future__ import annotations

from textual.app import App, ComposeResult
from textual.pilot import Pilot

from codex_ssh.core.events import decode_event
from codex_ssh.core.methods import thread_start
from codex_ssh.core.rpc import Json, Notification
from codex_ssh.core.transcript import Transcript
from codex_ssh.server.rehearsal.exhibit import find_exhibit
from codex_ssh.server.rehearsal.exhibit_frame import Began, Ended, Scene, Told
from codex_ssh.tui.app import CodexApp
from codex_ssh.tui.widgets.transcript_view import TranscriptView
from tests.tui.conversation import THREAD, opened


class Gallery(App[None]):
    """Shows a transcript."""

    CSS = CodexApp.CSS

    def __init__(self, transcript: Transcript) -> None:
        super().__init__(ansi_color=True)
        self.theme = "ansi-dark"
        self.transcript = transcript
        self.view = TranscriptView()

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.call_after_refresh(self.view.show, self.transcript.entries, self.transcript.cwd)


def exhibited(name: str) -> Transcript:
    """Give the transcript of a turn that shows an exhibit of the rehearsal."""
    exhibit = find_exhibit(name)
    assert exhibit is not None
    transcript = Transcript(thread_start().decode(opened()))

    def say(method: str, **params: Json) -> None:
        transcript.apply(decode_event(Notification(method=method, params={"threadId": THREAD, **params})))

    say("turn/started", turn={"id": "turn", "status": "inProgress"})
    count, item = 0, {}
    for frame in exhibit(Scene(cwd="/w", thread_id=THREAD)):
        match frame:
            case Began(item=shape):
                count += 1
                item = {**shape, "id": f"{name}-{count}"}
                say("item/started", turnId="turn", item=item)
            case Told(method=method, params=params):
                place = {"itemId": item["id"]} if frame.of_item else {}
                say(method, **({"turnId": "turn"} if frame.of_turn else {}), **place, **params)
            case Ended(changes=changes):
                say("item/completed", turnId="turn", item={**item, **changes})
    return transcript


async def hung(pilot: Pilot[object]) -> None:
    """Wait until everything hangs."""
    await pilot.pause()
    await pilot.pause()
