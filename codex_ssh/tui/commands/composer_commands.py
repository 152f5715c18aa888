"""Slash commands about what is written: the queue, images, going back to an earlier prompt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from codex_ssh.core.draft import draft_of
from codex_ssh.core.entry import Level
from codex_ssh.core.queue_methods import QUEUE_ADD
from codex_ssh.tui.commands.slash_command import SlashCommand
from codex_ssh.tui.screens.pick_screen import Choice

if TYPE_CHECKING:
    from codex_ssh.tui.app import CodexApp


async def queue(app: CodexApp, words: list[str]) -> None:
    """Go on with what waits, or forget it."""
    chat = app.chat
    match words:
        case ["start"]:
            await chat.queue.start()
        case ["clear"]:
            await chat.queue.clear()
        case _:
            waiting = [one.draft.seen for one in chat.queue.waiting]
            text = f"{len(waiting)} messages wait" if len(waiting) != 1 else "1 message waits"
            chat.note(Level.INFO, text, "\n".join(waiting))


async def image(app: CodexApp, words: list[str]) -> None:
    """Put an image of this machine into the message."""
    if words:
        app.composer.put_images([" ".join(words)])
    else:
        app.composer.paste_image()


async def back(app: CodexApp, _words: list[str]) -> None:
    """Go back to before something the user said, and say it in another way."""
    prompts = await app.chat.past.prompts()
    if not prompts:
        app.chat.note(Level.INFO, "there is nothing to go back to")
        return
    choices = [
        Choice(value=one.turn_id, label=draft_of(one.text, one.attachments).seen.strip() or "…")
        for one in prompts
    ]
    chosen = await app.pick("go back to before which of these? files stay as they are", choices)
    prompt = next((one for one in prompts if one.turn_id == chosen), None)
    if prompt is not None:
        await app.chat.past.go_back(prompt)


COMMANDS: Final = (
    SlashCommand(
        name="queue",
        about="messages for after the turn",
        argument="[start|clear]",
        run=queue,
        needs=(QUEUE_ADD,),
    ),
    SlashCommand(name="back", about="go back to before something you said", run=back),
    SlashCommand(
        name="image",
        about="send an image of this machine along; without PATH: from the clipboard",
        argument="[PATH]",
        run=image,
    ),
)
"""In the order of the menu."""
