"""A token is in no message, log, crash report, command line or environment where it does not belong.

Each test has a token of its own, the canary, so that tests that run beside it cannot be mistaken for it.
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import StartCodex, StartTmux
from tests.integration.test_link_ssh_login import let_in, make_key
from tests.support.codex import CodexAppServer, require_codex
from tests.support.model import Model
from tests.support.processes import end, run, tree, with_variable
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

DOOR_VARIABLE = "CODEX_SSH_DOOR_TOKEN"


@pytest.fixture
def canary() -> str:
    return f"canary-{secrets.token_hex(16)}"


@pytest.fixture
async def server(sshd: Sshd, start_codex: StartCodex, canary: str) -> CodexAppServer:
    """An app server of the login user, started with the canary in its token file."""
    home = sshd.home / ".codex"
    home.mkdir(mode=0o700)
    token_file = write_token(home, canary)
    return await start_codex(
        require_codex(),
        codex_home=home,
        auth=False,
        flags=("--ws-auth", "capability-token", "--ws-token-file", str(token_file)),
    )


def write_token(codex_home: Path, token: str) -> Path:
    path = codex_home / "app-server-token"
    path.write_text(token + "\n")
    path.chmod(0o600)
    return path


@dataclass(slots=True, kw_only=True)
class Client:
    """A codex-ssh that ran, and everything that could be seen of it.

    Attributes:
        out: stdout and stderr together.
        files: What it left below its HOME, by name.
        processes: Command line and environment of every process seen on both ends, as ``/proc`` has them.
    """

    out: str = ""
    code: int = 0
    files: dict[str, str] = field(default_factory=dict)
    processes: set[bytes] = field(default_factory=set)

    def places(self, text: str) -> list[str]:
        """Where the text is."""
        found = ["output"] if text in self.out else []
        found += [name for name, content in self.files.items() if text in content]
        return found + [repr(seen) for seen in self.processes if text.encode() in seen]


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return {**kept, "HOME": str(home), "XDG_STATE_HOME": str(home / "state"), **more}


def left_below(home: Path) -> dict[str, str]:
    return {str(path): path.read_text(errors="replace") for path in home.rglob("*") if path.is_file()}


def client_argv(sshd: Sshd, command: str, *words: str) -> list[str]:
    return [
        sys.executable,
        "-m",
        "codex_ssh",
        command,
        "-F",
        str(sshd.ssh_config),
        "-vvv",
        "--no-input",
        *words,
    ]


def look(sshd: Sshd, pid: int, seen: set[bytes]) -> None:
    """Note the command line and environment of the client's processes and of those of the login."""
    for each in {*tree(pid), *tree(sshd.pid), *with_variable("HOME", str(sshd.home))}:
        for name in ("cmdline", "environ"):
            try:
                seen.add(Path(f"/proc/{each}/{name}").read_bytes())
            except OSError:
                continue


async def watch(
    sshd: Sshd,
    argv: Sequence[str],
    directory: Path,
    *,
    variables: dict[str, str] | None = None,
    stop: Callable[[Client], bool] = lambda _: False,
) -> Client:
    """Run a client and look at every process until it ends; `stop` says when to send it Ctrl-C."""
    home = directory / "client-home"
    home.mkdir()
    client = Client()
    log_file = directory / "client.log"
    with log_file.open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment(home, **variables or {}),
        )
    stopped = False
    try:

        def ended() -> bool:
            nonlocal stopped
            look(sshd, process.pid, client.processes)
            client.out = log_file.read_text(errors="replace")
            if not stopped and process.returncode is None and stop(client):
                stopped = True
                process.send_signal(signal.SIGINT)
            return process.returncode is not None

        await until(ended, "the client ends", seconds=60, show=lambda: client.out)
    finally:
        await end(process)
    client.code = process.returncode or 0
    client.out = log_file.read_text(errors="replace")
    client.files = {str(path): path.read_text(errors="replace") for path in home.rglob("*") if path.is_file()}
    return client


async def test_the_token_read_over_ssh_is_seen_nowhere(
    sshd: Sshd, server: CodexAppServer, canary: str, tmp_path: Path
) -> None:
    argv = client_argv(
        sshd, "exec", "--endpoint", server.endpoint, "--approve", "all", "devbox", "run: env\nsay done"
    )

    client = await watch(sshd, argv, tmp_path)

    assert client.code == 0, client.out
    assert len(client.processes) > 4
    assert client.places(canary) == []


