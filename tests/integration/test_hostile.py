"""Peers that break every rule, over a real connection to the real daemon.
After each: others log in, nothing is left, the log says what it was."""

import base64
import os
import re
import resource
import select
import signal
import socket
import struct
import threading
import time

import pytest

import sp
from babble import Babbler
from rawssh import *

RSS_MAX = 24 * 1024 * (6 if sp.ASAN else 1)  # KB, of one worker


@pytest.fixture
def calm(make_server, user):
    """A server; afterwards it must be as if nothing had been.  Admission is
    for other tests: on a busy machine those that have just ended add up."""
    server = make_server(limits="startups = { begin = 500; rate = 1; full = "
                         "600; }; source = { connections = 600; };")
    master = server.pid
    yield server
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20,
                what="the end of every monitor")
    assert not re.search(r"internal error|wall|sandbox|crash", server.log()), \
        server.log()[-4000:]
    assert server.pid == master
    server.ssh(user, "true", check=0)


def workers(server):
    template = server.processes("workers")
    return [p for p in server.processes("worker") if p not in template]


def biggest(server):
    sizes = [0]
    for pid in workers(server) + server.processes(r"monitor \S+"):
        try:
            sizes.append(int(sp.status(pid)["VmRSS"].split()[0]))
        except (OSError, KeyError):
            pass
    return max(sizes)


# ---- the identification line ----

@pytest.mark.parametrize("junk", [
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\r\n", b"\n\n\n\n", b"SSH-1.5-old\r\n",
    b"SSH-2.0\r\n", b"SSH-9.9-x\r\n", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
    b"SSH-2.0-" + b"a" * 300 + b"\r\n", b"a" * 100000, b"\0" * 1000 + b"\r\n",
    b"SSH-2.0-x\0y\r\n", b"SSH-2.0-\x1b[2J\r\n", b"ssh-2.0-x\r\n",
    b"hello\r\n" * 2000, b"SSH-2.0-\r", b"\xff" * 64 + b"\n"])
def test_junk_instead_of_a_version(calm, junk):
    with Raw(calm, version=None) as c:
        try:
            c.raw(junk)
            c.s.shutdown(socket.SHUT_WR)
            while True:
                c.more()
        except (Closed, OSError):
            pass
        assert len(c.buffer) < 4096
    assert "\x1b" not in calm.log()


def test_a_version_byte_by_byte(calm, user):
    with Raw(calm, version=None) as c:
        for b in b"SSH-2.0-slow\r\n":
            c.raw(bytes([b]))
            time.sleep(0.01)
        c.version, c.server_version = b"SSH-2.0-slow", c.line()
        c.login(user)


# ---- packets ----

def framed(length, padding, rest=b""):
    return struct.pack(">IB", length & 0xffffffff, padding) + rest


@pytest.mark.parametrize("data", [
    framed(0xffffffff, 4), framed(0x7fffffff, 4), framed(1 << 20, 4), framed(0, 0),
    framed(1, 0), framed(12, 255, b"x" * 11), framed(12, 0, b"\x02" * 11),
    framed(12, 3, b"\x02" * 11), framed(13, 4, b"\x02" * 12),
    framed(12, 11, b"\0" * 11), framed(4, 4, b"\0\0\0")], ids=range(11))
def test_a_malformed_packet_before_the_keys(calm, data):
    with Raw(calm) as c:
        c.raw(data + b"\0" * 64)
        end = c.end()
    assert end is None or end[0] in (2, 5)
    calm.wait_log(r"127\.0\.0\.1 port \d+")


def test_a_truncated_packet_is_an_end(calm):
    with Raw(calm) as c:
        c.raw(c.packet(c.kexinit())[:-5])
    with Raw(calm) as c:
        c.kex()
        c.raw(c.packet(b"\x05" + string("ssh-userauth"))[:-5])


@pytest.mark.parametrize("at", [0, 3, 4, 20, -1])
def test_a_flipped_bit_behind_the_keys(calm, at):
    with Raw(calm) as c:
        c.kex()
        data = bytearray(c.packet(b"\x05" + string("ssh-userauth")))
        data[at] ^= 1
        c.raw(bytes(data) + b"\0" * 300)
        end = c.end()
    assert end is None or end[0] in (2, 5)
    assert SERVICE_ACCEPT not in c.number_seen


