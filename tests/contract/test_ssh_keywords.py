"""The table of ssh keywords in the docs against what the ssh of this machine prints."""

import re
import subprocess
from pathlib import Path

from tests.support.require import require_program

PAGE = Path(__file__).parents[2] / "docs/reference/ssh.md"
TESTS = Path(__file__).parents[1]
SSHD = TESTS / "support/sshd.py"


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


def test_every_keyword_that_is_honoured_is_tried_or_named_as_not_tried() -> None:
    section = PAGE.read_text().partition("## Every keyword")[2]
    honoured = section.partition("\nNot honoured")[0] + section.partition("\nHonoured by switching")[2]
    tables, _, untried = honoured.partition("\nNot tried")
    keywords = {word for line in tables.splitlines() if line.startswith("| `") for word in named(line)}
    assert len(keywords) > 40
    tests = [*TESTS.glob("integration/test_link_ssh*.py"), *TESTS.glob("unit/test_core_ssh_config*.py"), SSHD]
    tried = "\n".join(path.read_text() for path in tests).lower()
    missing = {keyword for keyword in keywords if not re.search(rf"\b{keyword}\b", tried)}
    assert missing == set(named(untried))


def named(line: str) -> list[str]:
    """The keywords in the first cell of a row, or in a line of text."""
    return re.findall(r"`([a-z0-9]+)`", line.split("|")[1] if line.startswith("|") else line)
