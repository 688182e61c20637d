"""What hangs or dies is found by the master, named and cleared away."""

import os
import re
import shutil
import signal
import subprocess
import time

import pytest

import deadfs
import leaks
import rawssh
import sp
from test_terminal import Terminal


@pytest.fixture(scope="module", autouse=True)
def test_module():
    """The module of the unit tests that shows each fault on request."""
    subprocess.run(["make", "-s", "-C", sp.BUILD,
                    "tests/unit/modules/module_test.la"], check=True)
    directory = subprocess.run(
        ["sh", "-c", "dirname $(find /usr/lib /usr/lib64 -name publickey.so "
         "-path '*sallyport*' | head -1)"], capture_output=True, text=True,
        check=True).stdout.strip()
    subprocess.run(["install", "-m", "644",
                    sp.BUILD + "/tests/unit/modules/.libs/module_test.so",
                    directory + "/test.so"], check=True)


@pytest.fixture
def faulty(make_server):
    return make_server(
        modules='{ name = "test"; file = "test.so"; }, '
                '{ name = "publickey"; }, { name = "pam"; options = '
                '{ service = "sallyport"; }; }',
        extra="deadlines = { module = 2; };",
        methods=("publickey", "password"))


def gone(server):
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20,
                what="the monitor's end")


def test_a_module_that_hangs_is_ended_and_named(faulty, user):
    start = time.monotonic()
    p = faulty.ssh(user, "true", password="hang")
    assert p.returncode != 0
    assert time.monotonic() - start < 12 * sp.SLOW
    faulty.wait_log(r"did not return within \d+ ms")
    assert re.search(r"module.*did not return", faulty.log())
    gone(faulty)
    faulty.ssh(user, "true", check=0)


def test_a_module_that_hangs_before_it_is_asked(make_server, user):
    s = make_server(modules='{ name = "test"; file = "test.so"; options = { fault = "begin"; }; }, '
                            '{ name = "publickey"; }',
                    extra="deadlines = { module = 1; };", methods=("publickey", "password"))
    assert s.ssh(user, "true", password="allow").returncode == 255
    s.wait_log(r"module call begin\(\) for 127.0.0.1 port \d+ did not return within \d+ ms: test \d+ ended")
    gone(s)


def test_a_module_that_says_nonsense(faulty, user):
    assert faulty.ssh(user, "true", password="nonsense").returncode != 0
    faulty.wait_log(r"module test returned 4711, which is no verdict")
    faulty.wait_log(r"Failed password for .*test.*no.*verdict")
    faulty.ssh(user, "true", check=0)


def test_a_module_that_asks_at_a_wrong_time(faulty, user):
    """The password method has no questions: it is told so, and must refuse."""
    assert faulty.ssh(user, "true", password="ask").returncode != 0
    faulty.wait_log(rf"Failed password for {user.name}")
    faulty.ssh(user, "true", check=0)


def test_a_descriptor_that_a_module_leaks(faulty, user):
    """The monitor's to the end, which says so; no program sees it."""
    p = faulty.ssh(user, "ls /proc/self/fd", password="leak", check=0)
    assert p.stdout.split() == ["0", "1", "2", "3"]  # the last is the folder
    faulty.wait_log(r"module test has left descriptor \d+ open")
    gone(faulty)
    mark = faulty.mark()
    faulty.ssh(user, "true", password="allow", check=0)
    assert "has left descriptor" not in faulty.log()[mark:]


def test_a_method_of_a_modules_own(make_server, user):
    """Raw packets 60 to 79, by a client that knows the method."""
    s = make_server(modules='{ name = "test"; file = "test.so"; }, { name = "publickey"; }',
                    methods=("packets@test", "packets@test,publickey"))
    for answer, number in ((b"tokem", rawssh.USERAUTH_FAILURE), (b"token", rawssh.USERAUTH_SUCCESS)):
        with rawssh.Raw(s) as c:
            c.kex()
            c.service()
            c.request(user.name, "none")
            assert b"packets@test" in c.expect(rawssh.USERAUTH_FAILURE)
            c.request(user.name, "packets@test", b"what follows the name")
            assert c.expect(60) == b"\x3ctoken?"
            c.send(61, answer)
            assert c.expect(rawssh.USERAUTH_FAILURE, rawssh.USERAUTH_SUCCESS)[0] == number
    s.wait_log(rf"Accepted packets@test for {user.name}")
    # who sends something else in between abandons the method
    with rawssh.Raw(s) as c:
        c.kex()
        c.service()
        c.request(user.name, "packets@test")
        c.expect(60)
        c.request(user.name, "packets@test")
        assert c.expect(60) == b"\x3ctoken?"
        c.send(61, b"token")
        c.expect(rawssh.USERAUTH_SUCCESS)