def test_a_huge_length_behind_the_keys(calm):
    with Raw(calm) as c:
        c.kex()
        c.raw(b"\xff" * 64)
        c.end()
    assert biggest(calm) < RSS_MAX


# ---- every number in every phase ----

HANDLED = {
    "before kex": {1, 2, 3, 4, 20}, "in kex": {1, 2, 3, 4, 30},
    "before service": {1, 2, 3, 4, 5, 7, 20},
    "userauth": {1, 2, 3, 4, 5, 7, 20, 50},
    "open": {1, 2, 3, 4, 20, 50, 192, 193} | set(range(51, 54)) |
            set(range(60, 80)) | set(range(80, 101))}


def enter(c, phase, user):
    if phase == "in kex":
        c.start_kex(strict=False)
    elif phase == "before service":
        c.kex()
    elif phase == "userauth":
        c.kex()
        c.service()
    elif phase == "open":
        c.login(user)


def answer_to(c, number):
    """unimplemented, (reason, text), or None: closed."""
    seq = len(c.number_seen)
    try:
        c.send(number)
        while True:
            p = c.receive()
            if p[0] == UNIMPLEMENTED:
                return "unimplemented"
            if p[0] == DISCONNECT:
                return struct.unpack_from(">I", p, 1)[0]
            assert p[0] in (KEXINIT, EXT_INFO, BANNER, GLOBAL_REQUEST), (seq, p)
    except Closed:
        return None


@pytest.mark.parametrize("phase", HANDLED)
def test_every_number_in_every_phase(calm, user, phase):
    c = None
    for number in range(256):
        if number in HANDLED[phase]:
            continue
        if c is None:
            c = Raw(calm)
            enter(c, phase, user)
        got = answer_to(c, number)
        assert got in ("unimplemented", 2, 3), (phase, number, got)
        if phase in ("before kex", "in kex"):
            assert got != "unimplemented", (phase, number)
        if number >= 200 and phase not in ("before kex", "in kex"):
            assert got == "unimplemented", (phase, number)
        if got != "unimplemented":
            c.s.close()
            c = None
    if c is not None:
        c.s.close()


# ---- key exchange ----

def test_ignore_in_a_strict_exchange_ends_it(calm):
    with Raw(calm) as c:
        c.start_kex()
        c.send(IGNORE, string("x"))
        assert c.end()[0] == 2


def test_ignore_before_a_strict_kexinit_ends_it(calm):
    with Raw(calm) as c:
        c.send(IGNORE, string("x"))
        c.send(c.kexinit())
        assert c.end()[0] == 2


def test_kexinit_twice(calm):
    with Raw(calm) as c:
        c.start_kex()
        c.send(c.kexinit())
        assert c.end()[0] in (2, 3)


@pytest.mark.parametrize("kex,share", [
    ("curve25519-sha256", b"\0" * 32), ("curve25519-sha256", b"\1" + b"\0" * 31),
    ("curve25519-sha256", b"\x42" * 31), ("curve25519-sha256", b"\x42" * 33),
    ("curve25519-sha256", b""),
    ("ecdh-sha2-nistp256", b"\x04" + b"\1" * 64), ("ecdh-sha2-nistp256", b"\0"),
    ("ecdh-sha2-nistp256", b"\x04" + b"\0" * 64), ("ecdh-sha2-nistp256", b"\x02" * 33),
    ("mlkem768x25519-sha256", b"\0" * 1216), ("mlkem768x25519-sha256", b"\xff" * 1216),
    ("sntrup761x25519-sha512", b"\0" * 1190), ("sntrup761x25519-sha512", b"\0" * 1189),
    ("mlkem1024nistp384-sha384", b"\xff" * 1568 + b"\x04" + b"\1" * 96),
    ("mlkem1024nistp384-sha384", b"\0" * 1568 + b"\x04" + b"\1" * 96),
    ("mlkem1024nistp384-sha384", b"\0" * 1664)],
    ids=range(16))
def test_a_bad_share(calm, kex, share):
    with Raw(calm) as c:
        c.start_kex(kex=kex)
        c.send(KEX_INIT, string(share))
        end = c.end()
        assert KEX_REPLY not in c.number_seen
    assert end is not None and end[0] in (2, 3)


