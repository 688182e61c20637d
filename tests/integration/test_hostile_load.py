"""Floods, crowds and resources that run out: memory and time stay bounded, one
peer costs the others nothing."""

import os
import re
import resource
import select
import signal
import socket
import struct
import time

import pytest

import sp
from babble import Babbler
from hostile import *
from rawssh import *

# ---- floods ----

def flood(server, c, packets, seconds=1.5):
    """Send without reading until the server stops it, or time is up.
    The largest process seen meanwhile."""
    sizes, stop = [0], time.monotonic() + seconds * sp.SLOW
    c.s.settimeout(0.3)
    try:
        while time.monotonic() < stop:
            for _ in range(200):
                for p in packets:
                    c.send(p)
            sizes.append(biggest(server))
    except (Closed, OSError):
        sizes.append(biggest(server))
    return max(sizes)


NOISE = {
    "ignore": bytes([IGNORE]) + string(b"x" * 1000),
    "debug": bytes([DEBUG, 1]) + string(b"x" * 1000) + string(""),
    "ping": bytes([PING]) + string(b"x" * 1000),
    "global": bytes([GLOBAL_REQUEST]) + string("no-such@x") + b"\1",
    "open": bytes([CHANNEL_OPEN]) + string("session") + struct.pack(">III", 1, 100, 100),
    "odd": bytes([222]) + b"x" * 100,
}


@pytest.mark.parametrize("kind", NOISE)
@pytest.mark.parametrize("when", ["before kex", "in kex", "userauth", "open",
                                  "unfinished rekey"])
def test_floods_cannot_fill_memory(calm, user, kind, when):
    with Raw(calm) as c:
        if when == "unfinished rekey":
            c.login(user)
            c.send(c.kexinit())
        else:
            enter(c, when, user)
        assert flood(calm, c, [NOISE[kind]], 0.7) < RSS_MAX


def test_a_kexinit_flood(calm, user):
    """Half exchanges, one after another, and never a share."""
    with Raw(calm) as c:
        c.login(user)
        assert flood(calm, c, [c.kexinit()], 1) < RSS_MAX


def cpu_of_the_dead(server):
    """Seconds that workers have used, of those that are gone: what the
    machine does besides does not count."""
    pid, = server.processes("workers")
    stat = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
    return (int(stat[13]) + int(stat[14])) / os.sysconf("SC_CLK_TCK")


def test_a_zlib_bomb(calm, user):
    with Raw(calm) as c:
        c.login(user, compression="zlib@openssh.com")
        before = cpu_of_the_dead(calm)
        # 30 MB of zeros in one packet of 30 KB
        c.send(IGNORE, string(b"\0" * (30 << 20)))
        end = c.end()
        assert biggest(calm) < RSS_MAX
    assert end is None or end[0] in (2, 6)
    sp.wait_for(lambda: not workers(calm), 20, "the worker's end")
    assert cpu_of_the_dead(calm) - before < 2 * sp.SLOW


# ---- many ----

def test_a_connection_flood_is_thinned(make_server, user):
    server = make_server(limits="startups = { begin = 5; rate = 100; full = 5; }; "
                         "login_grace = 5;")
    open_ones = [socket.create_connection(("127.0.0.1", server.port), 10)
                 for _ in range(60)]
    served = 0
    for s in open_ones:
        s.settimeout(5 * sp.SLOW)
        try:
            served += s.recv(10).startswith(b"SSH-2.0")
        except OSError:
            pass
    assert 1 <= served <= 6
    assert len(server.processes(r"monitor \S+")) <= 6
    for s in open_ones:
        s.close()
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20, "their end")
    server.ssh(user, "true", check=0)


def test_one_source_has_so_many_connections(make_server, user):
    server = make_server(limits="source = { connections = 2; };")
    held = []
    for _ in range(2):
        c = Raw(server)
        c.kex()
        held.append(c)
    for _ in range(5):
        try:
            with Raw(server) as c:
                assert not c.server_version.startswith(b"SSH-"), \
                    c.server_version
        except (Closed, OSError):
            pass
    for c in held:
        c.s.close()
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20, "their end")
    # The master hears of their end a moment after it.
    sp.wait_for(lambda: server.ssh(user, "true").returncode == 0, 20, "a login")


