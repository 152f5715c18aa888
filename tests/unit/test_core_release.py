"""What a registry says of a published codex, and the check sum of last resort."""

from __future__ import annotations

import base64
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.release import (
    Cksum,
    Release,
    ReleaseError,
    parse_release,
    parse_version,
    platform_of,
)

DIGEST = bytes(range(64))
DIST = {"tarball": "https://x/codex.tgz", "integrity": f"sha512-{base64.b64encode(DIGEST).decode()}"}


def test_a_manifest_gives_version_file_and_digest() -> None:
    manifest = {"version": "0.169.0-linux-x64", "dist": DIST}
    assert parse_release(manifest, platform="linux-x64") == Release(
        version="0.169.0", url="https://x/codex.tgz", sha512=DIGEST.hex()
    )


@pytest.mark.parametrize(
    ("manifest", "said"),
    [
        ([], "names no version"),
        ({"version": 3}, "names no version"),
        ({"version": "1/../../x"}, "names no version"),
        ({"version": "$(id)"}, "names no version"),
        ({"version": "1"}, "names no file"),
        ({"version": "1", "dist": {**DIST, "tarball": "file:///etc/passwd"}}, "names no file"),
        ({"version": "1", "dist": {**DIST, "integrity": "sha1-AAAA"}}, "no SHA-512"),
        ({"version": "1", "dist": {**DIST, "integrity": "sha512-AAAA"}}, "no SHA-512"),
        ({"version": "1", "dist": {"tarball": "https://x/y"}}, "no SHA-512"),
    ],
)
def test_what_is_no_manifest_is_refused(manifest: object, said: str) -> None:
    with pytest.raises(ReleaseError, match=said):
        parse_release(manifest, platform="linux-x64")


@pytest.mark.parametrize(
    ("system", "machine", "name"),
    [
        ("Linux", "x86_64", "linux-x64"),
        ("Linux", "aarch64", "linux-arm64"),
        ("Darwin", "arm64", "darwin-arm64"),
    ],
)
def test_platforms_have_the_registrys_names(system: str, machine: str, name: str) -> None:
    assert platform_of(system, machine) == name


@pytest.mark.parametrize(("system", "machine"), [("Linux", "riscv64"), ("FreeBSD", "amd64")])
def test_there_is_not_a_codex_for_everything(system: str, machine: str) -> None:
    with pytest.raises(ReleaseError, match=f"for {system} on {machine}"):
        platform_of(system, machine)


def test_a_version_alone_is_read_from_a_manifest() -> None:
    assert parse_version({"version": "0.169.0-alpha.1"}) == "0.169.0-alpha.1"


@given(st.lists(st.binary(max_size=300), max_size=4))
def test_the_check_sum_is_that_of_the_program(parts: list[bytes]) -> None:
    cksum = shutil.which("cksum")
    assert cksum is not None
    made = Cksum()
    for part in parts:
        made.update(part)
    done = subprocess.run([cksum], input=b"".join(parts), capture_output=True, check=True)
    assert made.value().split() == done.stdout.decode().split()[:2]
