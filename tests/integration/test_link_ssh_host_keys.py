"""Host keys against a real sshd: unknown, changed, revoked, certified, and what is written down."""

import asyncio
from pathlib import Path

import pytest

from codex_ssh.core.host import parse_host
from codex_ssh.core.known_hosts import fingerprint, key_type_of, parse_known_hosts
from codex_ssh.core.question import QuestionKind
from codex_ssh.core.ssh_options import SshOptions
from codex_ssh.errors import ExitCode, HostKeyRefused, LoginRefused
from codex_ssh.link.host_keys import append_known_host
from codex_ssh.local.terminal import SilentPrompter
from tests.support import processes
from tests.support.answers import Answers
from tests.support.ssh_clients import open_ssh, surprises
from tests.support.sshd import Sshd, open_sshd
from tests.support.waiting import until

pytestmark = pytest.mark.usefixtures("ssh_client")


async def enter(sshd: Sshd, prompter: Answers | SilentPrompter, *lines: str) -> None:
    config = sshd.client_config(*lines, name="mine")
    async with open_ssh(parse_host(sshd.alias), SshOptions(config_file=str(config)), prompter) as ssh:
        assert (await ssh.run("true", timeout=10)).status == 0


def host_key(sshd: Sshd) -> str:
    """``type base64`` of the server's key."""
    return " ".join(Path(f"{sshd.host_key}.pub").read_text().split()[:2])


def printed(sshd: Sshd) -> str:
    (entry,) = parse_known_hosts(f"x {host_key(sshd)}", "")
    return fingerprint(entry.blob)


async def make_key(path: Path) -> str:
    made = await processes.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", path])
    assert made.code == 0, made.err
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


# ssh makes no directory for a known_hosts file, and asks in its own words.
@pytest.mark.ssh_client("asyncssh")
@pytest.mark.parametrize("answer", ["yes", "fingerprint"])
async def test_an_unknown_key_is_asked_about_and_recorded_when_accepted(tmp_path: Path, answer: str) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        known = tmp_path / "new" / "known_hosts"
        person = Answers({QuestionKind.HOST_KEY: [printed(sshd) if answer == "fingerprint" else answer]})
        lines = (f"UserKnownHostsFile {known}", "StrictHostKeyChecking ask")
        await enter(sshd, person, *lines)
        assert printed(sshd) in person.questions[0].lead
        assert "ED25519" in person.questions[0].lead
        assert known.read_text() == f"[127.0.0.1]:{sshd.port} {host_key(sshd)}\n"
        assert known.stat().st_mode & 0o777 == 0o600
        assert known.parent.stat().st_mode & 0o777 == 0o700
        await enter(sshd, SilentPrompter(), *lines)
        # OpenSSH reads what we wrote.
        config = sshd.directory / "mine"
        real = await processes.run(
            [
                "ssh",
                "-F",
                config,
                "-o",
                "StrictHostKeyChecking=yes",
                "-o",
                "BatchMode=yes",
                sshd.alias,
                "true",
            ]
        )
        assert real.code == 0, real.err


