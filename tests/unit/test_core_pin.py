from __future__ import annotations

import base64
import ssl
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.pin import CertificateFault, parse_pins, pin_of, show_pin
from codex_ssh.errors import UsageError
from tests.support.tls import make_authority, pin_by_openssl

DIGEST = bytes(range(32))
IN_BASE64 = base64.b64encode(DIGEST).decode()


def der(pem: str) -> bytes:
    begin = pem.index("-----BEGIN CERTIFICATE")
    return ssl.PEM_cert_to_DER_cert(pem[begin:])


@pytest.mark.parametrize(
    "text",
    [
        f"sha256:{DIGEST.hex()}",
        f"SHA256:{DIGEST.hex().upper()}",
        f"sha256:{DIGEST.hex(':')}",
        f"sha256:{IN_BASE64}",
        f"sha256:{IN_BASE64.rstrip('=')}",
        f" sha256//{IN_BASE64} ",
        show_pin(DIGEST),
    ],
)
def test_a_pin_is_read_in_every_form_people_have_it(text: str) -> None:
    assert parse_pins(text) == (DIGEST,)


def test_several_pins_have_commas_between_them_and_none_is_none() -> None:
    assert parse_pins(f"sha256:{DIGEST.hex()}, sha256:{'0' * 64}") == (DIGEST, bytes(32))
    assert parse_pins(" ") == ()


@pytest.mark.parametrize(
    "text", [DIGEST.hex(), "sha256:", "sha256:zz", f"sha256:{'0' * 63}", f"sha1:{'0' * 40}", "sha256:a,", ","]
)
def test_what_is_no_pin_is_refused_with_the_form(text: str) -> None:
    with pytest.raises(UsageError, match="not a pin") as caught:
        parse_pins(text)
    assert "64 hex digits" in caught.value.hint


def test_the_pin_is_the_one_openssl_tells(tmp_path: Path) -> None:
    authority = make_authority(tmp_path)
    for name in ("devbox.example", "127.0.0.1", "x" * 60):
        chain = authority.issue(name)
        assert show_pin(pin_of(der(chain.read_text()))) == pin_by_openssl(chain)
    assert show_pin(pin_of(der(authority.ca_file.read_text()))) == pin_by_openssl(authority.ca_file)


@given(cut=st.integers(min_value=0, max_value=200), junk=st.binary(max_size=80))
def test_a_broken_certificate_is_a_fault_and_nothing_else(cut: int, junk: bytes) -> None:
    for data in (CERTIFICATE[:cut], CERTIFICATE[:cut] + junk, junk):
        with pytest.raises(CertificateFault):
            pin_of(data)


@pytest.fixture(autouse=True, scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> None:
    global CERTIFICATE  # noqa: PLW0603 - hypothesis takes no fixture of a module
    CERTIFICATE = der(make_authority(tmp_path_factory.mktemp("ca")).ca_file.read_text())


CERTIFICATE = b""
