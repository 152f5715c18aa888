"""What a log line keeps to itself."""

from __future__ import annotations

import pytest

from codex_ssh.core.redact import MASK, find_credentials, redact


@pytest.mark.parametrize(
    "line",
    [
        "> Authorization: Bearer canary-123456",
        "{'authorization': 'Bearer canary-123456'}",
        "sent bearer canary-123456 to it",
        "jwt eyJhbGciOiJIUzI1NiJ9.canary-123456.c2ln",
        "wss://me:canary-123456@host:443/",
        "GET /?token=canary-123456&x=1",
    ],
)
def test_a_credential_is_masked_wherever_it_stands(line: str) -> None:
    assert "canary" not in redact(line)
    assert MASK in redact(line)


def test_ordinary_lines_stay_as_they_are() -> None:
    line = "ssh devbox: the bearer of bad news reached ws://127.0.0.1:4500 at /home/me"
    assert redact(line) == line


@pytest.mark.parametrize(
    "text",
    [
        "curl -H 'Authorization: Basic canary-123456' x",
        "key sk-proj-canary0123456789abcdef.",
        "git clone with ghp_canary0123456789abcdefghij",
        "export OPENAI_API_KEY=canary-123456 && make",
        "MY_TOKEN='canary 123456'",
        'DB_PASSWORD="canary that is not closed',
        "db_password=canary-123456",
        '{"client_secret": "canary-123456"}',
        r'{"arguments": "{\"apiKey\": \"canary-123456\", \"x\": 1}"}',
        r'{"env": "{\"A_TOKEN\":\"canary-123456\"}"}',
        "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary\ncanary\n-----END OPENSSH PRIVATE KEY-----\n",
        "-----BEGIN RSA PRIVATE KEY-----\ncanary, and the end is missing",
    ],
)
def test_a_credential_of_a_program_is_masked_in_what_it_prints(text: str) -> None:
    assert "canary" not in redact(text)
    assert MASK in redact(text)


@pytest.mark.parametrize(
    "text",
    [
        "token = lexer.next_token()",
        "password = get_password()",
        "for key in keys: pass",
        "monkey = 3; KEYBOARD",
        "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----",
        "see https://example.org/a?page=2&q=token",
    ],
)
def test_code_and_links_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


def test_what_is_masked_is_found_with_the_words_that_give_it_away() -> None:
    text = "it says Bearer canary-123456 and -----BEGIN RSA"

    assert [text[start:end] for start, end in find_credentials(text)] == [
        "Bearer canary-123456",
        "-----BEGIN RSA",
    ]


def test_a_large_text_takes_no_longer_than_its_size() -> None:
    # A pattern that tries every place against every other would not come back from any of these.
    for piece in ("A", "a_", "x='", "http", "-----BEGIN "):
        redact(piece * (300_000 // len(piece)))
