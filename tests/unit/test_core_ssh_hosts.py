"""Aliases and includes in the text of an ssh config."""

from codex_ssh.core.ssh_hosts import Alias, Include, read_hosts

TEXT = """\
# Host commented
Host one two *.wild !not t?ree
  HostName 10.0.0.1
host=equal
HOST "quoted" # behind
 Include ~/more "with blank" relative/*
Match host five
Host -dash semi;colon
"""


def test_only_concrete_names_are_given_with_their_place() -> None:
    found = [item for item in read_hosts(TEXT, "f") if isinstance(item, Alias)]
    assert [(item.name, item.line) for item in found] == [("one", 2), ("two", 2), ("equal", 4), ("quoted", 5)]
    assert {item.path for item in found} == {"f"}


def test_includes_are_given_as_written() -> None:
    found = [item.pattern for item in read_hosts(TEXT, "f") if isinstance(item, Include)]
    assert found == ["~/more", "with blank", "relative/*"]
