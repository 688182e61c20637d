"""A compromised worker against a real monitor: every message in every state,
spoilt in every way.  The monitor ends the connection, says so in the audit,
never crashes and never grants."""

import os
import re
import struct
import time

import pytest

import evil_worker
import sp

VIOLATION = r"broke the rules of the wall"


@pytest.fixture(scope="module", autouse=True)
def evil_daemon():
    evil_worker.build()
    before, sp.DAEMON = sp.DAEMON, evil_worker.DAEMON
    yield
    sp.DAEMON = before


@pytest.fixture(scope="module")
def messages(evil_daemon):
    return evil_worker.table()


UP = ["log", "version", "kex", "negotiation_failed", "newkeys", "auth_none",
      "auth_password", "auth_publickey", "auth_hostbased", "auth_kbdint",
      "auth_other", "auth_answers", "auth_packet", "session_open", "pty", "env",
      "x11", "agent", "start", "window", "signal", "tcp_connect",
      "unix_connect", "tcp_listen", "unix_listen", "unlisten", "tun",
      "channel_offered", "channel_closed", "hostkeys_prove", "report", "bye"]
REACHABLE = ["KEX", "AUTH", "ASKING", "CHANGING", "OPEN", "CLOSING"]


@pytest.fixture
def expired(make_user):
    u = make_user(key=False)
    sp.run(["chage", "-d", "0", u.name], check=0)
    return u


def unharmed(server, user, master):
    """The monitors did not crash, and others log in."""
    assert not re.search(r"internal error|ended by signal|crash", server.log()), \
        server.log()[-4000:]
    assert server.pid == master
    server.ssh(user, "true", check=0)


def violated(server, mark):
    return server.wait_log(VIOLATION, after=mark)


def test_the_list_of_this_test_is_the_table_s(messages):
    assert UP == [m.name for m in messages.values() if m.up]


@pytest.mark.parametrize("state", REACHABLE)
def test_what_is_illegal_in_a_state_ends_the_connection(
        server, user, expired, messages, state):
    master = server.pid
    tried = 0
    for m in messages.values():
        if m.up and (state in m.states or
                     state == "CLOSING" and "AUTH" in m.states):
            continue  # (it may have crossed the order to leave)
        with evil_worker.Evil(server, messages) as e:
            e.to(state, user, expired)
            mark = server.mark()
            before = len(e.got)
            e.send(m.name)
            e.wait_end()
            # What breaks a budget too is refused before it has a name.
            named = m.up and m.name != "version"
            server.wait_log(VIOLATION + (rf".*message {m.name} in state {state}"
                                         if named else ""), after=mark)
            assert len(e.got) == before, (m.name, e.got[before:])
        tried += 1
    assert tried > 30
    unharmed(server, user, master)


def test_what_crosses_the_order_to_leave_is_passed_over(
        server, user, messages):
    mark = server.mark()
    for name in [m.name for m in messages.values()
                 if m.up and "AUTH" in m.states and "CLOSING" not in m.states]:
        with evil_worker.Evil(server, messages) as e:
            e.to("CLOSING", user)
            before = len(e.got)
            e.send(name)
            assert e.alive(0.05) and len(e.got) == before, name
            assert not e.granted()
    assert not re.search(VIOLATION, server.log()[mark:])


@pytest.mark.parametrize("state", REACHABLE)
@pytest.mark.parametrize("size", ["smallest", "largest"])
def test_what_is_legal_but_absurd_harms_nobody(
        server, user, expired, messages, state, size):
    master = server.pid
    for m in messages.values():
        if not m.up or state not in m.states:
            continue
        values = {f.name: getattr(f, size)() for f in m.fields}
        with evil_worker.Evil(server, messages) as e:
            e.to(state, user, expired)
            opened = e.granted()
            for _ in range(3):
                e.send(m.name, **values)
            e.alive(0.02)
            assert opened or not e.granted()
    if state != "OPEN":
        assert "Accepted" not in server.log()
    unharmed(server, user, master)


