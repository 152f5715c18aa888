"""Hosts another program knows: the table of the config file, and what the program prints."""

import json

import pytest

from codex_ssh.core.config_text import faults
from codex_ssh.core.host_command import FLEET_KEYS, FleetSettings, parse_fleet, parse_hosts
from codex_ssh.errors import ConfigError


def test_the_table() -> None:
    assert parse_fleet({}, path="f") == FleetSettings()
    told = {"fleet": {"host_command": "hosts 'a b'", "host_command_seconds": 5}}
    found = FleetSettings(host_command=("hosts", "a b"), host_command_seconds=5)
    assert parse_fleet(told, path="f") == found
    assert tuple(told["fleet"]) == FLEET_KEYS


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("x", "not a table"),
        ({"host_comand": "x"}, "unknown key 'host_comand'"),
        ({"host_command": 5}, "host_command: not a list of words"),
        ({"host_command": "'"}, "host_command: No closing quotation"),
        ({"host_command_seconds": True}, "not a number of seconds"),
        ({"host_command_seconds": -1}, "not a number of seconds"),
    ],
)
def test_a_table_that_is_wrong(table: object, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        parse_fleet({"fleet": table}, path="f")
    assert said in str(faults({"fleet": table}, path="f")[0])


@pytest.mark.parametrize("form", ["list", "lines"])
def test_what_a_program_prints(form: str) -> None:
    hosts = [{"name": "pod-1", "exec": "kubectl exec -i pod-1 --", "cd": "/w"}, {"name": "me@box:22"}]
    text = json.dumps(hosts) if form == "list" else "\n".join(map(json.dumps, hosts)) + "\n\n"
    found = parse_hosts(text, origin="hosts")
    assert list(found) == ["pod-1", "me@box:22"]
    assert dict(found["pod-1"].values) == {"exec": "kubectl exec -i pod-1 --", "cd": "/w"}
    assert found["pod-1"].origin == "hosts: pod-1"
    assert parse_hosts("[]", origin="hosts") == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "^$"),
        ("box\n", "no JSON"),
        ('["box"]', "not an object with a 'name': \"box\""),
        ('{"name": 5}', "not an object with a 'name'"),
        ('{"name": "-oProxyCommand=x"}', "not a host|host name|not a"),
        ('{"name": "box", "modell": "x"}', "hosts: box: unknown key 'modell'"),
        ('{"name": "box", "ssh": "putty"}', "ssh: 'putty'"),
    ],
)
def test_what_is_no_answer(text: str, said: str) -> None:
    if not text:
        assert parse_hosts(text, origin="hosts") == {}
        return
    with pytest.raises(ConfigError, match=said):
        parse_hosts(text, origin="hosts")
