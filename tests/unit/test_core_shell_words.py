"""A command is shown without its shell only when nothing else is hidden by that."""

from codex_ssh.core.shell_words import line_without_shell, split_words, without_shell


def test_a_shell_is_left_out_only_when_nothing_else_is_there() -> None:
    assert without_shell(("/bin/bash", "-lc", "a b")) == "a b"
    assert without_shell(("/tmp/bash", "-lc", "a b")) == "/tmp/bash -lc 'a b'"
    assert without_shell(("bash", "-lc")) == "bash -lc"
    assert without_shell(("bash", "-lc", "")) == "bash -lc ''"
    assert line_without_shell("zsh -c 'a'\\''b'") == "a'b"
    assert line_without_shell("zsh -c 'a' b") == "zsh -c 'a' b"


def test_a_large_script_is_taken_apart_at_once() -> None:
    script = "echo 'it works' \\$x\n" * 60_000
    quoted = script.replace("'", "'\"'\"'")
    assert line_without_shell(f"bash -lc '{quoted}'") == script


def test_what_is_not_closed_is_no_command_line() -> None:
    for text in ("'a", '"a', "a\\", "a 'b' \"c\\\""):
        assert split_words(text) is None
