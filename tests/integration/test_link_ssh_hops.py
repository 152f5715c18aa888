"""Through other hosts and other programs: jumps, ProxyCommand, and configs that would break us."""

import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.question import QuestionKind
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ConfigError, ForwardError, HostUnreachable, LinkLost, LoginRefused
from codex_ssh.local.terminal import SilentPrompter
from tests.support import processes
from tests.support.answers import Answers
from tests.support.ssh_clients import open_ssh
from tests.support.sshd import Sshd, open_sshd
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("ssh_client")


def merged(directory: Path, *sshds: Sshd, more: str = "") -> SshOptions:
    """One client config that knows several servers; ``more`` goes first."""
    path = directory / "merged"
    path.write_text(more + "\n" + "\n".join(sshd.ssh_config.read_text() for sshd in sshds))
    return SshOptions(config_file=str(path))


async def ask_port(host: str, options: SshOptions, prompter: Answers | SilentPrompter | None = None) -> str:
    """Log in and say which server's environment we are in."""
    async with open_ssh(parse_host(host), options, prompter or SilentPrompter()) as ssh:
        return (await ssh.run('echo "$WHERE"', timeout=10)).stdout.decode().strip()


BY_BASTION = "Host devbox\n ProxyJump bastion"


async def three(stack: AsyncExitStack, directory: Path) -> tuple[Sshd, Sshd, Sshd]:
    sshds = [
        await stack.enter_async_context(open_sshd(directory / name, alias=name, environment={"WHERE": name}))
        for name in ("devbox", "bastion", "inner")
    ]
    return sshds[0], sshds[1], sshds[2]


