"""One session, seen in our TUI and in the official one: what the app server tells is on both screens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from codex_ssh.core.entry import Entry
from codex_ssh.core.items import AgentMessage, CommandExecution, FileChange, Reasoning, UserMessage
from codex_ssh.link.lifeline import open_lifeline
from codex_ssh.tui.bridge import TuiOptions
from codex_ssh.tui.chat import open_chat
from codex_ssh.tui.diff import diff_lines
from tests.conftest import StartCodex, StartTmux
from tests.e2e.test_builtin_tui import open_tui as open_ours
from tests.e2e.test_official_tui import open_tui as open_official
from tests.e2e.test_official_tui import trusting
from tests.integration.test_link_connect import profile
from tests.integration.test_link_dial import Nobody
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex, pytest.mark.tmux]

PROMPT = """\
think about the parser
run: printf 'alpha\\nbeta\\n'
patch notes.txt
run: exit 3
say It is **done**, see `notes.txt`."""

LETTERS = re.compile(r"\w")


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary) -> CodexAppServer:
    return await start_codex(codex_binary, codex_home=sshd.home / ".codex")


def told(entries: list[Entry]) -> Iterator[str]:
    """Give every piece of text a person has to see, as the app server has it."""
    for entry in entries:
        match entry.content:
            case UserMessage(text=text):
                yield from text.splitlines()
            case AgentMessage(text=text):
                yield from re.sub(r"[*`]", "", text).splitlines()
            case Reasoning(summary=parts):
                yield from parts
            case CommandExecution() as command:
                yield command.plain_command
                yield from command.output.splitlines()
            case FileChange(changes=changes):
                for change in changes:
                    yield Path(change.path).name
                    yield from (line.text for line in diff_lines(change) if line.sign in "+-")
            case _:
                pass


def letters(text: str) -> str:
    """Give a text's letters and digits alone: frames, marks, folds at the edge and blanks differ."""
    return "".join(LETTERS.findall(text))


async def test_what_the_server_tells_is_on_both_screens(
    start_tmux: StartTmux, sshd: Sshd, server: CodexAppServer, workspace: Path, tmp_path: Path
) -> None:
    async with (
        open_lifeline(profile(sshd, server), Nobody(), Nobody) as line,
        open_chat(line, TuiOptions(cwd=str(workspace))) as chat,
    ):
        chat.open()
        await until(lambda: chat.transcript is not None and not chat.doing, "a thread")
        transcript = chat.transcript
        assert transcript is not None
        chat.send(PROMPT)
        await until(lambda: any(isinstance(e.content, FileChange) for e in transcript.entries), "the edit")
        await until(lambda: transcript.state.value == "idle", "its end", show=lambda: str(transcript.state))
        thread = transcript.thread_id
        wanted = [text for text in told(list(transcript.entries)) if letters(text)]
    assert len(wanted) > 8

    ours = await open_ours(
        start_tmux, tmp_path / "ours",
        "-F", str(sshd.ssh_config), "--endpoint", str(server.endpoint), "--resume", thread, "devbox",
        columns=140, lines=45,
    )  # fmt: skip
    await ours.wait_text("It is done, see notes.txt.")
    await ours.wait_text("idle")
    theirs = await trusting(
        lambda: open_official(start_tmux, sshd, server, workspace, tmp_path / "theirs", "--resume", thread),
        "It is done, see notes.txt.",
    )

    for name, screen in {"ours": await ours.screen(), "official": await theirs.history()}.items():
        seen = letters(screen)
        # What the prompt quotes must be there once more, as what came of it.
        times = {text: sum(letters(text) in letters(other) for other in wanted) for text in wanted}
        missing = [text for text, wanted_times in times.items() if seen.count(letters(text)) < wanted_times]
        # The official TUI folds a command's output and leaves thoughts to its own pager.
        if name == "official":
            missing = [text for text in missing if text not in ("about the parser", "alpha", "beta")]
        assert not missing, f"{name} does not show {missing}:\n{screen}"
