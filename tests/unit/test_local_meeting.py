import asyncio
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from codex_ssh.local import meeting
from codex_ssh.local.meeting import NoPlace, find, occupant, take
from codex_ssh.local.tasks import open_tasks
from tests.support.waiting import until


async def test_a_place_is_private_and_leaves_nothing_behind(short_path: Path) -> None:
    directory = short_path / "d"
    assert find(directory, "x") is None
    place = await take(directory, "x")
    assert place is not None
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert stat.S_IMODE((directory / "x").stat().st_mode) == 0o600
    found = find(directory, "x")
    assert found is not None
    found.close()
    other = await take(directory, "y")
    assert other is not None
    await place.leave()
    assert [path.name for path in directory.iterdir()] == ["y"]
    await other.leave()
    assert not directory.exists()


async def test_of_many_that_come_at_once_one_gets_the_place(short_path: Path) -> None:
    got: list[meeting.Place] = []

    async def come() -> None:
        for _ in range(20):
            if (place := await take(short_path, "x")) is not None:
                got.append(place)
                assert len(got) == 1
                await asyncio.sleep(0)
                got.remove(place)
                await place.leave()

    async with open_tasks() as tasks:
        for _ in range(8):
            tasks.start(come())
        await until(lambda: not len(tasks), "all came and left")
    assert not short_path.exists() or not list(short_path.iterdir())
    short_path.mkdir(exist_ok=True)


async def test_what_the_killed_left_is_removed(short_path: Path) -> None:
    for name in ("x", "z"):
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(str(short_path / name))
    (short_path / "note").write_text("not a socket")
    assert find(short_path, "x") is None
    place = await take(short_path, "x")
    assert place is not None
    assert sorted(path.name for path in short_path.iterdir()) == ["note", "x"]
    await place.leave()


async def test_the_place_of_one_that_does_not_answer_is_taken_and_it_removes_nothing(
    short_path: Path,
) -> None:
    deaf = await take(short_path, "x")
    assert deaf is not None
    assert await take(short_path, "x") is None
    place = await take(short_path, "x", instead_of=occupant(short_path, "x"))
    assert place is not None
    await deaf.leave()
    found = find(short_path, "x")
    assert found is not None
    found.close()
    await place.leave()


async def test_no_place_in_a_directory_that_is_no_private_one(short_path: Path) -> None:
    (short_path / "file").touch()
    (short_path / "link").symlink_to(short_path)
    for name in ("file", "link"):
        with pytest.raises(NoPlace):
            await take(short_path / name, "x")
    with pytest.raises(NoPlace, match="too long"):
        await take(short_path / ("d" * 100), "x")


@pytest.mark.skipif(os.getuid() != 0, reason="becoming another user needs root")
async def test_another_user_neither_comes_in_nor_is_taken_for_one_of_us(short_path: Path) -> None:
    place = await take(short_path, "x")
    assert place is not None
    code = (
        "import os,sys; from pathlib import Path; from codex_ssh.local.meeting import find;"
        "os.setgid(65534); os.setuid(65534); print(find(Path(sys.argv[1]), 'x'))"
    )
    there = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code, str(short_path)), stdout=asyncio.subprocess.PIPE
    )
    assert (await there.communicate())[0] == b"None\n"
    await place.leave()

    short_path.mkdir(exist_ok=True)
    os.chown(short_path, 65534, 65534)
    with socket.socket(socket.AF_UNIX) as foreign:
        foreign.bind(str(short_path / "x"))
        foreign.listen()
        assert find(short_path, "x") is None
        with pytest.raises(NoPlace):
            await take(short_path, "x")
    os.chown(short_path, 0, 0)
