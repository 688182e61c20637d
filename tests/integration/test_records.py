"""Login records where the release keeps them: utmp, wtmp and btmp; from Debian
13 on wtmpdb, and lastlog2 through its PAM module.  Terminals alone have one."""

import glob
import os
import shutil
import signal

import pytest

import leaks
import sp
from test_policy import sftp
from test_terminal import Terminal

HAS_WTMPDB = bool(glob.glob("/usr/lib*/*/libwtmpdb.so.0") + glob.glob("/usr/lib*/libwtmpdb.so.0"))
PAM_WTMPDB = bool(glob.glob("/usr/lib*/*/security/pam_wtmpdb.so"))
OPEN = ("still logged in", "gone - no logout")
needs_last = pytest.mark.skipif(not shutil.which("last"), reason="NO last(1) (Debian 13: package wtmpdb)")


def lines(user, *words):
    """The lines last(1) has on the user that contain one of the words."""
    said = sp.run(["last", "-w", user.name]).stdout.splitlines()
    return [line for line in said if line.startswith(user.name) and
            (not words or any(word in line for word in words))]


def with_module(service, line):
    """The stack of a service, with a line of session that it may have already."""
    stack = open("/etc/pam.d/" + service).read()
    common = open("/etc/pam.d/common-session").read()
    return stack if line.split()[2] in stack + common else f"{stack}\n{line}\n"


def terminal(server, user):
    t = Terminal(server.ssh_argv(user, "echo o''n; cat", flags=("-tt",)))
    t.expect(rb"on\r\n")
    return t


def end(t):
    t.send("\x04")
    assert t.wait() == 0


@pytest.fixture(params=["sallyport", "sshd"])
def service(request):
    """The shipped stack, and what `import` names; with Debian 13's own line."""
    path = "/etc/pam.d/" + request.param
    if not os.path.exists(path):
        pytest.skip("no " + path)
    was = open(path).read()
    if PAM_WTMPDB:
        sp.write_pam(request.param, with_module(request.param, "session optional pam_wtmpdb.so skip_if=sshd"))
    yield request.param
    sp.write_pam(request.param, was)


@needs_last
def test_last_has_a_line_for_each_terminal_and_no_other(make_server, user, service):
    s = make_server(pam_service=service)
    s.ssh(user, "true", check=0)
    sftp(s, user, "pwd\n", check=0)
    assert lines(user) == []
    one, two = terminal(s, user), terminal(s, user)
    assert len(lines(user)) == len(lines(user, "127.0.0.1")) == len(lines(user, *OPEN)) == 2
    end(one)
    sp.wait_for(lambda: len(lines(user, *OPEN)) == 1, what="the first logout")
    end(two)
    sp.wait_for(lambda: not lines(user, *OPEN), what="the second logout")
    assert len(lines(user)) == 2
    assert "was not recorded" not in s.log()


@needs_last
def test_the_master_closes_the_line_of_a_killed_monitor(server, user):
    t = terminal(server, user)
    assert len(lines(user, *OPEN)) == 1
    for pid in server.processes(r"monitor \S+"):
        os.kill(pid, signal.SIGKILL)
    t.wait()
    sp.wait_for(lambda: not lines(user, *OPEN), what="the logout")
    assert len(lines(user)) == 1


@needs_last
@pytest.mark.skipif(not HAS_WTMPDB, reason="no libwtmpdb: Debian 12 has wtmp alone")
def test_a_database_that_is_locked_keeps_nobody_waiting(make_server, user):
    s = make_server()
    end(terminal(s, user))
    before = len(lines(user))
    import sqlite3
    held = sqlite3.connect("/var/log/wtmp.db", isolation_level=None)
    held.execute("BEGIN EXCLUSIVE")
    t = terminal(s, user)
    s.wait_log(r"wtmpdb: the login on pts/\d+ was not recorded")
    held.execute("ROLLBACK")
    held.close()
    end(t)
    assert len(lines(user)) == before
    assert not os.path.exists("/var/log/wtmp") or os.path.getsize("/var/log/wtmp") == 0


@needs_last
@pytest.mark.skipif(not PAM_WTMPDB, reason="no pam_wtmpdb: Debian 12 has none")
def test_where_records_are_pams_it_writes_them(make_server, user):
    sp.write_pam("sp-records", with_module("sallyport", "session optional pam_wtmpdb.so"))
    s = make_server(pam_service="sp-records", records="records = { wtmp = false; };")
    s.ssh(user, "true", check=0)
    sp.wait_for(lambda: lines(user) and not lines(user, *OPEN), what="PAM's own line")


def test_utmp_has_the_terminals(server, user):
    server.ssh(user, "true", check=0)
    t = terminal(server, user)
    (line,) = leaks.terminals(user)
    # Named, the file is read; from Debian 13 on who alone asks logind.
    who = [x for x in sp.run(["who", "/run/utmp"]).stdout.splitlines() if x.startswith(user.name)]
    assert len(who) == 1 and line in who[0] and "127.0.0.1" in who[0]
    w = sp.run(["w", "-h"]).stdout
    assert user.name[:8] in w and line in w
    end(t)
    sp.wait_for(lambda: not leaks.terminals(user), what="logout in utmp")


def greeting(server, user):
    t = Terminal(server.ssh_argv(user, flags=("-tt",)))
    t.send("echo e''nd; exit\n")
    t.expect(rb"end\r\n")
    said = t.before
    t.wait()
    return said


@pytest.mark.parametrize("pam", [False, True])
def test_the_last_login_is_told_once(make_server, user, pam):
    if pam and not glob.glob("/usr/lib*/*/security/pam_lastlog2.so"):
        pytest.skip("no pam_lastlog2: Debian 12 has none")
    sp.write_pam("sp-greeting", with_module("sallyport", "session optional pam_lastlog2.so") if pam else
                 "auth required pam_unix.so\naccount required pam_unix.so\nsession required pam_unix.so\n")
    s = make_server(pam_service="sp-greeting", records='records = { last_login = "server"; };')
    greeting(s, user)
    said = greeting(s, user)
    assert said.count(b"Last login: ") == 1 and b"127.0.0.1" in said, said
    if shutil.which("lastlog"):
        assert "127.0.0.1" in sp.run(["lastlog", "-u", user.name]).stdout
    if pam and shutil.which("lastlog2"):
        assert "127.0.0.1" in sp.run(["lastlog2", "-u", user.name]).stdout


def test_btmp_has_the_failure(server, user):
    user.key = None
    server.ssh(user, "true", password="wrong", check=5)
    assert user.name.encode() in open("/var/log/btmp", "rb").read()
    if shutil.which("lastb"):
        assert user.name in sp.run(["lastb", "-w"]).stdout
    # In place of lastb on Debian 13.
    failed = sp.run(["lslogins", "--failed", "--notruncate", "-l", user.name]).stdout
    assert "ssh:notty" in failed, failed
