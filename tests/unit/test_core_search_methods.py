"""What the server found, read off the wire."""

from codex_ssh.core.rpc import Notification
from codex_ssh.core.search_methods import (
    MOST_FOUND,
    FoundFile,
    Skill,
    read_found,
    search_files,
    search_start,
    skills_list,
)

ENTRY = {
    "root": "/w",
    "path": "src",
    "match_type": "directory",
    "file_name": "src",
    "score": 131156,
    "indices": [0],
}


def test_files_and_folders_are_read() -> None:
    found = search_files("src", "/w", who="me").decode({"files": [ENTRY, {"path": "a", "root": "/"}]})
    assert found == (FoundFile(root="/w", path="src", is_folder=True), FoundFile(root="/", path="a"))
    assert [one.place for one in found] == ["/w/src", "/a"]


def test_no_more_than_is_looked_at() -> None:
    assert len(search_files("a", "/w", who="me").decode({"files": [ENTRY] * 1000})) == MOST_FOUND


def test_a_session_tells_what_it_found() -> None:
    assert search_start("s", "/w").params == {"sessionId": "s", "roots": ["/w"]}
    params = {"sessionId": "s", "query": "src", "files": [ENTRY]}
    found = read_found(Notification(method="fuzzyFileSearch/sessionUpdated", params=params))
    assert found is not None
    assert (found.session, found.query, len(found.files)) == ("s", "src", 1)
    assert read_found(Notification(method="turn/started", params={})) is None


def test_only_skills_that_are_enabled_and_each_once() -> None:
    greet = {"name": "greet", "description": "Says hello", "path": "/s", "enabled": True}
    off = greet | {"name": "off", "enabled": False}
    result = {"data": [{"cwd": "/w", "skills": [greet, off], "errors": []}, {"skills": [greet]}]}
    assert skills_list("/w").decode(result) == (Skill(name="greet", about="Says hello", path="/s"),)