async def test_a_refused_token_is_not_in_the_message(
    sshd: Sshd, server: CodexAppServer, tmp_path: Path
) -> None:
    changed = f"canary-{secrets.token_hex(16)}"
    write_token(server.codex_home, changed)

    client = await watch(
        sshd, client_argv(sshd, "exec", "--endpoint", server.endpoint, "devbox", "hi"), tmp_path
    )

    assert client.code == 7, client.out
    assert "invalid websocket bearer token" in client.out
    assert client.places(changed) == []


async def test_a_token_file_open_to_others_is_refused_without_its_content(
    sshd: Sshd, server: CodexAppServer, canary: str, tmp_path: Path
) -> None:
    (server.codex_home / "app-server-token").chmod(0o644)

    client = await watch(
        sshd, client_argv(sshd, "exec", "--endpoint", server.endpoint, "devbox", "hi"), tmp_path
    )

    assert client.code == 7, client.out
    assert client.places(canary) == []


async def test_a_token_by_variable_is_seen_in_that_variable_only(
    sshd: Sshd, server: CodexAppServer, canary: str, tmp_path: Path
) -> None:
    argv = client_argv(
        sshd, "exec", "--endpoint", server.endpoint, "--remote-auth-token-env", "MY_TOKEN", "devbox", "hi"
    )

    client = await watch(sshd, argv, tmp_path, variables={"MY_TOKEN": canary})

    assert client.code == 0, client.out
    client.processes = {seen.replace(f"MY_TOKEN={canary}".encode(), b"") for seen in client.processes}
    assert client.places(canary) == []


async def test_the_token_made_when_a_server_is_started_is_seen_nowhere(
    sshd: Sshd, model: Model, tmp_path: Path
) -> None:
    codex = require_codex()
    model.write_config(sshd.home / ".codex")
    sshd.install(codex.path, "codex")

    # Without a token file named, a unix socket would be taken, where there is no token.
    argv = client_argv(sshd, "exec", "--token-file", "~/.codex/app-server-token", "devbox", "say started")
    client = await watch(sshd, argv, tmp_path)

    assert client.code == 0, client.out
    token = (sshd.home / ".codex" / "app-server-token").read_text().strip()
    assert len(token) >= 40
    assert client.places(token) == []


async def test_a_tunnel_shows_neither_token_unless_asked(
    sshd: Sshd, server: CodexAppServer, canary: str, tmp_path: Path
) -> None:
    told: dict[str, str] = {}

    def ready(client: Client) -> bool:
        for line in client.out.splitlines():
            if line.startswith("{") and not told:
                told.update(json.loads(line))
                told["token"] = Path(told["tokenFile"]).read_text().strip()
        return bool(told)

    argv = client_argv(sshd, "tunnel", "--endpoint", server.endpoint, "--json", "devbox")
    client = await watch(sshd, argv, tmp_path, stop=ready)

    assert client.code == 130, client.out
    assert client.places(canary) == []
    assert client.places(told["token"]) == []
    assert not Path(told["tokenFile"]).exists()


async def test_a_tunnel_shows_its_own_token_when_asked(
    sshd: Sshd, server: CodexAppServer, canary: str, tmp_path: Path
) -> None:
    argv = client_argv(sshd, "tunnel", "--endpoint", server.endpoint, "--json", "--show-token", "devbox")
    client = await watch(sshd, argv, tmp_path, stop=lambda client: '"token"' in client.out)

    told = next(json.loads(line) for line in client.out.splitlines() if line.startswith("{"))
    assert client.code == 130, client.out
    assert client.places(told["token"]) == ["output"]
    assert client.places(canary) == []


@pytest.mark.tmux
@pytest.mark.parametrize("flags", [[], ["--door"]], ids=["in the channel", "through the door"])
async def test_our_tui_shows_and_leaves_no_token(
    sshd: Sshd,
    server: CodexAppServer,
    canary: str,
    tmp_path: Path,
    start_tmux: StartTmux,
    flags: list[str],
) -> None:
    home = tmp_path / "client-home"
    home.mkdir()
    argv = client_argv(sshd, "connect", "--endpoint", server.endpoint, *flags, "devbox", "say all is well")
    terminal = await start_tmux(argv, environment=environment(home), columns=120, lines=40)
    await terminal.wait_text("all is well")
    client = Client()
    look(sshd, await terminal.pid(), client.processes)
    await terminal.wait_text("idle")
    await terminal.type("/quit")
    await terminal.key("Enter")
    client.code = await terminal.wait_exit()
    client.out = await terminal.history()
    client.files = left_below(home)

    assert client.code == 0, client.out
    assert any(name.endswith(".log") for name in client.files)
    assert client.places(canary) == []


