"""What we speak against what the codex at hand says it speaks: its own JSON schema.

What codex has and we do not look at is printed, not failed: the protocol moves every week. What we call and
codex does not have, or would not understand, fails.
"""

from __future__ import annotations

import enum
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from typing import Any, get_type_hints

import pytest

import codex_ssh.core
from codex_ssh.core.ask import UnknownAsk, decode_ask
from codex_ssh.core.call import Call
from codex_ssh.core.chore import reply_to_chore
from codex_ssh.core.events import decode_event
from codex_ssh.core.events.values import UnknownEvent
from codex_ssh.core.items import decode_item
from codex_ssh.core.items.other import UnknownItem
from codex_ssh.core.looking import LOOKS
from codex_ssh.core.rpc import Notification, Request
from codex_ssh.core.secret import Secret
from codex_ssh.core.settings_methods import Permissions, thread_settings_update
from codex_ssh.core.work_methods import ReviewTarget, review_start
from tests.support.codex import CodexBinary
from tests.support.codex_schema import CodexSchema, read_schema

pytestmark = pytest.mark.codex


@pytest.fixture
def schema(codex_binary: CodexBinary) -> CodexSchema:
    return read_schema(codex_binary)


def functions() -> Iterator[tuple[str, Any]]:
    """Give every function of core that makes a call, as others may use it."""
    for found in pkgutil.walk_packages(codex_ssh.core.__path__, "codex_ssh.core."):
        module = importlib.import_module(found.name)
        for name, function in inspect.getmembers(module, inspect.isfunction):
            returns = str(inspect.signature(function).return_annotation)
            is_ours = function.__module__ == found.name and not name.startswith("_")
            if is_ours and returns.startswith("Call["):
                yield f"{found.name.removeprefix('codex_ssh.core.')}.{name}", function


def example(kind: Any) -> Any:
    """Give a value of a parameter's type that says something."""
    text = str(kind)
    for word, value in {
        "bool": True,
        "int": 1,
        "float": 1.0,
        "bytes": b"x",
        "Mapping": {"type": "x"},
        "Sequence": (),
        "tuple": (),
    }.items():
        if word in text:
            return value
    if kind is Secret:
        return Secret("x")
    if isinstance(kind, type) and issubclass(kind, enum.Enum):
        return next(iter(kind))
    return None if "str" not in text and kind is not str else "x"


def calls() -> Iterator[tuple[str, Call[Any]]]:
    """Give every call with all of its parameters."""
    for name, function in functions():
        hints = get_type_hints(function)
        values = {
            parameter.name: example(hints[parameter.name])
            for parameter in inspect.signature(function).parameters.values()
        }
        if all(value is not None for value in values.values()):
            yield name, function(**values)
    rights = Permissions(profile="p", sandbox={"type": "x"}, approvals="never", reviewer="user")
    changed = thread_settings_update("t", cwd="/", model="m", effort="e", permissions=rights)
    yield "settings_methods.thread_settings_update", changed
    yield "work_methods.review_start", review_start("t", ReviewTarget(branch="main"))


def test_every_call_and_every_parameter_of_ours_is_one_codex_knows(schema: CodexSchema) -> None:
    made = dict(calls())
    assert len(made) > 40, sorted(made)
    faults = []
    for name, call in made.items():
        known = schema.methods.get(call.method)
        if known is None:
            faults.append(f"{name}: codex has no {call.method!r}")
            continue
        kinds = [known, *known.get("oneOf", ()), *known.get("anyOf", ())]
        keys = {key for kind in kinds for key in kind.get("properties", {})}
        faults += [f"{name}: {call.method} has no {key!r}" for key in set(call.params) - keys]
    assert faults == []


def test_what_only_looks_is_what_codex_has_and_may_be_asked_twice(schema: CodexSchema) -> None:
    assert set(schema.methods) >= LOOKS
    ours = {call.method: call for _, call in calls() if call.method in LOOKS}
    assert set(ours) == LOOKS
    assert {method for method, call in ours.items() if not call.is_repeatable} <= {"thread/unsubscribe"}


def test_all_functions_that_make_a_call_were_tried() -> None:
    tried = {name for name, _ in calls()}
    assert {name for name, _ in functions()} - tried == set()


def test_every_type_of_item_has_a_decoder(schema: CodexSchema) -> None:
    unknown = {
        kind for kind in schema.item_types if isinstance(decode_item({"type": kind, "id": "i"}), UnknownItem)
    }
    assert unknown == set()


def test_every_request_of_the_servers_is_answered(schema: CodexSchema) -> None:
    for method in schema.server_methods:
        request = Request(id=1, method=method, params={})
        asked = not isinstance(decode_ask(request), UnknownAsk)
        assert asked or reply_to_chore(request, 0.0) is not None, method


def test_what_nobody_here_looks_at_is_printed(
    schema: CodexSchema, codex_binary: CodexBinary, capsys: pytest.CaptureFixture[str]
) -> None:
    said = {
        method
        for method in schema.notifications
        if isinstance(decode_event(Notification(method=method, params={})), UnknownEvent)
    }
    called = {call.method for _, call in calls()}
    with capsys.disabled():
        print(f"\ncodex {codex_binary.version()}: notifications nothing looks at: {', '.join(sorted(said))}")
        print(f"methods nothing calls: {', '.join(sorted(set(schema.methods) - called))}")
    assert "turn/completed" not in said
