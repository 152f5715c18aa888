"""Man pages from the parser: one for ``codex-ssh``, and one for each of its commands.

``make man`` writes them to ``build/man``. Whoever builds a wheel gets them into it as
``share/man/man1/*.1``: this file is a build hook of hatchling too. An editable installation has none.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parents[1]
WHERE = "share/man/man1"

_EXIT_CODE = re.compile(r"^\| (\d+) \| `\w+` \| (.+?) \|$", re.MULTILINE)
"""A row of docs/reference/exit-codes.md, which a test compares with the code."""


def pages() -> dict[str, str]:
    """Give every page by its file's name."""
    sys.path.insert(0, str(ROOT))
    try:
        from codex_ssh.cli.main import build_parser
    finally:
        sys.path.remove(str(ROOT))

    parser = build_parser()
    (choice,) = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    commands = dict(choice.choices)
    helps = {action.dest: action.help or "" for action in choice._choices_actions}
    choice.choices.clear()  # the list of commands stays; each has a page of its own
    others = {name: f"codex-ssh-{name}" for name in commands}
    found = {
        "codex-ssh.1": _page(parser, "one command to a Codex turn on a devbox", see=[*others.values(), "ssh"])
    }
    for name, own in commands.items():
        own.prog = others[name]
        found[f"{others[name]}.1"] = _page(own, helps[name], see=["codex-ssh"])
    return found


def _page(parser: argparse.ArgumentParser, short: str, *, see: list[str]) -> str:
    from argparse_manpage.manpage import Manpage

    from codex_ssh import __version__

    called = parser.prog.replace("codex-ssh-", "codex-ssh ", 1)
    parser._positionals.title = "arguments"
    if parser.description == short:
        parser.description = None  # NAME says it already
    data = {"project_name": "codex-ssh", "version": __version__, "manual_title": "codex-ssh", "date": "-"}
    page = Manpage(parser, _data={**data, "description": short})
    page.date = ""  # a page is as new as its version
    page.synopsis = [called, *_words(parser)]
    page.add_section("exit status", "=", _exit_status())
    page.add_section("see also", "=", ", ".join(f"\\fB{_escape(name)}\\fR(1)" for name in see))
    # A line of text that begins so would be a request to the formatter.
    lines = (
        str(page).replace(".SH\nCOMMANDS", ".SH COMMANDS").replace(".SH COMMENTS", ".SH NOTES").split("\n")
    )
    return "\n".join("\\&" + line if line.startswith("'") else line for line in lines)


def _words(parser: argparse.ArgumentParser) -> list[str]:
    """What follows the command: every flag has its own entry below, so they are one word here."""
    usage = argparse.HelpFormatter("", width=200)
    usage.add_usage(None, parser._get_positional_actions(), [], "")
    return [r"[\fIOPTION\fR]...", *usage.format_help().split()]


def _exit_status() -> str:
    text = (ROOT / "docs" / "reference" / "exit-codes.md").read_text(encoding="utf-8")
    rows = _EXIT_CODE.findall(text)
    return "\n".join(f".TP\n\\fB{code}\\fR\n{_escape(meaning.replace('`', ''))}" for code, meaning in rows)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("-", "\\-")


def write(directory: Path) -> None:
    """Write every page into a directory, which is made."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (directory / name).write_text(text, encoding="utf-8")


class ManPages(BuildHookInterface[Any]):
    """Puts the pages into a wheel."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write them where hatchling finds them."""
        if version == "editable":
            return
        self._written = tempfile.TemporaryDirectory()
        directory = Path(self._written.name)
        write(directory)
        for path in sorted(directory.iterdir()):
            build_data["shared_data"][str(path)] = f"{WHERE}/{path.name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove what was written on the way."""
        if version != "editable":
            self._written.cleanup()


if __name__ == "__main__":
    os.environ.setdefault("COLUMNS", "80")
    write(Path(sys.argv[1]))