async def test_one_jump_and_two_jumps_arrive(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        devbox, bastion, inner = await three(stack, tmp_path)
        one = merged(tmp_path, devbox, bastion, inner, more=BY_BASTION)
        assert await ask_port("devbox", one) == "devbox"
        assert (devbox.logins, bastion.logins, inner.logins) == (1, 1, 0)
        two = merged(tmp_path, devbox, bastion, inner, more="Host devbox\n ProxyJump bastion,inner")
        assert await ask_port("devbox", two) == "devbox"
        assert (devbox.logins, bastion.logins, inner.logins) == (2, 2, 1)


async def test_a_jump_on_the_command_line_and_a_hop_with_a_hop_of_its_own(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        devbox, bastion, inner = await three(stack, tmp_path)
        options = merged(tmp_path, devbox, bastion, inner, more="Host inner\n ProxyJump bastion")
        flags = SshOptions(config_file=options.config_file, jump="inner")
        assert await ask_port("devbox", flags) == "devbox"
        assert (devbox.logins, bastion.logins, inner.logins) == (1, 1, 1)


async def test_a_hop_asks_its_own_questions_by_its_own_name(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        devbox, bastion, _ = await three(stack, tmp_path)
        more = (
            f"Host bastion\n UserKnownHostsFile {tmp_path}/none\n StrictHostKeyChecking ask\n"
            "Host devbox\n ProxyJump bastion"
        )
        person = Answers({QuestionKind.HOST_KEY: ["yes"]})
        assert await ask_port("devbox", merged(tmp_path, devbox, bastion, more=more), person) == "devbox"
        assert [question.host for question in person.questions] == ["bastion"]


async def test_a_refused_login_names_the_hop(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        devbox, bastion, _ = await three(stack, tmp_path)
        (bastion.directory / "authorized_keys").write_text("")
        with pytest.raises(LoginRefused) as caught:
            await ask_port("devbox", merged(tmp_path, devbox, bastion, more=BY_BASTION))
        assert caught.value.host == "bastion"
        assert devbox.connections == 0


async def test_a_hop_that_cannot_reach_the_host_is_named(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        devbox, bastion, _ = await three(stack, tmp_path)
        await devbox.stop()
        with pytest.raises(HostUnreachable, match="'bastion' cannot reach") as caught:
            await ask_port("devbox", merged(tmp_path, devbox, bastion, more=BY_BASTION))
        assert caught.value.said == "Connection refused"
        assert caught.value.host == "devbox"


async def test_a_hop_that_does_not_forward_is_named(tmp_path: Path) -> None:
    async with (
        open_sshd(tmp_path / "a", alias="devbox") as devbox,
        open_sshd(tmp_path / "b", alias="bastion", lines=["AllowTcpForwarding no"]) as bastion,
    ):
        with pytest.raises(ForwardError) as caught:
            await ask_port("devbox", merged(tmp_path, devbox, bastion, more=BY_BASTION))
        assert caught.value.host == "bastion"
        assert "administratively prohibited" in caught.value.said


async def test_a_lost_hop_is_a_lost_link(tmp_path: Path) -> None:
    async with AsyncExitStack() as stack:
        devbox, bastion, _ = await three(stack, tmp_path)
        options = merged(tmp_path, devbox, bastion, more=BY_BASTION)
        async with open_ssh(parse_host("devbox"), options, SilentPrompter()) as ssh:
            bastion.cut()
            async with asyncio.timeout(10):
                with pytest.raises(LinkLost):
                    await ssh.wait_lost()


async def test_jumps_in_a_circle_are_a_config_error(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("Host a\n ProxyJump b\nHost b\n ProxyJump a\n")
    with pytest.raises(ConfigError, match="hops"):
        await ask_port("a", SshOptions(config_file=str(tmp_path / "config")))


async def test_a_jump_that_is_not_a_host_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("Host a\n ProxyJump b;id\n")
    with pytest.raises(ConfigError):
        await ask_port("a", SshOptions(config_file=str(tmp_path / "config")))


PROXY = """\
import os, select, socket, sys
print("come this way", file=sys.stderr, flush=True)
there = socket.create_connection((sys.argv[1], int(sys.argv[2])))
while True:
    for ready in select.select([0, there], [], [])[0]:
        data = os.read(0, 65536) if ready == 0 else there.recv(65536)
        if not data:
            sys.exit()
        there.sendall(data) if ready == 0 else os.write(1, data)
"""


async def test_a_proxy_command_is_run_with_its_tokens_and_ended(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd", environment={"WHERE": "here"}) as sshd:
        program = tmp_path / "a proxy.py"
        program.write_text(PROXY)
        config = sshd.client_config(f"ProxyCommand python3 '{program}' %h %p", name="mine")
        person = Answers()
        options = SshOptions(config_file=str(config))
        async with open_ssh(parse_host(sshd.alias), options, person) as ssh:
            assert (await ssh.run('echo "$WHERE"', timeout=10)).stdout == b"here\n"
            assert running(program)
        assert not running(program)
        assert "come this way" in "".join(person.told)
        assert (sshd.connections, sshd.logins) == (1, 1)


WATCHFUL = """\
# As a program of asyncio does it: something to read from its stdout is the end of who listens.
import asyncio, sys
async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
    writer.close()
async def main():
    loop = asyncio.get_running_loop()
    from_there, to_there = await asyncio.open_connection(sys.argv[1], int(sys.argv[2]))
    stdin = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(stdin), sys.stdin)
    pipe, _ = await loop.connect_write_pipe(asyncio.Protocol, open(1, "wb", 0))
    await asyncio.gather(pump(stdin, to_there), pump(from_there, pipe))
open("/dev/stderr", "w").write("this way\\n")
asyncio.run(main())
"""


async def test_a_proxy_command_has_pipes_as_from_ssh(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        (tmp_path / "watchful.py").write_text(WATCHFUL)
        config = sshd.client_config(f"ProxyCommand python3 {tmp_path}/watchful.py %h %p", name="mine")
        person, options = Answers(), SshOptions(config_file=str(config))
        async with open_ssh(parse_host(sshd.alias), options, person) as ssh:
            ran = await ssh.run("head -c 2000000 /dev/zero", timeout=20, limit=3_000_000)
            assert len(ran.stdout) == 2_000_000
        assert "this way" in "".join(person.told)
        assert (sshd.connections, sshd.logins) == (1, 1)


def running(program: Path) -> list[int]:
    return [pid for pid in processes.descendants(os.getpid()) if str(program) in processes.command_line(pid)]


@pytest.mark.parametrize("first", ["", "read version; "])
async def test_what_a_failing_proxy_command_says_is_in_the_error(first: str, tmp_path: Path) -> None:
    command = f"sh -c '{first}echo no way to %h >&2; exit 7'"
    (tmp_path / "config").write_text(f"Host a\n ProxyCommand {command}\n")
    with pytest.raises(HostUnreachable) as caught:
        await ask_port("a", SshOptions(config_file=str(tmp_path / "config")), Answers())
    assert caught.value.said == "no way to a"


async def test_a_proxy_command_that_ignores_the_end_is_killed(tmp_path: Path) -> None:
    marker = f"sleep {os.getpid()}1"
    (tmp_path / "config").write_text(
        f"Host a\n ProxyCommand sh -c 'trap \"\" HUP TERM; {marker}; {marker}'\n"
    )
    options = SshOptions(config_file=str(tmp_path / "config"), connect_timeout=0.3)
    with pytest.raises(HostUnreachable):
        await ask_port("a", options, Answers())
    left = [
        pid for pid in processes.descendants(os.getpid()) if marker in " ".join(processes.command_line(pid))
    ]
    assert left == []


async def test_a_proxy_command_can_be_given_up_at_any_moment(tmp_path: Path) -> None:
    mark = f"{os.getpid()}3"
    (tmp_path / "config").write_text(f"Host a\n ProxyCommand sh -c 'sleep {mark} | sleep {mark}'\n")
    options = SshOptions(config_file=str(tmp_path / "config"))
    started = False
    for moment in range(0, 60, 3):
        async with asyncio.timeout(30), asyncio.TaskGroup() as group:
            task = group.create_task(ask_port("a", options, Answers()))
            for _ in range(moment):
                await asyncio.sleep(0.001)
            started = started or bool(marked(mark))
            task.cancel()
        assert task.cancelled()
        await until(lambda: not marked(mark), "the command and what it started have ended")
    assert started


def marked(mark: str) -> list[int]:
    """Processes of this machine with a mark in their argv; one that lost its parent counts too."""
    pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [pid for pid in pids if mark in processes.command_line(pid)]


async def test_a_config_made_for_people_at_a_terminal_does_not_disturb(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd", environment={"WHERE": "here"}) as sshd:
        config = sshd.client_config(
            "RequestTTY force",
            "RemoteCommand tmux attach",
            f"LocalForward 127.0.0.1:{sshd.port} 127.0.0.1:1",
            "RemoteForward 1 127.0.0.1:1",
            "ExitOnForwardFailure yes",
            "ForwardX11 yes",
            "ForwardAgent yes",
            "ControlMaster auto",
            f"ControlPath {tmp_path}/cm-%C",
            "ServerAliveInterval 1m",
            "User root # who else",
            "SendEnv LANG",
            "SetEnv COLOR=red MOOD=blue",
            name="mine",
        )
        options = SshOptions(config_file=str(config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            ran = await ssh.run('echo "$WHERE"; tty; [ -t 0 ] || echo no terminal', timeout=10)
            assert ran.stdout.splitlines() == [b"here", b"not a tty", b"no terminal"]


async def test_variables_of_the_config_are_sent(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd", lines=["AcceptEnv COLOR MOOD"]) as sshd:
        config = sshd.client_config('SetEnv COLOR=red MOOD="deep blue"', name="mine")
        options = SshOptions(config_file=str(config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            ran = await ssh.run('echo "$COLOR/$MOOD"', timeout=10)
        assert ran.stdout == b"red/deep blue\n"


async def test_a_noisy_rc_file_only_adds_to_the_output(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        noise = "printf '\\033[31m%65536s\\033[0m' x; echo rc >&2\n"
        (sshd.home / ".bashrc").write_text(noise)
        (sshd.home / ".profile").write_text(noise)
        options = SshOptions(config_file=str(sshd.ssh_config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            ran = await ssh.run("echo MARK", timeout=10)
            assert ran.stdout.endswith(b"MARK\n")
            assert ran.status == 0


WORDS_ONLY = """\
#!{python}
# A login shell that is no Bourne shell: it knows words and `exec`, and nothing else.
import os, sys
print("rc noise")
sys.stdout.flush()
words = os.environ["SSH_ORIGINAL_COMMAND"].split(" ")
assert all(word and not set(word) & set("'\\"$`;&|<>(){{}}*?~#") for word in words), words
assert words.pop(0) == "exec"
os.execv(words[0], words)
"""


async def test_a_login_shell_needs_to_know_words_only(tmp_path: Path) -> None:
    shell = tmp_path / "shell"
    python = (await processes.run(["sh", "-c", "command -v python3"])).out.strip()
    shell.write_text(WORDS_ONLY.format(python=python))
    shell.chmod(0o755)
    async with open_sshd(tmp_path / "sshd", lines=[f"ForceCommand {shell}"]) as sshd:
        options = SshOptions(config_file=str(sshd.ssh_config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            ran = await ssh.run("x='a b'; echo \"$x\" | cat", timeout=10)
        assert ran.stdout == b"rc noise\na b\n"


async def test_flags_reach_ssh(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        options = SshOptions(
            config_file="none",
            port=sshd.port,
            user=sshd.user,
            identity_files=(str(sshd.user_key),),
            set_options=(
                f"UserKnownHostsFile={sshd.known_hosts}",
                "IdentityAgent=none",
                "HostName=127.0.0.1",
                "BatchMode=yes",
            ),
        )
        async with open_ssh(parse_host("anything"), options, SilentPrompter()) as ssh:
            assert ssh.user == sshd.user


async def test_a_line_ssh_cannot_read_is_reported_in_its_words(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("Host *\n  Port many\n")
    with pytest.raises(ConfigError) as caught:
        await ask_port("devbox", SshOptions(config_file=str(config)))
    assert f"{config} line 2" in caught.value.message


@pytest.fixture
def no_ssh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without an ssh program."""
    (tmp_path / "empty").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))


@pytest.mark.ssh_client("asyncssh")
async def test_without_an_ssh_program_asyncssh_reads_the_config(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with AsyncExitStack() as stack:
        devbox, bastion, _ = await three(stack, tmp_path)
        options = merged(tmp_path, devbox, bastion, more=BY_BASTION)
        request.getfixturevalue("no_ssh")
        assert await ask_port("devbox", options) == "devbox"
        assert bastion.logins == 1


@pytest.mark.ssh_client("asyncssh")
async def test_without_an_ssh_program_a_bad_line_is_named_and_harms_no_other_host(
    tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    async with open_sshd(tmp_path / "sshd", environment={"WHERE": "here"}) as sshd:
        options = merged(tmp_path, sshd, more="Host other\n  ServerAliveInterval 1m")
        request.getfixturevalue("no_ssh")
        with pytest.raises(ConfigError) as caught:
            await ask_port("other", options)
        assert "line 2" in caught.value.message
        assert options.config_file in caught.value.message
        assert await ask_port(sshd.alias, options) == "here"


async def test_a_config_that_hangs_can_be_given_up(tmp_path: Path) -> None:
    mark = f"{os.getpid()}2"
    config = tmp_path / "config"
    config.write_text(f'Match exec "sleep {mark}"\n  Port 1\n')

    async with asyncio.TaskGroup() as group:
        task = group.create_task(ask_port("devbox", SshOptions(config_file=str(config))))
        await until(lambda: marked(mark), "ssh runs the Match exec command")
        task.cancel()
    assert task.cancelled()
    await until(lambda: not marked(mark), "the command ends")
