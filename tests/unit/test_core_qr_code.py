"""A QR code in half blocks is read by a reader that knows nothing of us."""

from __future__ import annotations

import pytest

from codex_ssh.core.qr_code import qr_rows
from tests.support.qr_reader import read_qr

COMMAND = "codex-ssh devbox --resume 019b1234-5678-7abc-8def-0123456789ab --approve-only"


@pytest.mark.parametrize(
    "text", [COMMAND, "x", "codex-ssh 'odd name' --resume ä漢字", COMMAND.replace("devbox", "d" * 120)]
)
def test_it_is_read_as_it_was_written(text: str) -> None:
    assert read_qr(qr_rows(text)) == [text]


def test_the_usual_one_fits_a_small_screen() -> None:
    rows = qr_rows(COMMAND)
    assert (len(rows[0]), len(rows)) == (37, 19)
    assert {len(row) for row in rows} == {37}