@pytest.mark.parametrize("value", ["0", "1", "p-1", "p", "p+1"])
def test_a_bad_group_element(make_server, user, value):
    server = make_server(
        extra='crypto = { kex = [ "diffie-hellman-group14-sha256" ]; };')
    from cryptography.hazmat.primitives.asymmetric import dh
    p = int(GROUP14, 16)
    with Raw(server) as c:
        c.start_kex(kex="diffie-hellman-group14-sha256")
        c.send(KEX_INIT, mpint({"0": 0, "1": 1, "p-1": p - 1, "p": p, "p+1": p + 1}[value]))
        end = c.end()
        assert KEX_REPLY not in c.number_seen
    assert end is not None and end[0] in (2, 3)
    server.ssh(user, "true", check=0)


GROUP14 = ("FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74"
           "020BBEA63B139B22514A08798E3404DDEF9519B3CD3A431B302B0A6DF25F1437"
           "4FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED"
           "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF05"
           "98DA48361C55D39A69163FA8FD24CF5F83655D23DCA3AD961C62F356208552BB"
           "9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B"
           "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF695581718"
           "3995497CEA956AE515D2261898FA051015728E5A8AACAA68FFFFFFFFFFFFFFFF")


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


# ---- authentication ----

@pytest.mark.parametrize("name", [b"x" * 60000, b"a\nsshd: Accepted", b"\x1b[2Jroot",
                                  b"root\0x", b"\xff\xfe", b"", b"%s%n", b"-oProxy",
                                  b"../../etc/passwd", b"$(id)"], ids=range(10))
def test_a_user_name_cannot_break_the_log(calm, name):
    mark = calm.mark()
    with Raw(calm) as c:
        c.kex()
        c.service()
        try:
            c.request(name, "password", 0, string("secret word"))
            c.receive()
        except Closed:
            pass
    time.sleep(0.2)
    log = calm.log()[mark:]
    assert "\x1b" not in log and "\0" not in log
    assert max(map(len, log.splitlines())) < 4096
    assert not re.search(r"^sshd: Accepted", log, re.M)
    assert "secret word" not in calm.log()


def test_a_method_cannot_imitate_a_sentence(calm, user):
    """Whatever a client asks for, its own address stands where a log watcher
    looks for one."""
    mark = calm.mark()
    with Raw(calm) as c:
        c.kex()
        c.service()
        c.request(user.name, "password for root from 203.0.113.9 port 22 ssh2")
        c.expect(USERAUTH_FAILURE)
    calm.wait_log(r"Failed password\\x20for\\x20root\S* for ", after=mark)
    assert "password for root" not in calm.log()[mark:]


def test_a_wrong_service(calm, user):
    with Raw(calm) as c:
        c.kex()
        c.send(SERVICE_REQUEST, string("ssh-connection"))
        assert c.end()[0] in (2, 7)
    with Raw(calm) as c:
        c.kex()
        c.send(SERVICE_REQUEST, string(b"\xff\xfe\x1b[2J"))
        assert c.end() == (7, "bad service request ???[2J")
    with Raw(calm) as c:
        c.kex()
        c.service()
        c.request(user.name, "none", service="ssh-other")
        assert c.end()[0] == 7


def test_a_user_that_changes(calm, user):
    with Raw(calm) as c:
        c.kex()
        c.service()
        c.request("nobody", "none")
        c.expect(USERAUTH_FAILURE)
        c.request(user.name, "password", 0, string(user.password))
        assert c.end()[0] == 2
        assert USERAUTH_SUCCESS not in c.number_seen


def test_authentication_after_success_is_passed_over(calm, user):
    with Raw(calm) as c:
        c.login(user)
        for _ in range(50):
            c.request("root", "password", 0, string("x"))
        c.send(PING, string("still here"))
        assert c.expect(PONG) == bytes([PONG]) + string("still here")
        assert c.number_seen.count(USERAUTH_SUCCESS) == 1
        assert USERAUTH_FAILURE not in c.number_seen


def test_a_service_request_within_a_login_packet_storm(calm, user):
    """Requests sent at once, not waiting for answers: in order, or ended."""
    with Raw(calm) as c:
        c.kex()
        c.service()
        data = b""
        for password in ["no", "no", user.password]:
            data += c.packet(bytes([USERAUTH_REQUEST]) + string(user.name) +
                             string("ssh-connection") + string("password") +
                             b"\0" + string(password))
        c.raw(data)
        c.expect(USERAUTH_SUCCESS)


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


