"""What a prompt of ssh asks for, in the words of OpenSSH 9.2."""

import pytest

from codex_ssh.core.question import QuestionKind
from codex_ssh.link.ssh_askpass import read_prompt


@pytest.mark.parametrize(
    ("prompt", "hint", "kind", "text"),
    [
        ("Enter passphrase for key '/k': ", "", QuestionKind.PASSPHRASE, "Enter passphrase for key '/k': "),
        ("me@box's password: ", "", QuestionKind.PASSWORD, "password for me@box: "),
        ("(me@box) One-time code: ", "", QuestionKind.KEYBOARD_INTERACTIVE, "One-time code: "),
        ("Verification code: ", "", QuestionKind.KEYBOARD_INTERACTIVE, "Verification code: "),
        ("Please type 'yes', 'no' or the fingerprint: ", "", QuestionKind.HOST_KEY, None),
        ("Allow use of key id_ed25519?", "confirm", QuestionKind.CONFIRM, "Allow use of key id_ed25519?"),
        ("Enter PIN for 'token': ", "", QuestionKind.PASSPHRASE, "Enter PIN for 'token': "),
    ],
)
def test_a_prompt_is_told_by_its_words(prompt: str, hint: str, kind: QuestionKind, text: str | None) -> None:
    question = read_prompt(prompt, hint, "devbox")
    assert (question.kind, question.host) == (kind, "devbox")
    assert question.text == (text or prompt)
    assert question.echo == (kind in (QuestionKind.HOST_KEY, QuestionKind.CONFIRM))


def test_the_lines_above_a_host_key_question_are_its_lead() -> None:
    text = (
        "The authenticity of host 'box (10.0.0.1)' can't be established.\n"
        "ED25519 key fingerprint is SHA256:abc.\n"
        "Are you sure you want to continue connecting (yes/no/[fingerprint])? "
    )
    question = read_prompt(text, "", "devbox")
    assert question.kind is QuestionKind.HOST_KEY
    assert question.lead.splitlines()[1] == "ED25519 key fingerprint is SHA256:abc."
    assert question.echo
