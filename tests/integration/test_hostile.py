"""Requests that break every rule, over a real connection to the real daemon.
After each: others log in, nothing is left, the log says what it was."""

import base64
import re
import struct
import time

import pytest

import sp
from hostile import *
from rawssh import *


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


# ---- what a client does is never the worker's fault ----

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