@pytest.mark.parametrize("phase", ["nothing", "version", "in kex", "userauth"])
def test_who_waits_is_ended_by_a_deadline(make_server, user, phase):
    server = make_server(limits="login_grace = 5;")
    with Raw(server, version=None if phase == "nothing" else b"SSH-2.0-x\r\n") as c:
        if phase not in ("nothing", "version"):
            enter(c, phase, user)
        start = time.monotonic()
        if phase == "nothing":
            try:
                while True:
                    c.more()
            except Closed:
                pass
        else:
            c.end()
        assert time.monotonic() - start < 11 * sp.SLOW
    server.wait_log(r"(?i)timeout|timed out|within")
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20, "its end")
    server.ssh(user, "true", check=0)


# ---- resources ----

def test_who_is_being_sent_away_still_counts(make_server, user):
    """max_startups counts those whose end is on its way, too."""
    server = make_server(
        limits="startups = { begin = 4; rate = 100; full = 4; };")
    held = []
    for _ in range(4):
        c = auth(Raw(server), server)
        c.request("nobody", "none")
        c.expect(USERAUTH_FAILURE)
        c.request("somebody", "none")
        assert c.receive()[0] == DISCONNECT
        held.append(c)
    c = socket.create_connection(("127.0.0.1", server.port), 10)
    c.settimeout(10)
    first = c.recv(20)
    c.close()
    for c in held:
        c.s.close()
    assert first.startswith(b"Not allowed"), first
    server.wait_log("axstartups")


def test_a_fork_that_fails_costs_one_connection(make_server, user):
    """No worker could be forked: the connection ends, and is forgotten."""
    sp.run(["useradd", "-r", "-s", "/usr/sbin/nologin", "spt_worker"])
    limit = resource.getrlimit(resource.RLIMIT_NPROC)
    # Of that account there may be a template and two workers.
    resource.setrlimit(resource.RLIMIT_NPROC, (3, limit[1]))
    try:
        server = make_server(
            limits="startups = { begin = 4; rate = 100; full = 4; };",
            extra='privsep = { worker_user = "spt_worker"; };')
    finally:
        resource.setrlimit(resource.RLIMIT_NPROC, limit)
    held = [Raw(server) for _ in range(2)]
    for _ in range(6):
        with Raw(server) as c:
            assert c.end() is None
        sp.wait_for(lambda: len(server.processes(r"monitor \S+")) == 2, 20,
                    "its end")
    server.wait_log("fork:.Resource")
    for c in held:
        c.s.close()
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20, "their end")
    assert "axstartups" not in server.log()
    for _ in range(3):
        server.ssh(user, "true", check=0)


def test_descriptors_that_run_out_come_back(make_server, user):
    """accept() fails when nobody is connected whose end could be waited for."""
    server = make_server()

    def used():
        return set(map(int, os.listdir(f"/proc/{server.pid}/fd")))
    before = used()
    server.ssh(user, "true", check=0)
    # The master learns of an end after it: until then two are about to go.
    sp.wait_for(lambda: used() <= before, 20, "its end")
    # A descriptor that is open for a moment only is not one that stays.
    samples = []
    for _ in range(20):
        samples.append(used())
        time.sleep(0.02)
    prlimit(server.pid, nofile=f"{min(set(range(1000)) - set.intersection(*samples))}:")
    with server.connect() as s:
        s.settimeout(1)
        with pytest.raises(TimeoutError):
            s.recv(1)
        prlimit(server.pid, nofile="1024:")
        s.settimeout(10)
        assert s.recv(4) == b"SSH-"
    server.ssh(user, "true", check=0)


def test_a_worker_s_own_words_do_not_kill_it(calm, user):
    """A warning said in the sandbox, where no file can be opened for it."""
    with Raw(calm) as c:
        c.login(user)
        ch = open_session(c)
        try:
            for _ in range(200):
                c.send(CHANNEL_DATA, struct.pack(">I", ch), string(b"x" * 30000))
        except OSError:
            pass  # it has ended the connection already
    calm.wait_log("30000_bytes_sent_into_a_window_of")


# ---- talk that is nearly right ----

SECONDS = float(os.environ.get("SP_BABBLE_SECONDS", "3"))
# A talk ends like this and not otherwise (RFC 4250 section 4.2.2).
REASONS = {2, 3, 6, 7, 11, 14, 15}


