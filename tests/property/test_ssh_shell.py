"""Nothing a person types, and nothing ``ssh`` makes of it, is ever run by a shell: real shells, real ``ssh``.

Every hostile text would make a file called ``canary`` in the working directory of the shell that runs it.
"""

import asyncio
import os
import shlex
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from codex_ssh.core.host import parse_host
from codex_ssh.core.ssh_config import LocalFacts, SshConfig, parse_ssh_config
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import CodexSshError
from codex_ssh.link.shell import compose, exports
from codex_ssh.link.ssh_config import read_ssh_config
from codex_ssh.link.ssh_proxy import open_proxy
from tests.support.require import require_program
from tests.support.waiting import until

PIECES = (
    *("$(touch canary)", "`touch canary`", ";touch canary;", "|touch canary", "&touch canary&"),
    *("\ntouch canary\n", ">canary", "<(touch canary)", "touch canary", "-oProxyCommand=touch canary"),
    *("${IFS}", "$IFS", "'", '"', "''", '"";', "\\", "\\\\", " ", "\t", "\r", "\0", "%h", "%n", "%%", "%"),
    *("-", "--", "!", "!!", "*", "?", "[a]", "{a,b}", "~", "#", "a", "Z9", ".", ":", "@", "_", "+", "=", "/"),
    *("é", "例", "\x1b[2J", "\u2028", "\ud800"),
)
hostile = st.lists(st.sampled_from(PIECES) | st.characters(), max_size=6).map("".join)
real = hostile.filter(lambda text: not any(0xD800 <= ord(letter) < 0xE000 for letter in text))
"""What a system may say."""

slow = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])

PROXY = "./show %h %n %p %r %k"


@pytest.fixture(autouse=True, scope="module")
def _ssh() -> None:
    require_program("ssh", "ssh: apt-get install openssh-client")


@contextmanager
def elsewhere() -> Generator[Path, None, None]:
    """Work in a directory with two programs that write down their words; no canary is there at the end."""
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as name:
        os.chdir(name)
        try:
            for program in ("show", "match"):
                words = f'printf "%s\\0" "$@" >{program}.$$ && mv {program}.$$ {program}.told'
                Path(program).write_text(f"#!/bin/sh\n{words}\n")
                Path(program).chmod(0o755)
            yield Path(name)
            assert not Path("canary").exists(), "a shell ran it"
        finally:
            os.chdir(before)


def resolve(text: str, options: SshOptions) -> SshConfig:
    return asyncio.run(read_ssh_config(parse_host(text), options))


def run_proxy(command: str) -> list[str]:
    """Run a ProxyCommand as the link does, and give the words that arrived."""

    async def run() -> None:
        async with open_proxy(command, lambda text: None):
            await until(Path("show.told").exists, "the command ran", show=lambda: command)

    asyncio.run(run())
    return told("show")


def told(program: str) -> list[str]:
    return Path(f"{program}.told").read_text(errors="surrogateescape").split("\0")[:-1]


@slow
@given(text=hostile)
@example("devbox")
@example("me@devbox:2222")
@example("$(touch canary)@devbox")
@example("x%h")
@example("DOMAIN\\me@devbox")
def test_what_is_typed_for_a_host_comes_through_as_it_is_or_is_refused(text: str) -> None:
    with elsewhere():
        # A shell runs both: the condition, for ssh, and the way, for us.
        Path("config").write_text(f'Match exec "./match %n %r"\n Port 7\nHost *\n ProxyCommand {PROXY}\n')
        try:
            host = parse_host(text)
            config = resolve(text, SshOptions(config_file="config", user="" if host.user else "me"))
        except CodexSshError:
            return
        user = (host.user or "me").replace("\\", "")
        assert told("match") == [host.name, user]
        port = str(host.port or 7)
        assert run_proxy(config.proxy_command) == [config.hostname, host.name, port, user, host.name]


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


@slow
@given(hostname=hostile, user=hostile, alias=hostile)
@example(hostname="a.example", user="me", alias="$(touch canary)")
@example(hostname="$(touch canary)", user="me", alias="a")
@example(hostname="a", user="`touch canary`", alias="a")
@example(hostname="%h.example", user="DOMAIN\\me", alias="a%b")
def test_what_a_config_says_comes_through_as_it_is_or_is_refused(
    hostname: str, user: str, alias: str
) -> None:
    with elsewhere():
        text = (
            f"Host devbox\n HostName {quoted(hostname)}\n User {quoted(user)}\n"
            f" HostKeyAlias {quoted(alias)}\n ProxyCommand {PROXY}\n"
        )
        Path("config").write_text(text, errors="replace")
        try:
            config = resolve("devbox", SshOptions(config_file="config"))
        except CodexSshError:
            return
        key_alias = next(iter(config.others.get("hostkeyalias", ())), "devbox")
        login = config.user.replace("\\", "")
        assert run_proxy(config.proxy_command) == [config.hostname, "devbox", "22", login, key_alias]


@slow
@given(home=real, user=real, machine=real)
@example(home="/h/$(touch canary)", user="u", machine="m")
@example(home="/h", user=";touch canary", machine="m")
@example(home="/h", user="u", machine="`touch canary`.example")
@example(home="/a home", user="a user", machine="m.example")
def test_what_this_machine_is_called_comes_through_as_it_is_or_is_refused(
    home: str, user: str, machine: str
) -> None:
    facts = LocalFacts(home=home, user=user, uid=7, hostname=machine, environment={})
    lines = "user me\n" + r'proxycommand ./show "%d" "%u" "%l" %i'
    with elsewhere():
        try:
            config = parse_ssh_config(lines, alias="d", facts=facts, exists=lambda path: False)
        except CodexSshError:
            return
        assert run_proxy(config.proxy_command) == [home, user, machine, "7"]


@slow
@given(name=real.filter(lambda name: not set("/\0") & set(name) and bool(name.strip(". "))))
@example(name="a key with a blank at its end ")
def test_the_path_of_an_identity_comes_through_as_it_is_or_is_refused(name: str) -> None:
    with elsewhere() as here:
        path = here / name[:50]
        path.touch()
        try:
            options = SshOptions(config_file="none", identity_files=(str(path),))
            config = resolve("devbox", options)
        except CodexSshError:
            return
        # ssh expands these in a typed path too.
        if "%" not in name and "${" not in name:
            assert config.identity_files[0] == str(path)


@settings(deadline=None)
@given(st.dictionaries(st.from_regex("[A-Z]{1,8}", fullmatch=True), hostile, max_size=4))
def test_the_variables_of_a_script_come_through_as_they_are(variables: dict[str, str]) -> None:
    values = {f"V{name}": value.replace("\0", "") for name, value in variables.items()}
    exported = exports("declared", {f"E{name}": value for name, value in values.items()})
    words = " ".join(f'"${name}"' for name in values)
    more = " ".join(f'"$E{name}"' for name in values)
    script = compose(functions=exported, **values).text
    script += f"declared\nset -- {words} {more} .\nprintf '%s\\0' \"$@\"\n"
    with elsewhere():
        text = script.encode(errors="surrogatepass")
        ran = subprocess.run(["/bin/sh", "-s"], input=text, capture_output=True, timeout=20)
    wanted = [value.encode(errors="surrogatepass") for value in values.values()]
    assert ran.stdout.split(b"\0") == [*wanted, *wanted, b".", b""]


@given(hostile)
def test_an_accepted_host_is_one_word_of_any_shell(text: str) -> None:
    try:
        host = parse_host(text)
    except CodexSshError:
        return
    assert shlex.split(host.name) == [host.name]
    assert len(shlex.split(host.user)) == bool(host.user)
