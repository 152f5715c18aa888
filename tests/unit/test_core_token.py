"""Token rules. Every verdict in the tables below is that of the real codex 0.163 and 0.169, or stricter."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

import pytest

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import (
    CapabilityVerifier,
    DigestFault,
    SignedBearerVerifier,
    TokenTextFault,
    digest,
    mint,
    parse_digest,
    parse_shared_secret,
    parse_token,
    trim_token,
)

SECRET = Secret("0123456789abcdef0123456789abcdef")
NOW = 1_800_000_000
GOOD: Mapping[str, object] = {"exp": NOW + 600, "iss": "me", "aud": "you"}
BAD = "invalid websocket jwt"
MISMATCH = "websocket jwt issuer mismatch"
NOT_FOR_US = "websocket jwt audience mismatch"

strict = SignedBearerVerifier(secret=SECRET, issuer=" me ", audience="you")
lax = SignedBearerVerifier(secret=SECRET, issuer="  ")


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def sign(
    payload: str, *, header: Mapping[str, object] | None = None, secret: str = "", hash_name: str = "sha256"
) -> str:
    shown = {"alg": "HS256", "typ": "JWT"} if header is None else dict(header)
    message = f"{b64(json.dumps(shown).encode())}.{b64(payload.encode())}"
    key = (secret or SECRET.reveal()).encode()
    return f"{message}.{b64(hmac.new(key, message.encode(), hash_name).digest())}"


def token(*, without: str = "", header: Mapping[str, object] | None = None, **changed: object) -> str:
    claims = {name: value for name, value in {**GOOD, **changed}.items() if name != without}
    return sign(json.dumps(claims), header=header)


def said(verifier: SignedBearerVerifier | CapabilityVerifier, *headers: str, now: float = NOW) -> str:
    """The body of the refusal, empty for a good credential."""
    refusal = verifier.verify(headers, now=now)
    if refusal is None:
        return ""
    assert refusal.status == 401
    assert refusal.headers == ()
    return refusal.body


def said_of(jwt: str, verifier: SignedBearerVerifier = strict) -> str:
    return said(verifier, f"Bearer {jwt}")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (["Bearer sesame"], ""),
        (["bearer sesame"], ""),
        (["BEARER   sesame "], ""),
        (["Bearer \tsesame\t"], ""),
        (["Bearer sesame", "Bearer no"], ""),
        ([], "missing websocket bearer token"),
        (["Bearer no", "Bearer sesame"], "invalid websocket bearer token"),
        (["Bearer SESAME"], "invalid websocket bearer token"),
        (["Bearer ses ame"], "invalid websocket bearer token"),
        (["Bearer\tsesame"], "invalid authorization header"),
        (["Bearersesame"], "invalid authorization header"),
        (["Bearer"], "invalid authorization header"),
        (["Bearer "], "invalid authorization header"),
        ([""], "invalid authorization header"),
        (["Basic sesame", "Bearer sesame"], "invalid authorization header"),
        (["Bearer s\xe9same"], "invalid authorization header"),
    ],
)
def test_a_capability_token_is_judged_as_codex_does(headers: list[str], body: str) -> None:
    assert said(CapabilityVerifier.from_token(Secret("sesame")), *headers) == body


def test_a_capability_verifier_keeps_the_digest_only() -> None:
    verifier = CapabilityVerifier.from_token(Secret("sesame"))
    assert "sesame" not in repr(verifier)
    hexed = hashlib.sha256(b"sesame").hexdigest()
    assert digest(Secret("sesame")) == hexed
    assert CapabilityVerifier.from_hex(f" {hexed.upper()}\n") == verifier


@pytest.mark.parametrize("text", ["", "zz", "a" * 63, "a" * 65, "g" * 64, "a" * 32 + " " + "a" * 31])
def test_what_is_no_digest_is_refused(text: str) -> None:
    with pytest.raises(DigestFault, match="64-character hex"):
        parse_digest(text)


@pytest.mark.parametrize(
    ("jwt", "body", "unchecked"),
    [
        (token(), "", ""),
        (token(exp=2**63 - 1), "", ""),
        (token(nbf=None), "", ""),
        (token(nbf=-(2**63)), "", ""),
        (token(iat=NOW + 9999), "", ""),
        (token(iat="x"), "", ""),
        (token(sub=5, jti=5, foo={"a": [1]}), "", ""),
        (token(aud=["a", "you"]), "", ""),
        (token(header={"alg": "HS256"}), "", ""),
        (token(header={"alg": "HS256", "typ": "at+jwt", "kid": "a", "zip": "DEF"}), "", ""),
        (sign(f' {{"exp":{NOW},"iss":"me","aud":"you","x":"a","x":"b"}} '), "", ""),
        (sign(f'{{"exp":{NOW},"iss":"me","aud":"you","x":{10**40}}}'), "", ""),
        (token(without="exp"), BAD, BAD),
        (token(exp=str(NOW)), BAD, BAD),
        (token(exp=NOW + 0.5), BAD, BAD),
        (token(exp=float(NOW)), BAD, BAD),
        (token(exp=True), BAD, BAD),
        (token(exp=None), BAD, BAD),
        (token(exp=2**63), BAD, BAD),
        (sign('{"exp":1e12,"iss":"me","aud":"you"}'), BAD, BAD),
        (sign('{"exp":-0,"iss":"me","aud":"you"}'), BAD, BAD),
        (token(nbf="x"), BAD, BAD),
        (token(nbf=NOW + 0.5), BAD, BAD),
        (token(nbf=True), BAD, BAD),
        (token(nbf=-(2**63) - 1), BAD, BAD),
        (token(iss=["me"]), BAD, BAD),
        (token(iss=5), BAD, BAD),
        (token(aud=5), BAD, BAD),
        (token(aud=["you", 5]), BAD, BAD),
        (token(aud={}), BAD, BAD),
        (token(without="iss"), MISMATCH, ""),
        (token(iss=None), MISMATCH, ""),
        (token(iss="ME"), MISMATCH, ""),
        (token(iss=" me "), MISMATCH, ""),
        (token(without="aud"), NOT_FOR_US, ""),
        (token(aud=None), NOT_FOR_US, ""),
        (token(aud="You"), NOT_FOR_US, ""),
        (token(aud=["a"]), NOT_FOR_US, ""),
        (token(aud=[]), NOT_FOR_US, ""),
        (token(iss="x", aud="x"), MISMATCH, ""),
        (token(exp=1, iss="x", nbf=NOW + 99), "expired websocket jwt", "expired websocket jwt"),
        (token(exp=-1), "expired websocket jwt", "expired websocket jwt"),
        (token(nbf=NOW + 99, iss="x"), "websocket jwt is not valid yet", "websocket jwt is not valid yet"),
        (sign(json.dumps(GOOD), secret="x" * 32), BAD, BAD),
        (sign(json.dumps(GOOD), header={"alg": "HS512"}, hash_name="sha512"), BAD, BAD),
        (sign(json.dumps(GOOD), header={"alg": "none"}), BAD, BAD),
        (sign(json.dumps(GOOD), header={"alg": "none"}).rpartition(".")[0] + ".", BAD, BAD),
        (token(header={"alg": "RS256"}), BAD, BAD),
        (token(header={"alg": "hs256"}), BAD, BAD),
        (token(header={"typ": "JWT"}), BAD, BAD),
        (token(header={"alg": "HS256", "typ": 5}), BAD, BAD),
        (token(header={"alg": "HS256", "kid": 5}), BAD, BAD),
        (token(header={"alg": "HS256", "jku": 5}), BAD, BAD),
        (token(header={"alg": "HS256", "jwk": {}}), BAD, BAD),
        (token(header={"alg": "HS256", "x5c": "a"}), BAD, BAD),
        ("x", BAD, BAD),
        ("..", BAD, BAD),
        (token().rpartition(".")[0], BAD, BAD),
        (f"{token()}.x", BAD, BAD),
        (f"{token()}=", BAD, BAD),
        (token().replace(".", "=.", 1), BAD, BAD),
        (token().upper(), BAD, BAD),
        (f"{token()[:-3]}*{token()[-3:]}", BAD, BAD),
        (sign("[]"), BAD, BAD),
        (sign("\ufeff" + json.dumps(GOOD)), BAD, BAD),
        (sign(json.dumps(GOOD) + "x"), BAD, BAD),
        (sign(f'{{"exp":{NOW},"iss":"me","aud":"you","x":NaN}}'), BAD, BAD),
        (sign(f'{{"exp":1,"exp":{NOW},"iss":"me","aud":"you"}}'), BAD, BAD),
        (sign(f'{{"exp":{NOW},"iss":"me","aud":"you","aud":"you"}}'), BAD, BAD),
        (sign("[" * 100_000), BAD, BAD),
    ],
)
def test_a_jwt_is_judged_as_codex_does(jwt: str, body: str, unchecked: str) -> None:
    assert said_of(jwt) == body
    assert said_of(jwt, lax) == unchecked


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "HS256", "crit": ["x"]},
        {"alg": "HS256", "crit": ["b64"], "b64": False},
        {"alg": "HS256", "b64": False},
        {"alg": "HS256", "b64": True},
    ],
)
def test_a_header_that_changes_the_meaning_is_refused_where_codex_ignores_it(
    header: Mapping[str, object],
) -> None:
    assert said_of(token(header=header)) == BAD


def test_one_signature_has_one_spelling() -> None:
    jwt = token()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    twin = jwt[:-1] + alphabet[alphabet.index(jwt[-1]) ^ 1]
    assert base64.urlsafe_b64decode(jwt.split(".")[2] + "=") == base64.urlsafe_b64decode(
        twin.split(".")[2] + "="
    )
    assert said_of(jwt) == ""
    assert said_of(twin) == BAD


@pytest.mark.parametrize(
    ("late", "body"), [(0, ""), (29, ""), (30, ""), (30.9, ""), (31, "expired websocket jwt")]
)
def test_a_token_lives_for_the_skew_behind_exp(late: float, body: str) -> None:
    assert said(strict, f"Bearer {token()}", now=NOW + 600 + late) == body


@pytest.mark.parametrize(("early", "body"), [(0, ""), (30, ""), (31, "websocket jwt is not valid yet")])
def test_a_token_lives_from_the_skew_before_nbf(early: int, body: str) -> None:
    assert said(strict, f"Bearer {token(nbf=NOW)}", now=NOW - early) == body


def test_a_skew_of_zero_is_exact() -> None:
    exact = SignedBearerVerifier(secret=SECRET, skew_seconds=0)
    assert said(exact, f"Bearer {token()}", now=NOW + 600) == ""
    assert said(exact, f"Bearer {token()}", now=NOW + 601) == "expired websocket jwt"


def test_a_jwt_verifier_says_what_is_wrong_with_the_header_first() -> None:
    assert said(strict) == "missing websocket bearer token"
    assert said(strict, "Basic x") == "invalid authorization header"


def test_a_minted_token_is_taken_and_carries_what_was_asked_for() -> None:
    jwt = mint(SECRET, now=NOW + 0.9, lifetime_seconds=60, issuer=" me", audience="you ")
    assert said_of(jwt.reveal()) == ""
    payload = json.loads(base64.urlsafe_b64decode(jwt.reveal().split(".")[1] + "=="))
    assert payload == {"iat": NOW, "nbf": NOW, "exp": NOW + 60, "iss": "me", "aud": "you"}
    bare = mint(SECRET, now=NOW, lifetime_seconds=60)
    assert said_of(bare.reveal(), lax) == ""
    assert said_of(bare.reveal()) == MISMATCH


def test_token_files_are_trimmed() -> None:
    assert parse_token(b" \n sesame-open\r\n").reveal() == "sesame-open"
    assert trim_token("\u00a0a b\n".encode()) == "a b"


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "is empty"),
        (b" \n\t", "is empty"),
        (b"\xff\xfe", "is not UTF-8"),
        (b"a" * 4097, "is larger than 4096 bytes"),
        (b"a\nb", "holds white space"),
        (b"a b", "holds white space"),
        ("a\u00e9".encode(), "holds white space or characters"),
        (b"a\x1bb", "holds white space or characters"),
    ],
)
def test_what_no_header_could_carry_is_no_token(raw: bytes, words: str) -> None:
    with pytest.raises(TokenTextFault, match=words) as caught:
        parse_token(raw)
    assert "a" * 8 not in str(caught.value)


def test_a_shared_secret_has_32_bytes_after_trimming() -> None:
    assert parse_shared_secret(b" " + b"x" * 32 + b"\n").reveal() == "x" * 32
    assert parse_shared_secret("\u00e9".encode() * 16).reveal() == "\u00e9" * 16
    with pytest.raises(TokenTextFault, match="at least 32 bytes"):
        parse_shared_secret(b" " + b"x" * 31 + b"\n")
