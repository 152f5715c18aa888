"""Files beside a session that heals: a copy that goes on over its next connection, and an upload."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from codex_ssh.core.copy_request import CopyRules
from codex_ssh.core.upload import Upload
from codex_ssh.link.carrier import LinkCarrier
from codex_ssh.link.files import Unwatched
from tests.conftest import StartCodex
from tests.integration.test_link_lifeline import watched
from tests.support.codex import CodexAppServer
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

MIB = 1024 * 1024


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex) -> CodexAppServer:
    return await start_codex(codex_home=sshd.home / ".codex")


class Cutting(Unwatched):
    """Sees a copy being made, and cuts every connection once some of it is there."""

    def __init__(self, sshd: Sshd) -> None:
        self.words: list[str] = []
        self._sshd = sshd
        self._done = 0
        self._is_cut = False

    def moved(self, size: int) -> None:
        self._done += size
        if self._done > 8 * MIB and not self._is_cut:
            self._is_cut = True
            self._sshd.cut()

    def tell(self, text: str) -> None:
        self.words.append(text)


async def test_a_copy_goes_on_over_the_next_connection_of_the_session(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    there = tmp_path / "there"
    there.write_bytes(os.urandom(40 * MIB))
    watch = Cutting(sshd)
    async with watched(sshd, server) as seen:
        carrier = LinkCarrier(seen.line)
        outcome = await carrier.save(str(there), str(tmp_path / "here"), CopyRules(), watch)
        assert (outcome.copied, outcome.connections, outcome.unchecked) == (1, 2, 0)
        assert outcome.resumed >= 4 * MIB
        path = await carrier.upload(Upload(folder="thread", name="a.png", content=b"image"))
        assert Path(path).read_bytes() == b"image"
        await seen.wait_session(2)
    assert (tmp_path / "here").read_bytes() == there.read_bytes()
    assert watch.words == ["the link is lost; the copy goes on when it is back", "the link is back"]
    # Two for the session and its healing: the copy needs none of its own.
    assert sshd.logins == 2
