"""The peers the other tests lean on are real, work, and leave nothing behind."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from tests.conftest import StartCodex, StartSshd, StartTmux
from tests.support import processes
from tests.support.codex import CodexAppServer, CodexBinary
from tests.support.listening import Listening, exposed, listening, listening_in_tree
from tests.support.lockstep import QUIET_SECONDS, open_lockstep
from tests.support.model import Model
from tests.support.require import require
from tests.support.serving import serving
from tests.support.sink import Sink
from tests.support.sshd import Sshd, open_sshd
from tests.support.tmux import open_tmux
from tests.support.waiting import NeverHappened, until
from tests.support.wire import open_wire


async def ssh(server: Sshd, command: str) -> processes.Finished:
    argv: list[str | Path] = ["ssh", "-F", server.ssh_config, "-o", "LogLevel=ERROR", server.alias, command]
    return await processes.run(argv, seconds=30)


# ------------------------------------------------------------------ sshd


@pytest.mark.sshd
async def test_the_ssh_program_logs_in_with_nothing_but_the_config_file(sshd: Sshd) -> None:
    done = await ssh(sshd, "true")
    assert done == processes.Finished(code=0, out="", err="")
    assert (sshd.logins, sshd.connections) == (1, 1)


@pytest.mark.sshd
async def test_a_login_has_a_private_home_with_its_bin_first_in_the_path(sshd: Sshd) -> None:
    sshd.install(Path("/bin/echo"), "greet")
    done = await ssh(sshd, 'greet "$HOME" ; command -v greet')
    assert done.out.splitlines() == [str(sshd.home), str(sshd.home / "bin" / "greet")]


@pytest.mark.sshd
async def test_lines_of_the_test_win_over_the_server_config(start_sshd: StartSshd) -> None:
    closed = await start_sshd("closed", lines=["ForceCommand echo 'no way'"])
    open_one = await start_sshd("open")
    assert (await ssh(closed, "echo hello")).out == "no way\n"
    assert (await ssh(open_one, "echo hello")).out == "hello\n"


@pytest.mark.sshd
async def test_an_unknown_host_key_is_refused(sshd: Sshd) -> None:
    sshd.known_hosts.write_text("")
    done = await ssh(sshd, "true")
    assert done.code == 255
    assert "Host key verification failed" in done.err


@pytest.mark.sshd
async def test_a_cut_ends_the_login_and_the_next_one_works(sshd: Sshd) -> None:
    async with asyncio.TaskGroup() as tasks:
        long = tasks.create_task(ssh(sshd, "echo up > $HOME/up; sleep 60"))
        await until((sshd.home / "up").exists, "the login runs")
        sshd.cut()
    assert long.result().code == 255
    assert (await ssh(sshd, "echo again")).out == "again\n"


@pytest.mark.sshd
async def test_a_frozen_login_says_nothing_until_it_is_thawed(sshd: Sshd) -> None:
    async with asyncio.TaskGroup() as tasks:
        command = "echo up > $HOME/up; while [ ! -e $HOME/go ]; do sleep 0.02; done; echo said"
        waiting = tasks.create_task(ssh(sshd, command))
        await until((sshd.home / "up").exists, "the login runs")
        await sshd.freeze()
        (sshd.home / "go").touch()
        frozen = sshd.connection_pids()
        stat = [(Path("/proc") / str(pid) / "stat").read_text() for pid in frozen]
        assert stat
        assert all(line.rpartition(")")[2].split()[0] == "T" for line in stat)
        assert not waiting.done()
        sshd.thaw()
    assert waiting.result().out == "said\n"


@pytest.mark.sshd
async def test_a_stopped_server_refuses_and_comes_back_on_its_port(sshd: Sshd) -> None:
    port = sshd.port
    await sshd.stop()
    assert "Connection refused" in (await ssh(sshd, "true")).err
    await sshd.start()
    assert sshd.port == port
    assert (await ssh(sshd, "true")).code == 0


@pytest.mark.sshd
async def test_what_a_login_detached_ends_with_the_server(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as server:
        await ssh(server, "setsid sleep 300 > /dev/null 2>&1 < /dev/null &")

        def sleeping() -> list[int]:
            home = processes.with_variable("HOME", str(server.home))
            return [pid for pid in home if processes.command_line(pid)[:1] == ["sleep"]]

        # The login answers before its background child has become a sleep.
        await until(lambda: bool(sleeping()), "the detached program runs")
        left = sleeping()
    assert not any(map(processes.is_alive, left))


@pytest.mark.sshd
@pytest.mark.codex
async def test_a_login_finds_codex_and_the_app_server_of_its_home(
    sshd: Sshd, start_codex: StartCodex, codex_binary: CodexBinary
) -> None:
    sshd.install(codex_binary.path, "codex")
    server = await start_codex(codex_binary, codex_home=sshd.home / ".codex")
    done = await ssh(sshd, "codex --version; cat ~/.codex/app-server-token; exit 3")
    assert done.code == 3
    assert done.out == f"codex-cli {codex_binary.version()}\n{server.token}\n"


# ------------------------------------------------------------------ codex and the model


@pytest.mark.codex
async def test_a_turn_runs_from_prompt_to_answer(codex_app_server: CodexAppServer, model: Model) -> None:
    async with open_wire(codex_app_server.endpoint, codex_app_server.token) as wire:
        greeting = await wire.initialize()
        assert greeting["userAgent"].startswith(f"tests/{codex_app_server.binary.version()} ")
        thread = await wire.start_thread(cwd=str(codex_app_server.cwd))
        await wire.start_turn(thread, "think about it\nsay hello there")
        turn = await wire.finish_turn()
    assert turn["status"] == "completed"
    assert turn["items"][-1]["text"] == "hello there"
    assert "item/reasoning/summaryTextDelta" in wire.methods()
    assert len(model.requests) == 1


@pytest.mark.codex
async def test_a_command_runs_after_its_approval(codex_app_server: CodexAppServer) -> None:
    async with open_wire(codex_app_server.endpoint, codex_app_server.token) as wire:
        await wire.initialize()
        thread = await wire.start_thread(cwd=str(codex_app_server.cwd), approvalPolicy="untrusted")
        await wire.start_turn(thread, "run: echo made > made.txt\npatch patched.txt\nplan\nsay ok")
        for wanted in ("item/commandExecution/requestApproval", "item/fileChange/requestApproval"):
            request = await wire.hear_request()
            assert request["method"] == wanted
            await wire.send({"id": request["id"], "result": {"decision": "accept"}})
        turn = await wire.finish_turn()
    assert turn["status"] == "completed"
    assert "turn/plan/updated" in wire.methods()
    assert (codex_app_server.cwd / "made.txt").read_text() == "made\n"
    assert (codex_app_server.cwd / "patched.txt").read_text() == "first line\nsecond line\n"


@pytest.mark.codex
async def test_a_held_answer_goes_on_when_released(codex_app_server: CodexAppServer, model: Model) -> None:
    async with open_wire(codex_app_server.endpoint, codex_app_server.token) as wire:
        await wire.initialize()
        thread = await wire.start_thread(cwd=str(codex_app_server.cwd))
        await wire.start_turn(thread, "hold one two")
        await model.wait_holding()
        assert "turn/completed" not in wire.methods()
        model.release()
        assert (await wire.finish_turn())["status"] == "completed"


@pytest.mark.codex
async def test_a_model_error_fails_the_turn_and_the_next_one_works(
    codex_app_server: CodexAppServer,
) -> None:
    async with open_wire(codex_app_server.endpoint, codex_app_server.token) as wire:
        await wire.initialize()
        thread = await wire.start_thread(cwd=str(codex_app_server.cwd))
        await wire.start_turn(thread, "fail 400")
        assert (await wire.finish_turn())["status"] == "failed"
        await wire.start_turn(thread, "say better")
        assert (await wire.finish_turn())["status"] == "completed"


@pytest.mark.codex
async def test_an_app_server_on_a_unix_socket_takes_clients(
    start_codex: StartCodex, codex_binary: CodexBinary, short_path: Path
) -> None:
    server = await start_codex(codex_binary, listen=f"unix://{short_path}/s")
    assert (server.port, server.token) == (0, "")
    async with open_wire(server.endpoint) as wire:
        assert (await wire.initialize())["platformOs"] == "linux"


async def test_the_model_runs_as_a_program_of_its_own() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.support.model"), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        async with asyncio.timeout(20):
            url = (await process.stdout.readline()).decode().strip()
        said = [{"type": "message", "role": "user", "content": [{"text": "say hi"}]}]
        request = urllib.request.Request(f"{url}/responses", data=json.dumps({"input": said}).encode())
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with await asyncio.to_thread(opener.open, request, timeout=20) as answer:
            events = answer.read().decode()
        assert '"text": "hi"' in events
        assert "event: response.completed" in events
    finally:
        await processes.end(process)


# ------------------------------------------------------------------ tmux


@pytest.mark.tmux
async def test_a_program_on_a_terminal_takes_keys_and_shows_its_screen(
    start_tmux: StartTmux,
) -> None:
    terminal = await start_tmux(["sh", "-c", "stty size; read line; echo got $line; exit 7"])
    await terminal.wait_text("24 80")
    await terminal.type("some; text")
    await terminal.key("Enter")
    await terminal.wait_text("got some; text")
    assert await terminal.wait_exit() == 7


@pytest.mark.tmux
async def test_a_screen_that_never_comes_is_shown_in_the_error(start_tmux: StartTmux) -> None:
    terminal = await start_tmux(["cat"], columns=140, lines=45)
    await terminal.paste("two\nlines\n")
    with pytest.raises(NeverHappened, match=r"'absent' on the screen(.|\n)*\| lines"):
        await terminal.wait_text("absent", seconds=1)


@pytest.mark.tmux
async def test_a_signal_is_told_from_an_exit_code(start_tmux: StartTmux) -> None:
    terminal = await start_tmux(["sh", "-c", "kill -TERM $$"])
    assert await terminal.wait_exit() == 143


@pytest.mark.codex
@pytest.mark.tmux
async def test_the_official_client_shows_an_answer_of_the_model(
    codex_app_server: CodexAppServer, start_tmux: StartTmux, codex_home: Path
) -> None:
    codex, endpoint = codex_app_server.binary.path, codex_app_server.endpoint
    terminal = await start_tmux(
        [codex, "--remote", endpoint, "--remote-auth-token-env", "TEST_TOKEN"],
        environment={"TEST_TOKEN": codex_app_server.token, "CODEX_HOME": str(codex_home)},
        columns=100,
        lines=30,
    )
    await terminal.wait_text("scripted default")
    await terminal.type("say hello from afar")
    await terminal.wait_text("› say hello from afar")
    await terminal.key("Enter")
    await terminal.wait_text("• hello from afar")


@pytest.mark.tmux
async def test_what_runs_on_a_terminal_ends_with_it() -> None:
    async with open_tmux(["sh", "-c", "sleep 300 & sleep 300"]) as terminal:
        pid = await terminal.pid()
        await until(lambda: len(processes.tree(pid)) == 3, "both sleeps run")
        running = processes.tree(pid)
    assert not any(map(processes.is_alive, running))


# ------------------------------------------------------------------ sockets, sink, require


async def test_the_sink_counts_connections_and_bytes(sink: Sink) -> None:
    assert sink.proxy_environment["HTTPS_PROXY"] == f"http://127.0.0.1:{sink.port}"
    _, writer = await asyncio.open_connection("127.0.0.1", sink.port)
    writer.write(b"12345")
    await until(lambda: len(sink.received) == 5, "the sink has the bytes")
    writer.close()
    await writer.wait_closed()
    assert sink.connections == 1


async def test_two_who_greet_unasked_take_the_same_turns_on_a_busy_machine() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"greeting\n")
        await reader.readuntil(b"hello\n")
        for _ in range(20):  # it answers a little later than the other one
            await asyncio.sleep(0)
        writer.write(b"ready\n")
        await reader.readuntil(b"done\n")
        writer.write(b"bye\n")

    async with serving(greet) as port, open_lockstep(port) as relay:
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.port)
        writer.write(b"hello\n")
        # Both have been silent for long enough when the loop comes back to them.
        asyncio.get_running_loop().call_later(QUIET_SECONDS / 2, time.sleep, 0.8 * QUIET_SECONDS)
        await reader.readuntil(b"greeting\n")
        writer.write(b"go\n")
        await reader.readuntil(b"ready\n")
        writer.write(b"done\n")
        await reader.readuntil(b"bye\n")
        writer.close()
        await writer.wait_closed()
    assert len(relay.turns) == 2, relay.turns


def test_listening_sockets_are_found_and_judged(short_path: Path) -> None:
    me = os.getpid()
    before = listening([me])
    with (
        socket.create_server(("127.0.0.1", 0)) as near,
        socket.create_server(("0.0.0.0", 0)) as wide,
        socket.socket(socket.AF_UNIX) as hidden,
        socket.socket(socket.AF_UNIX) as loose,
    ):
        for door, mode in ((hidden, 0o600), (loose, 0o666)):
            path = short_path / f"{mode:o}"
            door.bind(str(path))
            path.chmod(mode)
            door.listen()
        found = set(listening([me])) - set(before)
        expected = {
            Listening(pid=me, kind="tcp", address="127.0.0.1", port=near.getsockname()[1]),
            Listening(pid=me, kind="tcp", address="0.0.0.0", port=wide.getsockname()[1]),
            Listening(pid=me, kind="unix", address=str(short_path / "600")),
            Listening(pid=me, kind="unix", address=str(short_path / "666")),
        }
        assert found == expected
        reasons = exposed([me])
    assert len(reasons) == 2
    assert any("0.0.0.0" in reason for reason in reasons)
    assert any("666" in reason for reason in reasons)


def test_an_ipv6_wildcard_is_exposed_and_its_loopback_is_not() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("no IPv6 here")
    for address, is_exposed in (("::1", False), ("::", True)):
        with socket.create_server((address, 0), family=socket.AF_INET6) as server:
            port = server.getsockname()[1]
            (found,) = [entry for entry in listening([os.getpid()]) if entry.port == port]
            assert (found.address, bool(found.exposed)) == (address, is_exposed)


@pytest.mark.codex
async def test_a_codex_app_server_listens_on_loopback_only(
    codex_app_server: CodexAppServer,
) -> None:
    found = listening_in_tree(codex_app_server.pid)
    assert [(entry.kind, entry.port) for entry in found if entry.kind != "unix"] == [
        ("tcp", codex_app_server.port)
    ]
    assert exposed(processes.tree(codex_app_server.pid)) == []


def test_a_missing_peer_skips_here_and_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match="missing real peer: a thing"):
        require(None, "a thing")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="missing real peer: a thing"):
        require(None, "a thing")
    assert require("here", "a thing") == "here"


@pytest.mark.parametrize("is_ci", [False, True])
def test_whatever_is_skipped_fails_in_ci_unless_it_is_too_old(tmp_path: Path, is_ci: bool) -> None:
    (tmp_path / "conftest.py").write_text("from tests.conftest import pytest_runtest_makereport\n")
    (tmp_path / "pytest.ini").write_text(f"[pytest]\npythonpath = {Path(__file__).parents[2]}\n")
    (tmp_path / "test_skips.py").write_text(
        "import pytest\n"
        "from tests.support.require import too_old\n"
        "@pytest.mark.skipif(True, reason='no thing by mark')\n"
        "def test_mark(): pass\n"
        "def test_call(): pytest.skip('no thing by call')\n"
        "def test_old(): too_old('a thing')\n"
        "@pytest.mark.xfail\n"
        "def test_expected(): assert False\n"
        "def test_runs(): pass\n"
    )
    environment = dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": "1", "CI": "true" if is_ci else ""}
    argv = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    done = asyncio.run(processes.run(argv, environment=environment))
    if is_ci:
        for reason in ("no thing by mark", "no thing by call"):
            assert f"skipped in CI: Skipped: {reason}" in done.out, done.out + done.err
        assert "1 failed, 1 passed, 1 skipped, 1 xfailed, 1 error" in done.out  # a mark is met in the setup
    else:
        assert "1 passed, 3 skipped, 1 xfailed" in done.out, done.out + done.err


def test_a_task_left_behind_fails_its_test(pytester_file: Path) -> None:
    done = asyncio.run(
        processes.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", pytester_file],
            environment=dict(os.environ) | {"PYTHONDONTWRITEBYTECODE": "1"},
        )
    )
    assert "tasks left behind" in done.out, done.out + done.err
    assert "1 passed, 1 error" in done.out


@pytest.fixture
def pytester_file(tmp_path: Path) -> Path:
    """A test file with a leak, beside a conftest that takes ours over."""
    (tmp_path / "conftest.py").write_text(
        "from tests.conftest import _no_task_is_left, _watched_tasks\n"
        "__all__ = ['_no_task_is_left', '_watched_tasks']\n"
    )
    root = Path(__file__).parents[2]
    (tmp_path / "pytest.ini").write_text(f"[pytest]\nasyncio_mode = auto\npythonpath = {root}\n")
    file = tmp_path / "test_leak.py"
    file.write_text(
        "import asyncio\n"
        "kept = []\n"
        "async def test_leaks():\n"
        "    kept.append(asyncio.get_running_loop().create_task(asyncio.sleep(60)))\n"
    )
    return file