@pytest.mark.parametrize("state", ["KEX", "AUTH", "OPEN"])
def test_each_field_over_its_limit(server, user, messages, state):
    master = server.pid
    for m in messages.values():
        if not m.up or state not in m.states:
            continue
        for f in m.fields:
            if f.over() is None:
                continue
            with evil_worker.Evil(server, messages) as e:
                e.to(state, user)
                mark = server.mark()
                e.send(m.name, **{f.name: f.over()})
                e.wait_end()
                violated(server, mark)
    unharmed(server, user, master)


@pytest.mark.parametrize("state", ["KEX", "AUTH", "ASKING", "OPEN"])
def test_cut_and_lengthened_messages(server, user, messages, state):
    master = server.pid
    for m in messages.values():
        if not m.up or state not in m.states:
            continue
        good = m.encode(**{f.name: b"x" * min(f.limit, 9) if f.kind in "ts" else
                           min(f.limit, 1) for f in m.fields})
        cuts = [good[:len(good) // 2], good[:1]] if state != "OPEN" else []
        for data in [good[:-1], good + b"\0"] + cuts:
            with evil_worker.Evil(server, messages) as e:
                e.to(state, user)
                mark = server.mark()
                e.raw(data)
                e.wait_end()
                violated(server, mark)
    unharmed(server, user, master)


@pytest.mark.parametrize("state", ["KEX", "AUTH", "OPEN"])
def test_descriptors_nobody_asked_for(server, user, messages, state):
    master = server.pid
    for name in ("log", "auth_none", "session_open", "report"):
        if state not in messages[name].states:
            continue
        for fds in (1, 4, 5, 6, 16):
            with evil_worker.Evil(server, messages) as e:
                e.to(state, user)
                mark = server.mark()
                e.send(name, fds=fds)
                e.wait_end()
                violated(server, mark)
    unharmed(server, user, master)


def test_the_empty_message_is_the_end(server, user, messages):
    master = server.pid
    for state in ("KEX", "AUTH", "OPEN"):
        with evil_worker.Evil(server, messages) as e:
            e.to(state, user)
            e.raw(b"")
            e.wait_end()
    unharmed(server, user, master)


def test_too_large_a_message(server, user, messages):
    master = server.pid
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.raw(struct.pack(">H", messages["log"].number) + b"\0" * 200000)
        e.wait_end()
    violated(server, mark)
    unharmed(server, user, master)


@pytest.mark.parametrize("state", ["KEX", "AUTH", "OPEN"])
def test_random_bytes(server, user, messages, state):
    master = server.pid
    for seed in range(40):
        with evil_worker.Evil(server, messages) as e:
            e.to(state, user)
            opened = e.granted()
            mark = server.mark()
            data = evil_worker.noise(seed, 2 + seed * 37)
            if seed % 2:  # a known type, and rubbish behind it
                up = [m for m in messages.values() if m.up]
                data = struct.pack(">H", up[seed % len(up)].number) + data
            e.raw(data)
            e.wait_end()
            violated(server, mark)
            assert opened or not e.granted()
    unharmed(server, user, master)


# ---- key exchange ----

def spoil(messages, data, **changes):
    kex = messages["kex"]
    values = kex.decode(data)
    for name, value in changes.items():
        values[name] = value(values[name]) if callable(value) else value
    return kex.encode(**values)


def flip(at):
    return lambda b: b[:at] + bytes([b[at] ^ 1]) + b[at + 1:]


KEX_LIES = {
    "our list shortened": dict(kexinit_server=lambda b: b[:17] + b[18:]),
    "our list changed": dict(kexinit_server=flip(30)),
    "our list empty": dict(kexinit_server=b""),
    "our list is the client's": dict(swap=True),
    "not a kexinit": dict(kexinit_client=lambda b: b"\x15" + b[1:]),
    "no common method": dict(kexinit_client=lambda b: b.replace(
        b"curve25519-sha256", b"curve25519-sha257")),
    "a host key we have not": dict(kexinit_client=lambda b: b.replace(
        b"ssh-ed25519", b"ssh-ed25518")),
    "no share": dict(client_share=b""),
    "a short share": dict(client_share=lambda b: b[:-1]),
    "no share of ours": dict(server_share=b""),
    "a huge share": dict(server_share=b"x" * 2112),
    "no secret": dict(shared_secret=b""),
    "a secret that is no mpint": dict(shared_secret=b"\0\0\0\x21" + b"\xff" * 32),
    "groups in another method": dict(gex_min=1024, gex_p=b"\1", gex_g=b"\2"),
    "a token in another method": dict(token=b"\x60"),
    "foreign data instead of a secret": dict(shared_secret=b"x" * 2112),
}


@pytest.mark.parametrize("lie", KEX_LIES)
def test_a_spoilt_exchange_is_not_signed(server, user, messages, lie):
    master, mark = server.pid, server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.send("version", client=b"SSH-2.0-evil", server=b"SSH-2.0-good")
        good = e.kex_bytes()
        changes = dict(KEX_LIES[lie])
        if changes.pop("swap", False):
            changes["kexinit_server"] = \
                messages["kex"].decode(good)["kexinit_client"]
        e.raw(spoil(messages, good, **changes))
        e.wait_end()
        assert "kex_done" not in [n for n, _ in e.got]
    violated(server, mark)
    unharmed(server, user, master)


def test_the_hash_is_the_monitor_s_own(server, messages):
    """The same exchange twice gives two hashes: both have our own lines and
    host key in them, and a worker has no field to put another hash in."""
    assert not any("hash" in f.name or "session" in f.name
                   for f in messages["kex"].fields)
    seen = set()
    for version in (b"SSH-2.0-a", b"SSH-2.0-b"):
        with evil_worker.Evil(server, messages) as e:
            e.send("version", client=version, server=b"SSH-2.0-good")
            e.raw(e.kex_bytes())
            done = e.expect("kex_done")
            assert done["exchange_hash"] == done["session_id"]
            seen.add(done["exchange_hash"])
    assert len(seen) == 2


def test_a_second_signature_before_the_login(server, user, messages):
    master, mark = server.pid, server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.raw(e.kex_bytes())
        e.wait_end()
        assert [n for n, _ in e.got].count("kex_done") == 1
    server.wait_log(VIOLATION + r".*message kex in state AUTH", after=mark)
    unharmed(server, user, master)


def test_kex_before_the_versions(server, messages):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.raw(e.kex_bytes())
        e.wait_end()
    violated(server, mark)


def test_two_versions(server, messages):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        for _ in range(2):
            e.send("version", client=b"SSH-2.0-evil", server=b"SSH-2.0-good")
        e.wait_end()
    violated(server, mark)


def test_rekeys_after_the_login_keep_the_session_id(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        first = e.kex_done["session_id"]
        for _ in range(3):
            e.raw(e.kex_bytes())
            done = e.expect("kex_done")
            assert done["session_id"] == first != done["exchange_hash"]


def test_rekeys_are_slowed_down(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        kex = e.kex_bytes()
        start = time.monotonic()
        for _ in range(330):
            e.raw(kex)
            e.expect("kex_done")
        assert time.monotonic() - start > (330 - 257) / 50 * 0.9


# ---- authentication ----

def test_a_verdict_cannot_be_sent_back(server, user, messages):
    master, mark = server.pid, server.mark()
    for name in ("auth_verdict", "opened", "granted", "kex_done", "disconnect"):
        with evil_worker.Evil(server, messages) as e:
            e.to_auth()
            e.send(name, fds=0)
            e.wait_end()
            assert not e.granted()
    violated(server, mark)
    unharmed(server, user, master)


@pytest.mark.parametrize("method", ["password", "publickey", "hostbased", "none",
                                    "keyboard-interactive"])
def test_a_known_method_by_the_side_door(server, user, messages, method):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.send("auth_other", user=user.name, service="ssh-connection",
               method=method, data=user.password)
        e.wait_end()
        assert not e.granted()
    violated(server, mark)


@pytest.mark.parametrize("name", ["start", "session_open", "tcp_connect", "pty"])
def test_starting_before_the_login(server, user, messages, name):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.send(name)
        e.wait_end()
    violated(server, mark)
    assert not user.processes()


def test_another_user_in_the_second_request(server, make_user, messages):
    a, b = make_user(), make_user()
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.password(a, "wrong")
        assert e.expect("auth_verdict")["result"] == 0
        e.password(b)
        e.expect("disconnect")
        e.wait_end()
        assert not e.granted()


def test_a_signature_over_another_session(server, user, messages):
    """A signature that is good, for another connection's session id."""
    from cryptography.hazmat.primitives import serialization

    def string(b):
        return struct.pack(">I", len(b)) + b
    key = serialization.load_ssh_private_key(open(user.key, "rb").read(), None)
    public = key.public_key().public_bytes(serialization.Encoding.Raw,
                                           serialization.PublicFormat.Raw)
    blob = string(b"ssh-ed25519") + string(public)

    def request(e, session_id):
        text = (string(session_id) + b"\x32" + string(user.name.encode()) +
                string(b"ssh-connection") + string(b"publickey") + b"\1" +
                string(b"ssh-ed25519") + string(blob))
        e.send("auth_publickey", user=user.name, service="ssh-connection",
               has_signature=1, algorithm=b"ssh-ed25519", key=blob,
               signature=string(b"ssh-ed25519") + string(key.sign(text)))
        return e.expect("auth_verdict")["result"]
    with evil_worker.Evil(server, messages) as other:
        other.to_auth()
        with evil_worker.Evil(server, messages) as e:
            e.to_auth()
            assert request(e, other.kex_done["session_id"]) == 0
            assert request(e, b"\0" * 32) == 0
            assert not e.granted()
            # And the test's own signing is right:
            assert request(e, e.kex_done["session_id"]) == 2


def test_answers_nobody_asked_for(server, user, messages):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.send("auth_answers")
        e.wait_end()
    violated(server, mark)


def test_a_packet_that_crossed_the_verdict_is_passed_over(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.send("auth_packet", number=61)
        assert e.alive() and e.got[-1][0] == "kex_done"
        e.password(user)
        assert e.expect("auth_verdict")["result"] == 2
    assert not re.search(VIOLATION, server.log())


def test_a_new_request_while_the_module_asks(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to("ASKING", user)
        e.password(user)  # abandons the conversation, and is answered itself
        assert e.expect("auth_verdict")["result"] == 2


def test_auth_floods_end_by_their_budget(make_server, user, messages):
    server = make_server(limits="max_auth_tries = 3;")
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        for _ in range(70):
            e.send("auth_none", user=user.name, service="ssh-connection")
        e.wait_end()
        assert not e.granted()
    unharmed(server, user, server.pid)


def test_log_lines_are_bounded_and_escaped(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        for i in range(2100):
            e.send("log", level=6, line="flood\nsshd[1]: Accepted \x1b[2J" + "x" * 900)
        e.wait_end()
    violated(server, 0)
    log = server.log()
    assert log.count("flood") <= 210
    assert "\x1b" not in log
    assert not re.search(r"^sshd\[1\]", log, re.M)
    unharmed(server, user, server.pid)


# ---- after the login ----

def test_channel_numbers_are_used_once(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send("session_open", channel=7)
        e.expect("granted")
        e.send("session_open", channel=7)
        e.expect("refused")
        e.send("start", channel=7, kind=1, command="true")
        e.expect("granted")
        mark = server.mark()
        e.send("start", channel=7, kind=1, command="true")
        e.wait_end()
        server.wait_log(VIOLATION + ".*message start in state OPEN", after=mark)
    sp.wait_for(lambda: not user.processes(), what="end of the programs")


@pytest.mark.parametrize("name", ["pty", "env", "x11", "agent", "start", "window",
                                  "signal"])
def test_channels_that_are_not_there(server, user, messages, name):
    mark = server.mark()
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send(name, channel=99)
        e.wait_end()
    server.wait_log(VIOLATION + f".*message {name} in state OPEN", after=mark)


def test_what_the_rule_forbids_stays_forbidden(make_server, user, messages):
    server = make_server(rules="""
rules = ( { name = "users"; methods = [ "password", "publickey" ];
  pty = false; exec = false; shell = false; max_sessions = 2;
  local_forward = [ "127.0.0.1:1" ]; } );
""")
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send("session_open", channel=1)
        e.expect("granted")
        for name, values in (
                ("pty", dict(channel=1)), ("agent", dict(channel=1)),
                ("x11", dict(channel=1, protocol="MIT-MAGIC-COOKIE-1", cookie="ab")),
                ("env", dict(channel=1, name="LD_PRELOAD", value="/x")),
                ("start", dict(channel=1, kind=0)),
                ("start", dict(channel=1, kind=1, command="id")),
                ("start", dict(channel=1, kind=2, command="no-such")),
                ("tcp_connect", dict(channel=2, host="127.0.0.1", port=22)),
                ("unix_connect", dict(channel=2, path="/run/x")),
                ("tun", dict(channel=2, mode=1))):
            e.send(name, **values)
            got, fields = e.expect("refused", "granted", "pty_made", "cancelled")
            # what may not start ends with a sentence, as a program would
            assert got == "refused" or (name, got) == ("start", "cancelled"), (name, values)
        for name, values in (("tcp_listen", dict(address="", port=8080)),
                             ("unix_listen", dict(path="/tmp/x"))):
            e.send(name, request=3, **values)
            got, _ = e.expect("listening", "not_listening")
            assert got == "not_listening"
        e.send("session_open", channel=3)
        e.expect("granted")
        e.send("session_open", channel=4)
        e.expect("refused")
        assert "session_wall" not in [n for n, _ in e.got]
    assert not user.processes()


def test_floods_after_the_login_end_somewhere(server, user, messages):
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        for i in range(3000):
            e.send("unix_connect", channel=i, path="/nonexistent")
            e.send("channel_offered", channel=100000 + i, kind=0)
        e.alive(0.5)
        monitor = [p for p, t in server.processes().items()
                   if re.match(r"sallyportd: monitor \S", t)]
        for pid in monitor:
            rss = int(sp.status(pid)["VmRSS"].split()[0])
            assert rss < 60000 * sp.SLOW
    unharmed(server, user, server.pid)


def test_a_command_of_the_largest_size(server, user, messages):
    """And a large environment with it: refused or run, never a crash."""
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send("session_open", channel=1)
        for _ in range(3):
            e.send("env", channel=1, name="LANG", value="v" * 32000)
        e.send("start", channel=1, kind=1, command=": " + "x" * (128 * 1024 - 8))
        e.alive(1)
    unharmed(server, user, server.pid)


FORGED = "Failed password for root from 203.0.113.9 port 22 ssh2"


@pytest.mark.parametrize("state", ["KEX", "AUTH", "OPEN"])
def test_a_worker_s_log_line_names_it_and_matches_no_watcher(
        server, user, messages, state):
    """A watcher may search anywhere in a line: no sentence is left in it."""
    with evil_worker.Evil(server, messages) as e:
        e.to(state, user)
        for text in (FORGED, "x\n" + FORGED, "error: PAM: " + FORGED):
            e.send("log", level=2, line=text)
        e.send("log", level=2, line="the last one")
        line = server.wait_log(r"worker of \w{16}: the_last_one").group(0)
        e.forbidden("q")
        e.wait_end()
    server.wait_log(rf"Connection.*conn={line.split()[2][:-1]}")
    told = [x for x in server.log().splitlines() if "203.0.113.9" in x]
    assert len(told) == 3, told
    for x in told:
        assert line.split(": ")[0] + ": " in x, x
        assert not re.search(r"Failed\s+password|\bfrom\b|\bport\b", x), x


def test_leaving_without_a_word(server, user, messages):
    for state in ("KEX", "AUTH", "ASKING", "OPEN"):
        with evil_worker.Evil(server, messages) as e:
            e.to(state, user)
            e.forbidden("q")
            e.wait_end()
    unharmed(server, user, server.pid)
    sp.wait_for(lambda: not server.processes(r"monitor \S+"), what="their end")


# ---- the sandbox ----

# In a build with sanitizers: no leave for the calls of their reports.
STRICT = {"SALLYPORT_STRICT_SANDBOX": "1"}


@pytest.mark.parametrize("what", list("osefkp"))
def test_a_forbidden_call_kills_and_is_told(make_server, user, messages, what):
    if sp.ASAN and what in "fk":
        pytest.skip("a sanitizer's report needs clone and kill")
    server = make_server(penalties="enabled = true; crash = 60; minimum = 10;", env=STRICT)
    master = server.pid
    keeps = server.popen(user, "echo on; exec cat")
    assert keeps.stdout.readline() == b"on\n"
    before = server.processes("workers")
    with evil_worker.Evil(server, messages) as e:
        e.to_auth()
        e.forbidden(what)
        e.wait_end()
    server.wait_log(r"(?i)sandbox")
    server.wait_log(r"penalty of \d+ seconds for")
    sp.wait_for(lambda: set(server.processes("workers")) - set(before),
                what="a new template")
    # The source is not served for a while; who is in stays in.
    assert server.ssh(user, "true").returncode != 0
    keeps.stdin.write(b"still\n")
    keeps.stdin.flush()
    assert keeps.stdout.readline() == b"still\n"
    keeps.kill()
    keeps.communicate()
    assert server.pid == master


def test_logins_go_on_while_workers_are_replaced(make_server, user, messages):
    server = make_server(env=STRICT)
    for what in "osep" if sp.ASAN else "osef":
        with evil_worker.Evil(server, messages) as e:
            e.to_auth()
            e.forbidden(what)
            e.wait_end()
        server.ssh(user, "true", check=0)
    assert len(re.findall(r"(?i)sandbox violation|sandbox", server.log())) >= 4
    assert "Accepted" in server.log()


# ---- terminals ----

def test_a_terminal_is_ours_until_its_logout_is_written(
        server, user, make_user, messages):
    """The worker closes a terminal and does not say so: the next user's must
    not be the one whose owner and modes the monitor then takes back."""
    other = make_user()
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send("session_open", channel=1)
        e.expect("granted")
        e.send("pty", channel=1, term="vt100", columns=80, rows=24)
        e.expect("pty_made")
        # Nor does the user's own process tell that the program has ended.
        e.send("start", channel=1, kind=1, command="kill -STOP $PPID")
        e.expect("granted")
        session = sp.wait_for(lambda: server.processes("session"),
                              what="the session")[0]
        sp.wait_for(lambda: sp.status(session)["State"].startswith("T"),
                    what="its stop")
        sp.wait_for(lambda: all(" T" in p for p in user.processes()), what="its end")
        e._frame(b"P")
        with server.popen(other, "tty; stat -c '%U %a' $(tty); read line; "
                          "stat -c '%U %a' $(tty)", flags=("-tt",)) as p:
            p.stdout.readline()
            owner = p.stdout.readline().decode().strip()
            assert owner.split()[0] == other.name
            e.send("channel_closed", channel=1)
            e.send("session_open", channel=2)
            e.expect("granted")
            out = p.communicate(b"go\n", timeout=20 * sp.SLOW)[0].decode()
    assert owner in [line.strip() for line in out.split("\n")], out


def test_a_terminal_left_is_nobody_s(server, user, messages):
    """Between the program's end and the channel's: who could open it then
    would write to the client's terminal."""
    before = set(os.listdir("/dev/pts"))
    with evil_worker.Evil(server, messages) as e:
        e.to("OPEN", user)
        e.send("session_open", channel=1)
        e.expect("granted")
        e.send("pty", channel=1, term="vt100", columns=80, rows=24)
        e.expect("pty_made")
        tty = "/dev/pts/" + (set(os.listdir("/dev/pts")) - before).pop()
        assert os.stat(tty).st_uid == user.uid
        e.send("start", channel=1, kind=1, command="true")
        e.expect("granted")
        st = sp.wait_for(lambda: os.stat(tty) if os.stat(tty).st_uid == 0
                         else None, what="the terminal's return")
        sp.wait_for(lambda: os.stat(tty).st_mode & 0o777 == 0o600, 2,
                    what="its modes")
        assert st.st_uid == 0
