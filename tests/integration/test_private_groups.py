"""Homes and key files that the user's own private group may write: Debian and
Ubuntu make them so, and their sshd takes them."""

import os

import pytest

import beside
import sp
import control


def loosen(user, path, gid=None):
    os.chown(path, user.uid, user.gid if gid is None else gid)
    os.chmod(path, 0o775 if os.path.isdir(path) else 0o664)


def all_of(user):
    return [user.home, f"{user.home}/.ssh", f"{user.home}/.ssh/authorized_keys"]


def private(user):
    for path in all_of(user):
        loosen(user, path)


def with_a_member(user):
    private(user)
    sp.run(["usermod", "-aG", user.name, "nobody"], check=0)


def with_a_second_account(user):
    private(user)
    sp.run(["useradd", "-M", "-g", user.name, f"{user.name}x"], check=0)


def of_another_group(user):
    private(user)
    loosen(user, f"{user.home}/.ssh", gid=100)


def of_another_name(user):
    private(user)
    sp.run(["groupmod", "-n", f"{user.name}z", user.name], check=0)


def with_an_acl(user):
    private(user)
    sp.run(["setfacl", "-m", "u:nobody:rw", all_of(user)[2]], check=0)


def with_an_acl_on_the_way(user):
    private(user)
    sp.run(["setfacl", "-m", "u:nobody:rwx", all_of(user)[1]], check=0)


def with_an_acl_that_only_reads(user):
    sp.run(["setfacl", "-m", "u:nobody:r", all_of(user)[2]], check=0)


def with_a_hidden_acl(user):
    """Others write though the mode says nothing: the mask is what it shows."""
    sp.run(["setfacl", "-m", "u:nobody:w,m:rw", all_of(user)[2]], check=0)


def for_all_the_world(user):
    private(user)
    os.chmod(user.home, 0o777)


# The change, whether it is good, and whether Debian's sshd says the same:
# it takes a mode for the whole truth and so overlooks ACLs.
CASES = [(private, True, True), (with_a_member, False, True),
         (with_a_second_account, False, True), (of_another_group, False, True),
         (of_another_name, False, False), (with_an_acl, False, False),
         (with_an_acl_on_the_way, False, False),
         (with_an_acl_that_only_reads, True, True),
         (with_a_hidden_acl, False, False), (for_all_the_world, False, True)]


@pytest.fixture
def somebody(make_user):
    user = make_user()
    yield user
    sp.run(["gpasswd", "-d", "nobody", user.name])
    sp.run(["userdel", f"{user.name}x"])
    sp.run(["groupmod", "-n", user.name, f"{user.name}z"])


@pytest.mark.parametrize("change,good,same", CASES,
                         ids=lambda v: v.__name__ if callable(v) else "")
def test_only_the_user_s_own_group_may_write(make_server, somebody, change, good, same):
    change(somebody)
    s = make_server()
    p = s.ssh(somebody, "true")
    assert (p.returncode == 0) == good, p.stderr
    if not good:
        s.wait_log(r"bad ownership or modes for (file|directory) \S+")
    if same:
        theirs = beside.Sshd()
        try:
            assert (theirs.ssh(somebody, "true").returncode == 0) == good
        finally:
            theirs.stop()


def test_a_policy_may_be_strict(make_server, user):
    private(user)
    s = make_server(extra="private_groups = false;")
    assert s.ssh(user, "true").returncode == 255
    s.wait_log(r"bad ownership or modes for directory " + user.home)
    p = control.ctl(s, "explain", "--user", user.name, "--from", "127.0.0.1",
                     "--key", user.key + ".pub", check=None)
    assert "bad ownership or modes" in p.stdout, p.stdout + p.stderr
