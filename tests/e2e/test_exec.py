"""``codex-ssh exec`` from argv to exit code: a real sshd, and a real codex or the rehearsal engine."""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import StartCodex
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.codex import CodexBinary
from tests.support.processes import Finished, end
from tests.support.sink import Sink
from tests.support.sshd import Sshd
from tests.support.tls import open_tls_front
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]


@dataclass(frozen=True, slots=True, kw_only=True)
class Devbox:
    """A devbox with an app server, and the laptop that goes there."""

    sshd: Sshd
    home: Path
    endpoint: str
    workspace: Path
    rehearsal: bool = False

    def words(self, *more: str | Path) -> tuple[str | Path, ...]:
        return (
            "exec",
            "-F",
            self.sshd.ssh_config,
            "--endpoint",
            self.endpoint,
            "--cd",
            self.workspace,
            *more,
        )

    async def run(self, *words: str | Path, stdin: str = "") -> Finished:
        return await codex_ssh(*self.words(*words), home=self.home, stdin=stdin)


@pytest.fixture(params=["pypi", "npm", "rehearsal"])
async def devbox(
    request: pytest.FixtureRequest, sshd: Sshd, start_codex: StartCodex, tmp_path: Path, workspace: Path
) -> AsyncGenerator[Devbox, None]:
    """The same tests, whichever app server answers."""
    home = sshd.home / ".codex"
    if request.param == "rehearsal":
        home.mkdir(mode=0o700, exist_ok=True)
        token = home / "app-server-token"
        token.write_text("dG9rZW4tb2YtdGhlLXJlaGVhcnNhbA==\n")
        token.chmod(0o600)
        process = await asyncio.create_subprocess_exec(
            *PROGRAM, "app-server", "--engine", "rehearsal", "--listen", "ws://127.0.0.1:0",
            "--ws-auth", "capability-token", "--ws-token-file", str(token),
            env=client_environment(sshd.home, CODEX_HOME=str(home)), cwd=workspace,
            stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stderr is not None
        try:
            line = b""
            while b"listening on" not in line:
                line = await process.stderr.readline()
                assert line, "the rehearsal engine did not start"
            port = line.decode().partition("ws://127.0.0.1:")[2].strip()
            yield Devbox(
                sshd=sshd,
                home=tmp_path / "laptop",
                endpoint=f"ws://127.0.0.1:{port}",
                workspace=workspace,
                rehearsal=True,
            )
        finally:
            process.kill()
            await process.communicate()
        return
    binary = request.getfixturevalue("codex_named")(request.param)
    server = await start_codex(binary, codex_home=home)
    yield Devbox(sshd=sshd, home=tmp_path / "laptop", endpoint=str(server.endpoint), workspace=workspace)


@pytest.fixture
def codex_named() -> object:
    from tests.support.codex import require_codex

    def find(name: str) -> CodexBinary:
        return require_codex(name)

    return find


async def test_the_answer_is_on_stdout_and_nothing_else_is(devbox: Devbox) -> None:
    done = await devbox.run("devbox", "say hello from over there")
    assert (done.code, done.out) == (0, "hello from over there\n")
    assert str(devbox.workspace) in done.err


async def test_the_prompt_may_come_from_stdin(devbox: Devbox) -> None:
    done = await devbox.run("devbox", "-", stdin="say from stdin\n")
    assert (done.code, done.out) == (0, "from stdin\n")


async def test_approve_all_runs_the_command_and_never_declines_it(devbox: Devbox) -> None:
    asked = ("-a", "untrusted", "devbox", "run: touch made\nsay done")
    declined = await devbox.run("--approve", "never", *asked)
    assert declined.code == 0, declined.err
    assert not (devbox.workspace / "made").exists()
    assert "declined" in declined.err
    accepted = await devbox.run("--approve", "all", *asked)
    assert (accepted.code, accepted.out) == (0, "done\n"), accepted.err
    assert (devbox.workspace / "made").exists()


async def test_without_a_terminal_nothing_is_approved(devbox: Devbox) -> None:
    done = await devbox.run("-a", "untrusted", "devbox", "run: touch made")
    assert done.code == 0
    assert not (devbox.workspace / "made").exists()
    asking = await devbox.run("--approve", "ask", "devbox", "say hi")
    assert asking.code == 2
    assert "needs a terminal" in asking.err


async def test_json_is_one_object_a_line_from_thread_to_result(devbox: Devbox) -> None:
    done = await devbox.run("--json", "--approve", "all", "-a", "untrusted", "devbox", "run: echo 1\nsay two")
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in done.out.splitlines()]
    assert (lines[0]["type"], lines[0]["host"], lines[0]["cwd"]) == (
        "thread",
        "devbox",
        str(devbox.workspace),
    )
    assert {line["type"] for line in lines[1:-1]} == {"event", "decision"}
    assert [line["verdict"] for line in lines if line["type"] == "decision"] == ["accept"]
    assert (lines[-1]["type"], lines[-1]["status"], lines[-1]["answer"]) == ("result", "completed", "two")


