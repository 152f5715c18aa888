import base64
import hashlib
import hmac

import pytest

from codex_ssh.core.known_hosts import (
    Finding,
    KnownHost,
    Marker,
    Verdict,
    fingerprint,
    judge_authority,
    judge_key,
    key_type_of,
    key_word,
    known_hosts_line,
    matching,
    name_to_look_up,
    parse_known_hosts,
)


def blob(name: str, text: str) -> bytes:
    return len(name).to_bytes(4, "big") + name.encode() + text.encode()


ED = blob("ssh-ed25519", "one")
ED2 = blob("ssh-ed25519", "two")
RSA = blob("ssh-rsa", "three")


def written(names: str, key: bytes, marker: str = "") -> str:
    return f"{marker} {names} {key_type_of(key)} {base64.b64encode(key).decode()} a comment".strip()


def entries(*lines: str) -> tuple[KnownHost, ...]:
    return parse_known_hosts("\n".join(lines), "/kh")


def judge(*lines: str, port: int = 22, alias: str = "", key: bytes = ED, host: str = "devbox") -> Finding:
    return judge_key(entries(*lines), hostname=host, port=port, alias=alias, blob=key)


def test_lines_that_say_nothing_are_passed_over() -> None:
    assert (
        entries("", "# a comment here x", "devbox ssh-ed25519", "devbox ssh-ed25519 !!!", "@odd a b c") == ()
    )


def test_a_line_knows_where_it_stands() -> None:
    (entry,) = entries("# one", "", written("devbox", ED, "@revoked"))
    assert (entry.path, entry.line, entry.marker, entry.blob) == ("/kh", 3, Marker.REVOKED, ED)


@pytest.mark.parametrize(
    ("names", "name", "matches"),
    [
        ("devbox", "devbox", True),
        ("DevBox", "devbox", True),
        ("devbox,other", "other", True),
        ("*.example", "a.example", True),
        ("*.example,!b.example", "b.example", False),
        ("!b.example,*.example", "b.example", False),
        ("!b.example", "a.example", False),
        ("dev?ox", "devbox", True),
        ("[devbox]:22", "[devbox]:22", True),
        ("devbox", "[devbox]:2222", False),
        ("dev.ox", "devbox", False),
        ("|1|bad|bad", "devbox", False),
        ("|1|onlyone", "devbox", False),
    ],
)
def test_names_match_as_patterns(names: str, name: str, *, matches: bool) -> None:
    assert bool(matching(entries(written(names, ED)), name)) is matches


def test_a_hashed_name_matches_its_host_only() -> None:
    salt = bytes(range(20))
    line = known_hosts_line("devbox", ED, salt=salt)
    digest = base64.b64encode(hmac.new(salt, b"devbox", hashlib.sha1).digest()).decode()
    assert line.startswith(f"|1|{base64.b64encode(salt).decode()}|{digest} ssh-ed25519 ")
    assert matching(entries(line), "devbox")
    assert not matching(entries(line), "devbox2")


def test_the_name_looked_up_carries_the_port_unless_there_is_an_alias() -> None:
    assert name_to_look_up("DevBox", 22) == "devbox"
    assert name_to_look_up("::1", 2222) == "[::1]:2222"
    assert name_to_look_up("devbox", 2222, "Alias") == "alias"


def test_the_same_key_is_trusted() -> None:
    assert judge(written("devbox", ED)).verdict is Verdict.TRUSTED
    assert judge(written("devbox", RSA), written("devbox", ED)).verdict is Verdict.TRUSTED


def test_no_line_is_unknown() -> None:
    assert judge(written("other", ED)) == Finding(verdict=Verdict.UNKNOWN)


def test_another_key_of_any_type_is_changed_and_the_line_is_named() -> None:
    for other in (ED2, RSA):
        finding = judge("", written("devbox", other))
        assert finding.verdict is Verdict.CHANGED
        assert finding.entry is not None
        assert finding.entry.line == 2


def test_a_revoked_key_is_revoked_though_it_is_on_file() -> None:
    assert judge(written("devbox", ED), written("*", ED, "@revoked")).verdict is Verdict.REVOKED
    assert judge(written("devbox", ED), written("*", ED2, "@revoked")).verdict is Verdict.TRUSTED


def test_an_authority_does_not_vouch_for_a_plain_key() -> None:
    assert judge(written("*", ED, "@cert-authority")).verdict is Verdict.UNKNOWN


def test_a_name_without_port_counts_only_for_the_very_same_key() -> None:
    assert judge(written("devbox", ED), port=2222).verdict is Verdict.TRUSTED
    assert judge(written("devbox", ED2), port=2222).verdict is Verdict.UNKNOWN
    assert judge(written("devbox", ED), port=2222, alias="x").verdict is Verdict.UNKNOWN
    assert judge(written("[devbox]:2222", ED2), written("devbox", ED), port=2222).verdict is Verdict.CHANGED


def test_an_authority_is_trusted_for_its_names_and_can_be_revoked() -> None:
    ca = written("*.example", ED, "@cert-authority")
    assert judge_authority(entries(ca), name="a.example", blob=ED).verdict is Verdict.TRUSTED
    assert judge_authority(entries(ca), name="a.other", blob=ED).verdict is Verdict.UNKNOWN
    assert judge_authority(entries(ca), name="a.example", blob=ED2).verdict is Verdict.UNKNOWN
    revoked = written("*", ED, "@revoked")
    assert judge_authority(entries(ca, revoked), name="a.example", blob=ED).verdict is Verdict.REVOKED
    plain = written("*", ED)
    assert judge_authority(entries(plain), name="a.example", blob=ED).verdict is Verdict.UNKNOWN


def test_a_fingerprint_is_the_one_openssh_prints() -> None:
    # ssh-keygen -lf prints SHA256 of the blob in base64 without padding.
    expected = base64.b64encode(hashlib.sha256(ED).digest()).decode().rstrip("=")
    assert fingerprint(ED) == f"SHA256:{expected}"


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        ("ssh-ed25519", "ED25519"),
        ("ssh-rsa", "RSA"),
        ("rsa-sha2-512", "RSA"),
        ("ecdsa-sha2-nistp256", "ECDSA"),
        ("sk-ssh-ed25519@openssh.com", "ED25519-SK"),
        ("sk-ecdsa-sha2-nistp256@openssh.com", "ECDSA-SK"),
        ("ssh-ed25519-cert-v01@openssh.com", "ED25519"),
        ("ssh-dss", "DSA"),
        ("new-kind", "new-kind"),
    ],
)
def test_a_key_type_has_a_short_word(kind: str, word: str) -> None:
    assert key_word(kind) == word


def test_a_torn_key_has_no_type() -> None:
    assert key_type_of(b"\x00\x00\x00\xffshort") == ""
    assert key_type_of(ED) == "ssh-ed25519"