async def test_nothing_of_the_login_leaves_before_the_answer(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd", lines=["LogLevel DEBUG2"]) as sshd:
        lines = (f"UserKnownHostsFile {tmp_path}/none", "StrictHostKeyChecking ask")
        person = Answers({QuestionKind.HOST_KEY: ["yes"]}, hold=asyncio.Event())
        assert person.hold is not None
        async with asyncio.TaskGroup() as group:
            group.create_task(enter(sshd, person, *lines))
            await until(lambda: person.questions, "the question is asked")
            # Our half of the key exchange has arrived, and sshd waits for what follows it.
            await until(lambda: "SSH2_MSG_NEWKEYS sent" in sshd.log, "sshd has sent its new keys")
            assert "userauth-request" not in sshd.log
            assert "SSH2_MSG_NEWKEYS received" not in sshd.log
            person.hold.set()
        assert "userauth-request" in sshd.log


@pytest.mark.parametrize("answer", ["no", "maybe", None])
async def test_a_key_that_is_not_accepted_ends_everything(tmp_path: Path, answer: str | None) -> None:
    async with open_sshd(tmp_path / "sshd", lines=["LogLevel DEBUG2"]) as sshd:
        known = tmp_path / "known"
        person = Answers({QuestionKind.HOST_KEY: [answer] * 9 if answer else []})
        with pytest.raises(HostKeyRefused, match="not accepted") as caught:
            await enter(sshd, person, f"UserKnownHostsFile {known}", "StrictHostKeyChecking ask")
        assert caught.value.exit_code is ExitCode.REFUSED
        assert len(person.questions) == (3 if answer == "maybe" else 1)
        assert not known.exists()
        await until(lambda: "preauth" in sshd.log, "sshd notices the end")
        assert "userauth-request" not in sshd.log
        assert sshd.connections - surprises(sshd.alias) == 1


# With BatchMode ssh says less.
@pytest.mark.ssh_client("asyncssh")
async def test_nobody_to_ask_about_a_key_says_so(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        lines = (f"UserKnownHostsFile {tmp_path}/none", "StrictHostKeyChecking ask")
        with pytest.raises(HostKeyRefused, match="--no-input"):
            await enter(sshd, SilentPrompter(), *lines)
        with pytest.raises(HostKeyRefused, match="cannot be established"):
            await enter(sshd, Answers(), *lines, "BatchMode yes")


# ssh writes into a last line that has no end.
@pytest.mark.ssh_client("asyncssh")
@pytest.mark.parametrize("word", ["accept-new", "no"])
async def test_a_new_key_is_recorded_without_a_question(tmp_path: Path, word: str) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        known = tmp_path / "known"
        known.write_text("# without an end of line")
        await enter(sshd, SilentPrompter(), f"UserKnownHostsFile {known}", f"StrictHostKeyChecking {word}")
        assert known.read_text() == f"# without an end of line\n[127.0.0.1]:{sshd.port} {host_key(sshd)}\n"


async def test_a_recorded_name_is_hashed_where_the_config_says_so(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        known = tmp_path / "known"
        await enter(
            sshd,
            SilentPrompter(),
            f"UserKnownHostsFile {known}",
            "StrictHostKeyChecking accept-new",
            "HashKnownHosts yes",
        )
        assert known.read_text().startswith("|1|")
        found = await processes.run(["ssh-keygen", "-F", f"[127.0.0.1]:{sshd.port}", "-f", known])
        assert host_key(sshd) in found.out
        await enter(sshd, SilentPrompter(), f"UserKnownHostsFile {known}", "StrictHostKeyChecking yes")


# ssh does not say the fingerprint then.
@pytest.mark.ssh_client("asyncssh")
async def test_strict_checking_refuses_an_unknown_key(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        with pytest.raises(HostKeyRefused, match="no host key is on file") as caught:
            await enter(sshd, Answers(), f"UserKnownHostsFile {tmp_path}/none", "StrictHostKeyChecking yes")
        assert printed(sshd) in caught.value.said


@pytest.mark.parametrize("word", ["yes", "ask", "accept-new"])
async def test_a_changed_key_is_a_hard_stop_that_names_the_old_one(tmp_path: Path, word: str) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        other = await make_key(tmp_path / "other")
        known = tmp_path / "known"
        known.write_text(f"# comment\n[127.0.0.1]:{sshd.port} {other}\n")
        person = Answers()
        with pytest.raises(HostKeyRefused, match="has changed") as caught:
            await enter(sshd, person, f"UserKnownHostsFile {known}", f"StrictHostKeyChecking {word}")
        assert f"{known}:2" in caught.value.message
        assert printed(sshd) in caught.value.said
        assert "ssh-keygen -f" in caught.value.hint
        assert person.questions == []
        assert sshd.connections - surprises(sshd.alias) == 1


async def test_a_key_of_another_type_is_a_changed_key_as_it_is_for_ssh(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        made = await processes.run(["ssh-keygen", "-q", "-t", "ecdsa", "-N", "", "-f", tmp_path / "other"])
        assert made.code == 0, made.err
        other = " ".join((tmp_path / "other.pub").read_text().split()[:2])
        known = tmp_path / "known"
        known.write_text(f"[127.0.0.1]:{sshd.port} {other}\n")
        with pytest.raises(HostKeyRefused, match="has changed"):
            await enter(sshd, Answers(), f"UserKnownHostsFile {known}", "StrictHostKeyChecking accept-new")


async def test_the_key_on_file_is_asked_for_when_the_server_has_several(tmp_path: Path) -> None:
    made = await processes.run(
        ["ssh-keygen", "-q", "-t", "rsa", "-b", "3072", "-N", "", "-f", tmp_path / "rsa"]
    )
    assert made.code == 0, made.err
    async with open_sshd(tmp_path / "sshd", lines=[f"HostKey {tmp_path}/rsa"]) as sshd:
        known = tmp_path / "known"
        known.write_text(f"[127.0.0.1]:{sshd.port} {(tmp_path / 'rsa.pub').read_text()}")
        await enter(sshd, SilentPrompter(), f"UserKnownHostsFile {known}", "StrictHostKeyChecking yes")


# ssh says it in its own words.
@pytest.mark.ssh_client("asyncssh")
async def test_a_changed_key_that_is_let_pass_gets_no_password(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd", lines=["PasswordAuthentication yes"]) as sshd:
        other = await make_key(tmp_path / "other")
        known = tmp_path / "known"
        known.write_text(f"[127.0.0.1]:{sshd.port} {other}\n")
        lines = (f"UserKnownHostsFile {known}", "StrictHostKeyChecking no")
        await enter(sshd, SilentPrompter(), *lines)
        person = Answers({QuestionKind.PASSWORD: ["secret"]})
        with pytest.raises(LoginRefused) as caught:
            await enter(sshd, person, *lines, "PubkeyAuthentication no")
        assert "no password was sent" in caught.value.hint
        assert person.questions == []


# ssh does not name the line.
@pytest.mark.ssh_client("asyncssh")
async def test_a_revoked_key_is_refused_though_it_is_on_file(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        revoked = tmp_path / "revoked"
        revoked.write_text(f"@revoked * {host_key(sshd)}\n")
        with pytest.raises(HostKeyRefused, match="revoked") as caught:
            await enter(sshd, Answers(), f"GlobalKnownHostsFile {revoked}")
        assert f"{revoked}:1" in caught.value.message


async def test_loopback_needs_no_key_where_the_config_says_so(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        known = tmp_path / "known"
        lines = (f"UserKnownHostsFile {known}", "NoHostAuthenticationForLocalhost yes")
        await enter(sshd, SilentPrompter(), *lines)
        assert not known.exists()


# ssh says it in its own words.
@pytest.mark.ssh_client("asyncssh")
async def test_a_file_that_cannot_be_written_is_no_reason_to_stop(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        (tmp_path / "file").write_text("")
        person = Answers()
        lines = (f"UserKnownHostsFile {tmp_path}/file/known", "StrictHostKeyChecking accept-new")
        await enter(sshd, person, *lines)
        assert "cannot add the host key" in "".join(person.told)


# ssh does not name the line.
@pytest.mark.ssh_client("asyncssh")
async def test_a_key_in_a_list_of_revoked_keys_is_refused(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        revoked = tmp_path / "revoked"
        revoked.write_text(f"# stolen\n{host_key(sshd)} stolen last week\n")
        with pytest.raises(HostKeyRefused, match="revoked") as caught:
            await enter(sshd, Answers(), f"RevokedHostKeys {revoked}")
        assert f"{revoked}:2" in caught.value.message
        revoked.write_text(f"{await make_key(tmp_path / 'other')}\n")
        await enter(sshd, SilentPrompter(), f"RevokedHostKeys {revoked}")


# ssh says it in its own words.
@pytest.mark.ssh_client("asyncssh")
async def test_a_list_of_revoked_keys_that_cannot_be_read_trusts_no_key(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        with pytest.raises(HostKeyRefused, match="cannot be read") as caught:
            await enter(sshd, Answers(), f"RevokedHostKeys {tmp_path}/missing")
        assert caught.value.said == "No such file or directory"
        binary = tmp_path / "binary"
        made = await processes.run(["ssh-keygen", "-k", "-f", binary, f"{sshd.host_key}.pub"])
        assert made.code == 0, made.err
        with pytest.raises(HostKeyRefused, match="cannot be read") as caught:
            await enter(sshd, Answers(), f"RevokedHostKeys {binary}")
        assert "binary" in caught.value.said
        assert sshd.connections == 0


async def test_an_alias_and_a_second_file_are_honoured(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        second = tmp_path / "second file"
        second.write_text(f"other-name {host_key(sshd)}\n")
        lines = (f'UserKnownHostsFile {tmp_path}/none "{second}"', "HostKeyAlias Other-Name")
        await enter(sshd, SilentPrompter(), *lines)


async def certify(authority: Path, sshd: Sshd, *, principal: str) -> None:
    signed = await processes.run(
        ["ssh-keygen", "-q", "-s", authority, "-I", "host", "-h", "-n", principal, f"{sshd.host_key}.pub"]
    )
    assert signed.code == 0, signed.err
    await sshd.stop()
    (sshd.directory / "sshd_config").write_text(
        f"HostCertificate {sshd.host_key}-cert.pub\n" + (sshd.directory / "sshd_config").read_text()
    )
    await sshd.start()


async def test_a_host_certificate_is_trusted_by_its_authority(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        authority = await make_key(tmp_path / "ca")
        await certify(tmp_path / "ca", sshd, principal="127.0.0.1")
        known = tmp_path / "known"
        known.write_text(f"@cert-authority [127.0.0.1]:* {authority}\n")
        await enter(sshd, SilentPrompter(), f"UserKnownHostsFile {known}")


async def test_a_host_certificate_for_another_name_is_refused(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        authority = await make_key(tmp_path / "ca")
        await certify(tmp_path / "ca", sshd, principal="elsewhere")
        known = tmp_path / "known"
        known.write_text(f"@cert-authority * {authority}\n")
        with pytest.raises(HostKeyRefused):
            await enter(sshd, Answers(), f"UserKnownHostsFile {known}")


@pytest.mark.parametrize("which", ["authority", "key"])
async def test_a_host_certificate_is_refused_when_its_authority_or_its_key_is_revoked(
    tmp_path: Path, which: str
) -> None:
    async with open_sshd(tmp_path / "sshd") as sshd:
        authority = await make_key(tmp_path / "ca")
        await certify(tmp_path / "ca", sshd, principal="127.0.0.1")
        known = tmp_path / "known"
        revoked = authority if which == "authority" else host_key(sshd)
        known.write_text(f"@cert-authority * {authority}\n@revoked * {revoked}\n")
        with pytest.raises(HostKeyRefused) as caught:
            await enter(sshd, Answers(), f"UserKnownHostsFile {known}")
        assert "revoked" in f"{caught.value.message} {caught.value.said}"


async def test_a_key_exchange_in_mid_connection_keeps_the_key(tmp_path: Path) -> None:
    async with open_sshd(tmp_path / "sshd", lines=["RekeyLimit 16K"]) as sshd:
        config = sshd.client_config(
            f"UserKnownHostsFile {tmp_path}/known", "StrictHostKeyChecking accept-new", name="mine"
        )
        options = SshOptions(config_file=str(config))
        async with open_ssh(parse_host(sshd.alias), options, SilentPrompter()) as ssh:
            for _ in range(4):
                ran = await ssh.run("head -c 65536 /dev/zero", timeout=10)
                assert len(ran.stdout) == 65536


def test_a_line_is_added_whole_and_the_directory_is_made(tmp_path: Path) -> None:
    path = tmp_path / "a" / "known_hosts"
    for number in range(3):
        append_known_host(path, f"line {number}")
    assert path.read_text() == "line 0\nline 1\nline 2\n"
    assert key_type_of(b"") == ""
