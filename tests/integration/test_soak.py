"""The long run: logins, transfers, forwards, kills and reloads, mixed, and
then nothing is left of them (leaks.py; test_leaks.py shows that each check
finds what it looks for).  About a minute, or SALLYPORT_SOAK_MINUTES."""

import collections
import itertools
import os
import random
import signal
import socket
import subprocess
import threading
import time

import pytest

import leaks
import sp
from control import ctl, ctl_json, stats

MINUTES = float(os.environ.get("SALLYPORT_SOAK_MINUTES", "0"))
ROUND = 14 if MINUTES == 0 else 60  # seconds
CLIENTS = 3


class Deeds:
    """What the clients do; each deed checks its own outcome."""

    def __init__(self, server, user, other):
        self.s, self.user, self.other = server, user, other
        self.ports = itertools.count(20000)
        self.file = f"{server.dir}/data"
        self.data = os.urandom(700_001)
        with open(self.file, "wb") as f:
            f.write(self.data)
        os.chmod(self.file, 0o644)
        self.echo = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            c, _ = self.echo.accept()
            with c:
                c.settimeout(20)
                try:
                    c.sendall(c.recv(100))
                except OSError:
                    pass

    def through(self, port):
        """A byte through a forward that may not be up yet."""
        def passed():
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=5) as c:
                    c.sendall(b"ping")
                    return c.recv(10) == b"ping"
            except OSError:
                return False
        sp.wait_for(passed, 20, "a byte through the forward")

    # ---- deeds ----

    def login_with_a_key(self):
        assert self.s.ssh(self.user, "echo hello", check=0).stdout == "hello\n"

    def login_with_a_password(self):
        assert self.s.ssh(self.other, "exit 3", password=True).returncode == 3

    def wrong_password(self):
        p = self.s.ssh(self.other, "true", password="wrong", NumberOfPasswordPrompts="1")
        assert p.returncode not in (0, 3)

    def terminal(self):
        p = self.s.ssh(self.user, "tty", flags=("-tt",), check=0)
        assert "/dev/pts/" in p.stdout

    def sftp(self):
        back = f"{self.s.dir}/back{next(self.ports)}"
        there = f"{self.user.home}/{os.path.basename(back)}"
        batch = f"put {self.file} {there}\nget {there} {back}\nrm {there}\n"
        sp.run(["sftp", "-q", "-P", str(self.s.port), *self.s.options(self.user), "-b", "-",
                f"{self.user.name}@127.0.0.1"], input=batch, check=0)
        assert open(back, "rb").read() == self.data
        os.unlink(back)

    def scp(self):
        back = f"{self.s.dir}/back{next(self.ports)}"
        sp.run(["scp", "-q", "-P", str(self.s.port), *self.s.options(self.user),
                f"{self.user.name}@127.0.0.1:{self.file}", back], check=0)
        assert open(back, "rb").read() == self.data
        os.unlink(back)

    def local_forward(self):
        port = next(self.ports)
        self.forward("-L", f"{port}:127.0.0.1:{self.echo.getsockname()[1]}", port)

    def remote_forward(self):
        port = next(self.ports)
        self.forward("-R", f"{port}:127.0.0.1:{self.echo.getsockname()[1]}", port)

    def forward(self, kind, what, port):
        p = self.s.popen(self.user, flags=("-N", kind, what), ExitOnForwardFailure="yes")
        try:
            self.through(port)
            self.end(p)
        finally:
            p.kill()

    @staticmethod
    def end(p):
        """OpenSSH 9.2's client looks at what its handler has set and then
        calls poll(): a signal between the two waits for the next packet, and
        there is none.  Another one ends it."""
        for _ in range(20):
            p.terminate()
            try:
                p.communicate(timeout=3)
                return
            except subprocess.TimeoutExpired:
                pass
        raise AssertionError("the client does not end")

    def nonsense(self):
        with self.s.connect() as c:
            c.sendall(b"SSH-2.0-x\r\n" + random.randbytes(200))
            c.settimeout(20)
            try:
                while c.recv(1000):
                    pass
            except OSError:
                pass

    def hang_up(self):
        self.s.connect().close()

    def begin(self, flags=()):
        """A session, and what sallyportctl knows of it."""
        known = set(x["id"] for x in self.sessions())
        p = self.s.popen(self.user, "echo on; exec cat", flags=flags)
        assert p.stdout.readline().strip() == b"on", p.stderr.read()
        mine = self.client_port(p)
        (one,) = [x for x in self.sessions() if x["id"] not in known and x["port"] == mine]
        return p, one

    @staticmethod
    def client_port(p):
        """The TCP port of a client's connection."""
        inodes = set()
        for fd in os.listdir(f"/proc/{p.pid}/fd"):
            inodes.add(os.readlink(f"/proc/{p.pid}/fd/{fd}"))
        for line in open("/proc/net/tcp").read().splitlines()[1:]:
            f = line.split()
            if f"socket:[{f[9]}]" in inodes:
                return int(f[1].split(":")[1], 16)
        raise AssertionError("the client has no connection")

    def sessions(self):
        return ctl_json(self.s, "sessions")

    def finish(self, p):
        p.communicate(timeout=30)

    def client_is_killed(self):
        p, _ = self.begin(random.choice([(), ("-tt",)]))
        p.kill()
        self.finish(p)

    def worker_is_killed(self):
        p, one = self.begin(random.choice([(), ("-tt",)]))
        os.kill(one["worker"], random.choice([signal.SIGKILL, sp.CRASH]))
        self.finish(p)

    def monitor_is_killed(self):
        p, one = self.begin(random.choice([(), ("-tt",)]))
        os.kill(one["monitor"], random.choice([signal.SIGKILL, sp.CRASH]))
        self.finish(p)

    def administrator_kills(self):
        p, one = self.begin()
        ctl(self.s, "kill", one["id"])
        self.finish(p)

    ALL = (["login_with_a_key"] * 4 + ["login_with_a_password"] * 2 + ["sftp", "scp"] * 2
           + ["wrong_password", "terminal", "local_forward", "remote_forward",
              "nonsense", "hang_up", "client_is_killed", "worker_is_killed",
              "monitor_is_killed", "administrator_kills"])


