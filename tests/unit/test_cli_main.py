"""The command line as people write it: flags in front of, between and behind the words."""

from __future__ import annotations

import pytest

from codex_ssh.cli import connect, execute
from codex_ssh.cli.main import _parse, _with_command, run


@pytest.mark.parametrize(
    ("words", "host", "prompt"),
    [
        (["box"], "box", ""),
        (["box", "--cd", "/x"], "box", ""),
        (["box", "do it", "--cd", "/x"], "box", "do it"),
        (["--cd", "/x", "box", "do it"], "box", "do it"),
        (["box", "--cd", "/x", "do it"], "box", "do it"),
        (["box", "--cd", "/x", "--", "--do it"], "box", "--do it"),
        (["connect", "--cd", "/x", "box", "-v", "do it"], "box", "do it"),
        (["-v", "connect", "box", "--cd", "/x", "do it"], "box", "do it"),
    ],
)
def test_flags_may_stand_anywhere(words: list[str], host: str, prompt: str) -> None:
    arguments = _parse(_with_command(words))

    assert arguments.run is connect.run
    assert (str(arguments.host), arguments.prompt) == (host, prompt)
    assert arguments.cd == ("/x" if "--cd" in words else None)


def test_what_may_be_given_more_than_once_keeps_its_order() -> None:
    arguments = _parse(["exec", "--image", "a", "box", "--image", "b", "look"])

    assert arguments.run is execute.run
    assert (arguments.image, arguments.prompt) == (["a", "b"], "look")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["box", "a", "b"], "unrecognized arguments: b"),
        (["box", "--no-such", "x"], "unrecognized arguments: --no-such"),
        (["exec", "box"], "required: PROMPT"),
        (["hosts", "x"], "words want --threads"),
        (["box", "--cd"], "expected one argument"),
    ],
)
def test_a_wrong_one_is_said_so(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["box", "do it", "--approve-only"], "--approve-only says nothing to the model"),
        (["box", "--image", "x.png", "--approve-only"], "--approve-only says nothing to the model"),
        (["box", "--tui", "codex", "--approve-only"], "--approve-only is for our own TUI"),
        (["box", "--tui", "codex", "--record", "x"], "--record is for our own TUI"),
    ],
)
def test_what_does_not_go_together_is_said_before_anything_is_asked(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(words) == 2
    assert said in capsys.readouterr().err