# ---- what a client does is never the worker's fault ----

KBDINT = string("") + string("")


def auth(c, calm):
    c.kex()
    c.service()
    return c


def test_none_abandons_a_dialogue(calm, user):
    """RFC 4256 section 3.1: any request may follow a question."""
    with auth(Raw(calm), calm) as c:
        c.request(user.name, "keyboard-interactive", KBDINT)
        c.expect(INFO_REQUEST)
        c.request(user.name, "none")
        c.expect(USERAUTH_FAILURE)
        c.request(user.name, "password", 0, string(user.password))
        c.expect(USERAUTH_SUCCESS)


def test_abandoned_dialogues_are_failures(calm, user):
    """Else questions could be had without end, and what they give away."""
    with auth(Raw(calm), calm) as c:
        asked, end = 0, None
        while end is None and asked < 70:
            try:
                c.request(user.name, "keyboard-interactive", KBDINT)
                c.expect(INFO_REQUEST)
                asked += 1
            except AssertionError as e:
                end = str(e)
    assert end is not None and "Too many authentication failures" in end
    assert asked <= 6


def public_blob(user):
    return base64.b64decode(open(user.key + ".pub").read().split()[1])


def test_as_many_tries_as_may_be_configured(make_server, user):
    server = make_server(limits="max_auth_tries = 100;",
                         extra="deadlines = { failure_delay = 0; };")
    with auth(Raw(server), server) as c:
        for _ in range(100):
            c.request(user.name, "none")
            c.expect(USERAUTH_FAILURE)
        c.request(user.name, "none")
        assert "Too many authentication failures" in c.end()[1]
    assert "rules of the wall" not in server.log()


def test_queries_that_are_answered_yes_have_an_end(calm, user):
    with auth(Raw(calm), calm) as c:
        yes, end = 0, None
        while end is None and yes < 200:
            c.request(user.name, "publickey", 0, string("ssh-ed25519"),
                      string(public_blob(user)))
            try:
                yes += c.expect(PK_OK, USERAUTH_FAILURE)[0] == PK_OK
            except AssertionError as e:
                end = str(e)
    assert end is not None and "Too many authentication failures" in end
    assert yes < 64


def test_host_keys_are_proved_so_many_times(calm, user):
    key = string(base64.b64decode(
        open(calm.host_keys[0] + ".pub").read().split()[1]))
    with Raw(calm) as c:
        c.login(user)
        got = []
        for _ in range(12):
            c.send(GLOBAL_REQUEST, string("hostkeys-prove-00@openssh.com"), 1,
                   key)
            got.append(c.expect(81, 82)[0])
        c.send(PING, string("still here"))
        c.expect(PONG)
    assert got[0] == 81 and set(got[1:]) == {82}


def test_requests_that_cross_our_disconnect(make_server, user):
    """The server ends the connection while the client's next request is on
    its way: that is nobody's fault."""
    server = make_server()
    with Raw(server) as c:
        c.login(user)
        ids = [open_session(c) for _ in range(3)]
        sp.run(["sallyportctl", "-f", server.config, "kill", f"user:{user.name}"], check=0)
        c.raw(b"".join(c.packet(exec_request(i, "true")) for i in ids) +
              c.packet(c.kexinit()))
        c.end()
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 20, "its end")
    assert "rules of the wall" not in server.log(), server.log()[-3000:]


def open_session(c):
    c.send(CHANNEL_OPEN, string("session"), struct.pack(">III", 7, 1 << 20,
                                                        1 << 15))
    return struct.unpack_from(">I", c.expect(CHANNEL_CONFIRM), 5)[0]


def channel_request(channel, name, *data, want=True):
    return (bytes([98]) + struct.pack(">I", channel) + string(name) +
            bytes([want]) + b"".join(data))


def exec_request(channel, command):
    return channel_request(channel, "exec", string(command))


def output_of(c):
    """What the program printed, until the channel is closed."""
    out = b""
    while True:
        p = c.expect(CHANNEL_DATA, 97, 100)
        if p[0] != CHANNEL_DATA:
            return out
        out += p[9:]