@pytest.mark.parametrize("fault", ["crash", "exit"])
def test_a_module_that_dies_takes_its_connection_alone(faulty, user, fault):
    others = faulty.popen(user, "echo on; exec cat")
    assert others.stdout.readline() == b"on\n"
    assert faulty.ssh(user, "true", password=fault).returncode != 0
    gone_before = len(faulty.processes(r"monitor \S+"))
    assert gone_before >= 1  # the other one
    others.stdin.write(b"here\n")
    others.stdin.flush()
    assert others.stdout.readline() == b"here\n"
    others.kill()
    others.communicate()
    if fault == "crash" and not sp.ASAN:
        faulty.wait_log(r"Module test ended its process, signal 6, in module call authenticate\(\)")
    elif fault == "exit":
        faulty.wait_log(r"Module test ended its process, in module call authenticate\(\)")
    gone(faulty)
    faulty.ssh(user, "true", check=0)


def terminal(server, user):
    """A login on a terminal, which has a login record."""
    p = subprocess.Popen(server.ssh_argv(user, flags=("-tt",)),
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL)
    p.stdin.write(b"echo re''ady\n")
    p.stdin.flush()
    while b"ready" not in p.stdout.readline():
        pass
    return p


def who(user):
    return leaks.terminals(user)


def test_a_killed_monitor_leaves_no_login_record(server, user):
    p = terminal(server, user)
    sp.wait_for(lambda: who(user), what="the login record")
    for pid in server.processes(r"monitor \S+"):
        os.kill(pid, signal.SIGKILL)
    p.communicate(timeout=20)
    sp.wait_for(lambda: not who(user), what="the logout record")
    server.wait_log(r"A monitor died, signal 9")
    assert "Module " not in re.sub(r"Module \S+ loaded", "", server.log())
    server.wait_log(r"monitor ended")
    sp.wait_for(lambda: not user.processes(), what="the end of the programs")
    server.ssh(user, "true", check=0)


def test_a_monitor_that_misses_its_worker_s_end_is_ended(server, user):
    """Stopped, it cannot notice: the master does."""
    p = terminal(server, user)
    sp.wait_for(lambda: who(user), what="the login record")
    monitor = server.processes(r"monitor \S+")[0]
    template = server.processes("workers")
    worker = [w for w in server.processes("worker") if w not in template][0]
    os.kill(monitor, signal.SIGSTOP)
    os.kill(worker, signal.SIGKILL)
    p.communicate(timeout=20)
    server.wait_log(r"worker has gone.*did not return", 20)
    gone(server)
    sp.wait_for(lambda: not who(user), what="the logout record")
    sp.wait_for(lambda: not user.processes(), what="the end of the programs")
    server.ssh(user, "true", check=0)


def session_of(server, user):
    return [p for p, t in server.processes().items() if "session" in t and
            sp.status(p)["Uid"].split()[0] == str(user.uid)]


def test_a_stopped_session_cannot_keep_the_connection(server, user):
    """The user may stop it; when the client leaves all the same ends."""
    p = terminal(server, user)
    pid = session_of(server, user)[0]
    os.kill(pid, signal.SIGSTOP)
    p.kill()
    p.communicate()
    gone(server)
    sp.wait_for(lambda: not who(user), what="the logout record")
    assert not os.path.exists(f"/proc/{pid}") or \
        sp.status(pid)["State"].startswith("Z")
    sp.wait_for(lambda: not user.processes(), 10, "the end of the programs")


def test_a_stopped_session_cannot_crash_its_monitor(server, user):
    """Requests pile up in its queue until the monitor ends the connection."""
    master = f"{server.dir}/mux"
    p = server.popen(user, "echo on; exec cat", ControlMaster="yes",
                     ControlPath=master)
    assert p.stdout.readline() == b"on\n"
    pid = session_of(server, user)[0]
    os.kill(pid, signal.SIGSTOP)
    for i in range(6):
        try:
            sp.run(["ssh", "-S", master, "-O", "forward", "-R",
                    f"{21000 + i}:127.0.0.1:1", "x"], timeout=2)
        except subprocess.TimeoutExpired:
            pass
    os.kill(pid, signal.SIGCONT)
    p.kill()
    p.communicate()
    gone(server)
    assert "internal error" not in server.log()
    server.ssh(user, "true", check=0)


def test_a_stopped_worker_template_does_not_stop_the_rest(server, user):
    """Who is in stays in; new ones wait, and come in when it goes on."""
    p = server.popen(user, "echo on; exec cat")
    assert p.stdout.readline() == b"on\n"
    template = server.processes("workers")[0]
    os.kill(template, signal.SIGSTOP)
    late = server.popen(user, "echo late")
    time.sleep(0.5)
    p.stdin.write(b"still\n")
    p.stdin.flush()
    assert p.stdout.readline() == b"still\n"
    os.kill(template, signal.SIGCONT)
    assert late.communicate(timeout=30 * sp.SLOW)[0] == b"late\n"
    p.kill()
    p.communicate()


