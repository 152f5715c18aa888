"""A stand-in for the sign-in service: what a real codex talks to when somebody signs in by device code.

It plays ``auth.openai.com`` and the one page of ``chatgpt.com`` a sign-in needs, on loopback. A codex is
pointed at it by :attr:`Issuer.environment` and :attr:`Issuer.flags`. What it sends is what codex 0.163 and
0.169 accept; nothing in it is a credential anywhere.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from tests.support.serving import serving

Json = dict[str, Any]

CODE: Final = "ABCD-EFGH"
EMAIL: Final = "person@example.org"

_CLAIMS: Final[Json] = {
    "email": EMAIL,
    "exp": 4_102_444_800,
    "https://api.openai.com/auth": {
        "chatgpt_plan_type": "plus",
        "chatgpt_account_id": "account-1",
        "chatgpt_user_id": "user-1",
    },
}

_ACCOUNTS: Final[Json] = {
    "accounts": [
        {
            "id": "account-1",
            "account_user_id": "user-1",
            "structure": "personal",
            "plan_type": "plus",
            "name": None,
            "workspace_backend_origin": "https://backend.invalid",
            "account_routing_override": "NO_CONSTRAINT",
            "is_deactivated": False,
        }
    ],
    "account_ordering": ["account-1"],
    "default_account_id": "account-1",
}


@dataclass(slots=True, kw_only=True)
class Issuer:
    """The running service.

    Attributes:
        approved: Whether the person has entered the code.
        revoked: Whether what was issued is no good any more.
        asked: Every path asked for, in order.
    """

    port: int = 0
    approved: bool = False
    revoked: bool = False
    asked: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Points a codex at it."""
        return {
            "CODEX_APP_SERVER_LOGIN_ISSUER": self.url,
            "CODEX_REFRESH_TOKEN_URL_OVERRIDE": f"{self.url}/oauth/token",
        }

    @property
    def config_toml(self) -> str:
        """What belongs at the top of the ``config.toml`` of a codex that is pointed at it."""
        return f'chatgpt_base_url = "{self.url}/backend-api/"\n'

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            start, *lines = head.split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)}
            body = await reader.readexactly(int(headers.get("content-length", "0")))
            path = start.split(" ")[1].partition("?")[0]
            self.asked.append(path)
            status, answer = self._answer(path, body)
            data = json.dumps(answer).encode()
            writer.write(
                f"HTTP/1.1 {status} Scripted\r\ncontent-type: application/json\r\n"
                f"content-length: {len(data)}\r\n\r\n".encode()
                + data
            )
            await writer.drain()

    def _answer(self, path: str, body: bytes) -> tuple[int, Json]:
        if path.endswith("/deviceauth/usercode"):
            return 200, {"device_auth_id": "device-1", "user_code": CODE, "interval": "1"}
        if path.endswith("/deviceauth/token"):
            if not self.approved:
                return 403, {"error": "authorization_pending"}
            return 200, {"authorization_code": "a-code", "code_challenge": "c", "code_verifier": "v"}
        if path.endswith("/oauth/token"):
            if self.revoked and b"refresh_token" in body:
                return 401, {"error": {"code": "refresh_token_invalidated", "message": "revoked"}}
            token = _jwt(_CLAIMS)
            return 200, {"id_token": token, "access_token": token, "refresh_token": "a-refresh-token"}
        if path.endswith("/accounts/check"):
            return (401, {"detail": "revoked"}) if self.revoked else (200, _ACCOUNTS)
        return 404, {"error": "not scripted"}


def _jwt(claims: Json) -> str:
    """A token in the form of one, signed by nobody."""
    head = {"alg": "none", "typ": "JWT"}
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in (head, claims)
    ]
    return ".".join([*parts, "nobody"])


@asynccontextmanager
async def open_issuer() -> AsyncGenerator[Issuer, None]:
    """Serve on a free loopback port until the block ends."""
    issuer = Issuer()
    async with serving(issuer._serve) as issuer.port:
        yield issuer