async def test_a_thread_can_be_gone_on_with(devbox: Devbox) -> None:
    first = await devbox.run("--json", "devbox", "say one")
    thread = json.loads(first.out.splitlines()[0])["threadId"]
    seen = await codex_ssh("hosts", "--threads", "devbox", home=devbox.home)
    assert seen.out == f"{thread}\tsay one\n"
    second = await devbox.run("--json", "--resume", thread, "devbox", "say two")
    assert json.loads(second.out.splitlines()[0])["threadId"] == thread
    assert json.loads(second.out.splitlines()[-1])["answer"] == "two"


async def test_a_failed_turn_exits_with_ten_and_the_servers_words(devbox: Devbox) -> None:
    # The scripted model fails with the status it is told, the rehearsal engine by itself.
    done = await devbox.run("devbox", "fail" if devbox.rehearsal else "fail 400")
    assert done.code == 10
    assert done.out == ""
    assert "the turn ended as 'failed'" in done.err


async def test_a_thread_nobody_knows_is_said_in_the_servers_words(devbox: Devbox) -> None:
    done = await devbox.run("--resume", "00000000-0000-7000-8000-000000000000", "devbox", "say x")
    assert done.code == 10
    assert "no rollout found" in done.err or "not found" in done.err


async def test_ctrl_c_interrupts_the_turn_and_leaves_nothing(devbox: Devbox) -> None:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *map(str, devbox.words("--json", "devbox", "slow 2000 50")),
        env=client_environment(devbox.home), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        heard: list[str] = []
        while not any("agentMessage/delta" in line for line in heard):
            async with asyncio.timeout(30):
                heard.append((await process.stdout.readline()).decode())
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(30):
            _, err = await process.communicate()
    finally:
        await end(process)
    assert process.returncode == 130
    assert b"the turn was interrupted" in err
    await until(lambda: not devbox.sshd.connection_pids(), "the login is gone")


async def test_a_lost_link_says_so_and_where_the_turn_is(devbox: Devbox) -> None:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *map(str, devbox.words("--json", "--reconnect-for", "0", "devbox", "slow 2000 50")),
        env=client_environment(devbox.home), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        first = json.loads(await process.stdout.readline())
        await process.stdout.readline()
        devbox.sshd.cut()
        async with asyncio.timeout(30):
            _, err = await process.communicate()
    finally:
        await end(process)
    assert process.returncode == 9
    assert f"--resume {first['threadId']}".encode() in err


