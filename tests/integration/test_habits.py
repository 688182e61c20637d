"""What people who log in do: each row of keyboard/ with this server and with
the machine's sshd, and with Debian 13's where there is a root of it."""

import concurrent.futures
import difflib
import os
import re

import pytest

import sp
from keyboard import rows
from keyboard.scene import Scene
from test_interop_trixie import HERE, root  # noqa: F401 (a fixture)

pytestmark = pytest.mark.skipif(not os.path.exists("/usr/sbin/sshd"), reason="no sshd to compare with")
PLAYERS = 16
ROWS = {row.name: row for row in rows.ROWS}
assert len(ROWS) == len(rows.ROWS), "two rows have the same name"


def wrong(row, theirs, ours):
    """Why what was seen is not what the table says, or None."""
    diff = "\n" + "\n".join(difflib.unified_diff(
        theirs.split("\n"), ours.split("\n"), "sshd", "sallyport", "", "", 99, ""))
    if ours == theirs:
        both = "they are the same: take the difference out of the table" if row.differs else ""
        return both or ("a time-out\n" + ours if ours.startswith("status TIMEOUT") else None)
    if theirs.startswith("status TIMEOUT") or ours.startswith("status TIMEOUT") or not row.differs:
        return diff
    if not re.search(row.theirs, theirs, re.M) or not re.search(row.ours, ours, re.M):
        return "not the difference that is told:" + diff
    return None


def play_all(request, scene):
    """Plays the rows that were asked for, several at a time, and gives futures;
    those which change what others meet come last, one by one."""
    wanted = [ROWS[item.callspec.params["name"]] for item in request.session.items
              if request.node.nodeid == item.parent.nodeid and scene.fixture in item.fixturenames]
    wanted = sorted((row for row in wanted if scene.has(row)), key=lambda row: not row.long)
    with concurrent.futures.ThreadPoolExecutor(PLAYERS) as pool:
        played = {row.name: pool.submit(scene.play, row) for row in wanted if not row.alone}
        concurrent.futures.wait(played.values())
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        played.update((row.name, pool.submit(scene.play, row)) for row in wanted if row.alone)
        # On a busy machine a row may come apart: it must do so twice to count.
        played.update((name, pool.submit(scene.play, ROWS[name])) for name, future in list(played.items())
                      if wrong(ROWS[name], *future.result()))
    return played


def scene_of(request, fixture, *args):
    scene = Scene(*args)
    scene.fixture = fixture
    try:
        yield play_all(request, scene)
    finally:
        scene.stop()


@pytest.fixture(scope="module")
def machine(request):
    yield from scene_of(request, "machine", "", sp.debian_release())


@pytest.fixture(scope="module")
def trixie(request, root):  # noqa: F811
    yield from scene_of(request, "trixie", root, 13)


def check(played, name):
    row = ROWS[name]
    if name not in played:
        pytest.skip("not of this release, or without " + row.needs)
    fault = wrong(row, *played[name].result())
    assert not fault, fault


@pytest.mark.parametrize("name", ROWS)
def test_habit(machine, name):
    check(machine, name)


@pytest.mark.skipif(HERE is None, reason="no root of Debian 13")
@pytest.mark.skipif(sp.debian_release() == 13, reason="the machine is Debian 13: see test_habit")
@pytest.mark.parametrize("name", ROWS)
def test_habit_on_13(trixie, name):
    check(trixie, name)
