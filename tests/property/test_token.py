"""What must hold of every token, not only of those somebody thought of."""

from __future__ import annotations

import gc
import sys
from types import FrameType
from typing import Any

from hypothesis import example, given
from hypothesis import strategies as st

from codex_ssh.core.secret import Secret
from codex_ssh.core.token import CapabilityVerifier, SignedBearerVerifier, Verifier, mint, read_bearer
from codex_ssh.core.upgrade import Refusal

SECRET = Secret("k" * 32)
NOW = 1_800_000_000
visible = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1)
names = st.text(max_size=20)


@given(st.lists(st.text(), max_size=3))
def test_any_header_gets_a_verdict(headers: list[str]) -> None:
    for verifier in (CapabilityVerifier.from_token(Secret("x")), SignedBearerVerifier(secret=SECRET)):
        found = verifier.verify(headers, now=NOW)
        assert found is None or found.status == 401


@given(visible, visible)
def test_only_the_token_itself_is_taken(token: str, other: str) -> None:
    verifier = CapabilityVerifier.from_token(Secret(token))
    assert (verifier.verify([f"Bearer {other}"], now=NOW) is None) == (token == other)


@given(visible)
def test_reading_a_bearer_gives_back_what_was_sent(token: str) -> None:
    assert read_bearer([f"Bearer {token}"]) == Secret(token)


@given(names, names, st.integers(0, 10**9))
def test_what_is_minted_is_taken_by_a_server_that_checks_the_same(
    issuer: str, audience: str, lifetime: int
) -> None:
    jwt = mint(SECRET, now=NOW, lifetime_seconds=lifetime, issuer=issuer, audience=audience)
    verifier = SignedBearerVerifier(secret=SECRET, issuer=issuer, audience=audience)
    assert verifier.verify([f"Bearer {jwt.reveal()}"], now=NOW) is None


JWT = mint(SECRET, now=NOW, lifetime_seconds=60).reveal()


@given(st.integers(0, len(JWT) - 1), st.characters(min_codepoint=0x21, max_codepoint=0x7E))
@example(len(JWT) - 1, "_")
def test_a_token_changed_in_one_place_is_refused(place: int, character: str) -> None:
    changed = JWT[:place] + character + JWT[place + 1 :]
    found = SignedBearerVerifier(secret=SECRET).verify([f"Bearer {changed}"], now=NOW)
    assert (found is None) == (changed == JWT)
    assert found is None or isinstance(found, Refusal)


def steps(verifier: Verifier, header: str) -> list[tuple[str, str]]:
    """Every call a judgement makes, in Python and in C, in order."""
    seen: list[tuple[str, str]] = []

    def note(frame: FrameType, event: str, argument: Any) -> None:
        name = argument.__name__ if event.startswith("c_") else frame.f_code.co_qualname
        seen.append((event, name))

    verifier.verify([header], now=NOW)  # what is done once is done
    before = sys.getprofile()
    gc.disable()
    sys.setprofile(note)
    try:
        found = verifier.verify([header], now=NOW)
    finally:
        sys.setprofile(before)
        gc.enable()
    assert found is not None
    return seen


def altered(text: str, place: int) -> str:
    """The text with all from that place on replaced by other letters of its alphabet."""
    return text[:place] + "".join("A" if letter != "A" else "B" for letter in text[place:])


@given(st.integers(0, 42), st.integers(0, 42))
def test_what_is_done_with_a_wrong_token_does_not_depend_on_how_much_of_it_is_right(
    one: int, other: int
) -> None:
    # Counted, not timed: the same calls in the same order, and the one that compares takes constant time.
    token = "t0" * 22
    verifier = CapabilityVerifier.from_token(Secret(token))
    first, second = (steps(verifier, f"Bearer {altered(token, place)}") for place in (one, other))
    assert first == second
    assert first.count(("c_call", "compare_digest")) == 1


@given(st.integers(0, 42), st.integers(0, 42))
def test_what_is_done_with_a_wrong_signature_does_not_depend_on_how_much_of_it_is_right(
    one: int, other: int
) -> None:
    verifier = SignedBearerVerifier(secret=SECRET)
    body, _, signature = JWT.rpartition(".")
    # The last letter carries two bits only: one of those that keep the form.
    wrong = [altered(signature[:-1], place) + signature[-1] for place in (one % 42, other % 42)]
    first, second = (steps(verifier, f"Bearer {body}.{each}") for each in wrong)
    assert first == second
    assert first.count(("c_call", "compare_digest")) == 1
