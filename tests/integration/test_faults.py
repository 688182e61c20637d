"""Each thing outside that one connection can hang on is held; others go on:
they are greeted, log in, and the master answers."""

import contextlib
import fcntl
import os
import select
import signal
import socket
import subprocess
import time

import pytest

import leaks
import sp
from control import ctl_json

UTMP = "/run/utmp"
# glibc waits ten seconds for a lock of utmp: others are not to wait with it.
SOON = 8 * sp.SLOW

HANGS = """
auth [success=ignore default=1] pam_succeed_if.so quiet user = %s
auth required pam_exec.so quiet /bin/sleep 60
"""


def others_go_on(server, other, soon=SOON):
    """A greeting, logins, an answer: each soon."""
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", server.port), soon) as s:
            s.settimeout(soon)
            assert s.recv(4) == b"SSH-"
        sp.run(server.ssh_argv(other, "true"), timeout=soon / sp.SLOW, check=0)
    assert ctl_json(server, "status")["unauthenticated"] >= 0


@contextlib.contextmanager
def stopped(pids):
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)


@contextlib.contextmanager
def utmp_locked():
    """As anybody may who can read the file: a reader's lock stops writers."""
    if not os.path.exists(UTMP):
        open(UTMP, "a").close()
    code = ("import fcntl,os,sys,time; f=open('%s');"
            "fcntl.lockf(f, fcntl.LOCK_SH); print('locked', flush=True);"
            "time.sleep(300)" % UTMP)
    p = subprocess.Popen(["python3", "-c", code], stdout=subprocess.PIPE,
                         user="nobody")
    try:
        assert p.stdout.readline() == b"locked\n"
        yield
    finally:
        p.kill()
        p.communicate()


def test_the_master_does_not_wait_for_the_lock_of_utmp(make_server, make_user):
    """A monitor was killed: the master sees to its logout record."""
    user, other = make_user(), make_user()
    server = make_server()
    terminal = server.popen(user, "echo on; cat", flags=("-tt",))
    server.wait_log("Starting session")
    monitor = server.processes(r"monitor \S+")[0]
    sp.wait_for(lambda: leaks.terminals(user), what="its record")
    with utmp_locked():
        os.kill(monitor, signal.SIGKILL)
        server.wait_log("was killed|crash")
        others_go_on(server, other)
    terminal.communicate()
    # And the record is written once it can be.
    sp.wait_for(lambda: not leaks.terminals(user), 25, what="the logout record")


@pytest.mark.parametrize("what", [r"monitor \S+", r"worker \S+", "session"])
def test_others_do_not_wait_for_a_stopped_process(make_server, make_user, what):
    user, other = make_user(), make_user()
    server = make_server()
    one = server.popen(user, "echo on; exec cat")
    assert one.stdout.readline() == b"on\n"
    with stopped(server.processes(what)):
        others_go_on(server, other)
    one.stdin.write(b"still\n")
    one.stdin.flush()
    assert one.stdout.readline() == b"still\n"
    one.communicate()


def test_others_do_not_wait_for_a_stopped_sftp_server(make_server, make_user):
    user, other = make_user(), make_user()
    server = make_server()
    one = subprocess.Popen(["sftp", "-P", str(server.port), "-b", "-",
                            *server.options(user), f"{user.name}@127.0.0.1"],
                           stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    pids = sp.wait_for(lambda: server.processes("sftp"), what="its server")
    with stopped(pids):
        others_go_on(server, other)
    one.communicate(b"ls\n")
    assert one.returncode == 0


def test_others_do_not_wait_for_a_stack_of_pam_that_hangs(make_server, make_user):
    user, other = make_user(), make_user()
    with open("/etc/pam.d/sallyport") as f:
        sp.write_pam("sallyport-hangs", HANGS % user.name + f.read())
    server = make_server(pam_service="sallyport-hangs")
    stuck = [server.popen(user, "true", password=True) for _ in range(5)]
    sp.wait_for(lambda: len(server.processes(r"monitor \S+")) == 5, what="them")
    time.sleep(1)
    try:
        others_go_on(server, other)
    finally:
        for p in stuck:
            p.kill()
            p.communicate()


def test_others_do_not_wait_for_a_log_on_a_full_disk(make_server, make_user):
    user = make_user()
    server = make_server(start=False)
    p = sp.run([sp.DAEMON, "-f", server.config, "-E", "/dev/full"], env=server.env)
    assert p.returncode == 0, p.stderr
    server.pid = int(open(server.pid_file).read())
    others_go_on(server, user)


def test_a_log_file_that_has_reached_its_limit_ends_nothing(make_server, make_user):
    user = make_user()
    server = make_server(start=False)
    # Beyond the limit; what stands in memory (the slots) is not.
    with open(server.log_file, "w") as f:
        f.truncate(2_000_000_000)
    os.chmod(server.log_file, 0o600)
    p = sp.run(["prlimit", "--fsize=1000000000", sp.DAEMON, "-f", server.config, "-E", server.log_file],
               env=server.env)
    try:
        assert p.returncode == 0, p.stderr
        server.pid = int(open(server.pid_file).read())
        before = server.processes("workers")
        others_go_on(server, user)
        os.kill(server.pid, signal.SIGHUP)
        sp.wait_for(lambda: server.processes("workers") not in ([], before), 20, "the reload")
        others_go_on(server, user)
        assert int(open(server.pid_file).read()) == server.pid
    finally:
        os.truncate(server.log_file, 0)  # it is read at the end


def test_others_do_not_wait_for_the_reader_of_standard_error(make_server, make_user):
    """A pipe that nobody empties, as of a supervisor that hangs."""
    user = make_user()
    server = make_server(start=False)
    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    p = subprocess.Popen([sp.DAEMON, "-D", "-e", "-f", server.config], stderr=writer, env=server.env)
    os.close(writer)
    try:
        sp.wait_for(lambda: os.path.exists(server.pid_file) and os.path.getsize(server.pid_file), 20, "the start")
        server.pid = p.pid
        others_go_on(server, user)
        others_go_on(server, user)
        os.kill(p.pid, signal.SIGHUP)
        others_go_on(server, user)
        # Once it is read again, what is missing is told before the next line of
        # who lost it: the master's is about a reload.
        said = b""
        deadline = time.monotonic() + 30 * sp.SLOW
        while b"records were lost: stderr did not take them" not in said:
            assert time.monotonic() < deadline, said
            if not select.select([reader], [], [], 0.1)[0]:
                os.kill(p.pid, signal.SIGHUP)
                sp.run(server.ssh_argv(user, "true"), check=0)
                continue
            said += os.read(reader, 65536)
    finally:
        os.close(reader)
        p.terminate()
        p.wait(20)


def test_a_greeting_comes_while_both_templates_and_the_keyholder_are_stopped(
        make_server, make_user):
    """Nobody can log in then; the master waits for none of them."""
    user = make_user()
    server = make_server(
        limits="startups = { begin = 500; rate = 1; full = 600; }; "
        "source = { connections = 600; };")
    pids = [p for what in ("monitors", "workers", "keyholder")
            for p in server.processes(what)]
    assert len(pids) == 3
    waiting = []
    with stopped(pids):
        for _ in range(60):
            s = socket.create_connection(("127.0.0.1", server.port), SOON)
            s.settimeout(SOON)
            assert s.recv(4) == b"SSH-"
            s.sendall(b"SSH-2.0-waiting\r\n")
            waiting.append(s)
        assert ctl_json(server, "status")["unauthenticated"] >= 0
    for s in waiting:
        s.close()
    server.ssh(user, "true", check=0)
