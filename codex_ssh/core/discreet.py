"""What of a message is left out before it is written down for others.

Lives here: masking by value, by name and by shape, in whole messages and in text that comes in pieces. Not
here: the shapes (:mod:`codex_ssh.core.redact`) and the file they are kept out of
(:mod:`codex_ssh.core.recording`).

A credential may come in two pieces, of which neither looks like one. So the last words of a text that
streams are held back until more comes or the text is over, and are added to the next piece: the pieces that
are written differ from those that came, their sum does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from codex_ssh.core.redact import MASK, find_credentials, redact
from codex_ssh.core.rpc import ErrorResponse, Json, Message, Notification, Request, RequestId, Response

LEFT_OUT: Final = (
    "tokens, keys and passwords codex-ssh knows",
    "values whose name says they are secret",
    "texts that look like credentials",
    "the account's e-mail address",
    "pictures",
)
"""What is left out, in words."""

SHORTEST: Final = 5
"""A shorter secret is not looked for in other texts: it would be found everywhere."""

_SURELY_SECRET: Final = 10
"""A shorter value of a secret name may be an ordinary word: it is masked where it stands, and only there."""

_WORDS_HELD: Final = 3
_MOST_HELD: Final = 16_384
_LEAST_HELD: Final = 1024

_SECRET_NAME: Final = re.compile(
    r"(?:.*(?:apikey|privatekey|secretkey|accesskey|signingkey|token|secret|password|passwd|passphrase|credentials?))"
    r"|authorization|(?:set)?cookie|usercode|proxyauthorization"
)
_ENVIRONMENT_NAME: Final = re.compile(r"[A-Z0-9_]*_(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD)")
_PICTURE: Final = re.compile(r"data:([a-z]+/[a-z0-9.+-]+);base64,[A-Za-z0-9+/=_-]{64,}", re.IGNORECASE)
_WORD: Final = re.compile(r"\S+")

_StreamKey = tuple[tuple[str, str | int], ...]


class Discreet:
    """Masks messages in the order in which they come."""

    def __init__(self) -> None:
        self._values: set[str] = set()
        self._by_value: re.Pattern[str] | None = None
        self._longest = 0
        self._streams: dict[_StreamKey, tuple[Notification, str]] = {}
        self._secret_answers: dict[RequestId, frozenset[str]] = {}

    def know(self, value: str) -> None:
        """Leave this out wherever it stands from now on."""
        value = value.strip()
        if len(value) < SHORTEST or value in self._values:
            return
        self._values.add(value)
        longest_first = sorted(self._values, key=len, reverse=True)
        self._by_value = re.compile("|".join(map(re.escape, longest_first)))
        # Without a space in it, it is one word, and words are held back anyhow.
        self._longest = max((len(value) for value in self._values if len(value.split()) > 1), default=0)

    def text(self, text: str) -> str:
        """Give a text that is over, masked."""
        if self._by_value is not None:
            text = self._by_value.sub(MASK, text)
        return redact(text)

    def message(self, message: Message) -> list[Message]:
        """Give what may be written of a message: nothing yet, the message, or that and what was held back."""
        match message:
            case Notification() if isinstance(message.params.get("delta"), str):
                return self._piece(message)
            case Notification() | Request():
                self._note_secret_questions(message)
                return [*self._over(message), replace(message, params=self._value(message.params))]
            case Response():
                return [replace(message, result=self._result(message))]
            case ErrorResponse():
                said, data = self.text(message.message), self._value(message.data)
                return [replace(message, message=said, data=data)]

    def rest(self) -> list[Message]:
        """Give all that is held back; what streams is over."""
        streams, self._streams = self._streams, {}
        return [self._whole(message, text) for message, text in streams.values()]

    # ---------------------------------------------------------------- values

    def _value(self, value: Json, name: str = "") -> Json:
        if isinstance(value, str):
            if _says_secret(name) and value:
                if len(value) >= _SURELY_SECRET:
                    self.know(value)
                return MASK
            if name == "email" and value:
                self.know(value)
                return MASK
            if "Base64" in name:
                return ""
            return self.text(_PICTURE.sub(rf"data:\1;base64,{MASK}", value))
        if isinstance(value, Mapping):
            inside = name if _says_secret(name) else ""
            return {
                key if key.isalpha() else self.text(key): self._value(one, inside or key)
                for key, one in value.items()
            }
        if isinstance(value, list | tuple):
            return [self._value(one, name) for one in value]
        return value

    def _note_secret_questions(self, message: Notification | Request) -> None:
        questions = message.params.get("questions")
        if isinstance(message, Request) and isinstance(questions, list):
            secret = {
                str(one.get("id")) for one in questions if isinstance(one, Mapping) and one.get("isSecret")
            }
            if secret:
                self._secret_answers[message.id] = frozenset(secret)

    def _result(self, message: Response) -> Json:
        secret = self._secret_answers.pop(message.id, frozenset())
        answers = message.result.get("answers") if isinstance(message.result, Mapping) else None
        if not secret or not isinstance(answers, Mapping):
            return self._value(message.result)
        return {
            "answers": {
                question: self._value(said, "secret" if question in secret else "")
                for question, said in answers.items()
            }
        }

    # ---------------------------------------------------------------- texts that come in pieces

    def _piece(self, message: Notification) -> list[Message]:
        key = (("method", message.method), *_names(message.params))
        _, held = self._streams.get(key, (message, ""))
        text = held + message.params["delta"]
        cut = self._cut(text)
        self._streams[key] = (message, text[cut:])
        if not cut:
            return []
        return [self._whole(message, text[:cut])]

    def _cut(self, text: str) -> int:
        """Give the place up to which no credential can be that is not there whole."""
        words = [match.start() for match in _WORD.finditer(text)]
        cut = words[-_WORDS_HELD] if len(words) >= _WORDS_HELD else 0
        cut = max(0, min(cut, len(text) - self._longest))
        spans = find_credentials(text)
        if self._by_value is not None:
            spans += [match.span() for match in self._by_value.finditer(text)]
        while crossed := [start for start, end in spans if start < cut and (end > cut or end == len(text))]:
            cut = min(crossed)
        if len(text) - cut > _MOST_HELD:
            cut = len(text) - _LEAST_HELD
        return cut

    def _over(self, message: Notification | Request) -> list[Message]:
        """Give what is held back of the texts that this message ends."""
        if not self._streams:
            return []
        item = message.params.get("item")
        number = item.get("id") if isinstance(item, Mapping) else message.params.get("itemId")
        ends_all = message.method == "turn/completed"
        over = [key for key in self._streams if ends_all or (number and ("itemId", number) in key)]
        return [self._whole(*self._streams.pop(key)) for key in over]

    def _whole(self, message: Notification, text: str) -> Message:
        rest = {name: value for name, value in message.params.items() if name != "delta"}
        return replace(message, params={**self._value(rest), "delta": self.text(text)})


def _names(params: Mapping[str, Json]) -> _StreamKey:
    return tuple(
        (name, value)
        for name, value in sorted(params.items())
        if name != "delta" and isinstance(value, str | int)
    )


def _says_secret(name: str) -> bool:
    plain = name.lower().replace("_", "").replace("-", "")
    return bool(_SECRET_NAME.fullmatch(plain) or _ENVIRONMENT_NAME.fullmatch(name))
