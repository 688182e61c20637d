"""Files that open connections are judged by on a file server that hangs: what
they say is not known, which ends nothing; whatever else can be learnt still
counts, and what is stuck does not grow with the rounds."""

import os
import shutil
import signal
import subprocess
import time

import pytest

import deadfs
import sp
from control import ctl
from test_recheck import NONE, Session, judged, rules
from test_stuck_files import stuck
from test_timed_grants import RULES, grant

FILES = NONE + " deadlines = { files = 1; };"
PER_USER = 4  # privsep/leftovers.h
# The way in for who mends the file server.
ROOT = '{ name = "root"; match = { user = "root"; }; methods = [ "publickey" ]; root_login = "key"; key_revoked = [ ]; },'


@pytest.fixture
def place():
    path = f"{sp.SCRATCH}/lists{time.monotonic_ns()}"
    os.mkdir(path)
    open(path + "/krl", "w").close()
    return path


@pytest.fixture
def pair(make_server, make_user, place):
    """Two sessions of a server whose revocation list lies in a place of its own."""
    users = [make_user(), make_user()]
    for u in users:
        u.make_key()
    s = make_server(rules=rules('on_change = "close";', before=ROOT), publickey=f'revoked = [ "{place}/krl" ];',
                    extra=FILES)
    sessions = [Session(s, u) for u in users]
    yield s, sessions
    for x in sessions:
        if x.lives():
            x.kill()


def judges(s):
    return len(s.processes("judge"))


def test_a_list_that_hangs_ends_nothing_and_holds_no_round(pair, place):
    s, sessions = pair
    assert judged(s).endswith("2 allowed, 0 refused, 0 not known")
    with deadfs.hanging(place, 0, 0):
        for _ in range(8):
            assert judged(s).endswith("0 allowed, 0 refused, 2 not known")
            children, users = stuck(s)
            assert children <= PER_USER and users <= 1
            assert judges(s) <= 2 + children  # the one at work, and the one above it
        s.wait_log(rf"is not known \(revocation list {place}/krl cannot be used: {place}/krl was not read in time\): "
                   "it stays as it is")
        s.wait_log("processes that look at files of the configuration cannot be ended", 20)
        assert all(x.echoes() for x in sessions)
        s.wait_log("could not be looked at: a change of them is not seen", 40 * sp.SLOW)
        assert s.log().count("could not be looked at") == 1
        assert len(s.processes("look")) == 1
    sp.wait_for(lambda: stuck(s) == (0, 0), 20, "the end of what was stuck")
    assert judged(s).endswith("2 allowed, 0 refused, 0 not known")


def test_judges_that_are_stuck_do_not_keep_root_out(pair, place):
    s, sessions = pair
    root = sp.User.__new__(sp.User)
    root.name, root.home, root.uid, root.gid, root.password = "root", "/root", 0, 0, "x"
    root.make_key()
    with deadfs.hanging(place, 0, 0):
        for _ in range(PER_USER + 1):
            assert "2 not known" in judged(s)
        sp.wait_for(lambda: stuck(s) == (PER_USER, 1), 20, "all that may be left behind")
        assert s.ssh(root, "echo in").stdout == "in\n"
    assert all(x.echoes() for x in sessions)


def test_a_list_that_hangs_hides_no_lock(pair, place):
    s, (x, y) = pair
    with deadfs.hanging(place, 0, 0):
        sp.run(["usermod", "-L", y.user.name], check=0)
        assert ctl(s, "recheck", check=None).returncode == 0
        assert "the account has been locked" in y.end()[1]
        assert x.echoes()


def test_a_list_that_comes_back_counts(pair, place):
    s, (x, y) = pair
    shutil.copy(y.user.key + ".pub", f"{place}/krl")
    with deadfs.hanging(place, 0, 0):
        assert "2 not known" in judged(s)
    assert "the key that opened it is accepted no more" in y.end()[1]
    assert x.echoes()


def test_grants_that_hang_end_nothing(make_server, user, place):
    s = make_server(rules=RULES % (place, ""), extra=FILES)
    grant(s, user)
    x = Session(s, user)
    assert judged(s).endswith("1 allowed, 0 refused, 0 not known")
    with deadfs.hanging(place, 0, 0):
        for _ in range(8):
            assert judged(s).endswith("0 allowed, 0 refused, 1 not known")
            assert stuck(s)[0] <= PER_USER
        s.wait_log(r"is not known \(.*by_grant: whether there is a grant is not known.*\): it stays as it is")
        assert x.echoes()
    sp.wait_for(lambda: stuck(s) == (0, 0), 20, "the end of what was stuck")
    assert judged(s).endswith("1 allowed, 0 refused, 0 not known")
    x.kill()


def stopped_judge(s):
    """One that was there after a round, and the process above it."""
    def stop():
        assert judged(s).endswith("1 allowed, 0 refused, 0 not known")
        pids = s.processes("judge")
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        return pids
    return sp.wait_for(stop, 20, "a judge")


def test_a_judge_that_dies_is_followed_by_the_next(make_server, user):
    """One that is there when a round begins may have stopped to listen."""
    s = make_server(rules=rules('on_change = "close";'), extra=NONE)
    x = Session(s, user)
    pids = stopped_judge(s)
    before = s.mark()
    p = subprocess.Popen(["sallyportctl", "-f", s.config, "recheck"], stdout=subprocess.PIPE, text=True)
    s.wait_log(r"ctl.command|recheck", after=before)
    time.sleep(1)  # the template is told right after
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    assert "1 allowed, 0 refused, 0 not known" in p.communicate(timeout=30)[0]
    x.kill()
