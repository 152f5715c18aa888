"""Settings, their forms and their precedence."""

from __future__ import annotations

import pytest

from codex_ssh.core.config import (
    KEYS,
    Egress,
    ForwardPorts,
    FrontEnd,
    Layer,
    Settings,
    WssFallback,
    environment_layer,
    layers_for_host,
    merge,
)
from codex_ssh.core.endpoint import UnixEndpoint, WsEndpoint, WssEndpoint
from codex_ssh.core.ssh_options import SshClient
from codex_ssh.errors import ConfigError

DOCUMENT = {
    "defaults": {"model": "base", "cd": "/srv"},
    "host": {"gpu-*": {"model": "large"}, "gpu-7": {"wss": "wss://gpu-7:443"}, "other": {"door": True}},
}


def test_a_later_layer_wins_and_every_value_knows_its_origin() -> None:
    effective = merge(
        [
            *layers_for_host(DOCUMENT, "gpu-7", path="c.toml"),
            environment_layer({"CODEX_SSH_CD": "/tmp/env", "HOME": "/root"}),
            Layer(origin="the command line", values={"model": "flag"}),
        ]
    )
    assert effective.settings == Settings(
        model="flag", cd="/tmp/env", wss=WssEndpoint(host="gpu-7", port=443)
    )
    assert effective.origins == {
        "model": "the command line",
        "cd": "the environment",
        "wss": 'c.toml [host."gpu-7"]',
    }


def test_a_command_is_words_or_one_text_split_as_a_shell_would() -> None:
    for raw in ("su me -c '/bin/sh x'", ["su", "me", "-c", "/bin/sh x"]):
        (layer,) = layers_for_host({"defaults": {"exec": raw}}, "x", path="c")
        assert merge([layer]).settings.exec == ("su", "me", "-c", "/bin/sh x")
    assert merge([environment_layer({"CODEX_SSH_EXEC": "a 'b c'"})]).settings.exec == ("a", "b c")
    with pytest.raises(ConfigError, match="exec: No closing quotation"):
        merge([Layer(origin="c", values={"exec": "a 'b"})])


def test_sections_of_other_hosts_do_not_apply() -> None:
    assert merge(layers_for_host(DOCUMENT, "web", path="c")).settings == Settings(model="base", cd="/srv")


def test_every_key_has_a_form() -> None:
    values = {
        "ssh": "openssh",
        "exec": "docker exec -i box",
        "install": "always",
        "install_from": "https://npm.example.com/",
        "endpoint": "ws://127.0.0.1:4500",
        "token_command": ["pass", "show", "codex"],
        "wss": "wss://x:1",
        "wss_fallback": "auto",
        "tls_pin": f"sha256:{'00' * 32}",
        "tui": "codex",
        "door": "yes",
        "passive": "no",
        "share": "yes",
        "fast_path": "no",
        "trust_listener": False,
        "allow_exposed": "1",
        "forward_ports": "auto",
        "egress": "via-laptop",
        "egress_hosts": ["a.example.com", "b.example.com:8443"],
        "forward_deny": [22, "9000-9002"],
    }
    texts = {key: "text" for key in KEYS if key not in values}
    settings = merge([Layer(origin="here", values={**values, **texts})]).settings
    assert settings.endpoint == WsEndpoint(host="127.0.0.1", port=4500)
    assert settings.ssh is SshClient.OPENSSH
    assert settings.token_command == ("pass", "show", "codex")
    assert settings.wss_fallback is WssFallback.AUTO
    assert settings.tls_pin == (bytes(32),)
    assert settings.tui is FrontEnd.CODEX
    assert settings.egress is Egress.VIA_LAPTOP
    assert settings.egress_hosts == ("a.example.com", "b.example.com:8443")
    assert settings.forward_ports is ForwardPorts.AUTO
    assert settings.forward_deny == (range(22, 23), range(9000, 9003))
    assert (settings.door, settings.trust_listener, settings.allow_exposed) == (True, False, True)


def test_auto_is_the_endpoint_nobody_named_and_a_socket_is_one_too() -> None:
    assert merge([Layer(origin="", values={"endpoint": "auto"})]).settings.endpoint is None
    assert merge([Layer(origin="", values={"endpoint": "unix:///s"})]).settings.endpoint == UnixEndpoint(
        path="/s"
    )


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"modle": "x"}, "c.toml: unknown key 'modle'"),
        ({"wss": "ws://x:1"}, "c.toml: wss: 'ws://x:1' is not a wss:// URL"),
        ({"endpoint": "wss://x:1"}, "c.toml: endpoint: an endpoint on the devbox is"),
        ({"endpoint": "ws://10.0.0.5:4500"}, "c.toml: endpoint: 'ws://10.0.0.5:4500' is not on"),
        ({"door": "maybe"}, "c.toml: door: neither true nor false: 'maybe'"),
        ({"model": 5}, "c.toml: model: not a text: 5"),
        ({"token_command": "pass"}, "c.toml: token_command: not a list of words"),
        ({"wss_fallback": "often"}, "c.toml: wss_fallback: 'often' is not a valid"),
    ],
)
def test_a_wrong_value_names_file_and_key(values: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        merge([Layer(origin="c.toml", values=values)])
    assert said in str(caught.value)


def test_a_wrong_key_gets_a_suggestion() -> None:
    with pytest.raises(ConfigError) as caught:
        merge([Layer(origin="c.toml", values={"modle": "x"})])
    assert caught.value.hint == "did you mean 'model'?"


@pytest.mark.parametrize("document", [{"hosts": {}}, {"defaults": 5}, {"host": {"a": 5}}])
def test_a_table_nobody_knows_is_an_error(document: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"c\.toml"):
        layers_for_host(document, "a", path="c.toml")