@pytest.mark.parametrize("role", ["keyholder", "monitors", "workers"])
def test_a_template_that_dies_is_replaced(server, user, role):
    """Whose connections nobody can watch any more end, in order; others
    are served."""
    p = terminal(server, user)
    sp.wait_for(lambda: who(user), what="the login record")
    for pid in server.processes(role):
        os.kill(pid, signal.SIGKILL)

    def serves():
        return server.ssh(user, "true").returncode == 0
    sp.wait_for(serves, 20, f"logins after the {role} died")
    p.kill()
    p.communicate()
    sp.wait_for(lambda: not who(user), what="the logout record")
    sp.wait_for(lambda: not user.processes(), what="the end of the programs")


GREETING = 'records = { last_login = "server"; lastlog = true; };'


def test_a_home_that_does_not_answer_is_named(make_server, user):
    """The look for ~/.hushlogin is the user's, in a child that can be killed."""
    s = make_server(records=GREETING, extra="deadlines = { files = 2; };")
    Terminal(s.ssh_argv(user, password=True, flags=("-tt",))).send("exit\n")
    s.wait_log(r"Logout of ")
    with deadfs.mounted(user.home, user.uid, user.gid):
        mark = s.mark()
        t = Terminal(s.ssh_argv(user, password=True, flags=("-tt",)))
        s.wait_log(rf"file look-up for 127.0.0.1 port \d+ did not return within \d+ ms: "
                   rf"{user.home}/.hushlogin \d+ ended", after=mark)
        t.expect(rb"Last login: ")  # nobody is kept waiting for a greeting
        assert "monitor" not in s.log()[mark:].split("did not return")[1]
        os.kill(t.pid, signal.SIGKILL)
        t.wait()
        sp.wait_for(lambda: not user.processes(), 20, "the end of what hung")
    gone(s)


def test_keys_on_a_dead_file_server(make_server, user):
    """authorized_keys is opened as the user, in a child with a deadline: the
    source is named, and another method still lets in."""
    s = make_server(extra="deadlines = { key_command = 1; files = 1; };")
    with deadfs.mounted(user.home, user.uid, user.gid):
        assert s.ssh(user, "true").returncode == 255
        s.wait_log(rf"{user.home}/.ssh/authorized_keys was not read in time")
        t = Terminal(s.ssh_argv(user, password=True, flags=("-tt",)))
        s.wait_log(rf"Accepted password for {user.name}")
        os.kill(t.pid, signal.SIGKILL)
        t.wait()
        sp.wait_for(lambda: not user.processes(), 20, "the end of what hung")
    gone(s)
    s.ssh(user, "true", check=0)


@pytest.mark.skipif(not shutil.which("sshfs"), reason="sshfs is not installed")
def test_a_home_that_knows_no_root(make_server, user):
    """A file server that squashes root: what is looked at, is as the user."""
    real = f"{sp.SCRATCH}/elsewhere{time.monotonic_ns()}"
    program = real + ".sh"
    sp.run(["cp", "-a", user.home, real], check=0)
    with open(program, "w") as f:
        f.write("#!/bin/sh\nexec /usr/lib/openssh/sftp-server\n")
    os.chmod(program, 0o755)
    s = make_server(records=GREETING)
    with deadfs.mounted(user.home, user.uid, user.gid) as fuse:
        sp.run(["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups", "sshfs",
                "-o", f"ssh_command={program}", f"x:{real}",
                f"/dev/fd/{fuse}"], check=0, pass_fds=[fuse])
        with pytest.raises(PermissionError):
            os.listdir(user.home)  # we are root
        p = s.ssh(user, "pwd; cat .ssh/authorized_keys | wc -l; touch .hushlogin", check=0)
        assert p.stdout.split() == [user.home, "1"]
        t = Terminal(s.ssh_argv(user, flags=("-tt",)))
        t.send("echo he''re; exit\n")
        assert b"Last login" not in t.expect(rb"(?s).*here\r\n").group(0)
        t.wait()


def test_a_hushed_login(make_server, user):
    s = make_server(records=GREETING)
    for hushed in (False, False, True):
        if hushed:
            with open(user.home + "/.hushlogin", "w"):
                pass
        mark = s.mark()
        t = Terminal(s.ssh_argv(user, flags=("-tt",)))
        t.send("echo here; exit\n")
        text = t.expect(rb"(?s).*here\r\n").group(0)
        t.wait()
        s.wait_log(r"Logout of ", after=mark)
    assert b"Last login: " not in text
    os.unlink(user.home + "/.hushlogin")
    t = Terminal(s.ssh_argv(user, flags=("-tt",)))
    t.expect(rb"Last login: ")
    t.send("exit\n")
    t.wait()
