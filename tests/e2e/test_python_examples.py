"""Every example of the page on Python runs as it stands there."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from tests.conftest import StartCodex
from tests.contract.documented import DOCS
from tests.support.cli import client_environment
from tests.support.processes import run
from tests.support.sshd import Sshd

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

PAGE = DOCS / "howto" / "python.md"
EXAMPLES = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=range(len(EXAMPLES)))
async def test_an_example_runs(example: str, sshd: Sshd, start_codex: StartCodex, tmp_path: Path) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    # Only where the devbox is, which the reader's own ssh config says.
    where = f'"devbox", ssh_config={str(sshd.ssh_config)!r}, endpoint={str(server.endpoint)!r}'
    program = example.replace('"devbox"', where)
    assert program != example
    # Without the development mode, which complains of every import that takes a while.
    environment = client_environment(tmp_path, PYTHONDEVMODE="")
    done = await run([sys.executable, "-W", "error", "-c", program], environment=environment, cwd=tmp_path)
    assert done.code == 0, done.err
    assert done.err == ""
    assert len(EXAMPLES) == 6
