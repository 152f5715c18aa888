"""Every decision says what it does; keys are never given twice."""

import pytest

from codex_ssh.core.decision import Act, Decision, Verdict, command_decisions
from codex_ssh.core.rpc import Json


def decisions(*offered: Json, command: str = "make test", act: Act = Act.RUN) -> tuple[Decision, ...]:
    return command_decisions(offered, command=command, act=act, host="pypi.org")


def prefix(*words: str) -> Json:
    return {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": list(words)}}


def rule(action: str, host: str = "pypi.org") -> Json:
    return {"applyNetworkPolicyAmendment": {"network_policy_amendment": {"action": action, "host": host}}}


def test_what_lasts_longer_than_once_says_so() -> None:
    once, session, git, same = decisions(
        "accept", "acceptForSession", prefix("git", "commit"), prefix("bash", "-lc", "make test"), "decline"
    )[:4]
    assert "this once" in once.label
    assert "until the session ends" in session.label
    assert "what starts with `git commit`" in git.label
    assert "never ask again" in git.label
    assert "in any thread" in git.label
    assert same.label == "yes, and never ask again for this command, in any thread"
    assert (git.verdict, git.key, same.key) == (Verdict.ACCEPT_PREFIX, "p", "")


def test_a_network_rule_names_the_host_and_whether_it_opens() -> None:
    once, allow, deny, decline = decisions("accept", rule("allow"), rule("deny"), act=Act.REACH)
    assert once.label == "yes, let it reach pypi.org this once"
    assert (allow.verdict, allow.key, allow.result) == (
        Verdict.NETWORK_ALLOW,
        "h",
        {"decision": rule("allow")},
    )
    assert "never ask again before pypi.org is reached" in allow.label
    assert (deny.verdict, deny.verdict.lets_it_happen) == (Verdict.NETWORK_DENY, False)
    assert "never let pypi.org be reached" in deny.label
    assert decline.verdict is Verdict.DECLINE
    future = decisions(rule("allowOnMondays"))[0]
    assert (future.verdict, future.key) == (Verdict.OTHER, "")


@pytest.mark.parametrize("wire", ["acceptForever", {"future": {"x": 1}}, None, 5, []])
def test_a_decision_nobody_knows_is_offered_by_its_name_without_a_key(wire: Json) -> None:
    decision = decisions(wire, "decline")[0]
    assert (decision.verdict, decision.key, decision.result) == (Verdict.OTHER, "", {"decision": wire})
    assert decision.label


def test_no_is_always_offered_and_never_twice() -> None:
    assert [one.key for one in decisions("decline", "accept")] == ["d", "y"]
    assert [one.key for one in decisions("accept", "cancel")] == ["y", "d", "c"]


def test_a_key_belongs_to_the_first_that_has_it() -> None:
    assert [one.key for one in decisions(prefix("a"), prefix("b"), "decline")] == ["p", "", "d"]
