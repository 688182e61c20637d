"""The soak test's checks find what they look for: a leak of each kind, planted."""

import json
import os
import pty
import subprocess
import sys

import pytest

import leaks
import sp

STAND_IN = """
import os, subprocess, sys
kept = []
for line in sys.stdin:
    exec(line)
    print("done", flush=True)
"""


class StandIn:
    """A process that is titled like a master, and does as it is told."""

    def __init__(self):
        self.p = subprocess.Popen(
            ["sallyportd: master", "-c", STAND_IN], executable=sys.executable,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.do("pass")

    def do(self, line):
        self.p.stdin.write(line + "\n")
        self.p.stdin.flush()
        assert self.p.stdout.readline() == "done\n"

    def leaks_after(self, line=None, here=None):
        before = leaks.snapshot(self.p.pid)
        assert "master" in before.descriptors
        assert leaks.leaks(before, leaks.snapshot(self.p.pid)) == []
        if line is not None:
            self.do(line)
        if here is not None:
            here()
        return leaks.leaks(before, leaks.snapshot(self.p.pid))


@pytest.fixture
def stand_in():
    s = StandIn()
    yield s
    for pid in leaks.below(s.p.pid):
        if pid != s.p.pid:
            os.kill(pid, 9)
    s.p.stdin.close()
    s.p.wait(10)


def test_a_process_is_found(stand_in):
    found = stand_in.leaks_after(
        "kept.append(subprocess.Popen(['sleep', '60']))")
    assert found == ["process left: 1 x sleep"]


def test_a_zombie_is_found(stand_in):
    found = stand_in.leaks_after(
        "kept.append(os.fork()) or kept[-1] or os._exit(0); "
        "os.waitid(os.P_PID, kept[-1], os.WEXITED | os.WNOWAIT)")
    assert len(found) == 1 and found[0].endswith("(zombie)"), found


def test_a_descriptor_is_found(stand_in):
    assert stand_in.leaks_after("kept.append(os.pipe())") == \
        ["descriptor left in master: 2 x pipe:"]
    assert stand_in.leaks_after("kept.append(os.pidfd_open(os.getpid()))") == \
        ["descriptor left in master: 1 x anon_inode:[pidfd]"]


def test_memory_is_found(stand_in):
    (found,) = stand_in.leaks_after("kept.append(b'x' * 1024 * 1024)")
    assert found.startswith("memory of master grew from ")


def test_a_slot_is_found(stand_in):
    stand_in.do("kept.append(os.memfd_create('sallyport-slots')); "
                f"os.ftruncate(kept[-1], {leaks.SLOTS} * 1408)")
    assert stand_in.leaks_after("os.pwrite(kept[-1], b'\\1', 7 * 1408)") == ["slots left: 1"]


def test_a_pty_is_found(stand_in):
    made = []
    found = stand_in.leaks_after(here=lambda: made.extend(pty.openpty()))
    assert len(found) == 1 and found[0].startswith("pty left: ")
    for fd in made:
        os.close(fd)


def test_a_login_record_is_found(stand_in):
    record = leaks.UTMP.pack(leaks.USER_PROCESS, 1, b"pts/77", b"77", b"nobody", b"")
    before = open("/run/utmp", "rb").read()

    def login():
        with open("/run/utmp", "ab") as f:
            f.write(record.ljust(leaks.UTMP_SIZE, b"\0"))
    assert stand_in.leaks_after(here=login) == ["login record left: nobody on pts/77"]
    with open("/run/utmp", "wb") as f:
        f.write(before)


def event(action, connection):
    return json.dumps({"event.action": action, "sallyport.conn": connection})


@pytest.mark.parametrize("events,fault", [
    ([("conn.open", "a"), ("conn.close", "a")], None),
    ([("conn.open", "a")], "connection a: opened 1 times, closed 0 times"),
    ([("conn.close", "a")], "connection a: opened 0 times, closed 1 times"),
    ([("conn.open", "a"), ("conn.close", "a"), ("conn.close", "a")],
     "connection a: opened 1 times, closed 2 times"),
    ([("conn.open", "a"), ("conn.open", "a"), ("conn.close", "a")],
     "connection a: opened 2 times, closed 1 times"),
    ([("conn.open", None), ("conn.close", None)], "connection None: opened 1"),
])
def test_an_event_that_lacks_its_other_is_found(events, fault):
    _, faults = leaks.unpaired("\n".join(event(*e) for e in events))
    assert (faults == []) if fault is None else faults[0].startswith(fault), faults
    assert leaks.unpaired('{"event.action": "conn.op')[1] != []


def test_what_a_server_holds_is_seen(server, user):
    """And the real thing is looked at: a session shows in every number."""
    before = leaks.snapshot(server.pid)
    assert set(before.descriptors) == {"master", "keyholder", "monitors", "workers"}
    p = server.popen(user, "echo on; exec cat", flags=("-tt",))
    assert p.stdout.readline().strip() == b"on"
    sp.wait_for(lambda: ("cat", "S") in leaks.below(server.pid).values(), 10, "cat")
    found = leaks.leaks(before, leaks.snapshot(server.pid))
    for what in ("process left: 1 x sallyportd: monitor 127.0.0.1", "process left: 1 x cat",
                 "descriptor left in master: 2 x anon_inode:[pidfd]", "slots left: 1",
                 "pty left: ", f"login record left: {user.name} on "):
        assert [f for f in found if f.startswith(what)], (what, found)
    p.kill()
    p.wait()
    sp.wait_for(lambda: leaks.leaks(before, leaks.snapshot(server.pid)) == [], 20,
                "all of it to be gone")
