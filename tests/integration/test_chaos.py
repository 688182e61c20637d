"""Whatever dies or restarts: sessions live, logins work, and the master frees
nothing that it still uses (which the sanitizers' build sees).  The last test
mixes everything with a fixed seed; SALLYPORT_CHAOS_SECONDS makes it longer,
SALLYPORT_CHAOS_SEED another one."""

import os
import random
import re
import signal
import threading
import time

import pytest

import sp
from control import ctl, ctl_json, login
from test_keeper import finish, ours, sessions

SEED = int(os.environ.get("SALLYPORT_CHAOS_SEED", "1513"))
SECONDS = float(os.environ.get("SALLYPORT_CHAOS_SECONDS", "25"))


def titled(title):
    """Every process of that title, whichever master or keeper it belongs to."""
    return [int(line.split()[0]) for line in ours()
            if re.search(rf"sallyportd: {title}\s*$", line)]


def says(p, word=b"still there"):
    p.stdin.write(word + b"\n")
    p.stdin.flush()
    assert p.stdout.readline() == word + b"\n"


def logs_in(s, user):
    sp.wait_for(lambda: s.ssh(user, "true").returncode == 0, 10, "a login")


def remain(s, before):
    """Those sessions are left, as soon as the login beside them is gone."""
    sp.wait_for(lambda: set(sessions(s)) == set(before), 10, "those sessions alone")


def one_generation(s):
    for role in ("keyholder", "monitors", "workers"):
        sp.wait_for(lambda r=role: len(titled(r)) == 1, 20, f"one {role}")


def test_the_old_worker_template_dies_while_its_client_waits(server, user):
    waiting = server.connect()
    assert waiting.recv(8) == b"SSH-2.0-"  # and it says nothing
    (old,) = server.processes("workers")
    mark = server.mark()
    os.kill(server.pid, signal.SIGHUP)
    server.wait_log(r"Configuration reloaded, generation 2", 30, after=mark)
    os.kill(old, signal.SIGKILL)
    server.wait_log(r"workers of generation 1 ended", after=mark)
    waiting.sendall(b"SSH-2.0-patient\r\n")
    server.wait_log(r"remote software version SSH-2.0-patient", after=mark)
    waiting.close()
    logs_in(server, user)
    assert not sp.has_ended(server.pid)
    one_generation(server)


def test_a_stop_in_the_middle_of_a_reload_is_a_stop(server, user):
    """The generation that was about to be ready serves nobody any more: the
    process that keeps the sessions is no second server."""
    p = login(server, user)

    def templates():
        """The master's own, looked for fast; a rehearsal has some, too."""
        with open(f"/proc/{server.pid}/task/{server.pid}/children") as f:
            return {pid for pid in map(int, f.read().split())
                    if open(f"/proc/{pid}/cmdline").read().startswith("sallyportd: workers")}
    for _ in range(10):  # until one is caught before it is ready
        mark, old, new = server.mark(), templates(), set()
        os.kill(server.pid, signal.SIGHUP)
        end = time.monotonic() + 30 * sp.SLOW
        while not new and time.monotonic() < end:
            try:
                new = templates() - old
            except OSError:
                pass  # one has ended
        for pid in new:
            os.kill(pid, signal.SIGSTOP)
        if new and "Configuration reloaded" not in server.log()[mark:]:
            break
        for pid in new:
            os.kill(pid, signal.SIGCONT)
        server.wait_log("Configuration reloaded", 30, after=mark)
    else:
        raise AssertionError("each was ready before it could be stopped")
    os.kill(server.pid, signal.SIGTERM)
    sp.wait_for(lambda: sp.has_ended(server.pid), 20, "the master's end")
    for pid in new:
        os.kill(pid, signal.SIGCONT)
    time.sleep(0.5)  # its keeper hears from them
    server.start()
    logs_in(server, user)
    assert "Configuration reloaded" not in server.log()[mark:]
    says(p)
    finish(p)


