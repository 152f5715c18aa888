"""The table of requests and tokens both app servers are asked, and where ours may refuse more."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping

from tests.support.codex import TEST_TOKEN

SHARED_SECRET = "0123456789abcdef0123456789abcdef"
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
CONNECTION = "Connection: Upgrade\r\n"
UPGRADE = "Upgrade: websocket\r\n"
VERSION = "Sec-WebSocket-Version: 13\r\n"
WANTED = f"{CONNECTION}{UPGRADE}{VERSION}Sec-WebSocket-Key: {KEY}\r\n"
GOOD = f"Authorization: Bearer {TEST_TOKEN}\r\n"


def request(
    extra: str = "",
    *,
    start: str = "GET / HTTP/1.1",
    wanted: str = WANTED,
    host: str = "Host: x\r\n",
    body: str = "",
) -> bytes:
    """One request; text is sent as latin-1."""
    return f"{start}\r\n{host}{wanted}{extra}\r\n{body}".encode("latin-1")


def bearer(value: str) -> bytes:
    """A good request with that Authorization header."""
    return request(f"Authorization: {value}\r\n")


REQUESTS: Mapping[str, bytes] = {
    "good": request(GOOD),
    "no credential": request(),
    "token in the query": request(start=f"GET /?token={TEST_TOKEN} HTTP/1.1"),
    "scheme in lower case": bearer(f"bearer {TEST_TOKEN}"),
    "white space around the token": bearer(f"BEARER  {TEST_TOKEN} \t"),
    "tab behind the scheme": bearer(f"Bearer\t{TEST_TOKEN}"),
    "no space behind the scheme": bearer(f"Bearer{TEST_TOKEN}"),
    "empty header": bearer(""),
    "scheme only": bearer("Bearer "),
    "other scheme": bearer("Basic xxx"),
    "wrong token": bearer("Bearer no"),
    "token in another case": bearer(f"Bearer {TEST_TOKEN.upper()}"),
    "space inside the token": bearer("Bearer a b"),
    "latin-1 token": bearer("Bearer s\xe9same"),
    "control character": bearer("Bearer a\x01b"),
    "good header first": request(f"{GOOD}Authorization: Bearer no\r\n"),
    "bad header first": request(f"Authorization: Bearer no\r\n{GOOD}"),
    "any path": request(GOOD, start="GET /rpc?x=1 HTTP/1.1"),
    "absolute target": request(GOOD, start="GET http://h/x HTTP/1.1"),
    "origin": request(f"{GOOD}Origin: http://a\r\n"),
    "empty origin": request(f"{GOOD}oRiGin: \r\n"),
    "origin and no credential": request("Origin: null\r\n"),
    "origin at healthz": request("Origin: x\r\n", start="GET /healthz HTTP/1.1", wanted=""),
    "healthz": request(start="GET /healthz HTTP/1.1", wanted=""),
    "readyz": request(start="GET /readyz HTTP/1.1", wanted=""),
    "readyz with a query": request(start="GET /readyz?q HTTP/1.1", wanted=""),
    "readyz as an upgrade": request(start="GET /readyz HTTP/1.1"),
    "HEAD readyz": request(start="HEAD /readyz HTTP/1.1", wanted=""),
    "POST readyz": request(start="POST /readyz HTTP/1.1", wanted=""),
    "readyz with a slash": request(start="GET /readyz/ HTTP/1.1", wanted=""),
    "POST": request(start="POST / HTTP/1.1"),
    "POST without upgrade": request(start="POST / HTTP/1.1", wanted=""),
    "HEAD": request(GOOD, start="HEAD / HTTP/1.1"),
    "lower-case method": request(GOOD, start="get / HTTP/1.1"),
    "plain GET": request(wanted=""),
    "plain GET with a credential": request(GOOD, wanted=""),
    "HTTP/1.0": request(GOOD, start="GET / HTTP/1.0"),
    "HTTP/2.0": request(GOOD, start="GET / HTTP/2.0"),
    "HTTP/0.9": b"GET /\r\n\r\n",
    "no Connection": request(GOOD, wanted=WANTED.replace(CONNECTION, "")),
    "Connection list": request(
        GOOD, wanted=WANTED.replace(CONNECTION, "Connection: keep-alive, UPGRADE\r\n")
    ),
    "two Connection headers": request(
        GOOD, wanted=WANTED.replace(CONNECTION, f"Connection: keep-alive\r\n{CONNECTION}")
    ),
    "no Upgrade": request(GOOD, wanted=WANTED.replace(UPGRADE, "")),
    "other Upgrade": request(GOOD, wanted=WANTED.replace(UPGRADE, "Upgrade: h2c\r\n")),
    "Upgrade list": request(GOOD, wanted=WANTED.replace(UPGRADE, "Upgrade: h2c, websocket\r\n")),
    "Upgrade in another case": request(GOOD, wanted=WANTED.replace(UPGRADE, "Upgrade: WebSocket\r\n")),
    "no version": request(GOOD, wanted=WANTED.replace(VERSION, "")),
    "version 8": request(GOOD, wanted=WANTED.replace(VERSION, "Sec-WebSocket-Version: 8\r\n")),
    "no key": request(GOOD, wanted=f"{CONNECTION}{UPGRADE}{VERSION}"),
    "no key and no credential": request(wanted=f"{CONNECTION}{UPGRADE}{VERSION}"),
    "extensions and protocols": request(
        f"{GOOD}Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Protocol: a, b\r\n"
    ),
    "TLS": b"\x16\x03\x01\x00\xa5\x01\x00\r\n\r\n",
    "folded line": request(f"X: a\r\n b\r\n{GOOD}"),
    "space before the colon": request(f"X : a\r\n{GOOD}"),
    "no colon": request(f"Xa\r\n{GOOD}"),
    "empty name": request(f": a\r\n{GOOD}"),
    "NUL in a value": request(f"X: a\0b\r\n{GOOD}"),
    "bad length": request(f"{GOOD}Content-Length: x\r\n"),
    "target with a space": request(GOOD, start="GET /a b HTTP/1.1"),
    "latin-1 target": request(GOOD, start="GET /\xe9 HTTP/1.1"),
    "95 headers": request(GOOD + "".join(f"X{n}: a\r\n" for n in range(90))),
    "137 headers": request(GOOD + "".join(f"X{n}: a\r\n" for n in range(130))),
    "long header": request(f"{GOOD}X: {'a' * 60_000}\r\n"),
    "no Host": request(GOOD, host=""),
    "two Hosts": request(GOOD, host="Host: a\r\nHost: b\r\n"),
    "body": request(f"{GOOD}Content-Length: 5\r\n", body="hello"),
    "chunked body": request(f"{GOOD}Transfer-Encoding: chunked\r\n", body="0\r\n\r\n"),
    "bare line feeds": request(GOOD).replace(b"\r\n", b"\n"),
    "empty line first": b"\r\n" + request(GOOD),
    "very long header": request(f"{GOOD}X: {'a' * 100_000}\r\n"),
    "very long target": request(GOOD, start=f"GET /{'a' * 70_000} HTTP/1.1"),
}

STRICTER_REQUESTS: Mapping[str, tuple[int, str]] = {
    "no Host": (400, ""),
    "two Hosts": (400, ""),
    "body": (400, "an upgrade has no body"),
    "chunked body": (400, "an upgrade has no body"),
    "bare line feeds": (400, ""),
    "empty line first": (400, ""),
    "very long header": (431, ""),
    "very long target": (431, ""),
}
"""What we answer where the real server says something else; docs/reference/app-server.md says why."""


def b64(raw: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def jwt(payload: str, header: Mapping[str, object] | None = None, secret: str = SHARED_SECRET) -> str:
    """A JWT with exactly this payload text."""
    shown = {"alg": "HS256", "typ": "JWT"} if header is None else dict(header)
    message = f"{b64(json.dumps(shown).encode())}.{b64(payload.encode())}"
    name = "sha512" if shown.get("alg") == "HS512" else "sha256"
    return f"{message}.{b64(hmac.new(secret.encode(), message.encode(), getattr(hashlib, name)).digest())}"


def tokens(now: int) -> Mapping[str, str]:
    """JWTs for a server that wants the issuer ``me`` and the audience ``you``, with 30 s of skew."""
    good: Mapping[str, object] = {"exp": now + 600, "iss": "me", "aud": "you"}

    def changed(without: str = "", **claims: object) -> str:
        return jwt(json.dumps({name: x for name, x in {**good, **claims}.items() if name != without}))

    def headed(**header: object) -> str:
        return jwt(json.dumps(good), {"alg": "HS256", **header})

    def raw(text: str) -> str:
        return jwt(f'{{"exp":{now + 600},"iss":"me","aud":"you"{text}')

    plain = changed()
    return {
        "good": plain,
        "other secret": jwt(json.dumps(good), secret="x" * 32),
        "no exp": changed(without="exp"),
        "exp as text": changed(exp=str(now + 600)),
        "exp as float": changed(exp=now + 600.5),
        "exp as whole float": changed(exp=float(now + 600)),
        "exp as exponent": jwt('{"exp":1e12,"iss":"me","aud":"you"}'),
        "exp true": changed(exp=True),
        "exp null": changed(exp=None),
        "exp 2^63": changed(exp=2**63),
        "exp 2^63-1": changed(exp=2**63 - 1),
        "exp negative": changed(exp=-1),
        "exp -0": jwt('{"exp":-0,"iss":"me","aud":"you"}'),
        "just late": changed(exp=now - 15),
        "too late": changed(exp=now - 60),
        "just early": changed(nbf=now + 15),
        "too early": changed(nbf=now + 90),
        "nbf as text": changed(nbf="x"),
        "nbf as float": changed(nbf=now + 0.5),
        "nbf true": changed(nbf=True),
        "nbf null": changed(nbf=None),
        "nbf below i64": changed(nbf=-(2**63) - 1),
        "iat in the future": changed(iat=now + 9999),
        "iat as list": changed(iat=[]),
        "no iss": changed(without="iss"),
        "other iss": changed(iss="ME"),
        "iss as list": changed(iss=["me"]),
        "iss as number": changed(iss=5),
        "iss null": changed(iss=None),
        "iss with spaces": changed(iss=" me "),
        "no aud": changed(without="aud"),
        "other aud": changed(aud="You"),
        "aud in a list": changed(aud=["a", "you"]),
        "aud not in the list": changed(aud=["a"]),
        "empty aud": changed(aud=[]),
        "mixed aud": changed(aud=["you", 5]),
        "aud as number": changed(aud=5),
        "aud null": changed(aud=None),
        "late and other iss": changed(exp=1, iss="x"),
        "late and early": changed(exp=1, nbf=now + 999),
        "early and other iss": changed(nbf=now + 999, iss="x"),
        "other iss and aud": changed(iss="x", aud="x"),
        "no typ": headed(),
        "other typ": headed(typ="at+jwt"),
        "typ as number": headed(typ=5),
        "kid": headed(kid="a"),
        "kid as number": headed(kid=5),
        "jwk": headed(jwk={}),
        "zip": headed(zip="DEF"),
        "x5c as text": headed(x5c="a"),
        "no alg": jwt(json.dumps(good), {"typ": "JWT"}),
        "alg in lower case": jwt(json.dumps(good), {"alg": "hs256"}),
        "HS512": jwt(json.dumps(good), {"alg": "HS512"}),
        "none": jwt(json.dumps(good), {"alg": "none"}).rpartition(".")[0] + ".",
        "RS256": jwt(json.dumps(good), {"alg": "RS256"}),
        "garbage": "x",
        "two parts": plain.rpartition(".")[0],
        "four parts": f"{plain}.x",
        "padding": f"{plain}=",
        "other letters": plain.upper(),
        "payload is a list": jwt("[]"),
        "duplicate aud": raw(',"aud":"you"}'),
        "duplicate of no matter": raw(',"x":1,"x":2}'),
        "NaN": raw(',"x":NaN}'),
        "trailing text": raw("}x"),
        "large number": raw(f',"x":{10**40}}}'),
        "crit": headed(crit=["x"]),
        "b64": headed(b64=False),
    }


STRICTER_TOKENS: Mapping[str, tuple[int, str]] = {
    "crit": (401, "invalid websocket jwt"),
    "b64": (401, "invalid websocket jwt"),
}
