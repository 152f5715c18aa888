"""What is left out of a message before it is written down."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence

import pytest

from codex_ssh.core.discreet import Discreet
from codex_ssh.core.redact import MASK
from codex_ssh.core.rpc import ErrorResponse, Json, Message, Notification, Request, Response, encode

CANARY = "canary-0123456789"


def told(discreet: Discreet, *messages: Message) -> str:
    """Give all that is written of some messages, at once."""
    written = [one for message in messages for one in discreet.message(message)]
    return "\n".join(encode(one) for one in [*written, *discreet.rest()])


def delta(text: str, item: str = "i", method: str = "item/agentMessage/delta") -> Notification:
    return Notification(method=method, params={"threadId": "t", "turnId": "u", "itemId": item, "delta": text})


def pieces(text: str, seed: int) -> list[str]:
    chance = random.Random(seed)
    cuts = sorted(chance.randrange(len(text) + 1) for _ in range(len(text) // 3))
    return [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def streamed(discreet: Discreet, parts: Sequence[str]) -> str:
    """Give what is written of a text that came in pieces."""
    written = [one for part in parts for one in discreet.message(delta(part))]
    return "".join(str(one.params["delta"]) for one in [*written, *discreet.rest()])  # type: ignore[union-attr]


def test_a_message_without_a_secret_is_written_as_it_is() -> None:
    message = Notification(
        method="item/started", params={"item": {"id": "i", "n": 3, "list": [True, None, 1.5]}}
    )

    assert Discreet().message(message) == [message]


@pytest.mark.parametrize(
    "message",
    [
        Request(id=1, method="account/login/start", params={"type": "apiKey", "apiKey": CANARY}),
        Response(id=1, result={"userCode": CANARY, "verificationUrl": "https://example.org"}),
        Response(id=1, result={"env": {"MY_KEY": CANARY}}),
        Response(id=1, result={"credentials": {"inside": {"deep": [CANARY]}}}),
        Response(id=1, result={"account": {"email": CANARY}}),
        Response(id=1, result={"stdoutBase64": CANARY}),
        Response(id=1, result={"content": f"Authorization: Bearer {CANARY}"}),
        ErrorResponse(id=1, code=-1, message=f"no: Bearer {CANARY}", data={"token": CANARY}),
        Notification(method="x", params={"item": {"id": "i", "aggregatedOutput": f"A_TOKEN={CANARY}\n"}}),
    ],
)
def test_a_secret_is_masked_wherever_it_stands(message: Message) -> None:
    assert CANARY not in told(Discreet(), message)


def test_a_secret_codex_ssh_knows_is_masked_in_every_place() -> None:
    discreet = Discreet()
    discreet.know(f"{CANARY}\n")

    text = told(
        discreet,
        Notification(method="x", params={"text": f"<{CANARY}>", f"key {CANARY}": 1, "list": [[CANARY]]}),
        ErrorResponse(id=1, code=-1, message=CANARY),
    )

    assert CANARY not in text
    assert text.count(MASK) == 4


def test_an_api_key_that_was_signed_in_with_is_masked_when_it_is_said_again() -> None:
    text = told(
        Discreet(),
        Request(id=1, method="account/login/start", params={"type": "apiKey", "apiKey": CANARY}),
        ErrorResponse(id=1, code=-1, message=f"the key {CANARY} is no key"),
    )

    assert CANARY not in text


def test_the_accounts_address_is_masked_and_other_addresses_are_not() -> None:
    text = told(
        Discreet(),
        Response(id=1, result={"account": {"email": "alice@example.org"}}),
        Notification(method="x", params={"text": "alice@example.org wrote to bob@example.org"}),
    )

    assert "alice@" not in text
    assert "bob@example.org" in text


def test_a_short_secret_is_not_looked_for_and_a_word_behind_a_secret_name_is_masked_there_only() -> None:
    discreet = Discreet()
    discreet.know("on")

    text = told(discreet, Response(id=1, result={"token": "none", "said": "none so far, on the line"}))

    assert json.loads(text)["result"] == {"token": MASK, "said": "none so far, on the line"}


def test_pictures_are_left_out_and_their_kind_is_kept() -> None:
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 20

    (written,) = Discreet().message(Request(id=1, method="turn/start", params={"url": picture}))

    assert isinstance(written, Request)
    assert written.params == {"url": f"data:image/png;base64,{MASK}"}


def test_the_answer_to_a_secret_question_is_masked_and_the_others_are_not() -> None:
    questions: Json = [{"id": "pin", "isSecret": True}, {"id": "name", "isSecret": False}]
    answers: Json = {"pin": {"answers": [CANARY]}, "name": {"answers": ["Alice"]}}

    text = told(
        Discreet(),
        Request(id=7, method="item/tool/requestUserInput", params={"questions": questions}),
        Response(id=7, result={"answers": answers}),
        Notification(method="x", params={"text": f"the model was told {CANARY}"}),
    )

    assert CANARY not in text
    assert "Alice" in text


# ---------------------------------------------------------------- texts that come in pieces


SECRETS = (
    "Authorization: Bearer canary-0123456789",
    "OPENAI_API_KEY = canary-0123456789",
    'X_PASSWORD="canary-0123456789 canary-0123456789 and canary-0123456789 more"',
    "sk-canary-0123456789abcdef",
    "-----BEGIN OPENSSH PRIVATE KEY-----\ncanary-0123456789\nx y z\n-----END OPENSSH PRIVATE KEY-----",
    "canary-0123456789",
    "known canary-0123456789 of more than three words",
)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("seed", range(20))
def test_a_secret_that_comes_in_pieces_is_masked_and_the_rest_stays(secret: str, seed: int) -> None:
    discreet = Discreet()
    discreet.know("known canary-0123456789 of more than three words")
    discreet.know(CANARY)
    before, after = "All of this stays, word by word, ", " and this, too, to the end.\nYes."

    text = streamed(discreet, pieces(before + secret + after, seed))

    assert CANARY not in text
    assert text.startswith(before)
    assert text.endswith(after)


@pytest.mark.parametrize("seed", range(20))
def test_an_ordinary_text_that_comes_in_pieces_is_written_to_the_letter(seed: int) -> None:
    text = "def main() -> None:\n\n    token = next(tokens)  # no secret\n\nIt ends  with spaces \n"

    assert streamed(Discreet(), pieces(text, seed)) == text


def test_only_the_last_words_of_a_text_are_held_back() -> None:
    (written,) = Discreet().message(delta("one two three four five"))

    assert isinstance(written, Notification)
    assert written.params["delta"] == "one two "


def test_what_was_held_back_is_written_before_the_item_ends_and_other_items_go_on() -> None:
    discreet = Discreet()
    discreet.message(delta("first"))
    discreet.message(delta("second", item="j"))
    done = Notification(method="item/completed", params={"item": {"id": "i", "text": "first"}})

    written = discreet.message(done)

    assert written == [delta("first"), done]
    assert discreet.rest() == [delta("second", item="j")]


def test_the_end_of_a_turn_ends_all_of_its_texts() -> None:
    discreet = Discreet()
    discreet.message(delta("first"))
    discreet.message(delta("second", method="item/commandExecution/outputDelta"))
    over = Notification(method="turn/completed", params={"turn": {"id": "u"}})

    assert discreet.message(over)[-1] == over
    assert discreet.rest() == []


def test_a_word_without_an_end_is_not_held_back_for_ever() -> None:
    discreet = Discreet()

    written = [one for _ in range(40) for one in discreet.message(delta("x" * 1000))]

    assert written