async def test_a_turn_is_followed_over_broken_links_to_its_end(devbox: Devbox) -> None:
    """Cut while an answer streams, and again and again: the end is the same, and nothing is said twice."""
    prompt = "run: echo one\nslow 40 50\nsay the last words"
    process = await asyncio.create_subprocess_exec(
        *PROGRAM, *map(str, devbox.words("--json", "devbox", prompt)),
        env=client_environment(devbox.home), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    lines: list[dict[str, Any]] = []
    cuts = 0
    try:
        async with asyncio.timeout(60):
            async for line in process.stdout:
                lines.append(json.loads(line))
                if cuts < 3 and lines[-1].get("method") == "item/agentMessage/delta":
                    devbox.sshd.cut()
                    cuts += 1
            err = await process.stderr.read() if process.stderr is not None else b""
            await process.wait()
    finally:
        await end(process)
    assert process.returncode == 0, err.decode()
    assert cuts > 0
    assert err.count(b"connected again") >= 1
    done = [line["params"]["item"] for line in lines if line.get("method") == "item/completed"]
    ids = [item["id"] for item in done]
    assert len(ids) == len(set(ids))
    texts = [item["text"] for item in done if item["type"] == "agentMessage"]
    assert [len(text.split()) for text in texts] == [40, 3]
    assert [item["type"] for item in done].count("userMessage") == 1
    assert lines[-1]["type"] == "result"
    assert (lines[-1]["status"], lines[-1]["answer"]) == ("completed", "the last words")


# ------------------------------------------------------------------ what goes wrong before


async def test_every_stage_has_its_exit_code_and_its_words(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    home = tmp_path / "laptop"

    async def fails(*words: str | Path, **environment: str) -> Finished:
        return await codex_ssh(
            "exec", "-F", sshd.ssh_config, *words, "devbox", "say x", home=home, environment=environment
        )

    endpoint = ("--endpoint", str(server.endpoint))
    wrong = await fails(*endpoint, "--remote-auth-token-env", "T", T="not-it")
    assert wrong.code == 7
    assert "error: devbox: token: the app server refused the credential (401)" in wrong.err
    assert "it said: invalid websocket bearer token" in wrong.err
    assert "hint: " in wrong.err
    assert "not-it" not in wrong.err
    nobody = await fails("--endpoint", "ws://127.0.0.1:1")
    assert (nobody.code, "nothing listens on port 1 there" in nobody.err) == (6, True)
    exposed = await fails("--endpoint", "ws://10.0.0.1:4500")
    assert (exposed.code, "not on the devbox's loopback" in exposed.err) == (2, True)
    unset = await fails(*endpoint, "--remote-auth-token-env", "NOT_SET")
    assert (unset.code, "'NOT_SET' is not set" in unset.err) == (3, True)
    userinfo = await fails("--wss", "wss://me:canary@host:1")
    assert (userinfo.code, "canary" in userinfo.err) == (2, False)
    config = home / ".config" / "codex-ssh" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text('[host."dev*"]\nmodle = "x"\n')
    typo = await fails()
    assert (typo.code, "did you mean 'model'?" in typo.err) == (3, True)
    config.unlink()
    keys = sshd.directory / "authorized_keys"
    keys.write_text("")
    assert (await fails()).code == 5
    await sshd.stop()
    gone = await fails()
    assert (gone.code, "Connection refused" in gone.err or "refused" in gone.err) == (4, True)


async def test_the_program_leaves_no_file_but_what_the_next_one_reads(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    done = await codex_ssh(
        "exec", "-F", sshd.ssh_config, "--endpoint", str(server.endpoint), "devbox", "say x",
        home=tmp_path / "laptop", environment={"TMPDIR": str(temporary)},
    )  # fmt: skip
    assert done.code == 0
    assert list(temporary.iterdir()) == []
    left = [path for path in (tmp_path / "laptop").rglob("*") if path.is_file()]
    assert sorted((path.parent.name, path.suffix) for path in left) == [
        ("lessons", ".endpoint"),
        ("lessons", ".json"),
        ("threads", ".tsv"),
    ]
    assert {path.stat().st_mode & 0o777 for path in left} == {0o600}
    assert not any(server.token in path.read_text() for path in left)


async def test_without_the_fast_path_nothing_is_learned(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    done = await codex_ssh(
        "exec", "-F", sshd.ssh_config, "--endpoint", str(server.endpoint), "--no-fast-path",
        "devbox", "say x", home=tmp_path / "laptop",
    )  # fmt: skip
    assert done.code == 0
    assert not list((tmp_path / "laptop").rglob("lessons"))


async def test_proxy_variables_of_the_laptop_carry_nothing_away(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path, sink: Sink
) -> None:
    server = await start_codex(codex_home=sshd.home / ".codex")
    done = await codex_ssh(
        "exec", "-F", sshd.ssh_config, "--endpoint", str(server.endpoint), "devbox", "say x",
        home=tmp_path / "laptop", environment=sink.proxy_environment,
    )  # fmt: skip
    assert (done.code, done.out) == (0, "x\n")
    async with open_tls_front(tmp_path / "tls", to_port=server.port) as front:
        direct = await codex_ssh(
            "exec", "--wss", front.url, "--tls-ca", front.ca_file, "--remote-auth-token-env", "T",
            "devbox", "say y",
            home=tmp_path / "laptop", environment={**sink.proxy_environment, "T": server.token},
        )  # fmt: skip
    assert (direct.code, direct.out) == (0, "y\n"), direct.err
    assert "by wss" in direct.err
    assert (sink.connections, bytes(sink.received)) == (0, b"")
