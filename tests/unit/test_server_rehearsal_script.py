"""The words of a prompt."""

from __future__ import annotations

import pytest

from codex_ssh.server.rehearsal.script import (
    CLOSING,
    MAX_DELTAS,
    PLAN,
    Ask,
    Fail,
    Late,
    Plan,
    Run,
    Say,
    Show,
    Step,
    Think,
    Write,
    parse_script,
    pieces,
)


@pytest.mark.parametrize(
    ("line", "step"),
    [
        ("say hello **you**", Say(text="hello **you**")),
        ("SAY hello", Say(text="hello")),
        ("think", Think(text="Weighing it up")),
        ("think of it", Think(text="of it")),
        ("run: ls | wc -l; true", Run(command="ls | wc -l; true")),
        ("write a/b.txt: one\\ntwo", Write(path="a/b.txt", text="one\ntwo\n")),
        ("write empty:", Write(path="empty", text="\n")),
        ("plan", Plan(steps=PLAN)),
        ("plan: one, two ,,", Plan(steps=("one", "two"))),
        ("slow 3", Say(text="word1 word2 word3", seconds_between=0.05)),
        ("slow 2 200", Say(text="word1 word2", seconds_between=0.2)),
        ("burst 2", Say(text="word1 word2", seconds_between=0.0)),
        ("hold on", Say(text="on", holds=True)),
        ("late the end", Late(text="the end")),
        ("show thread/goal/updated", Show(name="thread/goal/updated")),
        ("ask tea?", Ask(question="tea?")),
        ("fail", Fail(message="the rehearsal was told to fail")),
        ("fail: why not", Fail(message="why not")),
    ],
)
def test_a_line_is_a_step(line: str, step: Step) -> None:
    assert parse_script(f"  {line} ")[0] == step


def test_lines_are_done_in_order_and_the_rest_is_left_out() -> None:
    steps = parse_script("please\nthink\n\nrun: ls\nthanks\nsay done")
    assert steps == (Think(text="Weighing it up"), Run(command="ls"), Say(text="done"))


def test_what_does_not_end_with_an_answer_gets_one() -> None:
    assert parse_script("run: ls")[-1] == Say(text=CLOSING)
    assert len(parse_script("fail")) == len(parse_script("ask")) == 1
    assert len(parse_script("hold")) == len(parse_script("late")) == 1


@pytest.mark.parametrize(
    "prompt", ["How are you?", "plan a trip", "run ls", "write this down", "slow down", "failing", "say", ""]
)
def test_an_ordinary_sentence_is_told_who_answers(prompt: str) -> None:
    (answer,) = parse_script(prompt)
    assert isinstance(answer, Say)
    assert "not Codex" in answer.text
    assert prompt in answer.text


def test_a_typing_error_does_not_run_for_ever() -> None:
    (answer,) = parse_script("burst 999999999")
    assert isinstance(answer, Say)
    assert len(answer.text.split()) == MAX_DELTAS


def test_the_pieces_make_the_text() -> None:
    text = "  one\n\n- two  three\n"
    assert "".join(pieces(text)) == text
    assert pieces("a b") == ["a ", "b"]
