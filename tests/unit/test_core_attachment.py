"""What goes with a message is on the wire as codex wants it, and comes back from our own disk."""

import base64

import pytest

from codex_ssh.core.attachment import (
    Attachment,
    Mention,
    Picture,
    PictureThere,
    SkillMention,
    label,
    read_attachment,
    wire_attachment,
    wire_inputs,
)

EVERY: list[Attachment] = [
    Picture(url="data:image/png;base64,AAAA"),
    PictureThere(path="/w/a.png"),
    Mention(name="a.py", path="/w/a.py"),
    SkillMention(name="review", path="/s/SKILL.md"),
]


@pytest.mark.parametrize("attachment", EVERY)
def test_an_attachment_comes_back_from_the_wire(attachment: Attachment) -> None:
    assert read_attachment(wire_attachment(attachment)) == attachment


def test_the_text_comes_first_and_an_empty_one_not_at_all() -> None:
    kinds = [part["type"] for part in wire_inputs("look", EVERY)]
    assert kinds == ["text", "image", "localImage", "mention", "skill"]
    assert [part["type"] for part in wire_inputs("", EVERY[:1])] == ["image"]
    assert wire_inputs("") == [{"type": "text", "text": "", "text_elements": []}]


@pytest.mark.parametrize("shape", [None, [], {"type": "image"}, {"type": "audio"}, {"type": 3}])
def test_what_is_none_of_ours_is_left_out(shape: object) -> None:
    assert read_attachment(shape) is None


def test_a_picture_is_called_by_its_label_and_its_bytes_stay_out_of_logs() -> None:
    picture = Picture(url="data:image/png;base64,AAAA", label="shot.png, 800×600")
    assert label(picture) == "shot.png, 800×600"
    assert "AAAA" not in repr(picture)
    assert [label(one) for one in EVERY] == ["image", "image /w/a.png", "@a.py", "$review"]


@pytest.mark.parametrize("size", range(7))
def test_a_picture_knows_its_size(size: int) -> None:
    content = base64.b64encode(b"x" * size).decode()
    assert Picture(url=f"data:image/png;base64,{content}").size == size
