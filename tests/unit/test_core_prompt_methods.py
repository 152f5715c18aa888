"""What was said is read off the wire with all that went along."""

from codex_ssh.core.attachment import Mention, Picture
from codex_ssh.core.prompt_methods import Prompt, thread_fork_before, thread_prompts, thread_revert
from codex_ssh.core.thread import TurnId


def test_prompts_are_the_first_thing_said_in_each_turn() -> None:
    call = thread_prompts("t", limit=5)
    assert call.params == {
        "threadId": "t",
        "limit": 5,
        "sortDirection": "desc",
        "itemsView": "summary",
    }
    content = [
        {"type": "text", "text": "look"},
        {"type": "image", "url": "data:,x"},
        {"type": "text", "text": "there"},
        {"type": "mention", "name": "a", "path": "/a"},
    ]
    turns = [
        {
            "id": "2",
            "items": [
                {"type": "userMessage", "content": content},
                {"type": "userMessage", "content": []},
            ],
        },
        {"id": "1", "items": [{"type": "agentMessage", "text": "x"}]},
        {"id": "0"},
    ]
    page = call.decode({"data": turns, "nextCursor": "more"})
    attachments = (Picture(url="data:,x"), Mention(name="a", path="/a"))
    assert page.data == (Prompt(turn_id=TurnId("2"), text="look\nthere", attachments=attachments),)
    assert page.cursor == "more"


def test_both_ways_back_name_the_turn_that_goes() -> None:
    assert thread_revert("t", "turn").params == {"threadId": "t", "beforeTurnId": "turn"}
    assert not thread_revert("t", "turn").is_repeatable
    assert thread_fork_before("t", "turn").params == {
        "threadId": "t",
        "beforeTurnId": "turn",
        "excludeTurns": True,
    }