class Run:
    """Some clients at once, each deed in its turn, for a while."""

    def __init__(self, deeds):
        self.deeds, self.done, self.failed = deeds, collections.Counter(), []
        self.now = {}  # which deed each client is at

    def client(self, number, until):
        order = list(Deeds.ALL)
        random.Random(number).shuffle(order)
        for name in itertools.cycle(order):
            if time.monotonic() > until or self.failed:
                return
            self.now[number] = name
            try:
                getattr(self.deeds, name)()
                self.done[name] += 1
            except Exception as e:  # told by the test's own thread
                self.failed.append(f"{name}: {e!r}")

    def round(self, seconds, reloads):
        until = time.monotonic() + seconds
        clients = [threading.Thread(target=self.client, args=(i, until)) for i in range(CLIENTS)]
        for c in clients:
            c.start()
        for _ in range(reloads):
            time.sleep(seconds / (reloads + 1))
            ctl(self.deeds.s, "reload", timeout=60)
        for c in clients:
            c.join(120 * sp.SLOW)
        late = [self.now[i] for i, c in enumerate(clients) if c.is_alive()]
        assert self.failed == [] and late == [], "\n".join(
            [*self.failed, *late,
             sp.run(["ps", "-eo", "pid,ppid,stat,wchan:20,etimes,args"]).stdout])


def at_rest(s):
    """When all has ended that was begun."""
    sp.wait_for(lambda: ctl_json(s, "sessions") == [], 30, "the end of every connection")
    sp.wait_for(lambda: len(s.processes()) == 4, 30, "four processes")
    return leaks.snapshot(s.pid)


def check(s, before):
    """Some things end a moment later (a zombie, a pty): they must, soon."""
    found = []

    def clean():
        found[:] = leaks.leaks(before, at_rest(s))
        return found == []
    try:
        sp.wait_for(clean, 10, "nothing to be left")
    except AssertionError:
        raise AssertionError("\n".join(found))


@pytest.mark.skipif(sp.ASAN, reason="the allocator under ASan keeps what is freed")
def test_a_long_run_leaves_nothing(make_server, make_user):
    s = make_server(limits="startups = { begin = 100; rate = 30; full = 200; };"
                    "source = { connections = 100; };")
    s.stop()
    s.write(s.text.replace('log = { level = "debug"; };',
                           'log = { level = "verbose"; format = "json"; };'))
    s.start()
    run = Run(Deeds(s, make_user(), make_user(key=False)))
    started = time.monotonic()

    # what is warm after the first round is the measure for all that follow
    run.round(ROUND, reloads=1)
    first = at_rest(s)
    rounds = 0
    while True:
        run.round(ROUND, reloads=0)
        check(s, first)  # the same processes as then: their memory, too
        run.round(ROUND, reloads=3)
        check(s, first)  # the same master; new templates
        rounds += 1
        over = time.monotonic() - started > MINUTES * 60
        # a machine with much else to do needs more rounds for every deed
        if over and (set(run.done) == set(Deeds.ALL) or rounds == 20):
            break
    print(f"{rounds} rounds: {dict(run.done)}")
    assert set(run.done) == set(Deeds.ALL), "a deed was never done"

    # each connection in the audit, once from open to close
    count, faults = leaks.unpaired(s.log())
    assert faults == []
    assert count == stats(s)["sallyport_accepted_total"] >= sum(run.done.values())
