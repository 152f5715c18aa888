"""The list of threads against a real codex: what runs, what waits, what is said unasked, previews."""

from __future__ import annotations

import pytest

from codex_ssh.core.thread import Need
from codex_ssh.tui.roster import Roster, View
from tests.conftest import StartCodex
from tests.integration.test_thread_held import chat_with, said
from tests.support.codex import CodexBinary
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


def needs(roster: Roster) -> dict[str, Need]:
    return {thread.preview: thread.status.need for thread in roster.threads}


async def test_another_client_sees_threads_run_wait_get_names_and_go(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    flags = ("-c", 'sandbox_mode="workspace-write"')
    server = await start_codex(codex_binary, codex_home=sshd.home / ".codex", flags=flags)
    async with chat_with(sshd, server, None) as worker, chat_with(sshd, server, None) as looker:
        roster = looker.roster
        roster.is_watched = True
        worker.send("say the first words")
        await until(lambda: "the first words" in said(worker), "an answer")
        await until(lambda: worker.transcript and not worker.transcript.state.is_running, "its end")
        await roster.read()
        assert needs(roster) == {"say the first words": Need.NONE}
        thread = roster.threads[0]

        worker.send("escalate: touch never")
        await until(lambda: needs(roster)["say the first words"] is Need.WAITING, "it waits")
        await until(lambda: worker.asks, "its own client is asked")
        worker.interrupt()
        await until(lambda: needs(roster)["say the first words"] is Need.NONE, "it is over")

        exchange = (await roster.preview(thread.id))[0]
        assert (exchange.said, exchange.answer) == ("say the first words", "the first words")
        assert looker.transcript is not None
        assert looker.transcript.thread_id != thread.id

        await roster.rename(thread.id, "the first")
        await until(lambda: worker.transcript and worker.transcript.name == "the first", "the name")
        await roster.read(View(search="first"))
        assert [one.name for one in roster.threads] == ["the first"]
        await roster.read(View(cwd="/nowhere"))
        assert roster.threads == []

        await roster.read(View())
        await roster.put_away(thread.id)
        await roster.read(View(archived=True))
        assert [one.id for one in roster.threads] == [thread.id]
        await roster.put_away(thread.id)
        await roster.read(View())
        assert [one.id for one in roster.threads] == [thread.id]


async def test_a_thread_that_begins_elsewhere_is_found(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    server = await start_codex(codex_binary, codex_home=sshd.home / ".codex")
    async with chat_with(sshd, server, None) as worker, chat_with(sshd, server, None) as looker:
        looker.roster.is_watched = True
        await looker.roster.read()
        assert looker.roster.threads == []
        worker.send("slow 60 20")
        await until(lambda: "slow 60 20" in needs(looker.roster), "the new thread")
