"""What a check came to, as values and as JSON."""

from __future__ import annotations

from codex_ssh.core.checkup import Checkup, Rung, State, cause_of, checkup_shape
from codex_ssh.errors import ConfigError, ExitCode, LoginRefused, Stage


def failed(error: ConfigError | LoginRefused) -> Checkup:
    rung = Rung(name="login", state=State.FAILED, ms=12.34, cause=cause_of(error, host="devbox"))
    return Checkup(host="devbox", rungs=(Rung(name="tcp", state=State.OK), rung))


def test_the_exit_code_is_that_of_the_rung_that_failed() -> None:
    assert failed(LoginRefused("no", stage=Stage.SSH, host="devbox")).exit_code is ExitCode.REFUSED
    assert failed(ConfigError("no")).exit_code is ExitCode.CONFIG
    well = Checkup(host="", rungs=(Rung(name="tcp", state=State.WARNING, warnings=("slow",)),))
    assert (well.exit_code, well.failed, well.reached_top) == (ExitCode.DONE, None, True)


def test_a_hop_is_named_and_the_host_itself_is_not() -> None:
    assert cause_of(LoginRefused("no", stage=Stage.SSH, host="devbox"), host="devbox").message == "no"
    assert cause_of(LoginRefused("no", stage=Stage.SSH, host="hop"), host="devbox").message == "hop: no"


def test_credentials_are_masked_in_every_text_of_the_json() -> None:
    error = LoginRefused("no", stage=Stage.SSH, said="Authorization: Bearer canary-0123456789")
    rung = Rung(
        name="login",
        state=State.FAILED,
        found=("http://me:canary@proxy:8080",),
        warnings=("https://x/?token=canary",),
        cause=cause_of(error),
    )
    shape = checkup_shape(
        Checkup(host="", rungs=(rung,), here={"packages": {"a": "Bearer canary-0123456789"}}, there={})
    )
    assert shape["host"] is None
    assert "canary" not in repr(shape)
    assert "redacted" in repr(shape)