@pytest.mark.parametrize("role", ["keyholder", "monitors", "workers", "all three"])
def test_a_template_that_is_killed_takes_no_session_along(server, user, role):
    p = login(server, user)
    before = sessions(server)
    for one in ("keyholder", "monitors", "workers") if role == "all three" else (role,):
        os.kill(titled(one)[0], signal.SIGKILL)
    logs_in(server, user)
    says(p)
    remain(server, before)
    ctl(server, "reload")
    says(p)
    remain(server, before)
    finish(p)
    sp.wait_for(lambda: sessions(server) == {}, 10, "no session")
    (conn,) = before
    assert len(re.findall(rf"Disconnected from user .*conn={conn}\b", server.log())) == 1
    one_generation(server)


@pytest.mark.parametrize("role", ["monitors", "workers"])
def test_its_sessions_are_still_ended_and_recorded(make_server, make_user, role):
    s = make_server(records="records = { wtmp = true; utmp = true; };")
    ann, bob = make_user(), make_user()
    p, q = login(s, ann), s.popen(bob, "echo begun; exec cat", flags=("-tt",))
    assert q.stdout.readline().strip() == b"begun"
    of = {x["user"]: x for x in sessions(s).values()}
    os.kill(titled(role)[0], signal.SIGKILL)
    logs_in(s, ann)
    os.kill(of[bob.name]["monitor"], signal.SIGKILL)
    q.communicate(timeout=20)
    s.wait_log(rf"conn={of[bob.name]['id']},.* ended: its monitor was killed")
    ctl(s, "kill", of[ann.name]["id"])
    assert p.wait(20) == 255
    sp.wait_for(lambda: sessions(s) == {}, 10, "no session")
    one_generation(s)


@pytest.mark.parametrize("victim", ["old", "new"])
def test_a_worker_crashes_and_then_a_template_is_killed(server, make_user, victim):
    """The replacement dies while an older session keeps its predecessor."""
    ann, bob = make_user(), make_user()
    p = login(server, ann)
    (old,) = titled("workers")
    q = login(server, bob)
    (crashing,) = [x["worker"] for x in sessions(server).values() if x["user"] == bob.name]
    os.kill(crashing, sp.CRASH)
    q.communicate(timeout=20)
    logs_in(server, ann)
    (new,) = sp.wait_for(lambda: [w for w in titled("workers") if w != old], 10, "another")
    # retired: it has nothing to do but for ann
    server.ssh(ann, "true", check=0)
    os.kill(old if victim == "old" else new, signal.SIGKILL)
    logs_in(server, bob)
    says(p)
    finish(p)
    one_generation(server)


def test_a_client_in_the_queue_outlives_all_templates(server, user):
    waiting = server.connect()
    assert waiting.recv(8) == b"SSH-2.0-"
    for role in ("workers", "monitors", "keyholder"):
        os.kill(titled(role)[0], signal.SIGKILL)
    logs_in(server, user)
    waiting.sendall(b"SSH-2.0-patient\r\n")
    server.wait_log(r"remote software version SSH-2.0-patient")
    waiting.close()
    one_generation(server)


