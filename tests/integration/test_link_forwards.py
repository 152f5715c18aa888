"""Ports of the devbox here: same port, another one and why, denied, back after a drop; a real sshd."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from codex_ssh.core.host import Host, parse_host
from codex_ssh.core.listening import read_listening
from codex_ssh.core.ports import Deny, read_deny, read_remote_wish, read_socks_wish, read_wish
from codex_ssh.core.probe import parse_lines
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ConfigError, ForwardError
from codex_ssh.link import forwards as forwards_module
from codex_ssh.link.child import open_child_host
from codex_ssh.link.forwards import Forwards, open_forwards, open_supervised_host
from codex_ssh.link.listeners import Listeners
from codex_ssh.link.ports import PortTaken
from codex_ssh.link.shell import compose
from codex_ssh.link.ssh import Ssh
from tests.conftest import StartSshd
from tests.integration.test_link_dial import Nobody
from tests.support import processes, ssh_clients
from tests.support.dev_server import OK, THERE, free_port, open_dev_server, page
from tests.support.listening import listening
from tests.support.require import require_program
from tests.support.shells import require_shell
from tests.support.sshd import Sshd
from tests.support.waiting import until

pytestmark = pytest.mark.sshd


def over(sshd: Sshd) -> Callable[[], AbstractAsyncContextManager[Ssh]]:
    options = SshOptions(config_file=str(sshd.ssh_config))
    return lambda: ssh_clients.open_ssh(parse_host(sshd.alias), options, Nobody())


@asynccontextmanager
async def forwarding(
    log_in: Callable[[], AbstractAsyncContextManager[Ssh]], deny: Deny = ()
) -> AsyncGenerator[Forwards, None]:
    async with (
        open_supervised_host(log_in, log_in, "devbox") as (current, _),
        open_forwards(current, "devbox", deny=deny) as forwards,
    ):
        yield forwards


@pytest.mark.usefixtures("ssh_client")
async def test_a_port_is_the_same_one_here_and_is_back_after_a_drop(sshd: Sshd) -> None:
    port = free_port()
    async with forwarding(over(sshd)) as forwards, open_dev_server(port):
        found = (await forwards.listening()).at(port)
        assert found is not None
        assert found.hosts == (THERE,)
        assert found.process == "python3 http.server"
        assert found.age is not None
        one = await forwards.open(read_wish(str(port)), at=found.hosts)
        assert (one.local, one.note, one.url) == (port, "", f"http://localhost:{port}")
        assert await page(port) == OK
        assert await page(port, address="::1") == OK
        assert await forwards.open(read_wish(str(port))) is one  # no second listener
        sshd.cut()
        await until(lambda: sshd.logins > 1, "the link is made again")
        assert await page(port) == OK
        await forwards.close(one.number)
        assert await page(port) == ""
        assert forwards.forwards == ()


async def test_a_taken_port_gives_another_and_a_named_one_does_not(sshd: Sshd) -> None:
    port = free_port()
    async with forwarding(over(sshd)) as forwards, open_dev_server(port):
        async with await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", port):
            one = await forwards.open(read_wish(str(port)), at=(THERE,))
            assert (one.local, one.note) == (port + 10000, f"{port} is taken here")
            assert await page(one.local) == OK
            with pytest.raises(PortTaken, match=f"cannot listen on 127.0.0.1:{port}"):
                await forwards.open(read_wish(f"{port}:{port}"), at=(THERE,))
            with pytest.raises(PortTaken):
                await forwards.move(one.number, port)
            assert forwards.forwards == (one,)
        moved = await forwards.move(one.number, port)
        assert (moved.local, moved.note, forwards.forwards) == (port, "", (moved,))
        assert await page(port) == OK
        assert await page(port + 10000) == ""


async def test_another_program_on_the_other_localhost_takes_the_port_too(sshd: Sshd) -> None:
    port = free_port()
    async with (
        forwarding(over(sshd)) as forwards,
        open_dev_server(port),
        await asyncio.start_server(lambda _r, w: w.close(), "::1", port),
    ):
        # A browser asked for localhost would go there.
        one = await forwards.open(read_wish(str(port)), at=(THERE,))
        assert one.local == port + 10000


async def test_a_server_on_the_other_loopback_address_is_found(sshd: Sshd) -> None:
    port = free_port()
    async with forwarding(over(sshd)) as forwards, open_dev_server(port, address="::1"):
        one = await forwards.open(read_wish(f"0:{port}"))
        assert await page(one.local) == OK
        assert await page(one.local) == OK  # where it is, is known by now


async def test_denied_ports_stay_closed_and_nothing_listens_beyond_loopback(sshd: Sshd) -> None:
    port = free_port()
    async with forwarding(over(sshd), read_deny([f"{port - 1}-{port}"])) as forwards:
        with pytest.raises(ConfigError, match=f"port {port} is denied by forward_deny"):
            await forwards.open(read_wish(str(port)))
        assert await page(port) == ""
        one = await forwards.open(read_wish(str(port + 1)), at=(THERE,))
        assert await page(port + 1) == ""  # nobody listens there
        await until(lambda: forwards.forwards[0].fault, "the fault is told")
        assert "refused" in forwards.forwards[0].fault
        moved = await forwards.move(one.number, 0)
        assert moved.local not in (port, port + 1)
        async with open_dev_server(port + 1):
            assert await page(moved.local) == OK
        assert forwards.forwards[0].fault == ""
        ours = [socket for socket in listening([os.getpid()]) if socket.port == moved.local]
        assert sorted(socket.address for socket in ours) == ["127.0.0.1", "::1"]


async def test_where_the_server_forbids_channels_a_program_there_joins_them(start_sshd: StartSshd) -> None:
    sshd = await start_sshd(lines=["AllowTcpForwarding no"])
    port = free_port()
    async with forwarding(over(sshd)) as forwards, open_dev_server(port):
        await forwards.open(read_wish(str(port)), at=(THERE,))
        assert await page(port) == OK


async def test_over_a_command_and_without_ssh(tmp_path: Path) -> None:
    port = free_port()
    async with (
        forwarding(lambda: open_child_host(Host(name="here"), ("sh",))) as forwards,
        open_dev_server(port),
    ):
        await forwards.open(read_wish(str(port)), at=(THERE,))
        assert await page(port) == OK

    async def none() -> Ssh | None:
        return None

    async with open_forwards(none, "devbox") as forwards:
        with pytest.raises(ForwardError, match="a port needs SSH, and this link has none"):
            await forwards.open(read_wish("8000"))
        with pytest.raises(ForwardError, match="no SSH to look with"):
            await forwards.listening()


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
async def test_every_shell_there_sees_what_listens(shell: str) -> None:
    words = (require_program("busybox", "busybox"), "sh") if shell == "busybox" else (require_shell(shell),)
    port = free_port()
    async with (
        open_child_host(Host(name="here"), [str(word) for word in words]) as ssh,
        open_dev_server(port),
    ):
        listeners = Listeners()
        first = (await listeners.read(ssh)).at(port)
        again = (await listeners.read(ssh)).at(port)  # now the process is not looked for any more
        assert first is not None
        assert again is not None
        assert (first.process, first.bound) == (again.process, again.bound)
        assert first.process == "python3 http.server"
        assert again.age is not None
        assert await listeners.clients(ssh, port, (THERE,)) == frozenset()
        _, writer = await asyncio.open_connection(THERE, port)
        assert await listeners.clients(ssh, port, ("127.0.0.1",)) == frozenset()
        here = writer.get_extra_info("sockname")[1]
        clients = await listeners.clients(ssh, port, (THERE,))
        assert clients is not None
        assert [int(client.rpartition(":")[2], 16) for client in clients] == [here]
        writer.close()
        assert await listeners.clients(ssh, port + 1, (THERE,)) is None
        assert listeners.asked == 6


async def test_a_forward_of_the_users_own_ssh_is_taken_and_nothing_more_listens(
    sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwards_module, "REUSED_SECONDS", 0.05)
    port = free_port()
    words = ("-F", str(sshd.ssh_config), "-N", "-L", f"127.0.0.1:{port}:{THERE}:{port}", sshd.alias)
    async with forwarding(over(sshd)) as forwards, open_dev_server(port):
        ssh = await asyncio.create_subprocess_exec(
            require_program("ssh", "openssh-client"), *words, stdin=asyncio.subprocess.DEVNULL
        )
        try:
            await until(lambda: _answers(port), "the user's own forward")
            one = await forwards.open(read_wish(str(port)), at=(THERE,))
            assert (one.local, one.is_reused, one.note) == (port, True, f"{port} here leads there already")
            assert [each for each in listening([os.getpid()]) if each.port in (port, port + 10000)] == []
            assert await page(port) == OK
            await forwards.close(one.number)
            assert not forwards.forwards
            assert await page(port) == OK  # it was not ours
            again = await forwards.open(read_wish(str(port)), at=(THERE,))
            assert again.is_reused
            await processes.end(ssh)
            await until(lambda: not any(each.is_reused for each in forwards.forwards), "we listen then")
            assert await page(port) == OK
            await forwards.close(again.number)
            assert await page(port) == ""
        finally:
            await processes.end(ssh)


async def test_a_listener_that_leads_elsewhere_is_none_of_ours(sshd: Sshd) -> None:
    port = free_port()
    async with (
        forwarding(over(sshd)) as forwards,
        open_dev_server(port),
        open_dev_server(port, address="127.0.0.1"),
    ):
        one = await forwards.open(read_wish(str(port)), at=(THERE,))
        assert (one.local, one.is_reused) == (port + 10000, False)
        assert forwards.listeners.asked > 2  # it was tried


async def test_where_devbox_and_laptop_are_one_machine_the_port_is_here_already(sshd: Sshd) -> None:
    port = free_port()
    async with forwarding(over(sshd)) as forwards, open_dev_server(port, address="127.0.0.1"):
        one = await forwards.open(read_wish(str(port)))
        assert (one.local, one.is_reused) == (port, True)
        assert forwards.listeners.asked == 2  # nothing had to be tried


async def _answers(port: int) -> bool:
    return await page(port) == OK


# ---------------------------------------------------------------- the other way, and anywhere


@pytest.mark.usefixtures("ssh_client")
async def test_a_port_of_the_devbox_leads_here_and_does_again_after_a_drop(
    sshd: Sshd, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forwards_module, "AGAIN_SECONDS", 0.1)
    here, there = free_port(), free_port()
    async with forwarding(over(sshd)) as forwards, open_dev_server(here, address="127.0.0.1"):
        one = await forwards.open(read_remote_wish(f"{there}:{here}"))
        assert (one.remote, one.local, one.url) == (there, here, "")
        assert await page(there) == OK
        with pytest.raises(ForwardError, match=f"port {sshd.port} there is taken by sshd"):
            await forwards.open(read_remote_wish(f"{sshd.port}:{here}"))
        with pytest.raises(ForwardError, match="listens on the devbox"):
            await forwards.move(one.number, 0)
        sshd.cut()
        await until(lambda: sshd.logins > 1, "the link is made again")
        await until(lambda: _answers(there), "it leads here again")
        await until(lambda: not forwards.forwards[0].fault, "that is known")
        free = await forwards.open(read_remote_wish(f"0:{here}"))
        assert await page(free.remote) == OK
        await forwards.close(free.number)
        await forwards.close(one.number)
        await until(lambda: _is_silent(there), "nobody listens there any more")
        await until(lambda: _is_silent(free.remote), "nor there")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("GatewayPorts yes", "its sshd would open port [0-9]+ to everybody"),
        ("AllowTcpForwarding local", "the server would not listen"),
    ],
)
async def test_the_devbox_listens_on_its_loopback_or_not_at_all(
    start_sshd: StartSshd, line: str, why: str
) -> None:
    sshd = await start_sshd(lines=[line])
    there = free_port()
    async with forwarding(over(sshd)) as forwards:
        with pytest.raises(ForwardError, match=why):
            await forwards.open(read_remote_wish(f"{there}:80"))
        assert forwards.forwards == ()
        await until(lambda: _is_silent(there), "nobody listens there")


async def test_over_a_command_the_devbox_does_not_listen() -> None:
    async with forwarding(lambda: open_child_host(Host(name="here"), ("sh",))) as forwards:
        with pytest.raises(ForwardError, match="a command makes nobody listen there"):
            await forwards.open(read_remote_wish("9000"))


async def test_a_socks_client_goes_wherever_the_devbox_can(sshd: Sshd) -> None:
    port = free_port()
    async with forwarding(over(sshd)) as forwards, open_dev_server(port):
        one = await forwards.open(read_socks_wish("0"))
        name = b"\x03\x09" + THERE.encode()
        address = b"\x01\x7f\x00\x00\x02"
        for target in (name, address):
            assert await _by_socks(one.local, target, port) == (0, OK)
        assert await _by_socks(one.local, address, port + 1) == (5, "")
        sshd.cut()
        await until(lambda: sshd.logins > 1, "the link is made again")
        assert await _by_socks(one.local, name, port) == (0, OK)
        reader, writer = await asyncio.open_connection("127.0.0.1", one.local)
        writer.write(b"GET / HTTP/1.0\r\n\r\n")
        assert await reader.read() == b""  # a web page gets nothing out of it
        writer.close()


async def _by_socks(port: int, target: bytes, to: int) -> tuple[int, str]:
    """Give the answer to a SOCKS client, and the first line it gets behind it."""
    async with asyncio.timeout(15):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            request = b"\x05\x01\x00" + target + to.to_bytes(2, "big")
            writer.write(b"\x05\x01\x00" + request + b"GET / HTTP/1.0\r\n\r\n")
            assert await reader.readexactly(2) == b"\x05\x00"
            answer = await reader.readexactly(10)
            return answer[1], (await reader.readline()).decode().strip()
        finally:
            writer.close()


async def _is_silent(port: int) -> bool:
    return await page(port) == ""


@pytest.mark.parametrize("program", ["ss", "lsof"])
async def test_without_proc_another_program_tells_what_listens(program: str, tmp_path: Path) -> None:
    for name in (program, "id", "grep", "od", "tr"):
        (tmp_path / name).symlink_to(require_program(name, f"apt-get install {name}"))
    script = compose("form.sh", "listeners.sh", KNOWN="", PORT="")
    text = f"PATH={tmp_path}\n" + script.text.replace("/proc/net/tcp", "/proc/net/none")
    port = free_port()
    async with open_child_host(Host(name="here"), ("sh",)) as ssh, open_dev_server(port):
        ran = await ssh.run(text, timeout=20)
    facts = parse_lines(ran.stdout, marker=script.marker)
    assert facts["seen"] == program
    found = read_listening(facts, {}).at(port)
    assert found is not None
    assert found.hosts == (THERE,)
    assert found.process == "python3"
