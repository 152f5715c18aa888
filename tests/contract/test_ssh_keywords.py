"""The table of ssh keywords in the docs against what the ssh of this machine prints."""

import re
import subprocess
from pathlib import Path

from tests.support.require import require_program

PAGE = Path(__file__).parents[2] / "docs/reference/ssh.md"


def described() -> list[str]:
    """Every keyword in the first column of a table of the last section."""
    section = PAGE.read_text().partition("## Every keyword")[2]
    cells = [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]
    return [keyword for cell in cells for keyword in re.findall(r"`([a-z0-9]+)`", cell)]


def test_no_keyword_is_described_twice() -> None:
    keywords = described()
    assert sorted(keywords) == sorted(set(keywords))


def test_every_keyword_ssh_prints_is_described() -> None:
    program = require_program("ssh", "ssh: apt-get install openssh-client")
    output = subprocess.run(
        [program, "-F", "none", "-G", "x"], capture_output=True, text=True, check=True, timeout=10
    ).stdout
    printed = {line.split(" ")[0].lower() for line in output.splitlines() if line}
    assert len(printed) > 60
    assert printed - set(described()) == set()
