"""A queued message goes to the server and comes back as it was."""

from codex_ssh.core.attachment import Picture
from codex_ssh.core.queue_methods import Queued, queue_add, queue_delete, queue_list, queue_start

SHOT = Picture(url="data:,x")


def test_a_message_is_the_same_on_both_ways() -> None:
    call = queue_add("t", "look", attachments=(SHOT,), client_message_id="mine")
    assert call.params["threadId"] == "t"
    assert call.params["clientUserMessageId"] == "mine"
    submission = {"id": "q", "clientUserMessageId": "mine", "input": call.params["input"]}
    page = queue_list("t").decode({"data": [submission], "nextCursor": None})
    assert page.data == (Queued(id="q", client_id="mine", text="look", attachments=(SHOT,)),)


def test_only_looking_can_be_asked_twice() -> None:
    assert queue_list("t").is_repeatable
    assert not queue_add("t", "x", client_message_id="m").is_repeatable
    assert not queue_start("t").is_repeatable


def test_whether_it_was_still_there() -> None:
    assert queue_delete("t", "q").decode({"deleted": True})
    assert not queue_delete("t", "q").decode({"deleted": False})
    assert not queue_delete("t", "q").decode({})