@pytest.mark.tmux
async def test_a_recording_holds_no_token_even_where_a_program_prints_it(
    sshd: Sshd, server: CodexAppServer, canary: str, tmp_path: Path, start_tmux: StartTmux
) -> None:
    home = tmp_path / "client-home"
    home.mkdir()
    file = home / "session.jsonl"
    argv = client_argv(
        sshd, "connect", "--endpoint", server.endpoint, "--record", str(file), "devbox",
        f"run: tee < {server.codex_home}/app-server-token\nsay that is all",
    )  # fmt: skip
    terminal = await start_tmux(argv, environment=environment(home), columns=120, lines=40)
    await terminal.wait_text("that is all")
    await terminal.wait_text(canary)
    await terminal.wait_text("idle")
    await terminal.type("/quit")
    await terminal.key("Enter")
    code = await terminal.wait_exit()

    assert code == 0
    assert "app-server-token" in file.read_text()
    assert "that is all" in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert [name for name, content in left_below(home).items() if canary in content] == []


@pytest.mark.tmux
@pytest.mark.parametrize("client", ["asyncssh", "openssh"])
async def test_a_recording_holds_no_passphrase_even_where_it_is_said_again(
    sshd: Sshd, server: CodexAppServer, canary: str, tmp_path: Path, start_tmux: StartTmux, client: str
) -> None:
    home = tmp_path / "client-home"
    home.mkdir()
    file = home / "session.jsonl"
    key = await make_key(tmp_path / "key", passphrase=canary)
    let_in(sshd, key)
    config = sshd.client_config(f"IdentityFile {key}", name="mine")
    argv: list[str | Path] = [
        sys.executable, "-m", "codex_ssh", "connect", "-F", config, "--ssh", client,
        "--endpoint", server.endpoint, "--record", file, sshd.alias,
    ]  # fmt: skip
    terminal = await start_tmux(argv, environment=environment(home), columns=120, lines=40)
    await terminal.wait_text("passphrase for key")
    await terminal.type(canary)
    await terminal.key("Enter")
    await terminal.wait_text("idle")
    await terminal.type(f"say I know {canary}")
    await terminal.key("Enter")
    await until(lambda: "turn/completed" in file.read_text(), "the turn's end")
    await terminal.key("C-q")

    assert await terminal.wait_exit() == 0
    assert "say I know" in file.read_text()
    assert canary not in file.read_text()


@pytest.mark.tmux
async def test_the_official_tui_gets_the_doors_token_only(
    sshd: Sshd, server: CodexAppServer, canary: str, tmp_path: Path, start_tmux: StartTmux
) -> None:
    codex = require_codex()
    bin_dir, home = tmp_path / "bin", tmp_path / "client-home"
    bin_dir.mkdir()
    home.mkdir()
    (bin_dir / "codex").symlink_to(codex.path)
    argv = client_argv(
        sshd, "connect", "--endpoint", server.endpoint, "--tui", "codex", "--cd", str(server.cwd), "devbox"
    )
    terminal = await start_tmux(
        argv,
        environment={**environment(home), "PATH": f"{bin_dir}:{os.environ['PATH']}"},
        columns=120,
        lines=40,
    )
    await terminal.wait_text("OpenAI Codex")
    client = Client()
    look(sshd, await terminal.pid(), client.processes)
    client.out = await terminal.history()
    client.files = left_below(home)

    wanted = f"{DOOR_VARIABLE}=".encode()
    holders = [seen for seen in client.processes if wanted in seen]
    (door_token,) = {
        entry.removeprefix(wanted).decode()
        for seen in holders
        for entry in seen.split(b"\0")
        if entry.startswith(wanted)
    }
    assert len(door_token) >= 40
    client.processes -= set(holders)
    assert client.files
    assert client.places(door_token) == []
    assert client.places(canary) == []
    assert not [seen for seen in holders if canary.encode() in seen]


async def test_a_crash_report_holds_no_value(canary: str, tmp_path: Path) -> None:
    program = (
        "import sys\n"
        "from codex_ssh.cli.output import fail\n"
        "from codex_ssh.core.secret import Secret\n"
        "def broken(token):\n"
        "    headers = {'Authorization': 'Bearer ' + token}\n"
        "    secret = Secret(token)\n"
        "    raise RuntimeError(f'no reply to {headers} with {secret}')\n"
        "try:\n"
        "    broken(sys.stdin.read())\n"
        "except RuntimeError as error:\n"
        "    sys.exit(fail(error))\n"
    )
    done = await run(
        [sys.executable, "-c", program], stdin=canary, environment=environment(tmp_path), seconds=30
    )

    (report,) = tmp_path.rglob("crash-*.txt")
    text = report.read_text()
    assert done.code == 1
    assert str(report) in done.err
    assert "in broken" in text
    assert report.stat().st_mode & 0o777 == 0o600
    assert canary not in text + done.out + done.err