class Chaos:
    """Clients in threads, and one hand that breaks things between."""

    def __init__(self, s, users):
        self.s, self.random = s, random.Random(SEED)
        self.ann, self.bob, self.carol = users
        self.until = time.monotonic() + SECONDS
        self.failures, self.logins, self.longest = [], 0, 0.0

    def going(self):
        return time.monotonic() < self.until

    def thread(self, deed):
        def run():
            mine = random.Random(f"{SEED} {deed.__name__}")
            try:
                while self.going():
                    deed(mine)
            except BaseException as e:
                self.failures.append((deed.__name__, repr(e)))
        t = threading.Thread(target=run)
        t.start()
        return t

    def sit(self, dice):
        """Connect, say nothing, half a word, or all of it; go."""
        try:
            c = self.s.connect()
        except OSError:
            time.sleep(0.05)
            return
        with c:
            c.settimeout(2)
            try:
                c.sendall(dice.choice([b"", b"SSH", b"SSH-2.0-sits\r\n"]))
                time.sleep(dice.random() * 2)
                c.recv(1000)
            except OSError:
                pass

    def log_in(self, _):
        """What fails is tried again; how long until it works is remembered."""
        began, failed = time.monotonic(), False
        while self.s.ssh(self.carol, "true").returncode != 0:
            failed = True
            assert time.monotonic() - began < 15 * sp.SLOW, "no login"
            time.sleep(0.05)
        self.logins += 1
        if failed:
            self.longest = max(self.longest, time.monotonic() - began)

    def transfer(self, dice):
        """A transfer may be killed, but never ends short without a word."""
        n = dice.randrange(1, 4_000_000)
        p = self.s.ssh(self.bob, f"head -c {n} /dev/zero", text=False)
        # The status may overtake the output, as with sshd: then ssh says it.
        assert (p.returncode, len(p.stdout)) == (0, n) or p.returncode == 255 or \
            b"closed by remote host" in p.stderr, p

    def kill(self, pids):
        pids = sorted(pids)
        if pids:
            try:
                os.kill(self.random.choice(pids), signal.SIGKILL)
            except ProcessLookupError:
                pass

    def of_bob(self, what):
        found = [x for x in sessions(self.s).values() if x["user"] == self.bob.name]
        return [x[what] for x in found if x[what] > 0]

    def of_bob_programs(self):
        return [int(line.split()[0]) for line in self.bob.processes()]

    def start(self):
        sp.wait_for(lambda: sp.has_ended(self.s.pid), 10, "the master's end")
        self.s.start()

    def stop_and_start(self):
        os.kill(self.s.pid, signal.SIGTERM)
        self.start()

    def kill_master(self):
        os.kill(self.s.pid, signal.SIGKILL)
        self.start()

    def break_something(self):
        deed = self.random.choice(
            ["reload"] * 3 + ["keyholder", "monitors", "workers"] * 2
            + ["worker", "monitor", "session"] + ["master", "restart"])
        if deed == "reload":
            os.kill(self.s.pid, signal.SIGHUP)
        elif deed in ("keyholder", "monitors", "workers"):
            self.kill(titled(deed))
        elif deed in ("worker", "monitor"):
            self.kill(self.of_bob(deed))
        elif deed == "session":
            self.kill(self.of_bob_programs())
        elif deed == "master":
            self.kill_master()
        else:
            self.stop_and_start()
        return deed


def test_chaos_loses_no_session_and_no_login(make_server, make_user):
    s = make_server(limits="startups = { begin = 500; rate = 30; full = 1000; };"
                    "source = { connections = 1000; };", log_level="verbose")
    chaos = Chaos(s, [make_user(), make_user(), make_user()])
    people = [login(s, chaos.ann) for _ in range(3)]
    threads = [chaos.thread(d) for d in (chaos.sit, chaos.sit, chaos.log_in, chaos.transfer)]
    done = []
    while chaos.going() and not chaos.failures:
        time.sleep(chaos.random.random())
        done.append(chaos.break_something())
        for p in people:
            says(p)
    chaos.until = 0
    for t in threads:
        t.join(60 * sp.SLOW)
    assert not chaos.failures, (chaos.failures, done, s.log()[-6000:])
    print(f"{chaos.logins} logins; the longest that needed another try: "
          f"{chaos.longest:.1f} s; done: {' '.join(done)}")
    assert chaos.logins > 0
    for p in people:
        says(p)
        finish(p)
    logs_in(s, chaos.carol)
    sp.wait_for(lambda: ctl_json(s, "status")["connections"] == 0, 70, "no connection")
    one_generation(s)
    s.stop()
    sp.wait_for(lambda: ours() == [], 20, "nothing left")
