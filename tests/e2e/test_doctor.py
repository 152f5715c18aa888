"""``codex-ssh doctor``: what a person sees, what a script reads, and the exit code."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from codex_ssh.core.checkup import RUNGS
from tests.conftest import StartCodex, StartSshd, StartTmux
from tests.e2e.test_wss import listening
from tests.integration.app_server_cases import SHARED_SECRET
from tests.integration.test_link_dial import ours
from tests.support import processes
from tests.support.cli import PROGRAM, client_environment, codex_ssh
from tests.support.codex import TEST_TOKEN, require_codex
from tests.support.model import Model
from tests.support.programs import put_program
from tests.support.sshd import Sshd
from tests.support.tls import make_authority, pin_by_openssl

pytestmark = [pytest.mark.sshd, pytest.mark.codex]

SECRETS = {"OPENAI_API_KEY": "sk-canary-0123456789abcdef", "https_proxy": "http://me:canary-pw@127.0.0.1:9"}
"""Variables of the laptop nobody wants to see in a report."""


async def doctor(sshd: Sshd, home: Path, *words: str, **environment: str) -> processes.Finished:
    argv = ["doctor", "devbox", "-F", str(sshd.ssh_config), "--no-input", *words]
    return await codex_ssh(*argv, home=home, environment=environment)


async def test_a_person_reads_one_line_a_step_within_eighty_columns(
    sshd: Sshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    server = await start_codex(require_codex(), codex_home=sshd.home / ".codex")
    done = await doctor(
        sshd, tmp_path / "laptop", "--endpoint", server.endpoint, "-vvv", COLUMNS="80", **SECRETS
    )

    assert done.code == 0, done.err
    ladder = done.out.partition("\nhere:")[0]
    steps = re.findall(r"^(ok|warning|failed|skipped) +(.{10}) ", ladder, re.MULTILINE)
    assert [name.strip() for _, name in steps] == list(RUNGS)
    # What is wider is one word that does not break: a path, to be copied.
    wide = [line for line in done.out.splitlines() if len(line) > 80]
    assert all(len(line.split()) == 1 or "/" in line.split()[-1] for line in wide), wide
    assert "\033" not in done.out
    assert "nothing failed, 1 warning" in done.out  # there is no codex beside the server
    for secret in (TEST_TOKEN, SECRETS["OPENAI_API_KEY"], "canary-pw"):
        assert secret not in done.out + done.err
    assert ours(sshd) == [server.pid]


async def test_a_script_reads_one_object_and_the_exit_code(sshd: Sshd, tmp_path: Path) -> None:
    done = await doctor(sshd, tmp_path / "laptop", "--json", **SECRETS)

    report = json.loads(done.out)
    assert done.code == report["exitCode"] == 6
    assert (report["host"], report["ok"], report["reachedTop"]) == ("devbox", False, False)
    assert [rung["name"] for rung in report["rungs"]] == list(RUNGS)
    (failed,) = [rung for rung in report["rungs"] if rung["state"] == "failed"]
    assert (failed["name"], failed["cause"]["kind"]) == ("codex", "AppServerError")
    assert report["here"]["proxyVariables"] == ["https_proxy"]
    assert report["there"]["home"] == str(sshd.home)
    assert "canary" not in done.out + done.err


async def test_every_key_of_the_object_is_documented(sshd: Sshd, model: Model, tmp_path: Path) -> None:
    model.write_config(sshd.home / ".codex")
    sshd.install(require_codex().path, "codex")
    report = json.loads((await doctor(sshd, tmp_path / "laptop", "--json", "--start")).out)

    assert report["reachedTop"] is True
    page = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"
    section = page.read_text().partition("## codex-ssh doctor\n")[2].partition("\n## ")[0]
    documented = set(re.findall(r"`(\w+)`", section))
    keys = {*report, *report["rungs"][0], *report["here"], *report["there"]}
    assert keys - documented == set()


async def test_a_bundle_holds_the_report_and_the_log_and_none_of_six_secrets(
    start_sshd: StartSshd, start_codex: StartCodex, tmp_path: Path
) -> None:
    sshd = await start_sshd(environment={"THERE_SECRET": "canary-in-the-login"})
    home = sshd.home / ".codex"
    server = await start_codex(require_codex(), codex_home=home)
    (home / "auth.json").write_text(json.dumps({"OPENAI_API_KEY": "sk-canary-auth-json-0123456789"}))
    config = sshd.client_config("SetEnv LC_SECRET=canary-set-env", name="with_secret")
    file = tmp_path / "report.json"
    argv = ["doctor", "devbox", "-F", str(config), "--no-input", "--endpoint", server.endpoint]
    done = await codex_ssh(*argv, "--bundle", file, home=tmp_path / "laptop", environment=SECRETS)

    assert done.code == 0, done.err
    assert file.stat().st_mode & 0o777 == 0o600
    bundle = json.loads(file.read_text())
    assert bundle["reachedTop"] is True
    assert any("session open with" in line for line in bundle["log"])
    for secret in ("canary", TEST_TOKEN):
        assert secret not in file.read_text()
        assert secret not in done.out + done.err
    again = await codex_ssh(*argv, "--bundle", file, home=tmp_path / "laptop")
    assert again.code == 2
    assert "is there already" in again.err
    assert sshd.logins == 1


async def test_this_machine_is_checked_without_a_host(tmp_path: Path) -> None:
    done = await codex_ssh("doctor", "--json", home=tmp_path)

    report = json.loads(done.out)
    assert done.code == 0, done.err
    assert report["host"] is None
    assert [rung["name"] for rung in report["rungs"]] == ["ssh", "config", "agent", "codex", "terminal"]


async def test_what_the_tui_has_of_this_machine_is_told(tmp_path: Path) -> None:
    for name in ("wl-copy", "xsel", "my-editor"):
        put_program(tmp_path / "bin", name, "exit 1")
    variables = {
        "PATH": str(tmp_path / "bin"),
        "WAYLAND_DISPLAY": "w",
        "DISPLAY": ":0",
        "TERM": "foot",
        "VISUAL": "my-editor -w",
    }
    done = await codex_ssh("doctor", "--json", home=tmp_path, environment=variables)
    rung = json.loads(done.out)["rungs"][-1]
    assert rung["state"] == "ok"
    assert rung["found"] == [
        "foot",
        "copies with wl-copy, then xsel, then the terminal itself (OSC 52)",
        "notifies by osc777, unless the config says otherwise",
        f"editor: {tmp_path / 'bin' / 'my-editor'}",
    ]

    done = await codex_ssh("doctor", home=tmp_path, environment={**variables, "VISUAL": "gone"})
    assert done.code == 0
    assert "VISUAL names 'gone', which is not there" in " ".join(done.out.split())


async def test_a_config_file_that_is_wrong_fails_this_machine(tmp_path: Path) -> None:
    config = tmp_path / ".config" / "codex-ssh" / "config.toml"
    config.parent.mkdir(parents=True)
    config.write_text("edpoint = 1\n")
    done = await codex_ssh("doctor", home=tmp_path)

    assert done.code == 3
    assert re.search(r"^failed +config .*", done.out, re.MULTILINE)
    assert "edpoint" in done.out


async def test_the_way_by_wss_is_climbed_without_ssh(tmp_path: Path, workspace: Path) -> None:
    chain = make_authority(tmp_path / "authority").issue("devbox.example")
    async with listening(chain, tmp_path, workspace) as command:
        home = tmp_path / "laptop"
        config = home / ".config" / "codex-ssh" / "config.toml"
        config.parent.mkdir(parents=True)
        config.write_text(
            f'[host."devbox"]\nshared_secret_path = "{tmp_path / "shared"}"\njwt_issuer = "me"\n'
        )
        argv = ["doctor", "devbox", "--no-input", "--json", "--wss", command.endpoint]
        well = await codex_ssh(*argv, "--tls-pin", pin_by_openssl(chain), home=home)
        unknown = await codex_ssh(*argv, home=home)

    report = json.loads(well.out)
    assert (well.code, report["reachedTop"]) == (0, True), well.err
    assert report["there"]["transport"] == "wss"
    assert {rung["state"] for rung in report["rungs"][: RUNGS.index("token")]} == {"skipped"}
    failed = [rung for rung in json.loads(unknown.out)["rungs"] if rung["state"] == "failed"]
    assert unknown.code == 5
    assert [(rung["name"], rung["cause"]["kind"]) for rung in failed] == [("upgrade", "TlsRefused")]
    assert SHARED_SECRET not in well.out + well.err + unknown.out + unknown.err


async def test_a_command_alone_is_enough(tmp_path: Path) -> None:
    done = await codex_ssh("doctor", "--json", "--no-input", "--exec", "env -i no-such-box", home=tmp_path)

    report = json.loads(done.out)
    assert report["host"] == "no-such-box"
    assert [rung["name"] for rung in report["rungs"] if rung["state"] == "failed"] == ["login"]
    assert done.code == report["exitCode"] != 0


async def test_start_needs_a_host(tmp_path: Path) -> None:
    done = await codex_ssh("doctor", "--start", home=tmp_path)

    assert done.code == 2
    assert "--start goes with a host" in done.err


@pytest.mark.tmux
async def test_ctrl_c_ends_it_in_the_middle_without_a_trace(
    sshd: Sshd, start_tmux: StartTmux, tmp_path: Path
) -> None:
    # The probe asks it for its version.
    (sshd.home / "bin" / "codex").write_text("#!/bin/sh\nexec sleep 60\n")
    (sshd.home / "bin" / "codex").chmod(0o755)
    terminal = await start_tmux(
        [*PROGRAM, "doctor", "devbox", "-F", sshd.ssh_config],
        environment=client_environment(tmp_path / "laptop"),
    )
    await terminal.wait_text("exec")
    await terminal.key("C-c")

    assert await terminal.wait_exit() == 130
    assert "Traceback" not in await terminal.history()