def test_an_environment_too_large_stays_sound(calm, user):
    """What does not fit is refused; what comes after it is read aright."""
    with Raw(calm) as c:
        c.login(user)
        ch = open_session(c)

        def env(name, value):
            c.send(channel_request(ch, "env", string(name), string(value)))
            return c.expect(99, 100)[0] == 99
        for i in range(4):
            assert env(f"LC_{i}", "x" * 30000)
        assert env("LC_A", "a" * 2000) and env("LC_B", "b" * 2000)
        assert not all(env(f"LC_C{i}", "c" * 30000) for i in range(3))
        assert env("LC_D", "d" * 40) and env("LC_E", "e" * 50)
        c.send(exec_request(ch, "env | grep -a '^.\\?C_' | cut -c1-20"))
        got = sorted(output_of(c).decode().split())
    got = [x for x in got if not x.startswith("LC_C")]
    assert got == [f"LC_{i}=" + "x" * 15 for i in range(4)] + [
        f"LC_{c.upper()}=" + c * 15 for c in "abde"], got


def test_a_key_s_environment_loads_no_library(make_server, user):
    """The user's own file must not lead out of a command forced on him."""
    server = make_server(rules="""rules = ( { name = "all"; methods =
        [ "publickey" ]; accept_env = [ "*" ]; command = "env"; } );""")
    user.make_key(options='environment="LD_PRELOAD=/nowhere.so",'
                  'environment="PATH=/tmp",environment="SSH_ORIGINAL_COMMAND=x",'
                  'environment="GOOD=yes"')
    out = server.ssh(user, check=0).stdout
    assert "GOOD=yes" in out
    assert "/nowhere.so" not in out and "PATH=/tmp\n" not in out
    assert "SSH_ORIGINAL_COMMAND" not in out


def test_a_forced_command_has_its_original_or_is_not_run(make_server, user):
    """However much else the client sends: a forced command that finds no
    SSH_ORIGINAL_COMMAND believes that a shell was asked for."""
    server = make_server(grants='command = "echo ran ${#SSH_ORIGINAL_COMMAND}";')
    for size, count, length in ((30000, 2, 32000), (100000, 2, 30000),
                                (120000, 2, 31000), (131072, 2, 31000),
                                (10, 3000, 2)):
        with Raw(server) as c:
            c.login(user)
            ch = open_session(c)
            for n in range(count):
                c.send(channel_request(ch, "env", string(f"LC_{n}"),
                                       string("x" * length), want=n == count - 1))
            c.expect(99, 100)
            c.raw(c.packet(exec_request(ch, "y" * size)))
            try:
                out = output_of(c).decode()
            except (AssertionError, Closed):
                out = ""
        assert out in ("", f"ran {size}\n"), (size, out)
        assert out or size > 110000
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


def prlimit(pid, **limits):
    sp.run(["prlimit", "--pid", str(pid)] +
           [f"--{k}={v}" for k, v in limits.items()], check=0)


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


def test_the_end_of_a_program_whose_channel_went_first(calm, user):
    """It ignores the hang-up; its end is in the log all the same."""
    with Raw(calm) as c:
        c.login(user)
        channel = open_session(c)
        c.send(exec_request(channel, "trap '' HUP; echo on; sleep 2; exit 7"))
        c.expect(CHANNEL_DATA)  # it ignores the signal from here on
        c.send(struct.pack(">BI", 97, channel))
        calm.wait_log(f"Close session: user {user.name} .* id %d .*"
                      "status=7" % channel)


@pytest.mark.parametrize("flags", [(), ("-tt",)], ids=["pipes", "terminal"])
def test_a_program_that_cannot_be_forked_is_an_end(make_server, user, flags):
    """The user's own limit: the client hears of it, and does not wait."""
    with open("/etc/pam.d/sallyport") as f:
        sp.write_pam("sallyport-few", f.read() +
                     "\nsession required pam_limits.so\n")
    with open("/etc/security/limits.d/spt-few.conf", "w") as f:
        f.write(f"{user.name} - nproc 1\n")
    server = make_server(pam_service="sallyport-few")
    p = server.ssh(user, "true", flags=flags, password=True, timeout=10)
    assert p.returncode == 126, (p.returncode, p.stderr)
    assert "cannot start a process" in p.stderr + p.stdout
    server.wait_log("channel 0: the program could not be started")
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), 10, "its end")
