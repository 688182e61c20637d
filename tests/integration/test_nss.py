"""A directory that is down, slow or half up must not lift a deny rule or the
lock of an account: what it did not say is unknown, and unknown refuses."""

import argparse
import os
import shutil

import pytest

import sp
from control import ctl_json
from test_faults import others_go_on
from test_stuck_files import MANY

STATE = "/etc/sptest.state"
RULES = """
rules = (
  { name = "suspended"; match = { group = "suspended"; }; refuse = true; },
  { name = "users"; methods = [ "publickey" ]; }
);
"""
# As Debian's libnss-ldapd has it, and as Fedora has sssd: one that answers comes after.
ORDERS = ["files sptest", "files [SUCCESS=merge] sptest [UNAVAIL=continue] files", "sptest files systemd"]


@pytest.fixture(scope="module", autouse=True)
def directory():
    library = os.popen("gcc -print-multiarch").read().strip()
    where = f"/usr/lib/{library}/libnss_sptest.so.2"
    shutil.copy(f"{sp.BUILD}/tests/integration/nss/.libs/nss_sptest.so", where)
    before = open("/etc/nsswitch.conf").read()
    yield
    with open("/etc/nsswitch.conf", "w") as f:
        f.write(before)
    os.unlink(where)


def sources(order, shadow="files", initgroups=""):
    with open("/etc/nsswitch.conf", "w") as f:
        f.write(f"passwd: files sptest\ngroup:\t{order} # the directory\n{initgroups}"
                f"shadow: {shadow}\nhosts: files\n")


def health(word, member=""):
    with open(STATE, "w") as f:
        f.write(f"{word} {member}\n")


def explained(s, user):
    return sp.run(["sallyportctl", "explain", "--user", user.name, "--from", "127.0.0.1", "-f", s.config]).stdout


#: glibc has a line of its own for the groups of a user; and lines may be long.
LINES = [(order, "") for order in ORDERS] + [
    ("files", "initgroups: files sptest\n"), (f"{' ' * 1100} files sptest", "")]


@pytest.mark.parametrize("order, initgroups", LINES, ids=range(len(LINES)))
def test_a_deny_rule_holds_while_the_directory_is_away(make_server, make_user, order, initgroups):
    sources(order, initgroups=initgroups)
    health("up")
    free, suspended = make_user(), make_user()
    s = make_server(rules=RULES, extra="deadlines = { nss = \"3s\"; };")
    health("up", suspended.name)
    assert s.ssh(free, "true").returncode == 0
    assert s.ssh(suspended, "true").returncode == 255
    assert "suspended" in explained(s, suspended)
    for word in ("down", "broken", "busy", "half", "late"):
        health(word, suspended.name)
        mark = s.mark()
        assert s.ssh(suspended, "true").returncode == 255, word
        s.wait_log("a fact could not be learnt", after=mark)
        assert "not known" in explained(s, suspended), word
    health("up", suspended.name)
    assert s.ssh(free, "true").returncode == 0


def test_a_directory_that_is_slow_ends_at_its_deadline(make_server, make_user):
    sources(ORDERS[0])
    health("up")
    user = make_user()
    s = make_server(rules=RULES, extra="deadlines = { nss = \"1s\"; };")
    health("slow")
    mark = s.mark()
    assert s.ssh(user, "true", timeout=20).returncode == 255
    s.wait_log("name service look-up", after=mark)


def test_a_directory_that_hangs_holds_nobody_else(make_server, make_user):
    """Whom the files do not know is asked of it, and waits; others do not."""
    sources("files")
    health("up")
    other = make_user()
    server = make_server(extra="deadlines = { nss = \"10s\"; };", limits=MANY)
    server.ssh(other, "true", check=0)
    health("slow")
    nobody = argparse.Namespace(name="whom-the-directory-knows", key=other.key, uid=0, gid=0)
    waiting = [server.popen(nobody, "true") for _ in range(20)]
    try:
        sp.wait_for(lambda: sum(c["call"] == "name service look-up" for c in
                                ctl_json(server, "sessions")) >= 20, 30, "their look-ups")
        others_go_on(server, other)
        # And not for good.
        sp.wait_for(lambda: ctl_json(server, "sessions") == [], 60, "the end of the look-ups")
        assert server.log().count("name service look-up for") == 20
    finally:
        for p in waiting:
            p.kill()
            p.communicate()


def test_a_group_without_a_name_is_not_known(make_server, make_user):
    sources(ORDERS[0])
    health("up")
    user = make_user()
    s = make_server(rules=RULES)
    assert s.ssh(user, "true").returncode == 0
    health("nameless", user.name)
    assert s.ssh(user, "true").returncode == 255


def test_who_is_asked_about_no_group_does_not_need_the_directory(make_server, make_user):
    sources(ORDERS[0])
    health("up")
    user = make_user()
    s = make_server()
    health("down")
    assert s.ssh(user, "true").returncode == 0


@pytest.mark.parametrize("order", ["sptest", "sptest [UNAVAIL=continue] files"])
def test_a_lock_holds_while_the_directory_is_away(make_server, make_user, order):
    sources("files", shadow="files")
    health("up")
    user = make_user()
    sources("files", shadow=order)
    # Only the directory has an entry, as of an account of its own.
    lines = [l for l in open("/etc/shadow") if not l.startswith(user.name + ":")]
    with open("/etc/shadow", "w") as f:
        f.writelines(lines)
    s = make_server(modules='{ name = "publickey"; }', methods=("publickey",))
    assert s.ssh(user, "true").returncode == 0
    health("up", user.name)
    assert s.ssh(user, "true").returncode == 255
    s.wait_log("account is locked")
    for word in ("down", "broken", "busy"):
        health(word, user.name)
        mark = s.mark()
        assert s.ssh(user, "true").returncode == 255, word
        s.wait_log("could not be learnt", after=mark)
