"""Small programs, run to their end in a bounded time."""

from __future__ import annotations

import os
from pathlib import Path

from codex_ssh.local.program import run_program
from tests.support import processes
from tests.support.programs import put_program
from tests.support.waiting import until


async def test_a_program_gets_its_words_its_input_and_its_variables(tmp_path: Path) -> None:
    program = put_program(tmp_path, "p", 'printf "%s|" "$@" "$VALUE"; cat')

    ran = await run_program(
        [str(program), "a b", "$(id)"],
        seconds=10,
        stdin=b"in\0put",
        most=100,
        environment={**os.environ, "VALUE": "v"},
    )

    assert ran is not None
    assert (ran.code, ran.out) == (0, b"a b|$(id)|v|in\0put")


async def test_an_exit_code_and_a_signal_are_told(tmp_path: Path) -> None:
    failed = await run_program([str(put_program(tmp_path, "f", "exit 7"))], seconds=10)
    killed = await run_program([str(put_program(tmp_path, "k", "kill -9 $$"))], seconds=10)

    assert failed is not None
    assert killed is not None
    assert (failed.code, killed.code) == (7, -9)


async def test_a_program_that_is_not_there_or_none_gives_nothing(tmp_path: Path) -> None:
    (tmp_path / "text").write_text("no program")

    assert await run_program([str(tmp_path / "nothing")], seconds=10) is None
    assert await run_program([str(tmp_path / "text")], seconds=10) is None


async def test_a_program_that_does_not_end_is_killed_with_what_it_started(tmp_path: Path) -> None:
    program = put_program(tmp_path, "p", 'sleep 600 & echo $! > "$HERE/child"; wait')

    assert await run_program([str(program)], seconds=0.5) is None

    child = int((tmp_path / "child").read_text())
    await until(lambda: not processes.is_alive(child), "its child is gone")


async def test_what_it_started_may_stay(tmp_path: Path) -> None:
    program = put_program(tmp_path, "p", 'sleep 600 & echo $! > "$HERE/child"; wait')

    assert await run_program([str(program)], seconds=0.5, may_stay=True) is None

    child = int((tmp_path / "child").read_text())
    assert processes.is_alive(child)
    processes.kill([child])


async def test_a_child_that_lives_on_does_not_keep_us(tmp_path: Path) -> None:
    # As xclip and wl-copy do: the parent ends, the child serves the clipboard with the same stdout.
    program = put_program(tmp_path, "p", 'cat > "$HERE/got"; sleep 600 & echo $! > "$HERE/child"')

    ran = await run_program([str(program)], seconds=10, stdin=b"text")

    assert ran is not None
    assert ran.code == 0
    assert (tmp_path / "got").read_bytes() == b"text"
    processes.kill([int((tmp_path / "child").read_text())])


async def test_no_more_is_read_than_was_asked_for(tmp_path: Path) -> None:
    endless = await run_program([str(put_program(tmp_path, "y", "yes"))], seconds=10, most=1000)

    assert endless is not None
    assert len(endless.out) == 1001


async def test_input_nobody_reads_is_no_fault(tmp_path: Path) -> None:
    ran = await run_program([str(put_program(tmp_path, "p", "exit 0"))], seconds=10, stdin=b"x" * 1_000_000)

    assert ran is not None
    assert ran.code == 0


async def test_it_has_no_terminal_and_a_session_of_its_own(tmp_path: Path) -> None:
    program = put_program(
        tmp_path, "p", "tty; (: > /dev/tty) 2>/dev/null && echo has; ps -o sid= -p $$; echo $$"
    )

    ran = await run_program([str(program)], seconds=10, most=200)

    assert ran is not None
    said = ran.out.decode().split("\n")
    assert said[0] == "not a tty"
    assert said[1].strip() == said[2]