def babble(server, user, seed, authenticated):
    b = Babbler(seed, user.name, public_blob(user))
    with Raw(server) as c:
        if authenticated:
            c.login(user, compression=b.r.choice(
                ["none"] * 4 + ["zlib@openssh.com"]))
            b.channels += [open_session(c) for _ in range(b.r.randrange(3))]
        elif b.r.random() < .9:
            auth(c, server)
        else:
            c.kex()
        try:
            for payload in b.talk(b.r.randrange(1, 60), authenticated):
                c.send(payload)
                while select.select([c.s], [], [], 0)[0]:
                    p = c.receive()
                    if p[0] == DISCONNECT:
                        return struct.unpack_from(">I", p, 1)[0]
                    if p[0] == CHANNEL_CONFIRM:
                        b.channels.append(struct.unpack_from(">I", p, 5)[0])
            if b.r.random() < .5:
                c.s.shutdown(socket.SHUT_WR)
                end = c.end()
                return end and end[0]
        except (Closed, OSError):
            pass
    return None


@pytest.mark.parametrize("authenticated", [False, True], ids=["stranger", "user"])
def test_talk_that_is_nearly_right(make_server, user, authenticated):
    """Mutated messages against the live daemon: nothing crashes or hangs, no
    worker is blamed, the next login works, nobody is left."""
    server = make_server(grants="x11 = true;",
                         limits="max_auth_tries = 100; startups = { begin = "
                         "1000; rate = 1; full = 2000; };")
    first = int(os.environ.get("SP_BABBLE_SEED", time.time_ns() % 10**9))
    end = time.monotonic() + SECONDS * sp.SLOW
    seed = first
    print("SP_BABBLE_SEED", first)
    while time.monotonic() < end:
        reason = babble(server, user, seed, authenticated)
        assert reason is None or reason in REASONS, (seed, reason)
        seed += 1
        bad = re.search(r"AddressSanitizer|runtime error:|internal error|"
                        r"rules of the wall|sandbox|crash", server.log())
        assert not bad, (seed - 1, server.log()[-5000:])
    print(seed - first, "talks")
    server.ssh(user, "true", check=0)
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20, "their end")
    assert not user.processes()


def test_more_connections_than_descriptors(make_server, user):
    """The master and others have a descriptor or two a connection: whom they
    cannot serve they refuse, and nobody else hears of it."""
    wrapper = f"{sp.SCRATCH}/few-descriptors"
    with open(wrapper, "w") as f:
        f.write(f"#!/bin/sh\nulimit -n 100\nexec {sp.DAEMON} \"$@\"\n")
    os.chmod(wrapper, 0o755)
    before, sp.DAEMON = sp.DAEMON, wrapper
    try:
        server = make_server(
            limits="startups = { begin = 500; rate = 1; full = 600; }; "
            "source = { connections = 600; };")
    finally:
        sp.DAEMON = before
    with server.popen(user, "cat") as early:
        early.stdin.write(b"before\n")
        early.stdin.flush()
        assert early.stdout.readline() == b"before\n"
        held = [server.connect() for _ in range(60)]
        for s in held:
            s.settimeout(20 * sp.SLOW)
        first = [s.recv(3) for s in held]
        assert 10 < first.count(b"SSH") < 20 and set(first) == {b"SSH", b"Not"}
        early.stdin.write(b"meanwhile\n")
        early.stdin.flush()
        assert early.stdout.readline() == b"meanwhile\n"
        for s in held:
            s.close()
        sp.wait_for(lambda: len(server.processes(r"monitor \S+")) == 1,
                    what="their end")
        server.ssh(user, "true", check=0)
        early.communicate(b"after\n")
    assert not re.search(r"rules of the wall|generation \d+ ended", server.log())


def test_programs_keep_the_limit_they_had(make_server, user):
    """The server raises its own limit of descriptors, and not its users'."""
    wrapper = f"{sp.SCRATCH}/usual-descriptors"
    with open(wrapper, "w") as f:
        f.write(f"#!/bin/sh\nulimit -S -n 1000\nexec {sp.DAEMON} \"$@\"\n")
    os.chmod(wrapper, 0o755)
    before, sp.DAEMON = sp.DAEMON, wrapper
    try:
        # (pam_limits would set it anew)
        server = make_server(methods=("publickey",),
                             modules='{ name = "publickey"; options = { }; }')
    finally:
        sp.DAEMON = before

    def limit(pid):
        return open(f"/proc/{pid}/limits").read().split("Max open files")[1].split()[0]
    assert int(limit(server.pid)) > 1000
    assert int(limit(server.processes("keyholder")[0])) > 1000
    got = server.ssh(user, "ulimit -S -n", check=0).stdout.strip()
    os.kill(server.pid, signal.SIGHUP)  # through exec, and again
    server.wait_log("generation 2")
    again = server.ssh(user, "ulimit -S -n", check=0).stdout.strip()
    assert got == again == "1000"
