"""Whatever bytes come to the gate: a documented answer, and never a 101 without a good credential."""

from __future__ import annotations

import json
from typing import Final

from hypothesis import example, given, settings
from hypothesis import strategies as st

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier, SignedBearerVerifier
from codex_ssh.core.upgrade import Refusal, UpgradeReader, UpgradeRequest, refusal_bytes
from codex_ssh.server.gate import Gate
from tests.integration.app_server_cases import REQUESTS, SHARED_SECRET, jwt, request
from tests.support.codex import TEST_TOKEN

TOKEN: Final = TEST_TOKEN
NOW: Final = 1_800_000_000

MALFORMED: Final = {400, 431, 505, 501}
"""What the reader answers by itself."""

ANSWERS: Final = {200, 400, 401, 403, 405, 426, 503}
"""What the gate answers."""

JUST_TOKEN: Final = CapabilityVerifier.from_token(Secret(TOKEN))
JUST_SIGNED: Final = SignedBearerVerifier(secret=Secret(SHARED_SECRET))
CAPABILITY: Final = Gate(verifier=JUST_TOKEN)
SIGNED: Final = Gate(verifier=SignedBearerVerifier(secret=Secret(SHARED_SECRET), issuer="me", audience="you"))

lines = st.text(st.characters(max_codepoint=255), max_size=60)
headers = st.lists(
    st.one_of(
        st.sampled_from(
            [
                "Authorization: Bearer wrong", "authorization: bearer", "Authorization:Basic x",
                "Origin: http://a", "Host: x", "Connection: close", "Upgrade: h2c", "Content-Length: 3",
                "Transfer-Encoding: chunked", "Sec-WebSocket-Key: x", "Sec-WebSocket-Version: 12", " folded",
            ]
        ),
        lines,
    ),
    max_size=6,
)  # fmt: skip
starts = st.one_of(
    st.sampled_from(
        ["GET / HTTP/1.1", "GET /readyz HTTP/1.1", "POST / HTTP/1.1", "GET / HTTP/1.0", "HEAD /x HTTP/1.1"]
    ),
    lines,
)  # fmt: skip


def ask(gate: Gate, raw: bytes, cuts: list[int]) -> int | None:
    """The status of the answer, 101 for none; None when more bytes are waited for."""
    reader, begin = UpgradeReader(), 0
    found: UpgradeRequest | Refusal | None = None
    for end in [*sorted(cut % (len(raw) + 1) for cut in cuts), len(raw)]:
        found = reader.feed(raw[begin:end])
        begin = end
        if found is not None:
            break
    if found is None:
        return None
    if isinstance(found, Refusal):
        assert found.status in MALFORMED
        assert refusal_bytes(found).startswith(b"HTTP/1.1 ")
        return found.status
    refusal = gate.judge(found, now=NOW)
    if refusal is None:
        return 101
    assert refusal.status in ANSWERS
    assert refusal_bytes(refusal, method=found.method).endswith((b"\r\n\r\n", refusal.body.encode()))
    return refusal.status


@given(st.binary(max_size=400), st.lists(st.integers(0, 400), max_size=4))
def test_no_bytes_get_in(raw: bytes, cuts: list[int]) -> None:
    assert ask(CAPABILITY, raw, cuts) != 101


@settings(max_examples=300)
@given(starts, headers, st.booleans(), st.lists(st.integers(0, 900), max_size=4))
def test_no_request_gets_in_without_the_token(
    start: str, extra: list[str], wanted: bool, cuts: list[int]
) -> None:
    text = "".join(f"{line}\r\n" for line in extra)
    raw = request(text, start=start) if wanted else request(text, start=start, wanted="", host="")
    assert ask(CAPABILITY, raw, cuts) != 101
    assert ask(SIGNED, raw, cuts) != 101


@settings(max_examples=300)
@given(
    st.sampled_from([name for name in REQUESTS if not name.startswith(("very", "long"))]),
    st.lists(st.tuples(st.integers(0, 500), st.binary(min_size=1, max_size=3)), max_size=3),
)
def test_a_damaged_request_is_refused_or_still_shows_the_token(
    name: str, damage: list[tuple[int, bytes]]
) -> None:
    raw = bytearray(REQUESTS[name])
    for number, replacement in damage:
        place = number % len(raw)
        raw[place : place + len(replacement)] = replacement
    if ask(CAPABILITY, bytes(raw), []) == 101:
        assert TOKEN.encode() in raw


claims: st.SearchStrategy[dict[str, object]] = st.dictionaries(
    st.sampled_from(["exp", "nbf", "iss", "aud", "iat", "x"]),
    st.one_of(
        st.integers(NOW - 90, NOW + 90), st.sampled_from(["me", "you", ["you"], None, True, 1e300, {}]),
        st.integers(), st.floats(), st.text(max_size=5),
    ),
)  # fmt: skip


@settings(max_examples=300)
@given(claims)
@example({"exp": NOW, "iss": "me", "aud": "you"})
def test_a_signed_jwt_gets_in_exactly_when_its_claims_are_good(shown: dict[str, object]) -> None:
    def whole(name: str) -> int | None:
        value = shown.get(name)
        is_whole = isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**63
        return value if is_whole and isinstance(value, int) else None

    expires, begins, audience = whole("exp"), whole("nbf"), shown.get("aud")
    good = (
        expires is not None
        and expires + 30 >= NOW
        and (shown.get("nbf") is None or (begins is not None and begins - 30 <= NOW))
        and shown.get("iss") == "me"
        and (audience == "you" or audience == ["you"])
    )
    raw = request(f"Authorization: Bearer {jwt(json.dumps(shown))}\r\n")
    assert (ask(SIGNED, raw, []) == 101) == good


@settings(max_examples=300)
@given(
    st.one_of(
        st.text(st.characters(min_codepoint=33, max_codepoint=126)),
        st.from_regex(r"[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,40}\.[A-Za-z0-9_-]{0,43}", fullmatch=True),
    )
)
def test_what_nobody_signed_never_gets_in(token: str) -> None:
    for verifier in (JUST_SIGNED, JUST_TOKEN):
        refusal = verifier.verify([f"Bearer {token}"], now=NOW)
        assert refusal is not None
        assert refusal.status == 401
