"""The table of ``codex-ssh ps``: one width for all rows, and nothing of the devbox's a terminal obeys."""

from codex_ssh.cli.ps import Table
from codex_ssh.core.fleet import Doing, FleetThread, HostReport, Reach, recall
from codex_ssh.core.thread import ThreadId


def table(*hosts: str) -> Table:
    return Table(hosts, now=lambda: 10_000.0)


def thread(doing: Doing, title: str, updated_at: int = 0) -> FleetThread:
    return FleetThread(id=ThreadId("a"), title=title, doing=doing, cwd="/w", updated_at=updated_at)


UP = HostReport(
    host="box",
    reach=Reach.UP,
    at=2_800,
    version="0.163.0",
    on_disk="0.169.0",
    threads=(
        thread(Doing.WAITING, "fix \x1b[31mit", 9_700),
        thread(Doing.RUNNING, "words " * 20),
        thread(Doing.IDLE, "quiet"),
    ),
    more=2,
)


def test_a_host_and_what_its_threads_do() -> None:
    made = table("box", "a-long-name")
    assert [made.head(), *made.rows(UP)] == [
        "HOST         STATE       WAIT   RUN  FAIL  IDLE  CODEX",
        "box          up             1     1     0     1  0.163.0, on disk 0.169.0",
        "  ? waiting  fix ␛[31mit  /w  5 min ago",
        "  ▶ running  words words words words words words words words…  /w",
        "  and 2 more threads",
    ]


def test_a_host_that_is_off_with_what_was_seen_last() -> None:
    off = HostReport(host="box", reach=Reach.OFF, at=10_000, why="no answer\nat all", hint="wake it")
    rows = table("box").rows(recall(off, UP))
    assert rows[:3] == [
        "box   off            1     1     0     1  0.163.0, on disk 0.169.0",
        "  no answer␊at all; wake it",
        "  as it was 2 h ago",
    ]
    assert rows[3].startswith("  ? waiting")
    assert table("box").rows(off)[0] == "box   off"


def test_a_devbox_without_an_app_server_has_no_counts() -> None:
    report = HostReport(host="box", reach=Reach.NO_SERVER, at=0, on_disk="0.169.0")
    (row,) = table("box").rows(report)
    assert row.split() == ["box", "no", "server", "0.169.0"]
