"""Users' file servers that hang, so that not even SIGKILL ends a process that
has looked there: nobody else waits for them, and what is stuck is bounded for
each user, shown by status, told once, and gone when they are."""

import contextlib
import os
import re
import signal

import deadfs
import sp
from control import ctl, ctl_json
from test_faults import others_go_on

AT_ONCE = 16  # privsep/leftovers.h
DEADLINES = "deadlines = { files = 1; key_command = 1; };"
# A file system hangs until it is unmounted: any time shows that nobody waits.
SOON = 60 * sp.SLOW
MANY = ("startups = { begin = 500; rate = 1; full = 600; }; "
        "source = { connections = 600; };")
TOLD = "cannot be ended: no file server answers"


def stuck(server):
    status = ctl_json(server, "status")
    return status["stuck_children"], status["stuck_users"]


@contextlib.contextmanager
def clients(server, user, count, **options):
    some = [server.popen(user, "true", **options) for _ in range(count)]
    try:
        yield some
    finally:
        for p in some:
            p.kill()
            p.communicate()


def monitors_gone(server):
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20 * sp.SLOW, "the end of the monitors")


def test_a_home_that_hangs_holds_nobody_else(make_server, make_user):
    attacker, other = make_user(), make_user()
    server = make_server(extra=DEADLINES, limits=MANY)
    assert stuck(server) == (0, 0)
    assert "stuck:" not in ctl(server, "status").stdout
    with deadfs.hanging(attacker.home, attacker.uid, attacker.gid):
        with clients(server, attacker, 50):
            sp.wait_for(lambda: stuck(server)[0] > 0, 30, "the first that is stuck")
            others_go_on(server, other, SOON)
        others_go_on(server, other, SOON)
        monitors_gone(server)
        # The next login of theirs looks at nothing.
        before = stuck(server)
        assert server.ssh(attacker, "true").returncode == 255
        server.wait_log(f"processes that look at files of uid {attacker.uid} still wait for them")
        children, users = stuck(server)
        assert (children, users) == before
        assert 4 <= children <= AT_ONCE and users == 1
        assert re.search(rf"^stuck: {children} processes of 1 users wait for files that no server answers for$",
                         ctl(server, "status").stdout, re.M)
        assert len([p for p in attacker.processes() if " D" in p]) == children
        server.wait_log(TOLD)
        others_go_on(server, other, SOON)
        assert server.log().count(TOLD) == 1
    sp.wait_for(lambda: stuck(server) == (0, 0), 20, "the end of what was stuck")
    assert not attacker.processes()
    assert server.ssh(attacker, "true").returncode == 0
    assert "stuck:" not in ctl(server, "status").stdout


def test_the_user_s_shell_is_not_looked_at_by_root(make_server, make_user):
    user, other = make_user(), make_user()
    server = make_server(extra=DEADLINES)
    place = sp.SCRATCH + "/hangingshells"
    sp.run(["usermod", "-s", place + "/sh", user.name], check=0)
    with deadfs.hanging(place, user.uid, user.gid):
        assert server.ssh(user, "true", timeout=60).returncode == 255
        server.wait_log(rf"file look-up for 127.0.0.1 port \d+ did not return within \d+ ms: {place}/sh \d+ ended")
        server.wait_log(rf"shell {place}/sh could not be looked at")
        monitors_gone(server)
        assert stuck(server) == (1, 1)
        others_go_on(server, other, SOON)
    sp.wait_for(lambda: stuck(server) == (0, 0), 20, "the end of what was stuck")


def test_a_chroot_that_hangs_ends_its_connection(make_server, make_user):
    """The session process looks at it as root; its monitor does not wait."""
    user, other = make_user(), make_user()
    place = sp.SCRATCH + "/hangingroot"
    server = make_server(extra=DEADLINES, rules=f"""
rules = (
  {{ name = "jail"; match = {{ user = "{user.name}"; }}; chroot = "{place}/%u"; methods = [ "publickey" ]; }},
  {{ name = "others"; methods = [ "publickey" ]; }}
);
""")
    with deadfs.hanging(place, 0, 0):
        with clients(server, user, 6) as some:
            others_go_on(server, other, SOON)
            for p in some:
                p.wait(60 * sp.SLOW)
                assert b"does not answer" in p.stderr.read()
        server.wait_log(rf"file look-up for 127.0.0.1 port \d+ did not return within \d+ ms: {place}/")
        monitors_gone(server)
        # No more of them than of others.
        assert server.ssh(user, "true", timeout=60).returncode == 255
        server.wait_log("processes that look at files of .* still wait")
        assert stuck(server) == (6, 1)
        others_go_on(server, other, SOON)
    sp.wait_for(lambda: stuck(server) == (0, 0), 20, "the end of what was stuck")


def test_a_session_process_that_hangs_holds_no_monitor(make_server, make_user):
    user, other = make_user(), make_user()
    server = make_server(extra=DEADLINES)
    place = sp.SCRATCH + "/hangingsockets"
    with deadfs.hanging(place, user.uid, user.gid) as waiting:
        one = server.popen(user, "echo on; exec cat", flags=("-R", f"{place}/socket:127.0.0.1:1"))
        sp.wait_for(lambda: waiting, 20, "its session process to hang")
        one.kill()
        one.communicate()
        monitors_gone(server)
        assert stuck(server) == (1, 1)
        others_go_on(server, other, SOON)
    sp.wait_for(lambda: not user.processes(), 20, "the end of what was stuck")
    assert stuck(server) == (0, 0)


def test_a_child_that_looks_has_nothing_of_its_monitor_s(make_server, user):
    """A pipe and memory for its answer; no log, no wall, no client; no signal
    reaches a handler in it, and its user cannot look into it."""
    server = make_server(extra="deadlines = { key_command = 20; files = 20; };")
    with deadfs.hanging(user.home, user.uid, user.gid) as waiting:
        with clients(server, user, 1):
            sp.wait_for(lambda: waiting, 20, "its look")
            pid, = [int(line.split()[0]) for line in user.processes()]
            assert "monitor" in open(f"/proc/{pid}/cmdline").read()
            held = {os.readlink(f"/proc/{pid}/fd/{n}").split("[")[0] for n in os.listdir(f"/proc/{pid}/fd")}
            assert held - {"/", "/home", user.home} == {"/dev/null", "pipe:", "/memfd:file (deleted)"}
            assert os.stat(f"/proc/{pid}/mem").st_uid == 0  # not dumpable
            blocked = int(sp.status(pid)["SigBlk"], 16)
            assert blocked == 2**64 - 1 - (1 << signal.SIGKILL - 1) - (1 << signal.SIGSTOP - 1)
