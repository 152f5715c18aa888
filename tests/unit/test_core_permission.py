"""A permission profile is told whole, and can be granted in part."""

from hypothesis import given
from hypothesis import strategies as st

from codex_ssh.core.permission import decode_permissions, grant
from codex_ssh.core.rpc import Json

PATH = {"type": "path", "path": "/etc"}


def labels(profile: Json) -> list[str]:
    return [one.label for one in decode_permissions(profile)]


def test_every_kind_of_entry_has_words() -> None:
    entries = [
        {"access": "read", "path": PATH},
        {"access": "deny", "path": {"type": "glob_pattern", "pattern": "**/.env"}},
        {"access": "write", "path": {"type": "special", "value": {"kind": "root"}}},
        {"access": "write", "path": {"type": "special", "value": {"kind": "project_roots", "subpath": "x"}}},
    ]
    assert labels({"fileSystem": {"entries": entries}}) == [
        "read /etc",
        "never touch everything that matches **/.env",
        "write the whole file system",
        "write x in the project's directories",
    ]


def test_what_is_told_twice_is_one_permission() -> None:
    profile = {"fileSystem": {"read": ["/etc"], "entries": [{"access": "read", "path": PATH}]}}
    (only,) = decode_permissions(profile)
    assert only.label == "read /etc"
    assert grant([only]) == {"fileSystem": {"entries": [{"access": "read", "path": PATH}]}}


def test_what_says_more_than_our_words_is_shown_as_it_is() -> None:
    more = {"access": "read", "path": PATH, "recursive": True}
    assert labels({"fileSystem": {"entries": [more]}}) == [
        '{"access": "read", "path": {"type": "path", "path": "/etc"}, "recursive": true}'
    ]
    unknown = {"access": "read", "path": {"type": "special", "value": {"kind": "unknown", "path": "p"}}}
    assert "unknown" in labels({"fileSystem": {"entries": [unknown]}})[0]
    assert labels({"fileSystem": {"globScanMaxDepth": 3}}) == ['fileSystem: {"globScanMaxDepth": 3}']
    assert labels({"network": {"enabled": True, "hosts": ["x"]}}) == [
        'network: {"enabled": true, "hosts": ["x"]}'
    ]


ENTRY = st.fixed_dictionaries({"access": st.sampled_from(["read", "write", "deny"]), "path": st.just(PATH)})
PROFILE = st.fixed_dictionaries(
    {},
    optional={
        "network": st.fixed_dictionaries({"enabled": st.booleans()}),
        "fileSystem": st.fixed_dictionaries(
            {},
            optional={
                "read": st.lists(st.sampled_from(["/a", "/b c", "~"]), min_size=1, unique=True),
                "write": st.lists(st.sampled_from(["/a", "/b c", "~"]), min_size=1, unique=True),
                "entries": st.lists(ENTRY, min_size=1, unique_by=lambda entry: str(entry["access"])),
                "globScanMaxDepth": st.integers(1, 9),
            },
        ),
        "other": st.integers(),
    },
)


@given(PROFILE)
def test_granting_all_of_it_is_what_was_asked_for(profile: Json) -> None:
    assert grant(decode_permissions(profile)) == profile


@given(PROFILE, st.sets(st.integers(0, 5)))
def test_a_part_is_never_more_than_was_chosen(profile: Json, chosen: set[int]) -> None:
    wanted = decode_permissions(profile)
    granted = grant(one for at, one in enumerate(wanted) if at in chosen)
    assert len(decode_permissions(granted)) == sum(at in chosen for at in range(len(wanted)))
